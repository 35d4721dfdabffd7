//! Program images: what a process runs. Fetched and compiled once, for any number of processes.

use core::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;

use futures_util::future::{Either, FutureExt, LocalBoxFuture, Shared, select, try_join};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, WebAssembly};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Response, Url};

use super::messages::process_script_url;
use super::process::ProcessError;

/// How long an image may take to arrive, in milliseconds.
const LOAD_TIME_MS: u32 = 15_000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static PROGRAM_URL: String;

    #[wasm_bindgen(js_name = fetch)]
    fn fetch(address: &str) -> js_sys::Promise;
}

/// A compiled program, and its JavaScript side.
#[derive(Debug)]
pub struct Image {
    /// The start script of each worker.
    pub(super) script_url: String,
    /// The JavaScript side of the program, which the start script imports.
    pub(super) program_url: String,
    pub(super) module: JsValue,
}

impl Image {
    /// The program that this is itself. The tests have one image that is page and process.
    pub fn own() -> Image {
        Image {
            script_url: process_script_url(),
            program_url: PROGRAM_URL.with(Clone::clone),
            module: wasm_bindgen::module(),
        }
    }

    /// Fetches and compiles a program by the address of its JavaScript side, `NAME.js`, beside which is `NAME_bg.wasm`. The start
    /// script is part of `NAME.js`, which imports no other (`www/after_build.sh`). Workers have it from this page's memory: none
    /// of them asks the service worker for scripts, one after another, and all are of the same version.
    ///
    /// # Errors
    /// If it does not arrive, in time, or is no program.
    pub async fn load(program_url: String) -> Result<Image, ProcessError> {
        let failed = |reason: String| ProcessError::ImageFailed(reason);
        let Some(stem) = program_url.strip_suffix(".js") else { return Err(failed("its address is wrong".to_owned())) };
        let address = format!("{stem}_bg.wasm");
        let loaded = try_join(compile(&address), text(&program_url));
        let loaded = loaded.map(|loaded| loaded.and_then(|(module, script)| Ok((module, in_memory(&script)?))));
        match select(pin!(loaded), TimeoutFuture::new(LOAD_TIME_MS)).await {
            Either::Left((Ok((module, url)), _)) => Ok(Image { script_url: url.clone(), program_url: url, module }),
            Either::Left((Err(error), _)) => {
                let words = error.dyn_ref::<js_sys::Error>().map(|error| String::from(error.message()));
                Err(failed(words.unwrap_or_default()))
            }
            Either::Right(_) => Err(failed(format!("it did not arrive within {LOAD_TIME_MS} ms"))),
        }
    }
}

async fn compile(address: &str) -> Result<JsValue, JsValue> {
    if let Ok(module) = JsFuture::from(WebAssembly::compile_streaming(&fetch(address))).await {
        return Ok(module);
    }
    // A host that serves it as something else than `application/wasm` is served by this.
    let bytes = JsFuture::from(answer(address).await?.array_buffer()?).await?;
    JsFuture::from(WebAssembly::compile(&bytes)).await
}

async fn text(address: &str) -> Result<JsValue, JsValue> {
    JsFuture::from(answer(address).await?.text()?).await
}

async fn answer(address: &str) -> Result<Response, JsValue> {
    let response: Response = JsFuture::from(fetch(address)).await?.dyn_into()?;
    if !response.ok() {
        return Err(js_sys::Error::new(&format!("status {}", response.status())).into());
    }
    Ok(response)
}

/// An address in this page's memory for a script, for as long as the page is open.
fn in_memory(script: &JsValue) -> Result<String, JsValue> {
    let properties = BlobPropertyBag::new();
    properties.set_type("text/javascript");
    Url::create_object_url_with_blob(&Blob::new_with_str_sequence_and_options(&Array::of1(script), &properties)?)
}

type Loading = Shared<LocalBoxFuture<'static, Result<Rc<Image>, ProcessError>>>;

/// The image of all processes of a page: loaded when it is first asked for, and again only after a failure.
#[derive(Debug)]
pub struct SharedImage {
    program_url: String,
    loading: RefCell<Option<Loading>>,
}

impl SharedImage {
    /// The image at an address.
    pub fn new(program_url: String) -> SharedImage {
        SharedImage { program_url, loading: RefCell::default() }
    }

    /// The image, once it is there.
    ///
    /// # Errors
    /// Those of [`Image::load`].
    pub async fn get(&self) -> Result<Rc<Image>, ProcessError> {
        let load = || Image::load(self.program_url.clone()).map(|image| image.map(Rc::new)).boxed_local().shared();
        let loading = self.loading.borrow_mut().get_or_insert_with(load).clone();
        let loaded = loading.await;
        if loaded.is_err() {
            self.loading.take();
        }
        loaded
    }
}
