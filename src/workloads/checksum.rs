//! The CRC-32 of bytes that a task is given: work that is little, for an argument that is large and has to be copied.
//!
//! The code is the `crc32fast` crate's, with tables. Without its feature `std` it has no way to ask a processor whether it
//! multiplies without carries (PCLMULQDQ), which WebAssembly cannot; so native builds run the same code.

/// Bytes that are read between questions whether to go on: some 20 microseconds' worth.
const PIECE_BYTES: usize = 32 * 1_024;

/// The argument of one task: the line with the task's number, repeated, cut off at so many bytes. That is
/// `yes INDEX | head -c LEN`.
pub fn data(len: usize, index: u32) -> Vec<u8> {
    let line = format!("{index}\n").into_bytes();
    let mut data = line.repeat(len.div_ceil(line.len()));
    data.truncate(len);
    data
}

/// The CRC-32 of some bytes, as of gzip, PNG and Python's `zlib.crc32`. Asks `keep_going` between pieces; `None` if that said
/// no. In a shell, `gzip | tail -c 8 | head -c 4 | od -A n -t u4` gives the same.
pub fn checksum(bytes: &[u8], keep_going: &dyn Fn() -> bool) -> Option<u32> {
    let mut hasher = crc32fast::Hasher::new();
    for piece in bytes.chunks(PIECE_BYTES) {
        if !keep_going() {
            return None;
        }
        hasher.update(piece);
    }
    Some(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_gzip() {
        // "Check" of CRC-32/ISO-HDLC: https://reveng.sourceforge.io/crc-catalogue/17plus.htm#crc.cat.crc-32-iso-hdlc.
        assert_eq!(checksum(b"123456789", &|| true), Some(0xcbf4_3926));
        assert_eq!(checksum(b"", &|| true), Some(0));
        // From the shell, as above.
        assert_eq!(checksum(&data(100_000, 7), &|| true), Some(2_922_773_950));
        assert_eq!(checksum(&data(1_000_001, 1_234), &|| true), Some(217_650_716));
    }

    #[test]
    fn data_is_the_line_repeated() {
        assert_eq!(data(8, 12), b"12\n12\n12");
        assert_eq!(data(0, 0), b"");
    }

    #[test]
    fn a_checksum_that_is_told_to_stop_has_no_result() {
        assert_eq!(checksum(b"1", &|| false), None);
    }
}
