//! Parts of the facts, made of what was seen of a pull request.

use std::collections::BTreeSet;

use super::super::EngineError;
use super::difference::{Read, Sides};
use super::seen::Seen;
use crate::domain::ci::checks::{Demanded, Observed};
use crate::domain::gate::bounded::{List, Moment, Text};
use crate::domain::gate::facts::{
    Base, Ci, Enforcement, Override, PolicyFile, Published, RequiredCheck, Unread, Workflow,
};
use crate::domain::gate::{Conclusion, Decision};
use crate::domain::ids::Oid;
use crate::domain::time::Timestamp;
use crate::git::Mirror;
use crate::github::Account;
use crate::store::{KeptOverride, PublishedRun};

/// The files of the workflows whose runs were seen, in the trees that matter.
pub(super) async fn workflows(
    mirror: &Mirror,
    sides: &Sides,
    checks: Option<&Observed>,
) -> Result<Vec<Workflow>, EngineError> {
    let runs = checks.into_iter().flat_map(|checks| &checks.runs);
    let paths: BTreeSet<&str> = runs.map(|run| run.path.as_str()).collect();
    let mut workflows = Vec::with_capacity(paths.len());
    for path in paths {
        workflows.push(Workflow {
            path: Text::of(path),
            head: mirror.object_at(&sides.head, path).await?,
            merge_base: mirror.object_at(&sides.merge_base, path).await?,
            base: mirror.object_at(&sides.base, path).await?,
        });
    }
    Ok(workflows)
}

pub(super) fn too_many() -> EngineError {
    EngineError::Defect("there is more than can be judged".to_owned())
}

pub(super) fn bounded<T, const N: usize>(rows: Vec<T>) -> Result<List<T, N>, EngineError> {
    List::of(rows).ok_or_else(too_many)
}

/// The branch that would be merged into.
pub(super) fn base(
    branch: &str,
    tip: Oid,
    policy: PolicyFile,
    demanded: &Demanded,
) -> Result<Base, EngineError> {
    Ok(Base {
        branch: Text::of(branch),
        tip,
        policy,
        required: required(demanded)?,
        // Bypass actors and administrators are out of the App's sight.
        enforcement: match demanded.ours {
            true => Enforcement::Unknown,
            false => Enforcement::Advisory,
        },
    })
}

/// The checks that the base's rules ask for.
pub(super) fn required(demanded: &Demanded) -> Result<List<RequiredCheck, 300>, EngineError> {
    let required = demanded.checks.iter().map(|check| RequiredCheck {
        name: Text::of(&check.name),
        app: check.app,
    });
    bounded(required.collect())
}

/// One path says as much as all of them.
pub(super) fn common(read: &Read) -> List<Text<4096>, 200> {
    let paths = read.common.iter().take(200).map(|path| Text::of(path));
    List::of(paths.collect()).unwrap_or_default()
}

pub(super) fn unread(checks: Option<&Observed>, commits: bool, since: Timestamp) -> Option<Unread> {
    let mut what = Vec::new();
    if checks.is_some_and(|checks| !checks.whole) {
        what.push(Text::of("the checks of the head"));
    }
    if !commits {
        what.push(Text::of("the commits of the branch"));
    }
    (!what.is_empty()).then(|| Unread {
        what: List::of(what).unwrap_or_default(),
        since: Moment(since),
    })
}

pub(super) fn was_published(seen: &Seen<'_>, run: &PublishedRun) -> Option<Published> {
    Some(Published {
        conclusion: Conclusion::of(&run.conclusion)?,
        decision: Decision::of(&run.decision)?,
        head: seen.state.head.clone(),
        base: Text::of(&seen.state.base_branch),
        policy: run.policy.parse().ok(),
    })
}

pub(super) fn account_of(said: &KeptOverride) -> Account {
    Account {
        person: said.by.clone(),
        kind: "User".to_owned(),
    }
}

pub(super) fn override_of(said: &KeptOverride) -> Override {
    Override {
        by: said.by.id,
        head: said.head.clone(),
        reason: Text::of(&said.reason),
        at: Moment(said.at),
    }
}

/// What CI says of the head, and of the merge that GitHub tries; what nobody asks for yet settles
/// nothing. `pause_s` are the seconds without change after which it has settled.
pub(super) fn ci(
    seen: &Seen<'_>,
    checks: Option<&Observed>,
    workflows: Vec<Workflow>,
    (now, pause_s): (Timestamp, i64),
) -> Result<Ci, EngineError> {
    let ci = match checks {
        Some(checks) => Ci::of(checks, workflows, seen.since, now, pause_s),
        None => Some(Ci::awaited(&seen.state.head, seen.since)),
    };
    Ok(Ci {
        test_merge: bounded(seen.state.test_merge.clone())?,
        ..ci.ok_or_else(too_many)?
    })
}
