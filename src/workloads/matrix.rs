//! stub
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub size: u32,
    pub index: u32,
    pub shares: u32,
    pub simd: bool,
}
pub fn sum(_: Share, _: &dyn Fn() -> bool) -> Option<u64> {
    None
}
