//! Time: where it comes from, sleeping, and what may take only so long.

use core::future::{Future as Awaitable, poll_fn, ready};
use core::pin::{Pin, pin};
use core::task::{Context, Poll};
use core::time::Duration;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::{Either, select};
use pin_project_lite::pin_project;

use super::cancellation::{HasScope, Member, Scope, poll_in};
use super::error::{Error, TimedOut};
use super::task::Task;
use crate::engine::futures::FutureError;

/// Where time comes from. There is no other clock in here.
pub trait Timer {
    /// Ends after this time. Its length counts from its first poll or from this call, as the timer likes.
    fn sleep(&self, length: Duration) -> impl Awaitable<Output = ()>;
}

impl<R: Timer> Timer for &R {
    fn sleep(&self, length: Duration) -> impl Awaitable<Output = ()> {
        (**self).sleep(length)
    }
}

impl<R: Timer> Timer for Rc<R> {
    fn sleep(&self, length: Duration) -> impl Awaitable<Output = ()> {
        (**self).sleep(length)
    }
}

/// Lets all tasks that are ready have their turn: asyncio's `sleep(0)`.
pub async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Waits for a time. No time is one turn ([`yield_now`]), and asks no timer.
pub async fn sleep<R: Timer>(timer: &R, length: Duration) {
    if length.is_zero() {
        yield_now().await;
    } else {
        timer.sleep(length).await;
    }
}

/// Runs `body` for at most `length`, `None` being for ever; then it is cancelled as a task is: dropped where it waits, once
/// what must end first has ended. With no time at all it has one turn.
///
/// # Errors
/// That time was up, and `body` was dropped.
pub async fn timeout<F: Awaitable, R: Timer>(
    timer: &R,
    length: Option<Duration>,
    body: F,
) -> Result<F::Output, TimedOut> {
    let Some(length) = length else { return Ok(body.await) };
    // A timer may take longer than nothing.
    let sleep = if length.is_zero() { Either::Left(ready(())) } else { Either::Right(timer.sleep(length)) };
    let scope: Arc<dyn HasScope> = Arc::new(Scope::default());
    Timeout { body: Some(body), sleep, is_expired: false, scope, member: Member::Outside, has_passed_on: false }
        .await
        .ok_or(TimedOut { length })
}

pin_project! {
    /// A body with a scope of its own, which is cancelled when time is up, or with the scope that it is in.
    struct Timeout<F, S> {
        #[pin]
        body: Option<F>,
        #[pin]
        sleep: S,
        is_expired: bool,
        scope: Arc<dyn HasScope>,
        member: Member,
        // Whether the request of the outer scope was made here as well.
        has_passed_on: bool,
    }
}

impl<F: Awaitable, S: Awaitable<Output = ()>> Awaitable for Timeout<F, S> {
    /// `None` if time was up.
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.member.is_gone() {
            return Poll::Pending;
        }
        if this.member.is_cancelled(context) && !*this.has_passed_on {
            *this.has_passed_on = true;
            this.scope.scope().request();
        }
        // Before the body, as a timer may count from its first poll.
        let is_over = !*this.is_expired && this.sleep.poll(context).is_ready();
        let mut polled = poll_in(this.scope, this.body.as_mut(), context);
        if polled.is_pending() && is_over {
            *this.is_expired = true;
            this.scope.scope().request();
            polled = poll_in(this.scope, this.body.as_mut(), context);
        }
        // What is inside has absorbed the request, which was the outer's.
        if *this.has_passed_on && !this.scope.scope().is_requested() {
            *this.has_passed_on = false;
            if !this.member.absorb() {
                context.waker().wake_by_ref();
            }
        }
        if polled.is_pending() {
            return Poll::Pending;
        }
        // If time was up as well, it is still the outer that is cancelled.
        if matches!(polled, Poll::Ready(None)) && this.member.is_asked() {
            this.member.give_way();
            return Poll::Pending;
        }
        this.member.leave();
        polled
    }
}

/// Awaits a task for at most `length`, `None` being for ever; then it is cancelled, and this waits until it has ended. A task
/// that has no time at all is not begun.
///
/// Who is cancelled while awaiting this cancels the task, as when awaiting the task itself.
///
/// # Errors
/// That time was up, and the task was cancelled; or what the task ended with, also if that was after its time.
pub async fn wait_for<T: Clone, R: Timer>(timer: &R, mut task: Task<T>, length: Option<Duration>) -> Result<T, Error> {
    let Some(length) = length else { return Ok(task.await?) };
    if !length.is_zero() {
        let sleep = pin!(timer.sleep(length));
        if let Either::Left((outcome, _)) = select(&mut task, sleep).await {
            return Ok(outcome?);
        }
    }
    let is_late = task.cancel();
    match task.await {
        Err(FutureError::Cancelled) if is_late => Err(TimedOut { length }.into()),
        outcome => Ok(outcome?),
    }
}
