//! Foreign text as code within a line of Markdown, which it cannot leave.

use super::line::line;
use super::pattern::longest_run;

/// `raw` as inline code, at most `limit` characters: no mention, link or emphasis works in it.
#[must_use]
pub fn inline_code(raw: &str, limit: usize) -> String {
    let text = line(raw, limit);
    let longest = longest_run(&text);
    let fence = "`".repeat(longest + 1);
    // A text that begins or ends with a backtick needs the space that Markdown takes off again.
    if longest > 0 || text.is_empty() {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

#[cfg(test)]
mod tests {
    use super::inline_code;

    #[test]
    fn nothing_leaves_the_code() {
        assert_eq!(inline_code("a", 10), "`a`");
        assert_eq!(inline_code("a`b", 10), "`` a`b ``");
        assert_eq!(inline_code("``", 10), "``` `` ```");
    }
}
