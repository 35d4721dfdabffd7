//! Who does what in these tests: the page, which starts a process for each test; that process, which has the pool; and the
//! processes of the pool.

use std::cell::RefCell;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{WebAssembly, encode_uri_component};
use overlap::engine::ports::PipeBroken;
use overlap::model::outcome::Report;
use overlap::model::plan::{Job, ModelKind, Options, Workload};
use overlap::platform::page::Image;
use overlap::platform::page::process::{Process, ProcessConfig};
use overlap::platform::worker::{PortPipe, turns};
use wasm_bindgen::prelude::*;
use web_sys::MessagePort;

use crate::futures::support::LONG;
use crate::processes::machine::{Board, Run, hold_lock};
use crate::processes::support::Child;

/// The image of a process that runs a test: the program that this is itself, behind these few lines.
///
/// A function is a place in the program's table, which is the same in all instances of the program.
fn image(test: fn() -> Run) -> Image {
    let own = Image::own();
    let (url, test) = (own.program_url(), test as usize);
    let program = format!(
        r#"import start, {{ testRun, testServe }} from "{url}";
        export * from "{url}";
        export {{ start as default, testServe as processServe }};
        export const processRun = () => testRun({test});"#
    );
    own.through(format!("data:text/javascript,{}", String::from(encode_uri_component(&program))))
}

/// On the page: runs a test in a process of its own, and says how it failed.
pub async fn run_in_process(test: fn() -> Run) -> Result<(), String> {
    let config = ProcessConfig::with_threads(Rc::new(image(test)), 0);
    // With the process end all those that it started.
    let process = Process::spawn(&config).map_err(|error| error.to_string())?;
    process.ready(&config).await.map_err(|error| error.to_string())?;
    // The image does not look at it.
    let workload = Workload::Tiny { tasks: 1 };
    let job = Job { workload, model: ModelKind::Processes, options: Options::default() };
    match select(pin!(process.run(&job)), TimeoutFuture::new(LONG.as_millis() as u32)).await {
        Either::Left((Ok(_), _)) => Ok(()),
        Either::Left((Err(error), _)) => Err(error.to_string()),
        Either::Right(_) => Err(format!("it hangs: it has not ended after {LONG:?}")),
    }
}

thread_local! {
    static LAST_PANIC: RefCell<String> = RefCell::default();
}

/// What the last panic of this process said, and where.
pub fn last_panic() -> String {
    LAST_PANIC.take()
}

/// In a process of the page: runs the test at this place.
///
/// # Errors
/// If it fails.
#[wasm_bindgen(js_name = testRun)]
pub async fn test_run(test: usize) -> Result<Vec<u8>, JsError> {
    std::panic::set_hook(Box::new(|panic| LAST_PANIC.set(panic.to_string())));
    let place: *const () = core::ptr::with_exposed_provenance(test);
    // SAFETY: it is what the page has made of a function of this type, in the same program.
    let test = unsafe { core::mem::transmute::<*const (), fn() -> Run>(place) };
    match AssertUnwindSafe(turns::run(test())).catch_unwind().await {
        Ok(()) => Ok(postcard::to_allocvec(&Report::default())?),
        Err(_) => Err(JsError::new(&last_panic())),
    }
}

/// In a process of a process: does what the tests ask for.
///
/// # Errors
/// If it is to die of what came through the port.
#[wasm_bindgen(js_name = testServe)]
pub async fn test_serve(number: u32, port: MessagePort, parent_memory: WebAssembly::Memory) -> Result<(), JsError> {
    let board = Board::of(&parent_memory);
    let pipe = PortPipe::new(port, Some(parent_memory));
    hold_lock(number).await;
    let child = Child::new(number, board.host(), board.fault_of(number));
    let lived = AssertUnwindSafe(turns::run(async move {
        match select(pin!(child.live(&pipe)), pin!(board.killed(number))).await {
            Either::Left((lived, _)) => lived,
            Either::Right(_) => core::arch::wasm32::unreachable(),
        }
    }));
    lived.await.map_err(|PipeBroken(reason)| JsError::new(&reason))
}
