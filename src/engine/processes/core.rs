//! What a pool does: gives messages to processes, and outcomes to futures.

use core::time::Duration;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::message::{self, Call, End, Reply, SendError, pack};
use super::options::Options;
use super::pace::Pace;
use super::recording::Recording;
use super::state::{Chunk, Flight, Item, Stage, Standing, State};
use crate::engine::futures::log::{self, Level};
use crate::engine::futures::{Future, SubmitError};
use crate::engine::ports::{Carrier, Kept, Pipe, PipeBroken, Ports};
use crate::model::outcome::Failure;
use crate::model::time::Instant;

/// From how many bytes on a parcel is posted, and not added to.
const PARCEL_BYTES: usize = 16 * 1024;
/// Why what was in flight has failed when its pool was terminated.
const TERMINATED: &str = "the pool was terminated";
/// Why a pool is broken one of whose processes could not begin; what failed follows.
const INITIALIZER_FAILED: &str = "a process initializer failed";
/// Why a pool is broken one of whose processes says what it was not asked.
const UNASKED: &str = "a process answered what it was not asked";

/// The part of a pool that the lives of its processes share.
pub(super) struct Core<'e, P: Ports, A, R, I> {
    ports: &'e P,
    pub(super) options: Options<I>,
    recording: Option<Recording<'e, A>>,
    /// Borrowed for a few lines at a time, and never while code of others runs: futures wake and call back.
    pub(super) state: RefCell<State<P::Pipe, A, R>>,
}

/// Whether a process goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Goes,
    Ended,
}

impl<'e, P: Ports, A, R, I> Core<'e, P, A, R, I> {
    pub(super) fn new(ports: &'e P, options: Options<I>, recording: Option<Recording<'e, A>>) -> Self {
        let state = RefCell::new(State::new(options.first_number));
        Core { ports, options, recording, state }
    }

    fn processes(&self) -> usize {
        self.options.processes as usize
    }

    /// Ends all processes, fails what is in flight and, if the pool is broken, what is queued; the rest is cancelled. What
    /// `culprit` worked on is told apart.
    pub(super) fn end_all(&self, stage: Stage, culprit: Option<u32>) {
        let mut state = self.state.borrow_mut();
        if state.has_failed() {
            return;
        }
        let reason = match &stage {
            Stage::Broken(reason) => reason.clone(),
            _ => TERMINATED.to_owned(),
        };
        let is_broken = matches!(stage, Stage::Broken(_));
        state.stage = stage;
        let queue = core::mem::take(&mut state.queue);
        let processes = core::mem::take(&mut state.processes);
        state.idle.clear();
        state.to_post.clear();
        state.to_start.clear();
        state.busy = 0;
        let wakers = state.take_wakers();
        drop(state);
        // First no process goes on, then everybody hears of it.
        for number in processes.keys() {
            self.ports.end_process(*number);
        }
        let failure = || Failure::BrokenPool(reason.clone());
        for (number, process) in processes {
            for (place, flight) in process.flights.iter().enumerate() {
                let worked_on = culprit == Some(number) && place == 0 && process.parcel.is_empty();
                fail(flight, &if worked_on { Failure::BrokenPool(blame(&reason, flight)) } else { failure() });
            }
        }
        for item in queue.into_iter().flatten() {
            if is_broken {
                if may_begin(&item.future) {
                    end(&item.future, Err(failure()));
                }
            } else {
                cancel(item);
            }
        }
        wakers.into_iter().for_each(std::task::Waker::wake);
    }

    pub(super) fn break_up(&self, reason: String) {
        self.end_all(Stage::Broken(reason), None);
    }

    /// Breaks the pool, since a process has died.
    fn break_with_death(&self, number: u32, reason: String) {
        self.end_all(Stage::Broken(reason), Some(number));
    }

    /// Cancels what no process was given.
    pub(super) fn cancel_pending(&self) {
        let queue = core::mem::take(&mut self.state.borrow_mut().queue);
        queue.into_iter().flatten().for_each(cancel);
    }

    fn wake(&self) {
        let wakers = self.state.borrow_mut().take_wakers();
        wakers.into_iter().for_each(std::task::Waker::wake);
    }
}

impl<P, A, R, I> Core<'_, P, A, R, I>
where
    P: Ports,
    A: Serialize,
    R: DeserializeOwned,
    I: Serialize,
{
    /// Takes tasks, and gives them to whoever is free.
    pub(super) fn enqueue(&self, chunks: impl IntoIterator<Item = Chunk<A, R>>) -> Result<(), SubmitError> {
        {
            let mut state = self.state.borrow_mut();
            match &state.stage {
                Stage::Running => {}
                Stage::Broken(reason) => return Err(SubmitError::Broken(reason.clone())),
                Stage::Closed | Stage::Terminated => return Err(SubmitError::ShutDown),
            }
            state.queue.extend(chunks.into_iter().filter(|chunk| !chunk.is_empty()));
        }
        self.dispatch();
        Ok(())
    }

    pub(super) fn close(&self) {
        let mut state = self.state.borrow_mut();
        if state.stage == Stage::Running {
            state.stage = Stage::Closed;
        }
        drop(state);
        self.dispatch();
        self.wake();
    }

    /// Sends what can be sent, and asks for processes, or closes them, as that leaves it.
    pub(super) fn dispatch(&self) {
        // Read once, and only if it makes a difference.
        let mut read = None;
        let mut now = || *read.get_or_insert_with(|| self.ports.now());
        loop {
            let mut state = self.state.borrow_mut();
            let Some(number) = state.taker(self.processes(), &mut now) else { break };
            let Some(chunk) = state.queue.pop_front() else { break };
            drop(state);
            self.pack(number, chunk, &mut now);
        }
        self.post();
        let mut state = self.state.borrow_mut();
        let (options, pace) = (&self.options, Pace::new(self.options.prefetch));
        state.ask_for_processes(options.start, self.processes(), options.maxtasksperchild, pace);
        let driver = if state.to_start.is_empty() { None } else { state.driver.take() };
        let is_done = state.stage == Stage::Closed && state.queue.is_empty();
        let to_close = if is_done { core::mem::take(&mut state.idle) } else { VecDeque::new() };
        drop(state);
        to_close.into_iter().for_each(|number| self.send_close(number));
        if let Some(driver) = driver {
            driver.wake();
        }
    }

    /// Packs a message for a process, behind those that wait to be posted to it.
    fn pack(&self, number: u32, chunk: Chunk<A, R>, now: &mut impl FnMut() -> Instant) {
        let mut items: Chunk<A, R> = chunk.into_iter().filter(|item| may_begin(&item.future)).collect();
        let carrier = self.options.carrier;
        while let Some(first) = items.first() {
            let about = self.recording.and_then(|recording| (recording.about)(&first.argument));
            let message = self.state.borrow_mut().number_message();
            let arguments: Vec<&A> = items.iter().map(|item| &item.argument).collect();
            let call: Call<&I, _> = Call::Run { number: message, reply_by: carrier, arguments };
            match message::packed(self.recording, None, message, &call, about) {
                Ok(bytes) => {
                    let futures = items.into_iter().map(|item| item.future).collect();
                    let flight = Flight { number: message, about, futures, kept: Kept::nothing() };
                    if bytes.len() >= PARCEL_BYTES {
                        // Much is not copied once more to travel with what little there is.
                        self.post();
                    }
                    let begun = self.state.borrow_mut().begin(number, flight, bytes, now);
                    match begun {
                        Ok(parcel_bytes) if parcel_bytes >= PARCEL_BYTES => self.post(),
                        Ok(_) => {}
                        // Whoever was packed, or heard that its task begins, has ended the process.
                        Err(flight) => fail(&flight, &self.why_failed()),
                    }
                    return;
                }
                Err(failure) => fail_what_cannot_be_packed(&mut items, &failure),
            }
        }
    }

    /// Posts the parcels that were made.
    fn post(&self) {
        loop {
            let (number, pipe, parcel) = {
                let mut state = self.state.borrow_mut();
                let Some(number) = state.to_post.pop_front() else { return };
                let Some(process) = state.processes.get_mut(&number) else { continue };
                let Some(pipe) = process.pipe.clone() else { continue };
                (number, pipe, core::mem::take(&mut process.parcel))
            };
            match (End { pipe: &*pipe, recording: self.recording }).post(parcel, self.options.carrier) {
                Ok(kept) => {
                    let mut state = self.state.borrow_mut();
                    // Answers come in order, so that of the last message says that all were read.
                    let last = state.processes.get_mut(&number).and_then(|process| process.flights.back_mut());
                    if let Some(flight) = last {
                        flight.kept = kept;
                    }
                }
                Err(PipeBroken(reason)) => self.break_up(reason),
            }
        }
    }

    /// Why what it has can no longer be done.
    fn why_failed(&self) -> Failure {
        match &self.state.borrow().stage {
            Stage::Broken(reason) => Failure::BrokenPool(reason.clone()),
            _ => Failure::BrokenPool(TERMINATED.to_owned()),
        }
    }

    fn send_close(&self, number: u32) {
        let (pipe, message) = {
            let mut state = self.state.borrow_mut();
            let message = state.number_message();
            let Some(process) = state.processes.get_mut(&number) else { return };
            process.standing = Standing::Closing;
            (process.pipe.clone(), message)
        };
        let Some(pipe) = pipe else { return };
        let call: Call<&I, Vec<&A>> = Call::Close { number: message };
        match (End { pipe: &*pipe, recording: self.recording }).send(None, message, &call, None, Carrier::Copy) {
            Ok(kept) => kept.release(),
            // It dies of what it would have died of a moment later, and is told to close no more.
            Err(_) => self.has_ended(number),
        }
    }

    /// The life of a process, from its start to its end.
    pub(super) async fn live(self: Rc<Self>, number: u32) {
        let pipe = match self.ports.start_process(number).await {
            Ok(pipe) => Rc::new(pipe),
            Err(PipeBroken(reason)) => return self.break_up(reason),
        };
        self.has_started(number, &pipe);
        loop {
            let next = match pipe.receive().await {
                Ok(message) => self.receive(number, &pipe, message),
                Err(broken) if self.is_closing(number) => Err(broken),
                Err(PipeBroken(reason)) => return self.break_with_death(number, reason),
            };
            match next {
                Ok(Next::Goes) => {}
                // One that dies while it closes has done all that it was to do.
                Ok(Next::Ended) | Err(_) => return self.has_ended(number),
            }
        }
    }

    fn is_closing(&self, number: u32) -> bool {
        let state = self.state.borrow();
        state.processes.get(&number).is_none_or(|process| process.standing == Standing::Closing)
    }

    fn has_started(&self, number: u32, pipe: &Rc<P::Pipe>) {
        let message = {
            let mut state = self.state.borrow_mut();
            let message = state.number_message();
            let Some(process) = state.processes.get_mut(&number) else { return };
            process.pipe = Some(Rc::clone(pipe));
            process.standing = Standing::Initializing;
            message
        };
        let Some(value) = &self.options.initializer else { return self.is_ready(number) };
        let call: Call<&I, Vec<&A>> = Call::Initialize { number: message, value };
        let carrier = self.options.carrier;
        match (End { pipe: &**pipe, recording: self.recording }).send(None, message, &call, None, carrier) {
            Ok(kept) => {
                let flight = Flight { number: message, about: None, futures: Vec::new(), kept };
                if let Some(process) = self.state.borrow_mut().processes.get_mut(&number) {
                    process.flights.push_back(flight);
                }
            }
            Err(SendError::Unpacked(failure)) => self.initializer_failed(&failure),
            Err(SendError::Broken(PipeBroken(reason))) => self.break_up(reason),
        }
    }

    fn is_ready(&self, number: u32) {
        {
            let mut state = self.state.borrow_mut();
            let Some(process) = state.processes.get_mut(&number) else { return };
            process.standing = Standing::Ready;
            state.idle.push_back(number);
        }
        self.dispatch();
        self.wake();
    }

    fn initializer_failed(&self, failure: &Failure) {
        log::record(Level::Critical, format!("exception in initializer: {failure}"));
        self.break_up(format!("{INITIALIZER_FAILED}: {failure}"));
    }

    /// Takes what a process said. An error is that of a process that was closing.
    fn receive(
        &self,
        number: u32,
        pipe: &Rc<P::Pipe>,
        message: <P::Pipe as Pipe>::Message,
    ) -> Result<Next, PipeBroken> {
        if self.is_closing(number) {
            // Whatever it says, it is its last.
            return Ok(Next::Ended);
        }
        let flight = self.state.borrow_mut().processes.get_mut(&number).and_then(|process| process.flights.pop_front());
        let about = flight.as_ref().and_then(|flight| flight.about);
        let end = End { pipe: &**pipe, recording: self.recording };
        let mut opened = end.open(message);
        let reply = end
            .unpack(&mut opened, |reply: &Reply<R>| (reply.number(), about))
            .and_then(|(reply, _)| opened.end(reply));
        match (reply, flight) {
            (Ok(reply), Some(flight)) => self.answer(number, reply, flight),
            (Ok(_), None) => self.break_up(UNASKED.to_owned()),
            (Err(PipeBroken(reason)), flight) => self.break_with(reason, flight),
        }
        Ok(Next::Goes)
    }

    /// Breaks the pool, and with it what was taken out of a process's flights.
    fn break_with(&self, reason: String, flight: Option<Flight<R>>) {
        self.break_up(reason.clone());
        flight.iter().for_each(|flight| fail(flight, &Failure::BrokenPool(reason.clone())));
    }

    fn answer(&self, number: u32, reply: Reply<R>, flight: Flight<R>) {
        match reply {
            Reply::Initialized { number: answered, outcome }
                if answered == flight.number && flight.futures.is_empty() =>
            {
                flight.kept.release();
                match outcome {
                    Ok(()) => self.is_ready(number),
                    Err(failure) => self.initializer_failed(&failure),
                }
            }
            Reply::Ran { number: answered, took_us, outcomes }
                if answered == flight.number && outcomes.len() == flight.futures.len() && !outcomes.is_empty() =>
            {
                flight.kept.release();
                // First the process has its next, then those who wait for this one have their turn.
                let took = Duration::from_micros(took_us.into());
                let is_to_close = self.state.borrow_mut().has_answered(number, took, &mut || self.ports.now());
                if is_to_close {
                    self.send_close(number);
                }
                self.dispatch();
                flight.futures.iter().zip(outcomes).for_each(|(future, outcome)| end(future, outcome));
            }
            _ => self.break_with(UNASKED.to_owned(), Some(flight)),
        }
    }

    /// A process has said its last, or died when nothing was asked of it.
    fn has_ended(&self, number: u32) {
        if self.state.borrow_mut().processes.remove(&number).is_some() {
            self.ports.end_process(number);
            self.dispatch();
            self.wake();
        }
    }
}

/// What cannot be packed fails alone; and if nothing is to blame by itself, all fail.
fn fail_what_cannot_be_packed<A: Serialize, R>(items: &mut Chunk<A, R>, failure: &Failure) {
    let before = items.len();
    items.retain(|item| match pack(&item.argument) {
        Ok(_) => true,
        Err(failure) => {
            end(&item.future, Err(failure));
            false
        }
    });
    if items.len() == before {
        items.drain(..).for_each(|item| end(&item.future, Err(failure.clone())));
    }
}

/// Whether a task may be given away. Not if its future was cancelled, of which those who wait are told.
fn may_begin<R>(future: &Future<R>) -> bool {
    future.set_running_or_notify_cancel().unwrap_or(false)
}

fn end<R>(future: &Future<R>, outcome: Result<R, Failure>) {
    let set = match outcome {
        Ok(value) => future.set_result(value),
        Err(failure) => future.set_exception(failure),
    };
    if let Err(invalid) = set {
        log::record(Level::Critical, format!("somebody else has ended the future of a task: {invalid}"));
    }
}

/// Why the pool is broken, for the first task of which its process had not answered: its last answer may have been lost with it.
fn blame<R>(reason: &str, flight: &Flight<R>) -> String {
    match flight.futures.len() {
        1 => format!("{reason}; it had probably begun this task"),
        several => format!("{reason}; it had probably begun this task, or another of the {several} of its chunk"),
    }
}

/// Fails every task of a message.
fn fail<R>(flight: &Flight<R>, failure: &Failure) {
    flight.futures.iter().for_each(|future| end(future, Err(failure.clone())));
}

/// Cancels a task, and tells those who wait.
fn cancel<A, R>(item: Item<A, R>) {
    item.future.cancel();
    may_begin(&item.future);
}
