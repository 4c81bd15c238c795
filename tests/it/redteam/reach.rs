//! Getting out: each way is tried, and from outside every packet is looked at.

use std::os::linux::net::SocketAddrExt as _;
use std::path::Path;
use std::process::Stdio;

use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::{TcpListener, UdpSocket};
use tokio::process::{Child, Command};

use super::{Raid, canary, deed};
use crate::left_out::not_here;

/// Answers that mean no.
const NO: [&str; 12] = [
    "ECONNREFUSED",
    "ENETUNREACH",
    "EHOSTUNREACH",
    "EADDRNOTAVAIL",
    "EPERM",
    "EACCES",
    "EAFNOSUPPORT",
    "EPROTONOSUPPORT",
    "ESOCKTNOSUPPORT",
    "ENOENT",
    "ENODEV",
    "no such name",
];

/// What of this machine would answer, if anybody got there.
struct Outside {
    tcp: TcpListener,
    udp: UdpSocket,
    abstracted: std::os::unix::net::UnixListener,
    name: String,
}

impl Outside {
    async fn open() -> Self {
        let name = canary("abstract");
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let abstracted = std::os::unix::net::UnixListener::bind_addr(&address).unwrap();
        abstracted.set_nonblocking(true).unwrap();
        Self {
            tcp: TcpListener::bind("0.0.0.0:0").await.unwrap(),
            udp: UdpSocket::bind("0.0.0.0:0").await.unwrap(),
            abstracted,
            name,
        }
    }

    fn heard_nothing(&self) {
        use std::io::ErrorKind::WouldBlock;
        let mut waker = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(
            self.tcp.poll_accept(&mut waker).is_pending(),
            "somebody came by TCP"
        );
        let udp = self.udp.try_recv_from(&mut [0; 1]).map(drop);
        assert_eq!(udp.unwrap_err().kind(), WouldBlock, "somebody came by UDP");
        let unix = self.abstracted.accept().map(drop);
        assert_eq!(
            unix.unwrap_err().kind(),
            WouldBlock,
            "somebody came by an abstract socket"
        );
    }
}

/// Watches the packets of this machine for words; only root may.
async fn capture(port: &str, words: &[String]) -> Child {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/redteam/capture.py");
    let mut watch = Command::new("/usr/bin/python3");
    watch.arg(program).arg(port).args(words).env_clear();
    watch
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    watch.spawn().unwrap()
}

/// Addresses of this machine beside loopback.
fn addresses() -> Vec<String> {
    // Nothing is sent: connecting a UDP socket only chooses its own address.
    let own = std::net::UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    own.map(|own| own.ip().to_string()).into_iter().collect()
}

#[tokio::test]
async fn x35_x36_x37_no_way_leads_out_and_no_packet_leaves() {
    let test = "x35_x36_x37_no_way_leads_out_and_no_packet_leaves";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    let outside = Outside::open().await;
    let word = canary("packet");
    let told = json!({
        "word": word, "addresses": addresses(), "abstract": outside.name,
        "tcp": outside.tcp.local_addr().unwrap().port(),
        "udp": outside.udp.local_addr().unwrap().port(),
        "sockets": ["/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock",
            "/run/dbus/system_bus_socket", "/run/systemd/private", "/run/castellan/door.sock"],
    });
    raid.case
        .script(&json!([deed("reach.py", &[&told.to_string()])]));
    let port = raid
        .case
        .stand
        .address
        .rsplit(':')
        .next()
        .unwrap()
        .to_owned();
    let control = canary("control");
    let mut words: Vec<String> = super::SECRETS.iter().map(|name| canary(name)).collect();
    words.extend([word.clone(), control.clone()]);
    let mut watching = match rustix::process::geteuid().is_root() {
        true => Some(capture(&port, &words).await),
        false => {
            not_here(test, "packets are looked at by root only");
            None
        }
    };
    if let Some(watch) = &mut watching {
        let mut ready = String::new();
        let mut lines = BufReader::new(watch.stdout.as_mut().unwrap());
        lines.read_line(&mut ready).await.unwrap();
        assert_eq!(ready, "ready\n");
    }
    let raided = raid.goes().await;
    let said = raided.json("answers.json");
    let answers = said["answers"].as_object().unwrap();
    assert!(answers.len() > 20, "{answers:?}");
    for (way, answer) in answers {
        assert!(NO.contains(&answer.as_str().unwrap()), "{way}: {answer}");
    }
    for way in [
        "packet",
        "vsock",
        "netlink, audit",
        "the kernel's ciphers",
        "tipc",
    ] {
        assert_eq!(
            answers[way], "EPERM",
            "{way}: the filter says no, whatever the kernel has"
        );
    }
    assert_eq!(
        said["interfaces"],
        json!(["lo"]),
        "asking for interfaces works, and finds one"
    );
    // The program that reaches the doors, the proxy that says no, and the tools.
    let doors = ["castellan", "castellan", "proxy.sock", "tools.sock"];
    assert_eq!(said["doors"], json!(doors));
    outside.heard_nothing();
    if let Some(watch) = watching {
        saw_only(watch, &control).await;
    }
    raid.leaks_nothing(&raided);
}

/// Sends the control word, so that it is seen that words are seen; then no other was.
async fn saw_only(mut watch: Child, control: &str) {
    let own = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    own.send_to(control.as_bytes(), own.local_addr().unwrap())
        .await
        .unwrap();
    drop(watch.stdin.take());
    let mut seen = String::new();
    watch
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut seen)
        .await
        .unwrap();
    watch.wait().await.unwrap();
    let lines: std::collections::BTreeSet<&str> = seen.lines().collect();
    assert_eq!(lines, [control].into(), "what left this machine");
}
