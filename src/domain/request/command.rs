//! The strict grammar of `/agent …` in a comment (X9), and the one table of commands.
//!
//! ```ebnf
//! comment  = { blank } , command , [ newline , { anything } ] ;
//! blank    = { " " | tab } , newline ;                    (* at most LEADING_BLANK bytes in all *)
//! command  = "/agent" , [ space , word , [ space , words ] ] , { space } ;   (* at column 0 *)
//! space    = ( " " | tab ) , { " " | tab } ;
//! word     = letter , { letter | digit | "-" } ;          (* ASCII, at most WORD characters *)
//! words    = any text up to the end of the line ;         (* only after "fix" and "override" *)
//! ```
//!
//! It knows no author and no permission: who may say a command is asked of GitHub elsewhere.

use serde::{Deserialize, Serialize};

use crate::domain::text;

/// What every command starts with.
pub const PREFIX: &str = "/agent";

/// Bytes of blank lines that may stand before a command: people leave a line or two, and
/// whoever leaves more hides something.
pub const LEADING_BLANK: usize = 256;

/// Longest word after the prefix that is answered at all.
pub const WORD: usize = 32;

/// Longest words of `/agent fix`, in characters: a paragraph, not a document.
pub const WORDS: usize = 2_000;

/// What a comment says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// No command for us, or something that only looks like one.
    Nothing,
    /// A command.
    Command(Command),
    /// Plainly addressed to us, but not a command: deserves an answer.
    Unknown {
        /// What stood after `/agent`, ASCII letters, digits, hyphens and spaces only.
        word: String,
    },
}

/// A command of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "command")]
pub enum Command {
    /// Say what can be said.
    Help,
    /// Start a task on this issue.
    Run,
    /// Start the next attempt.
    Fix {
        /// What the attempt is told, cleaned, in one line.
        words: Option<String>,
    },
    /// Hand the task to a person.
    Handoff,
    /// Let CI run on the commit that waits for it.
    Ci,
    /// Let one head be merged without what is missing.
    Override {
        /// Why, cleaned, in one line.
        reason: String,
    },
    /// End the task.
    Stop,
    /// Say how the task stands.
    Status,
}

/// Who may say a command, each of them, for people.
pub const WHO: &str = "people with write access";

/// One line of the table of commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The word after the prefix.
    pub name: &'static str,
    /// As one writes it.
    pub usage: &'static str,
    /// What comes of it, in one line.
    pub help: &'static str,
}

/// Every command. [`help`] shows it, and prose is compared with it.
pub const TABLE: &[Entry] = &[
    Entry {
        name: "help",
        usage: "/agent help",
        help: "Shows this table.",
    },
    Entry {
        name: "run",
        usage: "/agent run",
        help: "Starts a task on this issue, as the label `agent` does.",
    },
    Entry {
        name: "fix",
        usage: "/agent fix [words]",
        help: "Starts the next attempt on the task's branch and tells it the words.",
    },
    Entry {
        name: "handoff",
        usage: "/agent handoff",
        help: "Pauses the task and gives you the branch, the contract, what was tried, and what is left to do.",
    },
    Entry {
        name: "ci",
        usage: "/agent ci",
        help: "Lets CI run on the commit that waits for approval, where the policy says `ci: after_approval`.",
    },
    Entry {
        name: "override",
        usage: "/agent override reason",
        help: "Lets this one head be merged without what its tier still asks for; for the roles that the policy names, and on record.",
    },
    Entry {
        name: "stop",
        usage: "/agent stop",
        help: "Ends the task. What was pushed stays.",
    },
    Entry {
        name: "status",
        usage: "/agent status",
        help: "Says how the task stands.",
    },
];

impl Command {
    /// The word that names this command in [`TABLE`].
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Run => "run",
            Self::Fix { .. } => "fix",
            Self::Handoff => "handoff",
            Self::Ci => "ci",
            Self::Override { .. } => "override",
            Self::Stop => "stop",
            Self::Status => "status",
        }
    }
}

/// Reads a comment. Whatever is not plainly a command is [`Parsed::Nothing`].
///
/// A command is the first line that is not blank, so nothing that stands in a fence, a quote,
/// an HTML comment, `<details>` or a suggestion can be one: those open with another character.
#[must_use]
pub fn parse(comment: &str) -> Parsed {
    let Some(rest) = first_line(comment).and_then(|line| line.strip_prefix(PREFIX)) else {
        return Parsed::Nothing;
    };
    if !rest.is_empty() && !rest.starts_with(SPACE) {
        return Parsed::Nothing;
    }
    let rest = rest.trim_matches(SPACE);
    let (word, words) = rest.split_once(SPACE).map_or((rest, ""), |(word, words)| {
        (word, words.trim_matches(SPACE))
    });
    match (word, words) {
        ("" | "help", "") => Parsed::Command(Command::Help),
        ("run", "") => Parsed::Command(Command::Run),
        ("handoff", "") => Parsed::Command(Command::Handoff),
        ("ci", "") => Parsed::Command(Command::Ci),
        ("stop", "") => Parsed::Command(Command::Stop),
        ("status", "") => Parsed::Command(Command::Status),
        ("fix", words) => Parsed::Command(Command::Fix {
            words: Some(seen(words)).filter(|words| !words.is_empty()),
        }),
        ("override", words) if !seen(words).is_empty() => Parsed::Command(Command::Override {
            reason: seen(words),
        }),
        (word, words) => unknown(word, words),
    }
}

/// What a person sees of the words, in one line: they are for the agent.
fn seen(words: &str) -> String {
    // Nothing is cut before it is clean: half a comment would be text.
    let plain = text::line(words, words.len());
    text::line(&text::clean(&plain, WORDS).text, WORDS)
}

/// Spaces within a command.
const SPACE: [char; 2] = [' ', '\t'];

/// The first line that is not blank, if it stands near enough to the start.
fn first_line(comment: &str) -> Option<&str> {
    let mut skipped = 0;
    for line in comment.split('\n') {
        let bare = line.strip_suffix('\r').unwrap_or(line);
        if !bare.trim_matches(SPACE).is_empty() {
            return Some(bare);
        }
        skipped += line.len() + 1;
        if skipped > LEADING_BLANK {
            return None;
        }
    }
    None
}

/// Addressed to us, but no command: only what is plain ASCII words is answered.
fn unknown(word: &str, words: &str) -> Parsed {
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let starts = word.starts_with(|c: char| c.is_ascii_alphabetic());
    if !starts || word.len() > WORD || !plain(word) {
        return Parsed::Nothing;
    }
    let known = TABLE.iter().any(|entry| entry.name == word);
    let next = words.split(SPACE).next().unwrap_or("");
    let word = if known && !next.is_empty() && plain(next) && next.len() <= WORD {
        format!("{word} {next}")
    } else {
        word.to_owned()
    };
    Parsed::Unknown { word }
}

/// The table of commands as Markdown, for a comment.
#[must_use]
pub fn help() -> String {
    let mut text = String::from("| Command | What it does | Who may |\n|---|---|---|\n");
    for entry in TABLE {
        text.push_str(&format!("| `{}` | {} | {WHO} |\n", entry.usage, entry.help));
    }
    text
}
