//! Making the kernel its own: namespaces, priorities, settings, and calls that are often broken.

use serde_json::json;

use super::{Raid, deed};
use crate::left_out::not_here;

/// Refused by the filter, be the kernel built with them or not.
const FILTERED: [&str; 14] = [
    "io_uring_setup",
    "bpf",
    "perf_event_open",
    "userfaultfd",
    "keyctl",
    "add_key",
    "request_key",
    "kexec_load",
    "syslog",
    "open_by_handle_at",
    "fanotify_init",
    "init_module",
    "ioctl TIOCSTI",
    "x32 io_uring_setup",
];

#[tokio::test]
async fn the_kernel_gives_an_agent_nothing_that_is_not_everybody_s() {
    let test = "the_kernel_gives_an_agent_nothing_that_is_not_everybody_s";
    if std::env::consts::ARCH != "x86_64" {
        return not_here(test, "the numbers of the calls are those of x86_64");
    }
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    raid.case.script(&json!([deed("kernel.py", &[])]));
    let raided = raid.goes().await;
    let answers = raided.json("answers.json");
    let answers = answers.as_object().unwrap();
    assert!(answers.len() > 40, "{answers:?}");
    for (call, answer) in answers {
        assert_ne!(answer, "done", "{call}");
    }
    for call in FILTERED {
        assert_eq!(answers[call], "EPERM", "{call}");
    }
    raid.leaks_nothing(&raided);
}

#[tokio::test]
async fn what_tests_and_builds_need_of_the_kernel_is_there() {
    let test = "what_tests_and_builds_need_of_the_kernel_is_there";
    let Some(mut raid) = Raid::open(test, json!([])).await else {
        return;
    };
    let needs = r#"
import ctypes, json, os, socket, subprocess, threading, multiprocessing, mmap, select
a, b = socket.socketpair(); a.send(b"x"); assert b.recv(1) == b"x"
server = socket.create_server(("127.0.0.1", 0)); client = socket.create_connection(server.getsockname())
six = socket.socket(socket.AF_INET6, socket.SOCK_STREAM); six.bind(("::1", 0))
assert socket.if_nameindex() == [(1, "lo")]
with multiprocessing.Pool(2) as pool: assert pool.map(abs, [-1, 2]) == [1, 2]
main, side = os.openpty(); os.write(side, b"seen\n"); assert os.read(main, 4) == b"seen"
import fcntl, struct, termios
fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
os.memfd_create("x"); select.epoll()
child = os.fork()
if child == 0: os._exit(ctypes.CDLL(None).ptrace(0, 0, 0, 0))
assert os.waitpid(child, 0)[1] == 0, "a debugger's child"
subprocess.run(["git", "-C", "/workspace", "status"], check=True, stdout=subprocess.DEVNULL)
open("/workspace/works", "w").write("yes")
"#;
    raid.case
        .script(&json!([{"run": ["python3", "-c", needs]}]));
    let raided = raid.goes().await;
    let files = raided.files();
    let works = files
        .iter()
        .any(|(path, content)| path == "works" && content == b"yes");
    assert!(works, "{}", String::from_utf8_lossy(&raided.body));
}
