//! Where the page runs: cores, isolation, clock, and the service worker that is its network.

use gloo_timers::future::TimeoutFuture;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration, Window};

use super::process::isolated;
use crate::app::{Environment, Network};
use crate::platform::clock::now_ms;

/// How long a service worker may take to be installed and to take the page in before the page says that it has none, in
/// milliseconds: a multiple of how often it looks.
const NETWORK_TIME_MS: u32 = 5_000;
const NETWORK_LOOK_MS: u32 = 20;
/// How often it looks after that.
const LATE_LOOK_MS: u32 = 1_000;
/// How often the clock is read to see its step: some 5 ms. Browsers that resist fingerprinting have steps of 100 ms, which
/// are not waited for.
const CLOCK_READINGS: u32 = 20_000;
/// Where the page remembers that it was reloaded to become isolated, so that it is not reloaded for ever.
const RELOADED_KEY: &str = "overlap-reloaded";

/// What is known at once.
pub fn environment(window: &Window) -> Environment {
    let navigator = window.navigator();
    Environment {
        // A browser that does not say, or says none, has one.
        cores: (navigator.hardware_concurrency() as u32).max(1),
        isolated: isolated(),
        network: Network::Starting,
        clock_step_us: clock_step_us(),
        browser: navigator.user_agent().map(|agent| browser_name(&agent)).unwrap_or_default(),
    }
}

/// Installs the service worker and tells how the page's network stands, each time that changes. Reloads the page, once,
/// where that makes it isolated.
pub async fn start_network(window: &Window, tell: impl Fn(Network)) {
    let navigator = window.navigator();
    // Where there is none, for example in private windows of some browsers, the property is missing.
    if !Reflect::has(&navigator, &"serviceWorker".into()).unwrap_or(false) {
        return tell(Network::Absent);
    }
    let workers = navigator.service_worker();
    let Ok(script) = register(&workers).await else { return tell(Network::Absent) };
    let mut waited_ms = 0;
    while !controls(&workers, &script) {
        // A page that was loaded past an active worker stays so until the worker is asked.
        let asked = match active_worker(&workers).await {
            Some(active) => active.post_message(&"claim".into()),
            None => Ok(()),
        };
        if asked.is_err() || waited_ms == NETWORK_TIME_MS {
            // It may still come: then the page says so.
            tell(Network::Absent);
        }
        let pause_ms = if waited_ms < NETWORK_TIME_MS { NETWORK_LOOK_MS } else { LATE_LOOK_MS };
        TimeoutFuture::new(pause_ms).await;
        waited_ms += pause_ms;
    }
    reload_to_isolate(window);
    tell(Network::Ready);
}

/// Registers the service worker, and gives the address of its script.
async fn register(workers: &ServiceWorkerContainer) -> Result<String, JsValue> {
    let registration: ServiceWorkerRegistration = JsFuture::from(workers.register("sw.js")).await?.dyn_into()?;
    let worker = registration.active().or_else(|| registration.waiting()).or_else(|| registration.installing());
    worker.map(|worker| worker.script_url()).ok_or(JsValue::UNDEFINED)
}

/// Whether this very service worker answers for the page; a site may have another for all its folders.
fn controls(workers: &ServiceWorkerContainer, script: &str) -> bool {
    workers.controller().is_some_and(|worker| worker.script_url() == script)
}

/// Whether a service worker answers for this page, and for the workers that it makes from now on: they stay with it, or without.
pub(super) fn is_controlled() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let navigator = window.navigator();
    let has_them = Reflect::has(&navigator, &"serviceWorker".into()).unwrap_or(false);
    has_them && navigator.service_worker().controller().is_some()
}

async fn active_worker(workers: &ServiceWorkerContainer) -> Option<web_sys::ServiceWorker> {
    let registration = JsFuture::from(workers.get_registration()).await.ok()?;
    registration.dyn_into::<ServiceWorkerRegistration>().ok()?.active()
}

fn reload_to_isolate(window: &Window) {
    let Ok(Some(storage)) = window.session_storage() else { return };
    if isolated() {
        let _ = storage.remove_item(RELOADED_KEY);
    } else if storage.get_item(RELOADED_KEY).is_ok_and(|value| value.is_none())
        && storage.set_item(RELOADED_KEY, "yes").is_ok()
    {
        let _ = window.location().reload();
    }
}

/// The smallest step between two readings of the clock, in microseconds, if there was one.
fn clock_step_us() -> Option<f64> {
    let (mut before_ms, mut least_ms, mut seen) = (now_ms(), f64::INFINITY, 0);
    for _ in 0..CLOCK_READINGS {
        let reading_ms = now_ms();
        if reading_ms > before_ms {
            least_ms = least_ms.min(reading_ms - before_ms);
            seen += 1;
        }
        before_ms = reading_ms;
        if seen == 20 {
            break;
        }
    }
    (seen > 0).then_some(least_ms * 1_000.0)
}

fn browser_name(agent: &str) -> String {
    for (mark, name) in [("Firefox/", "Firefox"), ("Edg/", "Edge"), ("Chrome/", "Chrome"), ("Version/", "Safari")] {
        if let Some((_, rest)) = agent.split_once(mark) {
            let version = rest.split(['.', ' ']).next().unwrap_or_default();
            return format!("{name} {version}");
        }
    }
    agent.to_owned()
}
