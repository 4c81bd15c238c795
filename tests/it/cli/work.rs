//! `castellan work` as a process: what it inherits, where it looks, how it is ended.

use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use super::{castellan, said};

#[test]
fn what_it_inherited_does_not_reach_what_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    // The hidden command starts a program as it is; descriptor 9 is a folder of ours.
    let mut shell = Command::new("/bin/sh");
    shell.args([
        "-c",
        "exec 9</; exec \"$0\" relay-inside 0=/nonexistent -- /bin/readlink /proc/self/fd/9",
    ]);
    shell.arg(env!("CARGO_BIN_EXE_castellan"));
    shell.env_clear().current_dir(folder.path());
    let (code, out, error) = said(&shell.output().unwrap());
    assert_eq!((code, out.as_str()), (Some(1), ""), "{error}");
}

#[test]
fn it_needs_no_more_of_the_path_than_it_has() {
    let folder = tempfile::tempdir().unwrap();
    let closed = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut work = castellan(folder.path());
    work.args(["work", "--run-id", "1", "--ticket", "no ticket"]);
    work.args([
        "--server",
        &format!("http://{}", closed.local_addr().unwrap()),
    ]);
    drop(closed);
    work.env("PATH", "/usr/bin::/bin:");
    let mut child = work.stderr(Stdio::piped()).spawn().unwrap();
    ended(&mut child);
    let mut log = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert!(log.contains("told to end"), "{log}");
}

/// Tells it to end and waits until it has.
fn ended(child: &mut std::process::Child) {
    // It listens for the signal once it has logged something.
    let mut first = [0];
    child
        .stderr
        .as_mut()
        .unwrap()
        .read_exact(&mut first)
        .unwrap();
    let pid = Pid::from_child(child);
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn u14_check_says_what_a_machine_lacks_and_how_to_get_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut check = castellan(folder.path());
    check.args(["work", "--check"]).env("PATH", folder.path());
    let (code, out, error) = said(&check.output().unwrap());
    assert_eq!(code, Some(1), "{error}");
    assert!(out.contains("git is not installed: install it"), "{out}");
    assert!(
        out.contains("bubblewrap (the program bwrap) is not installed: install it"),
        "{out}"
    );
}
