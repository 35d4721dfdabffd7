//! Being told which of many tasks have ended.

use core::task::{Context, Waker};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::task::Task;

/// The tasks that have ended, by their places, in the order in which they did.
#[derive(Default)]
pub(super) struct Arrivals {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    places: Vec<usize>,
    waker: Option<Waker>,
}

impl Arrivals {
    /// Is told of the end of each of these tasks.
    pub(super) fn of<T>(tasks: &[Task<T>]) -> Arc<Arrivals> {
        let arrivals = Arc::<Arrivals>::default();
        for (place, task) in tasks.iter().enumerate() {
            let arrivals = Arc::clone(&arrivals);
            task.add_done_callback(move |_| arrivals.arrive(place));
        }
        arrivals
    }

    fn arrive(&self, place: usize) {
        let mut state = self.lock();
        state.places.push(place);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Those that have arrived since the last call. Whoever polls is woken when there are more.
    pub(super) fn take(&self, context: &Context<'_>) -> Vec<usize> {
        let mut state = self.lock();
        let earlier = state.waker.replace(context.waker().clone());
        let places = core::mem::take(&mut state.places);
        drop(state);
        drop(earlier);
        places
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
