//! The engine on native ports: `./dev test native`. The ports are simulated where they can be, so that nothing waits.
#![cfg(not(target_arch = "wasm32"))]

mod asyncio;
mod commons;
mod event_loop;
mod executors;
mod futures;
mod gil;
#[path = "../support/gil_rules.rs"]
mod gil_rules;
mod insight;
mod plans;
mod ports;
mod processes;
#[path = "../support/random_plans.rs"]
mod random_plans;
mod runs;
mod subprocess;
mod timeline;
mod workloads;
