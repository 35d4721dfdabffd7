//! Requests: work that waits for an answer.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};

use crate::model::plan::{Site, Spread, TIME_MAX_MS};

/// The bytes of an answer of the page's own network: a small page.
const ANSWER_BYTES: u32 = 2_048;

/// A request to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Where to: absolute, or relative to the page.
    pub address: String,
    /// How long an answer is waited for, in milliseconds.
    pub patience_ms: u32,
}

/// How long a request waits beyond the latency that was asked for, in milliseconds: after that, nothing answers.
const PATIENCE_MS: u32 = 15_000;

/// The request that a site stands for. Those that are not an address of the user's are answered by the page's own
/// service worker (`www/sw.js`), as real responses to real requests, that also work offline.
pub fn request(index: usize, site: &Site) -> Request {
    match site {
        Site::Answers { after_ms } => answer_after(index, *after_ms),
        Site::Refuses { after_ms } => own(index, *after_ms, "&status=503"),
        Site::Unreachable { after_ms } => own(index, *after_ms, "&fail=unreachable"),
        Site::BreaksOff { after_ms } => own(index, *after_ms, &format!("&size={ANSWER_BYTES}&fail=reset")),
        Site::Hangs => own(index, 0, "&fail=hang"),
        Site::Url(address) => Request { address: address.clone(), patience_ms: PATIENCE_MS },
    }
}

/// A request that the page's own network answers well, after so long.
pub fn answer_after(index: usize, after_ms: u32) -> Request {
    own(index, after_ms, &format!("&size={ANSWER_BYTES}"))
}

fn own(index: usize, after_ms: u32, rest: &str) -> Request {
    let address = format!("io/site-{}?latency={after_ms}{rest}", index + 1);
    Request { address, patience_ms: after_ms + PATIENCE_MS }
}

/// So many latencies with a mean, in milliseconds; the same for the same seed.
pub fn latencies(requests: u32, mean_ms: u32, spread: Spread, seed: u32) -> Vec<u32> {
    let mut random = Pcg32::seed_from_u64(seed.into());
    // From 0 to 1, without 1.
    let mut part = || f64::from(random.next_u32()) / (f64::from(u32::MAX) + 1.0);
    let mean = f64::from(mean_ms);
    let latency = |_| match spread {
        Spread::Same => mean_ms,
        Spread::Even => (2.0 * mean * part()).round() as u32,
        // By the inverse of its distribution; no latency is longer than ten times the mean, which cuts off less than one in
        // ten thousand.
        Spread::LongTail => (mean * (-(1.0 - part()).ln()).min(10.0)).round() as u32,
    };
    // No longer than the page's network makes anybody wait.
    (0..requests).map(latency).map(|ms| ms.min(TIME_MAX_MS)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_request_to_the_pages_own_network_or_to_the_users_address() {
        let address = |site| request(3, &site).address;
        assert_eq!(address(Site::Answers { after_ms: 300 }), "io/site-4?latency=300&size=2048");
        assert_eq!(address(Site::Unreachable { after_ms: 40 }), "io/site-4?latency=40&fail=unreachable");
        assert_eq!(address(Site::Refuses { after_ms: 5 }), "io/site-4?latency=5&status=503");
        assert_eq!(address(Site::BreaksOff { after_ms: 5 }), "io/site-4?latency=5&size=2048&fail=reset");
        assert_eq!(address(Site::Hangs), "io/site-4?latency=0&fail=hang");
        assert_eq!(address(Site::Url("https://a.example".to_owned())), "https://a.example");
    }

    #[test]
    fn latencies_have_their_mean_and_their_shape() {
        let mean = |latencies: &[u32]| latencies.iter().sum::<u32>() as f64 / latencies.len() as f64;
        let all = |spread| latencies(20_000, 100, spread, 7);
        assert!(all(Spread::Same).iter().all(|ms| *ms == 100));
        for spread in [Spread::Even, Spread::LongTail] {
            assert!((mean(&all(spread)) - 100.0).abs() < 3.0, "{spread:?}: {}", mean(&all(spread)));
            assert_eq!(all(spread), all(spread), "the same seed gives the same");
        }
        assert!(all(Spread::Even).iter().all(|ms| *ms <= 200));
        // Of an exponential distribution, 63 % are below the mean, and 5 % above three times it.
        let above = |ms| all(Spread::LongTail).iter().filter(|latency| **latency > ms).count() as f64 / 20_000.0;
        assert!((above(100) - 0.368).abs() < 0.02 && (above(300) - 0.05).abs() < 0.01);
    }
}
