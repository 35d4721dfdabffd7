//! The program that handles files, in a worker of its own: what is exported, imported and kept never burdens the page.

mod entry;
mod store;
