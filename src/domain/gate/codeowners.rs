//! CODEOWNERS as GitHub reads it: the last rule that matches a path owns it.
//!
//! The patterns are gitignore's, with GitHub's exceptions: no `!`, no `[ ]`, no `\#`; paths are
//! case-sensitive; `docs/*` does not reach into folders; a rule without owners takes ownership
//! away; a line that is wrong is skipped, as are GitLab's sections, which GitHub does not have;
//! a file of more than 3 MB is not read at all. Who the owners are is not known here.

mod pattern;

use pattern::Pattern;

use crate::domain::ids::is_login;
use crate::domain::text;

/// Where GitHub looks, in this order; the first that is there counts.
pub const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// Largest file that GitHub reads, in bytes.
pub const FILE_BYTES: usize = 3 * 1024 * 1024;

/// Why a file cannot be used: then nobody can say who owns what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeOwnersError {
    /// It is too large.
    #[error("CODEOWNERS has {0} bytes, and GitHub reads {FILE_BYTES}; shorten it")]
    Large(usize),
    /// It is not UTF-8.
    #[error("CODEOWNERS is not UTF-8; save it as UTF-8")]
    NotUtf8,
}

/// The rules of a file.
#[derive(Clone, Debug, Default)]
pub struct CodeOwners {
    rules: Vec<Rule>,
    skipped: Vec<u32>,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Its line, from 1.
    pub line: u32,
    /// Its pattern as it stands; foreign.
    pub pattern: String,
    /// Its owners; none takes ownership away.
    pub owners: Vec<Owner>,
    compiled: Pattern,
}

/// Whom a rule names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Owner {
    /// A login.
    User(String),
    /// Organisation and team.
    Team(String, String),
    /// An address of an account's.
    Email(String),
}

/// A rule that owns a file that was touched.
#[derive(Clone, Debug)]
pub struct Touched<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// The first of the files that it owns.
    pub path: &'a str,
}

impl CodeOwners {
    /// Reads a file.
    ///
    /// # Errors
    /// GitHub would not read it.
    pub fn read(bytes: &[u8]) -> Result<Self, CodeOwnersError> {
        if bytes.len() > FILE_BYTES {
            return Err(CodeOwnersError::Large(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| CodeOwnersError::NotUtf8)?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut owners = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            match rule(number, line) {
                Line::Nothing => {}
                Line::Wrong => owners.skipped.push(number),
                Line::Rule(rule) => owners.rules.push(rule),
            }
        }
        Ok(owners)
    }

    /// The rule that owns `path`: the last that matches, also where it names nobody.
    #[must_use]
    pub fn of(&self, path: &str) -> Option<&Rule> {
        self.rules
            .iter()
            .rev()
            .find(|rule| rule.compiled.matches(path))
    }

    /// The rules that own one of `paths`, each once, in the order of the file.
    #[must_use]
    pub fn touched<'a>(&'a self, paths: &[&'a str]) -> Vec<Touched<'a>> {
        let mut touched: Vec<Touched<'a>> = Vec::new();
        for path in paths {
            let Some(rule) = self.of(path) else {
                continue;
            };
            if !touched.iter().any(|one| one.rule.line == rule.line) {
                touched.push(Touched { rule, path });
            }
        }
        touched.sort_by_key(|one| one.rule.line);
        touched
    }

    /// Lines that GitHub skips because they are wrong.
    #[must_use]
    pub fn skipped(&self) -> &[u32] {
        &self.skipped
    }
}

enum Line {
    Nothing,
    Wrong,
    Rule(Rule),
}

fn rule(number: u32, line: &str) -> Line {
    let mut words = words(line).into_iter();
    let Some(pattern) = words.next() else {
        return Line::Nothing;
    };
    let Some(compiled) = Pattern::new(&pattern) else {
        return Line::Wrong;
    };
    let owners: Option<Vec<Owner>> = words.map(|word| owner(&word)).collect();
    match owners {
        Some(owners) => Line::Rule(Rule {
            line: number,
            pattern,
            owners,
            compiled,
        }),
        None => Line::Wrong,
    }
}

/// The words of a line up to a comment. `\ ` is a space in a pattern, and stays escaped.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                word.push(c);
                word.extend(chars.next());
            }
            // A comment begins where a word would, and not within one.
            '#' if word.is_empty() => break,
            c if c.is_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn owner(word: &str) -> Option<Owner> {
    let Some(name) = word.strip_prefix('@') else {
        let (local, host) = word.split_once('@')?;
        let plain = text::line(word, 254) == word;
        let good = !local.is_empty() && host.contains('.') && !host.contains('@') && plain;
        return good.then(|| Owner::Email(word.to_owned()));
    };
    match name.split_once('/') {
        None => is_login(name).then(|| Owner::User(name.to_owned())),
        Some((organisation, team)) => {
            let good = is_login(organisation)
                && (1..=100).contains(&team.len())
                && team
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
            good.then(|| Owner::Team(organisation.to_owned(), team.to_owned()))
        }
    }
}

impl std::fmt::Display for Owner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::User(login) => write!(f, "@{login}"),
            Self::Team(organisation, team) => write!(f, "@{organisation}/{team}"),
            Self::Email(address) => f.write_str(address),
        }
    }
}
