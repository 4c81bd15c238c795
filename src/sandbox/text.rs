//! Foreign bytes as text that can be shown: bounded, without control and invisible characters.
//!
//! Which characters can be seen is said in [`crate::domain::text`].

use crate::domain::text::{Class, class};
use crate::guard::{self, Guard};

/// At most the last `max_bytes` of `bytes` as text: terminal sequences, control characters (beside
/// line ends and tabs), and characters that are invisible or turn the reading direction are left out.
#[must_use]
pub fn clean(bytes: &[u8], max_bytes: usize) -> String {
    let from = bytes.len().saturating_sub(max_bytes);
    let text = String::from_utf8_lossy(&bytes[from..]);
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip_sequence(&mut rest),
            '\r' if rest.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            _ => match class(c) {
                Class::Visible => out.push(c),
                Class::Space => out.push(' '),
                Class::Newline => out.push('\n'),
                _ => {}
            },
        }
    }
    // Replacement characters may have made it longer again.
    let mut from = out.len().saturating_sub(max_bytes);
    while !out.is_char_boundary(from) {
        from += 1;
    }
    out.split_off(from)
}

/// The first `max_chars` characters of `text` on one line, cleaned as by [`clean`].
#[must_use]
pub fn clean_line(text: &str, max_chars: usize) -> String {
    // More than any line of that many characters can need, so that a huge text costs little.
    let mut end = text.len().min(max_chars.saturating_mul(8));
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let line = clean(&text.as_bytes()[..end], end);
    let words: Vec<&str> = line.split_whitespace().collect();
    words.join(" ").chars().take(max_chars).collect()
}

/// The same text without workflow commands: GitHub's runner takes a line that begins with `::`,
/// and `##[` anywhere in one, for a command of the job (X41).
#[must_use]
pub fn without_commands(text: &str) -> String {
    if !guard::holds(Guard::JobLog) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.trim_start().starts_with("::") {
            out.push_str("| ");
        }
        out.push_str(&line.replace("##[", "# #["));
    }
    out
}

/// Skips the rest of a terminal's escape sequence.
fn skip_sequence(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    match rest.next() {
        Some('[') => {
            for c in rest.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&c) {
                    break;
                }
            }
        }
        Some(']') => {
            while let Some(&c) = rest.peek() {
                // A line end also ends it, so that no text can hide behind an open one.
                if c == '\n' {
                    break;
                }
                rest.next();
                if c == '\u{7}' || c == '\\' {
                    break;
                }
            }
        }
        Some(_) | None => {}
    }
}
