//! Programs of subprocesses: fetched, looked at and compiled once each.

use std::cell::RefCell;

use futures_util::future::{FutureExt, LocalBoxFuture, Shared};
use js_sys::{Array, Uint8Array, WebAssembly};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

use super::super::messages::{property, words};
use crate::engine::subprocess::{ImageKind, SpawnError, check_bytes, check_image};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch)]
    fn fetch(address: &str) -> js_sys::Promise;
}

type Loading = Shared<LocalBoxFuture<'static, Result<WebAssembly::Module, SpawnError>>>;

/// The programs of a page by their addresses. One that failed is asked for again.
#[derive(Default)]
pub struct Images(RefCell<Vec<(String, Loading)>>);

impl core::fmt::Debug for Images {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_set().entries(self.0.borrow().iter().map(|(address, _)| address)).finish()
    }
}

impl Images {
    /// The program at an address, which errors call by a name.
    ///
    /// # Errors
    /// If it cannot be had, or is no command.
    pub async fn get(&self, program: &str, address: &str) -> Result<WebAssembly::Module, SpawnError> {
        let known = self.0.borrow().iter().find(|(known, _)| known == address).map(|(_, loading)| loading.clone());
        let loading = known.unwrap_or_else(|| {
            let loading = load(program.to_owned(), address.to_owned()).boxed_local().shared();
            self.0.borrow_mut().push((address.to_owned(), loading.clone()));
            loading
        });
        let loaded = loading.await;
        if loaded.is_err() {
            self.0.borrow_mut().retain(|(known, _)| known != address);
        }
        loaded
    }
}

async fn load(program: String, address: String) -> Result<WebAssembly::Module, SpawnError> {
    let bytes =
        fetch_bytes(&address).await.map_err(|reason| SpawnError::NotFound { program: program.clone(), reason })?;
    compile(&program, &bytes).await
}

/// The bytes at an address, or why there are none.
async fn fetch_bytes(address: &str) -> Result<Vec<u8>, String> {
    let fetched = async {
        let response: Response = JsFuture::from(fetch(address)).await?.dyn_into()?;
        // Servers of single-page apps answer with their page where they have nothing.
        let kind = response.headers().get("content-type").ok().flatten().unwrap_or_default();
        if kind.starts_with("text/html") {
            return Err(js_sys::Error::new(&format!("{address} is a web page")).into());
        }
        if !response.ok() {
            return Err(js_sys::Error::new(&format!("{address}: status {}", response.status())).into());
        }
        let buffer = JsFuture::from(response.array_buffer()?).await?;
        Ok(Uint8Array::new(&buffer).to_vec())
    };
    fetched.await.map_err(|error: JsValue| words(&error))
}

/// Compiles a program and looks whether it is a command.
///
/// # Errors
/// If it is none.
pub async fn compile(program: &str, bytes: &[u8]) -> Result<WebAssembly::Module, SpawnError> {
    let is_none = |reason| SpawnError::NotExecutable { program: program.to_owned(), reason };
    check_bytes(bytes).map_err(is_none)?;
    let compiled = JsFuture::from(WebAssembly::compile(&Uint8Array::from(bytes))).await;
    let module: WebAssembly::Module = compiled
        .and_then(JsValue::dyn_into)
        .map_err(|error| is_none(format!("the browser says: {}", words(&error))))?;
    let text = |entry: &JsValue, name: &str| property(entry, name).as_string().unwrap_or_default();
    let kind = |entry: &JsValue| match text(entry, "kind").as_str() {
        "function" => ImageKind::Function,
        "memory" => ImageKind::Memory,
        _ => ImageKind::Other,
    };
    let imports = entries(&WebAssembly::Module::imports(&module), |entry| {
        (text(entry, "module"), text(entry, "name"), kind(entry))
    });
    let exports = entries(&WebAssembly::Module::exports(&module), |entry| (text(entry, "name"), kind(entry)));
    check_image(&imports, &exports).map_err(is_none)?;
    Ok(module)
}

fn entries<T>(list: &Array, make: impl Fn(&JsValue) -> T) -> Vec<T> {
    list.iter().map(|entry| make(&entry)).collect()
}
