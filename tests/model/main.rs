//! What threads share, under loom, which tries every order of their accesses: `./dev test model`.
#![cfg(loom)]

mod commons;
#[path = "../native/commons/rules.rs"]
mod commons_rules;
mod gil;
#[path = "../support/gil_rules.rs"]
mod gil_rules;
mod recorder;
