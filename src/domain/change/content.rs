//! The new content of one file (X58, X59, X63). It never shows what it found.

use std::collections::HashMap;

use super::rules::ChangeRules;
use super::secret;
use super::{ChangeRefusal, FileChange, Operation};
use crate::domain::text::{Class, class};

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
/// within an emoji are left out: people write those.
fn unseen(text: &str) -> impl Iterator<Item = (usize, char)> {
    text.split('\n').enumerate().flat_map(|(at, line)| {
        let mut before = None;
        line.chars().filter_map(move |c| {
            let emoji = before
                .is_some_and(|b: char| u32::from(b) > 0x2000 || b == '\u{a9}' || b == '\u{ae}');
            before = Some(c);
            let hidden = match class(c) {
                Class::Visible | Class::Space | Class::Unassigned => false,
                // Form feeds part sections in some old sources; the others end lines unseen.
                Class::Newline => c != '\u{c}',
                Class::Control => c != '\r',
                Class::VariationSelector => !(c == '\u{fe0f}' && emoji),
                Class::ZeroWidth => !(c == '\u{200d}' && emoji),
                Class::Bidi | Class::Tag | Class::SoftHyphen | Class::Filler => true,
            };
            hidden.then_some((at + 1, c))
        })
    })
}
