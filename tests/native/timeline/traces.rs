//! Traces made by hand.

use overlap::model::event::{Event, EventKind, Phase};
use overlap::model::id::{LaneId, TaskId};
use overlap::model::message::Message;
use overlap::model::outcome::{Failure, Value};
use overlap::model::time::Instant;
use overlap::model::trace::Trace;

/// Writes events down one after another, at times in milliseconds.
pub struct Script {
    pub trace: Trace,
    sequence: u32,
}

impl Script {
    /// A run of so many tasks whose process takes 20 ms to start.
    pub fn new(tasks: u32) -> Script {
        let mut script = Script { trace: Trace::new(tasks), sequence: 0 };
        script.enter(0.0, LaneId::Process, None, Phase::Instantiating);
        script.add(20.0, LaneId::Process, None, EventKind::LaneClosed, 0);
        for task in 0..tasks {
            script.add(20.0, LaneId::Thread(0), Some(task), EventKind::Submitted, 0);
        }
        script
    }

    pub fn add(&mut self, ms: f64, lane: LaneId, task: Option<u32>, kind: EventKind, arg: u64) {
        self.sequence += 1;
        let at = Instant::from_ms(ms);
        self.trace.apply(&Event { at, sequence: self.sequence, lane, task: task.map(TaskId), kind, arg });
    }

    pub fn enter(&mut self, ms: f64, lane: LaneId, task: Option<u32>, phase: Phase) {
        self.add(ms, lane, task, EventKind::Enter(phase), 0);
    }

    fn finish(&mut self, ms: f64, lane: LaneId, task: u32) {
        self.add(ms, lane, Some(task), EventKind::Finished, Value::Nothing.to_arg());
    }
}

/// Three sites on an event loop, of which one is not to be reached.
pub fn sites() -> Trace {
    let mut script = Script::new(3);
    for (task, ms) in [(0, 120.0), (1, 60.0), (2, 30.0)] {
        let lane = LaneId::Coroutine(task);
        script.add(20.0, lane, Some(task), EventKind::Started, 0);
        script.enter(20.0, lane, Some(task), Phase::WaitingIo);
        match task {
            1 => script.add(ms, lane, Some(task), EventKind::Failed, Failure::Unreachable(String::new()).to_arg()),
            _ => script.finish(ms, lane, task),
        }
        script.add(ms, lane, None, EventKind::LaneClosed, 0);
    }
    script.trace
}

/// Two threads that compute under one lock, which they hand over every 5 ms.
pub fn turns() -> Trace {
    let mut script = Script::new(2);
    let lanes = [LaneId::Thread(1), LaneId::Thread(2)];
    for (task, lane) in (0..).zip(lanes) {
        script.add(20.0, lane, Some(task), EventKind::Started, 0);
        script.enter(20.0, lane, Some(task), Phase::WaitingLock);
    }
    let mut before = 0;
    for turn in 0..8_u32 {
        let (task, lane, ms) = (turn % 2, lanes[turn as usize % 2], 20.0 + 5.0 * f64::from(turn));
        let forced = u64::from(turn > 0);
        script.add(ms, lane, Some(task), EventKind::LockTaken, forced | (before << 1));
        script.enter(ms, lane, Some(task), Phase::Computing);
        script.add(ms + 5.0, lane, Some(task), EventKind::LockDropped, u64::from(turn < 7));
        if turn < 6 {
            script.enter(ms + 5.0, lane, Some(task), Phase::WaitingLock);
        } else {
            script.finish(ms + 5.0, lane, task);
            script.enter(ms + 5.0, lane, None, Phase::Idle);
        }
        before = u64::from(task) + 1;
    }
    for lane in lanes {
        script.add(60.0, lane, None, EventKind::LaneClosed, 0);
    }
    script.trace
}

/// Three threads and a lock: the first is made to drop it, the second lets go of it, the third is made to drop it.
pub fn passes() -> Trace {
    let mut script = Script::new(3);
    let lanes = [LaneId::Thread(1), LaneId::Thread(2), LaneId::Thread(3)];
    for (task, lane) in (0..).zip(lanes) {
        script.add(20.0, lane, Some(task), EventKind::Started, 0);
        script.enter(20.0, lane, Some(task), Phase::WaitingLock);
    }
    // Who, from when to when, after whom, and whether that one and this one was made to drop it.
    for (task, from, to, before, was_forced, is_forced) in
        [(0, 20.0, 25.0, 0, 0, 1), (1, 25.0, 27.0, 1, 1, 0), (2, 27.0, 32.0, 2, 0, 1), (0, 32.0, 34.0, 3, 1, 0)]
    {
        let lane = lanes[task as usize];
        script.add(from, lane, Some(task), EventKind::LockTaken, was_forced | (before << 1));
        script.enter(from, lane, Some(task), Phase::Computing);
        script.add(to, lane, Some(task), EventKind::LockDropped, is_forced);
        let goes_on = (task, to) == (0, 25.0);
        script.enter(to, lane, Some(task), if goes_on { Phase::WaitingLock } else { Phase::Sleeping });
    }
    for lane in lanes {
        script.add(40.0, lane, None, EventKind::LaneClosed, 0);
    }
    script.trace
}

/// A pool of one process, which is sent one task and answers.
pub fn call() -> Trace {
    let mut script = Script::new(1);
    let (parent, child) = (LaneId::Thread(0), LaneId::Child(1));
    let message = |bytes| Message { number: 0, bytes }.to_arg();
    script.enter(20.0, parent, Some(0), Phase::Serialising);
    script.add(22.0, parent, Some(0), EventKind::Sent, message(4_000));
    script.enter(22.0, parent, None, Phase::Idle);
    script.enter(24.0, child, Some(0), Phase::Deserialising);
    script.add(25.0, child, Some(0), EventKind::Received, message(4_000));
    script.add(25.0, child, Some(0), EventKind::Started, 0);
    script.enter(25.0, child, Some(0), Phase::Computing);
    script.enter(45.0, child, Some(0), Phase::Serialising);
    script.add(46.0, child, Some(0), EventKind::Sent, message(40));
    script.enter(46.0, child, None, Phase::Idle);
    script.enter(48.0, parent, Some(0), Phase::Deserialising);
    script.add(49.0, parent, Some(0), EventKind::Received, message(40));
    script.finish(49.0, parent, 0);
    script.enter(49.0, parent, None, Phase::Idle);
    script.add(50.0, parent, None, EventKind::LaneClosed, 0);
    script.add(50.0, child, None, EventKind::LaneClosed, 0);
    script.trace
}

/// A thread that does a million things: computes for 3 us, waits for 1 us, and so on; once, in the middle, it fails.
pub fn million() -> Trace {
    let mut script = Script::new(1);
    let lane = LaneId::Thread(1);
    script.add(20.0, lane, Some(0), EventKind::Started, 0);
    for turn in 0..500_000_u32 {
        let ms = 20.0 + f64::from(turn) * 0.004;
        script.enter(ms, lane, Some(0), Phase::Computing);
        script.enter(ms + 0.003, lane, Some(0), if turn == 250_000 { Phase::Sleeping } else { Phase::WaitingIo });
    }
    script.add(2_020.0, lane, Some(0), EventKind::Failed, Failure::Panicked(String::new()).to_arg());
    script.add(2_020.0, lane, None, EventKind::LaneClosed, 0);
    script.trace
}
