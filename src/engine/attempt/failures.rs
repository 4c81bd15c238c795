//! What CI said of the head that an attempt corrects: the list of its failed checks, the digest of
//! one, and parts of its log. An attempt sees the failures that it was asked for, and no others.

use std::fmt::Write as _;
use std::io::{self, Read as _};

use flate2::read::GzDecoder;

use super::super::Engine;
use super::{Bearer, RunnerRefusal, find, is_current};
use crate::digest::{Ask, CHARS, CONTEXT, PAGE_LINES, Page, page};
use crate::domain::task::correction::Correction;
use crate::domain::text;
use crate::protocol::failure::{AskedOfCi, NO_FAILURE, SEARCH_CHARS, SaidByCi};
use crate::store::{KeptFailure, StoredTask};

/// Bytes of a kept log that are unpacked: more than any has (see [`crate::digest::pack`]).
const UNPACKED_MAX: u64 = 64 * 1024 * 1024;
/// Characters of a check's name and of its first line in the list.
const LINE_CHARS: usize = 300;
/// Characters of a digest that are shown.
const DIGEST_CHARS: usize = 32_000;

impl Engine {
    /// What a leased attempt asks of the failure that it corrects.
    ///
    /// # Errors
    /// See [`RunnerRefusal`]; [`RunnerRefusal::Message`] where there is no such check.
    pub async fn ci_failure(
        &self,
        bearer: &Bearer,
        asked: &AskedOfCi,
    ) -> Result<SaidByCi, RunnerRefusal> {
        let stored = self.leased(bearer).await?;
        is_current(&stored.task, bearer.attempt)?;
        let Some(correction) = &find(&stored.task, bearer)?.correction else {
            return Ok(ours(NO_FAILURE));
        };
        let kept = self
            .store
            .failures_of(&stored.task.id, &correction.head)
            .await?;
        let named = |one: &KeptFailure| correction.checks.contains(&one.check);
        let failures: Vec<KeptFailure> = kept.into_iter().filter(named).collect();
        let Some(number) = asked.check else {
            return Ok(listed(&failures));
        };
        let at = (number as usize).checked_sub(1);
        let failure = at.and_then(|at| failures.get(at)).ok_or_else(|| {
            let count = failures.len();
            RunnerRefusal::Message(format!("there is no check {number}; there are {count}"))
        })?;
        match ask(asked)? {
            None => Ok(told(failure)),
            Some(ask) => self.part(&stored, correction, failure, ask).await,
        }
    }

    async fn part(
        &self,
        stored: &StoredTask,
        correction: &Correction,
        failure: &KeptFailure,
        ask: Ask,
    ) -> Result<SaidByCi, RunnerRefusal> {
        let (task, head) = (&stored.task.id, &correction.head);
        let Some(log) = self.store.failure_log(task, head, failure).await? else {
            return Ok(ours("The log of this check is not kept; its digest is."));
        };
        let searched = matches!(ask, Ask::Search { .. });
        let read = move || -> io::Result<Page> {
            page(
                GzDecoder::new(log.as_slice()).take(UNPACKED_MAX),
                &ask,
                CHARS,
            )
        };
        let read = tokio::task::spawn_blocking(read).await;
        let unreadable = || RunnerRefusal::Message("the kept log cannot be read".to_owned());
        let page = read.map_err(|_| unreadable())?.map_err(|_| unreadable())?;
        Ok(shown(&page, searched))
    }
}

fn ours(said: &str) -> SaidByCi {
    SaidByCi {
        said: said.to_owned(),
        data: String::new(),
    }
}

/// What part of a log is asked for; `None`: the digest.
fn ask(asked: &AskedOfCi) -> Result<Option<Ask>, RunnerRefusal> {
    let from = asked.from.unwrap_or(1);
    match &asked.search {
        Some(text) if text.is_empty() || text.chars().count() > SEARCH_CHARS => {
            let why = format!("`search` takes 1 to {SEARCH_CHARS} characters");
            Err(RunnerRefusal::Message(why))
        }
        Some(text) => Ok(Some(Ask::Search {
            text: text.clone(),
            from,
            context: asked.lines.unwrap_or(2).min(CONTEXT),
        })),
        None if asked.from.is_none() && asked.lines.is_none() => Ok(None),
        None => Ok(Some(Ask::Lines {
            from,
            count: asked.lines.unwrap_or(PAGE_LINES).min(PAGE_LINES),
        })),
    }
}

fn listed(failures: &[KeptFailure]) -> SaidByCi {
    if failures.is_empty() {
        return ours("Nothing is kept of the checks that failed.");
    }
    let mut data = String::new();
    for (at, failure) in failures.iter().enumerate() {
        let first = failure.digest.lines().find(|line| !line.trim().is_empty());
        let line = format!(
            "{} ({}): {}",
            failure.check,
            failure.class,
            first.unwrap_or("no log")
        );
        let line = text::line(&line, LINE_CHARS);
        let _ = writeln!(
            data,
            "{}. {line} [{} lines of log]",
            at + 1,
            failure.log_lines
        );
    }
    SaidByCi {
        said: "The failed checks that this attempt is to mend. Ask with `check` for the digest of one, and beside it with `search` or `from` and `lines` for parts of its log.".to_owned(),
        data,
    }
}

fn told(failure: &KeptFailure) -> SaidByCi {
    if failure.digest.is_empty() {
        return ours("There is no digest of this check: it has no log that could be read.");
    }
    let log = match failure.has_log {
        true => "Parts of its log can be asked for.",
        false => "Its log is not kept.",
    };
    SaidByCi {
        said: format!(
            "The digest of its log, which has {} lines. {log}",
            failure.log_lines
        ),
        data: failure.digest.chars().take(DIGEST_CHARS).collect(),
    }
}

fn shown(page: &Page, searched: bool) -> SaidByCi {
    let mut said = format!("The log has {} lines.", page.total);
    if searched {
        let _ = write!(
            said,
            " {} hold the text; {} of them are shown.",
            page.hits, page.hits_shown
        );
    }
    if let Some(next) = page.next {
        let _ = write!(said, " Go on with `from`: {next}.");
    }
    let mut data = String::new();
    for (number, line) in &page.lines {
        let _ = writeln!(data, "{number}: {line}");
    }
    SaidByCi { said, data }
}
