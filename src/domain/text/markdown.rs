//! What of a Markdown text a person sees on the page, found by parsing it as GitHub does.
//!
//! A source byte is kept when it belongs to something that is drawn, or is mere syntax without
//! a letter in it. It is an allow-list: a way to hide text that nobody has thought of yet leaves
//! a gap with letters, and gaps with letters go. It knows nothing of single characters.

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::html;
use super::removed::RemovedKind;

/// A range of the source that is written otherwise.
struct Edit {
    range: Range<usize>,
    with: String,
}

/// Walks a text once and keeps what is drawn.
struct Walk<'a> {
    source: &'a str,
    /// Which bytes of the source are drawn.
    drawn: Vec<bool>,
    edits: Vec<Edit>,
    removed: Vec<RemovedKind>,
    /// Footnotes that something refers to; the others are not drawn.
    footnotes: HashSet<String>,
    /// Open links: what they are, and where their text ends so far.
    links: Vec<OpenLink>,
}

struct OpenLink {
    kind: LinkType,
    target: String,
    titled: bool,
    text_end: usize,
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
}

/// What a person sees of `source`, as Markdown with as many lines, and what was left out.
pub(super) fn seen(source: &str) -> (String, Vec<RemovedKind>) {
    let footnotes = Parser::new_ext(source, options())
        .filter_map(|event| match event {
            Event::FootnoteReference(label) => Some(label.to_string()),
            _ => None,
        })
        .collect();
    let mut walk = Walk {
        source,
        drawn: vec![false; source.len()],
        edits: Vec::new(),
        removed: Vec::new(),
        footnotes,
        links: Vec::new(),
    };
    for (event, range) in Parser::new_ext(source, options()).into_offset_iter() {
        walk.see(&event, range);
    }
    walk.write()
}

impl Walk<'_> {
    fn see(&mut self, event: &Event<'_>, range: Range<usize>) {
        if !matches!(event, Event::End(TagEnd::Link)) {
            for link in &mut self.links {
                link.text_end = link.text_end.max(range.end);
            }
        }
        match event {
            Event::Text(_)
            | Event::Code(_)
            | Event::TaskListMarker(_)
            | Event::FootnoteReference(_) => {
                self.draw(range);
            }
            Event::InlineHtml(_) | Event::Start(Tag::HtmlBlock) => {
                let text = html::text_of(&self.source[range.clone()], &mut self.removed);
                self.edit(range, text);
            }
            Event::Start(Tag::Image { .. }) => {
                self.removed.push(RemovedKind::Image);
                self.edit(range, String::new());
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => self.draw_fence(range.start),
            Event::Start(Tag::FootnoteDefinition(label)) => self.see_footnote(label, range),
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                ..
            }) => {
                self.links.push(OpenLink {
                    kind: *link_type,
                    target: target(dest_url),
                    titled: !title.is_empty(),
                    text_end: range.start + 1,
                });
            }
            Event::End(TagEnd::Link) => self.close_link(range),
            _ => {}
        }
    }

    fn draw(&mut self, range: Range<usize>) {
        self.drawn[range].fill(true);
    }

    fn edit(&mut self, range: Range<usize>, with: String) {
        self.edits.push(Edit { range, with });
    }

    /// Of a fence's info only the first word has an effect that one sees.
    fn draw_fence(&mut self, start: usize) {
        let line = self.source[start..].lines().next().unwrap_or("");
        let fence = line
            .trim_start_matches(' ')
            .trim_start_matches(['`', '~'])
            .trim_start();
        let word = fence.split_whitespace().next().unwrap_or("");
        let end = start + (line.len() - fence.len()) + word.len();
        self.draw(start..end);
    }

    /// A footnote that nothing refers to is not drawn.
    fn see_footnote(&mut self, label: &str, range: Range<usize>) {
        if self.footnotes.contains(label) {
            if let Some(end) = self.source[range.clone()].find("]:") {
                self.draw(range.start..range.start + end + 2);
            }
        } else {
            self.removed.push(RemovedKind::HiddenText);
            self.edit(range, String::new());
        }
    }

    /// A link keeps its text and its target; the title is not drawn, and neither are labels.
    fn close_link(&mut self, range: Range<usize>) {
        let Some(link) = self.links.pop() else { return };
        if matches!(link.kind, LinkType::Autolink | LinkType::Email) {
            return;
        }
        let tail = link.text_end.min(range.end)..range.end;
        let wanted = format!("]({})", link.target);
        if self.source[tail.clone()] == wanted {
            self.draw(tail);
            return;
        }
        if link.titled {
            self.removed.push(RemovedKind::HiddenText);
        }
        self.edit(tail, wanted);
    }

    fn write(mut self) -> (String, Vec<RemovedKind>) {
        self.edits
            .sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.range.end)));
        let mut out = String::with_capacity(self.source.len());
        let mut at = 0;
        for edit in std::mem::take(&mut self.edits) {
            // An edit within another one went with it.
            if edit.range.start < at {
                continue;
            }
            self.copy(at..edit.range.start, &mut out);
            let lines = newlines(&self.source[edit.range.clone()]);
            out.push_str(&edit.with);
            // Lines keep their numbers, so that problems can name them.
            out.push_str(&"\n".repeat(lines.saturating_sub(newlines(&edit.with))));
            at = edit.range.end;
        }
        self.copy(at..self.source.len(), &mut out);
        (out, self.removed)
    }

    /// Copies what is drawn, and what lies between as far as it is mere syntax.
    fn copy(&mut self, range: Range<usize>, out: &mut String) {
        let mut at = range.start;
        while at < range.end {
            let drawn = self.drawn[at];
            let end = (at..range.end)
                .find(|i| self.drawn[*i] != drawn && self.source.is_char_boundary(*i))
                .unwrap_or(range.end);
            let part = &self.source[at..end];
            if drawn {
                out.push_str(part);
            } else {
                for piece in part.split_inclusive('\n') {
                    if piece.chars().any(char::is_alphabetic) {
                        self.removed.push(RemovedKind::HiddenText);
                        out.push_str(if piece.ends_with('\n') { "\n" } else { "" });
                    } else {
                        out.push_str(piece);
                    }
                }
            }
            at = end;
        }
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|b| *b == b'\n').count()
}

/// A link's target with nothing in it that would end it or need an escape.
fn target(url: &str) -> String {
    let mut out = String::with_capacity(url.len());
    let mut buffer = [0_u8; 4];
    for c in url.chars() {
        if c.is_ascii_graphic() && !"()<>\\`\"'[]|".contains(c) {
            out.push(c);
        } else {
            for byte in c.encode_utf8(&mut buffer).bytes() {
                out.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    out
}
