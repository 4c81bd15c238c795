//! The text between the tags of raw HTML: comments, tags and their attributes go (X31, X32).
//!
//! It reads one piece of raw HTML after the other and keeps its place between them, because a
//! browser does: what Markdown takes for the end of a block ends neither a comment nor an
//! element. Tags are read by HTML's own rules, so that a quote opens here where it opens there.
//! Where two readings of a text are possible, nothing that follows is shown.

use super::removed::RemovedKind;

/// Elements whose content is not drawn, and may hold other elements.
const UNDRAWN: &[&str] = &[
    "template", "head", "svg", "math", "object", "audio", "video", "select", "datalist",
];

/// Elements whose content is not drawn, and is text only to some readers of HTML.
const RAW: &[&str] = &[
    "script",
    "style",
    "title",
    "textarea",
    "xmp",
    "iframe",
    "noscript",
    "noembed",
    "noframes",
    "plaintext",
];

/// Reads raw HTML piece by piece.
#[derive(Debug, Default)]
pub(super) struct Html {
    place: Place,
    /// The undrawn element that is open, and how many of its name.
    undrawn: Option<(String, usize)>,
}

/// Where the last piece ended.
#[derive(Debug, Default)]
enum Place {
    #[default]
    Text,
    /// After `<!--`.
    Comment,
    /// In what HTML takes for a comment up to the next `>`: declarations, instructions.
    Bogus,
    Tag {
        name: String,
        closing: bool,
        at: Within,
    },
    /// Where nobody knows how to read on.
    Lost,
}

/// Where within a tag, after its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    /// Between attributes.
    Between,
    /// In the name of an attribute, or after it.
    Name,
    /// After `=`.
    Equals,
    /// In a value without quotes.
    Bare,
    /// In a value with these quotes.
    Quoted(char),
}

impl Html {
    /// The text of the next piece outside of tags and comments; `removed` learns what was not.
    pub(super) fn text_of(&mut self, html: &str, removed: &mut Vec<RemovedKind>) -> String {
        let mut out = String::with_capacity(html.len());
        let mut rest = html;
        while !rest.is_empty() {
            let length = match &mut self.place {
                Place::Text => self.see_text(rest, &mut out, removed),
                Place::Comment => match comment_end(rest) {
                    Some(end) => {
                        self.place = Place::Text;
                        end
                    }
                    None => rest.len(),
                },
                Place::Bogus => match rest.find('>') {
                    Some(end) => {
                        self.place = Place::Text;
                        end + 1
                    }
                    None => rest.len(),
                },
                Place::Tag { at, .. } => match tag_end(rest, at) {
                    Some(end) => {
                        self.end_tag(removed);
                        end
                    }
                    None => rest.len(),
                },
                Place::Lost => rest.len(),
            };
            rest = &rest[length..];
        }
        out
    }

    /// A block or a run of raw HTML ends, and Markdown goes on. What a browser makes of the
    /// Markdown's own tags in an open tag cannot be told.
    pub(super) fn end_run(&mut self, removed: &mut Vec<RemovedKind>) {
        if matches!(self.place, Place::Tag { .. } | Place::Bogus) {
            removed.push(RemovedKind::HiddenText);
            self.place = Place::Lost;
        }
    }

    /// Whether a browser draws nothing of what follows.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.place, Place::Text) || self.undrawn.is_some()
    }

    /// Text up to the next `<`, and what that opens; says how many bytes were read.
    fn see_text(&mut self, rest: &str, out: &mut String, removed: &mut Vec<RemovedKind>) -> usize {
        let open = rest.find('<').unwrap_or(rest.len());
        let drawn = self.undrawn.is_none();
        if drawn {
            out.push_str(&rest[..open]);
        }
        let Some(tag) = rest.get(open..).filter(|tag| !tag.is_empty()) else {
            return open;
        };
        let length = self.open(tag, removed);
        // Only the element's own end is read alike by everybody.
        let ends = |name: &String| matches!(&self.place, Place::Tag { name: other, closing: true, .. } if other == name);
        if let Some((name, _)) = &self.undrawn
            && RAW.contains(&name.as_str())
            && !ends(name)
        {
            self.place = Place::Lost;
        }
        if length == 0 {
            if drawn {
                out.push_str("&lt;");
            }
            return open + 1;
        }
        open + length
    }

    /// What the `<` of `tag` opens, and how many bytes open it; 0 where it is only text.
    fn open(&mut self, tag: &str, removed: &mut Vec<RemovedKind>) -> usize {
        if let Some(rest) = tag.strip_prefix("<!--") {
            removed.push(RemovedKind::HtmlComment);
            // `<!-->` and `<!--->` are whole comments.
            return match rest {
                rest if rest.starts_with('>') => 5,
                rest if rest.starts_with("->") => 6,
                _ => {
                    self.place = Place::Comment;
                    4
                }
            };
        }
        let closing = tag.starts_with("</");
        let name = &tag[if closing { 2 } else { 1 }..];
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            let end = name
                .find(|c: char| c.is_ascii_whitespace() || c == '/' || c == '>')
                .unwrap_or(name.len());
            self.place = Place::Tag {
                name: name[..end].to_ascii_lowercase(),
                closing,
                at: Within::Between,
            };
            return tag.len() - name.len() + end;
        }
        if closing || tag.starts_with("<!") || tag.starts_with("<?") {
            removed.push(RemovedKind::HtmlComment);
            // Within drawings, but only there, `]]>` ends such a section.
            self.place = if self.undrawn.is_some() && tag.starts_with("<![CDATA[") {
                Place::Lost
            } else {
                Place::Bogus
            };
            return 2;
        }
        0
    }

    /// A tag ends: an undrawn element may begin or end with it.
    fn end_tag(&mut self, removed: &mut Vec<RemovedKind>) {
        let Place::Tag { name, closing, .. } = std::mem::take(&mut self.place) else {
            return;
        };
        match &mut self.undrawn {
            Some((open, depth)) if *open == name => {
                *depth = if closing { *depth - 1 } else { *depth + 1 };
                if *depth == 0 {
                    self.undrawn = None;
                }
            }
            // A text only to some readers, within what is not drawn: nobody knows its end.
            Some(_) if RAW.contains(&name.as_str()) => self.place = Place::Lost,
            Some(_) => {}
            None if !closing
                && (UNDRAWN.contains(&name.as_str()) || RAW.contains(&name.as_str())) =>
            {
                removed.push(RemovedKind::HiddenText);
                self.undrawn = Some((name, 1));
            }
            None => removed.push(RemovedKind::HtmlTag),
        }
    }
}

/// Where a comment ends.
fn comment_end(text: &str) -> Option<usize> {
    ["-->", "--!>"]
        .iter()
        .filter_map(|end| Some(text.find(end)? + end.len()))
        .min()
}

/// How far a tag reaches, if it ends here; `at` is where in it `text` starts, and then ends.
fn tag_end(text: &str, at: &mut Within) -> Option<usize> {
    for (index, c) in text.char_indices() {
        let space = c.is_ascii_whitespace();
        *at = match *at {
            Within::Quoted(quote) if c == quote => Within::Between,
            Within::Quoted(quote) => Within::Quoted(quote),
            Within::Between | Within::Name | Within::Equals | Within::Bare if c == '>' => {
                return Some(index + 1);
            }
            Within::Between if space || c == '/' => Within::Between,
            // An `=` here is a name's first character.
            Within::Between => Within::Name,
            Within::Name if c == '=' => Within::Equals,
            Within::Name if c == '/' => Within::Between,
            Within::Name => Within::Name,
            Within::Equals if space => Within::Equals,
            Within::Equals if c == '"' || c == '\'' => Within::Quoted(c),
            Within::Equals => Within::Bare,
            Within::Bare if space => Within::Between,
            Within::Bare => Within::Bare,
        };
    }
    None
}
