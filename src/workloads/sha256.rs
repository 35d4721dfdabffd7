//! Hashing blocks with SHA-256: work on whole numbers that anyone can check.
//!
//! Block *n* is the line with the number *n*, repeated, cut off at the length of a block. Its digest is that of
//! `yes N | head -c BYTES | sha256sum`, and the result of a share of such blocks that of
//!
//! ```sh
//! for n in $(seq INDEX SHARES $((BLOCKS - 1))); do
//!   yes "$n" | head -c BYTES | sha256sum | cut -c -64 | xxd -r -p
//! done | sha256sum | cut -c -8
//! ```
//!
//! In wasm, this is the portable code of the `sha2` crate. Natively that crate uses the processor's own instructions for
//! SHA-256 where it has them, which WebAssembly has no way to; a fair peer is built with `--cfg sha2_256_backend="soft"`.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// One task's share of the blocks, which are dealt as cards are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Blocks of all shares, numbered from 0.
    pub blocks: u32,
    /// The length of each.
    pub block_bytes: u32,
    /// Which share, from 0.
    pub index: u32,
    /// How many shares there are.
    pub shares: u32,
}

/// Bytes that are hashed between questions whether to go on: some 20 microseconds' worth.
const PIECE_BYTES: usize = 8_192;

/// Hashes the blocks of one share, and then their digests, one after another; gives the first 4 bytes of that as a number
/// whose 8 hexadecimal digits are those that `sha256sum` begins with. Asks `keep_going` between pieces; `None` if that
/// said no.
pub fn hash(share: Share, keep_going: &dyn Fn() -> bool) -> Option<u32> {
    let mut digests = Sha256::new();
    let mut piece = [0; PIECE_BYTES];
    for number in (share.index..share.blocks).step_by(share.shares.max(1) as usize) {
        digests.update(hash_block(number, share.block_bytes as usize, &mut piece, keep_going)?);
    }
    let [a, b, c, d, ..]: [u8; 32] = digests.finalize().into();
    Some(u32::from_be_bytes([a, b, c, d]))
}

fn hash_block(
    number: u32,
    mut bytes: usize,
    piece: &mut [u8; PIECE_BYTES],
    keep_going: &dyn Fn() -> bool,
) -> Option<[u8; 32]> {
    let lines = lines(number, bytes, piece);
    let mut hasher = Sha256::new();
    loop {
        if !keep_going() {
            return None;
        }
        let now = bytes.min(lines.len());
        hasher.update(&lines[..now]);
        bytes -= now;
        if bytes == 0 {
            return Some(hasher.finalize().into());
        }
    }
}

/// Writes the beginning of a block: as much of it as is asked for, or else as many whole lines as there is room for.
fn lines(number: u32, bytes: usize, room: &mut [u8; PIECE_BYTES]) -> &[u8] {
    let mut digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
    let line = digits + 1;
    room[digits] = b'\n';
    let mut rest = number;
    while digits > 0 {
        digits -= 1;
        room[digits] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    let wanted = bytes.next_multiple_of(line).min(room.len() / line * line);
    let mut written = line;
    while written < wanted {
        let more = written.min(wanted - written);
        room.copy_within(..more, written);
        written += more;
    }
    &room[..wanted]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(number: u32, bytes: usize) -> String {
        let digest = hash_block(number, bytes, &mut [0; PIECE_BYTES], &|| true).unwrap();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_are_those_of_sha256sum() {
        // Of nothing, as in FIPS 180-4's own examples; the others as this module says, from the shell.
        assert_eq!(block(5, 0), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(block(0, 1), "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9");
        assert_eq!(block(7, 100), "65b69b3663bcae3029e3d4944979cb6666b283e53b8ea175475b33155a360e65");
        assert_eq!(block(1_234, 100_000), "ec5ff9a76361df1e22bd3a2a580170eabb50bcb9d674ef7cbaf2819c928df312");
        assert_eq!(block(u32::MAX, 20_000), "32392c08494d6e8e12d22a340c30e59d7b2cd42148780d7af3492f6a941b4ba0");
    }

    #[test]
    fn a_share_is_the_digest_of_its_digests() {
        assert_eq!(hash(Share { blocks: 10, block_bytes: 1_000, index: 0, shares: 1 }, &|| true), Some(0xefbf_d37e));
        assert_eq!(hash(Share { blocks: 10, block_bytes: 1_000, index: 1, shares: 4 }, &|| true), Some(0x9903_f47b));
        // No blocks: the digest of nothing.
        assert_eq!(hash(Share { blocks: 2, block_bytes: 1_000, index: 3, shares: 4 }, &|| true), Some(0xe3b0_c442));
    }

    #[test]
    fn a_hash_that_is_told_to_stop_has_no_result() {
        assert_eq!(hash(Share { blocks: 1, block_bytes: 0, index: 0, shares: 1 }, &|| false), None);
    }
}
