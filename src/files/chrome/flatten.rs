//! Nested slices as spans, one after another: at each moment the innermost slice says what its thread does.

use super::python::{Doing, Frame, Role};
use super::slices::{Name, Slice};
use crate::model::event::Phase;

/// A time in which a lane did one thing. Times are nanoseconds of the file's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlatSpan {
    pub phase: Phase,
    /// The place in [`Flat::tasks`].
    pub task: Option<u32>,
    pub start: i64,
    pub end: i64,
}

/// A task that a lane ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlatTask {
    /// The place of the name of what it calls.
    pub name: u32,
    pub start: i64,
    pub end: i64,
    /// Whether a pool of threads ran it.
    pub is_of_thread_pool: bool,
}

/// What a lane did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flat {
    /// In order of time, without overlap.
    pub spans: Vec<FlatSpan>,
    pub tasks: Vec<FlatTask>,
}

/// A slice that has begun and not ended.
struct Open {
    end: i64,
    frame: Frame,
    task: Option<u32>,
    waits_for: Option<Phase>,
    is_in_worker: bool,
}

impl Open {
    fn phase(&self) -> Phase {
        match self.frame.doing {
            Doing::Computing => Phase::Computing,
            Doing::Fixed(phase) => phase,
            // Nobody has given the worker anything to do.
            Doing::Waits(_) if self.is_in_worker && self.task.is_none() => Phase::Idle,
            Doing::Waits(phase) => self.waits_for.unwrap_or(phase),
        }
    }
}

/// Flattens slices that are in order: by their starts, outer ones first. One that ends after what it stands in is cut there.
pub fn flatten(slices: &[Slice], names: &[Name]) -> Flat {
    let mut flat = Flat::default();
    let mut stack: Vec<Open> = Vec::new();
    let mut now = i64::MIN;
    for (place, slice) in slices.iter().enumerate() {
        flat.close(&mut stack, slice.start, &mut now);
        let end = stack.last().map_or(slice.end, |outer| slice.end.min(outer.end));
        flat.advance(&stack, slice.start, &mut now);
        now = now.max(slice.start);
        let frame = names[slice.name as usize].frame;
        let outer = stack.last();
        let inner = slices.get(place + 1).filter(|inner| inner.start < end).map(|inner| inner.name);
        let mut task = outer.and_then(|outer| outer.task);
        if task.is_none() {
            let of_inner = match frame.role {
                Role::Task => called(&slices[place + 1..], names, end),
                Role::Body => inner.filter(|inner| names[*inner as usize].frame.may_be_task()),
                Role::Other | Role::Worker | Role::Step => None,
            };
            let is_direct = outer.is_some_and(|outer| outer.frame.role == Role::Worker) && frame.may_be_task();
            let name = of_inner.or_else(|| (is_direct || frame.role == Role::Task).then_some(slice.name));
            if let Some(name) = name {
                let is_of_thread_pool =
                    frame.role == Role::Task && names[slice.name as usize].text.starts_with("_WorkItem");
                task = Some(flat.tasks.len() as u32);
                flat.tasks.push(FlatTask { name, start: slice.start, end, is_of_thread_pool });
            }
        }
        // What stands around a task says nothing of what waits in it.
        let is_new_task = task.is_some() && outer.is_none_or(|outer| outer.task.is_none());
        let around = outer.and_then(|outer| outer.waits_for).filter(|_| !is_new_task);
        stack.push(Open {
            end,
            frame,
            task,
            waits_for: around.or(frame.waits_for),
            is_in_worker: frame.role == Role::Worker || outer.is_some_and(|outer| outer.is_in_worker),
        });
    }
    flat.close(&mut stack, i64::MAX, &mut now);
    flat
}

/// How many calls what runs a task may make before it calls the task's own function.
const CALLS_BEFORE: usize = 50;

/// The first function inside a slice that ends then which is not a part of what runs tasks; a C function where there is no other.
fn called(inner: &[Slice], names: &[Name], end: i64) -> Option<u32> {
    let inner = || inner.iter().take_while(|slice| slice.start < end).take(CALLS_BEFORE);
    let frame = |slice: &Slice| names[slice.name as usize].frame;
    let mut until = i64::MIN;
    let mut direct = inner().filter(|slice| {
        let is_direct = slice.start >= until;
        until = until.max(slice.end);
        is_direct
    });
    let own = inner().find(|slice| frame(slice).may_be_task());
    own.or_else(|| direct.find(|slice| !frame(slice).has_file)).map(|slice| slice.name)
}

impl Flat {
    /// Ends the slices that end up to a time.
    fn close(&mut self, stack: &mut Vec<Open>, at: i64, now: &mut i64) {
        while let Some(end) = stack.last().map(|open| open.end).filter(|end| *end <= at) {
            self.advance(stack, end, now);
            stack.pop();
        }
    }

    /// What the innermost slice does, until a time.
    fn advance(&mut self, stack: &[Open], until: i64, now: &mut i64) {
        let Some(open) = stack.last() else { return };
        if until > *now {
            self.push(FlatSpan { phase: open.phase(), task: open.task, start: *now, end: until });
            *now = until;
        }
    }

    /// Adds a span, as a part of the last one where it goes on with the same.
    fn push(&mut self, span: FlatSpan) {
        match self.spans.last_mut() {
            Some(last) if (last.phase, last.task, last.end) == (span.phase, span.task, span.start) => {
                last.end = span.end
            }
            _ => self.spans.push(span),
        }
    }
}

/// What a coroutine awaits between its steps, by what the step before called; spans for those times are put between the steps'.
/// The whole lane becomes one task.
pub fn flatten_coroutine(slices: &[Slice], names: &[Name]) -> Flat {
    let steps = flatten(slices, names);
    let (Some(first), Some(last)) = (slices.first(), steps.spans.last().map(|span| span.end)) else {
        return Flat::default();
    };
    let task = FlatTask { name: first.name, start: first.start, end: last, is_of_thread_pool: false };
    let mut flat = Flat { spans: Vec::new(), tasks: vec![task] };
    let mut before = 0;
    for span in steps.spans {
        let gap = flat.spans.last().map(|last| last.end).filter(|end| *end < span.start);
        if let Some(end) = gap {
            let after = before + slices[before..].partition_point(|slice| slice.start < end);
            let awaited =
                slices[before..after].iter().rev().find_map(|slice| names[slice.name as usize].frame.waits_for);
            let phase = awaited.unwrap_or(Phase::WaitingIo);
            flat.push(FlatSpan { phase, task: Some(0), start: end, end: span.start });
            before = after;
        }
        flat.push(FlatSpan { task: Some(0), ..span });
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::chrome::python;

    const LIB: &str = "/usr/lib/python3.11";

    fn flat(slices: &[(i64, i64, &str)], coroutine: bool) -> Vec<(Phase, Option<u32>, i64, i64)> {
        let names: Vec<Name> = slices
            .iter()
            .map(|(.., name)| {
                let text = name.replace("LIB", LIB);
                Name { frame: python::frame(&text), text }
            })
            .collect();
        let slices: Vec<Slice> =
            slices.iter().zip(0..).map(|((start, end, _), name)| Slice { start: *start, end: *end, name }).collect();
        let flat = if coroutine { flatten_coroutine(&slices, &names) } else { flatten(&slices, &names) };
        flat.spans.iter().map(|span| (span.phase, span.task, span.start, span.end)).collect()
    }

    #[test]
    fn the_innermost_slice_decides_and_a_worker_without_a_task_is_idle() {
        let spans = flat(
            &[
                (0, 100, "_worker (LIB/concurrent/futures/thread.py:69)"),
                (10, 40, "_WorkItem.run (LIB/concurrent/futures/thread.py:53)"),
                (12, 39, "load (/tmp/mine.py:3)"),
                (15, 35, "time.sleep"),
                (45, 90, "_queue.SimpleQueue.get"),
            ],
            false,
        );
        assert_eq!(
            spans,
            [
                (Phase::Computing, None, 0, 10),
                (Phase::Computing, Some(0), 10, 15),
                (Phase::Sleeping, Some(0), 15, 35),
                (Phase::Computing, Some(0), 35, 40),
                (Phase::Computing, None, 40, 45),
                (Phase::Idle, None, 45, 90),
                (Phase::Computing, None, 90, 100),
            ]
        );
    }

    #[test]
    fn what_a_lock_is_waited_for_is_said_by_what_stands_around_it() {
        let spans = flat(
            &[
                (0, 50, "Future.result (LIB/concurrent/futures/_base.py:428)"),
                (5, 45, "Condition.wait (LIB/threading.py:295)"),
                (6, 44, "_thread.lock.acquire"),
                (60, 70, "_thread.lock.acquire"),
            ],
            false,
        );
        assert_eq!(spans, [(Phase::WaitingJoin, None, 0, 50), (Phase::WaitingMutex, None, 60, 70)]);
    }

    #[test]
    fn an_inner_slice_is_cut_at_the_end_of_its_outer_one() {
        assert_eq!(
            flat(&[(0, 10, "a"), (5, 20, "time.sleep")], false),
            [(Phase::Computing, None, 0, 5), (Phase::Sleeping, None, 5, 10)]
        );
    }

    #[test]
    fn a_coroutine_awaits_what_its_last_step_called() {
        let spans = flat(
            &[
                (0, 10, "co (/tmp/mine.py:3)"),
                (2, 8, "sleep (LIB/asyncio/tasks.py:637)"),
                (30, 40, "co (/tmp/mine.py:3)"),
                (60, 61, "co (/tmp/mine.py:3)"),
            ],
            true,
        );
        let phases: Vec<Phase> = spans.iter().map(|span| span.0).collect();
        let expected = [Phase::Computing, Phase::Sleeping, Phase::Computing, Phase::WaitingIo, Phase::Computing];
        assert_eq!(phases, expected);
        assert!(spans.iter().all(|span| span.1 == Some(0)));
    }
}
