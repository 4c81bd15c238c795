//! Our text on its way out, as Markdown in which nothing foreign acts (X8, X39, X40).
//!
//! The text is read line by line into blocks of code and prose, and written again from the few
//! things that may stand: text, code, emphasis, lists, tables, and links to hosts that are
//! named. Mentions, references and other addresses are shown as code; images are left out;
//! HTML is escaped. It knows nothing of what the text is about.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::SHORTENED;
use super::fence::{Fence, is_drawn};
use super::line::fenced;
use super::pattern::{longest_run, pattern};
use super::raw::{CLOSING, COMMAND, NO_CI, SKIP, TRAILER, raw_line};
use super::visible::visible_only;

/// Hosts to which a link may lead, in lower case; a host allows its sub-domains too.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkHosts<'a>(pub &'a [String]);

/// [`neutral_with`] without any host to which a link may lead.
#[must_use]
pub fn neutral(raw: &str, limit: usize) -> String {
    neutral_with(raw, limit, LinkHosts::default())
}

/// `raw` as Markdown in which nothing acts, in at most `limit` characters.
///
/// Text that is quoted cannot break out of what follows: fences are balanced and at column 0.
#[must_use]
pub fn neutral_with(raw: &str, limit: usize, hosts: LinkHosts<'_>) -> String {
    let text = visible_only(raw);
    let room = limit.saturating_sub(SHORTENED.len() + 2);
    let mut out = Bounded {
        text: String::new(),
        used: 0,
        room,
        full: false,
    };
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if out.full {
            break;
        }
        match Fence::opening(line) {
            Some(open) => {
                let mut inside = Vec::new();
                for line in lines.by_ref() {
                    if open.closes(line) {
                        break;
                    }
                    inside.push(line);
                }
                out.push_block(&inside, &language(&open.info));
            }
            None => out.push_prose(line, hosts),
        }
    }
    if out.full {
        out.text.push('\n');
        out.text.push_str(SHORTENED);
    }
    if limit < out.text.chars().count() {
        return String::new();
    }
    out.text.trim_end().to_owned()
}

/// Text that grows by whole lines up to its room.
struct Bounded {
    text: String,
    used: usize,
    room: usize,
    full: bool,
}

impl Bounded {
    /// A line of prose, or as much of its beginning as there is room for. What is cut is the raw
    /// line: a cut through what was made of it could leave half a code span.
    fn push_prose(&mut self, line: &str, hosts: LinkHosts<'_>) {
        let mut part = line;
        loop {
            let made = prose(part, hosts);
            if part.is_empty() || self.used + made.chars().count() < self.room {
                self.push_line(&made);
                break;
            }
            let half = part.chars().count() / 2;
            part = part
                .char_indices()
                .nth(half)
                .map_or("", |(at, _)| &part[..at]);
        }
        self.full |= part.len() < line.len();
    }

    fn push_line(&mut self, line: &str) {
        let size = line.chars().count() + 1;
        if self.used + size > self.room {
            self.full = true;
            return;
        }
        self.used += size;
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// A block of code, with as many of its lines as there is room for.
    fn push_block(&mut self, lines: &[&str], info: &str) {
        let mut kept = Vec::new();
        // The two fences and what one info string adds.
        let longest = lines
            .iter()
            .map(|line| longest_run(line))
            .max()
            .unwrap_or(0);
        let mut size = 2 * (longest.max(2) + 1) + info.len() + 4;
        for line in lines {
            let line = raw_line(line);
            size += line.chars().count() + 1;
            if self.used + size > self.room {
                self.full = true;
                break;
            }
            kept.push(line);
        }
        if self.full && kept.is_empty() {
            return;
        }
        self.used += size;
        self.text.push_str(&fenced(&kept, info));
    }
}

/// The language of a block as it may stand after a fence: GitHub shows some blocks as something
/// else than code.
fn language(info: &str) -> String {
    let info: String = info
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '_' | '-'))
        .take(20)
        .collect();
    if is_drawn(&info) || info.eq_ignore_ascii_case("suggestion") {
        String::from("text")
    } else {
        info
    }
}

/// One line of prose.
fn prose(line: &str, hosts: LinkHosts<'_>) -> String {
    let line = SKIP.replace_all(line, "($1)");
    let line = NO_CI.replace_all(&line, "no ci");
    let line = line.replace('\t', "    ");
    let mut out = String::with_capacity(line.len() + 16);
    for token in tokens(&line) {
        match token {
            Token::Code(code) => push_code(&mut out, &code),
            Token::Text(text) => push_text(&mut out, &text, hosts),
        }
    }
    let out = TRAILER.replace(&out, "$1\\:");
    COMMAND.replace(&out, "$1\\$2").into_owned()
}

enum Token {
    Code(String),
    Text(String),
}

/// A line's code spans and the text between them. Backticks that pair with none on the same
/// line are dropped, so that nothing that follows can pair with them.
fn tokens(line: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut text = String::new();
    let mut rest = line;
    while let Some(c) = rest.chars().next() {
        if c == '\\' {
            // An escaped character stands for itself, and is judged as that.
            let mut pair = rest.chars();
            pair.next();
            match pair.next() {
                Some('`') => text.push('\''),
                Some(c) if KEPT_ESCAPES.contains(c) => text.extend(['\\', c]),
                Some(c) if c.is_ascii_punctuation() => text.push(c),
                Some(c) => text.extend(['\\', '\\', c]),
                None => text.push_str("\\\\"),
            }
            rest = pair.as_str();
            continue;
        }
        if c != '`' {
            text.push(c);
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let run = rest.len() - rest.trim_start_matches('`').len();
        let after = &rest[run..];
        match span_end(after, run) {
            // A `|` may end a cell of a table, and with it the code.
            Some(end) if !after[..end].contains('|') => {
                if !text.is_empty() {
                    tokens.push(Token::Text(std::mem::take(&mut text)));
                }
                tokens.push(Token::Code(after[..end].to_owned()));
                rest = &after[end + run..];
            }
            Some(_) | None => {
                text.push('\'');
                rest = after;
            }
        }
    }
    if !text.is_empty() {
        tokens.push(Token::Text(text));
    }
    tokens
}

/// Escaped, these are only themselves; the backslash is kept.
const KEPT_ESCAPES: &str = "*_[]()|~\\";

/// Where a run of exactly `run` backticks begins in `text`.
fn span_end(text: &str, run: usize) -> Option<usize> {
    let mut at = 0;
    while let Some(found) = text[at..].find('`') {
        let start = at + found;
        let length = text[start..].len() - text[start..].trim_start_matches('`').len();
        if length == run {
            return Some(start);
        }
        at = start + length;
    }
    None
}

/// Shows `code` as a code span that no neighbour can join.
fn push_code(out: &mut String, code: &str) {
    let code = CLOSING.replace_all(code.trim(), "$1$2 $3");
    if code.is_empty() {
        return;
    }
    if out.ends_with(['`', '\\']) {
        out.push(' ');
    }
    let fence = "`".repeat(longest_run(&code) + 1);
    let pad = if code.starts_with('`') || code.ends_with('`') {
        " "
    } else {
        ""
    };
    out.push_str(&format!("{fence}{pad}{code}{pad}{fence}"));
}

/// What acts in prose. The order is the order of preference at one place.
static ACTING: LazyLock<Regex> = LazyLock::new(|| {
    pattern(concat!(
        r"(?i)(?P<image>!\[[^\]\[]*\]\([^()]*\))",
        r"|\[(?P<label>[^\]\[]{1,300})\]\((?P<target>https?://[^()\s<>|\\]+)\)",
        r"|(?P<address>[a-z0-9+.-]*://[^\s<>|]*|www\.[^\s<>|]+|(?:mailto|xmpp|javascript|data):[^\s<>|]+)",
        r"|(?P<mention>[\w.+/-]*@[a-z0-9_][\w./@-]*)",
        r"|(?P<reference>[\w.-]*(?:/[\w.-]+)?#\d[\w]*|\bGH-\d+|[\w.-]+@[0-9a-f]{7,64}\b)",
    ))
});

/// Writes text, with whatever would act shown as code.
fn push_text(out: &mut String, text: &str, hosts: LinkHosts<'_>) {
    let mut at = 0;
    for found in ACTING.captures_iter(text) {
        let Some(whole) = found.get(0) else { continue };
        push_plain(out, &text[at..whole.start()]);
        push_acting(out, &found, whole.as_str(), hosts);
        at = whole.end();
        if out.ends_with(' ') && text[at..].starts_with(' ') {
            out.pop();
        }
        // What follows code directly must not be taken into it.
        if out.ends_with('`') && text[at..].starts_with('`') {
            out.push(' ');
        }
    }
    push_plain(out, &text[at..]);
}

fn push_acting(out: &mut String, found: &Captures<'_>, whole: &str, hosts: LinkHosts<'_>) {
    if found.name("image").is_some() {
        out.push_str("(image left out)");
    } else if let (Some(label), Some(target)) = (found.name("label"), found.name("target")) {
        if hosts.allow(target.as_str()) && !ACTING.is_match(label.as_str()) {
            out.push('[');
            push_plain(out, label.as_str());
            out.push_str(&format!("]({})", target.as_str()));
        } else {
            push_text(out, label.as_str(), hosts);
            out.push(' ');
            push_code(out, target.as_str());
        }
    } else if found.name("address").is_some() && hosts.allow(whole) {
        out.push_str(whole);
        // GitHub takes what follows into the address, as far as the next space.
        out.push(' ');
    } else {
        push_code(out, &whole.replace('\\', ""));
    }
}

/// Text in which nothing acts, with HTML escaped and references by label broken.
fn push_plain(out: &mut String, text: &str) {
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        match c {
            '<' => out.push_str("&lt;"),
            '&' if ["amp;", "lt;", "gt;"].iter().any(|e| rest.starts_with(e)) => out.push('&'),
            '&' => out.push_str("&amp;"),
            ']' if rest.starts_with([':', '(', '[']) => out.push_str("]\\"),
            '!' if rest.starts_with('[') => out.push_str("! "),
            // Emphasis within a mention or a reference is not trusted to part it.
            '@' if rest.starts_with(|c: char| !c.is_whitespace()) => out.push('＠'),
            '#' if rest.starts_with(['*', '_', '~', '\\', '[']) => out.push('＃'),
            '-' if rest.starts_with(['*', '_', '~', '\\', '[']) && ends_gh(&text[..at]) => {
                out.push('－');
            }
            _ => out.push(c),
        }
    }
}

/// Whether `text` ends with what may begin a reference such as `GH-1`.
fn ends_gh(text: &str) -> bool {
    let last = text.len().saturating_sub(2);
    text.get(last..)
        .is_some_and(|end| end.eq_ignore_ascii_case("gh"))
}

impl LinkHosts<'_> {
    /// Whether a link may lead to `address`: https, a named host, no user, no port, and no
    /// issue, pull request or discussion, because naming one leaves a trace on it.
    fn allow(self, address: &str) -> bool {
        let Some(rest) = address.strip_prefix("https://") else {
            return false;
        };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let host = host.to_ascii_lowercase();
        let named = self.0.iter().any(|name| {
            host == *name
                || host
                    .strip_suffix(name.as_str())
                    .is_some_and(|sub| sub.ends_with('.'))
        });
        let plain = path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._~/#?=&%+,".contains(c));
        let traced = ["/issues/", "/pull/", "/discussions/", "/commit/"]
            .iter()
            .any(|part| format!("/{path}").contains(part));
        named && plain && !traced
    }
}
