//! What is computed: one enum of all kernels, so that every model runs the same machine code.

use serde::{Deserialize, Serialize};

use super::{checksum, fault, mandelbrot, matrix, pi, primes, sha256, skewed, sort};
use crate::model::outcome::Value;
use crate::model::plan::{PICTURE_HEIGHT, PICTURE_WIDTH};

/// The points of a piece of a picture (`EventKind::Shown`).
const PIECE_POINTS: usize = 16;
/// The bytes of a block of *Hash blocks*.
const HASH_BLOCK_BYTES: u32 = 1 << 20;

/// What one task computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kernel {
    /// Returns at once.
    Nothing,
    Primes(primes::Share),
    SkewedPrimes(skewed::Share),
    Mandelbrot(mandelbrot::Share),
    Sha256(sha256::Share),
    Matrix(matrix::Share),
    Pi(pi::Share),
    Sort(sort::Share),
    /// The checksum of what it was given.
    Checksum(#[serde(with = "serde_bytes")] Vec<u8>),
    /// Panics, with this message.
    Panic(String),
    /// Brings its process down.
    Trap,
    /// Never ends.
    Endless,
    /// Takes memory without end.
    Allocate,
}

/// Takes a piece of a result that is to be looked at: its number, and sixteen shades of four bits (`EventKind::Shown`).
pub type Show<'a> = &'a dyn Fn(u32, u64);

impl Kernel {
    /// A share of the primes below a bound.
    pub fn primes(below: u32, index: u32, shares: u32) -> Kernel {
        Kernel::Primes(primes::Share { below, index, shares })
    }

    /// A share of the primes below a bound, of which the last is half of the work.
    pub fn skewed_primes(below: u32, index: u32, shares: u32) -> Kernel {
        Kernel::SkewedPrimes(skewed::Share { below, index, shares })
    }

    /// A share of the rows of the picture.
    pub fn mandelbrot(iterations: u32, index: u32, shares: u32, simd: bool) -> Kernel {
        let (width, height) = (PICTURE_WIDTH, PICTURE_HEIGHT);
        Kernel::Mandelbrot(mandelbrot::Share { width, height, iterations, index, shares, simd })
    }

    /// A share of so many blocks of a megabyte.
    pub fn sha256(blocks: u32, index: u32, shares: u32) -> Kernel {
        Kernel::Sha256(sha256::Share { blocks, block_bytes: HASH_BLOCK_BYTES, index, shares })
    }

    /// A share of the rows of a product.
    pub fn matrix(size: u32, index: u32, shares: u32, simd: bool) -> Kernel {
        Kernel::Matrix(matrix::Share { n: size, index, shares, simd })
    }

    /// A share of so many points.
    pub fn pi(points: u32, seed: u32, index: u32, shares: u32) -> Kernel {
        Kernel::Pi(pi::Share { points: points.into(), seed: seed.into(), index, shares })
    }

    /// So many numbers to be sorted.
    pub fn sort(len: u32, seed: u32, index: u32) -> Kernel {
        Kernel::Sort(sort::Share { len, seed, index })
    }

    /// So much data, and its checksum.
    pub fn checksum(kib: u32, index: u32) -> Kernel {
        Kernel::Checksum(checksum::data(kib as usize * 1024, index))
    }

    /// Computes as long as `keep_going` says so, which is asked at least every tenth of a millisecond; `None` if it said no.
    pub fn run(&self, keep_going: &dyn Fn() -> bool, show: Show<'_>) -> Option<Value> {
        match self {
            Kernel::Nothing => Some(Value::Nothing),
            Kernel::Primes(share) => primes::count(*share, keep_going).map(Value::Count),
            Kernel::SkewedPrimes(share) => skewed::count(*share, keep_going).map(Value::Count),
            Kernel::Mandelbrot(share) => {
                let row = |row: u32, shades: &[u8]| show_row(row, shades, show);
                mandelbrot::draw(*share, &row, keep_going).map(Value::Count)
            }
            Kernel::Sha256(share) => sha256::hash(*share, keep_going).map(Value::Digest),
            Kernel::Matrix(share) => matrix::multiply(*share, keep_going).map(Value::Count),
            Kernel::Pi(share) => pi::hits(*share, keep_going).map(Value::Count),
            Kernel::Sort(share) => sort::median(*share, keep_going).map(|median| Value::Count(median.into())),
            Kernel::Checksum(data) => checksum::checksum(data, keep_going).map(Value::Digest),
            Kernel::Panic(message) => panic!("{message}"),
            Kernel::Trap => fault::trap(),
            Kernel::Endless => {
                fault::endless(keep_going);
                None
            }
            Kernel::Allocate => {
                fault::allocate(keep_going);
                None
            }
        }
    }
}

fn show_row(row: u32, shades: &[u8], show: Show<'_>) {
    let pieces_a_row = shades.len().div_ceil(PIECE_POINTS) as u32;
    for (number, points) in (0..).zip(shades.chunks(PIECE_POINTS)) {
        let packed = points.iter().rev().fold(0, |packed, shade| (packed << 4) | u64::from(shade & 15));
        show(row * pieces_a_row + number, packed);
    }
}
