//! What the controller knows of a change, section by section. Sections about the agent's work are of
//! the head that it wrote; those about the change itself are of the head that is judged.
//!
//! Verification and a second opinion are not there yet: what asks for them is incomplete.

use super::observe::Seen;
use crate::domain::gate::bounded::{List, Moment, Text};
use crate::domain::gate::facts::{Evidence, Opener, Pack, Section, SectionName};
use crate::domain::ids::Oid;
use crate::domain::task::Task;
use crate::domain::task::stage::Stage;

/// What is known of a head beside its task.
pub(super) struct Known {
    /// Whether its checks could be read.
    pub(super) ci: bool,
    /// What searches found; `None` where they were not made.
    pub(super) findings: Option<Vec<String>>,
    /// Where head and base part.
    pub(super) merge_base: Oid,
}

/// Seconds in which a pull request that we opened becomes known as a task's.
const RECORDED_S: i64 = 120;

/// The evidence of a pull request of no task: none, and in the first moments of one of ours it is
/// still being recorded.
pub(super) fn unknown(seen: &Seen<'_>, opened_by: Opener) -> Evidence {
    let until = Moment(seen.state.opened_at.plus_s(RECORDED_S));
    Evidence {
        pack: None,
        building_until: (opened_by == Opener::Us).then_some(until),
    }
}

/// The evidence of a pull request of ours.
pub(super) fn evidence(seen: &Seen<'_>, task: &Task, known: &Known) -> Evidence {
    let building_until = match &task.stage {
        Stage::Queued { .. } | Stage::Working { .. } | Stage::Applying { .. } => {
            task.stage.deadline().map(Moment)
        }
        Stage::Asking { .. }
        | Stage::Staged { .. }
        | Stage::Checking { .. }
        | Stage::Delivered { .. }
        | Stage::Paused { .. }
        | Stage::Closed { .. } => None,
    };
    let Some(pull) = &task.pull else {
        return Evidence {
            pack: None,
            building_until,
        };
    };
    // What `/agent fix` went on from may be a person's: the agent's work ends with our last commit.
    let written = pull.commits.last();
    let of_work = |name, findings: Vec<Text<500>>| Section {
        name,
        head: written.filter(|oid| **oid != seen.state.head).cloned(),
        findings: List::of(findings).unwrap_or_default(),
    };
    let of_head = |name, findings: Vec<Text<500>>| Section {
        name,
        head: None,
        findings: List::of(findings).unwrap_or_default(),
    };
    let mut sections = vec![of_head(SectionName::Diff, Vec::new())];
    if known.ci {
        sections.push(of_head(SectionName::Ci, Vec::new()));
    }
    if let Some(findings) = &known.findings {
        let findings = findings.iter().take(100).map(|text| Text::of(text));
        sections.push(of_head(SectionName::Scans, findings.collect()));
    }
    if written.is_some() {
        let failed = !task.contract.acceptance.is_empty() && !pull.written.accepted;
        let failed = failed.then(|| Text::of("an acceptance command did not pass"));
        sections.push(of_work(
            SectionName::Acceptance,
            failed.into_iter().collect(),
        ));
        for name in [
            SectionName::Provenance,
            SectionName::TestDelta,
            SectionName::Attempts,
            SectionName::Refusals,
            SectionName::Versions,
        ] {
            sections.push(of_work(name, Vec::new()));
        }
    }
    let pack = Pack {
        repository: seen.target.repository,
        pull: seen.number,
        head: seen.state.head.clone(),
        base: Text::of(&seen.state.base_branch),
        merge_base: known.merge_base.clone(),
        faults: List::default(),
        sections: List::of(sections).unwrap_or_default(),
    };
    Evidence {
        pack: Some(pack),
        building_until,
    }
}
