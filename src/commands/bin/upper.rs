//! `upper`: stdin in capital letters, as `tr a-z A-Z` has it. It writes each piece as it comes.
#![no_std]
#![no_main]
#![cfg(target_arch = "wasm32")]

use overlap_commands::process::{Failure, Process, each_piece};

overlap_commands::command!("upper", upper);

fn upper(process: &mut Process<'_>) -> Result<(), Failure> {
    each_piece(|piece| {
        piece.make_ascii_uppercase();
        process.write(piece)?;
        process.flush()
    })
}
