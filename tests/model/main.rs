//! What threads share, under loom, which tries every order of their accesses: `./dev test model`.
#![cfg(loom)]

mod commons;
#[path = "../native/commons/rules.rs"]
mod commons_rules;
mod futures;
#[path = "../support/futures_model.rs"]
mod futures_model;
mod gil;
#[path = "../support/gil_rules.rs"]
mod gil_rules;
mod recorder;
mod thread_pool;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

/// Tries the orders of a model and gives what was seen in any of them. With `preemptions`, only those orders in which a
/// thread is stopped at most so often where it need not be.
fn explore<T: Ord + Send + 'static>(
    preemptions: impl Into<Option<usize>>,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let all = Arc::clone(&seen);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions.into();
    builder.check(move || {
        let value = model();
        all.lock().expect("no panic").insert(value);
    });
    std::mem::take(&mut *seen.lock().expect("no panic"))
}
