//! A file's text as its ecosystem writes comments and strings.

use super::ecosystem;
use super::lexed::{HASH, Source};

/// Reads `raw` as its path's ecosystem writes.
pub(super) fn of(path: &str, raw: &str) -> Source {
    let known = ecosystem::of(path);
    Source::written(raw, known.map_or(&HASH, |one| &one.syntax))
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn comments_and_strings_are_blanked_in_place() {
        let text = "a('x // y', \"ü\") // b'\n/* c\nd */ e";
        let source = of("a.js", text);
        assert_eq!(source.code, "a('x // y', \"ü\")      \n    \n     e");
        assert_eq!(source.bare, "a('      ', \"  \")      \n    \n     e");
        assert_eq!(
            (source.line_at(text.len()), source.text_at(0)),
            (3, "a('x // y', \"ü\") // b'")
        );
    }

    #[test]
    fn a_word_of_a_shell_holds_no_comment() {
        let source = of("a.sh", "[ $# = 1 ] # one\n");
        assert_eq!(source.code, "[ $# = 1 ]      \n");
    }
}
