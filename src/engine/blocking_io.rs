//! Requests of threads that block: the thread sleeps on a future until thread 0, which has the event loop, has the answer.
//!
//! Thread 0 does here what a system's kernel does for a thread that reads from a socket. A browser has no request of its own
//! that blocks a worker and can be given up. `tests/random/blocking_io.rs` has calls, answers and a stop in random orders.

use core::pin::pin;
use core::task::Poll;
use std::sync::Arc;

use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::future::poll_fn;
use futures_util::stream::{FuturesUnordered, Stream};

use super::futures::{Future, FutureError};
use crate::model::outcome::{Failure, Outcome, Value};
use crate::sync::{Mutex, lock};
use crate::workloads::sites::Request;

#[derive(Debug)]
struct Call {
    request: Request,
    answer: Future<Value>,
}

/// What threads make requests through. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Calls {
    sender: UnboundedSender<Call>,
    /// Answers that are waited for; `None` once nobody is to wait any more.
    open: Arc<Mutex<Option<Vec<Future<Value>>>>>,
}

/// The two ends: for threads, and for thread 0.
pub fn calls() -> (Calls, Receiver) {
    let (sender, receiver) = unbounded();
    (Calls { sender, open: Arc::new(Mutex::new(Some(Vec::new()))) }, Receiver(receiver))
}

impl Calls {
    /// Makes a request and blocks this thread until its answer is there. Never called on thread 0, which answers.
    pub fn fetch(&self, request: &Request) -> Outcome {
        let answer = Future::new();
        match &mut *lock(&self.open) {
            Some(open) => open.push(answer.clone()),
            None => return Outcome::Cancelled,
        }
        if self.sender.unbounded_send(Call { request: request.clone(), answer: answer.clone() }).is_err() {
            return Outcome::Cancelled;
        }
        let outcome = match answer.result(None) {
            Ok(value) => Outcome::Done(value),
            Err(FutureError::Failed(failure)) => Outcome::Failed(failure),
            Err(FutureError::Cancelled | FutureError::TimedOut) => Outcome::Cancelled,
        };
        if let Some(open) = &mut *lock(&self.open) {
            open.retain(|other| *other != answer);
        }
        outcome
    }

    /// Ends all waiting, now and later.
    pub fn cancel(&self) {
        let open = lock(&self.open).take();
        for answer in open.into_iter().flatten() {
            answer.cancel();
        }
    }
}

/// The end of thread 0.
#[derive(Debug)]
pub struct Receiver(UnboundedReceiver<Call>);

impl Receiver {
    /// Answers every call by what `fetch` gives, all at once. Ends when no thread can call any more.
    pub async fn serve(self, fetch: impl AsyncFn(&Request) -> Result<Value, Failure>) {
        let mut calls = pin!(self.0);
        let mut open = pin!(FuturesUnordered::new());
        let mut closed = false;
        poll_fn(|context| {
            while !closed && let Poll::Ready(call) = calls.as_mut().poll_next(context) {
                match call {
                    Some(call) => open.push(answer(call, &fetch)),
                    None => closed = true,
                }
            }
            match open.as_mut().poll_next(context) {
                // One more may be ready: this is polled again.
                Poll::Ready(Some(())) => {
                    context.waker().wake_by_ref();
                    Poll::Pending
                }
                Poll::Ready(None) if closed => Poll::Ready(()),
                Poll::Ready(None) | Poll::Pending => Poll::Pending,
            }
        })
        .await;
    }
}

async fn answer(call: Call, fetch: &impl AsyncFn(&Request) -> Result<Value, Failure>) {
    let Call { request, answer } = call;
    let fetched = fetch(&request).await;
    // Who was cancelled meanwhile needs no answer.
    let _ = match fetched {
        Ok(value) => answer.set_result(value),
        Err(failure) => answer.set_exception(failure),
    };
}
