//! A file's text with its comments, and with its strings, blanked at the same offsets.
//!
//! It knows how an ecosystem writes comments and strings, and no grammar.

/// How comments and strings are written.
#[derive(Debug)]
pub(super) struct Syntax {
    /// What begins a comment that ends with its line.
    pub(super) line: &'static [&'static str],
    /// What begins and ends a comment.
    pub(super) blocks: &'static [(&'static str, &'static str)],
    /// Strings, the longer beginnings first.
    pub(super) strings: &'static [Quote],
}

/// One way to write a string.
#[derive(Debug)]
pub(super) struct Quote {
    open: &'static str,
    close: &'static str,
    escapes: bool,
    spans_lines: bool,
}

impl Quote {
    /// A string within its line, with backslashes that escape.
    pub(super) const fn line(mark: &'static str) -> Self {
        Self {
            open: mark,
            close: mark,
            escapes: true,
            spans_lines: false,
        }
    }

    /// A string over lines, with backslashes that escape.
    pub(super) const fn lines(mark: &'static str) -> Self {
        Self {
            open: mark,
            close: mark,
            escapes: true,
            spans_lines: true,
        }
    }

    /// A string over lines in which nothing escapes.
    pub(super) const fn raw(open: &'static str, close: &'static str) -> Self {
        Self {
            open,
            close,
            escapes: false,
            spans_lines: true,
        }
    }
}

/// C and its many children.
pub(super) const C_LIKE: Syntax = Syntax {
    line: &["//"],
    blocks: &[("/*", "*/")],
    strings: &[
        Quote::raw("\"\"\"", "\"\"\""),
        Quote::line("\""),
        Quote::line("'"),
    ],
};

/// Shells, Ruby, YAML and others with `#`.
pub(super) const HASH: Syntax = Syntax {
    line: &["#"],
    blocks: &[],
    strings: &[Quote::line("\""), Quote::line("'")],
};

/// One side of a file.
#[derive(Debug)]
pub(super) struct Source {
    /// The text.
    pub(super) raw: String,
    /// The text without comments; every offset is that of `raw`.
    pub(super) code: String,
    /// The text without comments and without what stands in strings.
    pub(super) bare: String,
    starts: Vec<usize>,
}

impl Source {
    /// Reads `raw` as `syntax` writes.
    pub(super) fn written(raw: &str, syntax: &Syntax) -> Self {
        let raw = raw.replace("\r\n", "\n");
        let (code, bare) = blanked(&raw, syntax);
        let starts = std::iter::once(0)
            .chain(raw.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self {
            raw,
            code,
            bare,
            starts,
        }
    }

    /// Number of the line at an offset, from 1.
    pub(super) fn line_at(&self, offset: usize) -> u32 {
        let before = self.starts.partition_point(|start| *start <= offset);
        u32::try_from(before).unwrap_or(u32::MAX)
    }

    /// The raw text of the line at an offset, without what surrounds it.
    pub(super) fn text_at(&self, offset: usize) -> &str {
        let at = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts.get(at.saturating_sub(1)).copied().unwrap_or(0);
        let rest = self.raw.get(start..).unwrap_or("");
        rest.lines().next().unwrap_or("").trim()
    }

    /// Where a line begins, by its number.
    pub(super) fn start_of(&self, line: u32) -> usize {
        let at = usize::try_from(line).unwrap_or(usize::MAX);
        self.starts.get(at.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// Bytes of space before a line's text.
    pub(super) fn indent_of(&self, line: u32) -> usize {
        let rest = self.raw.get(self.start_of(line)..).unwrap_or("");
        let line = rest.lines().next().unwrap_or("");
        line.len() - line.trim_start().len()
    }

    /// Where the line at an offset begins.
    pub(super) fn line_start(&self, offset: usize) -> usize {
        let at = self.starts.partition_point(|start| *start <= offset);
        self.starts.get(at.saturating_sub(1)).copied().unwrap_or(0)
    }

    /// Whether an offset stands in a string.
    pub(super) fn is_string(&self, offset: usize) -> bool {
        let at = |text: &str| text.as_bytes().get(offset).copied();
        at(&self.bare) == Some(b' ') && at(&self.code).is_some_and(|byte| byte != b' ')
    }

    /// Whether an offset stands in a comment.
    pub(super) fn is_comment(&self, offset: usize) -> bool {
        let at = |text: &str| text.as_bytes().get(offset).copied();
        at(&self.code) == Some(b' ') && at(&self.raw).is_some_and(|byte| byte != b' ')
    }
}

/// What the reader of characters is in.
enum In<'a> {
    Code,
    Line,
    Block(&'a str),
    String(&'a Quote),
}

/// `raw` without comments, and without comments and strings.
fn blanked(raw: &str, syntax: &Syntax) -> (String, String) {
    let (mut code, mut bare) = (
        String::with_capacity(raw.len()),
        String::with_capacity(raw.len()),
    );
    let mut state = In::Code;
    let mut at = 0;
    let mut last = '\n';
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let char = rest.chars().next().unwrap_or('\n');
        let (mut width, mut in_code, mut in_bare) = (char.len_utf8(), true, true);
        match state {
            In::Code => {
                let block = syntax.blocks.iter().find(|block| rest.starts_with(block.0));
                if let Some((open, close)) = block {
                    (state, width, in_code) = (In::Block(close), open.len(), false);
                } else if begins_comment(syntax, rest, last) {
                    (state, in_code) = (In::Line, false);
                } else if let Some(width_of) = char_literal(rest) {
                    (width, in_bare) = (width_of, false);
                } else if let Some(quote) = quote_of(syntax, rest) {
                    (state, width) = (In::String(quote), quote.open.len());
                }
            }
            In::Line => {
                in_code = char == '\n';
                if in_code {
                    state = In::Code;
                }
            }
            In::Block(close) => {
                in_code = false;
                if rest.starts_with(close) {
                    (state, width) = (In::Code, close.len());
                }
            }
            In::String(quote) => {
                in_bare = false;
                if quote.escapes && char == '\\' {
                    width += rest.chars().nth(1).map_or(0, char::len_utf8);
                } else if rest.starts_with(quote.close) {
                    (state, width, in_bare) = (In::Code, quote.close.len(), true);
                } else if char == '\n' && !quote.spans_lines {
                    (state, in_bare) = (In::Code, true);
                }
            }
        }
        let piece = rest.get(..width).unwrap_or(rest);
        put(&mut code, piece, in_code);
        put(&mut bare, piece, in_code && in_bare);
        last = piece.chars().last().unwrap_or(last);
        at += piece.len();
    }
    (code, bare)
}

/// Appends a piece, or as many spaces and its line ends.
fn put(text: &mut String, piece: &str, shows: bool) {
    if shows {
        text.push_str(piece);
    } else {
        text.extend(piece.bytes().map(|byte| match byte {
            b'\n' => '\n',
            _ => ' ',
        }));
    }
}

fn begins_comment(syntax: &Syntax, rest: &str, last: char) -> bool {
    let begins = |mark: &&&str| rest.starts_with(**mark);
    syntax.line.iter().find(begins).is_some_and(|mark| {
        // `$#` and `${#x}` of shells, and addresses: no comment begins in the middle of a word.
        match *mark {
            "#" => last.is_whitespace() || matches!(last, ';' | ')' | ',' | ':'),
            _ => last != ':',
        }
    })
}

/// Bytes of `'"'` and the like, which begin no string.
fn char_literal(rest: &str) -> Option<usize> {
    ["'\"'", "'\\\"'", "'\\''", "b'\"'"]
        .iter()
        .find(|literal| rest.starts_with(**literal))
        .map(|literal| literal.len())
}

fn quote_of<'a>(syntax: &'a Syntax, rest: &str) -> Option<&'a Quote> {
    syntax
        .strings
        .iter()
        .find(|quote| rest.starts_with(quote.open))
}
