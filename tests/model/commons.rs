//! Locks, queues, circles and stalls under loom, with two and three threads.
//!
//! A lost wake-up is what loom itself finds: a thread that would wait for ever. That one task holds a lock is shown twice:
//! by the order of events, and by loom watching a cell. Each test gives what was seen in any order, so that none passes
//! because what it is about never came to be.

use std::collections::BTreeSet;
use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use loom::cell::UnsafeCell;
use loom::thread::{self, JoinHandle, Thread};
use overlap::engine::commons::{Commons, CommonsEvent, Counter, Item, LockName, Member, QueueName, Setup, WaitError};
use overlap::model::id::TaskId;

use super::commons_rules::Rules;

const A: LockName = LockName('A');
const B: LockName = LockName('B');
const C: LockName = LockName('C');
const QUEUE: QueueName = QueueName(0);

struct Process {
    commons: Commons,
    rules: Rules,
    counter: Counter,
    /// What only the holder of A touches; loom fails where two threads could at once.
    guarded: UnsafeCell<u32>,
}

// SAFETY: the cell is loom's, which checks each access.
unsafe impl Sync for Process {}
// SAFETY: as above.
unsafe impl Send for Process {}

impl Process {
    fn new(setup: &Setup) -> Arc<Process> {
        let (commons, rules, counter) = (Commons::new(setup), Rules::default(), Counter::default());
        Arc::new(Process { commons, rules, counter, guarded: UnsafeCell::new(0) })
    }

    fn of_tasks(tasks: u32) -> Arc<Process> {
        Process::new(&Setup::of_tasks(tasks))
    }

    fn with_queue(tasks: u32, capacity: usize, producers: u32) -> Arc<Process> {
        Process::new(&Setup::of_tasks(tasks).with_queue(NonZeroUsize::new(capacity).expect("not 0"), producers))
    }

    fn begin(&self, task: u32) -> Member<'_, &Rules> {
        self.commons.begin(TaskId(task), &self.rules).expect("it has not begun")
    }

    fn touch(&self) {
        // SAFETY: nothing is safe about it but that loom watches.
        self.guarded.with_mut(|number| unsafe { *number += 1 });
    }

    fn has_waited(&self) -> bool {
        self.rules.count(|event| matches!(event, CommonsEvent::Waiting { .. })) > 0
    }

    /// A thread of its own for a task.
    fn spawn<T: 'static>(
        self: &Arc<Process>,
        task: u32,
        live: impl FnOnce(&Process, &mut Member<'_, &Rules>) -> T + 'static,
    ) -> JoinHandle<T> {
        let process = Arc::clone(self);
        thread::spawn(move || live(&process, &mut process.begin(task)))
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Unpark>) {
        self.0.unpark();
    }
}

/// The smallest event loop. Its waker is not the one that threads block with.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread::park();
    }
}

/// Tries every order, and gives what was seen in any.
fn explore<T: Ord + Send + 'static>(model: impl Fn() -> T + Send + Sync + 'static) -> BTreeSet<T> {
    explore_within(None, model)
}

/// Tries every order in which so many times at most a thread has to stop that could go on. Three threads have more orders
/// than can be tried in a minute; nearly all faults show with two such stops.
fn explore_within<T: Ord + Send + 'static>(
    preemptions: Option<usize>,
    model: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let seen = Arc::new(Mutex::new(BTreeSet::new()));
    let kept = Arc::clone(&seen);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = preemptions.or(builder.preemption_bound);
    builder.check(move || {
        let outcome = model();
        kept.lock().unwrap_or_else(PoisonError::into_inner).insert(outcome);
    });
    Arc::into_inner(seen).expect("models ended").into_inner().expect("no panic")
}

/// What became of a wait, in a word.
fn word<T>(result: &Result<T, WaitError>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(WaitError::Closed) => "closed",
        Err(WaitError::Deadlock(_)) => "deadlock",
        Err(WaitError::Stalled(_)) => "stalled",
        Err(WaitError::Finished(_)) => "finished",
        Err(WaitError::NoSuchQueue(_)) => "no such queue",
    }
}

/// A task's whole life: it has the lock once.
fn once(process: &Process, taken: Result<(), WaitError>) {
    taken.expect("its turn comes");
    process.touch();
}

#[test]
fn a_thread_and_a_coroutine_take_turns() {
    let waited = explore(|| {
        let process = Process::of_tasks(2);
        let awaiting = process.spawn(1, |process, member| {
            once(process, block_on(member.acquire(A)));
            member.release(A).expect("it has it");
            once(process, block_on(member.acquire(A)));
        });
        let mut member = process.begin(0);
        once(&process, member.acquire(A).block());
        drop(member);
        awaiting.join().expect("it ends");
        process.rules.check_over();
        process.has_waited()
    });
    assert_eq!(waited, BTreeSet::from([false, true]));
}

#[test]
fn one_of_three_holds_a_lock_and_each_in_its_turn() {
    let waited = explore_within(Some(4), || {
        let process = Process::of_tasks(3);
        let blocking = process.spawn(1, |process, member| once(process, member.acquire(A).block()));
        let awaiting = process.spawn(2, |process, member| once(process, block_on(member.acquire(A))));
        let mut member = process.begin(0);
        once(&process, member.acquire(A).block());
        drop(member);
        blocking.join().expect("it ends");
        awaiting.join().expect("it ends");
        process.rules.check_over();
        process.rules.count(|event| matches!(event, CommonsEvent::Waiting { .. }))
    });
    assert_eq!(waited, BTreeSet::from([0, 1, 2]));
}

/// Two tasks, each incrementing so many times.
fn lost(times: [u32; 2], locked: bool) -> BTreeSet<u32> {
    explore(move || {
        let process = Process::of_tasks(2);
        let live = move |process: &Process, member: &mut Member<'_, &Rules>| {
            let mut made = 0;
            for _ in 0..times[member.task().index()] {
                if locked {
                    member.acquire(A).block().expect("its turn comes");
                }
                made += process.counter.increment(1, 0, || true);
                if locked {
                    member.release(A).expect("it holds it");
                }
            }
            made
        };
        let other = process.spawn(1, live);
        let made = live(&process, &mut process.begin(0)) + other.join().expect("it ends");
        assert_eq!(made, times[0] + times[1]);
        process.counter.lost(made)
    })
}

#[test]
fn without_a_lock_some_order_loses_an_increment() {
    assert_eq!(lost([1, 1], false), BTreeSet::from([0, 1]));
    // Four are made. One task may even write its first over all of the other's, which has then read before.
    assert_eq!(lost([2, 2], false), BTreeSet::from([0, 1, 2]));
}

#[test]
fn with_a_lock_no_order_loses_an_increment() {
    assert_eq!(lost([2, 1], true), BTreeSet::from([0]));
}

/// Each thread takes its locks in its order, and ends at the first error.
fn take<const THREADS: usize>(
    preemptions: Option<usize>,
    orders: [[LockName; 2]; THREADS],
) -> BTreeSet<[&'static str; THREADS]> {
    explore_within(preemptions, move || {
        let process = Process::of_tasks(THREADS as u32);
        let live = |[first, second]: [LockName; 2]| {
            move |_: &Process, member: &mut Member<'_, &Rules>| {
                let result = member.acquire(first).block().and_then(|()| member.acquire(second).block());
                if let Err(error @ WaitError::Deadlock(_)) = &result {
                    assert!(error.to_string().contains(&format!("has {first} and waits for {second}")), "{error}");
                }
                word(&result)
            }
        };
        let others: Vec<_> = (1..THREADS).map(|task| process.spawn(task as u32, live(orders[task]))).collect();
        let mut ends = ["it has no end"; THREADS];
        ends[0] = live(orders[0])(&process, &mut process.begin(0));
        for (task, other) in others.into_iter().enumerate() {
            ends[task + 1] = other.join().expect("it ends");
        }
        process.rules.check_over();
        ends
    })
}

#[test]
fn one_of_two_in_a_circle_is_told_and_the_other_goes_on() {
    let ends = [["done", "done"], ["deadlock", "done"], ["done", "deadlock"]];
    assert_eq!(take(None, [[A, B], [B, A]]), BTreeSet::from(ends));
}

#[test]
fn where_locks_are_taken_in_one_order_there_is_no_circle() {
    assert_eq!(take(None, [[A, B], [A, B]]), BTreeSet::from([["done", "done"]]));
}

#[test]
fn one_of_three_in_a_circle_is_told_and_the_others_go_on() {
    let ends = take(Some(4), [[A, B], [B, C], [C, A]]);
    let one = [["deadlock", "done", "done"], ["done", "deadlock", "done"], ["done", "done", "deadlock"]];
    assert_eq!(ends, [["done"; 3]].into_iter().chain(one).collect());
}

#[test]
fn close_ends_all_who_wait_at_any_moment() {
    let ends = explore(|| {
        let process = Process::of_tasks(3);
        let mut holder = process.begin(0);
        holder.acquire(A).block().expect("it is free");
        let blocking = process.spawn(1, |_, member| word(&member.acquire(A).block()));
        let awaiting = process.spawn(2, |_, member| word(&block_on(member.acquire(A))));
        process.commons.close();
        let ends = [blocking.join().expect("it ends"), awaiting.join().expect("it ends")];
        assert_eq!(ends, ["closed"; 2]);
        process.has_waited()
    });
    assert_eq!(ends, BTreeSet::from([false, true]));
}

/// Gets until there is an end, which must be that of the queue.
fn drain(mut next: impl FnMut() -> Result<Item, WaitError>) -> Vec<Item> {
    let mut got = Vec::new();
    loop {
        match next() {
            Ok(item) => got.push(item),
            Err(error) => {
                assert_eq!(error, WaitError::Finished(QUEUE));
                return got;
            }
        }
    }
}

fn produce(member: &mut Member<'_, &Rules>, items: Item) {
    for item in 1..=items {
        member.put(QUEUE, item).block().expect("there will be room");
    }
    member.finish(QUEUE).expect("it is there");
}

#[test]
fn a_queue_of_one_gives_what_was_put() {
    let waited = explore(|| {
        let process = Process::with_queue(2, 1, 1);
        let consumer = process.spawn(1, |_, member| drain(|| block_on(member.get(QUEUE))));
        produce(&mut process.begin(0), 2);
        assert_eq!(consumer.join().expect("it ends"), [1, 2]);
        process.rules.check_over();
        process.has_waited()
    });
    assert_eq!(waited, BTreeSet::from([false, true]));
}

#[test]
fn a_queue_of_one_with_two_consumers_loses_and_doubles_nothing() {
    let seen = explore_within(Some(3), || {
        let process = Process::with_queue(3, 1, 1);
        let blocking = process.spawn(1, |_, member| drain(|| member.get(QUEUE).block()));
        let awaiting = process.spawn(2, |_, member| drain(|| block_on(member.get(QUEUE))));
        produce(&mut process.begin(0), 2);
        let first = blocking.join().expect("it ends");
        let mut all = [first.clone(), awaiting.join().expect("it ends")].concat();
        all.sort_unstable();
        assert_eq!(all, [1, 2]);
        process.rules.check_over();
        first
    });
    assert_eq!(seen, BTreeSet::from([vec![], vec![1], vec![2], vec![1, 2]]));
}

/// What was handed to one who gives up at that moment goes to the next.
#[test]
fn a_wait_that_is_dropped_at_any_moment_keeps_nothing() {
    let seen = explore(|| {
        let process = Process::of_tasks(3);
        let mut holder = process.begin(0);
        holder.acquire(A).block().expect("it is free");
        let giving_up = process.spawn(1, |_, member| {
            let mut wait = member.acquire(A);
            let has_waited = wait.attempt().is_pending();
            drop(wait);
            if !has_waited {
                member.release(A).expect("it has it");
            }
            has_waited
        });
        let waiting = process.spawn(2, |process, member| {
            member.acquire(A).block().expect("its turn comes");
            process.touch();
        });
        process.touch();
        drop(holder);
        waiting.join().expect("it ends");
        let has_waited = giving_up.join().expect("it ends");
        process.rules.check_over();
        (has_waited, process.rules.count(|event| matches!(event, CommonsEvent::GaveUp { to: Some(_), .. })) > 0)
    });
    assert_eq!(seen, BTreeSet::from([(false, false), (true, false), (true, true)]));
}

/// Two wait for items that a third may still put, and does not: it ends, and that is told them in every order.
#[test]
fn a_stall_is_found_whoever_comes_last() {
    let seen = explore_within(Some(5), || {
        let process = Process::with_queue(3, 1, 1);
        let blocking = process.spawn(1, |_, member| word(&member.get(QUEUE).block()));
        let awaiting = process.spawn(2, |_, member| word(&block_on(member.get(QUEUE))));
        drop(process.begin(0));
        let ends = [blocking.join().expect("it ends"), awaiting.join().expect("it ends")];
        process.rules.check_over();
        ends
    });
    assert_eq!(seen, BTreeSet::from([["stalled"; 2]]));
}

/// The producer may come last or first, end before or after: the item is got, and nobody is told of a stall.
#[test]
fn no_stall_is_found_where_there_is_none() {
    let waited = explore_within(Some(3), || {
        let process = Process::with_queue(3, 1, 2);
        let consumer = process
            .spawn(1, |_, member| [member.get(QUEUE).block(), member.get(QUEUE).block()].map(|result| word(&result)));
        let awaiting = process.spawn(2, |_, member| word(&block_on(member.put(QUEUE, 2))));
        let mut producer = process.begin(0);
        let put = word(&producer.put(QUEUE, 1).block());
        drop(producer);
        assert_eq!((put, awaiting.join().expect("it ends")), ("done", "done"));
        assert_eq!(consumer.join().expect("it ends"), ["done"; 2]);
        process.rules.check_over();
        process.has_waited()
    });
    assert_eq!(waited, BTreeSet::from([false, true]));
}
