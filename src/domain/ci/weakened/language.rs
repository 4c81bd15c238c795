//! How the tests of an ecosystem look: data, with three small functions where data does not do.
//!
//! Knows nothing of base and head, and not which ecosystems there are.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::lexed::Syntax;
use crate::domain::text::pattern::pattern;

/// Patterns are matched upon text without comments and without what stands in strings.
pub(super) struct Ecosystem {
    /// Ends of its files' names, without the dot.
    pub(super) extensions: &'static [&'static str],
    /// How comments and strings are written.
    pub(super) syntax: Syntax,
    /// Whether a runner looks for tests in a path.
    pub(super) collects: fn(path: &str) -> bool,
    /// A test, or a function that might have been one, with its `name`.
    pub(super) item: &'static LazyLock<Regex>,
    /// Whether an item is a test, where it stands in a file that is collected.
    pub(super) is_test: fn(&Head<'_>) -> bool,
    /// Where an item ends.
    pub(super) body: Body,
    /// What keeps a test, a group or a file from running.
    pub(super) skips: &'static LazyLock<Regex>,
    /// The beginning of an assertion, or of a case of a test that runs once for each.
    pub(super) assertion: &'static LazyLock<Regex>,
    /// How exact an assertion is, by its beginning and by what follows it.
    pub(super) weigh: fn(head: &str, arguments: &str) -> Strength,
    /// The beginning of a table of cases, up to the bracket that opens it.
    pub(super) tables: Option<&'static LazyLock<Regex>>,
    /// Whether a file that is collected is a test as a whole.
    pub(super) is_whole: fn(path: &str) -> bool,
    /// What registers tests that a runner would not find by itself.
    pub(super) registers: Option<&'static LazyLock<Regex>>,
}

/// What stands around an item's name.
pub(super) struct Head<'a> {
    pub(super) name: &'a str,
    /// Attributes and decorators above it.
    pub(super) attributes: &'a str,
    /// The same with its comments.
    pub(super) comments: &'a str,
    /// From the beginning of the match to the end of its line.
    pub(super) declaration: &'a str,
}

/// Where an item ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// With the brace that closes its first.
    Braces,
    /// With the parenthesis that closes its first, and the calls chained to it.
    Parens,
    /// Before the next line that is indented no deeper.
    Indent,
}

/// How exact an assertion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// Nothing: it holds whatever the code does.
    Empty,
    /// Something about a value.
    Loose,
    /// The value.
    Exact,
}

/// Whether text between parentheses says nothing about the code: constants alone.
pub(super) fn is_constant(arguments: &str) -> bool {
    static CONSTANT: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^\s*(?:!?\s*(?:true|True|TRUE|1|YES)|!\s*false|not False|\d+\s*(?:==|,)\s*\d+|(?:true|True)\s*(?:==|,|===)\s*(?:true|True))\s*(?:,\s*["'][^,]*)?$"#,
        )
    });
    static ALWAYS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?:\|\||\bor)\s+[Tt]rue\b"));
    CONSTANT.is_match(arguments) || ALWAYS.is_match(arguments)
}

/// The text between the parentheses that open at `open` or, where none does, the rest of the
/// statement.
pub(super) fn arguments(bare: &str, open: usize) -> &str {
    let rest = bare.get(open..).unwrap_or("");
    if !rest.starts_with('(') {
        return statement(rest);
    }
    let span = closed(rest, ('(', ')'));
    rest.get(1..span.saturating_sub(1).max(1)).unwrap_or("")
}

/// Up to the first line end outside of brackets.
fn statement(rest: &str) -> &str {
    let mut depth = 0_i32;
    for (at, char) in rest.char_indices() {
        match char {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            '\n' if depth <= 0 => return rest.get(..at).unwrap_or(rest),
            _ => {}
        }
    }
    rest
}

/// How many elements the bracket holds with which `rest` begins.
pub(super) fn elements(rest: &str) -> usize {
    let (mut depth, mut count, mut is_element) = (0_i32, 0, false);
    for char in rest.chars() {
        match char {
            '(' | '[' | '{' => {
                is_element |= depth > 0;
                depth += 1;
            }
            ')' | ']' | '}' => {
                depth -= 1;
                if depth <= 0 {
                    break;
                }
            }
            ',' if depth == 1 => {
                count += usize::from(is_element);
                is_element = false;
            }
            char => is_element |= !char.is_whitespace(),
        }
    }
    count + usize::from(is_element)
}

/// Length of the text up to what closes its first opening mark, or the whole.
fn closed(text: &str, (open, close): (char, char)) -> usize {
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        if char == open {
            depth += 1;
        } else if char == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return at + char.len_utf8();
            }
        }
    }
    text.len()
}

impl Body {
    /// Where an item that begins at `start` ends.
    pub(super) fn span(self, bare: &str, start: usize) -> Range<usize> {
        let rest = bare.get(start..).unwrap_or("");
        let length = match self {
            Self::Braces => braces(rest),
            Self::Parens => chained(rest, closed(rest, ('(', ')'))),
            Self::Indent => indented(bare, start),
        };
        start..start + length
    }
}

fn braces(rest: &str) -> usize {
    let brace = rest.find('{');
    let declared = rest.find(';');
    match (brace, declared) {
        (Some(brace), Some(end)) if end < brace => end + 1,
        (None, end) => end.map_or(rest.len(), |end| end + 1),
        (Some(_), _) => to_line_end(rest, closed(rest, ('{', '}'))),
    }
}

/// With the rest of the line, and with lines that go on from it: `})` and then `->skip()`.
fn to_line_end(rest: &str, length: usize) -> usize {
    let mut end = length;
    for (at, line) in rest
        .get(length..)
        .unwrap_or("")
        .split_inclusive('\n')
        .enumerate()
    {
        if at > 0 && !line.trim_start().starts_with("->") {
            break;
        }
        end += line.len();
    }
    end
}

/// With calls that go on from it: `it(…)->skip()`.
fn chained(rest: &str, mut length: usize) -> usize {
    loop {
        let after = rest.get(length..).unwrap_or("");
        let next = after.trim_start();
        let goes_on = next.starts_with("->") || next.starts_with('.') || after.starts_with('(');
        if !goes_on {
            let line = after.lines().next().unwrap_or("");
            return length + line.len();
        }
        let skipped = after.len() - next.len();
        let more = closed(next, ('(', ')'));
        if more == 0 || length >= rest.len() {
            return rest.len();
        }
        length += skipped + more;
    }
}

fn indented(bare: &str, start: usize) -> usize {
    let line_start = bare.get(..start).and_then(|text| text.rfind('\n'));
    let line_start = line_start.map_or(0, |at| at + 1);
    let depth = |line: &str| line.len() - line.trim_start().len();
    let mut lines = bare.get(line_start..).unwrap_or("").split_inclusive('\n');
    let first = lines.next().unwrap_or("");
    let own = depth(first);
    let mut end = line_start + first.len();
    for line in lines {
        let text = line.trim();
        if !text.is_empty() && depth(line) <= own {
            let closes = text.starts_with([')', ']', '}']) || text == "end";
            if closes {
                end += line.len();
            }
            if !closes || !text.ends_with(':') {
                break;
            }
        } else {
            end += line.len();
        }
    }
    end.saturating_sub(start)
}
