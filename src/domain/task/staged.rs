//! A commit that waits under a ref of its own until a person lets CI run on it (X62): its moves,
//! for [`super::decide`], and what people are told of it.
//!
//! CI of a branch in the same repository runs what an agent wrote with the repository's secrets.
//! So the commit is on no branch before, and an approval is for that one commit only.

use super::Task;
use super::attempt::{Approval, Attempt, Staged};
use super::because::Because;
use super::decision::Decision;
use super::moves::Next;
use super::stage::{Outcome, Stage};
use crate::domain::effect::Effect;
use crate::domain::ids::{AttemptNumber, CommentId};
use crate::domain::request::Person;
use crate::domain::request::policy::CiRun;
use crate::domain::text;
use crate::domain::time::Timestamp;

/// Files of a commit that are remembered by name; the others are counted.
pub const FILES_MAX: usize = 30;
/// After so long people are reminded, once.
const REMIND_S: i64 = 24 * 3600;

impl Next<'_> {
    /// The commit is there. An answer that was kept meanwhile is newer than it.
    pub(super) fn put_aside(mut self, staged: &Staged) -> Decision {
        let at = self.event.at;
        let last = self.task.last_attempt();
        let because = match last.and_then(|last| last.approved.as_ref()) {
            Some(_) => Because::StagedAnew,
            None => Because::ChangeStaged,
        };
        self.change_last(|last| {
            last.staged = Some(Staged {
                at,
                gone: false,
                ..staged.clone()
            });
            last.approved = None;
            last.ended = Some(because.sentence().to_owned());
        });
        if self.is_answered() {
            return self.go_on_with_answer(because);
        }
        self.wait_for_approval(Some(at.plus_s(REMIND_S)));
        self.told(because)
    }

    fn wait_for_approval(&mut self, until: Option<Timestamp>) {
        let staged = |last: &Attempt| {
            let head = last.staged.as_ref()?.head.clone();
            Some((last.number, head))
        };
        if let Some((attempt, head)) = self.task.last_attempt().and_then(staged) {
            self.task.stage = Stage::Staged {
                attempt,
                head,
                until,
            };
        }
    }

    /// A person lets the commit on to its branch; only the one that they can have seen.
    pub(super) fn approve_ci(
        mut self,
        by: &Person,
        comment: CommentId,
        said_at: Timestamp,
    ) -> Decision {
        let is_known = |attempt: &Attempt| {
            let known = attempt.approved.as_ref();
            known.is_some_and(|known| known.comment == comment)
        };
        if self.task.attempts.iter().any(is_known) {
            return self.stays(Because::Outdated);
        }
        let Stage::Staged { attempt, .. } = self.task.stage else {
            return self.stays(Because::NothingToApprove);
        };
        let last = self.task.attempt(attempt);
        let known = last.and_then(|last| {
            let staged_at = last.staged.as_ref()?.at;
            Some((last.fence, last.result.clone()?, staged_at))
        });
        let Some((fence, result, staged_at)) = known else {
            return self.stays(Because::NothingToApprove);
        };
        if said_at < staged_at {
            return self.stays(Because::ApprovalOutdated);
        }
        self.acknowledge(comment);
        let by = by.clone();
        self.change_last(|last| {
            last.approved = Some(Approval { by, comment });
            last.ended = None;
        });
        self.task.stage = Stage::Applying { attempt, result };
        self.effects.push(Effect::Release {
            attempt,
            fence,
            comment,
        });
        self.told(Because::CiApproved)
    }

    /// The approval does not count, and the commit waits as before.
    pub(super) fn void_approval(mut self) -> Decision {
        let waits = |last: &Attempt| last.approved.is_some() && last.staged.is_some();
        if !self.task.last_attempt().is_some_and(waits) {
            return self.stays(Because::Outdated);
        }
        let because = Because::ApprovalVoid;
        self.change_last(|last| {
            last.approved = None;
            last.ended = Some(because.sentence().to_owned());
        });
        let until = self.event.at.plus_s(REMIND_S);
        self.wait_for_approval(Some(until));
        self.told(because)
    }

    /// The commit does not wait any more, because of this.
    pub(super) fn end_waiting(&mut self, because: Because) {
        if matches!(self.task.stage, Stage::Staged { .. }) {
            let ended = because.sentence().to_owned();
            self.change_last(|last| last.ended = Some(ended));
        }
    }

    /// Once; then it waits as long as it takes.
    pub(super) fn remind(mut self) -> Decision {
        let Stage::Staged { head, until, .. } = &mut self.task.stage else {
            return self.stays(Because::Outdated);
        };
        *until = None;
        let key = format!("waits-{}", head.short());
        let body = format!("{HEADLINE} {}", next_step(&self.task));
        let number = self.where_people_are();
        self.effects.push(Effect::Say { number, key, body });
        self.stays(Because::StagedReminded)
    }

    /// The commit was written while the task was being ended: its ref is taken away again.
    pub(super) fn drop_late(mut self, attempt: AttemptNumber, staged: &Staged) -> Decision {
        let of_attempt = |one: &&mut Attempt| one.number == attempt && one.result.is_some();
        let Some(late) = self.task.attempts.iter_mut().find(of_attempt) else {
            return self.stays(Because::Outdated);
        };
        let is_known = |known: &Staged| !known.gone || known.head == staged.head;
        if late.staged.as_ref().is_some_and(is_known) {
            return self.stays(Because::Outdated);
        }
        late.staged = Some(Staged {
            at: self.event.at,
            gone: true,
            ..staged.clone()
        });
        self.effects.push(Effect::Unstage {
            head: staged.head.clone(),
        });
        self.stays(Because::StagedDropped)
    }
}

/// A commit that nobody waits for any more loses its ref. It is kept while it waits, while it goes
/// on to its branch, and while a person has the task, who may want it.
pub(super) fn let_go(mut decision: Decision) -> Decision {
    let task = &mut decision.task;
    let last = task.attempts.last();
    let is_kept = match &task.stage {
        Stage::Staged { .. } | Stage::Paused { .. } => true,
        Stage::Applying { .. } => last.is_some_and(|last| last.approved.is_some()),
        Stage::Queued { .. }
        | Stage::Working { .. }
        | Stage::Asking { .. }
        | Stage::Checking { .. }
        | Stage::Delivered { .. }
        | Stage::Closed { .. } => false,
    };
    if is_kept {
        return decision;
    }
    // Without access there is no way to do it (H16).
    let is_out = matches!(
        task.stage,
        Stage::Closed {
            outcome: Outcome::AccessLost
        }
    );
    let commits = task.pull.as_ref().map(|pull| pull.commits.as_slice());
    let commits = commits.unwrap_or_default();
    let held = task
        .attempts
        .iter_mut()
        .filter_map(|one| one.staged.as_mut());
    for staged in held.filter(|staged| !staged.gone) {
        staged.gone = true;
        // What is on the branch has left its ref in the same step.
        if !is_out && !commits.contains(&staged.head) {
            let head = staged.head.clone();
            decision.effects.push(Effect::Unstage { head });
        }
    }
    decision
}

/// What people see first.
pub(super) const HEADLINE: &str =
    "A change waits for your approval before CI runs it with this repository's secrets.";

fn waiting(task: &Task) -> Option<&Staged> {
    match &task.stage {
        Stage::Staged { attempt, .. } => task.attempt(*attempt)?.staged.as_ref(),
        _ => None,
    }
}

/// What waits, for the status comment: the commit, how to get it, and its files.
pub(super) fn lines(task: &Task) -> Vec<String> {
    let Some(staged) = waiting(task) else {
        return Vec::new();
    };
    let shown = staged.files.iter().take(FILES_MAX);
    let mut files: Vec<String> = shown.map(|path| text::inline_code(path, 200)).collect();
    if staged.count > files.len() {
        files.push(format!("and {} more", staged.count - files.len()));
    }
    vec![
        format!(
            "- Waiting, on no branch: [`{}`]({})",
            staged.head.short(),
            staged.page
        ),
        format!("- It changes {}", files.join(", ")),
    ]
}

/// For whoever takes the task over while it waits.
pub(super) fn handed_over(task: &Task) -> Option<String> {
    waiting(task)?;
    Some(format!(
        "\n- A change that nobody has approved yet, on no branch: `{}`",
        fetch(task)
    ))
}

fn fetch(task: &Task) -> String {
    let name = task.id.staged_ref();
    format!("git fetch origin refs/{name} && git show FETCH_HEAD")
}

/// What a person can do now.
pub(super) fn next_step(task: &Task) -> String {
    format!(
        "Look at it (`{}`). When somebody with write access comments `/agent ci`, just this commit goes on to its branch, and CI runs. Comment `/agent fix` and what should differ for another attempt instead, or `/agent stop`.",
        fetch(task)
    )
}

/// How CI came to run on an attempt's commit, as evidence.
#[must_use]
pub fn mode(task: &Task, attempt: &Attempt) -> String {
    match (task.policy.ci.run, &attempt.approved) {
        (_, Some(approval)) => format!(
            "CI runs after approval by {}",
            text::inline_code(&approval.by.login, 40)
        ),
        (CiRun::OnPush, None) => "CI runs on push".to_owned(),
        (CiRun::AfterApproval, None) => "CI was not approved".to_owned(),
    }
}
