//! What leaves the page: files of runs, pictures of the timeline and of charts, and runs for speedscope.

use futures_channel::oneshot;
use js_sys::{Array, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, CanvasRenderingContext2d, HtmlAnchorElement, HtmlCanvasElement, HtmlImageElement, Url,
};

use super::super::canvas::{AREA_MAX_PX, SIDE_MAX_PX};
use super::super::drawing::drawing;
use super::Shelf;
use crate::app::{ChartFormat, RunsMsg};
use crate::files::ask::{Ask, Format};
use crate::model::run::Run;

impl Shelf {
    /// The file that is written of a run; what is refused is told.
    async fn written(&self, ask: Ask) -> Option<Blob> {
        self.answer(ask, None).await?.file
    }

    pub(super) async fn export(&self, run: Run, format: Format) {
        let name = file_name(&run, format.ending());
        let Some(file) = self.written(Ask::Export(run, format)).await else { return };
        if format == Format::Markdown && self.copy(&file).await.is_some() {
            return self.tell(RunsMsg::Done("Copied!"));
        }
        match self.download(&file, &name) {
            Ok(()) => self.tell(RunsMsg::Done("Exported")),
            Err(_) => self.tell(RunsMsg::Refused("The browser did not take the file. Try again.".to_owned())),
        }
    }

    async fn copy(&self, file: &Blob) -> Option<()> {
        let navigator = self.window.navigator();
        // Pages that are neither on https nor on localhost have no clipboard.
        let has_clipboard =
            Reflect::get(&navigator, &"clipboard".into()).is_ok_and(|clipboard| !clipboard.is_undefined());
        let text = JsFuture::from(file.text()).await.ok()?.as_string().filter(|_| has_clipboard)?;
        JsFuture::from(navigator.clipboard().write_text(&text)).await.ok().map(drop)
    }

    fn download(&self, file: &Blob, name: &str) -> Result<(), JsValue> {
        let address = Url::create_object_url_with_blob(file)?;
        let document = self.window.document().ok_or(JsValue::UNDEFINED)?;
        let link: HtmlAnchorElement = document.create_element("a")?.dyn_into()?;
        link.set_href(&address);
        link.set_download(name);
        link.click();
        Url::revoke_object_url(&address)
    }

    /// The whole timeline, also what is not on the screen.
    pub(super) async fn export_picture(&self, run: Run) {
        let name = file_name(&run, "png");
        let Some(svg) = self.written(Ask::Export(run, Format::Svg)).await else { return };
        let downloaded = self.painted(&svg).await.is_some_and(|file| self.download(&file, &name).is_ok());
        self.tell(if downloaded {
            RunsMsg::Done("Exported")
        } else {
            RunsMsg::Refused("The browser made no picture: it may be too large. Try SVG, or another format.".to_owned())
        });
    }

    pub(super) async fn export_chart(&self, id: &str, format: ChartFormat) -> Option<()> {
        let drawing = drawing(&self.window, id)?;
        let options = BlobPropertyBag::new();
        options.set_type("image/svg+xml");
        let svg = Blob::new_with_str_sequence_and_options(&Array::of1(&drawing.as_str().into()), &options).ok()?;
        match format {
            ChartFormat::Svg => self.download(&svg, &format!("{id}.svg")).ok(),
            ChartFormat::Png => self.download(&self.painted(&svg).await?, &format!("{id}.png")).ok(),
        }
    }

    /// A PNG file of what an SVG file draws, at twice its size or more, as far as browsers can.
    async fn painted(&self, svg: &Blob) -> Option<Blob> {
        let address = Url::create_object_url_with_blob(svg).ok()?;
        let image = HtmlImageElement::new().ok()?;
        image.set_src(&address);
        let decoded = JsFuture::from(image.decode()).await;
        // It has been read, or never will be.
        let _ = Url::revoke_object_url(&address);
        decoded.ok()?;
        let (width, height) = (f64::from(image.natural_width()), f64::from(image.natural_height()));
        let ratio = self.window.device_pixel_ratio().max(2.0);
        let ratio = ratio.min(SIDE_MAX_PX / width.max(height)).min((AREA_MAX_PX / (width * height)).sqrt());
        let (width, height) = ((width * ratio).floor(), (height * ratio).floor());
        let canvas: HtmlCanvasElement = self.window.document()?.create_element("canvas").ok()?.dyn_into().ok()?;
        canvas.set_width(width as u32);
        canvas.set_height(height as u32);
        let context: CanvasRenderingContext2d = canvas.get_context("2d").ok()??.dyn_into().ok()?;
        context.draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height).ok()?;
        let (send, made) = oneshot::channel();
        let take = Closure::once_into_js(move |file: Option<Blob>| drop(send.send(file)));
        canvas.to_blob(take.unchecked_ref()).ok()?;
        made.await.ok()?
    }

    /// speedscope lies beside the page, and reads the file from the page's memory.
    pub(super) async fn open_in_speedscope(&self, run: Run) {
        let title = run.title();
        let Some(file) = self.written(Ask::Export(run, Format::Chrome)).await else { return };
        let opened = Url::create_object_url_with_blob(&file).and_then(|address| {
            let part = |text: &str| String::from(js_sys::encode_uri_component(text));
            let page = format!("speedscope/index.html#profileURL={}&title={}", part(&address), part(&title));
            // The address stays valid while this page is open, as that one may be loaded anew.
            self.window.open_with_url_and_target(&page, "_blank")
        });
        self.tell(match opened {
            Ok(Some(_)) => RunsMsg::Done("Opened"),
            _ => RunsMsg::Refused(
                "The browser let no page open. Allow pop-ups for this page, then try again.".to_owned(),
            ),
        });
    }
}

/// What a file is called: by the run, in letters that every system takes.
fn file_name(run: &Run, ending: &str) -> String {
    let title: String = run.title().chars().take(40).map(|c| c.to_ascii_lowercase()).collect();
    let words: Vec<&str> = title.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    format!("{}.{ending}", if words.is_empty() { "overlap".to_owned() } else { words.join("-") })
}
