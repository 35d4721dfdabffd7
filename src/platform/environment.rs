//! Where the page runs: cores, isolation, clock, and the service worker that is its network.

use gloo_timers::future::TimeoutFuture;
use js_sys::Reflect;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ServiceWorkerContainer, Window};

use super::clock::now_ms;
use super::process::isolated;
use crate::app::{Environment, Network};

/// How long a service worker may take to be installed and to take the page in, in milliseconds.
const NETWORK_TIME_MS: u32 = 5_000;
const NETWORK_LOOK_MS: u32 = 20;
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
        clock_step_us: Some(clock_step_us()),
        browser: navigator.user_agent().map(|agent| browser_name(&agent)).unwrap_or_default(),
    }
}

/// Installs the service worker and waits until it answers for this page. Reloads the page, once, where that makes it
/// isolated.
pub async fn start_network(window: &Window) -> Network {
    let navigator = window.navigator();
    // Where there is none, for example in private windows of some browsers, the property is missing.
    if !Reflect::has(&navigator, &"serviceWorker".into()).unwrap_or(false) {
        return Network::Absent;
    }
    let workers = navigator.service_worker();
    match register(&workers).await {
        Ok(()) if workers.controller().is_some() => {
            reload_to_isolate(window);
            Network::Ready
        }
        _ => Network::Absent,
    }
}

async fn register(workers: &ServiceWorkerContainer) -> Result<(), JsValue> {
    JsFuture::from(workers.register("sw.js")).await?;
    let mut waited_ms = 0;
    while workers.controller().is_none() && waited_ms < NETWORK_TIME_MS {
        TimeoutFuture::new(NETWORK_LOOK_MS).await;
        waited_ms += NETWORK_LOOK_MS;
        // A page that was loaded past an active worker stays so until the worker is asked.
        if let Some(active) = active_worker(workers).await {
            active.post_message(&"claim".into())?;
        }
    }
    Ok(())
}

async fn active_worker(workers: &ServiceWorkerContainer) -> Option<web_sys::ServiceWorker> {
    let registration = JsFuture::from(workers.get_registration()).await.ok()?;
    registration.dyn_into::<web_sys::ServiceWorkerRegistration>().ok()?.active()
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

/// The smallest step between two readings of the clock, in microseconds.
fn clock_step_us() -> f64 {
    let mut least_ms = f64::INFINITY;
    for _ in 0..10 {
        let start_ms = now_ms();
        let mut next_ms = start_ms;
        while next_ms <= start_ms {
            next_ms = now_ms();
        }
        least_ms = least_ms.min(next_ms - start_ms);
    }
    least_ms * 1_000.0
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
