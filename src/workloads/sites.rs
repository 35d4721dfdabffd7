//! Requests: work that waits for an answer.

use serde::{Deserialize, Serialize};

use crate::model::plan::Site;

/// The bytes of an answer of the page's own network: a small page.
const ANSWER_BYTES: u32 = 2_048;

/// A request to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Where to: absolute, or relative to the page.
    pub address: String,
}

/// The request that a site stands for. Those that are not an address of the user's are answered by the page's own
/// service worker (`www/sw.js`), as real responses to real requests, that also work offline.
pub fn request(index: usize, site: &Site) -> Request {
    let own = |after_ms: &u32, rest: &str| format!("io/site-{}?latency={after_ms}{rest}", index + 1);
    let address = match site {
        Site::Answers { after_ms } => own(after_ms, &format!("&size={ANSWER_BYTES}")),
        Site::Refuses { after_ms } => own(after_ms, "&status=503"),
        Site::Unreachable { after_ms } => own(after_ms, "&fail=unreachable"),
        Site::Url(address) => address.clone(),
    };
    Request { address }
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
        assert_eq!(address(Site::Url("https://a.example".to_owned())), "https://a.example");
    }
}
