//! stub
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub points: u32,
    pub seed: u32,
    pub index: u32,
    pub shares: u32,
}
pub fn hits(_: Share, _: &dyn Fn() -> bool) -> Option<u64> {
    None
}
