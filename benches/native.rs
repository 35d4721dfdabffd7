//! The native peer of *Count primes*: the same kernel and tasks, one after another and on rayon's pool.
//!
//! `cargo bench --bench native -- BELOW TASKS WORKERS` prints the nanoseconds of each, once; `./dev bench` calls it in
//! turn with the page, so that both meet the same moods of the machine.

use std::hint::black_box;

use overlap::workloads::primes::{Share, count};
use rayon::prelude::*;

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a native program that measures and prints")]
fn main() {
    let numbers: Vec<u32> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let [below, tasks, workers] = numbers[..] else {
        println!("usage: cargo bench --bench native -- BELOW TASKS WORKERS");
        return;
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(workers as usize).build().expect("threads");
    let share = |index| count(black_box(Share { below, index, shares: tasks }), || true).expect("nobody stops it");
    let start = std::time::Instant::now();
    let sequential: u64 = (0..tasks).map(share).sum();
    let sequential_ns = start.elapsed().as_nanos();
    let start = std::time::Instant::now();
    let parallel: u64 = pool.install(|| (0..tasks).into_par_iter().with_max_len(1).map(share).sum());
    let parallel_ns = start.elapsed().as_nanos();
    assert_eq!(sequential, parallel);
    println!("{sequential_ns} {parallel_ns}");
}
