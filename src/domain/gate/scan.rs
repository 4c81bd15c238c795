//! Searches the added files of a change for secrets and invisible characters: the findings of the
//! evidence's section `scans`. What it found is never given back, only what kind, and where.

use crate::domain::change::secret;
use crate::domain::text::{self, Class};

/// Findings that are listed.
const FINDINGS: usize = 100;
/// Longest path in a finding, in characters.
const PATH_CHARS: usize = 300;

/// A file's content before and after a change; `before` is empty for a new one.
#[derive(Clone, Copy, Debug)]
pub struct Scanned<'a> {
    /// Path from the root of the repository.
    pub path: &'a str,
    /// Its content before.
    pub before: &'a [u8],
    /// Its content after.
    pub after: &'a [u8],
}

/// What speaks against `files`, one line each, at most a hundred and one that counts the rest.
#[must_use]
pub fn findings(files: &[Scanned<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let path = text::line(file.path, PATH_CHARS);
        for secret in secret::scan_new(file.after, file.before) {
            found.push(format!(
                "{path}:{} holds what looks like {}",
                secret.line,
                secret.kind.sentence()
            ));
        }
        if let Some(line) = invisible(file) {
            found.push(format!("{path}:{line} holds an invisible character"));
        }
    }
    let more = found.len().saturating_sub(FINDINGS - 1);
    if more > 1 {
        found.truncate(FINDINGS - 1);
        found.push(format!("{more} more findings"));
    }
    found
}

/// The first line that holds more invisible characters than the file had before.
fn invisible(file: &Scanned<'_>) -> Option<usize> {
    let (Ok(before), Ok(after)) = (
        std::str::from_utf8(file.before),
        std::str::from_utf8(file.after),
    ) else {
        return None;
    };
    let old: std::collections::HashSet<&str> = before.lines().filter(|line| hides(line)).collect();
    let at = after
        .lines()
        .position(|line| hides(line) && !old.contains(line))?;
    Some(at + 1)
}

fn hides(line: &str) -> bool {
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    line.chars().any(|c| match text::class(c) {
        Class::Bidi | Class::ZeroWidth | Class::Tag | Class::SoftHyphen | Class::Control => {
            c != '\r'
        }
        Class::Filler | Class::Unassigned => true,
        // Emoji and icons are made of these.
        Class::VariationSelector | Class::Private => false,
        Class::Visible | Class::Space | Class::Newline => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(before: &str, after: &str) -> Vec<String> {
        findings(&[Scanned {
            path: "src/a.rs",
            before: before.as_bytes(),
            after: after.as_bytes(),
        }])
    }

    #[test]
    fn secrets_and_invisible_characters_are_found_by_place_and_never_shown() {
        let key = format!("{}{}", "ghp_", "0123456789abcdefghijABCDEFGHIJ012345");
        let found = scan(
            "",
            &format!("fn a() {{}}\nlet t = \"{key}\";\nlet x\u{200b} = 1;\n"),
        );
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(
            found[0].starts_with("src/a.rs:2 holds what looks like"),
            "{found:?}"
        );
        assert!(!found[0].contains("ghp"), "{found:?}");
        assert_eq!(found[1], "src/a.rs:3 holds an invisible character");
    }

    #[test]
    fn what_was_there_before_and_plain_text_are_no_findings() {
        assert!(scan("a\u{202e}b\n", "new\na\u{202e}b\n").is_empty());
        assert!(scan("", "grüße 👍️ naïve\r\n").is_empty());
        assert!(scan("a\n", "a\u{202e}b\n")[0].contains(":1 "));
    }
}
