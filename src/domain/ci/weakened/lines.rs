//! Which lines of a file are new at the head, and which are gone.

use std::collections::HashMap;

use super::Pair;

/// A line with its number, from 1, without what surrounds it.
pub(super) type Line<'a> = (u32, &'a str);

impl Pair<'_> {
    /// Lines of the head that the base does not have, or not as often.
    pub(super) fn added(&self) -> Vec<Line<'_>> {
        let (before, after) = self.raw();
        beyond(after, before)
    }

    /// Lines of the base that the head does not have, or not as often.
    pub(super) fn removed(&self) -> Vec<Line<'_>> {
        let (before, after) = self.raw();
        beyond(before, after)
    }
}

/// Lines of `text` that `other` does not have, or not as often; blank ones never.
pub(super) fn beyond<'a>(text: &'a str, other: &str) -> Vec<Line<'a>> {
    let mut left: HashMap<&str, usize> = HashMap::new();
    for line in other.lines() {
        *left.entry(line.trim()).or_default() += 1;
    }
    let mut lines = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        match left.get_mut(line) {
            Some(count) if *count > 0 => *count -= 1,
            _ => lines.push((number, line)),
        }
    }
    lines
}
