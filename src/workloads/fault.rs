//! Work that fails on purpose.

/// Ends the program as a fault of the processor would: nothing can catch it, and what was held stays held.
pub fn trap() -> ! {
    #[cfg(target_arch = "wasm32")]
    core::arch::wasm32::unreachable();
    #[cfg(not(target_arch = "wasm32"))]
    std::process::abort();
}
