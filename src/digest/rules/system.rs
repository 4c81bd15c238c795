//! Machines and networks: memory, disk, time, signals, names, connections, other servers' faults.

use super::{Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "memory",
        needles: &[
            "out of memory",
            "heap out of memory",
            "outofmemory",
            "oom-kill",
            "oomkilled",
            "cannot allocate memory",
            "no space left on device",
            "exit code 137",
            "bad_alloc",
            "disk quota",
        ],
        read: |_| Some(Sign::new(90).class(Class::OutOfMemory).before(1)),
    },
    Rule {
        name: "signal",
        needles: &[
            "segmentation fault",
            "core dumped",
            "bus error",
            "sigsegv",
            "sigkill",
            "sigabrt",
            "illegal instruction",
            "killed",
        ],
        read: signal,
    },
    Rule {
        name: "timeout",
        needles: &[
            "timed out",
            "timeout of",
            "no output has been received",
            "exceeded the maximum time",
            "timeout exceeded",
            "deadline exceeded",
            "time limit",
        ],
        read: timeout,
    },
    Rule {
        name: "network",
        needles: &[
            "connection refused",
            "connection reset",
            "could not resolve host",
            "network is unreachable",
            "getaddrinfo",
            "temporary failure in name",
            "enotfound",
            "econnreset",
            "etimedout",
            "502 bad gateway",
            "503 service",
            "504 gateway",
            "http/1.1 50",
            "error: 50",
            "tls handshake",
            "ssl_error",
            "ssl: ",
            "unexpected eof",
            "connection timed out",
            "max retries exceeded",
            "too many requests",
            "eai_again",
            "could not create connection",
            "protocol_version",
            "remote host closed",
            "502 error",
        ],
        read: network,
    },
    Rule {
        name: "permission",
        needles: &[
            "403 forbidden",
            "401 unauthorized",
            "status code 403",
            "status code 401",
            "authentication failed",
            "invalid credentials",
            "access denied",
            "missing secret",
            "token is required",
            "not authorized",
            "error: 403",
            "error: 401",
            "unsafe repository",
            "dubious ownership",
        ],
        read: |_| Some(Sign::new(85).class(Class::PermissionOrSecret).before(1)),
    },
];

fn signal(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim();
    let lower = text.to_ascii_lowercase();
    if lower.contains("killed") && !lower.contains("segm") {
        // The shell's own word for SIGKILL, which is how the kernel ends what needs too much.
        let alone = lower == "killed"
            || lower.ends_with(" killed")
            || (lower.contains(": line ") && lower.contains(" killed "))
            || lower.contains(": killed")
            || lower.contains("signal: 9")
            || lower.contains("sigkill");
        return alone.then(|| Sign::new(84).class(Class::OutOfMemory).before(2));
    }
    Some(Sign::new(86).class(Class::RuntimeError).before(2))
}

fn timeout(seen: &Seen<'_>) -> Option<Sign> {
    let lower = seen.text.to_ascii_lowercase();
    let strong = lower.contains("no output has been received")
        || lower.contains("exceeded the maximum time")
        || lower.contains("tests timed out");
    Some(
        Sign::new(if strong { 90 } else { 72 })
            .class(Class::Timeout)
            .before(1),
    )
}

fn network(seen: &Seen<'_>) -> Option<Sign> {
    let lower = seen.text.to_ascii_lowercase();
    let retried =
        lower.contains("retrying") || lower.contains("will retry") || lower.starts_with("warning");
    Some(
        Sign::new(if retried { 34 } else { 80 })
            .class(Class::NetworkOrFlaky)
            .before(1),
    )
}

#[cfg(test)]
mod tests {
    use super::super::{examples, said};
    use crate::digest::found::Class;

    #[test]
    fn what_machines_say_is_known() {
        examples(&[
            (
                "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
                "memory",
                90,
            ),
            (
                "build.sh: line 4:  4242 Killed                  ./a",
                "signal",
                80,
            ),
            ("Segmentation fault (core dumped)", "signal", 86),
            (
                "No output has been received in the last 10m0s",
                "timeout",
                90,
            ),
            (
                "curl: (6) Could not resolve host: example.test",
                "network",
                80,
            ),
            (
                "fatal: Authentication failed for 'https://example.test/a'",
                "git",
                80,
            ),
        ]);
        assert_eq!(said("Killed").unwrap().class, Some(Class::OutOfMemory));
    }
}
