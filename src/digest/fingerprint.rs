//! Whether two failures are the same: the text of their causes, with everything masked that
//! differs from run to run.

use std::hash::{Hash, Hasher as _};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::found::{Fingerprint, Test};
use super::rules::pattern;

/// The folders of checkouts, times, temporary folders, durations, addresses, processes, counts
/// and hashes, in this order.
const VARYING: &str = concat!(
    r"(?P<root>/home/runner/work/[^/\s]+/[^/\s]+/|/github/workspace/|/__w/[^/\s]+/[^/\s]+/|/(?:home|Users)/travis/build/[^/\s]+/[^/\s]+/|/Users/runner/work/[^/\s]+/[^/\s]+/|/builds/[^/\s]+/[^/\s]+/|\b[A-Z]:\\a\\[^\\\s]+\\[^\\\s]+\\)|",
    r"(?P<time>\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:[.,]\d+)?)?Z?|\b\d\d?:\d\d:\d\d(?:[.,]\d+)?\b)",
    r"|(?P<tmp>(?:/private)?(?:/var)?/tmp/[^\s:'\x22`)]*|/var/folders/[^\s:'\x22`)]*|[A-Za-z]:\\[^\s:'\x22`)]*\\Temp\\[^\s:'\x22`)]*)",
    r"|(?P<duration>\b\d+(?:[.,]\d+)?\s?(?:ms|us|µs|ns|s|secs?|seconds?|min|mins|minutes?|hours?|h)\b)",
    r"|(?P<address>\b0x[0-9a-fA-F]+|\b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b|\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?::\d+)?\b)",
    r"|(?P<process>' \(\d+\) panicked|\b(?i:pid|process|tid|goroutine|thread)[ =:#]+\d+\b|<\d+\.\d+\.\d+>|\blocalhost:\d+)",
    r"|(?P<count>\b\d+ (?:tests?|errors?|failures?|failed|passed|skipped|warnings?|problems?|examples?|assertions?|runs?|files?|lines?|items?|times?)\b)",
    r"|(?P<hash>\b[0-9a-f]{7,64}\b|\b[0-9]{7,}\b)",
    r"|(?P<space>\s+)",
);

static VARIES: LazyLock<Regex> = LazyLock::new(|| pattern(VARYING));

/// A text without times, durations, hashes, addresses, counts and temporary folders. Other
/// numbers stay: a line's, a port's, what a test expected.
pub(super) fn exact(text: &str) -> String {
    VARIES.replace_all(text.trim(), replaced).into_owned()
}

fn replaced(found: &Captures<'_>) -> String {
    let all = &found[0];
    if found.name("space").is_some() {
        return " ".to_owned();
    }
    if found.name("root").is_some() {
        return String::new();
    }
    if found.name("tmp").is_some() {
        // The file keeps its name, the folder made for this run does not.
        let last = all.rsplit(['/', '\\']).next().unwrap_or("");
        return if last.contains('.') {
            format!("<tmp>/{last}")
        } else {
            "<tmp>".to_owned()
        };
    }
    if let Some(count) = found.name("count") {
        return count
            .as_str()
            .split_once(' ')
            .map_or_else(|| "#".to_owned(), |(_, what)| format!("# {what}"));
    }
    let word = found.name("hash").is_some() && !all.bytes().any(|byte| byte.is_ascii_digit());
    if word { all.to_owned() } else { "#".to_owned() }
}

/// A text without any number, without hashes, and without the folders in front of a file: the
/// same although lines moved. Fast, as every line of a passing log is masked so.
pub(super) fn coarse(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_ascii_whitespace() {
        let absolute =
            word.starts_with('/') || word.starts_with("~/") || word.get(1..3) == Some(":\\");
        let word = if absolute {
            word.rsplit(['/', '\\'])
                .find(|part| !part.is_empty())
                .unwrap_or(word)
        } else {
            word
        };
        let mut rest = word;
        while let Some(first) = rest.chars().next() {
            let end = rest
                .find(|char: char| !char.is_ascii_alphanumeric())
                .unwrap_or(rest.len());
            if end == 0 {
                out.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            let token = &rest[..end];
            rest = &rest[end..];
            let digits = token.bytes().filter(u8::is_ascii_digit).count();
            let hex = token.len() >= 7
                && digits > 0
                && token.bytes().all(|byte| byte.is_ascii_hexdigit());
            if digits == 0 {
                out.push_str(token);
            } else if hex || digits == token.len() || token.starts_with("0x") {
                out.push('#');
            } else {
                out.extend(token.chars().filter(|char| !char.is_ascii_digit()));
                out.push('#');
            }
        }
        out.push(' ');
    }
    out
}

/// The fingerprints of a failure: of everything, of its first cause, and of that without numbers.
pub(super) fn fingerprint(
    primary: &[String],
    causes: &[String],
    tests: &[Test],
    step: &str,
) -> Fingerprint {
    let mut all: Vec<String> = causes
        .iter()
        .map(|text| exact(text))
        .chain(tests.iter().map(|test| exact(&test.id)))
        .collect();
    let mut first: Vec<String> = primary.iter().map(|text| exact(text)).collect();
    let mut rough: Vec<String> = primary.iter().map(|text| coarse(text)).collect();
    for set in [&mut all, &mut first, &mut rough] {
        set.sort_unstable();
        set.dedup();
    }
    Fingerprint {
        strict: hex(&(exact(step), &all, &first)),
        loose: hex(&first),
        coarse: hex(&rough),
    }
}

/// FNV-1a over what is hashed: the same in every build and on every machine, as prints are kept.
fn hex(value: &impl Hash) -> String {
    let mut hash = Stable(0xcbf2_9ce4_8422_2325);
    value.hash(&mut hash);
    format!("{:016x}", hash.finish())
}

struct Stable(u64);

impl std::hash::Hasher for Stable {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn write_usize(&mut self, value: usize) {
        self.write(&(value as u64).to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::{coarse, exact};

    #[test]
    fn what_differs_from_run_to_run_is_masked() {
        for (one, other) in [
            ("took 0.12s", "took 13.9s"),
            ("at 0x7f3a10 in x", "at 0x55aa99 in x"),
            ("commit 8a6beb0f1c failed", "commit 17bdd31ac2 failed"),
            ("open /tmp/a1b2/x.txt", "open /tmp/ffff/x.txt"),
            ("2026-01-31T12:00:00Z a", "2026-02-01T01:02:03Z a"),
            ("3 tests failed", "14 tests failed"),
            (
                "thread 'a' (71) panicked at x",
                "thread 'a' (9) panicked at x",
            ),
            (
                "/home/runner/work/a/a/src/x.rs:3",
                "/builds/me/a/src/x.rs:3",
            ),
            ("D:\\a\\x\\x\\src", "/__w/y/y/src"),
            ("<0.81.0> died", "<0.7.0> died"),
            ("a  b", "a b"),
        ] {
            assert_eq!(exact(one), exact(other), "{one}");
        }
        assert_ne!(exact("line 3: bad"), exact("line 4: bad"));
        assert_eq!(exact("a defaced facade"), "a defaced facade");
        assert_eq!(
            coarse("/home/a/b/src/x.rs:3:4: bad"),
            coarse("/ci/src/x.rs:13:4: bad")
        );
        assert_ne!(coarse("test_a failed"), coarse("test_b failed"));
    }
}
