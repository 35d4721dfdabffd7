//! Primes by trial division: work that needs nothing but a core.

/// Whether a number is a prime.
pub fn is_prime(number: u32) -> bool {
    if number < 4 {
        return number >= 2;
    }
    if number.is_multiple_of(2) {
        return false;
    }
    let mut divisor = 3;
    while divisor_is_needed(divisor, number) {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 2;
    }
    true
}

/// Whether a divisor is at most the square root. A square that does not fit is larger than any number.
fn divisor_is_needed(divisor: u32, number: u32) -> bool {
    divisor.checked_mul(divisor).is_some_and(|square| square <= number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primes_are_found() {
        let primes: Vec<u32> = (0..30).filter(|number| is_prime(*number)).collect();
        assert_eq!(primes, [2, 3, 5, 7, 11, 13, 17, 19, 23, 29]);
        assert_eq!((0..100_000).filter(|number| is_prime(*number)).count(), 9_592);
        assert!(is_prime(4_294_967_291) && !is_prime(u32::MAX), "the largest of 32 bits");
    }
}
