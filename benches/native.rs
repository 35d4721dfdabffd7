//! The native peers of what runs in a browser.
//!
//! `cargo bench --bench native -- BELOW TASKS WORKERS` counts primes, the same kernel and tasks, one after another and on
//! rayon's pool, and prints the nanoseconds of each, once; `./dev bench` calls it in turn with the page, so that both meet the
//! same moods of the machine.
//!
//! `cargo bench --bench native -- kernels` times each kernel. It reads what `benches/kernels.rs` printed in the browser from
//! standard input, and prints how the two compare: by their medians, and by the least times, which are the same on a machine
//! that does other things as well.

mod cases;

use std::collections::HashMap;
use std::hint::black_box;

use overlap::workloads::primes::{Share, count};
use rayon::prelude::*;

/// The longest that kernels may take in a browser, in times of the same code natively: the geometric mean.
const SLOWER_MAX: f64 = 1.25;
/// The least that a SIMD form is to gain, to be worth having.
const SIMD_GAIN_MIN: f64 = 1.7;

#[expect(clippy::print_stdout, reason = "a native program that prints")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let numbers: Vec<u32> = arguments.iter().filter_map(|argument| argument.parse().ok()).collect();
    match (&arguments[..], &numbers[..]) {
        ([word], []) if word == "kernels" => kernels(),
        (_, &[below, tasks, workers]) => primes(below, tasks, workers),
        _ => println!("usage: cargo bench --bench native -- BELOW TASKS WORKERS, or -- kernels <BROWSERS_LINES"),
    }
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a native program that measures and prints")]
fn primes(below: u32, tasks: u32, workers: u32) {
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

/// What a browser said about one case: its result, the median time and the least, in milliseconds.
type Browser = (u64, f64, f64);

/// The lines of `benches/kernels.rs`, among others.
fn browsers_lines() -> HashMap<String, Browser> {
    let lines = std::io::stdin().lines().map_while(Result::ok);
    let parsed = lines.filter_map(|line| {
        let (_, rest) = line.split_once("kernel: ")?;
        let [name, result, median_ms, least_ms] = rest.split(": ").collect::<Vec<_>>().try_into().ok()?;
        Some((name.to_owned(), (result.parse().ok()?, median_ms.parse().ok()?, least_ms.trim().parse().ok()?)))
    });
    parsed.collect()
}

#[expect(clippy::disallowed_methods, clippy::print_stdout, reason = "a native program that measures and prints")]
fn kernels() {
    let browser = browsers_lines();
    let start = std::time::Instant::now();
    let now_ms = || start.elapsed().as_secs_f64() * 1e3;
    let (mut slower, mut scalar) = (Vec::new(), None::<Browser>);
    println!(
        "kernel             native ms: median   least  wasm ms: median   least              of medians: of least:"
    );
    let cases = cases::cases();
    cases::warm_up(&cases);
    for case in &cases {
        let (result, times_ms) = cases::time(case, now_ms);
        let (median_ms, least_ms) = (times_ms[times_ms.len() / 2], times_ms[0]);
        let Some(&(wasm_result, wasm_median_ms, wasm_least_ms)) = browser.get(case.name) else {
            println!("{:<18} {median_ms:17.1} {least_ms:7.1}", case.name);
            continue;
        };
        assert_eq!(result, wasm_result, "{} gives something else in the browser", case.name);
        print!("{:<18} {median_ms:17.1} {least_ms:7.1} {wasm_median_ms:16.1} {wasm_least_ms:7.1}", case.name);
        if case.name.ends_with(" simd") {
            // Not compared with native code, where it is what the compiler makes of arrays.
            let gains = scalar.map(|(_, median_ms, least_ms)| (median_ms / wasm_median_ms, least_ms / wasm_least_ms));
            let (of_medians, of_least) = gains.unwrap_or_default();
            println!("    scalar to SIMD: {of_medians:12.2} {of_least:9.2} (at least {SIMD_GAIN_MIN})");
        } else {
            let ratios = (wasm_median_ms / median_ms, wasm_least_ms / least_ms);
            println!("    wasm to native: {:12.2} {:9.2}", ratios.0, ratios.1);
            slower.push(ratios);
        }
        scalar = Some((wasm_result, wasm_median_ms, wasm_least_ms));
    }
    if !slower.is_empty() {
        let mean =
            |ratios: &mut dyn Iterator<Item = f64>| (ratios.map(f64::ln).sum::<f64>() / slower.len() as f64).exp();
        println!(
            "wasm to native, geometric mean without SIMD: {:.2}, of least {:.2} (at most {SLOWER_MAX})",
            mean(&mut slower.iter().map(|ratios| ratios.0)),
            mean(&mut slower.iter().map(|ratios| ratios.1))
        );
    }
}
