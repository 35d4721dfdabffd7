//! Locks, queues, circles and stalls in random schedules of four to six threads, of which some drive coroutines.

use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use overlap::engine::commons::{Commons, CommonsEvent, Item, LockName, Member, QueueName, Setup, WaitError};
use overlap::model::id::TaskId;
use shuttle::rand::{Rng, thread_rng};
use shuttle::thread::{self, JoinHandle, Thread};

use super::commons_rules::Rules;
use super::{SCHEDULES, count_schedules};

const LOCKS: [LockName; 3] = [LockName('A'), LockName('B'), LockName('C')];
const QUEUE: QueueName = QueueName(0);

struct Process {
    commons: Commons,
    rules: Rules,
}

impl Process {
    fn new(setup: &Setup) -> Arc<Process> {
        Arc::new(Process { commons: Commons::new(setup), rules: Rules::default() })
    }

    fn spawn<T: Send + 'static>(
        self: &Arc<Process>,
        task: u32,
        live: impl FnOnce(&mut Member<'_, &Rules>) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let process = Arc::clone(self);
        thread::spawn(move || live(&mut process.commons.begin(TaskId(task), &process.rules).expect("it has not begun")))
    }

    fn count(&self, is_such: impl Fn(CommonsEvent) -> bool) -> usize {
        self.rules.count(is_such)
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

/// Whether a task waits as a coroutine does, by chance; else it blocks.
fn awaits() -> bool {
    thread_rng().gen_bool(0.5)
}

fn acquire(member: &mut Member<'_, &Rules>, lock: LockName) -> Result<(), WaitError> {
    let wait = member.acquire(lock);
    if awaits() { block_on(wait) } else { wait.block() }
}

fn put(member: &mut Member<'_, &Rules>, item: Item) -> Result<(), WaitError> {
    let wait = member.put(QUEUE, item);
    if awaits() { block_on(wait) } else { wait.block() }
}

fn get(member: &mut Member<'_, &Rules>) -> Result<Item, WaitError> {
    let wait = member.get(QUEUE);
    if awaits() { block_on(wait) } else { wait.block() }
}

fn setup(tasks: u32, capacity: usize, producers: u32) -> Setup {
    Setup::of_tasks(tasks).with_queue(NonZeroUsize::new(capacity).expect("not 0"), producers)
}

/// `Rules` holds that one task has a lock, and that whoever asked first has it first.
#[test]
fn six_tasks_take_turns_on_one_lock_and_some_give_up() {
    let passed_on = count_schedules(|| {
        let process = Process::new(&Setup::of_tasks(6));
        let live = |member: &mut Member<'_, &Rules>| {
            for _ in 0..3 {
                if thread_rng().gen_range(0..4) == 0 {
                    let _gives_up = member.acquire(LOCKS[0]).attempt();
                    member.release_all();
                } else {
                    assert_eq!(acquire(member, LOCKS[0]), Ok(()));
                    thread::yield_now();
                    assert_eq!(member.release(LOCKS[0]), Ok(()));
                }
            }
        };
        for thread in [0, 1, 2, 3, 4, 5].map(|task| process.spawn(task, live)) {
            thread.join().expect("it does not panic");
        }
        process.rules.check_over();
        process.count(|event| matches!(event, CommonsEvent::Acquired { from: Some(_), .. })) > 0
    });
    assert!(passed_on > SCHEDULES / 2, "locks were handed over in {passed_on} schedules only");
}

/// Nobody hangs, and nobody is told of a circle who takes locks in the order of their names.
#[test]
fn five_tasks_take_three_locks_in_any_order_and_each_ends() {
    let with_circle = count_schedules(|| {
        let process = Process::new(&Setup::of_tasks(5));
        let live = |member: &mut Member<'_, &Rules>| {
            let first = thread_rng().gen_range(0..3);
            for place in 0..3 {
                acquire(member, LOCKS[(first + place) % 3])?;
                thread::yield_now();
            }
            Ok::<(), WaitError>(())
        };
        let ends = [0, 1, 2, 3, 4].map(|task| process.spawn(task, live)).map(|thread| thread.join().expect("no panic"));
        let is_circle = |end: &Result<(), WaitError>| matches!(end, Err(WaitError::Deadlock(_)));
        assert!(ends.iter().all(|end| end.is_ok() || is_circle(end)), "{ends:?}");
        assert!(ends.contains(&Ok(())), "not all are in circles");
        process.rules.check_over();
        ends.iter().any(is_circle)
    });
    assert!(with_circle > SCHEDULES / 10, "there was a circle in {with_circle} schedules only");
}

#[test]
fn five_tasks_take_two_locks_in_one_order_and_no_circle_is_found() {
    let waited = count_schedules(|| {
        let process = Process::new(&Setup::of_tasks(5));
        let live = |member: &mut Member<'_, &Rules>| {
            for _ in 0..2 {
                acquire(member, LOCKS[0])?;
                acquire(member, LOCKS[1])?;
                let first = thread_rng().gen_range(0..2);
                member.release(LOCKS[first]).expect("it has both");
                member.release(LOCKS[1 - first]).expect("it has both");
            }
            Ok::<(), WaitError>(())
        };
        for thread in [0, 1, 2, 3, 4].map(|task| process.spawn(task, live)) {
            assert_eq!(thread.join().expect("it does not panic"), Ok(()));
        }
        process.count(|event| matches!(event, CommonsEvent::Waiting { .. })) > 0
    });
    assert!(waited > SCHEDULES / 2, "somebody waited in {waited} schedules only");
}

#[test]
fn two_producers_and_three_consumers_lose_and_double_nothing() {
    let full = count_schedules(|| {
        const ITEMS: Item = 4;
        let process = Process::new(&setup(5, 2, 2));
        let producers = [0, 1].map(|task| {
            process.spawn(task, move |member| {
                (0..ITEMS).for_each(|item| put(member, Item::from(task) * 10 + item).expect("there will be room"));
                member.finish(QUEUE).expect("it is there");
            })
        });
        let consumers = [2, 3, 4].map(|task| {
            process.spawn(task, |member| {
                let mut got = Vec::new();
                loop {
                    // Now and then one gives up, and has taken nothing.
                    if thread_rng().gen_range(0..6) == 0 {
                        let mut wait = member.get(QUEUE);
                        match wait.attempt() {
                            Poll::Ready(Ok(item)) => got.push(item),
                            Poll::Ready(Err(_)) => return got,
                            Poll::Pending => thread::yield_now(),
                        }
                        continue;
                    }
                    match get(member) {
                        Ok(item) => got.push(item),
                        Err(error) => {
                            assert_eq!(error, WaitError::Finished(QUEUE));
                            return got;
                        }
                    }
                }
            })
        });
        producers.into_iter().for_each(|producer| producer.join().expect("it does not panic"));
        let mut got: Vec<_> = consumers.into_iter().flat_map(|consumer| consumer.join().expect("no panic")).collect();
        got.sort_unstable();
        assert_eq!(got, [0, 1, 2, 3, 10, 11, 12, 13]);
        process.rules.check_over();
        process.count(|event| matches!(event, CommonsEvent::Put { from: Some(_), .. })) > 0
    });
    assert!(full > SCHEDULES / 10, "the queue was full in {full} schedules only");
}

#[test]
fn close_ends_six_tasks_at_any_moment() {
    let in_the_midst = count_schedules(|| {
        let process = Process::new(&setup(6, 1, 6));
        let live = |task: u32| {
            move |member: &mut Member<'_, &Rules>| {
                for _ in 0..3 {
                    acquire(member, LOCKS[0])?;
                    thread::yield_now();
                    member.release(LOCKS[0]).expect("it has it");
                    if task.is_multiple_of(2) { put(member, 1)? } else { get(member).map(|_| ())? }
                }
                Ok::<(), WaitError>(())
            }
        };
        let threads = [0, 1, 2, 3, 4, 5].map(|task| process.spawn(task, live(task)));
        // Early in some schedules, late in others.
        for _ in 0..thread_rng().gen_range(0..120) {
            thread::yield_now();
        }
        process.commons.close();
        let ends = threads.map(|thread| thread.join().expect("it does not panic"));
        assert!(ends.iter().all(|end| matches!(end, Ok(()) | Err(WaitError::Closed))), "{ends:?}");
        process.rules.check_over();
        // After the first items and before the last.
        ends.contains(&Err(WaitError::Closed)) && process.count(|event| matches!(event, CommonsEvent::Got { .. })) > 0
    });
    assert!(in_the_midst > SCHEDULES / 10, "{in_the_midst} schedules were closed in their midst only");
}

/// A pool of four threads for six tasks: five consume one item each, and one puts so many. Whoever is left over is told,
/// whether the producer could not begin, as four consumers had the threads, or had ended; nobody else is.
#[test]
fn a_pool_that_stalls_is_told_of_it_and_one_that_does_not_is_not() {
    let stalled = count_schedules(|| {
        let items = thread_rng().gen_range(0..=5);
        let process = Process::new(&Setup { at_once: NonZeroUsize::new(4), ..setup(6, 5, 2) });
        let producer = thread_rng().gen_range(0..6);
        let next = Arc::new(AtomicUsize::new(0));
        let told = Arc::new(Mutex::new(Vec::new()));
        let threads = [0; 4].map(|_: u32| {
            let (process, next, told) = (Arc::clone(&process), Arc::clone(&next), Arc::clone(&told));
            thread::spawn(move || {
                loop {
                    // Relaxed and not shuttle's, so that it orders nothing.
                    let task = next.fetch_add(1, Ordering::Relaxed) as u32;
                    if task >= 6 {
                        return;
                    }
                    thread::yield_now();
                    let mut member = process.commons.begin(TaskId(task), &process.rules).expect("it has not begun");
                    if task == producer {
                        (0..items).for_each(|item| put(&mut member, item).expect("there is room"));
                    } else if let Err(error) = get(&mut member) {
                        assert!(matches!(error, WaitError::Stalled(_)), "{error}");
                        told.lock().expect("no panic").push(task);
                    }
                }
            })
        });
        threads.into_iter().for_each(|thread| thread.join().expect("it does not panic"));
        process.rules.check_over();
        let told = told.lock().expect("no panic").len();
        let got = process.count(|event| matches!(event, CommonsEvent::Got { .. }));
        assert_eq!(got + told, 5, "each got one or was told");
        // With a producer that begins among the first four, exactly those are told for whom there is nothing.
        if producer < 4 {
            assert_eq!(got, items as usize);
        }
        told > 0
    });
    assert!(stalled > SCHEDULES / 10 && stalled < SCHEDULES, "{stalled} schedules stalled");
}
