//! The kinds of hidden content that are taken out of a text.

use serde::{Deserialize, Serialize};

/// A kind of hidden content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemovedKind {
    /// An HTML comment, declaration or instruction.
    HtmlComment,
    /// An HTML tag with its attributes; its text is kept.
    HtmlTag,
    /// An image with its description: the agent sees none, and people do not see the text.
    Image,
    /// Text that is not drawn: titles, unused definitions, superfluous cells.
    HiddenText,
    /// An element, tag or comment that is never closed: what of the rest is drawn cannot be told.
    Unclosed,
    /// A character that changes the direction of writing.
    Bidi,
    /// A character without width.
    ZeroWidth,
    /// A character of the tag block.
    Tag,
    /// A variation selector.
    VariationSelector,
    /// A soft hyphen.
    SoftHyphen,
    /// A control character.
    Control,
    /// A filler or another format character.
    Filler,
    /// A character that no alphabet has.
    Unassigned,
    /// An HTML entity that stands for one of these characters.
    Entity,
}
