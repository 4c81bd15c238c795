//! From an issue's text to a contract, with notes for people and problems to mend.

use super::sections::Sections;
use super::{Contract, Field, Note, Problem, Reading, Source, budget};
use crate::domain::change::glob::check_glob;
use crate::domain::ids::is_login;
use crate::domain::request::policy::{
    COMMANDS, CONSTRAINT_CHARS, CONSTRAINTS, Policy, check_command,
};
use crate::domain::text::{self, Cleaned, RemovedKind};

/// Longest title: GitHub's own limit for an issue.
pub const TITLE_CHARS: usize = 256;
/// Longest text that is read of an issue: GitHub's own limit for a body.
pub const BODY_CHARS: usize = 65_536;
/// Longest objective with all that was added: an agent reads it with every turn.
pub const OBJECTIVE_CHARS: usize = 40_000;
/// Longest addition of one comment.
pub const COMMENT_CHARS: usize = 10_000;
/// Comments that are added, the newest; a longer talk belongs into the text.
pub const COMMENTS: usize = 50;
/// Globs of files in scope.
pub const SCOPE: usize = 100;
/// Longest stop condition.
pub const STOP_CHARS: usize = 2_000;
/// Problems that are reported: whoever has more starts with these.
pub const PROBLEMS: usize = 20;
/// Notes that are shown: they stand in the status comment, which GitHub bounds.
pub const NOTES: usize = 20;

/// Reads a contract out of `source`, completed by `policy`. Never fails: what cannot be
/// understood is a problem in the reading.
#[must_use]
pub fn read(source: &Source, policy: &Policy) -> Reading {
    let mut reader = Reader {
        policy,
        notes: Vec::new(),
        problems: Vec::new(),
    };
    let title = reader.note(text::clean_title(&source.title, TITLE_CHARS), "the title");
    let body = reader.clean(&source.body, BODY_CHARS, "the issue's text");
    let sections = Sections::of(&body);
    let objective = reader.objective(&sections, source);
    if objective.is_empty() && title.is_empty() {
        reader.problem(0, "the issue says nothing", "write what is to be reached");
    }
    let contract = Contract {
        objective: if objective.is_empty() {
            title.clone()
        } else {
            objective
        },
        title,
        scope: reader.scope(&sections),
        constraints: reader.constraints(&sections),
        setup: reader.commands(&sections, Field::Setup, &policy.setup),
        acceptance: reader.commands(&sections, Field::Acceptance, &policy.acceptance),
        stop: sections
            .get(Field::Stop)
            .map(|section| reader.cut(&section.text(), STOP_CHARS, "the stop condition")),
        owner: reader.owner(&sections, &source.requester_login),
        budget: reader.budget(&sections),
    };
    reader.problems.truncate(PROBLEMS);
    let mut notes = reader.notes;
    let more = notes.len().saturating_sub(NOTES);
    if more > 0 {
        notes.truncate(NOTES - 1);
        notes.push(Note::More { count: more + 1 });
    }
    Reading {
        contract,
        notes,
        problems: reader.problems,
    }
}

struct Reader<'a> {
    policy: &'a Policy,
    notes: Vec<Note>,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, line: u32, message: &str, remedy: &str) {
        self.problems.push(Problem {
            line,
            message: text::line(message, 300),
            remedy: text::line(remedy, 300),
        });
    }

    fn clean(&mut self, raw: &str, limit: usize, place: &str) -> String {
        self.note(text::clean(raw, limit), place)
    }

    fn note(&mut self, cleaned: Cleaned, place: &str) -> String {
        let mut removed = cleaned.removed.iter();
        if removed.any(|removed| removed.kind == RemovedKind::Unclosed) {
            // What follows may be a limit that a reader of the page sees.
            self.problem(
                0,
                &format!("in {place} an HTML tag, element or comment is not closed, so that nobody can tell what follows it"),
                "close it, or put it into backticks",
            );
        }
        if let Some(what) = text::sentence(&cleaned.removed) {
            self.notes.push(Note::Hidden {
                place: place.to_owned(),
                what,
            });
        }
        if cleaned.truncated {
            self.notes.push(Note::Shortened {
                place: place.to_owned(),
            });
        }
        cleaned.text
    }

    fn cut(&mut self, text: &str, limit: usize, place: &str) -> String {
        if text.chars().nth(limit).is_none() {
            return text.to_owned();
        }
        self.notes.push(Note::Shortened {
            place: place.to_owned(),
        });
        text.chars().take(limit).collect()
    }

    fn objective(&mut self, sections: &Sections<'_>, source: &Source) -> String {
        let mut objective = sections
            .get(Field::Objective)
            .map(|section| section.text())
            .unwrap_or_default();
        let left_out = source.comments.len().saturating_sub(COMMENTS);
        if left_out > 0 {
            self.notes.push(Note::CommentsLeftOut { count: left_out });
        }
        for comment in source.comments.iter().skip(left_out) {
            let login = text::line(&comment.login, 60);
            let words = self.clean(
                &comment.text,
                COMMENT_CHARS,
                &format!("the comment of {login}"),
            );
            if words.trim().is_empty() {
                continue;
            }
            if !objective.is_empty() {
                objective.push_str("\n\n");
            }
            objective.push_str(&format!("{login} added: {}", words.trim()));
        }
        self.cut(&objective, OBJECTIVE_CHARS, "the objective")
    }

    fn scope(&mut self, sections: &Sections<'_>) -> Vec<String> {
        let Some(section) = sections.get(Field::Scope) else {
            return self.policy_default(Field::Scope, &self.policy.scope.allow.clone());
        };
        let mut globs = Vec::new();
        for (line, entry) in section.entries() {
            for part in entry.split(", ").map(|part| part.trim().trim_matches('`')) {
                let glob = part
                    .strip_prefix("./")
                    .unwrap_or(part)
                    .trim_end_matches(',');
                match check_glob(glob) {
                    Ok(()) => globs.push(glob.to_owned()),
                    Err(bad) => self.problem(
                        line,
                        &format!("the file in scope `{}` {}", bad.pattern, bad.reason),
                        bad.remedy,
                    ),
                }
            }
        }
        if globs.len() > SCOPE {
            self.problem(
                section.line(),
                &format!("{} files in scope are more than {SCOPE}", globs.len()),
                "name directories, as in `src/parser/**`",
            );
            globs.truncate(SCOPE);
        }
        globs
    }

    fn policy_default(&mut self, field: Field, values: &[String]) -> Vec<String> {
        if !values.is_empty() {
            self.notes.push(Note::FromPolicy { field });
        }
        values.to_vec()
    }

    fn constraints(&mut self, sections: &Sections<'_>) -> Vec<String> {
        let mut constraints: Vec<String> = sections
            .get(Field::Constraints)
            .map(|section| section.entries())
            .unwrap_or_default()
            .into_iter()
            .map(|(_, entry)| entry)
            .collect();
        let is_long = |text: &String| text.chars().nth(CONSTRAINT_CHARS).is_some();
        if constraints.iter().any(is_long) {
            self.notes.push(Note::Shortened {
                place: String::from("a constraint"),
            });
            for long in constraints.iter_mut().filter(|text| is_long(text)) {
                *long = long.chars().take(CONSTRAINT_CHARS).collect();
            }
        }
        if constraints.len() > CONSTRAINTS {
            self.notes.push(Note::Shortened {
                place: String::from("the constraints"),
            });
            constraints.truncate(CONSTRAINTS);
        }
        // The repository's own rules hold for every task.
        let own: Vec<String> = self
            .policy
            .constraints
            .iter()
            .filter(|own| !constraints.contains(own))
            .cloned()
            .collect();
        constraints.extend(self.policy_default(Field::Constraints, &own));
        constraints
    }

    fn commands(
        &mut self,
        sections: &Sections<'_>,
        field: Field,
        default: &[String],
    ) -> Vec<String> {
        let Some(section) = sections.get(field) else {
            return self.policy_default(field, default);
        };
        let mut commands = Vec::new();
        let problems = self.problems.len();
        for (line, entry) in section.entries() {
            let command = entry.strip_prefix("$ ").unwrap_or(&entry).trim();
            // A comment of the shell is no command.
            if command.starts_with('#') {
                continue;
            }
            match check_command(command) {
                Ok(()) => commands.push(command.to_owned()),
                Err(refusal) => {
                    let (message, remedy) =
                        refusal.split_once("; ").unwrap_or((&refusal, "mend it"));
                    self.problem(line, &format!("{}: {message}", field.name()), remedy);
                }
            }
        }
        // A section of comments only names no command, and takes none of the policy's away.
        if commands.is_empty() && self.problems.len() == problems {
            return self.policy_default(field, default);
        }
        if commands.len() > COMMANDS {
            self.problem(
                section.line(),
                &format!(
                    "{}: {} commands are more than {COMMANDS}",
                    field.name(),
                    commands.len()
                ),
                "put them into a script of the repository",
            );
            commands.truncate(COMMANDS);
        }
        commands
    }

    fn owner(&mut self, sections: &Sections<'_>, requester: &str) -> String {
        let fallback = self.policy.owner.as_deref().unwrap_or(requester).to_owned();
        let Some(section) = sections.get(Field::Owner) else {
            if self.policy.owner.is_some() {
                self.notes.push(Note::FromPolicy {
                    field: Field::Owner,
                });
            }
            return fallback;
        };
        let entries = section.entries();
        let login = match entries.as_slice() {
            [(_, entry)] => entry.strip_prefix('@').unwrap_or(entry),
            _ => "",
        };
        if is_login(login) {
            return login.to_owned();
        }
        self.problem(
            section.line(),
            "the owner is not one login of GitHub",
            "write one login, as in `alice`",
        );
        fallback
    }

    fn budget(&mut self, sections: &Sections<'_>) -> super::Budget {
        let entries = sections
            .get(Field::Budget)
            .map(|section| section.entries())
            .unwrap_or_default();
        let (budget, capped) = budget::read(&entries, &self.policy.budget, &mut self.problems);
        self.notes
            .extend(capped.into_iter().map(|what| Note::Capped { what }));
        budget
    }
}
