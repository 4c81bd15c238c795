//! What a task says of its pull request: who asked, who steered, who took it over, and how far it is.

use std::collections::HashMap;

use super::super::{Engine, EngineError};
use crate::domain::event::Fact;
use crate::domain::gate::bounded::{List, Moment};
use crate::domain::gate::facts::{self, Adoption, Steerer, Steering, TaskState};
use crate::domain::ids::{Oid, UserId};
use crate::domain::task::Task;
use crate::domain::task::stage::{Outcome, Stage};
use crate::domain::time::Timestamp;
use crate::store::HistoryEntry;

/// What the history of a task says of people.
#[derive(Default)]
pub(super) struct Told {
    /// Who took it over.
    pub(super) adoptions: Vec<Adoption>,
    /// Who pushed which commit.
    pub(super) pushed: HashMap<Oid, UserId>,
    /// Who asked for work by a command.
    pub(super) fixes: Vec<UserId>,
}

impl Engine {
    /// What the history of a task says of people.
    pub(super) async fn told_of(&self, task: &Task) -> Result<Told, EngineError> {
        let mut told = Told::default();
        for entry in self.store.history(&task.id).await? {
            told.hear(&entry);
        }
        Ok(told)
    }
}

impl Told {
    fn hear(&mut self, entry: &HistoryEntry) {
        match &entry.fact {
            Fact::HandoffAsked { by, .. } => self.adoptions.push(Adoption {
                by: by.id,
                ended: false,
            }),
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

/// Seconds that a change is given to be written, each time that is looked at.
const WRITING_S: i64 = 600;

/// How far the task is.
pub(super) fn state(task: &Task, now: Timestamp) -> facts::Task {
    // Writing a change has no deadline of its own: it is tried until it is done or given up.
    let written = matches!(task.stage, Stage::Applying { .. }).then(|| now.plus_s(WRITING_S));
    let state = match &task.stage {
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
    facts::Task {
        state,
        deadline: task.stage.deadline().or(written).map(Moment),
        attempts: u32::try_from(task.attempts.len()).unwrap_or(u32::MAX),
        attempts_max: task.contract.budget.attempts,
        will_merge_base: false,
    }
}

/// Whether the task has not read yet what CI says of its own head.
pub(super) fn awaits_checks(task: &Task, head: &Oid) -> bool {
    let is_own = task.pull.as_ref().is_some_and(|pull| pull.head == *head);
    is_own && (task.stage.is_busy() || matches!(task.stage, Stage::Checking { .. }))
}

/// Who asked for the work: the label, or the command that made the task.
pub(super) fn requesters(task: &Task) -> List<UserId, 100> {
    List::of(vec![task.request.by.id]).unwrap_or_default()
}

/// Who gave the agent words; `None` where there are more than can be judged.
pub(super) fn steerers(task: &Task, told: &Told) -> Option<List<Steerer, 1000>> {
    let mut steerers = Vec::new();
    let mut add = |id, by| {
        let steerer = Steerer { id, by };
        if !steerers.contains(&steerer) {
            steerers.push(steerer);
        }
    };
    for attempt in &task.attempts {
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
    for person in task.approvers() {
        add(person.id, Steering::Command);
    }
    List::of(steerers)
}
