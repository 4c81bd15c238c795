//! What a task says of its pull request, as facts of the gate: how far it is, who asked, steered or took
//! it over, and the evidence of its work.
//!
//! Sections about the agent's work are of the head that it wrote; those about the change itself are of
//! the head that is judged. Verification and a second opinion are not there yet: what asks for them is
//! incomplete.

use std::collections::HashMap;

use super::bounded::{List, Moment, Text};
use super::facts::{
    Adoption, Evidence, Opener, Pack, Section, SectionName, Steerer, Steering, Task, TaskState,
};
use crate::domain::event::Fact;
use crate::domain::ids::{Number, Oid, RepositoryId, UserId};
use crate::domain::task;
use crate::domain::task::because::Because;
use crate::domain::task::stage::{Outcome, Stage};
use crate::domain::time::Timestamp;

/// Seconds that a change is given to be written, each time that is looked at.
const WRITING_S: i64 = 600;
/// Seconds in which a pull request that we opened becomes known as a task's.
const RECORDED_S: i64 = 120;

/// What the history of a task says of people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Who took it over.
    pub adoptions: Vec<Adoption>,
    /// Who pushed which commit.
    pub pushed: HashMap<Oid, UserId>,
    /// Who asked for work by a command.
    pub fixes: Vec<UserId>,
}

impl Told {
    /// Whether it is a person's now.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.adoptions.iter().any(|adoption| !adoption.ended)
    }

    /// Hears one decision of the task, oldest first: the fact, and what it came to. What was asked
    /// for in vain took nothing over.
    pub fn hear(&mut self, fact: &Fact, because: Because) {
        match fact {
            Fact::HandoffAsked { by, .. } if because == Because::HandedOff => {
                self.adoptions.push(Adoption {
                    by: by.id,
                    ended: false,
                });
            }
            Fact::FixAsked { by, .. } => {
                // The agent goes on: all evidence is due again.
                for adoption in &mut self.adoptions {
                    adoption.ended = true;
                }
                self.fixes.push(by.id);
            }
            Fact::BranchMoved {
                head: Some(head),
                by: Some(by),
            } => {
                self.pushed.insert(head.clone(), by.id);
            }
            _ => {}
        }
    }
}

/// How far the task is.
#[must_use]
pub fn state(of: &task::Task, now: Timestamp) -> Task {
    // Writing a change has no deadline of its own: it is tried until it is done or given up.
    let written = matches!(of.stage, Stage::Applying { .. }).then(|| now.plus_s(WRITING_S));
    let state = match &of.stage {
        Stage::Queued { .. } | Stage::Working { .. } | Stage::Applying { .. } => TaskState::Working,
        Stage::Closed {
            outcome: Outcome::Stopped,
        } => TaskState::Stopped,
        Stage::Asking { .. }
        | Stage::Staged { .. }
        | Stage::Checking { .. }
        | Stage::Delivered { .. }
        | Stage::Paused { .. }
        | Stage::Closed { .. } => TaskState::Waiting,
    };
    let attempts = u32::try_from(of.attempts.len()).unwrap_or(u32::MAX);
    Task {
        state,
        deadline: of.stage.deadline().or(written).map(Moment),
        attempts,
        // Where the loop has come to its end it makes none of what is left of the budget: it may be
        // stuck, or the failure is not the agent's.
        attempts_max: match of.stage {
            Stage::Delivered { .. } | Stage::Paused { .. } | Stage::Closed { .. } => attempts,
            Stage::Queued { .. }
            | Stage::Working { .. }
            | Stage::Applying { .. }
            | Stage::Asking { .. }
            | Stage::Staged { .. }
            | Stage::Checking { .. } => of.contract.budget.attempts,
        },
        will_merge_base: false,
    }
}

/// Whether the task has not read yet what CI says of its own head: it says itself when it has.
#[must_use]
pub fn awaits_checks(of: &task::Task, head: &Oid) -> bool {
    let is_own = of.pull.as_ref().is_some_and(|pull| pull.head == *head);
    is_own && (of.stage.is_busy() || matches!(of.stage, Stage::Checking { .. }))
}

/// Whether what became of a task may change whether its pull request may be merged.
#[must_use]
pub fn matters(before: &task::Task, after: &task::Task) -> bool {
    let is_same = |of: fn(&Stage) -> bool| of(&before.stage) == of(&after.stage);
    before.pull != after.pull
        || !is_same(Stage::is_busy)
        || !is_same(Stage::is_closed)
        || !is_same(|stage| matches!(stage, Stage::Paused { .. }))
        || !is_same(|stage| matches!(stage, Stage::Checking { .. }))
}

/// Who gave the agent words; `None` where there are more than can be judged.
#[must_use]
pub fn steerers(of: &task::Task, told: &Told) -> Option<List<Steerer, 1000>> {
    let mut steerers = Vec::new();
    let mut add = |id, by| {
        let steerer = Steerer { id, by };
        if !steerers.contains(&steerer) {
            steerers.push(steerer);
        }
    };
    for attempt in &of.attempts {
        for feedback in attempt.feedback.iter().chain(&attempt.answer) {
            let by = match feedback.review {
                Some(_) => Steering::Review,
                None if feedback.questions.is_empty() => Steering::Command,
                None => Steering::Answer,
            };
            add(feedback.by.id, by);
        }
    }
    for id in &told.fixes {
        add(*id, Steering::Command);
    }
    // Who let CI run has decided something of it.
    for person in of.approvers() {
        add(person.id, Steering::Command);
    }
    List::of(steerers)
}

/// The head that evidence is for, and what is known of it beside its task.
#[derive(Clone, Debug)]
pub struct Known<'a> {
    /// The repository of the base.
    pub repository: RepositoryId,
    /// The pull request.
    pub pull: Number,
    /// Its head.
    pub head: &'a Oid,
    /// The branch that it is to be merged into.
    pub base: &'a str,
    /// Whether a person has taken it over: what the agent's work was for matters no more.
    pub adopted: bool,
    /// Where head and base part.
    pub merge_base: &'a Oid,
    /// Whether nothing of its checks was left unread; whether they passed is asked for apart.
    pub checks: bool,
    /// What searches found; `None` where they were not made.
    pub findings: Option<&'a [String]>,
}

/// The evidence of a pull request of no task: none, and in the first moments of one of ours it is
/// still being recorded.
#[must_use]
pub fn unrecorded(opened_by: Opener, opened_at: Timestamp) -> Evidence {
    let until = Moment(opened_at.plus_s(RECORDED_S));
    Evidence {
        pack: None,
        building_until: (opened_by == Opener::Us).then_some(until),
    }
}

/// The evidence of a pull request of ours.
#[must_use]
pub fn evidence(of: &task::Task, known: &Known<'_>) -> Evidence {
    let pack = of.pull.as_ref().map(|pull| pack(of, pull, known));
    Evidence {
        pack,
        building_until: None,
    }
}

fn pack(of: &task::Task, pull: &task::Pull, known: &Known<'_>) -> Pack {
    // What `/agent fix` went on from may be a person's: the agent's work ends with our last commit.
    let written = pull.commits.last();
    let section = |name, head: Option<&Oid>, findings: Vec<Text<500>>| Section {
        name,
        head: head.filter(|oid| *oid != known.head).cloned(),
        findings: List::of(findings).unwrap_or_default(),
    };
    let mut sections = vec![section(SectionName::Diff, None, Vec::new())];
    if known.checks {
        sections.push(section(SectionName::Ci, None, Vec::new()));
    }
    if let Some(findings) = known.findings {
        // One that is named shuts as well as all of them.
        let findings = findings.iter().take(100).map(|text| Text::of(text));
        sections.push(section(SectionName::Scans, None, findings.collect()));
    }
    if written.is_some() {
        let failed = !of.contract.acceptance.is_empty() && !pull.written.accepted;
        let failed = failed.then(|| Text::of("an acceptance command did not pass"));
        let failed = failed.into_iter().collect();
        sections.push(section(SectionName::Acceptance, written, failed));
        for name in [
            SectionName::Provenance,
            SectionName::TestDelta,
            SectionName::Attempts,
            SectionName::Refusals,
            SectionName::Versions,
        ] {
            sections.push(section(name, written, Vec::new()));
        }
    }
    Pack {
        repository: known.repository,
        pull: known.pull,
        head: known.head.clone(),
        base: Text::of(match known.adopted {
            true => known.base,
            false => &of.base.branch,
        }),
        merge_base: known.merge_base.clone(),
        faults: List::default(),
        sections: List::of(sections).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::CommentId;
    use crate::domain::request::Person;

    fn handoff(by: i64) -> Fact {
        Fact::HandoffAsked {
            by: Person {
                id: UserId(by),
                login: "bob".to_owned(),
            },
            comment: Some(CommentId(1)),
            page: None,
        }
    }

    #[test]
    fn what_was_handed_to_nobody_was_taken_over_by_nobody() {
        let mut told = Told::default();
        told.hear(&handoff(1), Because::NothingToHandOff);
        assert_eq!(told, Told::default());
        told.hear(&handoff(2), Because::HandedOff);
        let by: Vec<_> = told
            .adoptions
            .iter()
            .map(|one| (one.by, one.ended))
            .collect();
        assert_eq!(by, [(UserId(2), false)]);
    }
}
