//! stub
use serde::{Deserialize, Serialize};
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub len: u32,
    pub seed: u32,
    pub index: u32,
}
pub fn median(_: Share, _: &dyn Fn() -> bool) -> Option<u32> {
    None
}
