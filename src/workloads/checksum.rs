//! stub
pub fn data(len: usize, _: u32) -> Vec<u8> {
    vec![0; len]
}
pub fn checksum(_: &[u8], _: &dyn Fn() -> bool) -> Option<u32> {
    None
}
