//! Globs over paths of a repository, in one dialect for policy, contract and change.
//!
//! `*` and `?` stay within a component, `**` crosses them, `{a,b}` and `[a-z]` work. A pattern
//! without a wildcard names a file, or a directory with all that it holds. Brackets also stand for
//! themselves, because some frameworks have them in the names of files: `app/[id]/page.tsx`.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::domain::text;

/// Longest pattern, in bytes: paths are no longer in practice, and patterns compile to automata.
pub const GLOB_BYTES: usize = 256;

/// A set of patterns.
#[derive(Clone, Debug)]
pub struct PathGlobs {
    set: GlobSet,
    patterns: Vec<String>,
}

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{pattern}` {reason}; {remedy}")]
pub struct BadGlob {
    /// The pattern, shortened and safe to show.
    pub pattern: String,
    /// What is wrong with it.
    pub reason: String,
    /// What a person can do.
    pub remedy: &'static str,
}

impl PathGlobs {
    /// Compiles `patterns`.
    ///
    /// # Errors
    /// The first pattern that [`check_glob`] refuses.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<Self, BadGlob> {
        let mut builder = GlobSetBuilder::new();
        for pattern in patterns {
            for glob in compile(pattern.as_ref())? {
                builder.add(glob);
            }
        }
        let set = builder.build().map_err(|error| BadGlob {
            pattern: String::from("all patterns"),
            reason: format!("cannot be used together ({error})"),
            remedy: "use fewer or shorter patterns",
        })?;
        let patterns = patterns.iter().map(|p| p.as_ref().to_owned()).collect();
        Ok(Self { set, patterns })
    }

    /// Whether any pattern matches `path`.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// Whether there is no pattern.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// The patterns as they were given.
    #[must_use]
    pub fn patterns(&self) -> &[String] {
        &self.patterns
    }
}

/// Whether `pattern` can be used.
///
/// # Errors
/// It is empty, too long, leaves the repository, holds characters that no path may hold, or is
/// no glob.
pub fn check_glob(pattern: &str) -> Result<(), BadGlob> {
    compile(pattern).map(|_| ())
}

fn compile(pattern: &str) -> Result<Vec<globset::Glob>, BadGlob> {
    let bad = |reason: &str, remedy| BadGlob {
        pattern: text::line(pattern, 80).replace('`', "'"),
        reason: reason.to_owned(),
        remedy,
    };
    if pattern.trim().is_empty() {
        return Err(bad("is empty", "write a path such as `src/**`"));
    }
    if pattern.len() > GLOB_BYTES {
        return Err(bad(
            &format!("is longer than {GLOB_BYTES} bytes"),
            "use a shorter pattern",
        ));
    }
    if pattern.starts_with(['/', '!', '~']) || pattern.contains('\\') {
        return Err(bad(
            "starts with `/`, `!` or `~`, or holds a backslash",
            "write paths from the repository's root, as in `src/**`",
        ));
    }
    let outside = pattern.split('/').any(|part| matches!(part, ".." | "."));
    if outside || pattern.contains("//") {
        return Err(bad(
            "has `.`, `..` or `//` in it",
            "write a plain path, as in `src/**`",
        ));
    }
    if pattern
        .chars()
        .any(|c| c == '\n' || c == '\t' || text::class(c) != text::Class::Visible)
    {
        return Err(bad(
            "holds an unusual space or an invisible character",
            "type the pattern anew",
        ));
    }
    let bare = pattern.trim_end_matches('/');
    let build = |glob: &str| {
        GlobBuilder::new(glob)
            .literal_separator(true)
            .backslash_escape(false)
            .build()
            .map_err(|error| {
                bad(
                    &format!("is not a glob ({})", error.kind()),
                    "close its brackets and braces",
                )
            })
    };
    let literal = bare.contains('[').then(|| literal_brackets(bare));
    let mut globs = Vec::new();
    for form in [Some(bare.to_owned()), literal].into_iter().flatten() {
        globs.push(build(&form)?);
        if !form.ends_with("**") {
            // A directory stands for all that it holds.
            globs.push(build(&format!("{form}/**"))?);
        }
    }
    Ok(globs)
}

/// `pattern` with brackets that stand for themselves.
fn literal_brackets(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    for c in pattern.chars() {
        match c {
            '[' => out.push_str("[[]"),
            ']' => out.push_str("[]]"),
            c => out.push(c),
        }
    }
    out
}
