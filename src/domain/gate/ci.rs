//! What CI comes to for the gate: stricter than [`crate::domain::ci::reading`], which asks what
//! woke an agent. Here only `success` passes, from the expected App, of a workflow that the
//! change has not touched; what is skipped, forged or doubtful never does.

use std::collections::BTreeMap;

use super::check_name;
use super::facts::{Ci, RequiredCheck, SeenCheck};
use crate::domain::ci::checks::{ACTIONS_APP, Conclusion, Standing};
use crate::domain::ids::{AppId, Oid};
use crate::domain::text;

/// Longest name of a check that is shown, in characters.
const NAME_CHARS: usize = 80;
/// Names that are shown.
const NAMES: usize = 3;

/// What CI comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// All that counts has passed.
    Pass(usize),
    /// Nothing is required and nothing was seen.
    Nothing,
    /// Something is not over, or was never reported.
    Pending {
        /// Which, for people.
        names: String,
        /// Whether a person has to let it begin.
        awaits_person: bool,
    },
    /// Something failed.
    Fail(String),
    /// Something was skipped or is neutral, and may not be.
    Soft(String),
    /// It cannot be trusted, and why.
    Untrusted(String),
}

/// What counts, and how it is read.
pub(super) struct Wanted<'a> {
    pub(super) head: &'a Oid,
    pub(super) base: &'a str,
    pub(super) app: AppId,
    pub(super) rules: &'a [RequiredCheck],
    pub(super) policy: &'a [String],
    pub(super) allow_skipped: &'a [String],
    pub(super) min_s: u32,
    pub(super) draft: bool,
}

/// How one check stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum One {
    Pass,
    Pending,
    AwaitsPerson,
    Soft,
    Fail,
}

/// Reads `ci`.
pub(super) fn read(ci: &Ci, wanted: &Wanted<'_>) -> Reading {
    if ci.head != *wanted.head {
        return pending("the checks of this head".to_owned(), false);
    }
    let names = wanted.names();
    let counted = wanted.counted(ci, &names);
    if let Some(why) = untrusted(ci, wanted, &names, &counted) {
        return Reading::Untrusted(why);
    }
    let mut all: BTreeMap<One, Vec<&str>> = BTreeMap::new();
    for check in &counted {
        all.entry(wanted.one(check)).or_default().push(&check.name);
    }
    let reported = |name: &&str| counted.iter().any(|check| &*check.name == *name);
    let missing: Vec<&str> = names
        .keys()
        .copied()
        .filter(|name| !reported(name))
        .collect();
    let settled = ci.settled || !names.is_empty();
    let open = ci
        .test_merge
        .iter()
        .filter(|check| wanted.is_foreign(check));
    let open = open.filter(|check| !matches!(check.standing, Standing::Ended(_)));
    let open: Vec<&str> = open.map(|check| &*check.name).collect();
    if let Some(failed) = all.get(&One::Fail) {
        return Reading::Fail(shown(failed));
    }
    if let Some(soft) = all.get(&One::Soft) {
        return Reading::Soft(shown(soft));
    }
    let approval = all.remove(&One::AwaitsPerson);
    let mut waits = approval.clone().unwrap_or_default();
    waits.extend(all.remove(&One::Pending).unwrap_or_default());
    waits.extend(missing);
    waits.extend(open);
    if !waits.is_empty() {
        return pending(shown(&waits), ci.awaits_person || approval.is_some());
    }
    if !settled {
        return pending("what else will be reported".to_owned(), ci.awaits_person);
    }
    match counted.len() {
        0 => Reading::Nothing,
        count => Reading::Pass(count),
    }
}

fn pending(names: String, awaits_person: bool) -> Reading {
    Reading::Pending {
        names,
        awaits_person,
    }
}

fn shown(names: &[&str]) -> String {
    let mut list: Vec<String> = Vec::new();
    for name in names {
        let name = text::line(name, NAME_CHARS);
        if !list.contains(&name) {
            list.push(name);
        }
    }
    let more = list.len().saturating_sub(NAMES);
    list.truncate(NAMES);
    match more {
        0 => list.join(", "),
        more => format!("{} and {more} more", list.join(", ")),
    }
}

impl Wanted<'_> {
    /// Each name that must be reported, with the App that has to.
    fn names(&self) -> BTreeMap<&str, Option<AppId>> {
        let own = check_name(self.base);
        let mut names: BTreeMap<&str, Option<AppId>> = BTreeMap::new();
        let ruled = self.rules.iter().map(|rule| (&*rule.name, rule.app));
        let listed = self.policy.iter().map(|name| (name.as_str(), None));
        for (name, app) in ruled.chain(listed) {
            if name == own || app == Some(self.app) {
                continue;
            }
            let known = names.entry(name).or_default();
            *known = known.or(app);
        }
        names
    }

    /// Our own never count.
    fn is_foreign(&self, check: &SeenCheck) -> bool {
        check.app != Some(self.app)
    }

    /// The checks that count: those that are named, or else all of GitHub Actions, or else all.
    fn counted<'a>(&self, ci: &'a Ci, names: &BTreeMap<&str, Option<AppId>>) -> Vec<&'a SeenCheck> {
        let foreign = ci.checks.iter().filter(|check| self.is_foreign(check));
        if !names.is_empty() {
            return foreign
                .filter(|check| names.contains_key(&*check.name))
                .collect();
        }
        let all: Vec<&SeenCheck> = foreign.collect();
        let jobs: Vec<&SeenCheck> = all.iter().copied().filter(|one| is_job(one)).collect();
        match jobs.is_empty() {
            true => all,
            false => jobs,
        }
    }

    fn one(&self, check: &SeenCheck) -> One {
        let end = match check.standing {
            Standing::NotBegun | Standing::Running => return One::Pending,
            Standing::AwaitsApproval => return One::AwaitsPerson,
            Standing::Ended(end) => end,
        };
        let allowed = self.allow_skipped.iter().any(|name| *name == *check.name);
        match end {
            Conclusion::Success => One::Pass,
            Conclusion::Skipped | Conclusion::Neutral if allowed => One::Pass,
            // Castellan marks the draft ready, and then it runs.
            Conclusion::Skipped if self.draft => One::Pending,
            Conclusion::Skipped | Conclusion::Neutral => One::Soft,
            Conclusion::Failure
            | Conclusion::TimedOut
            | Conclusion::Cancelled
            | Conclusion::ActionRequired
            | Conclusion::StartupFailure
            | Conclusion::Stale
            | Conclusion::Other => One::Fail,
        }
    }
}

/// A job of GitHub Actions, on github.com or on a server where its App has another number.
fn is_job(check: &SeenCheck) -> bool {
    check.workflow.is_some() || check.app == Some(ACTIONS_APP)
}

/// Why what is said cannot be trusted.
fn untrusted(
    ci: &Ci,
    wanted: &Wanted<'_>,
    names: &BTreeMap<&str, Option<AppId>>,
    counted: &[&SeenCheck],
) -> Option<String> {
    let name = |check: &SeenCheck| text::line(&check.name, NAME_CHARS);
    for check in counted {
        let expected = names.get(&*check.name).copied().flatten();
        if expected.is_some() && check.app != expected {
            return Some(format!("{} was reported by another App", name(check)));
        }
        if is_job(check)
            && let Some(why) = changed(ci, check)
        {
            return Some(why);
        }
    }
    let stands = |check: &SeenCheck| wanted.one(check);
    let clash = counted.iter().find(|one| {
        let same = |other: &&&SeenCheck| other.name == one.name && stands(other) == One::Fail;
        stands(one) == One::Pass && counted.iter().any(|other| same(&other))
    });
    if let Some(check) = clash {
        return Some(format!("{} is both green and red", name(check)));
    }
    let red = ci
        .test_merge
        .iter()
        .filter(|check| wanted.is_foreign(check));
    let mut red = red.filter(|check| wanted.one(check) == One::Fail);
    if let Some(check) = red.next() {
        return Some(format!("{} is red on the test merge", name(check)));
    }
    implausible(wanted, counted)
}

/// Why a job's workflow is not the base's own.
fn changed(ci: &Ci, check: &SeenCheck) -> Option<String> {
    let Some(path) = &check.workflow else {
        return Some(format!(
            "the workflow of {} is not known",
            text::line(&check.name, NAME_CHARS)
        ));
    };
    let mut files = ci.workflows.iter().filter(|file| file.path == *path);
    let same = files.next().is_some_and(|file| {
        file.head.is_some() && (file.head == file.merge_base || file.head == file.base)
    });
    (!same || files.next().is_some()).then(|| {
        format!(
            "its definition in {} was changed here",
            text::line(path, 120)
        )
    })
}

/// Why what passed cannot have run, where the policy says how long CI takes at least.
fn implausible(wanted: &Wanted<'_>, counted: &[&SeenCheck]) -> Option<String> {
    let all_pass = !counted.is_empty() && counted.iter().all(|one| wanted.one(one) == One::Pass);
    if wanted.min_s == 0 || !all_pass {
        return None;
    }
    let started: Option<Vec<_>> = counted.iter().map(|one| one.started_at).collect();
    let ended: Option<Vec<_>> = counted.iter().map(|one| one.ended_at).collect();
    let first = started.and_then(|all| all.into_iter().min());
    let last = ended.and_then(|all| all.into_iter().max());
    let (Some(first), Some(last)) = (first, last) else {
        return Some("how long it took is not known".to_owned());
    };
    let took_ms = last.0.since_ms(first.0);
    (took_ms < i64::from(wanted.min_s).saturating_mul(1000)).then(|| {
        format!(
            "it took {} s, and the policy says at least {} s",
            took_ms.max(0) / 1000,
            wanted.min_s
        )
    })
}
