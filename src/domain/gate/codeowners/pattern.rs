//! One pattern of CODEOWNERS, matched in time that grows with pattern and path only.

/// Longest pattern, in bytes; GitHub's own paths are shorter.
const PATTERN_BYTES: usize = 4_096;

/// A pattern, in parts between `/`.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    parts: Vec<Part>,
    /// What it may own beyond the path that it names.
    reach: Reach,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// The path itself, or all that is below it.
    PathOrBelow,
    /// Only what is below it: the pattern ends with `/`.
    Below,
    /// Only the path itself: the pattern ends with `/*`.
    Path,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// `**`: any number of folders.
    Folders,
    /// One name, with `*` and `?`.
    Name(Vec<Glyph>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Glyph {
    Any,
    One,
    Char(char),
}

impl Pattern {
    /// `None` where GitHub takes the line for wrong.
    pub(super) fn new(pattern: &str) -> Option<Self> {
        let odd = pattern.starts_with(['!', '\\']) && !pattern.starts_with("\\ ");
        if odd || pattern.contains("***") || pattern.contains(['[', ']']) {
            return None;
        }
        if pattern.len() > PATTERN_BYTES || pattern == "/" {
            return None;
        }
        let below = pattern.ends_with('/');
        let bare = pattern.strip_suffix('/').unwrap_or(pattern);
        let anchored = bare.contains('/');
        let bare = bare.strip_prefix('/').unwrap_or(bare);
        let mut parts: Vec<Part> = bare.split('/').map(part).collect();
        let last_is_star = bare.ends_with("/*") || pattern == "/*";
        // Without a slash but at its end it holds at every depth.
        if !anchored {
            parts.insert(0, Part::Folders);
        }
        let reach = match (below, last_is_star) {
            (true, _) => Reach::Below,
            (false, true) => Reach::Path,
            (false, false) => Reach::PathOrBelow,
        };
        Some(Self { parts, reach })
    }

    pub(super) fn matches(&self, path: &str) -> bool {
        let names: Vec<&str> = path.split('/').collect();
        // `reached[n]`: the parts so far can stand for the first `n` names.
        let mut reached = vec![false; names.len() + 1];
        reached[0] = true;
        let last = self.parts.len().saturating_sub(1);
        for (at, part) in self.parts.iter().enumerate() {
            let mut next = vec![false; names.len() + 1];
            match part {
                Part::Folders => {
                    let mut open = false;
                    for (n, was) in reached.iter().enumerate() {
                        open |= *was;
                        next[n] = open;
                    }
                    // At the end it stands for something, and not for the folder itself.
                    if at == last
                        && let Some(first) = reached.iter().position(|was| *was)
                    {
                        next[first] = false;
                    }
                }
                Part::Name(glyphs) => {
                    for (n, name) in names.iter().enumerate() {
                        next[n + 1] = reached[n] && is_name(glyphs, name);
                    }
                }
            }
            reached = next;
        }
        match self.reach {
            Reach::Path => reached[names.len()],
            Reach::PathOrBelow => reached.iter().skip(1).any(|was| *was),
            Reach::Below => reached[..names.len()].iter().skip(1).any(|was| *was),
        }
    }
}

fn part(text: &str) -> Part {
    if text == "**" {
        return Part::Folders;
    }
    let mut glyphs = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => glyphs.extend(chars.next().map(Glyph::Char)),
            '*' if glyphs.last() == Some(&Glyph::Any) => {}
            '*' => glyphs.push(Glyph::Any),
            '?' => glyphs.push(Glyph::One),
            c => glyphs.push(Glyph::Char(c)),
        }
    }
    Part::Name(glyphs)
}

/// The usual matching with one place to come back to: linear in both for each `*`.
fn is_name(glyphs: &[Glyph], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut of) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while of < name.len() {
        match glyphs.get(at) {
            Some(Glyph::Any) => {
                back = Some((at + 1, of));
                at += 1;
            }
            Some(Glyph::One) => (at, of) = (at + 1, of + 1),
            Some(Glyph::Char(c)) if *c == name[of] => (at, of) = (at + 1, of + 1),
            Some(Glyph::Char(_)) | None => match back {
                Some((star, from)) => {
                    back = Some((star, from + 1));
                    (at, of) = (star, from + 1);
                }
                None => return false,
            },
        }
    }
    glyphs
        .get(at..)
        .is_some_and(|rest| rest.iter().all(|one| *one == Glyph::Any))
}
