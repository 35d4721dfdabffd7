//! A number that tasks increment in three steps, so that they can lose increments of each other's.

use core::hint::black_box;

use crate::sync::{AtomicU32, Ordering};

/// A shared integer. An increment reads it, computes for a while, and writes what it read plus one: `count += 1` of most
/// languages. Two tasks that are in there at once have both read the same number, and one increment is lost.
///
/// Reading and writing are relaxed atomics, so a lost update is all that can happen; nothing is undefined. Under a lock
/// none is lost, as the lock's hand-over orders one holder's write before the next one's read:
///
/// ```
/// # use overlap::engine::commons::{Commons, Counter, LockName, Setup};
/// # use overlap::model::id::TaskId;
/// let (commons, counter) = (Commons::new(&Setup::of_tasks(1)), Counter::default());
/// let mut member = commons.begin(TaskId(0), ())?;
/// let mut made = 0;
/// for _ in 0..10 {
///     member.acquire(LockName('A')).block()?;
///     made += counter.increment(1, 100, || true);
///     member.release(LockName('A'))?;
/// }
/// assert_eq!(counter.lost(made), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Counter {
    value: AtomicU32,
}

impl Counter {
    /// What it counts now.
    pub fn value(&self) -> u32 {
        self.value.load(Ordering::Relaxed)
    }

    /// How many increments were lost, if the tasks made so many in all, from 0. It is exact once they have ended.
    pub fn lost(&self, made: u32) -> u32 {
        made.saturating_sub(self.value())
    }

    /// The first step of an increment: reads. Whatever the caller does until [`Increment::write`] is its window.
    pub fn read(&self) -> Increment<'_> {
        Increment { counter: self, read: self.value() }
    }

    /// Increments it so many times, and returns how many were made, whether or not they were lost.
    ///
    /// `window` is how many additions are computed between reading and writing. `may_go_on` is called there too: where an
    /// interpreter looks up and another thread may take over. If it says no, that increment is not made, nor any other.
    pub fn increment(&self, times: u32, window: u32, mut may_go_on: impl FnMut() -> bool) -> u32 {
        for made in 0..times {
            let increment = self.read();
            compute(window);
            if !may_go_on() {
                return made;
            }
            increment.write();
        }
        times
    }

    /// Like [`increment`](Counter::increment), by a coroutine that may await in `may_go_on`: other coroutines of its event
    /// loop come between a read and a write there, and nowhere else.
    pub async fn increment_async(&self, times: u32, window: u32, mut may_go_on: impl AsyncFnMut() -> bool) -> u32 {
        for made in 0..times {
            let increment = self.read();
            compute(window);
            if !may_go_on().await {
                return made;
            }
            increment.write();
        }
        times
    }
}

/// At zero.
impl Default for Counter {
    fn default() -> Counter {
        Counter { value: AtomicU32::new(0) }
    }
}

/// An increment that has read and not written.
#[derive(Debug)]
#[must_use = "it has not written yet"]
pub struct Increment<'c> {
    counter: &'c Counter,
    read: u32,
}

impl Increment<'_> {
    /// The last step of an increment: writes what was read plus one, over whatever was written meanwhile.
    pub fn write(self) {
        self.counter.value.store(self.read.wrapping_add(1), Ordering::Relaxed);
    }
}

/// So many additions that no compiler takes out.
fn compute(additions: u32) {
    let mut sum = 0_u32;
    for number in 0..additions {
        sum = black_box(sum.wrapping_add(number));
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use core::pin::pin;
    use core::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn alone_nothing_is_lost() {
        let counter = Counter::default();
        assert_eq!(counter.increment(5, 3, || true), 5);
        assert_eq!((counter.value(), counter.lost(5)), (5, 0));
    }

    #[test]
    fn who_writes_what_it_read_before_loses_what_came_between() {
        let counter = Counter::default();
        let early = counter.read();
        assert_eq!(counter.increment(2, 0, || true), 2);
        early.write();
        assert_eq!((counter.value(), counter.lost(3)), (1, 2));
    }

    #[test]
    fn who_may_not_go_on_has_not_made_that_increment() {
        let counter = Counter::default();
        let mut turns = 0;
        let made = counter.increment(9, 0, || {
            turns += 1;
            turns < 4
        });
        assert_eq!((made, counter.value()), (3, 3));
    }

    #[test]
    fn coroutines_lose_where_they_await_between_read_and_write() {
        let counter = Counter::default();
        let yields = || async {
            let mut first = true;
            core::future::poll_fn(|_| if core::mem::take(&mut first) { Poll::Pending } else { Poll::Ready(true) }).await
        };
        let mut coroutines = [yields, yields].map(|yields| Box::pin(counter.increment_async(2, 0, yields)));
        let mut context = Context::from_waker(Waker::noop());
        let mut made = 0;
        for _ in 0..3 {
            for coroutine in &mut coroutines {
                if let Poll::Ready(count) = coroutine.as_mut().poll(&mut context) {
                    made += count;
                }
            }
        }
        assert_eq!((made, counter.value(), counter.lost(made)), (4, 2, 2));

        let mut without = pin!(counter.increment_async(3, 0, async || true));
        assert_eq!(without.as_mut().poll(&mut context), Poll::Ready(3));
        assert_eq!(counter.value(), 5);
    }
}
