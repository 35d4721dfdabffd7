//! The vocabulary of Overlap: plain data without a clock, without a browser, and without any other module of this crate.

pub mod event;
pub mod experiment;
pub mod figures;
pub mod format;
pub mod fragment;
pub mod id;
pub mod lane;
pub mod message;
pub mod outcome;
pub mod packed;
pub mod plan;
pub mod run;
pub mod time;
pub mod trace;
