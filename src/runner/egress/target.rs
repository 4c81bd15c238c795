//! Whom a program wants to reach, and whether it may. Pure: no name is looked up here.

use http::header::{HOST, HeaderMap};
use http::uri::Authority;
use http::{StatusCode, Uri};

use crate::guard::{self, Guard};

/// Hosts that answer questions about names over HTTPS: through them a program would look up any
/// name, and could say anything in it. They are refused even where a policy names them.
const NAME_SERVERS: [&str; 16] = [
    "cloudflare-dns.com",
    "chrome.cloudflare-dns.com",
    "mozilla.cloudflare-dns.com",
    "one.one.one.one",
    "dns.google",
    "dns.google.com",
    "dns.quad9.net",
    "dns10.quad9.net",
    "dns11.quad9.net",
    "doh.opendns.com",
    "dns.adguard-dns.com",
    "doh.cleanbrowsing.org",
    "dns.nextdns.io",
    "doh.dns.sb",
    "dns.alidns.com",
    "doh.pub",
];

/// A host that may be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// In lower case, without a trailing dot.
    pub(super) host: String,
    pub(super) port: u16,
}

/// A place that may not, or cannot, be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct No {
    pub(super) status: StatusCode,
    /// As it was named.
    pub(super) place: String,
    /// One sentence without its full stop.
    pub(super) because: String,
    /// Whether it was refused, rather than not there.
    pub(super) is_evidence: bool,
}

impl Target {
    /// It is refused after all.
    pub(super) fn no(&self, because: impl Into<String>) -> No {
        refused(&format!("{}:{}", self.host, self.port), because)
    }

    /// It cannot be reached, which is nobody's fault here.
    pub(super) fn broken(&self) -> No {
        self.away("it could not be reached, or broke off")
    }

    /// Its name is not known.
    pub(super) fn unknown(&self) -> No {
        self.away("its name is not known")
    }

    fn away(&self, because: &str) -> No {
        No {
            status: StatusCode::BAD_GATEWAY,
            is_evidence: false,
            ..self.no(because)
        }
    }
}

/// The target of `CONNECT host:port`.
pub(super) fn of_tunnel(uri: &Uri, allowed: &[String]) -> Result<Target, No> {
    let authority = uri.authority().ok_or_else(no_proxy_request)?;
    judge(authority, 443, allowed)
}

/// The target of a request with an absolute address.
pub(super) fn of_plain(uri: &Uri, headers: &HeaderMap, allowed: &[String]) -> Result<Target, No> {
    let authority = uri.authority().ok_or_else(no_proxy_request)?;
    let target = judge(authority, 80, allowed)?;
    if uri.scheme_str() != Some("http") {
        return Err(target.no("only http is passed on in the open; use CONNECT"));
    }
    let mut hosts = headers.get_all(HOST).iter();
    let host = hosts
        .next()
        .map(|host| host.as_bytes().to_ascii_lowercase());
    let is_same = host.is_none_or(|host| {
        let name = host.strip_suffix(b":80").unwrap_or(&host);
        name.strip_suffix(b".").unwrap_or(name) == target.host.as_bytes()
    });
    if !is_same || hosts.next().is_some() {
        return Err(target.no("the header Host names another host than the address"));
    }
    Ok(target)
}

fn no_proxy_request() -> No {
    No {
        status: StatusCode::BAD_REQUEST,
        place: String::new(),
        because: "this is a proxy; ask it for an absolute address".to_owned(),
        is_evidence: false,
    }
}

/// Whether the place may be reached, by what it is called alone.
fn judge(authority: &Authority, port: u16, allowed: &[String]) -> Result<Target, No> {
    let place = authority.as_str().to_ascii_lowercase();
    let no = |because: &str| Err(refused(&place, because));
    if place.contains('@') {
        let because = "an address with a user in it is not passed on";
        let (_, after) = place.rsplit_once('@').unwrap_or(("", &place));
        return Err(refused(after, because));
    }
    let (name, asked) = match place.rsplit_once(':') {
        Some((name, digits)) if !place.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (place.as_str(), (port == 80).then_some(80)),
    };
    let host = name.strip_suffix('.').unwrap_or(name);
    // Which forms stand for addresses is known best by those who wrote them down (WHATWG URL).
    match url::Host::parse(host) {
        Ok(url::Host::Domain(_)) => {}
        Ok(url::Host::Ipv4(_) | url::Host::Ipv6(_)) => {
            return no("an address is not reached without a name");
        }
        Err(_) => return no("this is not the name of a host"),
    }
    if NAME_SERVERS.contains(&host) {
        return no("names are not looked up over HTTPS");
    }
    if !allowed.iter().any(|name| name == host) && guard::holds(Guard::Egress) {
        return no("the host is not on the list for this phase (`sandbox.egress` in the policy)");
    }
    if asked != Some(port) {
        return no("only the ports 443 (by CONNECT) and 80 (in the open) are reached");
    }
    Ok(Target {
        host: host.to_owned(),
        port,
    })
}

fn refused(place: &str, because: impl Into<String>) -> No {
    No {
        status: StatusCode::FORBIDDEN,
        place: place.to_owned(),
        because: because.into(),
        is_evidence: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn because(asked: &str) -> String {
        let allowed = ["registry.example", "dns.google"].map(str::to_owned);
        let uri: Uri = match asked.parse() {
            Ok(uri) => uri,
            Err(_) => return "unreadable".to_owned(),
        };
        let judged = match uri.scheme() {
            Some(_) => of_plain(&uri, &HeaderMap::new(), &allowed),
            None => of_tunnel(&uri, &allowed),
        };
        judged.map_or_else(
            |no| no.because,
            |target| format!("{}:{}", target.host, target.port),
        )
    }

    #[test]
    fn x36_only_names_on_the_list_are_reached() {
        assert_eq!(because("registry.example:443"), "registry.example:443");
        assert_eq!(because("REGISTRY.example.:443"), "registry.example:443");
        assert_eq!(because("http://registry.example/x"), "registry.example:80");
        for (asked, why) in [
            ("other.example:443", "not on the list"),
            ("a.registry.example:443", "not on the list"),
            ("registry.example.evil.example:443", "not on the list"),
            ("registry.example..:443", "not on the list"),
            ("dns.google:443", "over HTTPS"),
            ("registry.example:22", "only the ports"),
            ("registry.example:80", "only the ports"),
            ("registry.example:9418", "only the ports"),
            ("registry.example:99999", "only the ports"),
            ("http://registry.example:443/", "only the ports"),
            ("https://registry.example/", "only http"),
            ("192.0.2.1:443", "an address"),
            ("3221225985:443", "an address"),
            ("0xc0000201:443", "an address"),
            ("0300.0.2.1:443", "an address"),
            ("127.1:443", "an address"),
            ("[::1]:443", "an address"),
            ("[::ffff:127.0.0.1]:443", "an address"),
            ("[::1]", "an address"),
            ("http://127.0.0.1/", "an address"),
            ("http://user:word@registry.example/", "a user in it"),
            ("http://registry.example@evil.example/", "a user in it"),
        ] {
            let said = because(asked);
            assert!(
                said.contains(why) || said == "unreadable",
                "{asked}: {said}"
            );
        }
    }
}
