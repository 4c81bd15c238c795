//! Whether two failures are the same: the text of their causes, with everything masked that
//! differs from run to run.

use std::hash::{Hash, Hasher as _};

use super::found::{Fingerprint, Test};

/// A text without times, durations, hashes, addresses and temporary names; numbers of other
/// kinds stay.
pub(super) fn exact(text: &str) -> String {
    masked(text, false)
}

/// A text without any number, and without the folders in front of a file.
pub(super) fn loose(text: &str) -> String {
    masked(text, true)
}

fn masked(text: &str, numbers: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        if first.is_whitespace() {
            if !out.ends_with(' ') {
                out.push(' ');
            }
            rest = rest.trim_start();
            continue;
        }
        let end = rest.find(|char: char| !is_word(char)).unwrap_or(rest.len());
        if end == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        word(&rest[..end], numbers, &mut out);
        rest = &rest[end..];
    }
    out
}

fn is_word(char: char) -> bool {
    char.is_alphanumeric() || matches!(char, '_' | '.' | '/' | '-' | ':' | '~' | '\\' | ',')
}

/// One word: a path, a number, a name.
fn word(word: &str, numbers: bool, out: &mut String) {
    let word = if numbers { behind_folders(word) } else { behind_temporary(word) };
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|char: char| !char.is_ascii_alphanumeric() && char != '_').unwrap_or(rest.len());
        if end == 0 {
            let number = out.ends_with('#') && matches!(first, '.' | ':' | ',') && rest[1..].starts_with(|char: char| char.is_ascii_digit());
            if number {
                let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
                rest = &rest[1 + digits..];
                let unit = rest.bytes().take_while(u8::is_ascii_lowercase).count();
                rest = &rest[if unit <= 2 { unit } else { 0 }..];
            } else {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
            continue;
        }
        token(&rest[..end], numbers, out);
        rest = &rest[end..];
    }
}

fn token(token: &str, numbers: bool, out: &mut String) {
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        out.push_str(token);
        return;
    }
    let hex = token.len() >= 7 && token.bytes().all(|byte| byte.is_ascii_hexdigit()) && digits < token.len();
    let address = token.starts_with("0x");
    let random = token.len() >= 12 && digits * 4 >= token.len() && digits < token.len();
    let value = token.trim_end_matches(|char: char| char.is_ascii_lowercase());
    let duration = token.len() - value.len() <= 2 && value.bytes().all(|byte| byte.is_ascii_digit()) && token.len() > value.len();
    let long = digits == token.len() && digits >= 7;
    if hex || address || random || long || (numbers && (digits == token.len() || duration)) || (duration && matches!(&token[value.len()..], "s" | "ms" | "us" | "ns")) {
        out.push('#');
    } else {
        out.push_str(token);
    }
}

/// A path's last part, where it has folders in front.
fn behind_folders(word: &str) -> &str {
    let absolute = word.starts_with('/') || word.starts_with("~/") || word.get(1..3) == Some(":\\");
    if !absolute {
        return word;
    }
    word.rsplit(['/', '\\']).find(|part| !part.is_empty()).unwrap_or(word)
}

/// A path behind the temporary folder in which it stands.
fn behind_temporary(word: &str) -> &str {
    let temporary = ["/tmp/", "/var/tmp/", "/var/folders/", "/private/var/"].iter().any(|folder| word.starts_with(folder)) || word.contains("\\Temp\\");
    if temporary { word.rsplit(['/', '\\']).next().unwrap_or(word) } else { word }
}

/// The fingerprints of a failure: of its first cause, of everything.
pub(super) fn fingerprint(primary: &[String], causes: &[String], tests: &[Test], step: &str) -> Fingerprint {
    let mut first: Vec<String> = primary.iter().map(|text| loose(text)).collect();
    first.dedup();
    let mut all: Vec<String> = causes.iter().map(|text| exact(text)).chain(tests.iter().map(|test| exact(&test.id))).collect();
    all.sort_unstable();
    all.dedup();
    Fingerprint { strict: hex(&(exact(step), &all)), loose: hex(&first) }
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
    use super::{exact, loose};

    #[test]
    fn what_differs_from_run_to_run_is_masked() {
        for (one, other) in [
            ("took 0.12s", "took 13.9s"),
            ("at 0x7f3a10 in x", "at 0x55aa99 in x"),
            ("commit 8a6beb0f1c failed", "commit 17bdd31ac2 failed"),
            ("open /tmp/a1b2/x.txt", "open /tmp/ffff/x.txt"),
            ("a  b", "a b"),
        ] {
            assert_eq!(exact(one), exact(other), "{one}");
        }
        assert_ne!(exact("line 3"), exact("line 4"));
        assert_eq!(loose("/home/a/b/src/x.rs:3:4: bad"), loose("/ci/src/x.rs:13:4: bad"));
        assert_ne!(loose("test_a failed"), loose("test_b failed"));
    }
}
