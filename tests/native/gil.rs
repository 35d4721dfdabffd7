//! The global interpreter lock with real threads. Nothing here measures time: each test waits for what it wants to see.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use overlap::engine::gil::{Closed, Gil, GilEvent, Held, Observer, ThreadState};

use crate::gil_rules::Rules;

/// Short, so that a test sees many.
const INTERVAL: Duration = Duration::from_micros(100);

/// Fails to compile if [`Held`] can be sent to another thread: then both would have `check`, and it would not be known
/// which is meant.
const _: fn() = || {
    trait SendOrNot<A> {
        fn check() {}
    }
    impl<T: ?Sized> SendOrNot<()> for T {}
    impl<T: ?Sized + Send> SendOrNot<u8> for T {}
    let _ = <Held<'static, ()> as SendOrNot<_>>::check;
};

/// Threads can be given their state, as it is not yet the lock.
const _: fn() = || {
    fn check<T: Send>() {}
    check::<ThreadState<'static, ()>>();
};

fn forced_drops(rules: &Rules) -> usize {
    rules.count(|event| event == GilEvent::Dropped { forced: true })
}

/// Computes until told to end, with a checkpoint at each turn.
fn compute<O: Observer>(thread: &mut ThreadState<'_, O>, is_over: impl Fn() -> bool) -> Result<(), Closed> {
    let mut held = thread.take()?;
    while !is_over() {
        held = held.checkpoint()?;
    }
    Ok(())
}

#[test]
fn two_computing_threads_alternate() {
    let (gil, rules) = (Gil::new(INTERVAL), Rules::default());
    let is_over = || forced_drops(&rules) >= 100;
    thread::scope(|scope| {
        for number in [1, 2] {
            let (gil, rules) = (&gil, &rules);
            scope.spawn(move || compute(&mut gil.thread(number, rules), is_over));
        }
    });
    // `Rules` has held each forced drop against going to the other thread.
    assert!(rules.count(|event| matches!(event, GilEvent::Taken { forced: true, .. })) >= 99);
}

#[test]
fn a_holder_that_blocks_lets_others_in_without_being_asked() {
    // An hour: whoever waited for a request would wait for ever.
    let (gil, rules) = (Gil::new(Duration::from_secs(3_600)), Rules::default());
    let was_in = AtomicBool::new(false);
    thread::scope(|scope| {
        let mut thread = gil.thread(1, &rules);
        let held = thread.take().expect("it is open");
        scope.spawn(|| {
            let mut thread = gil.thread(2, &rules);
            let _held = thread.take().expect("it is open");
            was_in.store(true, Ordering::Release);
        });
        held.release();
        while !was_in.load(Ordering::Acquire) {
            thread::yield_now();
        }
        drop(thread.take().expect("it is open"));
    });
    assert_eq!(forced_drops(&rules), 0);
}

#[test]
fn a_thread_that_blocks_is_not_overtaken_by_itself_once_asked() {
    let (gil, rules) = (Gil::new(INTERVAL), Rules::default());
    thread::scope(|scope| {
        let mut thread = gil.thread(1, &rules);
        let held = thread.take().expect("it is open");
        scope.spawn(|| drop(gil.thread(2, &rules).take().expect("it is open")));
        while !held.drop_requested() {
            thread::yield_now();
        }
        // A long call that never looked up, and now blocks: the other one gets the lock before this returns.
        held.release();
        assert_eq!(rules.count(|event| matches!(event, GilEvent::Taken { from: Some(1), forced: true })), 1);
        drop(thread.take().expect("it is open"));
    });
}

#[test]
fn close_ends_all() {
    // Real minutes pass for nobody: all but the holder wait, and nothing but `close` can end that.
    let (gil, rules) = (Gil::new(Duration::from_secs(3_600)), Rules::default());
    let ended = AtomicU32::new(0);
    thread::scope(|scope| {
        let mut holder = gil.thread(0, &rules);
        let held = holder.take().expect("it is open");
        for number in 1..=4 {
            let (gil, rules, ended) = (&gil, &rules, &ended);
            scope.spawn(move || {
                assert_eq!(gil.thread(number, rules).take().err(), Some(Closed));
                ended.fetch_add(1, Ordering::Release);
            });
        }
        while rules.count(|event| event == GilEvent::Waiting) < 4 {
            thread::yield_now();
        }
        gil.close();
        while ended.load(Ordering::Acquire) < 4 {
            thread::yield_now();
        }
        assert!(held.drop_requested(), "the holder is asked as well");
        assert_eq!(held.checkpoint().err(), Some(Closed));
    });
    assert_eq!(gil.thread(0, ()).take().err(), Some(Closed));
    gil.close();
}

#[test]
fn close_ends_threads_that_compute_and_switch() {
    let (gil, rules) = (Gil::new(INTERVAL), Rules::default());
    thread::scope(|scope| {
        let computing = [1, 2, 3].map(|number| {
            let (gil, rules) = (&gil, &rules);
            scope.spawn(move || compute(&mut gil.thread(number, rules), || false))
        });
        while forced_drops(&rules) < 20 {
            thread::yield_now();
        }
        gil.close();
        for thread in computing {
            assert_eq!(thread.join().expect("it does not panic"), Err(Closed));
        }
    });
}

#[test]
fn a_thread_that_panics_drops_the_lock() {
    let gil = Arc::new(Gil::default());
    let faulty = Arc::clone(&gil);
    let fault = thread::spawn(move || {
        let mut thread = faulty.thread(1, ());
        let _held = thread.take();
        std::panic::resume_unwind(Box::new("without a message"));
    });
    assert!(fault.join().is_err());
    assert!(gil.thread(2, ()).take().is_ok());
}

#[test]
fn events_tell_the_story() {
    #[derive(Default)]
    struct Story(std::sync::Mutex<Vec<(u32, GilEvent)>>);
    impl Observer for Story {
        fn on(&self, thread: u32, event: GilEvent) {
            self.0.lock().expect("no panic").push((thread, event));
        }
    }
    let (gil, story) = (Gil::new(INTERVAL), Story::default());
    let mut thread = gil.thread(1, &story);
    let held = thread.take().expect("it is open");
    thread::scope(|scope| {
        scope.spawn(|| drop(gil.thread(2, &story).take()));
        while !held.drop_requested() {
            thread::yield_now();
        }
        held.release();
    });
    drop(thread);
    let told = story.0.into_inner().expect("no panic");
    assert_eq!(
        told,
        [
            (1, GilEvent::Taken { from: None, forced: false }),
            (2, GilEvent::Waiting),
            (2, GilEvent::DropRequested),
            (1, GilEvent::Dropped { forced: true }),
            (2, GilEvent::Taken { from: Some(1), forced: true }),
            (2, GilEvent::Dropped { forced: false }),
        ]
    );
}
