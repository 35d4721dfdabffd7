//! What the global interpreter lock costs and how it switches, on native threads: `cargo bench --bench gil`.
//!
//! The first line stands for every release around blocking that nobody waits for. The others need two cores: a hand-over
//! is timed from the holder's drop to the other thread's first step, and a hold from one forced switch to the next.

use std::hint::black_box;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use overlap::engine::gil::{Gil, GilEvent, Observer, SWITCH_INTERVAL};

const ROUNDS: usize = 51;
const TAKES: u32 = 20_000;
const HAND_OVERS: usize = 2_000;
const HOLDS: usize = 600;

fn main() {
    uncontended();
    // A short interval, so that many hand-overs fit into a second: what is timed begins when the interval is over.
    let drops = Stamps::of_two_computing_threads(Duration::from_micros(200), HAND_OVERS);
    print("forced hand-over, from drop to taken", drops.hand_over_us(), "us");
    let holds = Stamps::of_two_computing_threads(SWITCH_INTERVAL, HOLDS);
    print("forced hold at an interval of 5 ms, two computing threads", holds.hold_us(), "us");
    print("of that, from taken to the request", holds.until_request_us(), "us");
    print("of that, from the request to the drop", holds.answer_us(), "us");
}

fn uncontended() {
    let gil = Gil::default();
    let mut thread = gil.thread(1, ());
    let ns = (0..ROUNDS).map(|_| {
        let start = now();
        for _ in 0..TAKES {
            black_box(thread.take().expect("it is open")).release();
        }
        start.elapsed().as_nanos() as f64 / f64::from(TAKES)
    });
    print("uncontended take and release", ns.collect(), "ns");
    let mut held = thread.take().expect("it is open");
    let mut ns = Vec::new();
    for _ in 0..ROUNDS {
        let start = now();
        for _ in 0..TAKES {
            held = black_box(held.checkpoint().expect("it is open"));
        }
        ns.push(start.elapsed().as_nanos() as f64 / f64::from(TAKES));
    }
    print("checkpoint without a request", ns, "ns");
}

/// When each thing happened.
struct Stamps(Mutex<Vec<(u32, GilEvent, Instant)>>);

impl Observer for Stamps {
    fn on(&self, thread: u32, event: GilEvent) {
        self.0.lock().expect("no panic").push((thread, event, now()));
    }
}

impl Stamps {
    /// Two threads that compute until so many drops were forced.
    fn of_two_computing_threads(interval: Duration, drops: usize) -> Stamps {
        let (gil, stamps) = (Gil::new(interval), Stamps(Mutex::new(Vec::with_capacity(5 * drops))));
        thread::scope(|scope| {
            for number in [1, 2] {
                let mut thread = gil.thread(number, &stamps);
                let (gil, stamps) = (&gil, &stamps);
                scope.spawn(move || {
                    let Ok(mut held) = thread.take() else { return };
                    loop {
                        black_box((0..64_u32).fold(number, |sum, step| black_box(sum ^ step)));
                        if held.drop_requested() {
                            // Waiting, asked, dropped and taken are four for each.
                            if stamps.0.lock().expect("no panic").len() >= 4 * drops {
                                gil.close();
                            }
                            let Ok(held_again) = held.switch() else { return };
                            held = held_again;
                        }
                    }
                });
            }
        });
        stamps
    }

    /// From each forced drop to the next thread's having it.
    fn hand_over_us(&self) -> Vec<f64> {
        self.spans(|event| event == GilEvent::Dropped { forced: true }, |event| matches!(event, GilEvent::Taken { .. }))
    }

    /// From each taking to the forced drop that ended it.
    fn hold_us(&self) -> Vec<f64> {
        self.spans(|event| matches!(event, GilEvent::Taken { .. }), |event| event == GilEvent::Dropped { forced: true })
    }

    /// The part of a hold that the waiter's timer takes: the interval, and being woken after it.
    fn until_request_us(&self) -> Vec<f64> {
        self.spans(|event| matches!(event, GilEvent::Taken { .. }), |event| event == GilEvent::DropRequested)
    }

    /// The part of a hold that the holder takes to get to a checkpoint.
    fn answer_us(&self) -> Vec<f64> {
        self.spans(|event| event == GilEvent::DropRequested, |event| event == GilEvent::Dropped { forced: true })
    }

    fn spans(&self, begins: impl Fn(GilEvent) -> bool, ends: impl Fn(GilEvent) -> bool) -> Vec<f64> {
        let stamps = self.0.lock().expect("no panic");
        let mut begun = None;
        let mut spans = Vec::new();
        for (_, event, at) in &*stamps {
            if begins(*event) {
                begun = Some(*at);
            } else if ends(*event)
                && let Some(begin) = begun.take()
            {
                spans.push((*at - begin).as_secs_f64() * 1e6);
            }
        }
        spans
    }
}

#[expect(clippy::print_stdout, reason = "a native program that measures and prints")]
fn print(what: &str, mut sample: Vec<f64>, unit: &str) {
    sample.sort_by(f64::total_cmp);
    let at = |share: f64| sample[((sample.len() - 1) as f64 * share) as usize];
    let [median, p95, p99] = [0.50, 0.95, 0.99].map(at);
    println!("{what}: median {median:.1} {unit}, p95 {p95:.1}, p99 {p99:.1} (n = {})", sample.len());
}

#[expect(clippy::disallowed_methods, reason = "a native program that measures")]
fn now() -> Instant {
    Instant::now()
}
