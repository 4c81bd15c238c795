//! The informational run of a pull request of ours: said once its work has come to rest, said anew
//! where that changes, and never the gate's concern: what goes wrong here shuts and opens nothing.

use super::super::error::Remedy;
use super::super::perform::{acceptance_of, reach_of};
use super::super::{Engine, EngineError};
use super::seen::Seen;
use super::sight::Sight;
use crate::domain::gate::Verdict;
use crate::domain::gate::evidence_page::{self, Known, Page, Ran};
use crate::domain::gate::facts::{Pull, Subject};
use crate::domain::ids::Sha256Hex;
use crate::domain::model::Spent;
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::github::evidence::{ANNOTATIONS_A_CALL, EvidenceRun};
use crate::protocol::result::Outcome;
use crate::store::{EvidenceKey, SaidEvidence};

/// Rest after it could not be published, in seconds.
const TROUBLE_S: i64 = 120;

impl Engine {
    /// Says what is known, where that is not said already. Gives when the pull request is due again:
    /// `next`, or earlier where this could not be said.
    pub(super) async fn say_evidence(
        &self,
        seen: &Seen<'_>,
        sight: &Sight,
        verdict: &Verdict,
        next: Timestamp,
    ) -> Result<Timestamp, EngineError> {
        let Subject::PullRequest(pull) = &sight.facts.subject else {
            return Ok(next);
        };
        let stored = self
            .store
            .task_of_pull(seen.target.repository, seen.number)
            .await?;
        let Some(task) = stored.map(|stored| stored.task) else {
            return Ok(next);
        };
        if !evidence_page::is_due(&task) {
            return Ok(next);
        }
        let spent = self.store.spent(&task.id).await?;
        let (key, basis) = (key_of(seen), basis(&task, pull, sight, verdict, &spent)?);
        let last = self.store.said_evidence(key).await?.unwrap_or_default();
        if last.basis == basis {
            return Ok(next);
        }
        let returned = self.ran(&task).await?;
        let address = self.page_of(&task);
        let page = evidence_page::page(&Known {
            task: &task,
            pull,
            base: &seen.state.base_branch,
            verdict,
            difference: &sight.difference,
            returned: &returned,
            spent: &spent,
            page: address.as_deref(),
        });
        match self.publish_page(seen, &page, &basis, last).await {
            Ok(()) => Ok(next),
            Err(error @ EngineError::Store(_)) => Err(error),
            Err(error) => self.miss_evidence(seen, &basis, &error, next).await,
        }
    }

    /// It could not be said. The verdict stands all the same; what GitHub will never take is not
    /// tried again before there is something else to say.
    async fn miss_evidence(
        &self,
        seen: &Seen<'_>,
        basis: &str,
        error: &EngineError,
        next: Timestamp,
    ) -> Result<Timestamp, EngineError> {
        let now = self.clock.now();
        let said = error.chain();
        tracing::warn!(pull = %seen.number, error = said, "evidence could not be published");
        match error.remedy(1, now) {
            Remedy::Again(_) => Ok(next.min(now.plus_s(TROUBLE_S))),
            Remedy::Pause(until) => {
                let installation = seen.target.installation;
                self.store.pause_installation(installation, until).await?;
                Ok(next.min(until))
            }
            Remedy::Park => {
                let key = key_of(seen);
                let last = self.store.said_evidence(key).await?.unwrap_or_default();
                let basis = basis.to_owned();
                let last = SaidEvidence { basis, ..last };
                self.store.note_evidence(key, &last, now).await?;
                Ok(next)
            }
        }
    }

    /// What runners returned for the task, oldest first. What cannot be read any more is left out.
    async fn ran(&self, task: &Task) -> Result<Vec<Ran>, EngineError> {
        let mut all = Vec::new();
        for attempt in &task.attempts {
            let Some(result) = &attempt.result else {
                continue;
            };
            let returned = match self.returned(&task.id, attempt.number, result).await {
                Ok(returned) => returned,
                Err(error @ EngineError::Store(_)) => return Err(error),
                Err(_) => continue,
            };
            let seen = returned.evidence;
            let refused = seen.permissions.iter().filter(|one| !one.granted);
            all.push(Ran {
                attempt: attempt.number,
                changed: matches!(returned.outcome, Outcome::Changed { .. }),
                acceptance: seen.acceptance.iter().map(acceptance_of).collect(),
                refused: refused.map(|one| one.title.clone()).collect(),
                reach: reach_of(&seen),
                took_ms: seen.timing.total_ms,
                agent_ms: seen.timing.agent_ms,
                spent: self.store.spent_in(&task.id, attempt.number).await?,
                agent: seen.agent,
                words: seen.words,
            });
        }
        Ok(all)
    }

    /// Says the page by amending the run that says the last one, and by a new run where marks would
    /// have to go: GitHub only adds to them.
    async fn publish_page(
        &self,
        seen: &Seen<'_>,
        page: &Page,
        basis: &str,
        last: SaidEvidence,
    ) -> Result<(), EngineError> {
        let (key, now) = (key_of(seen), self.clock.now());
        let (said, marks) = (said_of(page), marks_of(page));
        let external_id = format!("evidence:v1:{}:{}", seen.number, &marks[..32]);
        let (run, mut marked) = match last.run.filter(|_| last.marks == marks) {
            Some(_) if last.said == said && last.marked == page.annotations.len() => {
                let basis = basis.to_owned();
                let same = SaidEvidence { basis, ..last };
                return Ok(self.store.note_evidence(key, &same, now).await?);
            }
            Some(run) => (Some(run), last.marked),
            None => (
                self.lost_run(seen, &last, &marks, &external_id).await?,
                page.annotations.len().min(ANNOTATIONS_A_CALL),
            ),
        };
        let mut now_said = SaidEvidence {
            run,
            said,
            marks,
            ..SaidEvidence::default()
        };
        let mut is_first = true;
        while is_first || marked < page.annotations.len() {
            // A new run takes its marks from the first one on.
            let from = if now_said.run.is_some() { marked } else { 0 };
            let to = page.annotations.len().min(from + ANNOTATIONS_A_CALL);
            let run = EvidenceRun {
                head: key.head,
                external_id: &external_id,
                title: &page.title,
                summary: &page.summary,
                words: &page.words,
                annotations: &page.annotations[from..to],
                buttons: &page.buttons,
            };
            let github = self.github()?;
            let id = match now_said.run {
                Some(id) => github.amend_evidence(seen.target, id, &run).await?,
                None => {
                    // Noted before, so that a try whose answer is lost is looked for.
                    self.store.note_evidence(key, &now_said, now).await?;
                    github.publish_evidence(seen.target, &run).await?
                }
            };
            (marked, is_first) = (to, false);
            now_said.run = Some(id);
            now_said.marked = marked;
            if marked == page.annotations.len() {
                basis.clone_into(&mut now_said.basis);
            }
            self.store.note_evidence(key, &now_said, now).await?;
        }
        Ok(())
    }

    /// The run that an earlier try made without our hearing of it.
    async fn lost_run(
        &self,
        seen: &Seen<'_>,
        last: &SaidEvidence,
        marks: &str,
        external_id: &str,
    ) -> Result<Option<i64>, EngineError> {
        if last.run.is_some() || last.marks != marks {
            return Ok(None);
        }
        let (github, head) = (self.github()?, &seen.state.head);
        Ok(github.find_evidence(seen.target, head, external_id).await?)
    }
}

fn key_of<'a>(seen: &'a Seen<'_>) -> EvidenceKey<'a> {
    EvidenceKey {
        repository: seen.target.repository,
        number: seen.number,
        head: &seen.state.head,
    }
}

/// Hash of all that the page is made of: while it is the same, nothing is read and nothing is said.
fn basis(
    task: &Task,
    pull: &Pull,
    sight: &Sight,
    verdict: &Verdict,
    spent: &Spent,
) -> Result<String, EngineError> {
    let of = (
        task,
        (&pull.head, &pull.merge_base, &pull.commits, &pull.adoptions),
        (&pull.ci.checks, &pull.evidence, &sight.facts.base.branch),
        (verdict.tier, &verdict.rules),
        format!("{spent:?}"),
    );
    let json = serde_json::to_vec(&of).map_err(|error| EngineError::Defect(error.to_string()))?;
    Ok(Sha256Hex::of(json).to_string())
}

fn said_of(page: &Page) -> String {
    let (title, summary, words) = (&page.title, &page.summary, &page.words);
    let buttons = &page.buttons;
    Sha256Hex::of(format!("{title}\n{summary}\n{words}\n{buttons:?}")).to_string()
}

fn marks_of(page: &Page) -> String {
    Sha256Hex::of(format!("{:?}", page.annotations)).to_string()
}
