//! What foreign words go through before anybody sees them, whatever they are shown in.

use crate::domain::change::secret;

/// Longest body, in characters: GitHub takes 65,536.
const BODY_MAX: usize = 60_000;

/// Cut where GitHub would not take it.
pub(super) fn shortened(whole: String) -> String {
    match whole.char_indices().nth(BODY_MAX) {
        Some((end, _)) => format!("{}\n\n(shortened)", &whole[..end]),
        None => whole,
    }
}

/// Foreign text that looks as if it held a secret is left out whole (X38).
pub(in crate::domain) fn without_secrets(words: &str) -> String {
    let found = secret::scan(words.as_bytes());
    match found.first() {
        None => words.to_owned(),
        Some(found) => format!(
            "(left out: line {} looks like {})",
            found.line,
            found.kind.sentence()
        ),
    }
}
