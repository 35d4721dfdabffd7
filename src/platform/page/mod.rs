//! The window's side: what the page runs and shows. Nothing here may block.

mod block;
mod canvas;
mod children;
mod commands;
mod drawing;
mod environment;
mod filing;
mod heartbeat;
mod image;
mod leg;
mod messages;
mod picture;
mod session;
mod shelf;
mod timeline;
mod window;

pub mod process;
pub mod subprocess;

pub use image::Image;
pub use window::Page;
