//! Headers that are for the next machine only, and go no further than one connection.

use http::header::{CONNECTION, HeaderMap, HeaderName};

/// RFC 9110, 7.6.1, what old clients say to proxies, and a wish that each server answers itself.
const HOPS: [&str; 11] = [
    "connection",
    "expect",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

/// The others of `headers`; those that `Connection` names are left out, too.
pub(super) fn without_hops(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    let mut kept = headers.clone();
    for name in HOPS {
        kept.remove(name);
    }
    for name in named {
        kept.remove(name);
    }
    kept
}
