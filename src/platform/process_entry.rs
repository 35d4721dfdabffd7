//! The other end of `process`: what runs in the worker, called by `www/process.js`.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::clock::BrowserClock;
use super::ports::{BrowserPorts, wake_for_stop};
use crate::engine::recorder::{Drain, Shared};
use crate::engine::{Env, run};
use crate::model::event::{EventKind, Phase};
use crate::model::id::LaneId;
use crate::model::plan::Job;

/// Slots of a ring: what one thread may record between two drains, 50 ms apart at most. 16,384 are 512 KiB, and 300,000
/// events a second.
const RING_CAPACITY: usize = 16_384;

static PORTS: OnceLock<BrowserPorts> = OnceLock::new();

fn ports() -> Result<&'static BrowserPorts, JsError> {
    PORTS.get().ok_or_else(|| JsError::new("the process was not started"))
}

/// Makes this worker a process with so many threads besides its own, whose clock's zero is `origin_ms` (milliseconds
/// since the Unix epoch). Gives the address of its block, and its clock's reading in milliseconds since the origin.
#[wasm_bindgen(js_name = processStart)]
pub async fn process_start(threads: u32, rings: u32, origin_ms: f64, base: String) -> Result<Vec<f64>, JsValue> {
    let shared: &'static Shared = Box::leak(Box::new(Shared::new(rings as usize, RING_CAPACITY)));
    let clock = BrowserClock { origin_ms };
    let ports = PORTS.get_or_init(|| BrowserPorts { clock, base, shared });
    let lane = shared.lane(0, LaneId::Process, ports);
    if threads > 0 {
        lane.enter(Phase::StartingThreads, None);
        JsFuture::from(wasm_bindgen_rayon::init_thread_pool(threads as usize)).await?;
    }
    lane.record(EventKind::LaneClosed, None, 0);
    Ok(vec![f64::from(shared.words().as_ptr() as u32), super::clock::absolute_ms() - origin_ms])
}

/// Runs a job to its report; both are in postcard's format.
#[wasm_bindgen(js_name = processRun)]
pub async fn process_run(job: Vec<u8>) -> Result<Vec<u8>, JsError> {
    let job: Job = postcard::from_bytes(&job)?;
    let ports = ports()?;
    // Tasks catch their own panics. One that gets here ends the process, so nobody sees what it left half done.
    let report = AssertUnwindSafe(run(&job, Env { ports, shared: ports.shared })).await;
    Ok(postcard::to_allocvec(&report)?)
}

/// Asks every task of this process to end.
#[wasm_bindgen(js_name = processStop)]
pub fn process_stop() {
    if let Ok(ports) = ports() {
        ports.shared.request_stop();
        wake_for_stop();
    }
}

/// Takes the events that wait, as words, for a page that cannot see this memory.
#[wasm_bindgen(js_name = processTake)]
pub fn process_take() -> Vec<u32> {
    let Ok(ports) = ports() else { return Vec::new() };
    let mut drain = Drain::default();
    let (events, _) = drain.take(ports.shared.words());
    events.iter().flat_map(|event| event.to_words()).collect()
}
