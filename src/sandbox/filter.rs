//! Which calls of the kernel a sandboxed program is refused: a list for seccomp, as bubblewrap
//! wants it.
//!
//! Namespaces and dropped capabilities hold already; this takes away parts of the kernel that are
//! often broken and that no build, test or agent needs. Debuggers (`ptrace`), all of TCP, UDP
//! and unix sockets, and asking for the network's interfaces (route netlink) stay.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Length, SeccompCmpOp as Is,
    SeccompCondition as Condition, SeccompFilter, SeccompRule as Rule, TargetArch, sock_filter,
};

/// `EPERM`: programs that try such calls go on without them, as they do in containers.
const REFUSED: u32 = 1;

/// Address families of sockets, from `linux/socket.h`.
const AF_UNIX: u64 = 1;
const AF_INET: u64 = 2;
const AF_INET6: u64 = 10;
const AF_NETLINK: u64 = 16;
/// The kind of netlink that says which interfaces there are.
const NETLINK_ROUTE: u64 = 0;
/// Requests of `ioctl` that type into somebody's terminal: `TIOCSTI` and `TIOCLINUX`.
const TYPES_INTO_TERMINALS: [u64; 2] = [0x5412, 0x541c];

/// One machine's numbers of the calls, from the kernel's tables.
struct Calls {
    arch: TargetArch,
    socket: i64,
    socketpair: i64,
    ioctl: i64,
    /// Refused whatever they are asked: io_uring (three), bpf, perf_event_open, userfaultfd,
    /// add_key, request_key, keyctl, kexec_load, kexec_file_load, syslog (the kernel's log),
    /// open_by_handle_at, fanotify_init, and lookups of modules (init, finit, delete).
    refused: [i64; 17],
}

const X86_64: Calls = Calls {
    arch: TargetArch::x86_64,
    socket: 41,
    socketpair: 53,
    ioctl: 16,
    refused: [
        425, 426, 427, 321, 298, 323, 248, 249, 250, 246, 320, 103, 304, 300, 175, 313, 176,
    ],
};

const AARCH64: Calls = Calls {
    arch: TargetArch::aarch64,
    socket: 198,
    socketpair: 199,
    ioctl: 29,
    refused: [
        425, 426, 427, 280, 241, 282, 217, 218, 219, 104, 294, 116, 265, 262, 105, 273, 106,
    ],
};

/// The filter as the kernel reads it; `None` on machines whose numbers are not known here.
///
/// # Errors
/// The list cannot be made into a program: a defect.
pub(super) fn program() -> Result<Option<Vec<u8>>, BackendError> {
    let calls = match std::env::consts::ARCH {
        "x86_64" => X86_64,
        "aarch64" => AARCH64,
        _ => return Ok(None),
    };
    let filter = SeccompFilter::new(
        rules(&calls)?,
        SeccompAction::Allow,
        SeccompAction::Errno(REFUSED),
        calls.arch,
    )?;
    let mut program = BpfProgram::try_from(filter)?;
    if matches!(calls.arch, TargetArch::x86_64) {
        program.splice(0..0, no_second_numbering());
    }
    Ok(Some(program.iter().flat_map(bytes).collect()))
}

/// x86_64 kernels may know each call by a second number (x32), which would pass by the list.
fn no_second_numbering() -> [sock_filter; 3] {
    let word = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    [
        // The number of the call; go on unless it is at least 2^30; refuse.
        word(0x20, 0, 0, 0),
        word(0x35, 0, 1, 0x4000_0000),
        word(0x06, 0, 0, 0x0005_0000 | REFUSED),
    ]
}

fn bytes(word: &sock_filter) -> [u8; 8] {
    let [c0, c1] = word.code.to_ne_bytes();
    let [k0, k1, k2, k3] = word.k.to_ne_bytes();
    [c0, c1, word.jt, word.jf, k0, k1, k2, k3]
}

fn rules(calls: &Calls) -> Result<BTreeMap<i64, Vec<Rule>>, BackendError> {
    let is_not = |at, value| Condition::new(at, Length::Dword, Is::Ne, value);
    let is = |at, value| Condition::new(at, Length::Dword, Is::Eq, value);
    let strange_family = Rule::new(vec![
        is_not(0, AF_UNIX)?,
        is_not(0, AF_INET)?,
        is_not(0, AF_INET6)?,
        is_not(0, AF_NETLINK)?,
    ])?;
    let strange_netlink = Rule::new(vec![is(0, AF_NETLINK)?, is_not(2, NETLINK_ROUTE)?])?;
    let sockets = vec![strange_family, strange_netlink];
    let typing = TYPES_INTO_TERMINALS.map(|request| Rule::new(vec![is(1, request)?]));
    let typing = typing.into_iter().collect::<Result<Vec<_>, _>>()?;
    // A call without a rule is refused whatever it is asked.
    let mut rules: BTreeMap<i64, Vec<Rule>> = calls
        .refused
        .into_iter()
        .map(|call| (call, Vec::new()))
        .collect();
    rules.insert(calls.socket, sockets.clone());
    rules.insert(calls.socketpair, sockets);
    rules.insert(calls.ioctl, typing);
    Ok(rules)
}
