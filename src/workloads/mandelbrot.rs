//! stub
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub width: u32,
    pub height: u32,
    pub iterations: u32,
    pub index: u32,
    pub shares: u32,
    pub simd: bool,
}
pub fn count(_: Share, _: &dyn Fn() -> bool, _: &dyn Fn(u32, &[u8])) -> Option<u64> {
    None
}
