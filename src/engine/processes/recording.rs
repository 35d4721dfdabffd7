//! Where one end of a pipe writes down what its messages cost: on a lane, or nowhere.

use core::fmt;

use crate::engine::ports::Clock;
use crate::engine::recorder::LaneRecorder;
use crate::model::event::{EventKind, Phase};
use crate::model::id::TaskId;
use crate::model::message::Message;
use crate::model::time::Instant;

/// What records on a lane.
pub trait Record {
    /// Now, by its clock.
    fn now(&self) -> Instant;
    /// Records an event at a time that was read before.
    fn record_at(&self, at: Instant, kind: EventKind, task: Option<TaskId>, arg: u64);
}

impl<C: Clock> Record for LaneRecorder<'_, C> {
    fn now(&self) -> Instant {
        LaneRecorder::now(self)
    }

    fn record_at(&self, at: Instant, kind: EventKind, task: Option<TaskId>, arg: u64) {
        LaneRecorder::record_at(self, at, kind, task, arg);
    }
}

/// The lane of this end, and what its arguments are about.
pub struct Recording<'l, A> {
    pub lane: &'l dyn Record,
    /// The task that an argument is of, if it is of one.
    pub about: fn(&A) -> Option<TaskId>,
}

impl<A> Clone for Recording<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Recording<'_, A> {}

impl<A> fmt::Debug for Recording<'_, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Recording").finish_non_exhaustive()
    }
}

impl<A> Recording<'_, A> {
    pub(super) fn enter(&self, phase: Phase, about: Option<TaskId>) {
        self.enter_at(self.lane.now(), phase, about);
    }

    pub(super) fn enter_at(&self, at: Instant, phase: Phase, about: Option<TaskId>) {
        self.lane.record_at(at, EventKind::Enter(phase), about, 0);
    }

    pub(super) fn sent(&self, about: Option<TaskId>, message: Message) {
        self.lane.record_at(self.lane.now(), EventKind::Sent, about, message.to_arg());
    }

    pub(super) fn received(&self, at: Instant, about: Option<TaskId>, message: Message) {
        self.lane.record_at(at, EventKind::Received, about, message.to_arg());
    }
}
