//! Random programs: none hangs, every task ends, no group leaves a task behind, and no semaphore lets in more than it may.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use overlap::engine::asyncio::{
    Error, EventLoop, Queue, Semaphore, Task, TaskGroup, gather, gather_exceptions, shield, sleep, timeout, wait_for,
};
use proptest::prelude::*;

use super::support::{AtEnd, Time, fail, ms, panic_at_end, run_main, test};

/// What a coroutine does, one after another.
#[derive(Clone, Debug)]
enum Step {
    Sleep(u64),
    Fail,
    PanicAtEnd,
    /// Does the rest of these with a permit.
    Locked(Vec<Step>),
    Group(Vec<Vec<Step>>),
    Gather(Vec<Vec<Step>>, bool),
    Timeout(u64, Vec<Step>),
    WaitFor(u64, Vec<Step>),
    /// Begins a task that nobody waits for.
    Begin(Vec<Step>),
    /// Cancels one of the tasks that were begun so far.
    Cancel(prop::sample::Index),
    Await(prop::sample::Index),
    Put,
    Get,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let leaf = prop_oneof![
        8 => (0..20_u64).prop_map(Step::Sleep),
        1 => Just(Step::Fail),
        1 => Just(Step::PanicAtEnd),
        4 => any::<prop::sample::Index>().prop_map(Step::Cancel),
        1 => any::<prop::sample::Index>().prop_map(Step::Await),
        2 => Just(Step::Put),
        2 => Just(Step::Get),
    ];
    let step = leaf.prop_recursive(4, 40, 4, |step| {
        let steps = prop::collection::vec(step, 0..4);
        let many = prop::collection::vec(steps.clone(), 0..4);
        prop_oneof![
            3 => steps.clone().prop_map(Step::Locked),
            2 => many.clone().prop_map(Step::Group),
            2 => (many, any::<bool>()).prop_map(|(many, exceptions)| Step::Gather(many, exceptions)),
            2 => (0..20_u64, steps.clone()).prop_map(|(length, steps)| Step::Timeout(length, steps)),
            2 => (0..20_u64, steps.clone()).prop_map(|(length, steps)| Step::WaitFor(length, steps)),
            2 => steps.prop_map(Step::Begin),
        ]
    });
    prop::collection::vec(step, 1..6)
}

/// What all coroutines of a program share.
#[derive(Clone)]
struct World {
    event_loop: EventLoop,
    time: Time,
    semaphore: Semaphore,
    queue: Queue<()>,
    permits: usize,
    inside: Rc<Cell<usize>>,
    tasks: Rc<RefCell<Vec<Task<()>>>>,
}

type Coroutine = Pin<Box<dyn Future<Output = Result<(), Error>>>>;

impl World {
    fn perform(&self, steps: Vec<Step>) -> Coroutine {
        let world = self.clone();
        Box::pin(async move {
            let mut at_end = None;
            for step in steps {
                match step {
                    Step::PanicAtEnd => at_end = Some(panic_at_end()),
                    step => world.step(step).await?,
                }
            }
            // Only if it is dropped on the way.
            core::mem::forget(at_end);
            Ok(())
        })
    }

    fn begin(&self, steps: Vec<Step>) -> Task<()> {
        let task = self.event_loop.create_task(self.perform(steps));
        self.tasks.borrow_mut().push(task.clone());
        task
    }

    fn any_task(&self, index: prop::sample::Index) -> Option<Task<()>> {
        let tasks = self.tasks.borrow();
        (!tasks.is_empty()).then(|| index.get(&tasks).clone())
    }

    async fn step(&self, step: Step) -> Result<(), Error> {
        match step {
            Step::Sleep(length) => sleep(&self.time, ms(length)).await,
            Step::Fail => return fail(),
            Step::PanicAtEnd => {}
            Step::Locked(steps) => {
                // Permits inside permits may wait for each other, so this does not wait for ever.
                let permit = timeout(&self.time, Some(ms(50)), self.semaphore.acquire()).await?;
                self.inside.set(self.inside.get() + 1);
                assert!(self.inside.get() <= self.permits, "more than {} are inside", self.permits);
                let inside = Rc::clone(&self.inside);
                let leaving = AtEnd(move || inside.set(inside.get() - 1));
                self.perform(steps).await?;
                drop(leaving);
                drop(permit);
            }
            Step::Group(many) => {
                let children = Rc::new(RefCell::new(Vec::new()));
                let kept = Rc::clone(&children);
                let body = |group: TaskGroup| async move {
                    for steps in many {
                        let task = group.create_task(self.perform(steps));
                        self.tasks.borrow_mut().push(task.clone());
                        kept.borrow_mut().push(task);
                    }
                    Ok(())
                };
                let ended = TaskGroup::run(&self.event_loop, body).await;
                assert!(children.borrow().iter().all(Task::done), "a group left a task behind");
                ended?;
            }
            Step::Gather(many, exceptions) => {
                let tasks: Vec<_> = many.into_iter().map(|steps| self.begin(steps)).collect();
                if exceptions {
                    gather_exceptions(tasks).await;
                } else {
                    gather(tasks).await?;
                }
            }
            Step::Timeout(length, steps) => timeout(&self.time, Some(ms(length)), self.perform(steps)).await??,
            Step::WaitFor(length, steps) => {
                let task = self.begin(steps);
                let ended = wait_for(&self.time, task.clone(), Some(ms(length))).await;
                assert!(task.done(), "it was not waited for");
                ended?;
            }
            Step::Begin(steps) => drop(self.begin(steps)),
            Step::Cancel(index) => {
                self.any_task(index).map(|task| task.cancel());
            }
            // Tasks may await each other in a circle, which no event loop can end: a shield and a timeout can.
            Step::Await(index) => {
                if let Some(task) = self.any_task(index) {
                    timeout(&self.time, Some(ms(50)), shield(&task)).await??;
                }
            }
            Step::Put => timeout(&self.time, Some(ms(10)), self.queue.put(())).await?,
            Step::Get => timeout(&self.time, Some(ms(10)), self.queue.get()).await?,
        }
        Ok(())
    }
}

/// A debug build in a browser takes ten times as long.
const CASES: u32 = if cfg!(target_arch = "wasm32") { 100 } else { 1_000 };

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_end_and_keep_what_is_promised(
        programs in prop::collection::vec(steps(), 1..5),
        permits in 1..4_usize,
    ) {
        let tasks = Rc::new(RefCell::new(Vec::new()));
        let (begun, inside) = (Rc::clone(&tasks), Rc::new(Cell::new(0)));
        let left = Rc::clone(&inside);
        let free = run_main(|event_loop, time| async move {
            let semaphore = Semaphore::new(permits);
            let world =
                World { event_loop, time, semaphore, queue: Queue::new(2), permits, inside, tasks: begun };
            let main = programs.into_iter().map(|steps| world.begin(steps)).collect::<Vec<_>>();
            gather_exceptions(main).await;
            // Those that nobody waits for sleep for 20 ms at most at a time, and none waits for ever.
            // They may begin others meanwhile.
            let begun = |place: usize| world.tasks.borrow().get(place).cloned();
            let mut place = 0;
            while let Some(task) = begun(place) {
                while !task.done() {
                    sleep(&world.time, ms(20)).await;
                }
                place += 1;
            }
            Ok(world.semaphore.value())
        });
        prop_assert_eq!(free, Ok(permits), "every permit came back");
        prop_assert_eq!(left.get(), 0);
        for task in tasks.borrow().iter() {
            let task: &Task<()> = task;
            prop_assert!(task.done());
            if let Some(Ok(Some(overlap::model::outcome::Failure::Panicked(message)))) = task.exception() {
                prop_assert_eq!(message, "finally");
            }
        }
    }
}
