//! Words that any program uses when something is wrong, for tools that no other rule knows.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{After, Rule, Seen, Sign, frame};

/// Words of failure, and how much each of them means.
const WORDS: [(&str, u8); 69] = [
    ("error", 48),
    ("fail", 46),
    ("fatal", 55),
    ("exception", 46),
    ("panic", 55),
    ("abort", 42),
    ("traceback", 60),
    ("assert", 46),
    ("denied", 48),
    ("not found", 46),
    ("no such", 50),
    ("cannot ", 44),
    ("can't ", 36),
    ("could not", 46),
    ("couldn't", 42),
    ("unable to", 46),
    ("undefined", 40),
    ("unresolved", 44),
    ("timed out", 50),
    ("timeout", 34),
    ("refused", 44),
    ("invalid", 34),
    ("unexpected", 40),
    ("mismatch", 40),
    ("killed", 44),
    ("core dumped", 60),
    ("segmentation", 60),
    ("violation", 44),
    ("missing", 34),
    ("forbidden", 40),
    ("unauthorized", 40),
    ("unsupported", 32),
    ("not supported", 34),
    ("expected", 32),
    ("conflict", 30),
    ("broken", 32),
    ("exit code", 30),
    ("exit status", 36),
    ("non-zero", 36),
    ("never defined", 44),
    ("does not exist", 46),
    ("bad ", 22),
    ("wrong", 28),
    ("rejected", 36),
    ("not allowed", 40),
    ("incompatible", 36),
    ("unknown", 30),
    ("unrecognized", 40),
    ("exceeded", 34),
    ("please ", 22),
    ("forgot", 34),
    ("issues", 22),
    ("problem", 28),
    ("unreachable", 36),
    ("crash", 44),
    ("corrupt", 40),
    ("illegal", 40),
    ("ambiguous", 36),
    ("vulnerab", 34),
    ("disconnected", 36),
    ("terminated", 36),
    ("not available", 38),
    ("no longer", 26),
    ("stack trace", 30),
    ("oops", 34),
    ("unmet", 34),
    ("stale", 20),
    ("overflow", 36),
    ("leak", 30),
];

const NEEDLES: [&str; WORDS.len()] = {
    let mut needles = [""; WORDS.len()];
    let mut at = 0;
    while at < WORDS.len() {
        needles[at] = WORDS[at].0;
        at += 1;
    }
    needles
};

static FOUND: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| words_of(&NEEDLES));
static CALMED: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| words_of(CALM));

fn words_of(words: &[&str]) -> Option<AhoCorasick> {
    AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::DFA))
        .build(words)
        .ok()
}

/// Words that say of such a word that it is no failure.
const CALM: &[&str] = &[
    "warning",
    "warn ",
    "[warn",
    "deprecat",
    "0 error",
    "0 fail",
    "no error",
    "no fail",
    "errors: 0",
    "errors 0",
    "error: 0",
    "failed: 0",
    "failures: 0",
    "failed 0",
    "failures 0",
    "no issues",
    "0 issues",
    "no problems",
    "passed",
    " pass ",
    "success",
    "notice",
    "ignored",
    "ignoring",
    "skipp",
    "optional",
    "debug",
    "info:",
    " ok",
    "-werror",
    "fallback",
    "retry",
    "if-no-files-found",
];

pub(super) const RULES: &[Rule] = &[Rule {
    name: "words",
    needles: &NEEDLES,
    read: words,
}];

/// How lines of mere progress begin.
const PROGRESS: &[&str] = &[
    "compiling",
    "downloading",
    "downloaded",
    "copying",
    "installing",
    "collecting",
    "creating ",
    "inflating",
    "get:",
    "remote: ",
    "selecting ",
    "unpacking",
    "setting up",
    "fetching",
    "adding",
    "gem ",
    "using ",
];

/// Words with which a line of failure begins, and how much more they mean there.
const HEADS: &[(&str, u8)] = &[
    ("error:", 20),
    ("error ", 12),
    ("fatal", 15),
    ("failed", 10),
    ("failure", 10),
    ("traceback", 15),
    ("[error]", 12),
    ("err!", 8),
    ("e: ", 15),
    ("exception", 12),
    ("panic", 12),
    ("✗", 12),
    ("✖", 12),
    ("×", 8),
    ("!!", 12),
];

fn words(seen: &Seen<'_>) -> Option<Sign> {
    let lower = seen
        .text
        .get(..seen.text.floor_char_boundary(400))?
        .to_ascii_lowercase();
    let line = lower.trim_start();
    if PROGRESS.iter().any(|calm| line.starts_with(calm)) {
        return None;
    }
    let mut hits: Vec<(usize, usize, usize)> = FOUND
        .iter()
        .flat_map(|words| words.find_overlapping_iter(&lower))
        .map(|hit| (hit.pattern().as_usize(), hit.start(), hit.end()))
        .collect();
    let mut weight = hits.iter().map(|(word, _, _)| WORDS[*word].1).max()?;
    let joined = hits
        .iter()
        .all(|(_, start, end)| in_name(&lower, *start, *end));
    hits.sort_unstable();
    hits.dedup_by_key(|(word, _, _)| *word);
    weight += u8::try_from(hits.len().min(4)).unwrap_or(4) * 2;
    weight += HEADS
        .iter()
        .find(|(head, _)| line.starts_with(head))
        .map_or(0, |(_, more)| *more);
    if CALMED.iter().any(|calm| calm.is_match(&lower)) {
        weight /= 4;
    }
    let one_name = !line.contains(' ') && line.contains(['.', '/', '_']);
    let call = line.len() > 300
        && (line.contains(" -i") || line.contains(" /i") || line.contains(".exe "));
    if one_name || call {
        weight /= 4;
    }
    // A name such as `src/error.rs` or `test_failure` in a listing is no failure.
    if joined {
        weight /= 3;
    }
    if frame(seen.text) {
        weight = weight.min(20);
    }
    (weight >= 5).then(|| {
        Sign::new(weight)
            .before(1)
            .after(After::While(if weight >= 40 { 12 } else { 2 }, goes_on))
    })
}

/// Whether a word of failure is a part of a path or of an identifier.
fn in_name(lower: &str, start: usize, end: usize) -> bool {
    let before = lower[..start].chars().next_back();
    let after = lower[end..].chars().next();
    let glue = |char: Option<char>| {
        char.is_some_and(|char| {
            matches!(char, '_' | '-' | '/' | '.' | '\\') || char.is_ascii_alphanumeric()
        })
    };
    let joined =
        |char: Option<char>| char.is_some_and(|char| matches!(char, '_' | '-' | '/' | '\\'));
    joined(before) || joined(after) || (glue(before) && glue(after))
}

/// Indented lines, frames and the like belong to what is said above them.
fn goes_on(text: &str) -> bool {
    text.starts_with("  ")
        || text.starts_with('\t')
        || text.starts_with('|')
        || text.starts_with("> ")
        || text.starts_with("- ")
        || frame(text)
}

#[cfg(test)]
mod tests {
    use super::super::{examples, said};

    #[test]
    fn words_of_failure_weigh_more_than_names_and_warnings() {
        examples(&[("something went wrong: could not open the file", "words", 40)]);
        let weight = |text: &str| said(text).map_or(0, |sign| sign.weight);
        assert!(weight("warning: unexpected end") < 20);
        assert!(weight("  CC   src/error_handler.o") < 20);
        assert!(weight("12 passed, 0 failed") < 20);
        assert_eq!(weight("✓ returns an error"), 0);
    }
}
