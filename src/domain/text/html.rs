//! The text between the tags of raw HTML: comments, tags and their attributes go (X31, X32).
//!
//! It is no parser of HTML: it looks at what a Markdown parser has called HTML, and keeps only
//! what lies outside of angle brackets.

use super::removed::RemovedKind;

/// Elements whose content is not drawn.
const UNDRAWN: &[&str] = &[
    "script",
    "style",
    "template",
    "title",
    "head",
    "noscript",
    "textarea",
    "iframe",
    "svg",
    "math",
    "object",
    "audio",
    "video",
    "select",
    "datalist",
    "noembed",
    "noframes",
    "xmp",
    "plaintext",
];

/// The text of `html` outside of tags and comments, and what was left out.
pub(super) fn text_of(html: &str, removed: &mut Vec<RemovedKind>) -> String {
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        out.push_str(&rest[..open]);
        let tag = &rest[open..];
        let (kind, length) = measure(tag);
        if length == 0 {
            out.push_str("&lt;");
            rest = &tag[1..];
            continue;
        }
        removed.push(kind);
        // Lines keep their numbers.
        out.extend(tag[..length].chars().filter(|c| *c == '\n'));
        rest = &tag[length..];
    }
    out.push_str(rest);
    out
}

/// What starts at the `<` of `tag`, and how many bytes it has; 0 where it is no tag.
fn measure(tag: &str) -> (RemovedKind, usize) {
    let until = |end: &str| tag.find(end).map_or(tag.len(), |at| at + end.len());
    if tag.starts_with("<!--") {
        // `<!-->` and `<!--->` are whole comments.
        let length = match tag.get(4..) {
            Some(rest) if rest.starts_with('>') => 5,
            Some(rest) if rest.starts_with("->") => 6,
            _ => until("-->"),
        };
        return (RemovedKind::HtmlComment, length);
    }
    if tag.starts_with("<![CDATA[") {
        return (RemovedKind::HtmlComment, until("]]>"));
    }
    if tag.starts_with("<?") {
        return (RemovedKind::HtmlComment, until("?>"));
    }
    if tag.starts_with("<!") {
        return (RemovedKind::HtmlComment, until(">"));
    }
    let name_at = if tag.starts_with("</") { 2 } else { 1 };
    let name: String = tag[name_at..]
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
        .collect::<String>()
        .to_ascii_lowercase();
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return (RemovedKind::HtmlTag, 0);
    }
    let end = tag_end(tag);
    if name_at == 1 && UNDRAWN.contains(&name.as_str()) {
        let close = format!("</{name}");
        let rest = tag[end..].to_ascii_lowercase();
        let inner = rest
            .find(&close)
            .map_or(tag.len(), |at| end + at + tag_end(&tag[end + at..]));
        return (RemovedKind::HiddenText, inner);
    }
    (RemovedKind::HtmlTag, end)
}

/// How far a tag reaches: to the first `>` outside of quotes, or else to the end.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if open == c => quote = None,
            _ => {}
        }
    }
    // An unclosed quote: the tag ends at the first bracket whatsoever.
    tag.find('>').map_or(tag.len(), |at| at + 1)
}
