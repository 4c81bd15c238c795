//! Fences, the lines around a block of code: one reading for all who look for them.
//!
//! By CommonMark's rules, outside of lists and quotes. It knows nothing of what stands inside.

/// An open block of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    mark: char,
    length: usize,
    /// What stands after the mark, as a language and more.
    pub info: String,
}

/// Languages whose blocks GitHub shows as something else than their text.
const DRAWN: &[&str] = &["mermaid", "math", "geojson", "topojson", "stl"];

/// Whether a block with this `info` is drawn as a picture or a formula, and its text not shown.
pub(super) fn is_drawn(info: &str) -> bool {
    let word = info
        .split(|c: char| !c.is_ascii_alphanumeric())
        .find(|word| !word.is_empty());
    word.is_some_and(|word| DRAWN.iter().any(|drawn| word.eq_ignore_ascii_case(drawn)))
}

impl Fence {
    /// The block that `line` opens: at most three spaces, three marks or more, and no backtick
    /// after backticks.
    #[must_use]
    pub fn opening(line: &str) -> Option<Self> {
        let bare = unindented(line)?;
        let mark = bare.chars().next().filter(|c| matches!(c, '`' | '~'))?;
        let length = bare.chars().take_while(|c| *c == mark).count();
        let info = bare[length..].trim();
        (length >= 3 && !(mark == '`' && info.contains('`'))).then(|| Self {
            mark,
            length,
            info: info.to_owned(),
        })
    }

    /// Whether `line` closes this block: at least as many of the same marks, and nothing else.
    #[must_use]
    pub fn closes(&self, line: &str) -> bool {
        unindented(line).is_some_and(|bare| {
            let run = bare.chars().take_while(|c| *c == self.mark).count();
            run >= self.length && bare[run..].trim().is_empty()
        })
    }
}

/// `line` without its indentation, where that is not one of code itself.
fn unindented(line: &str) -> Option<&str> {
    let bare = line.trim_start_matches(' ');
    (line.len() - bare.len() <= 3).then_some(bare)
}
