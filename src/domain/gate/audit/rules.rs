//! Lines about the rules of the branch: whether our check is required, of whom, and for how long a
//! queue waits.

use super::super::check_name;
use super::{Line, Passer, Rules, Seen, Sight, State, list, unseen};
use crate::domain::ci::checks::Required;

/// Minutes that the gate itself may take after the last check: to hear of it, and to judge.
const JUDGING_MINUTES: u32 = 5;

fn own<'a>(sight: &'a Sight, rules: &'a Rules) -> impl Iterator<Item = &'a Required> {
    let name = check_name(&sight.base);
    rules.required.iter().filter(move |one| one.name == name)
}

fn is_pinned(sight: &Sight, rules: &Rules) -> bool {
    own(sight, rules).any(|one| one.app == Some(sight.app))
}

fn protect(sight: &Sight) -> String {
    super::protect(&sight.repository, &sight.base)
}

pub(super) fn named(sight: &Sight) -> Line {
    const NAME: &str = "the rules require our check";
    let check = check_name(&sight.base);
    match &sight.rules {
        Err(why) => unseen(NAME, why),
        Ok(rules) if own(sight, rules).next().is_some() => {
            Line::new(NAME, State::Ok, &format!("`{check}` is required"))
        }
        Ok(_) => Line::new(
            NAME,
            State::Not,
            &format!("`{check}` is not required: the gate is advisory, and anybody who may write may merge"),
        )
        .remedy(&protect(sight)),
    }
}

pub(super) fn pinned(sight: &Sight) -> Line {
    const NAME: &str = "pinned to our App";
    match &sight.rules {
        Err(why) => unseen(NAME, why),
        Ok(rules) if is_pinned(sight, rules) => Line::new(
            NAME,
            State::Ok,
            &format!("only App {} may report it", sight.app.0),
        ),
        Ok(rules) => {
            let what = match own(sight, rules).next().map(|one| one.app) {
                None => "nothing requires it".to_owned(),
                Some(None) => "anybody who may write may report it".to_owned(),
                Some(Some(other)) => format!("App {} has to report it, which is not ours", other.0),
            };
            Line::new(NAME, State::Not, &what).remedy(&protect(sight))
        }
    }
}

pub(super) fn no_passer(sight: &Sight) -> Line {
    const NAME: &str = "our App does not pass by";
    let rules = match &sight.rules {
        Err(why) => return unseen(NAME, why),
        Ok(rules) if rules.sources.is_empty() => return nothing(NAME, sight),
        Ok(rules) => rules,
    };
    let is_us = |one: &Passer| one.kind == "Integration" && one.id == Some(sight.app.0);
    let mut hidden = None;
    for source in &rules.sources {
        match &source.passers {
            Ok(passers) if passers.iter().any(is_us) => {
                let what = format!("our App is a bypass actor of {}", source.what);
                return Line::new(NAME, State::Not, &what).remedy(&format!(
                    "take it out of the list there, or run {}",
                    protect(sight)
                ));
            }
            Ok(_) => {}
            Err(why) => hidden = Some(why),
        }
    }
    match hidden {
        Some(why) => unseen(NAME, why),
        None => Line::new(NAME, State::Ok, "it is no bypass actor"),
    }
}

pub(super) fn admins(sight: &Sight) -> Line {
    const NAME: &str = "admins included";
    let rules = match &sight.rules {
        Err(why) => return unseen(NAME, why),
        Ok(rules) if rules.sources.is_empty() => return nothing(NAME, sight),
        Ok(rules) => rules,
    };
    // Rules add up: one that lets nobody pass is enough.
    let lets_nobody = |passers: &Seen<Vec<Passer>>| passers.as_ref().is_ok_and(Vec::is_empty);
    if let Some(one) = rules.sources.iter().find(|one| lets_nobody(&one.passers)) {
        return Line::new(
            NAME,
            State::Ok,
            &format!("{} lets nobody pass by", one.what),
        );
    }
    let mut passers = Vec::new();
    for source in &rules.sources {
        match &source.passers {
            Err(why) => return unseen(NAME, why),
            Ok(found) => passers.extend(found.iter().map(|one| {
                let id = one.id.map(|id| format!(" {id}")).unwrap_or_default();
                format!("{}{id}", one.kind)
            })),
        }
    }
    let what = format!("these may merge without the check: {}", list(&passers));
    Line::new(NAME, State::Not, &what).remedy(&format!(
        "take them out of the bypass list (of protection: switch on «Do not allow bypassing»), or run {}",
        protect(sight)
    ))
}

pub(super) fn stale(sight: &Sight) -> Line {
    const NAME: &str = "stale reviews do not count";
    match &sight.rules {
        Err(why) => unseen(NAME, why),
        Ok(rules) if rules.stale_dismissed => Line::new(
            NAME,
            State::Ok,
            "the rules dismiss approvals when commits are pushed",
        ),
        Ok(rules) if is_pinned(sight, rules) => {
            let what = "the rules do not dismiss them, but our check counts approvals of the exact head alone";
            Line::new(NAME, State::Ok, what)
        }
        Ok(_) => Line::new(
            NAME,
            State::Not,
            "an approval stays when commits are pushed after it",
        )
        .remedy(&protect(sight)),
    }
}

pub(super) fn queue(sight: &Sight) -> Line {
    const NAME: &str = "the merge queue waits long enough";
    let minutes = match &sight.rules {
        Err(why) => return unseen(NAME, why),
        Ok(rules) => rules.queue_minutes,
    };
    let Some(minutes) = minutes else {
        return Line::new(NAME, State::Ok, "there is no merge queue");
    };
    let policy = match &sight.policy {
        Err(why) => return unseen(NAME, why),
        Ok(policy) => policy.clone().unwrap_or_default(),
    };
    let least = policy.ci.minutes.saturating_add(JUDGING_MINUTES);
    let what = format!(
        "it waits {minutes} minutes; checks may take {} (`ci.minutes`), and the gate {JUDGING_MINUTES} more",
        policy.ci.minutes
    );
    let state = match minutes >= least {
        true => State::Ok,
        false => State::Not,
    };
    Line::new(NAME, state, &what).remedy(&format!(
        "set the queue's status check timeout to {least} minutes at least, or `ci.minutes` of the policy lower: a group that waits too long fails everyone in it"
    ))
}

/// Said where nothing requires our check from our App, so that there is nothing to pass by.
fn nothing(name: &'static str, sight: &Sight) -> Line {
    let what = "nothing requires our check from our App, so that everybody passes by";
    Line::new(name, State::Not, what).remedy(&protect(sight))
}
