//! What of a Markdown text a person sees on the page, found by parsing it as GitHub does.
//!
//! A source byte is kept when it belongs to something that is drawn, or is mere syntax without
//! a letter in it. It is an allow-list: a way to hide text that nobody has thought of yet leaves
//! a gap with letters, and gaps with letters go. It knows nothing of single characters.

use std::collections::HashSet;
use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

use super::fence::is_drawn;
use super::html::Html;
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
    /// The raw HTML of the text, and of each footnote that is open: those are drawn at the end.
    flows: Vec<Flow>,
    /// Where footnotes stand that are drawn.
    notes: Vec<Range<usize>>,
    /// A footnote leaves something open, which hides others.
    notes_hide: bool,
    /// Images that are open: a page shows HTML in their descriptions as it is written.
    images: usize,
}

/// Raw HTML that a browser reads as one.
#[derive(Default)]
struct Flow {
    html: Html,
    /// Where the last piece of raw HTML ended that left something open.
    open_since: Option<usize>,
    /// A footnote that nothing refers to is not drawn, and opens nothing.
    is_drawn: bool,
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
        flows: vec![Flow {
            is_drawn: true,
            ..Flow::default()
        }],
        notes: Vec::new(),
        notes_hide: false,
        images: 0,
    };
    for (event, range) in Parser::new_ext(source, options()).into_offset_iter() {
        walk.see(&event, range);
    }
    walk.hide_rest();
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
            Event::Html(html) => self.see_html(html, range),
            Event::InlineHtml(html) => {
                self.see_html(html, range);
                self.end_html();
            }
            Event::End(TagEnd::HtmlBlock) => self.end_html(),
            Event::Start(Tag::Image { .. }) => {
                self.images += 1;
                self.removed.push(RemovedKind::Image);
                self.edit(range, String::new());
            }
            Event::End(TagEnd::Image) => self.images = self.images.saturating_sub(1),
            // The page has a picture in its place, which may say anything.
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if is_drawn(info) => {
                self.hide(range);
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => self.draw_fence(range.start),
            Event::Start(Tag::FootnoteDefinition(label)) => self.see_footnote(label, range),
            Event::End(TagEnd::FootnoteDefinition) => self.end_footnote(range),
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

    /// A line or a run of raw HTML: its text, unless what came before hides it. A browser reads
    /// on where the last piece ended, so what lies between may be hidden too.
    fn see_html(&mut self, html: &str, range: Range<usize>) {
        let Some(flow) = self.flows.last_mut() else {
            return;
        };
        if self.images > 0 || !flow.is_drawn {
            return;
        }
        let text = flow.html.text_of(html, &mut self.removed);
        let since = flow.open_since.take();
        flow.open_since = flow.html.is_open().then_some(range.end);
        if let Some(since) = since {
            self.hide(since..range.start);
        }
        self.edit(range, text);
    }

    /// A block or a run of raw HTML ends.
    fn end_html(&mut self) {
        if let Some(flow) = self.flows.last_mut()
            && self.images == 0
        {
            flow.html.end_run(&mut self.removed);
        }
    }

    /// Leaves out what a browser draws nothing of.
    fn hide(&mut self, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        if self.source[range.clone()].contains(char::is_alphanumeric) {
            self.removed.push(RemovedKind::HiddenText);
        }
        self.edit(range, String::new());
    }

    /// What is open at the end hides all that follows, and footnotes follow everything.
    fn hide_rest(&mut self) {
        let open_since = self.flows.last().and_then(|flow| flow.open_since);
        if let Some(since) = open_since {
            self.hide(since..self.source.len());
        }
        if open_since.is_some() || self.notes_hide {
            self.removed.push(RemovedKind::Unclosed);
            for note in std::mem::take(&mut self.notes) {
                self.hide(note);
            }
        }
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
        let is_drawn = self.footnotes.contains(label);
        self.flows.push(Flow {
            is_drawn,
            ..Flow::default()
        });
        if is_drawn {
            self.notes.push(range.clone());
            if let Some(end) = self.source[range.clone()].find("]:") {
                self.draw(range.start..range.start + end + 2);
            }
        } else {
            self.removed.push(RemovedKind::HiddenText);
            self.edit(range, String::new());
        }
    }

    fn end_footnote(&mut self, range: Range<usize>) {
        let open_since = self.flows.pop().and_then(|flow| flow.open_since);
        if let Some(since) = open_since {
            self.hide(since..range.end);
            self.notes_hide = true;
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
