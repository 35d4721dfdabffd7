//! Numbers as a person reads them: with a unit, and with no more digits than were measured.

use core::time::Duration;

/// A length of time with three digits that count: "850 µs", "12.3 ms", "1.14 s".
pub fn duration(length: Duration) -> String {
    let us = length.as_secs_f64() * 1e6;
    if us < 999.5 {
        format!("{} µs", fixed(us, 0))
    } else if us < 999_500.0 {
        format!("{} ms", three_digits(us / 1e3))
    } else {
        format!("{} s", three_digits(us / 1e6))
    }
}

/// A number that is not negative, with so many decimals.
///
/// By integers: the standard library's way to write floats would be several per cent of the page's program.
pub fn fixed(value: f64, decimals: u32) -> String {
    let one = 10_u64.pow(decimals);
    let scaled = (value * one as f64).round() as u64;
    let (whole, part) = (scaled / one, scaled % one);
    if decimals == 0 { whole.to_string() } else { format!("{whole}.{part:0width$}", width = decimals as usize) }
}

/// A ratio: "2.46×".
pub fn ratio(value: f64) -> String {
    format!("{}×", three_digits(value))
}

/// How many of something: "1 task", "5 tasks", "10,000 tasks".
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{} {noun}s", thousands(number as u64)) }
}

/// Names as a sentence lists them: "a, b and c".
pub fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A size with three digits that count: "850 bytes", "12.3 KB", "1.14 MB"; units of a thousand.
pub fn bytes(bytes: u64) -> String {
    let size = bytes as f64;
    if size < 999.5 {
        count(bytes as usize, "byte")
    } else if size < 999_500.0 {
        format!("{} KB", three_digits(size / 1e3))
    } else {
        format!("{} MB", three_digits(size / 1e6))
    }
}

/// A whole number with its thousands set apart, as people write it.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn three_digits(value: f64) -> String {
    if value < 9.995 {
        fixed(value, 2)
    } else if value < 99.95 {
        fixed(value, 1)
    } else {
        fixed(value, 0)
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
        assert_eq!((list(&["a"]), list(&["a", "b", "c"])), ("a".to_owned(), "a, b and c".to_owned()));
    }

    #[test]
    fn decimals_are_rounded_and_padded() {
        assert_eq!((fixed(1.005, 1), fixed(2.0, 2), fixed(0.049, 1)), ("1.0".into(), "2.00".into(), "0.0".into()));
        assert_eq!((fixed(9.96, 1), fixed(41.5, 0)), ("10.0".into(), "42".into()));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(148_933), "148,933");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }
}
