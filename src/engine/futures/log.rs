//! Where errors go that no caller waits for: a callback that panicked, an initializer that failed.
//!
//! CPython has its logger "concurrent.futures" for this. Here whoever wants to read sets a hook; without one, nothing is
//! kept. The panic hook of the program has seen each panic already.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};

use crate::engine::futures::panic_failure;
use crate::model::outcome::Failure;

/// How bad it is, as CPython grades it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Somebody's callback failed; nothing else did.
    Error,
    /// A worker or its pool is of less use than it was.
    Critical,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub level: Level,
    pub message: String,
}

type Hook = Arc<dyn Fn(&Record) + Send + Sync>;

static HOOK: RwLock<Option<Hook>> = RwLock::new(None);

/// Sends every later record of this process to `hook`, and to no earlier one.
///
/// It is called on the thread where the error happened, with no lock held. If it panics, that is ignored.
pub fn set_hook(hook: impl Fn(&Record) + Send + Sync + 'static) {
    let hook: Hook = Arc::new(hook);
    // The one before is dropped outside the lock: its drop is somebody else's code.
    let _earlier = HOOK.write().unwrap_or_else(PoisonError::into_inner).replace(hook);
}

pub(in crate::engine) fn record(level: Level, message: String) {
    let hook = HOOK.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(hook) = hook {
        let record = Record { level, message };
        // A log that fails has nowhere to say so.
        let _: Result<(), Box<dyn Any + Send>> = catch_unwind(AssertUnwindSafe(|| hook(&record)));
    }
}

/// Runs code of somebody else's. A panic in it is its failure, and goes no further.
pub(in crate::engine) fn guard<T>(run: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|payload| panic_failure(payload.as_ref()))
}
