//! CPython's tests of executors, of process pools and of asyncio once more, in a worker of a real browser: `./dev test browser`.
//!
//! They are the files of the native tests, as they are: processes are real ones here (`machine.rs`), and asyncio's time is
//! simulated. They block, which a worker may; but a thread of it starts only while the worker waits in its event loop. So each
//! test is preceded by what starts all threads, if nobody has yet.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "all of this is tests, as which the linter does not know them here")]

// `#[wasm_bindgen_test]` registers a test with what it finds in `::wasm_bindgen_test::__rt`. Under that name it finds this
// crate, so that what it takes for a test that cannot wait is registered as one that can.
extern crate self as wasm_bindgen_test;
extern crate wasm_bindgen_test as harness;

#[path = "../native/asyncio/mod.rs"]
mod asyncio;
#[path = "../native/futures/mod.rs"]
mod futures;
#[path = "../native/ports.rs"]
#[expect(dead_code, reason = "the tests of the models use the rest, and run natively")]
mod ports;
#[path = "../native/processes/mod.rs"]
mod processes;

harness::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// As many threads as the most demanding test has at the same time (8), and some that an earlier one has not given back yet.
const THREADS: usize = 12;

/// Starts the threads, once in this process.
async fn start_threads() {
    use std::sync::atomic::{AtomicBool, Ordering};
    // Tests are run one after another, so the first is here alone.
    static STARTED: AtomicBool = AtomicBool::new(false);
    if !STARTED.swap(true, Ordering::Relaxed) {
        let started = wasm_bindgen_futures::JsFuture::from(wasm_bindgen_rayon::init_thread_pool(THREADS));
        started.await.expect("the threads start");
    }
}

#[doc(hidden)]
pub mod __rt {
    //! What the attribute of tests wants to find.

    pub use harness::__rt::wasm_bindgen;

    /// The harness's own, which it hands to each test that is to be registered.
    #[repr(transparent)]
    #[expect(missing_debug_implementations, reason = "the harness's own has none")]
    pub struct Context(harness::__rt::Context);

    /// Whether a test is to panic, or to be left out, and the words for it.
    type Said = Option<Option<&'static str>>;

    impl Context {
        /// Registers a test that blocks, or gives what is to be awaited.
        pub fn execute_sync<R: Outcome>(
            &self,
            name: &str,
            test: impl FnOnce() -> R + 'static,
            panics: Said,
            ignored: Said,
        ) {
            let run = || async {
                crate::start_threads().await;
                test().end().await;
            };
            self.0.execute_async(name, run, panics, ignored);
        }
    }

    /// What a test gives.
    pub trait Outcome {
        /// Ends with the test.
        fn end(self) -> impl Future<Output = ()>;
    }

    impl Outcome for () {
        async fn end(self) {}
    }

    impl Outcome for std::pin::Pin<Box<dyn Future<Output = ()>>> {
        fn end(self) -> impl Future<Output = ()> {
            self
        }
    }
}
