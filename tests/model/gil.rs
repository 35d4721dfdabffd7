//! The global interpreter lock under loom, with two and three threads.
//!
//! A deadlock or a lost wake-up is what loom itself finds: a thread that would wait for ever. A timed wait does not save
//! it, as only those end by themselves that a thread's script names (`overlap::sync::let_time_out`), and each test tries
//! every script. That one thread computes at a time is shown twice: by the order of events, and by loom watching a cell.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use loom::cell::UnsafeCell;
use loom::thread;
use overlap::engine::gil::{Closed, Gil, GilEvent};
use overlap::sync::let_time_out;

use super::gil_rules::Rules;

/// What a thread does while it holds the lock, and in between.
#[derive(Clone, Copy)]
enum Step {
    /// Computes up to its next checkpoint.
    Compute,
    /// Lets go of the lock to block, and takes it again.
    Block,
}

use Step::{Block, Compute};

struct Process {
    gil: Gil,
    rules: Rules,
    /// What only the holder touches; loom fails where two threads could at once.
    guarded: UnsafeCell<u32>,
}

// SAFETY: the cell is loom's, which checks each access.
unsafe impl Sync for Process {}

impl Process {
    fn new(rules: Rules) -> Arc<Process> {
        Arc::new(Process { gil: Gil::default(), rules, guarded: UnsafeCell::new(0) })
    }

    fn touch(&self) {
        // SAFETY: nothing is safe about it but that loom watches.
        self.guarded.with_mut(|number| unsafe { *number += 1 });
    }

    /// The life of a thread.
    fn live(&self, number: u32, script: u32, steps: &[Step]) -> Result<(), Closed> {
        let_time_out(script);
        let mut thread = self.gil.thread(number, &self.rules);
        let mut held = thread.take()?;
        self.touch();
        for step in steps {
            held = match step {
                Compute => held.checkpoint()?,
                Block => {
                    held.release();
                    thread.take()?
                }
            };
            self.touch();
        }
        Ok(())
    }
}

/// Tries every order of every script, of so many bits for each thread, and gives what was seen in any of them.
fn explore<const THREADS: usize>(
    bits: u32,
    model: impl Fn([u32; THREADS]) -> Vec<&'static str> + Copy + Send + Sync + 'static,
) -> BTreeSet<&'static str> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    for script in 0..1_u32 << (bits * THREADS as u32) {
        let scripts = std::array::from_fn(|thread| (script >> (bits * thread as u32)) & ((1 << bits) - 1));
        let seen = Arc::clone(&seen);
        loom::model(move || seen.lock().unwrap_or_else(PoisonError::into_inner).extend(model(scripts)));
    }
    Arc::into_inner(seen).expect("models ended").into_inner().expect("no panic")
}

fn kinds(rules: &Rules) -> Vec<&'static str> {
    let mut kinds = Vec::new();
    let mut look = |name, is_such: fn(GilEvent) -> bool| kinds.extend((rules.count(is_such) > 0).then_some(name));
    look("waiting", |event| event == GilEvent::Waiting);
    look("request", |event| event == GilEvent::DropRequested);
    look("forced drop", |event| event == GilEvent::Dropped { forced: true });
    kinds
}

const ALL: [&str; 3] = ["forced drop", "request", "waiting"];

#[test]
fn two_threads_compute_and_block() {
    let seen = explore(2, |[main, other]| {
        let process = Process::new(Rules::default());
        let peer = Arc::clone(&process);
        let peer = thread::spawn(move || peer.live(1, other, &[Compute, Compute]));
        assert_eq!(process.live(0, main, &[Compute, Block, Compute]), Ok(()));
        assert_eq!(peer.join().expect("it ends"), Ok(()));
        kinds(&process.rules)
    });
    assert_eq!(seen, BTreeSet::from(ALL));
}

#[test]
fn three_threads_of_which_the_first_does_not_time_out() {
    three_threads_compute(0);
}

#[test]
fn three_threads_of_which_the_first_times_out() {
    three_threads_compute(1);
}

/// In two tests, since two cores are at work then.
fn three_threads_compute(first: u32) {
    let seen = explore(1, move |[one, other]: [u32; 2]| {
        // These two live alike, so that half of the scripts in which they differ is enough.
        if one < other {
            return Vec::new();
        }
        let process = Process::new(Rules::where_only_first_waits_time_out());
        let peers = [(1, one), (2, other)].map(|(number, script)| {
            let process = Arc::clone(&process);
            thread::spawn(move || process.live(number, script, &[]))
        });
        assert_eq!(process.live(0, first, &[Compute]), Ok(()));
        for peer in peers {
            assert_eq!(peer.join().expect("it ends"), Ok(()));
        }
        kinds(&process.rules)
    });
    assert_eq!(seen, BTreeSet::from(ALL));
}

#[test]
fn close_ends_waiters_while_the_holder_goes_on() {
    let seen = explore(1, |scripts: [u32; 2]| {
        let process = Process::new(Rules::default());
        let mut thread = process.gil.thread(0, &process.rules);
        let held = thread.take().expect("it is open");
        let waiters = [1, 2].map(|number| {
            let process = Arc::clone(&process);
            thread::spawn(move || process.live(number, scripts[number as usize - 1], &[]))
        });
        process.gil.close();
        for waiter in waiters {
            assert_eq!(waiter.join().expect("it ends"), Err(Closed));
        }
        assert_eq!(held.checkpoint().err(), Some(Closed), "the holder is asked as well");
        kinds(&process.rules)
    });
    assert_eq!(seen, BTreeSet::from(["request", "waiting"]));
}

#[test]
fn close_ends_two_threads_at_any_moment() {
    let seen = explore(1, |scripts: [u32; 2]| {
        let process = Process::new(Rules::default());
        let [first, second] = [0, 1].map(|number| {
            let process = Arc::clone(&process);
            thread::spawn(move || process.live(number, scripts[number as usize], &[Compute]))
        });
        process.gil.close();
        let ends = [first, second].map(|thread| thread.join().expect("it ends"));
        let mut seen = kinds(&process.rules);
        seen.push(match ends {
            [Ok(()), Ok(())] => "both ended by themselves",
            [Err(Closed), Err(Closed)] => "both were closed",
            _ => "one was closed",
        });
        assert_eq!(process.gil.thread(2, ()).take().err(), Some(Closed), "nobody takes it afterwards");
        seen
    });
    let ends = ["both ended by themselves", "both were closed", "one was closed"];
    assert_eq!(seen, ALL.into_iter().chain(ends).collect());
}
