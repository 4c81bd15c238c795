//! What a runner says, and what it is told.
//!
//! A runner is trusted with its own attempt and nothing else: each call carries the lease
//! (task, attempt and key), each message the fence. Results are kept byte for byte.

mod bearer;
mod earlier;
mod failures;
mod model;
mod questions;
mod refusal;
mod sign_in;

pub use bearer::Bearer;
use bearer::SECRET_CHARS;
pub use model::{Admitted, ModelLease, ModelRefusal};
pub use refusal::RunnerRefusal;

use super::perform::tree;
use super::{Engine, EngineError};
use crate::domain::event::{Ending, Fact};
use crate::domain::ids::{AttemptNumber, Fence, Sha256Hex};
use crate::domain::request::policy::{SandboxPolicy, TaskKind, ToolServer, hosts_of};
use crate::domain::task::HEARTBEAT_S;
use crate::domain::task::Task;
use crate::domain::task::attempt::Attempt;
use crate::domain::task::stage::Stage;
use crate::domain::{task::prompt, text};
use crate::guard::{self, Guard};
use crate::protocol::brief::{AllowList, Brief, Checkout, Limits, MergeIn, Network};
use crate::protocol::enter::{Exchange, Lease};
use crate::protocol::progress::{Directive, Progress};
use crate::protocol::result::{Outcome, Receipt, Returned};
use crate::protocol::{OLDEST, VERSION};
use crate::store::{Cause, Kept, StoredTask};

impl Engine {
    /// Trades a ticket for the lease.
    ///
    /// # Errors
    /// See [`RunnerRefusal`].
    pub async fn exchange(&self, exchange: &Exchange) -> Result<Lease, RunnerRefusal> {
        let theirs = exchange.protocol;
        if !(OLDEST..=VERSION).contains(&theirs) {
            return Err(RunnerRefusal::Version { theirs });
        }
        let ticket = Bearer::parse(&exchange.ticket).ok_or(RunnerRefusal::Unknown)?;
        let stored = self.stored(&ticket).await?;
        let attempt = find(&stored.task, &ticket)?;
        let signed_in = attempt.signed_in.as_ref().ok_or(RunnerRefusal::Unknown)?;
        if !ticket.is(&signed_in.ticket) || exchange.key.len() != SECRET_CHARS {
            return Err(RunnerRefusal::Unknown);
        }
        let key = Sha256Hex::of(&exchange.key);
        // Whoever has the lease is asked first: of two runs the other may be the one that is
        // known as dispatched (K6, K8).
        if let Some(entered) = &attempt.entered {
            return self
                .enter_again(&stored.task, attempt, entered.key == key, exchange)
                .await;
        }
        if signed_in.run != exchange.run {
            return Err(RunnerRefusal::Taken);
        }
        is_current(&stored.task, ticket.attempt)?;
        if signed_in.until <= self.clock.now() {
            return Err(RunnerRefusal::Expired);
        }
        let fact = Fact::Entered {
            attempt: ticket.attempt,
            run: exchange.run,
            key: key.clone(),
            work_s: self.limits_of(&stored.task).work_s(),
        };
        self.record(&ticket.task, fact, Cause::None).await?;
        // Two runners may have come at once: the record says who it was.
        let stored = self.stored(&ticket).await?;
        let attempt = find(&stored.task, &ticket)?;
        match &attempt.entered {
            Some(entered) if entered.key == key => Ok(lease(&stored.task, attempt)),
            _ => Err(RunnerRefusal::Taken),
        }
    }

    /// The same key gets the same lease again; another run is told that it came second;
    /// another key of the same run ends the attempt (X86).
    async fn enter_again(
        &self,
        task: &Task,
        attempt: &Attempt,
        same_key: bool,
        exchange: &Exchange,
    ) -> Result<Lease, RunnerRefusal> {
        if same_key {
            is_current(task, attempt.number)?;
            return Ok(lease(task, attempt));
        }
        let other_run = attempt
            .entered
            .as_ref()
            .is_some_and(|entered| entered.run != exchange.run);
        if other_run {
            return Err(RunnerRefusal::Taken);
        }
        tracing::error!(task.id = %task.id, "a ticket was used with another key; the attempt is ended");
        let attempt = attempt.number;
        self.record(&task.id, Fact::TicketReplayed { attempt }, Cause::None)
            .await?;
        Err(RunnerRefusal::Replayed)
    }

    /// What the runner is to do.
    ///
    /// # Errors
    /// See [`RunnerRefusal`].
    pub async fn brief(&self, bearer: &Bearer) -> Result<Brief, RunnerRefusal> {
        let stored = self.leased(bearer).await?;
        let task = &stored.task;
        is_current(task, bearer.attempt)?;
        let attempt = find(task, bearer)?;
        let merge = attempt.merge.as_ref();
        Ok(Brief {
            task: task.id.clone(),
            attempt: attempt.number,
            checkout: Checkout {
                clone_url: self.clone_url(&task.name),
                repository: task.name.clone(),
                start: attempt.start.clone(),
                // Agents' instruction files are the base's as people have it now.
                base: merge.map_or(&task.base.oid, |merge| &merge.tip).clone(),
                merge: merge.map(|merge| MergeIn {
                    tip: merge.tip.clone(),
                    base: merge.base.clone(),
                }),
            },
            contract: task.contract.clone(),
            prompt: self.prompt_of(task, attempt).await?,
            agent: self.rules.agent.clone(),
            model: self.model_of(task),
            network: network_of(&task.policy.sandbox),
            servers: servers_for(task, attempt),
            session: self.session_for(task, attempt).await?,
            limits: self.limits_of(task),
            allow: AllowList {
                tool_kinds: task.policy.tool_kinds(),
            },
        })
    }

    async fn prompt_of(&self, task: &Task, attempt: &Attempt) -> Result<String, EngineError> {
        let earlier = self.earlier(task, attempt).await?;
        let failed = self.failed_checks(task, attempt).await?;
        Ok(prompt::of(task, attempt, &earlier, &failed))
    }

    /// What one attempt of a task may use; its deadline is made of the same.
    fn limits_of(&self, task: &Task) -> Limits {
        let budget = task.contract.budget;
        Limits {
            agent_s: budget.minutes.saturating_mul(60),
            turns: budget.turns,
            ..self.rules.limits
        }
    }

    /// Hears how it goes.
    ///
    /// # Errors
    /// See [`RunnerRefusal`].
    pub async fn report(
        &self,
        bearer: &Bearer,
        progress: &Progress,
    ) -> Result<Directive, RunnerRefusal> {
        let stored = self.leased(bearer).await?;
        let attempt = find(&stored.task, bearer)?;
        if is_stale(attempt, progress.fence) {
            return Err(RunnerRefusal::Stale);
        }
        if let Err(over) = is_current(&stored.task, bearer.attempt) {
            return Ok(Directive::Stop {
                because: over.to_string(),
            });
        }
        let past_deadline = attempt
            .entered
            .as_ref()
            .is_some_and(|entered| entered.deadline <= self.clock.now());
        if past_deadline {
            return Ok(Directive::Stop {
                because: "the attempt's time is over".to_owned(),
            });
        }
        let fact = Fact::Reported {
            attempt: bearer.attempt,
            phase: progress.phase,
            note: progress
                .note
                .as_deref()
                .map(|note| text::line(note, NOTE_CHARS))
                .filter(|note| !note.is_empty()),
        };
        self.record(&bearer.task, fact, Cause::None).await?;
        self.hear_questions(bearer, &progress.questions).await?;
        Ok(Directive::Continue)
    }

    /// Takes the result, once: it is committed with what follows from it when this returns.
    ///
    /// # Errors
    /// See [`RunnerRefusal`].
    pub async fn take_result(
        &self,
        bearer: &Bearer,
        sha256: &str,
        body: &[u8],
    ) -> Result<Receipt, RunnerRefusal> {
        let own = Sha256Hex::of(body);
        if own.as_str() != sha256 {
            return Err(RunnerRefusal::Hash);
        }
        let stored = self.leased(bearer).await?;
        let attempt = find(&stored.task, bearer)?;
        match &attempt.result {
            Some(kept) if *kept == own => return Ok(Receipt { sha256: own }),
            Some(_) => {
                tracing::error!(task.id = %bearer.task, "an attempt returned two different results");
                return Err(RunnerRefusal::OtherResult);
            }
            None => {}
        }
        let returned: Returned = serde_json::from_slice(body)
            .map_err(|error| RunnerRefusal::Message(text::line(&error.to_string(), 300)))?;
        let kept = Kept {
            attempt: bearer.attempt,
            sha256: &own,
            body,
        };
        let stale = is_stale(attempt, returned.fence);
        if stale || is_current(&stored.task, bearer.attempt).is_err() {
            let now = self.clock.now();
            self.store.keep_late_result(&bearer.task, kept, now).await?;
            return Err(match is_current(&stored.task, bearer.attempt) {
                Err(over) if !stale => over,
                _ => RunnerRefusal::Stale,
            });
        }
        // What no progress brought; a result that comes again finds them known.
        self.hear_questions(bearer, &returned.evidence.questions)
            .await?;
        let fact = Fact::Returned {
            attempt: bearer.attempt,
            result: own.clone(),
            ending: ending_of(&returned.outcome),
            has_report: returned.evidence.report.is_some(),
        };
        self.record(&bearer.task, fact, Cause::Result(kept)).await?;
        // Another result, or the end of the task, may have come in between (C4).
        let stored = self.stored(bearer).await?;
        let attempt = find(&stored.task, bearer)?;
        match &attempt.result {
            Some(kept) if *kept == own => Ok(Receipt { sha256: own }),
            Some(_) => Err(RunnerRefusal::OtherResult),
            None => Err(RunnerRefusal::Stale),
        }
    }

    /// Whether a lease is good, be the attempt over or not.
    ///
    /// # Errors
    /// [`RunnerRefusal::Unknown`] where it is not.
    pub async fn is_leased(&self, bearer: &Bearer) -> Result<(), RunnerRefusal> {
        self.leased(bearer).await.map(drop)
    }

    async fn stored(&self, bearer: &Bearer) -> Result<StoredTask, RunnerRefusal> {
        let stored = self.store.task(&bearer.task).await?;
        stored.ok_or(RunnerRefusal::Unknown)
    }

    /// The task of a lease that is good, be the attempt over or not.
    async fn leased(&self, bearer: &Bearer) -> Result<StoredTask, RunnerRefusal> {
        let stored = self.stored(bearer).await?;
        let attempt = find(&stored.task, bearer)?;
        match &attempt.entered {
            Some(entered) if bearer.is(&entered.key) => Ok(stored),
            _ => Err(RunnerRefusal::Unknown),
        }
    }
}

fn find<'a>(task: &'a Task, bearer: &Bearer) -> Result<&'a Attempt, RunnerRefusal> {
    task.attempt(bearer.attempt).ok_or(RunnerRefusal::Unknown)
}

/// Whether a message carries another fence than its attempt's (I5).
fn is_stale(attempt: &Attempt, fence: Fence) -> bool {
    attempt.fence != fence && guard::holds(Guard::Fence)
}

pub(super) fn is_current(task: &Task, attempt: AttemptNumber) -> Result<(), RunnerRefusal> {
    match &task.stage {
        Stage::Queued { attempt: now, .. } | Stage::Working { attempt: now, .. }
            if *now == attempt =>
        {
            Ok(())
        }
        stage if stage.attempt().is_some_and(|now| now != attempt) => Err(RunnerRefusal::Stale),
        stage => Err(RunnerRefusal::Over(format!("the task is {}", stage.name()))),
    }
}

fn lease(task: &Task, attempt: &Attempt) -> Lease {
    let deadline = attempt.entered.as_ref().map(|entered| entered.deadline);
    Lease {
        task: task.id.clone(),
        attempt: attempt.number,
        fence: attempt.fence,
        heartbeat_s: HEARTBEAT_S,
        deadline: deadline.unwrap_or(attempt.asked_at),
    }
}

fn network_of(policy: &SandboxPolicy) -> Network {
    Network {
        setup: hosts_of(&policy.egress.setup),
        agent: hosts_of(&policy.egress.agent),
        ports: policy.ports.clone(),
    }
}

/// The policy's servers of tools for this kind of attempt.
fn servers_for(task: &Task, attempt: &Attempt) -> Vec<ToolServer> {
    // An answer to a question before there is a change goes on with what the issue asks for.
    let has_said = attempt.feedback.is_some() && task.pull.is_some();
    let kind = match has_said || task.mended().is_some() {
        true => TaskKind::Fix,
        false => TaskKind::Run,
    };
    let servers = task.policy.mcp.iter();
    servers
        .filter(|server| server.kinds.contains(&kind))
        .cloned()
        .collect()
}

/// Characters of a runner's note that count.
const NOTE_CHARS: usize = 200;
/// Longest cause or remedy that is kept, in characters.
const WORDS_MAX: usize = 400;

fn ending_of(outcome: &Outcome) -> Ending {
    match outcome {
        Outcome::Changed { change } => Ending::Changed {
            blobs: tree::blobs(&change.files),
        },
        Outcome::Unchanged => Ending::Unchanged,
        Outcome::Failed {
            phase,
            cause,
            remedy,
        } => Ending::Failed {
            phase: *phase,
            cause: text::line(cause, WORDS_MAX),
            remedy: text::line(remedy, WORDS_MAX),
        },
    }
}
