//! What changes a fingerprint and what does not.

use std::fmt::Write as _;

use super::{in_a_job, log, of};

const NAMES: [&str; 9] = [
    "pytest",
    "cargo-test",
    "cargo-build",
    "vitest",
    "jest",
    "maven-test",
    "gcc-make",
    "eslint",
    "go-test",
];

fn loose(log: &[u8]) -> String {
    of(log).fingerprint.unwrap().loose
}

fn text(name: &str) -> String {
    String::from_utf8(log(name)).unwrap()
}

#[test]
fn it_stays_when_times_paths_and_ends_of_lines_change() {
    for name in NAMES {
        let plain = text(name);
        let print = loose(plain.as_bytes());
        let same = [
            ("time stamps", in_a_job(plain.as_bytes(), "make", 1)),
            ("CRLF", plain.replace('\n', "\r\n").into_bytes()),
            (
                "colours",
                plain
                    .lines()
                    .map(|line| format!("\u{1b}[31m{line}\u{1b}[0m\n"))
                    .collect::<String>()
                    .into_bytes(),
            ),
            (
                "no colours",
                plain
                    .split('\u{1b}')
                    .enumerate()
                    .map(|(at, part)| {
                        if at == 0 {
                            part
                        } else {
                            part.split_once('m').map_or("", |(_, text)| text)
                        }
                    })
                    .collect::<String>()
                    .into_bytes(),
            ),
            (
                "durations",
                plain
                    .replace("0.978 s", "12.5 s")
                    .replace("in 0.", "in 7.")
                    .replace("(0.00s)", "(3.21s)")
                    .replace("0ms", "9ms")
                    .into_bytes(),
            ),
            ("nothing", plain.clone().into_bytes()),
        ];
        for (what, changed) in same {
            assert_eq!(loose(&changed), print, "{name}: {what}");
        }
    }
    let failure = |folder: &str, hash: &str, at: &str| {
        format!(
            "Traceback (most recent call last):\n  File \"{folder}/a.py\", line 3, in f\nOSError: {folder}/data.txt of {hash} at {at} is gone after 3.2s\n"
        )
    };
    assert_eq!(
        loose(failure("/tmp/tmpab12", "8a6beb0f1c", "0x7f001").as_bytes()),
        loose(failure("/tmp/tmpzz99", "17bdd31ac2", "0x55aa2").as_bytes())
    );
}

#[test]
fn it_stays_in_ten_megabytes_of_noise() {
    let mut noise = String::new();
    for at in 0..150_000 {
        let _ = writeln!(
            noise,
            "[{at}] copying module {} of the standard library into place",
            at * 7
        );
    }
    for name in ["pytest", "cargo-build"] {
        let log = text(name);
        let noisy = format!("{noise}{log}");
        assert!(noisy.len() > 8_000_000);
        assert_eq!(loose(noisy.as_bytes()), loose(log.as_bytes()), "{name}");
    }
}

#[test]
fn it_stays_when_the_order_changes() {
    let one = "FAILED tests/a.py::test_one - assert 1 == 2\n";
    let two = "FAILED tests/b.py::test_two - assert 3 == 4\n";
    let print = |log: String| of(log.as_bytes()).fingerprint.unwrap();
    assert_eq!(print(format!("{one}{two}")), print(format!("{two}{one}")));
    // Also where each of them has much to say.
    let long = |name: &str| {
        let frames: String = (1..30)
            .map(|line| format!("  File \"{name}.py\", line {line}, in {name}_{line}\n"))
            .collect();
        format!("Traceback (most recent call last):\n{frames}ValueError: {name} is wrong\n\n")
    };
    let (one, two) = (long("one"), long("two"));
    let print = |log: String| of(log.as_bytes()).fingerprint.unwrap().loose;
    assert_eq!(print(format!("{one}{two}")), print(format!("{two}{one}")));
    assert_ne!(print(format!("{one}{two}")), print(one.clone()));
    // Files that are compiled, and tests that are run, in another order.
    for (name, from, to) in [
        (
            "gcc-make",
            "gcc -Wall -Werror -c -o src/main.o",
            "gcc -Wall -Werror -c -o src/adds.o",
        ),
        ("flake8", "lint.py:4:7", "lint.py:5:12"),
    ] {
        let log = text(name);
        let at = |what: &str| log.find(what).unwrap();
        let (from, to) = (at(from), at(to));
        let end = log[to..]
            .find("make: ***")
            .map_or(log.len(), |end| to + end);
        let swapped = [&log[..from], &log[to..end], &log[from..to], &log[end..]].concat();
        assert_ne!(swapped, log);
        assert_eq!(print(swapped), print(log.clone()), "{name}");
    }
}

#[test]
fn it_stays_in_another_checkout() {
    for name in ["eslint", "maven-compile", "gradle-compile", "node"] {
        let log = text(name);
        let print = |root: &str| loose(log.replace("/home/ci/", root).as_bytes());
        let of_github = print("/home/runner/work/adds/adds/");
        assert!(log.contains("/home/ci/"), "{name}");
        for root in [
            "/__w/adds/adds/",
            "/builds/me/adds/",
            "/Users/runner/work/x/x/",
            "/github/workspace/",
        ] {
            assert_eq!(print(root), of_github, "{name} in {root}");
        }
    }
}

#[test]
fn it_changes_with_the_failure() {
    let mut prints: Vec<String> = NAMES.map(|name| loose(&log(name))).to_vec();
    prints.push(loose(
        text("pytest")
            .replace("test_uses_fixture", "test_other")
            .as_bytes(),
    ));
    prints.push(loose(
        text("cargo-build")
            .replace("value `c`", "value `d`")
            .as_bytes(),
    ));
    let all = prints.len();
    prints.sort();
    prints.dedup();
    assert_eq!(prints.len(), all);
}

#[test]
fn the_coarse_one_stays_when_lines_move() {
    let moved = text("gcc-make")
        .replace("main.c:3:", "main.c:33:")
        .replace("adds.c:4:", "adds.c:44:")
        .replace("  3 |", " 33 |")
        .replace("  4 |", " 44 |");
    let (one, other) = (
        of(&log("gcc-make")).fingerprint.unwrap(),
        of(moved.as_bytes()).fingerprint.unwrap(),
    );
    assert_eq!(one.coarse, other.coarse);
    assert_ne!(one.loose, other.loose);
}
