//! What a rule says of a line: how much it means, how far it reaches, and what it names.

use std::sync::LazyLock;

use regex::Regex;

use crate::digest::found::{Class, Diagnostic, Test};

/// A line and what stands in front of it.
pub(in crate::digest) struct Seen<'a> {
    /// The line, cleaned.
    pub(in crate::digest) text: &'a str,
    /// The line that many lines before it, from 1, cleaned.
    pub(in crate::digest) before: &'a dyn Fn(usize) -> Option<String>,
}

impl<'a> Seen<'a> {
    /// A line with nothing in front of it.
    #[cfg(test)]
    pub(in crate::digest) fn alone(text: &'a str) -> Self {
        Self {
            text,
            before: &|_| None,
        }
    }
}

/// How far a cause goes on behind its first line.
#[derive(Clone, Copy)]
pub(in crate::digest) enum After {
    /// That many lines.
    Lines(u16),
    /// Up to the next empty line, or that many.
    Blank(u16),
    /// As long as lines are so, or that many.
    While(u16, fn(&str) -> bool),
    /// Up to the first line that is so and with it, or that many.
    Until(u16, fn(&str) -> bool),
    /// Up to the first line that is so and without it, or that many.
    Before(u16, fn(&str) -> bool),
}

/// A place in the code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::digest) struct Place {
    pub(in crate::digest) file: String,
    pub(in crate::digest) line: u32,
    pub(in crate::digest) column: Option<u32>,
}

static PLACE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r#"([\w@~+./\\-]+\.\w{1,10}|[\w./\\-]*(?:Dockerfile|Makefile|Rakefile|Gemfile)\w*)(?::|\(|:\[|, line |\x22, line )(\d{1,7})(?:(?::|,|\.)\s?(\d{1,6}))?"#,
    )
});

impl Place {
    /// The first `file:line:column`, `file(line,column)` or `file:[line,column]` in a text.
    pub(in crate::digest) fn of(text: &str) -> Option<Self> {
        let found = PLACE.captures(text)?;
        Some(Self {
            file: found[1].trim().to_owned(),
            line: found[2].parse().ok()?,
            column: found.get(3).and_then(|column| column.as_str().parse().ok()),
        })
    }
}

/// A pattern that stands in the source, its `\w`, `\d` and `\b` of ASCII, which is several times
/// faster. One that does not compile finds nothing, and its example fails.
pub(in crate::digest) fn pattern(text: &str) -> Regex {
    let mut ascii = String::with_capacity(text.len() * 2);
    let mut in_set = false;
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            in_set = (in_set || char == '[') && !(in_set && char == ']');
            ascii.push(char);
            continue;
        }
        match (chars.next(), in_set) {
            (Some('w'), true) => ascii.push_str("0-9A-Za-z_"),
            (Some('d'), true) => ascii.push_str("0-9"),
            (Some(class @ ('w' | 'd' | 'b')), false) => {
                ascii.push_str("(?-u:\\");
                ascii.push(class);
                ascii.push(')');
            }
            (Some(other), _) => ascii.extend(['\\', other]),
            (None, _) => {}
        }
    }
    Regex::new(&ascii).unwrap_or_else(|_| never())
}

fn never() -> Regex {
    #[expect(clippy::expect_used, reason = "a constant that the tests compile")]
    Regex::new(r"[^\s\S]").expect("this pattern is valid")
}

/// What a line means.
#[derive(Clone)]
pub(in crate::digest) struct Sign {
    pub(in crate::digest) rule: &'static str,
    /// How surely the line tells why the job failed, from 0 to 100.
    pub(in crate::digest) weight: u8,
    pub(in crate::digest) class: Option<Class>,
    /// Lines in front that belong to it.
    pub(in crate::digest) before: u8,
    pub(in crate::digest) after: After,
    /// It sums up or follows from another cause, and is never the first.
    pub(in crate::digest) aside: bool,
    /// It only announces the lines that follow, the first of which says what is wrong.
    pub(in crate::digest) lead: bool,
    /// The line above it says what is wrong.
    pub(in crate::digest) above: bool,
    pub(in crate::digest) test: Option<Test>,
    pub(in crate::digest) diagnostic: Option<Diagnostic>,
    /// A place that belongs to the test or diagnostic before.
    pub(in crate::digest) place: Option<Place>,
    /// A message that belongs to the test before.
    pub(in crate::digest) message: Option<String>,
}

impl Sign {
    /// A line of that much weight that stands alone.
    pub(in crate::digest) fn new(weight: u8) -> Self {
        Self {
            rule: "",
            weight,
            class: None,
            before: 0,
            after: After::Lines(0),
            aside: false,
            lead: false,
            above: false,
            test: None,
            diagnostic: None,
            place: None,
            message: None,
        }
    }

    pub(in crate::digest) fn class(mut self, class: Class) -> Self {
        self.class = Some(class);
        self
    }

    pub(in crate::digest) fn before(mut self, lines: u8) -> Self {
        self.before = lines;
        self
    }

    pub(in crate::digest) fn after(mut self, after: After) -> Self {
        self.after = after;
        self
    }

    pub(in crate::digest) fn aside(mut self) -> Self {
        self.aside = true;
        self
    }

    pub(in crate::digest) fn above(mut self) -> Self {
        self.above = true;
        self.before = self.before.max(1);
        self
    }

    pub(in crate::digest) fn lead(mut self) -> Self {
        self.lead = true;
        self
    }

    pub(in crate::digest) fn test(mut self, framework: &'static str, id: &str) -> Self {
        self.test = Some(Test {
            framework,
            id: id.trim().to_owned(),
            ..Test::default()
        });
        self
    }

    /// The test failed there, with that message.
    pub(in crate::digest) fn test_at(mut self, place: Option<Place>, message: &str) -> Self {
        if let Some(test) = &mut self.test {
            if let Some(place) = place {
                test.file = Some(place.file);
                test.line = Some(place.line);
            }
            message.trim().clone_into(&mut test.message);
        }
        self
    }

    pub(in crate::digest) fn diagnostic(
        mut self,
        tool: &'static str,
        place: Option<Place>,
        code: Option<&str>,
        message: &str,
    ) -> Self {
        let (file, line, column) = place.map_or((None, None, None), |place| {
            (Some(place.file), Some(place.line), place.column)
        });
        self.diagnostic = Some(Diagnostic {
            tool,
            file,
            line,
            column,
            code: code.map(str::to_owned),
            message: message.trim().to_owned(),
            times: 1,
        });
        self
    }

    pub(in crate::digest) fn place(mut self, place: Option<Place>) -> Self {
        self.place = place;
        self
    }

    pub(in crate::digest) fn message(mut self, message: &str) -> Self {
        self.message = Some(message.trim().to_owned());
        self
    }
}

/// Whether a line is one frame of a stack: `at x`, `File "x", line 1`, `#1 0x…`, `x.rb:1:in`.
pub(in crate::digest) fn frame(text: &str) -> bool {
    let line = text.trim_start();
    line.starts_with("at ")
        || line.starts_with("File \"")
        || line.starts_with("... ")
        || (line.starts_with('#') && line.contains("0x"))
        || line.contains(":in `")
        || line.contains(":in '")
}
