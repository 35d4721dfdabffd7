//! The kernels that are timed, the same natively and in a browser.

use overlap::workloads::{checksum, mandelbrot, matrix, pi, primes, sha256, skewed, sort};

/// What is timed: 2 to 10 milliseconds of one core, so that some rounds are done before anything else wants that core.
pub struct Case {
    /// The kernel, and "simd" after it where that form of it is meant.
    pub name: &'static str,
    /// Does the work, and gives what tells whether it was done right.
    pub run: fn() -> u64,
}

/// Rounds that are not counted: a browser makes code fast while it runs.
const WARM_UP: usize = 10;
/// Rounds of which the median and the least are taken.
const ROUNDS: usize = 51;

/// All kernels. Numbers are such that no two cases share their data.
pub fn cases() -> Vec<Case> {
    vec![
        Case { name: "primes", run: || whole(primes::count(share_of_primes(), || true)) },
        Case { name: "skewed", run: || whole(skewed::count(share_of_skewed(), &|| true)) },
        Case { name: "mandelbrot", run: || mandelbrot(false) },
        Case { name: "mandelbrot simd", run: || mandelbrot(true) },
        Case { name: "sha256", run: || u64::from(whole(sha256::hash(share_of_blocks(), &|| true))) },
        Case { name: "matrix", run: || matrix(false) },
        Case { name: "matrix simd", run: || matrix(true) },
        Case { name: "pi", run: || whole(pi::hits(share_of_points(), &|| true)) },
        Case { name: "sort", run: || u64::from(whole(sort::median(share_of_numbers(), &|| true))) },
        Case { name: "checksum", run: checksum },
    ]
}

/// Runs all cases without a clock. Before any is timed: what a browser is still at when its page is new would make the first
/// one slow, and that alone.
pub fn warm_up(cases: &[Case]) {
    for case in cases {
        for _ in 0..WARM_UP {
            (case.run)();
        }
    }
}

/// A case's result, and the times of its rounds by `now_ms`, least first.
pub fn time(case: &Case, now_ms: impl Fn() -> f64) -> (u64, Vec<f64>) {
    let result = (case.run)();
    let mut times_ms: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start_ms = now_ms();
            assert_eq!((case.run)(), result, "{} is not the same each time", case.name);
            now_ms() - start_ms
        })
        .collect();
    times_ms.sort_by(f64::total_cmp);
    (result, times_ms)
}

fn whole<T>(result: Option<T>) -> T {
    result.expect("nobody stops it")
}

fn share_of_primes() -> primes::Share {
    primes::Share { below: 1_000_000, index: 1, shares: 16 }
}

fn share_of_skewed() -> skewed::Share {
    skewed::Share { below: 300_000, index: 7, shares: 8 }
}

fn mandelbrot(simd: bool) -> u64 {
    let share = mandelbrot::Share { width: 320, height: 200, iterations: 1_000, index: 1, shares: 8, simd };
    // Of the picture only that it is used: a sum of its shades.
    let shades = std::cell::Cell::new(0);
    let show = |row: u32, row_shades: &[u8]| {
        let sum: u64 = row_shades.iter().copied().map(u64::from).sum();
        shades.set(shades.get() + (u64::from(row) + 1) * sum);
    };
    whole(mandelbrot::draw(share, &show, &|| true)) << 32 | shades.get()
}

fn share_of_blocks() -> sha256::Share {
    sha256::Share { blocks: 80, block_bytes: 100_000, index: 1, shares: 4 }
}

fn matrix(simd: bool) -> u64 {
    whole(matrix::multiply(matrix::Share { n: 512, index: 1, shares: 4, simd }, &|| true))
}

fn share_of_points() -> pi::Share {
    pi::Share { points: 8_000_000, seed: 1, index: 1, shares: 4 }
}

fn share_of_numbers() -> sort::Share {
    sort::Share { len: 200_000, seed: 1, index: 1 }
}

/// Of the same bytes each time: making them is not what is timed.
fn checksum() -> u64 {
    const LEN: usize = 8 << 20;
    thread_local!(static DATA: Vec<u8> = checksum::data(LEN, 1));
    DATA.with(|data| u64::from(whole(checksum::checksum(data, &|| true))))
}
