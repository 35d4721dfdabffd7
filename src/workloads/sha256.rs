//! stub
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub blocks: u32,
    pub block_bytes: u32,
    pub index: u32,
    pub shares: u32,
}
pub fn digest(_: Share, _: &dyn Fn() -> bool) -> Option<u32> {
    None
}
