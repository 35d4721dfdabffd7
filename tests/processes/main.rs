//! CPython's tests of process pools once more, on real processes in a real browser: `./dev test browser`.
//!
//! They are the files of the native tests, as they are; only the machine that they run on is another (`machine.rs`). A pool
//! belongs to a process, so each test is run in one, and the page only says whether it ended well. The image of that process
//! is this program with two of its entries replaced: what it runs is a test, and what it serves is what the tests ask of
//! processes. Its children have the same image.
#![cfg(target_arch = "wasm32")]
#![expect(clippy::unwrap_used, reason = "all of this is tests, as which the linter does not know them here")]

// `#[wasm_bindgen_test]` registers a test with what it finds in `::wasm_bindgen_test::__rt`. Under that name it finds this
// crate, so that a test is registered as one that starts a process.
extern crate self as wasm_bindgen_test;
extern crate wasm_bindgen_test as harness;

#[path = "../native/futures"]
mod futures {
    #[expect(dead_code, reason = "the tests of futures use the rest")]
    pub mod support;
}

#[path = "../native/processes"]
mod processes {
    mod any_options;
    mod carriers;
    mod deadlock;
    mod executor;
    mod faults;
    mod initializer;
    #[path = "../../processes/machine.rs"]
    pub mod machine;
    // Not `model.rs`, which is about what is recorded and brings ports of its own: `tests/browser/pools.rs` has that on real
    // processes.
    mod pace;
    mod pool;
    mod process_pool;
    mod shutdown;
    pub mod support;
    mod wait;
    mod worker_lifetime;
}

mod roles;

harness::wasm_bindgen_test_configure!(run_in_browser);

#[doc(hidden)]
pub mod __rt {
    //! What the attribute of tests wants to find.

    pub use harness::__rt::wasm_bindgen;

    use crate::processes::machine::Run;

    /// The harness's own, which it hands to each test that is to be registered.
    #[repr(transparent)]
    #[expect(missing_debug_implementations, reason = "the harness's own has none")]
    pub struct Context(harness::__rt::Context);

    /// Whether a test is to panic, or to be left out, and the words for it.
    type Said = Option<Option<&'static str>>;

    impl Context {
        /// Registers a test that is to be run in a process.
        pub fn execute_sync(&self, name: &str, test: fn() -> Run, panics: Said, ignored: Said) {
            self.0.execute_async(name, move || crate::roles::run_in_process(test), panics, ignored);
        }
    }
}
