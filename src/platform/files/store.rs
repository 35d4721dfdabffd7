//! Runs that are kept in the browser: each a file of Overlap's own format, in the browser's cache storage.
//!
//! A run is one response by the address `kept-runs/ID`: its body is the file, which says its own version and is migrated as any
//! imported one; its headers have what a list shows, so that a list reads no body. Putting a response is one step that happens
//! or does not.

use js_sys::{Array, Date, Reflect, Uint8Array, decode_uri_component, encode_uri_component};
use thiserror::Error;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheStorage, Headers, Request, Response, ResponseInit};

use crate::files::ask::Kept;
use crate::files::{self, json, limits};
use crate::model::run::Run;
use crate::platform::clock::ahead_minutes;

/// The service worker removes caches whose names begin as its own does, so this one's does not.
const CACHE: &str = "runs-of-overlap";
const FOLDER: &str = "kept-runs/";
const NAME: &str = "x-overlap-name";
const TITLE: &str = "x-overlap-title";
const BYTES: &str = "x-overlap-bytes";

/// How many runs without a name are kept.
const UNNAMED_MAX: usize = 20;
/// The most bytes of all runs without a name.
const UNNAMED_BYTES_MAX: u64 = 64 << 20;

/// Why runs cannot be kept, or one not opened.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error(
        "This browser keeps no runs here: a private window, or a page that is not on https or localhost. Export them instead."
    )]
    Absent,
    #[error("The browser has no room left to keep this run. Remove kept runs, or free space, then try again.")]
    Full,
    #[error("This run is no longer kept: it was removed in another tab, or by the browser.")]
    Gone,
    #[error("The kept run cannot be read. {0}")]
    Unreadable(#[from] files::FileError),
    #[error("The browser could not keep or find the run ({0}). Reload the page, then try again.")]
    Failed(String),
}

impl StoreError {
    fn of_browser(error: &JsValue) -> StoreError {
        let text = |name: &str| Reflect::get(error, &name.into()).ok().and_then(|value| value.as_string());
        match text("name").as_deref() {
            Some("QuotaExceededError") => StoreError::Full,
            Some("SecurityError") => StoreError::Absent,
            _ => StoreError::Failed(text("message").unwrap_or_default()),
        }
    }
}

async fn wait(promise: js_sys::Promise) -> Result<JsValue, StoreError> {
    JsFuture::from(promise).await.map_err(|error| StoreError::of_browser(&error))
}

async fn cache() -> Result<Cache, StoreError> {
    // Pages that are not secure have none.
    let storage = Reflect::get(&js_sys::global(), &"caches".into())
        .ok()
        .and_then(|caches| caches.dyn_into::<CacheStorage>().ok());
    let opened = wait(storage.ok_or(StoreError::Absent)?.open(CACHE)).await?;
    opened.dyn_into().map_err(|_| StoreError::Absent)
}

fn address(id: u64) -> String {
    format!("{FOLDER}{id}")
}

async fn find(cache: &Cache, id: u64) -> Result<Option<Response>, StoreError> {
    Ok(wait(cache.match_with_str(&address(id))).await?.dyn_into().ok())
}

async fn put(cache: &Cache, id: u64, bytes: &[u8], name: &str, title: &str) -> Result<(), StoreError> {
    let failed = |error: JsValue| StoreError::of_browser(&error);
    let headers = Headers::new().map_err(failed)?;
    // Headers have no other letters than these.
    headers.set(NAME, &String::from(encode_uri_component(name))).map_err(failed)?;
    headers.set(TITLE, &String::from(encode_uri_component(title))).map_err(failed)?;
    headers.set(BYTES, &bytes.len().to_string()).map_err(failed)?;
    headers.set("content-type", "application/json").map_err(failed)?;
    let init = ResponseInit::new();
    init.set_headers(&headers);
    // A copy, since browsers take nothing of memory that is shared.
    let body = Uint8Array::from(bytes);
    let response = Response::new_with_opt_buffer_source_and_init(Some(body.as_ref()), &init).map_err(failed)?;
    wait(cache.put_with_str(&address(id), &response)).await.map(drop)
}

async fn body(response: &Response) -> Result<Vec<u8>, StoreError> {
    let buffer = wait(response.array_buffer().map_err(|error| StoreError::of_browser(&error))?).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

fn header(response: &Response, name: &str) -> String {
    let text = response.headers().get(name).ok().flatten().unwrap_or_default();
    decode_uri_component(&text).map(String::from).unwrap_or_default()
}

/// The runs that are kept, the latest first.
pub async fn list() -> Result<Vec<Kept>, StoreError> {
    let cache = cache().await?;
    let mut list = Vec::new();
    for request in Array::from(&wait(cache.keys()).await?).iter() {
        let Ok(request) = request.dyn_into::<Request>() else { continue };
        let Some(id) = request.url().rsplit('/').next().and_then(|id| id.parse().ok()) else { continue };
        // One may go while the others are read.
        if let Some(response) = find(&cache, id).await? {
            let bytes = header(&response, BYTES).parse().unwrap_or(0);
            list.push(Kept {
                id,
                ahead_minutes: ahead_minutes(id),
                name: header(&response, NAME),
                title: header(&response, TITLE),
                bytes,
            });
        }
    }
    list.sort_by_key(|kept| core::cmp::Reverse(kept.id));
    Ok(list)
}

/// Keeps a run, and makes room for it: of those without a name, the oldest go. Gives its number.
pub async fn keep(run: &Run) -> Result<u64, StoreError> {
    let cache = cache().await?;
    let mut id = Date::now() as u64;
    while find(&cache, id).await?.is_some() {
        id += 1;
    }
    put(&cache, id, &json::write(run), &run.name, &limits::name(&run.usual_title())).await?;
    let (mut count, mut bytes) = (0, 0);
    for kept in list().await?.into_iter().filter(|kept| kept.name.is_empty()) {
        count += 1;
        bytes += kept.bytes;
        if count > UNNAMED_MAX || (bytes > UNNAMED_BYTES_MAX && kept.id != id) {
            remove(kept.id).await?;
        }
    }
    Ok(id)
}

/// Reads a kept run.
pub async fn open(id: u64) -> Result<Run, StoreError> {
    let response = find(&cache().await?, id).await?.ok_or(StoreError::Gone)?;
    let run = files::import(&body(&response).await?, "")?.run;
    Ok(Run { name: header(&response, NAME), ..run })
}

/// Calls a run by a name; an empty one takes its name away.
pub async fn name(id: u64, name: &str) -> Result<(), StoreError> {
    let cache = cache().await?;
    let response = find(&cache, id).await?.ok_or(StoreError::Gone)?;
    let title = header(&response, TITLE);
    put(&cache, id, &body(&response).await?, &limits::name(name), &title).await
}

/// Forgets a run.
pub async fn remove(id: u64) -> Result<(), StoreError> {
    wait(cache().await?.delete_with_str(&address(id))).await.map(drop)
}
