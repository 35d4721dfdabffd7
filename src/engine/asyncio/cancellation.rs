//! How a cancellation reaches a coroutine: scopes, those of them that others are in, and what must end first.
//!
//! A *scope* is what can be cancelled as a whole: a task, the body of a group, the body of a timeout. Its coroutine is
//! dropped, unless *members* of it ask for time: futures inside that wait for what must end first, such as another task.
//! A member sees the request, cancels what it waits for, and leaves when that has ended; then the coroutine is dropped. If
//! there is more to tell than that it was cancelled, a member absorbs the request, and the coroutine goes on with that.

use core::cell::RefCell;
use core::future::Future;
use core::pin::Pin;
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slab::Slab;

/// Whatever has a scope.
pub(super) trait HasScope: Send + Sync {
    fn scope(&self) -> &Scope;
}

/// Whether it is to be cancelled, and who wants to end something first.
#[derive(Default)]
pub(super) struct Scope {
    is_requested: AtomicBool,
    members: Mutex<Members>,
}

#[derive(Default)]
struct Members {
    entries: Slab<Entry>,
    /// How many of them have seen the request.
    seen: usize,
    /// Whether they were woken for the request.
    were_told: bool,
    /// Whether one has left and will never be ready, so that the request cannot be taken back.
    have_given_way: bool,
}

struct Entry {
    waker: Waker,
    has_seen: bool,
}

impl Members {
    /// Whether the coroutine may not be dropped yet. A member that was told, and then was not polled with the coroutine, has
    /// no say: it may never be polled again.
    fn hold(&self) -> bool {
        if self.were_told { self.seen > 0 } else { !self.entries.is_empty() }
    }

    /// Gives what is to be dropped without the lock.
    fn remove(&mut self, place: usize) -> Option<Waker> {
        let entry = self.entries.try_remove(place)?;
        self.seen -= usize::from(entry.has_seen);
        Some(entry.waker)
    }
}

impl HasScope for Scope {
    fn scope(&self) -> &Scope {
        self
    }
}

impl Scope {
    /// Asks for it to be cancelled when it is polled next. Whoever calls this sees to that.
    pub(super) fn request(&self) {
        self.is_requested.store(true, Ordering::Release);
    }

    pub(super) fn is_requested(&self) -> bool {
        self.is_requested.load(Ordering::Acquire)
    }

    /// Goes on as if there had been no request, unless a part of the coroutine relies on it; returns whether it does.
    fn take_back(&self) -> bool {
        let mut members = self.lock();
        if members.have_given_way {
            return false;
        }
        members.were_told = false;
        members.seen = 0;
        members.entries.iter_mut().for_each(|(_, entry)| entry.has_seen = false);
        self.is_requested.store(false, Ordering::Release);
        true
    }

    fn is_held(&self) -> bool {
        self.lock().hold()
    }

    /// Wakes each member once for a request: one that is inside another future, which polls only what was woken, would not
    /// see it otherwise.
    fn tell_members(&self) {
        let mut members = self.lock();
        if members.were_told {
            return;
        }
        members.were_told = true;
        let wakers: Vec<Waker> = members.entries.iter().map(|(_, entry)| entry.waker.clone()).collect();
        drop(members);
        wakers.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

thread_local! {
    /// The innermost scope of what this thread polls.
    static CURRENT: RefCell<Option<Arc<dyn HasScope>>> = const { RefCell::new(None) };
}

/// While this lives, a scope is the innermost.
struct Inside {
    outer: Option<Arc<dyn HasScope>>,
}

impl Inside {
    fn of(scope: Arc<dyn HasScope>) -> Inside {
        Inside { outer: CURRENT.replace(Some(scope)) }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        CURRENT.set(self.outer.take());
    }
}

/// Polls the coroutine of a scope, or drops it if it was cancelled and no member is left: then `None` is what it gives.
///
/// Panics of the coroutine, also of its drops, go through.
pub(super) fn poll_in<F: Future>(
    scope: &Arc<dyn HasScope>,
    mut coroutine: Pin<&mut Option<F>>,
    context: &mut Context<'_>,
) -> Poll<Option<F::Output>> {
    let cancellation = scope.scope();
    if cancellation.is_requested() {
        if !cancellation.is_held() {
            coroutine.set(None);
            return Poll::Ready(None);
        }
        cancellation.tell_members();
    }
    let Some(running) = coroutine.as_mut().as_pin_mut() else { return Poll::Pending };
    let polled = {
        let _inside = Inside::of(Arc::clone(scope));
        running.poll(context)
    };
    match polled {
        Poll::Ready(value) => {
            coroutine.set(None);
            Poll::Ready(Some(value))
        }
        // It has come to the point where it waits, and nothing in it has to end first.
        Poll::Pending if cancellation.is_requested() && !cancellation.is_held() => {
            coroutine.set(None);
            Poll::Ready(None)
        }
        Poll::Pending => Poll::Pending,
    }
}

/// What a future that must end something first has of the scope that it is in.
#[derive(Default)]
pub(super) enum Member {
    /// It was not polled yet, so no scope is known.
    #[default]
    Outside,
    /// It is in a scope, with its waker under this number.
    Inside { scope: Arc<dyn HasScope>, place: usize },
    /// What it waited for has ended, and the coroutine that it is in is about to be dropped. It is never ready.
    Gone,
}

impl Member {
    /// Enters the innermost scope, if it was in none, and returns whether that one is to be cancelled.
    pub(super) fn is_cancelled(&mut self, context: &Context<'_>) -> bool {
        if let Member::Outside = self {
            let Some(scope) = CURRENT.with_borrow(Clone::clone) else { return false };
            let entry = Entry { waker: context.waker().clone(), has_seen: false };
            let place = scope.scope().lock().entries.insert(entry);
            *self = Member::Inside { scope, place };
        }
        let Member::Inside { scope, place } = self else { return false };
        let is_requested = scope.scope().is_requested();
        let mut members = scope.scope().lock();
        let Members { entries, seen, .. } = &mut *members;
        if let Some(entry) = entries.get_mut(*place) {
            entry.waker.clone_from(context.waker());
            if is_requested && !entry.has_seen {
                entry.has_seen = true;
                *seen += 1;
            }
        }
        is_requested
    }

    /// Whether the scope that it is in is to be cancelled.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self, Member::Inside { scope, .. } if scope.scope().is_requested())
    }

    /// Leaves the scope, having something to give.
    pub(super) fn leave(&mut self) {
        // Its drop takes it out.
        *self = Member::Outside;
    }

    /// Leaves the scope, which can be dropped as far as this is concerned.
    pub(super) fn give_way(&mut self) {
        if let Member::Inside { scope, .. } = self {
            scope.scope().lock().have_given_way = true;
        }
        *self = Member::Gone;
    }

    /// What this has to give is to take the place of the cancellation. Returns whether it does; if not, this must give way.
    pub(super) fn absorb(&mut self) -> bool {
        match self {
            Member::Inside { scope, .. } => scope.scope().take_back(),
            Member::Outside | Member::Gone => true,
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(self, Member::Gone)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if let Member::Inside { scope, place } = self {
            let waker = scope.scope().lock().remove(*place);
            drop(waker);
        }
    }
}
