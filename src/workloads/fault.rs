//! Work that fails on purpose.

use std::hint::black_box;

/// Memory that is taken at a time, in bytes.
const PIECE_BYTES: usize = 16 << 20;
/// Where a task that takes memory without end stops on a machine that has it.
#[cfg(not(target_arch = "wasm32"))]
const NATIVE_PIECES: usize = 8;

/// Ends the program as a fault of the processor would: nothing can catch it, and what was held stays held.
pub fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}

/// Computes for ever and looks at nothing. (Natively it looks at one thing, so that tests end.)
pub fn endless(#[cfg_attr(target_arch = "wasm32", expect(unused))] keep_going: &dyn Fn() -> bool) {
    let mut number = 0_u64;
    loop {
        #[cfg(not(target_arch = "wasm32"))]
        if !keep_going() {
            return;
        }
        number = black_box(number.wrapping_add(1));
    }
}

/// Takes memory until there is none, which ends its process. (Natively: until it has taken much.)
pub fn allocate(keep_going: &dyn Fn() -> bool) {
    let mut taken: Vec<Vec<u8>> = Vec::new();
    while keep_going() {
        // Written to, so that it is really taken.
        taken.push(black_box(vec![1; PIECE_BYTES]));
        #[cfg(not(target_arch = "wasm32"))]
        if taken.len() == NATIVE_PIECES {
            return;
        }
    }
}
