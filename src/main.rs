//! The page's program: joins what is drawn to what runs.

#[cfg(target_arch = "wasm32")]
fn main() {
    use std::rc::Rc;

    use overlap::platform::page::Page;
    use overlap::ui;

    ui::start(Rc::new(|send| {
        let page = Page::open(send)?;
        Some(Rc::new(move |effect| page.perform(effect)) as ui::Perform)
    }));
}

#[cfg(not(target_arch = "wasm32"))]
#[expect(clippy::print_stderr, reason = "there is nothing else to say it with")]
fn main() {
    eprintln!("Overlap runs in a browser: './dev serve' shows it.");
    std::process::exit(2);
}
