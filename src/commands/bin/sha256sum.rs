//! `sha256sum`: the SHA-256 of stdin, as GNU's writes it.
#![no_std]
#![no_main]
#![cfg(target_arch = "wasm32")]

use overlap_commands::process::{Failure, Process, each_piece};
use overlap_commands::sha256::Sha256;

overlap_commands::command!("sha256sum", sha256sum);

fn sha256sum(process: &mut Process<'_>) -> Result<(), Failure> {
    let mut sha = Sha256::default();
    each_piece(|piece| {
        sha.add(piece);
        Ok(())
    })?;
    let digit = |value: u8| if value < 10 { b'0' + value } else { b'a' + value - 10 };
    for byte in sha.finish() {
        process.write(&[digit(byte >> 4), digit(byte & 15)])?;
    }
    process.write(b"  -\n")
}
