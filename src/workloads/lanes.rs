//! The vectors of the SIMD kernels: WebAssembly's own, of 128 bits.
//!
//! The program is not built for SIMD as a whole, but functions may be, one by one (`#[target_feature]`): every browser that
//! has threads and exceptions has SIMD. Elsewhere a vector is an array, so that native tests go through the same steps; what
//! speed the native compiler makes of that is its own matter.

#[cfg(target_arch = "wasm32")]
pub use wasm::{Counts64x2, F32x4, F64x2};

#[cfg(not(target_arch = "wasm32"))]
pub use portable::{Counts64x2, F32x4, F64x2};

#[cfg(target_arch = "wasm32")]
mod wasm {
    use core::arch::wasm32::{
        f32x4, f32x4_add, f32x4_extract_lane, f32x4_mul, f32x4_splat, f64x2, f64x2_add, f64x2_le, f64x2_mul,
        f64x2_splat, f64x2_sub, i64x2_sub, u64x2_extract_lane, u64x2_splat, v128, v128_and, v128_any_true, v128_or,
    };

    /// Four numbers of single precision.
    #[derive(Clone, Copy, Debug)]
    pub struct F32x4(v128);

    impl F32x4 {
        /// The same number four times.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn splat(number: f32) -> Self {
            Self(f32x4_splat(number))
        }

        /// Four numbers that lie side by side.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn load(numbers: &[f32; 4]) -> Self {
            Self(f32x4(numbers[0], numbers[1], numbers[2], numbers[3]))
        }

        /// `self + a * b`, rounded twice.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn plus_product(self, a: Self, b: Self) -> Self {
            Self(f32x4_add(self.0, f32x4_mul(a.0, b.0)))
        }

        /// The sum of the four.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn sum(self) -> f32 {
            (f32x4_extract_lane::<0>(self.0) + f32x4_extract_lane::<1>(self.0))
                + (f32x4_extract_lane::<2>(self.0) + f32x4_extract_lane::<3>(self.0))
        }
    }

    /// Two numbers of double precision.
    #[derive(Clone, Copy, Debug)]
    pub struct F64x2(v128);

    /// Which of two lanes are meant.
    #[derive(Clone, Copy, Debug)]
    pub struct Mask64x2(v128);

    impl F64x2 {
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn new(first: f64, second: f64) -> Self {
            Self(f64x2(first, second))
        }

        /// The same number twice.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn splat(number: f64) -> Self {
            Self(f64x2_splat(number))
        }

        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn plus(self, other: Self) -> Self {
            Self(f64x2_add(self.0, other.0))
        }

        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn minus(self, other: Self) -> Self {
            Self(f64x2_sub(self.0, other.0))
        }

        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn times(self, other: Self) -> Self {
            Self(f64x2_mul(self.0, other.0))
        }

        /// Where this is at most the other. Nowhere that one of them is no number.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn at_most(self, other: Self) -> Mask64x2 {
            Mask64x2(f64x2_le(self.0, other.0))
        }
    }

    impl Mask64x2 {
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn and(self, other: Self) -> Self {
            Self(v128_and(self.0, other.0))
        }

        /// Whether either of two masks has a lane.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn any(self, other: Self) -> bool {
            v128_any_true(v128_or(self.0, other.0))
        }
    }

    /// Two counters.
    #[derive(Clone, Copy, Debug)]
    pub struct Counts64x2(v128);

    impl Counts64x2 {
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn zero() -> Self {
            Self(u64x2_splat(0))
        }

        /// Counts one more in the lanes of a mask, where all bits are ones: -1.
        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn count(self, mask: Mask64x2) -> Self {
            Self(i64x2_sub(self.0, mask.0))
        }

        #[inline]
        #[target_feature(enable = "simd128")]
        pub fn to_array(self) -> [u64; 2] {
            [u64x2_extract_lane::<0>(self.0), u64x2_extract_lane::<1>(self.0)]
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod portable {
    use std::array::from_fn;

    /// Four numbers of single precision.
    #[derive(Clone, Copy, Debug)]
    pub struct F32x4([f32; 4]);

    impl F32x4 {
        /// The same number four times.
        #[inline]
        pub fn splat(number: f32) -> Self {
            Self([number; 4])
        }

        /// Four numbers that lie side by side.
        #[inline]
        pub fn load(numbers: &[f32; 4]) -> Self {
            Self(*numbers)
        }

        /// `self + a * b`, rounded twice.
        #[inline]
        pub fn plus_product(self, a: Self, b: Self) -> Self {
            Self(from_fn(|lane| self.0[lane] + a.0[lane] * b.0[lane]))
        }

        /// The sum of the four.
        #[inline]
        pub fn sum(self) -> f32 {
            (self.0[0] + self.0[1]) + (self.0[2] + self.0[3])
        }
    }

    /// Two numbers of double precision.
    #[derive(Clone, Copy, Debug)]
    pub struct F64x2([f64; 2]);

    /// Which of two lanes are meant.
    #[derive(Clone, Copy, Debug)]
    pub struct Mask64x2([bool; 2]);

    impl F64x2 {
        #[inline]
        pub fn new(first: f64, second: f64) -> Self {
            Self([first, second])
        }

        /// The same number twice.
        #[inline]
        pub fn splat(number: f64) -> Self {
            Self([number; 2])
        }

        #[inline]
        pub fn plus(self, other: Self) -> Self {
            Self(from_fn(|lane| self.0[lane] + other.0[lane]))
        }

        #[inline]
        pub fn minus(self, other: Self) -> Self {
            Self(from_fn(|lane| self.0[lane] - other.0[lane]))
        }

        #[inline]
        pub fn times(self, other: Self) -> Self {
            Self(from_fn(|lane| self.0[lane] * other.0[lane]))
        }

        /// Where this is at most the other. Nowhere that one of them is no number.
        #[inline]
        pub fn at_most(self, other: Self) -> Mask64x2 {
            Mask64x2(from_fn(|lane| self.0[lane] <= other.0[lane]))
        }
    }

    impl Mask64x2 {
        #[inline]
        pub fn and(self, other: Self) -> Self {
            Self(from_fn(|lane| self.0[lane] && other.0[lane]))
        }

        /// Whether either of two masks has a lane.
        #[inline]
        pub fn any(self, other: Self) -> bool {
            self.0[0] || self.0[1] || other.0[0] || other.0[1]
        }
    }

    /// Two counters.
    #[derive(Clone, Copy, Debug)]
    pub struct Counts64x2([u64; 2]);

    impl Counts64x2 {
        #[inline]
        pub fn zero() -> Self {
            Self([0; 2])
        }

        /// Counts one more in the lanes of a mask.
        #[inline]
        pub fn count(self, mask: Mask64x2) -> Self {
            Self(from_fn(|lane| self.0[lane] + u64::from(mask.0[lane])))
        }

        #[inline]
        pub fn to_array(self) -> [u64; 2] {
            self.0
        }
    }
}
