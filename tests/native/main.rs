//! The engine on native ports: `./dev test native`. The ports are simulated where they can be, so that nothing waits.

mod executors;
mod ports;
