//! What a run leaves: lanes with their spans, and tasks with their lives. Only ever added to.

use core::time::Duration;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use super::id::{LaneId, TaskId};
pub use super::lane::{Hold, Lane, Lanes, OpenSpan, Span, Stamp};
use super::message::Message;
use super::outcome::{Failure, Outcome, Report, Value};
use super::time::Instant;

/// The life of one task.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskLife {
    pub submitted: Option<Stamp>,
    pub started: Option<Stamp>,
    pub ended: Option<Stamp>,
    /// The lane that it started on.
    pub lane: Option<LaneId>,
    pub outcome: Option<Outcome>,
}

/// Sixteen points of a picture that tasks make together (`EventKind::Shown`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    /// Its place in the picture, counted in pieces.
    pub piece: u32,
    /// Sixteen shades of four bits, the first lowest.
    pub shades: u64,
    /// Who made it.
    pub lane: LaneId,
}

/// A message from one process, or interpreter, to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Its call (`model::message`).
    pub number: u32,
    /// Its length.
    pub bytes: u32,
    /// The first task that it is about.
    pub task: Option<TaskId>,
    /// Who handed it to its carrier, and when; unknown until that is read, or for ever if the event was lost.
    pub sent: Option<(LaneId, Stamp)>,
    /// Who had unpacked it, and when.
    pub received: Option<(LaneId, Stamp)>,
}

/// Everything that was recorded of one run under one model.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    pub lanes: Lanes,
    /// By the order of submission.
    pub tasks: Vec<TaskLife>,
    /// The order in which tasks ended.
    pub ended: Vec<TaskId>,
    /// Messages between processes, or interpreters, in the order in which they were first heard of.
    pub posts: Vec<Post>,
    /// Of those of which one end is not known yet, the place in `posts`: by whether it is a call or an answer, and by its number.
    pub open_posts: BTreeMap<(bool, u32), u32>,
    /// Where the counter that tasks share stood last.
    pub counter: Option<u64>,
    /// Pieces of a picture that tasks have made, in the order in which they came.
    pub shown: Vec<Piece>,
    /// Events that the rings had no room for.
    pub lost: u64,
    /// Up to when everything is known: the latest record, or a later look that found nothing new.
    pub latest: Instant,
}

impl Trace {
    /// A trace without events, of a run of so many tasks.
    pub fn new(tasks: u32) -> Trace {
        Trace { tasks: vec![TaskLife::default(); tasks as usize], ..Trace::default() }
    }

    /// Adds an event. Events of one lane, and of one task, come in the order in which they happened.
    pub fn apply(&mut self, event: &Event) {
        self.latest = self.latest.max(event.at);
        let stamp = Stamp { at: event.at, sequence: event.sequence };
        match event.kind {
            EventKind::Enter(phase) => {
                let lane = self.lanes.lane(event.lane);
                lane.end_open(stamp);
                lane.open = Some(OpenSpan { phase, task: event.task, start: stamp });
            }
            EventKind::LaneClosed => self.lanes.lane(event.lane).end_open(stamp),
            EventKind::LockRequested => self.lanes.lane(event.lane).requests.push(stamp),
            EventKind::LockTaken => {
                let before = u32::try_from(event.arg >> 1).unwrap_or(0);
                let from = (before > 0).then_some(LaneId::Thread(before));
                self.lanes.lane(event.lane).begin_hold(stamp, from, event.arg & 1 == 1);
            }
            EventKind::LockDropped => self.lanes.lane(event.lane).end_hold(stamp, event.arg & 1 == 1),
            EventKind::Sent => self.post(event, |post| post.sent = Some((event.lane, stamp))),
            EventKind::Received => self.post(event, |post| post.received = Some((event.lane, stamp))),
            EventKind::Counted => self.counter = Some(event.arg),
            EventKind::Shown(piece) => self.shown.push(Piece { piece, shades: event.arg, lane: event.lane }),
            kind => self.apply_to_task(kind, event, stamp),
        }
    }

    /// Notes one end of a message. The other may have been read before, as it stands in another lane's record.
    fn post(&mut self, event: &Event, note: impl FnOnce(&mut Post)) {
        let Message { number, bytes } = Message::from_arg(event.arg);
        // Calls leave the process's own thread, and answers come to it.
        let is_call = (event.lane == LaneId::Thread(0)) == (event.kind == EventKind::Sent);
        let place = match self.open_posts.remove(&(is_call, number)) {
            Some(place) => place as usize,
            None => {
                self.open_posts.insert((is_call, number), self.posts.len() as u32);
                self.posts.push(Post { number, bytes, task: event.task, sent: None, received: None });
                self.posts.len() - 1
            }
        };
        note(&mut self.posts[place]);
    }

    /// How long each call took whose answer has come: from when the process's own thread sent it to when it had the answer open.
    pub fn calls(&self) -> Vec<Duration> {
        let mut sent = BTreeMap::new();
        let mut calls = Vec::new();
        for post in &self.posts {
            match (post.sent, post.received) {
                (Some((LaneId::Thread(0), stamp)), _) => drop(sent.insert(post.number, stamp.at)),
                (_, Some((LaneId::Thread(0), stamp))) => calls.push((post.number, stamp.at)),
                _ => {}
            }
        }
        let length = |(number, received)| sent.get(&number).map(|sent: &Instant| received - *sent);
        calls.into_iter().filter_map(length).collect()
    }

    fn apply_to_task(&mut self, kind: EventKind, event: &Event, stamp: Stamp) {
        let Some(id) = event.task else { return };
        let Some(task) = self.tasks.get_mut(id.index()) else { return };
        match kind {
            EventKind::Submitted => task.submitted = Some(stamp),
            EventKind::Started => {
                task.started = Some(stamp);
                task.lane = Some(event.lane);
            }
            EventKind::Finished => self.end_task(id, stamp, Outcome::Done(Value::from_arg(event.arg))),
            EventKind::Failed => self.end_task(id, stamp, Outcome::Failed(Failure::from_arg(event.arg))),
            EventKind::Cancelled => self.end_task(id, stamp, Outcome::Cancelled),
            EventKind::Enter(_)
            | EventKind::LaneClosed
            | EventKind::LockRequested
            | EventKind::LockTaken
            | EventKind::LockDropped
            | EventKind::Sent
            | EventKind::Received
            | EventKind::Counted
            | EventKind::Shown(_) => {}
        }
    }

    fn end_task(&mut self, id: TaskId, stamp: Stamp, outcome: Outcome) {
        let task = &mut self.tasks[id.index()];
        if task.ended.is_none() {
            task.ended = Some(stamp);
            task.outcome = Some(outcome);
            let is_last =
                self.ended.last().is_none_or(|last| self.tasks[last.index()].ended.is_some_and(|at| at <= stamp));
            if is_last {
                return self.ended.push(id);
            }
            // Events of another thread may come a batch later, though they happened earlier.
            let earlier = |other: &TaskId| self.tasks[other.index()].ended.is_some_and(|ended| ended <= stamp);
            let place = self.ended.partition_point(earlier);
            self.ended.insert(place, id);
        }
    }

    /// Says that at this time every record was seen.
    pub fn look(&mut self, now: Instant) {
        self.latest = self.latest.max(now);
    }

    /// Takes the outcomes of the final report: the words of failures, which no event carries, and, where events were
    /// lost, the outcomes themselves.
    pub fn apply_report(&mut self, report: &Report) {
        for (id, outcome) in &report.outcomes {
            let Some(task) = self.tasks.get_mut(id.index()) else { continue };
            if task.outcome.is_none() {
                self.ended.push(*id);
            }
            task.outcome = Some(outcome.clone());
        }
    }

    /// Ends what is still open, at a time that the page read: for a process that was stopped or died. What it was doing
    /// is known, when it ceased only so far. Tasks that were submitted and have no outcome get this one.
    pub fn cut(&mut self, at: Instant, outcome: &Outcome) {
        let stamp = Stamp { at: at.max(self.latest), sequence: u32::MAX };
        self.latest = stamp.at;
        for (_, lane) in &mut self.lanes.0 {
            lane.end_open(stamp);
            lane.end_hold(stamp, false);
        }
        for index in 0..self.tasks.len() {
            if self.tasks[index].submitted.is_some() && self.tasks[index].outcome.is_none() {
                self.end_task(TaskId(index as u32), stamp, outcome.clone());
            }
        }
    }

    /// When the first task was submitted: where work begins, and the zero of the axis that runs are compared on.
    pub fn work_start(&self) -> Option<Instant> {
        self.tasks.iter().filter_map(|task| task.submitted).min().map(|stamp| stamp.at)
    }

    /// When the last task ended, or the latest record while tasks are running.
    pub fn work_end(&self) -> Instant {
        let ended = self.tasks.iter().map(|task| task.ended.map(|stamp| stamp.at));
        match ended.collect::<Option<Vec<_>>>() {
            Some(ends) => ends.into_iter().max().unwrap_or(self.latest),
            None => self.latest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::event::Phase;

    const THREAD: LaneId = LaneId::Thread(1);

    fn event(ms: u64, kind: EventKind, arg: u64) -> Event {
        Event { at: Instant(ms), sequence: ms as u32, lane: THREAD, task: Some(TaskId(0)), kind, arg }
    }

    fn stamp(at: u64) -> Stamp {
        Stamp { at: Instant(at), sequence: at as u32 }
    }

    #[test]
    fn a_task_lives_from_submission_to_its_outcome() {
        let mut trace = Trace::new(1);
        for event in [
            event(1, EventKind::Submitted, 0),
            event(2, EventKind::Started, 0),
            event(2, EventKind::Enter(Phase::Computing), 0),
            event(9, EventKind::Finished, Value::Count(4).to_arg()),
            event(9, EventKind::Enter(Phase::Idle), 0),
            event(11, EventKind::LaneClosed, 0),
        ] {
            trace.apply(&event);
        }
        let task = &trace.tasks[0];
        assert_eq!((task.submitted, task.started, task.ended), (Some(stamp(1)), Some(stamp(2)), Some(stamp(9))));
        assert_eq!((task.lane, &task.outcome), (Some(THREAD), &Some(Outcome::Done(Value::Count(4)))));
        let spans = &trace.lanes.lane(THREAD).spans.clone();
        assert_eq!(spans.iter().map(|span| span.phase).collect::<Vec<_>>(), [Phase::Computing, Phase::Idle]);
        assert_eq!((spans[0].start, spans[0].end, spans[1].end), (stamp(2), stamp(9), stamp(11)));
        assert_eq!((trace.work_start(), trace.work_end()), (Some(Instant(1)), Instant(9)));
    }

    #[test]
    fn a_cut_ends_what_is_open_and_every_task_that_was_submitted() {
        let mut trace = Trace::new(2);
        trace.apply(&event(1, EventKind::Submitted, 0));
        trace.apply(&event(2, EventKind::Enter(Phase::Computing), 0));
        trace.cut(Instant(50), &Outcome::Cancelled);
        assert_eq!(trace.lanes.lane(THREAD).spans[0].end.at, Instant(50));
        assert_eq!(trace.lanes.lane(THREAD).open, None);
        assert_eq!(trace.tasks[0].outcome, Some(Outcome::Cancelled));
        assert_eq!(trace.tasks[1].outcome, None, "a task that was never submitted did not end");
    }

    #[test]
    fn the_report_adds_words_and_what_was_lost_but_changes_no_order() {
        let mut trace = Trace::new(2);
        trace.apply(&event(5, EventKind::Failed, Failure::Panicked(String::new()).to_arg()));
        let words = Outcome::Failed(Failure::Panicked("boom".to_owned()));
        trace.apply_report(&Report {
            outcomes: vec![(TaskId(1), Outcome::Done(Value::Text)), (TaskId(0), words.clone())],
        });
        assert_eq!(trace.tasks[0].outcome, Some(words));
        assert_eq!(trace.ended, [TaskId(0), TaskId(1)]);
    }

    #[test]
    fn the_order_of_completion_is_that_of_what_happened_and_not_of_what_came() {
        let mut trace = Trace::new(3);
        for (ms, task) in [(5, 0), (9, 1), (7, 2)] {
            trace.apply(&Event { task: Some(TaskId(task)), ..event(ms, EventKind::Finished, 0) });
        }
        assert_eq!(trace.ended, [TaskId(0), TaskId(2), TaskId(1)]);
    }

    #[test]
    fn a_call_lasts_from_its_message_to_the_answer_of_the_same_number() {
        let mut trace = Trace::new(1);
        let mut add = |ms, lane, kind, number| {
            let arg = Message { number, bytes: 100 }.to_arg();
            trace.apply(&Event { lane, ..event(ms, kind, arg) });
        };
        let (parent, child) = (LaneId::Thread(0), LaneId::Child(1));
        add(1, parent, EventKind::Sent, 0);
        add(2, parent, EventKind::Sent, 1);
        add(3, child, EventKind::Received, 0);
        add(4, child, EventKind::Sent, 0);
        add(9, parent, EventKind::Received, 1);
        add(11, parent, EventKind::Received, 0);
        let mut calls = trace.calls();
        calls.sort();
        assert_eq!(calls, [Duration::from_nanos(7), Duration::from_nanos(10)]);
        let ways: Vec<_> = trace
            .posts
            .iter()
            .map(|post| (post.number, post.sent.map(|(lane, _)| lane), post.received.map(|(lane, _)| lane)))
            .collect();
        assert_eq!(ways[0], (0, Some(parent), Some(child)));
        assert_eq!(ways[2], (0, Some(child), Some(parent)));
        assert_eq!(trace.posts.iter().map(|post| post.bytes).sum::<u32>(), 400);
    }

    #[test]
    fn who_holds_the_lock_is_known_from_when_and_from_whom() {
        let mut trace = Trace::new(1);
        let (one, two) = (LaneId::Thread(1), LaneId::Thread(2));
        let mut add = |ms, lane, kind, arg| trace.apply(&Event { lane, ..event(ms, kind, arg) });
        add(1, one, EventKind::LockTaken, 0);
        add(6, two, EventKind::LockRequested, 0);
        // The second thread's record is read first.
        add(7, two, EventKind::LockTaken, 1 | (1 << 1));
        add(7, one, EventKind::LockDropped, 1);
        trace.cut(Instant(9), &Outcome::Cancelled);
        let [first] = trace.lanes.get(one).unwrap().holds[..] else { panic!() };
        assert_eq!((first.start, first.end, first.is_forced, first.from), (stamp(1), Some(stamp(7)), true, None));
        let [second] = trace.lanes.get(two).unwrap().holds[..] else { panic!() };
        assert_eq!((second.end.map(|end| end.at), second.from, second.was_forced), (Some(Instant(9)), Some(one), true));
        assert_eq!(trace.lanes.get(two).unwrap().requests, [stamp(6)]);
    }

    #[test]
    fn events_about_tasks_that_do_not_exist_change_nothing() {
        let mut trace = Trace::new(0);
        trace.apply(&event(5, EventKind::Finished, 0));
        assert!(trace.ended.is_empty());
    }
}
