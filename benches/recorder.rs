//! What recording one event costs, in a worker of a real browser: `./dev bench`.
#![cfg(target_arch = "wasm32")]

use overlap::engine::recorder::{Drain, Shared};
use overlap::model::event::Phase;
use overlap::model::id::{LaneId, TaskId};
use overlap::platform::clock::{BrowserClock, absolute_ms, now_ms};
use wasm_bindgen_test::{console_log, wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

const EVENTS: u32 = 16_000;
const ROUNDS: usize = 30;

#[wasm_bindgen_test]
fn recording_an_event() {
    let shared = Shared::new(1, EVENTS as usize);
    let clock = BrowserClock { origin_ms: absolute_ms() };
    let lane = shared.lane(0, LaneId::Thread(0), &clock);
    let mut drain = Drain::default();
    let mut ns: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start_ms = now_ms();
            for task in 0..EVENTS {
                lane.enter(Phase::Computing, Some(TaskId(task)));
            }
            let taken_ms = now_ms() - start_ms;
            assert_eq!(drain.take(shared.words()).0.len(), EVENTS as usize);
            taken_ms * 1e6 / f64::from(EVENTS)
        })
        .collect();
    ns.sort_by(f64::total_cmp);
    console_log!(
        "recording an event: median {:.0} ns, least {:.0}, most {:.0} (n = {ROUNDS} rounds of {EVENTS}; at most 1,000)",
        ns[ROUNDS / 2],
        ns[0],
        ns[ROUNDS - 1]
    );
}
