//! The new content of one file (X58, X59, X63). It never shows what it found.

use std::collections::HashMap;

use super::rules::ChangeRules;
use super::secret;
use super::{ChangeRefusal, FileChange, Operation};
use crate::domain::text::{Class, class, is_pictograph};

/// Bytes at the start in which a NUL makes content binary: git's own rule.
const BINARY_BYTES: usize = 8_000;

/// Refusals for invisible characters of one file: the first lines are enough to find the rest.
const INVISIBLE: usize = 3;

/// Whether `content` is binary: a NUL near its start, or not UTF-8.
pub(super) fn is_binary(content: &[u8]) -> bool {
    content.iter().take(BINARY_BYTES).any(|b| *b == 0) || std::str::from_utf8(content).is_err()
}

/// Everything that its content says against `file`; `old` is what the path held before.
pub(super) fn refuse(
    file: &FileChange,
    old: Option<&[u8]>,
    rules: &ChangeRules,
    refusals: &mut Vec<ChangeRefusal>,
) {
    let path = &file.path;
    if file.operation == Operation::Delete {
        return;
    }
    let bytes = u64::try_from(file.content.len()).unwrap_or(u64::MAX);
    if bytes > rules.limits.file_bytes {
        refusals.push(ChangeRefusal::FileTooLarge {
            path: path.clone(),
            bytes,
            limit: rules.limits.file_bytes,
        });
    }
    if is_binary(&file.content) && !rules.may_be_binary(path) {
        refusals.push(ChangeRefusal::Binary { path: path.clone() });
    }
    if let Ok(text) = std::str::from_utf8(&file.content) {
        refuse_invisible(path, text, old, refusals);
    }
    // What stood there before is not this change's doing.
    for found in secret::scan_new(&file.content, old.unwrap_or_default()) {
        refusals.push(ChangeRefusal::Secret {
            path: path.clone(),
            line: found.line,
            kind: found.kind,
        });
    }
}

/// X59: characters that nobody sees, where there are more of them than before.
fn refuse_invisible(path: &str, text: &str, old: Option<&[u8]>, refusals: &mut Vec<ChangeRefusal>) {
    let mut before: HashMap<char, usize> = HashMap::new();
    let old = old
        .and_then(|old| std::str::from_utf8(old).ok())
        .unwrap_or("");
    for (_, c) in unseen(old) {
        *before.entry(c).or_insert(0) += 1;
    }
    let mut found = 0;
    for (line, c) in unseen(text) {
        match before.get_mut(&c).filter(|count| **count > 0) {
            Some(count) => *count -= 1,
            None => {
                refusals.push(ChangeRefusal::Invisible {
                    path: path.to_owned(),
                    line,
                    code: u32::from(c),
                });
                found += 1;
                if found == INVISIBLE {
                    return;
                }
            }
        }
    }
}

/// Characters that nobody sees, with their lines. The presentation selector and the joiner
/// within an emoji are left out, because people write those.
fn unseen(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.split('\n').enumerate().flat_map(|(at, line)| {
        let next = line.chars().skip(1).map(Some).chain([None]);
        let mut emoji = Emoji::default();
        line.chars().zip(next).filter_map(move |(c, next)| {
            let joins = emoji.takes(c, next);
            let hidden = match class(c) {
                // Fonts of icons draw what is for private use.
                Class::Visible | Class::Space | Class::Private => false,
                // Form feeds part sections in some old sources; the others end lines unseen.
                Class::Newline => c != '\u{c}',
                Class::Control => c != '\r',
                Class::VariationSelector | Class::ZeroWidth => !joins,
                Class::Bidi
                | Class::Tag
                | Class::SoftHyphen
                | Class::Filler
                | Class::Unassigned => true,
            };
            hidden.then_some((at + 1, c))
        })
    })
}

/// Whether what stands before can be part of an emoji that goes on. Each part allows only what
/// can follow it, so that no row of selectors and joiners carries a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Emoji {
    #[default]
    No,
    /// A pictograph or a skin tone.
    Picture,
    /// What a keycap is drawn around.
    KeycapBase,
    /// A pictograph, and the selector that has it drawn in colour.
    Selected,
}

impl Emoji {
    /// Takes the next character; whether it is a selector or joiner within an emoji.
    fn takes(&mut self, c: char, next: Option<char>) -> bool {
        let within = match (*self, c) {
            (Self::Picture, '\u{fe0f}') => true,
            (Self::KeycapBase, '\u{fe0f}') => next == Some('\u{20e3}'),
            (Self::Picture | Self::Selected, '\u{200d}') => next.is_some_and(is_pictograph),
            _ => false,
        };
        *self = match c {
            '\u{fe0f}' if within => Self::Selected,
            '0'..='9' | '#' | '*' => Self::KeycapBase,
            c if is_pictograph(c) => Self::Picture,
            _ => Self::No,
        };
        within
    }
}
