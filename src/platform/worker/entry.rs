//! What `www/process.js` calls: the program of a process, from its start to its end.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;

use js_sys::WebAssembly;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::MessagePort;

use super::children::PortPipe;
use super::ports::{BrowserPorts, wake_for_stop};
use super::turns;
use crate::engine::ports::PipeBroken;
use crate::engine::process_pool::serve;
use crate::engine::recorder::Shared;
use crate::engine::{Env, run};
use crate::model::event::{EventKind, Phase};
use crate::model::id::LaneId;
use crate::model::plan::Job;
use crate::platform::clock::{BrowserClock, correct_clock};

/// Slots of a ring, of 32 bytes: what one thread may record between two drains, which are 50 ms apart at most while the page is
/// seen. A thread by itself may have ten thousand tiny tasks in that time, with five events each; of many threads, each has
/// fewer, and 16,384 slots are 300,000 events a second.
fn ring_capacity(threads: u32) -> usize {
    match threads {
        0 | 1 => 1 << 16,
        2..=8 => 1 << 15,
        _ => 1 << 14,
    }
}

static PORTS: OnceLock<BrowserPorts> = OnceLock::new();

fn ports() -> Result<&'static BrowserPorts, JsError> {
    PORTS.get().ok_or_else(|| JsError::new("the process was not started"))
}

#[wasm_bindgen(module = "/www/process.js")]
extern "C" {
    #[wasm_bindgen(js_name = sayNoMemory)]
    fn say_no_memory();
}

/// Lays the clock of this worker onto the page's, before it records anything.
#[wasm_bindgen(js_name = processClock)]
pub fn process_clock(correction_ms: f64, page_ms: f64) {
    correct_clock(correction_ms, page_ms);
}

/// Makes this worker a process with so many threads besides its own, whose clock's zero is `origin_ms` (milliseconds
/// since the Unix epoch). `number` is 0, or that of a process that another started. Gives the address of its block.
#[wasm_bindgen(js_name = processStart)]
pub async fn process_start(
    number: u32,
    threads: u32,
    origin_ms: f64,
    base: String,
    memory_is_shared: bool,
) -> Result<u32, JsValue> {
    // What follows is a trap like any other.
    std::alloc::set_alloc_error_hook(|_| say_no_memory());
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(threads as usize + 1, ring_capacity(threads))));
    let clock = BrowserClock { origin_ms };
    let ports = PORTS.get_or_init(|| BrowserPorts { clock, base, shared, thread_count: threads, memory_is_shared });
    let lane = shared.lane(0, if number == 0 { LaneId::Process } else { LaneId::Child(number) }, ports);
    if threads > 0 {
        lane.enter(Phase::StartingThreads, None);
        JsFuture::from(wasm_bindgen_rayon::init_thread_pool(threads as usize)).await?;
    }
    lane.record(EventKind::LaneClosed, None, 0);
    Ok(shared.words().as_ptr() as u32)
}

/// Runs a job to its report; both are in postcard's format.
#[wasm_bindgen(js_name = processRun)]
pub async fn process_run(job: Vec<u8>) -> Result<Vec<u8>, JsError> {
    let job: Job = postcard::from_bytes(&job)?;
    let ports = ports()?;
    // Tasks catch their own panics. One that gets here ends the process, so nobody sees what it left half done.
    let ran = AssertUnwindSafe(turns::run(async move { run(&job, Env::new(ports, ports.shared)).await }));
    let report = ran.await;
    Ok(postcard::to_allocvec(&report)?)
}

/// Does what a parent asks for through a port, until the process is ended. Where memory is shared, it sees the parent's.
#[wasm_bindgen(js_name = processServe)]
pub async fn process_serve(
    number: u32,
    port: MessagePort,
    parent_memory: Option<WebAssembly::Memory>,
) -> Result<(), JsError> {
    let ports = ports()?;
    let served = AssertUnwindSafe(turns::run(async move {
        let pipe = PortPipe::new(port, parent_memory);
        serve(&pipe, number, Env::new(ports, ports.shared)).await
    }));
    served.await.map_err(|PipeBroken(reason)| JsError::new(&reason))
}

/// Asks every task of this process to end.
#[wasm_bindgen(js_name = processStop)]
pub fn process_stop() {
    if let Ok(ports) = ports() {
        ports.shared.request_stop();
        wake_for_stop();
    }
}

/// Posts the events that wait, for a page that cannot see this memory.
#[wasm_bindgen(js_name = processPublish)]
pub fn process_publish() {
    if let Ok(ports) = ports() {
        ports.post_events();
    }
}
