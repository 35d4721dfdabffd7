//! The global interpreter lock under shuttle: random schedules of more threads than loom can try all orders of.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use overlap::engine::gil::{Closed, Gil, GilEvent};
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread;

use super::gil_rules::Rules;
use super::{SCHEDULES, count_schedules};

#[derive(Default)]
struct Process {
    gil: Gil,
    rules: Rules,
    /// Whether a thread computes. Relaxed and not shuttle's, so that it orders nothing.
    computing: std::sync::atomic::AtomicBool,
}

impl Process {
    fn compute(&self) {
        assert!(!self.computing.swap(true, Ordering::Relaxed), "one thread computes at a time");
        thread::yield_now();
        self.computing.store(false, Ordering::Relaxed);
    }

    /// The life of a thread: so many steps, of which some compute, some block, and some take the lock for a moment.
    fn live(&self, number: u32, steps: u32) -> Result<(), Closed> {
        let mut thread = self.gil.thread(number, &self.rules);
        let mut held = thread.take()?;
        for _ in 0..steps {
            self.compute();
            held = match thread_rng().gen_range(0..4) {
                0 => {
                    held.release();
                    thread::yield_now();
                    thread.take()?
                }
                1 => {
                    drop(held);
                    thread.take()?
                }
                _ => held.checkpoint()?,
            };
        }
        self.compute();
        Ok(())
    }

    fn start(self: &Arc<Process>, threads: u32, steps: u32) -> Vec<thread::JoinHandle<Result<(), Closed>>> {
        let start = |number| {
            let process = Arc::clone(self);
            thread::spawn(move || process.live(number, steps))
        };
        (0..threads).map(start).collect()
    }
}

fn all_end(threads: u32, steps: u32) {
    let with_forced_drops = count_schedules(move || {
        let process = Arc::new(Process::default());
        for thread in process.start(threads, steps) {
            assert_eq!(thread.join().expect("it does not panic"), Ok(()));
        }
        process.rules.count(|event| event == GilEvent::Dropped { forced: true }) > 0
    });
    assert!(with_forced_drops > SCHEDULES / 10, "drops were forced in {with_forced_drops} schedules only");
}

#[test]
fn four_threads_with_long_lives() {
    all_end(4, 8);
}

#[test]
fn six_threads_with_short_lives() {
    all_end(6, 3);
}

#[test]
fn close_ends_five_threads_at_any_moment() {
    let closed_in_the_midst = count_schedules(|| {
        let process = Arc::new(Process::default());
        let threads = process.start(5, 4);
        // Early in some schedules, late in others.
        for _ in 0..thread_rng().gen_range(0..60) {
            thread::yield_now();
        }
        process.gil.close();
        let ends: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("it does not panic")).collect();
        assert_eq!(process.gil.thread(9, ()).take().err(), Some(Closed), "nobody takes it afterwards");
        ends.contains(&Ok(())) && ends.contains(&Err(Closed))
    });
    assert!(closed_in_the_midst > SCHEDULES / 10, "{closed_in_the_midst} schedules were closed in their midst only");
}

#[test]
fn a_thread_that_panics_drops_the_lock() {
    let unwound = count_schedules(|| {
        let process = Arc::new(Process::default());
        let threads = process.start(4, 2);
        let number = 4;
        let fault = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let mut thread = process.gil.thread(number, &process.rules);
            let _held = thread.take();
            thread::yield_now();
            std::panic::resume_unwind(Box::new("without a message"));
        }));
        for thread in threads {
            assert_eq!(thread.join().expect("it does not panic"), Ok(()));
        }
        fault.is_err()
    });
    assert_eq!(unwound, SCHEDULES);
}
