//! Numbers as a person reads them: with a unit, and with no more digits than were measured.

use core::time::Duration;

/// A length of time with three digits that count: "850 µs", "12.3 ms", "1.14 s".
pub fn duration(length: Duration) -> String {
    let us = length.as_secs_f64() * 1e6;
    if us < 999.5 {
        format!("{us:.0} µs")
    } else if us < 999_500.0 {
        format!("{} ms", three_digits(us / 1e3))
    } else {
        format!("{} s", three_digits(us / 1e6))
    }
}

/// A ratio: "2.46×".
pub fn ratio(value: f64) -> String {
    format!("{}×", three_digits(value))
}

/// How many of something: "1 task", "5 tasks".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

fn three_digits(value: f64) -> String {
    if value < 9.995 {
        format!("{value:.2}")
    } else if value < 99.95 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_three_digits_and_the_unit_that_fits() {
        for (us, text) in [
            (0, "0 µs"),
            (850, "850 µs"),
            (1_000, "1.00 ms"),
            (12_340, "12.3 ms"),
            (450_400, "450 ms"),
            (999_600, "1.00 s"),
            (1_140_000, "1.14 s"),
            (61_000_000, "61.0 s"),
        ] {
            assert_eq!(duration(Duration::from_micros(us)), text);
        }
        assert_eq!(ratio(2.4567), "2.46×");
        assert_eq!(count(1, "task"), "1 task");
        assert_eq!(count(0, "site"), "0 sites");
    }
}
