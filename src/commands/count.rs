//! Counting as POSIX `wc` does.

/// POSIX counts it as white space; Rust's ASCII does not.
const VERTICAL_TAB: u8 = 0x0b;

/// What has been counted so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Lines (line feeds), words (longest runs of bytes that are no white space), bytes.
    counts: [u64; 3],
    inside_word: bool,
}

impl Counts {
    /// Counts more bytes, which may begin in the middle of a word.
    pub fn add(&mut self, bytes: &[u8]) {
        let [lines, words, total] = &mut self.counts;
        for byte in bytes {
            let is_space = byte.is_ascii_whitespace() || *byte == VERTICAL_TAB;
            *words += u64::from(!is_space && !self.inside_word);
            *lines += u64::from(*byte == b'\n');
            self.inside_word = !is_space;
        }
        *total += bytes.len() as u64;
    }

    /// Lines, words and bytes, in the order in which `wc` prints them.
    pub fn all(&self) -> &[u64; 3] {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_go_on_across_pieces() {
        let mut counts = Counts::default();
        for piece in ["", "one t", "wo\n\tth", "ree", "\n\n", " "] {
            counts.add(piece.as_bytes());
        }
        assert_eq!(counts.all(), &[3, 3, 17]);
    }
}
