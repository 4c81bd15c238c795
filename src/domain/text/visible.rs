//! Which code points a person can see: an allow-list by Unicode's general category.
//!
//! Letters, marks, numbers, punctuation and symbols are visible, except for the few among them
//! that draw nothing; so are the space, the tab and the newline. Everything else is not, and so
//! is whatever a later Unicode adds, until the crate's tables know it.

use unicode_properties::{GeneralCategory, UnicodeEmoji, UnicodeGeneralCategory};

/// What a code point is to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// Drawn, or an ordinary space, tab or newline.
    Visible,
    /// A space of another width: an ordinary space takes its place.
    Space,
    /// A line or paragraph separator, or a vertical tab or form feed: a newline takes its place.
    Newline,
    /// Changes the direction of what follows.
    Bidi,
    /// Has no width: joiners, word joiner, zero-width space, byte order mark.
    ZeroWidth,
    /// The tag block, which spells ASCII invisibly.
    Tag,
    /// Chooses among the shapes of the character before it.
    VariationSelector,
    /// The soft hyphen.
    SoftHyphen,
    /// Controls of terminals and protocols.
    Control,
    /// Fillers and other format characters that draw nothing.
    Filler,
    /// Private use: drawn by fonts that have something there, as those of icons do.
    Private,
    /// Surrogates, and what no Unicode that we know assigns.
    Unassigned,
}

/// The class of `c`.
#[must_use]
pub fn class(c: char) -> Class {
    match c {
        '\n' | '\t' | ' '..='~' => Class::Visible,
        '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => Class::Newline,
        '\u{ad}' => Class::SoftHyphen,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Class::Bidi
        }
        '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{180e}' => Class::ZeroWidth,
        '\u{e0000}'..='\u{e007f}' => Class::Tag,
        '\u{180b}'..='\u{180d}'
        | '\u{180f}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{e0100}'..='\u{e01ef}' => Class::VariationSelector,
        // Letters, marks and symbols by category, but drawn as nothing: the grapheme joiner,
        // Hangul fillers, Khmer inherent vowels, the blank of Braille, Egyptian and
        // shorthand controls, musical null notehead.
        '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{2800}' | '\u{3164}'
        | '\u{ffa0}' | '\u{fffc}' | '\u{1d159}' | '\u{16fe4}' | '\u{2065}' => Class::Filler,
        _ => by_category(c),
    }
}

fn by_category(c: char) -> Class {
    use GeneralCategory as G;
    match c.general_category() {
        G::UppercaseLetter
        | G::LowercaseLetter
        | G::TitlecaseLetter
        | G::ModifierLetter
        | G::OtherLetter
        | G::NonspacingMark
        | G::SpacingMark
        | G::EnclosingMark
        | G::DecimalNumber
        | G::LetterNumber
        | G::OtherNumber
        | G::ConnectorPunctuation
        | G::DashPunctuation
        | G::OpenPunctuation
        | G::ClosePunctuation
        | G::InitialPunctuation
        | G::FinalPunctuation
        | G::OtherPunctuation
        | G::MathSymbol
        | G::CurrencySymbol
        | G::ModifierSymbol
        | G::OtherSymbol => Class::Visible,
        G::SpaceSeparator => Class::Space,
        G::LineSeparator | G::ParagraphSeparator => Class::Newline,
        G::Control => Class::Control,
        G::Format => Class::Filler,
        G::PrivateUse => Class::Private,
        G::Surrogate | G::Unassigned => Class::Unassigned,
    }
}

/// Whether a person sees `c`, or an ordinary space, tab or newline in its place.
#[must_use]
pub fn is_visible(c: char) -> bool {
    matches!(class(c), Class::Visible | Class::Space | Class::Newline)
}

/// Whether `c` is drawn as a picture, or can be: not so the digits, which only a keycap makes one.
#[must_use]
pub fn is_pictograph(c: char) -> bool {
    !c.is_ascii() && c.is_emoji_char()
}

/// `raw` with only visible characters, spaces and line ends made ordinary.
pub(super) fn visible_only(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    filter(raw, &mut text, |_| {});
    text
}

/// The first `limit` characters of what is visible of `raw`, with ordinary spaces and line ends.
#[must_use]
pub fn plain(raw: &str, limit: usize) -> String {
    visible_only(raw).chars().take(limit).collect()
}

/// Copies what is visible of `raw` to `text` and reports the class of each other character.
pub(super) fn filter(raw: &str, text: &mut String, mut removed: impl FnMut(Class)) {
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\r' {
            if chars.peek() != Some(&'\n') {
                text.push('\n');
            }
            continue;
        }
        match class(c) {
            Class::Visible => text.push(c),
            Class::Space => text.push(' '),
            Class::Newline => text.push('\n'),
            class @ (Class::Bidi
            | Class::ZeroWidth
            | Class::Tag
            | Class::VariationSelector
            | Class::SoftHyphen
            | Class::Control
            | Class::Filler
            | Class::Private
            | Class::Unassigned) => removed(class),
        }
    }
}
