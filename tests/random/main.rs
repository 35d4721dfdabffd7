//! What threads share, under shuttle, which tries random schedules of them: `./dev test model`.
//!
//! `RUSTFLAGS="--cfg shuttle" CARGO_TARGET_DIR=target/shuttle cargo test --release --test random`
#![cfg(shuttle)]

mod blocking_io;
mod commons;
#[path = "../native/commons/rules.rs"]
mod commons_rules;
mod futures;
#[path = "../support/futures_model.rs"]
mod futures_model;
mod gil;
#[path = "../support/gil_rules.rs"]
mod gil_rules;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const SCHEDULES: usize = 10_000;

/// Runs a model in so many schedules, and counts those in which it saw what it looks for.
fn count_schedules(model: impl Fn() -> bool + Send + Sync + 'static) -> usize {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&seen);
    shuttle::check_random(
        move || {
            counter.fetch_add(usize::from(model()), Ordering::Relaxed);
        },
        SCHEDULES,
    );
    seen.load(Ordering::Relaxed)
}
