//! A line of a log as a person would see it: without colours, time stamps, overwritten progress
//! and characters that steer a terminal or hide text.

/// Bytes of a line that are looked at; the rest is cut off. No tool says more in a line that a
/// reader could use, and a minified bundle in one line shall cost nothing.
pub(super) const LINE: usize = 4096;

/// The text of a raw line.
pub(super) fn clean(raw: &[u8]) -> String {
    let mut raw = raw.strip_prefix(b"\xef\xbb\xbf").unwrap_or(raw);
    while let [rest @ .., b'\r' | b'\n'] = raw {
        raw = rest;
    }
    let raw = after_stamp(raw);
    let raw = &raw[..raw.len().min(LINE)];
    let text = String::from_utf8_lossy(last_shown(raw));
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) && !text.contains("^[[") {
        return text.trim_end().to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\u{1b}' | '\u{9b}' => skip_escape(char, &mut chars),
            // The same written out, as by `cat -v`.
            '^' if chars.peek() == Some(&'[') && written(chars.clone()) => {
                chars.next();
                skip_escape('\u{1b}', &mut chars);
            }
            '\t' => out.push('\t'),
            _ if char.is_control() || is_hidden(char) => {}
            _ => out.push(char),
        }
    }
    out.truncate(out.trim_end().len());
    out
}

/// What a terminal shows in the end of a line that was written over: its last part with text.
fn last_shown(raw: &[u8]) -> &[u8] {
    if memchr::memchr(b'\r', raw).is_none() {
        return raw;
    }
    raw.rsplit(|byte| *byte == b'\r')
        .find(|part| part.iter().any(|byte| byte.is_ascii_graphic()))
        .unwrap_or(b"")
}

/// Behind `2026-01-31T12:00:00.0000000Z `, and behind job, step and that, as `gh run view --log`
/// prints them.
fn after_stamp(raw: &[u8]) -> &[u8] {
    if let Some(rest) = behind_time(raw) {
        return rest;
    }
    let head = &raw[..raw.len().min(300)];
    if let Some(second) = memchr::memchr_iter(b'\t', head).nth(1)
        && let Some(rest) = behind_time(
            raw[second + 1..]
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(&raw[second + 1..]),
        )
    {
        return rest;
    }
    raw
}

fn behind_time(raw: &[u8]) -> Option<&[u8]> {
    let stamp =
        raw.len() >= 20 && raw[4] == b'-' && raw[7] == b'-' && raw[10] == b'T' && raw[13] == b':';
    if !stamp || !raw[..4].iter().all(u8::is_ascii_digit) {
        return None;
    }
    let end = raw[..raw.len().min(36)]
        .iter()
        .position(|byte| *byte == b'Z')?;
    let rest = &raw[end + 1..];
    Some(rest.strip_prefix(b" ").unwrap_or(rest))
}

/// Skips a control sequence whose first character was taken.
fn skip_escape(first: char, chars: &mut std::iter::Peekable<std::str::Chars<'_>>) {
    let kind = if first == '\u{9b}' {
        Some('[')
    } else {
        chars.next()
    };
    match kind {
        Some('[') => {
            while let Some(next) = chars.next() {
                if ('@'..='~').contains(&next) {
                    break;
                }
                if !matches!(chars.peek(), Some(' '..='~')) {
                    break;
                }
            }
        }
        Some(']') => {
            while let Some(next) = chars.next() {
                if next == '\u{7}' {
                    break;
                }
                if next == '\u{1b}' {
                    chars.next_if_eq(&'\\');
                    break;
                }
            }
        }
        Some('(' | ')') => {
            chars.next();
        }
        Some(_) | None => {}
    }
}

/// Whether `[`, `[`, digits and a letter follow.
fn written(mut chars: std::iter::Peekable<std::str::Chars<'_>>) -> bool {
    chars.next();
    chars.next() == Some('[')
        && chars
            .find(|char| !char.is_ascii_digit() && *char != ';')
            .is_some_and(|char| char.is_ascii_alphabetic())
}

/// Characters that are not seen, or that turn the order of what is seen.
fn is_hidden(char: char) -> bool {
    matches!(char, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Bytes of `text` up to `most`, not within a character.
pub(super) fn head(text: &str, most: usize) -> &str {
    &text[..text.floor_char_boundary(most)]
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_line_loses_what_is_not_its_text() {
        for (raw, text) in [
            ("plain", "plain"),
            ("\u{feff}2026-04-22T16:09:37.3317193Z  two  \r\n", " two"),
            ("\u{1b}[31;1mred\u{1b}[0m \u{1b}]0;title\u{7}x", "red x"),
            ("travis_fold:end:a\r\u{1b}[0K$ make\r", "$ make"),
            ("job\tstep\t2026-04-22T16:09:37.33Z text", "text"),
            ("10%\r20%\rdone", "done"),
            ("a\u{202e}b\u{0}c", "abc"),
            ("x\u{1b}[", "x"),
            ("^[[31mFAIL^[[0m^[[1;31m: a^[[0m [1]", "FAIL: a [1]"),
        ] {
            assert_eq!(clean(raw.as_bytes()), text, "{raw:?}");
        }
        assert_eq!(clean(b"bad \xff byte"), "bad \u{fffd} byte");
    }
}
