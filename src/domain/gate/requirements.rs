//! The table of every requirement, met or not and by whom; made of the same values as the
//! decision list, which opens only where the table agrees.

use super::ci::Reading;
use super::evidence::{self, Lack, Standing};
use super::verdict::{Requirement, State};
use super::weighed::{Weighed, asks_owners};
use crate::domain::risk::Tier;
use crate::domain::text;

/// Longest cell of the table, in characters.
const CELL_CHARS: usize = 600;

fn row(name: &'static str, state: State, what: &str) -> Requirement {
    Requirement {
        name,
        state,
        what: text::line(what, CELL_CHARS),
    }
}

const fn met(is_met: bool) -> State {
    match is_met {
        true => State::Met,
        false => State::NotMet,
    }
}

/// Every requirement of a pull request.
pub(super) fn table(weighed: &Weighed<'_>) -> Vec<Requirement> {
    if !weighed.kind.is_tainted() && !weighed.pull.risk.edits_policy {
        return vec![row("kind", State::Met, "it holds no work of an agent")];
    }
    vec![
        allowed(weighed),
        running(weighed),
        proof(weighed),
        ci(weighed),
        row(
            "ready for review",
            met(!weighed.pull.draft),
            match weighed.pull.draft {
                true => "it is a draft",
                false => "it is no draft",
            },
        ),
        changes(weighed),
        base(weighed),
        approvals(weighed),
        team(weighed),
        owners(weighed),
        threads(weighed),
    ]
}

/// What is not met, one line each.
pub(super) fn unmet(weighed: &Weighed<'_>) -> Vec<String> {
    let unmet = |one: &Requirement| match one.state {
        State::NotMet => Some(format!("{}: {}", one.name, one.what)),
        State::Met | State::NotAsked => None,
    };
    table(weighed).iter().filter_map(unmet).collect()
}

fn allowed(weighed: &Weighed<'_>) -> Requirement {
    match weighed.tier {
        Tier::Tx => row("tier", State::NotMet, "TX is forbidden"),
        Tier::T0 | Tier::T1 | Tier::T2 | Tier::T3 => {
            let what = format!("{} ({})", weighed.tier, weighed.tier.words());
            row("tier", State::Met, &what)
        }
    }
}

fn running(weighed: &Weighed<'_>) -> Requirement {
    let adopted = weighed.adopter.map(|one| text::line(&one.login, 60));
    let (state, what) = match (weighed.works(), weighed.is_stopped(), adopted) {
        (true, _, _) => (State::NotMet, "the agent is working".to_owned()),
        (false, _, Some(login)) => (State::Met, format!("taken over by {login}")),
        (false, true, None) => (State::NotMet, "it was stopped".to_owned()),
        (false, false, None) => (State::Met, "no attempt is under way".to_owned()),
    };
    row("task", state, &what)
}

fn proof(weighed: &Weighed<'_>) -> Requirement {
    let asked = evidence::asked(weighed.tier, weighed.adopter.is_some());
    match &weighed.evidence {
        Standing::NotAsked => row("evidence", State::NotAsked, "none is asked for here"),
        Standing::Ok if weighed.builds() => {
            row("evidence", State::NotMet, "newer evidence is being built")
        }
        Standing::Ok => {
            let names: Vec<&str> = asked.iter().map(|name| name.words()).collect();
            row("evidence", State::Met, &names.join(", "))
        }
        Standing::Incomplete(absent) => {
            let parts = absent.iter().map(Lack::words);
            let parts: Vec<String> = parts.collect();
            row("evidence", State::NotMet, &parts.join("; "))
        }
        Standing::Missing | Standing::Stale(_) | Standing::Invalid(_) => {
            let why = weighed.evidence.missing().unwrap_or_default();
            row("evidence", State::NotMet, &why)
        }
    }
}

fn ci(weighed: &Weighed<'_>) -> Requirement {
    let (is_met, what) = match &weighed.ci {
        Reading::Pass(1) => (true, "1 check passed".to_owned()),
        Reading::Pass(count) => (true, format!("{count} checks passed")),
        Reading::Nothing if weighed.policy.gate.allow_no_ci => {
            (true, "there is none, and the policy allows that".to_owned())
        }
        Reading::Nothing => (false, "there is none".to_owned()),
        Reading::Pending { names, .. } => (false, format!("waiting for {names}")),
        Reading::Fail(names) => (false, format!("failed: {names}")),
        Reading::Soft(names) => (false, format!("skipped or neutral: {names}")),
        Reading::Untrusted(why) => (false, format!("cannot be trusted: {why}")),
    };
    row("CI", met(is_met), &what)
}

fn changes(weighed: &Weighed<'_>) -> Requirement {
    let against = &weighed.reviews.against;
    match against.is_empty() {
        true => row(
            "no changes requested",
            State::Met,
            "nobody requests changes",
        ),
        false => row("no changes requested", State::NotMet, &against.join(", ")),
    }
}

fn base(weighed: &Weighed<'_>) -> Requirement {
    let common = weighed.pull.common_paths.len();
    let what = match common {
        0 => "the base has changed none of these files".to_owned(),
        count => format!("the base has changed {count} of these files, too"),
    };
    row("base", met(!weighed.overlaps()), &what)
}

fn approvals(weighed: &Weighed<'_>) -> Requirement {
    let names = weighed.reviews.approvers.iter();
    let names: Vec<String> = names.map(|one| text::line(&one.login, 60)).collect();
    let needs = weighed
        .needs
        .map_or_else(|| "∞".to_owned(), |needs| needs.to_string());
    let by = match names.is_empty() {
        true => String::new(),
        false => format!(": {}", names.join(", ")),
    };
    let what = format!("{} of {needs}{by}", names.len());
    row("approvals", met(weighed.missing() == Some(0)), &what)
}

fn team(weighed: &Weighed<'_>) -> Requirement {
    match (
        weighed.team_missing,
        weighed.tier,
        &weighed.policy.gate.team,
    ) {
        (Some(team), _, _) => row("team", State::NotMet, &format!("nobody of {team} approves")),
        (None, Tier::T3, Some(team)) => row("team", State::Met, team),
        (None, Tier::T0 | Tier::T1 | Tier::T2 | Tier::T3 | Tier::Tx, _) => {
            row("team", State::NotAsked, "no team is asked")
        }
    }
}

fn owners(weighed: &Weighed<'_>) -> Requirement {
    match (asks_owners(weighed.tier), weighed.unowned.is_empty()) {
        (false, _) => row(
            "code owners",
            State::NotAsked,
            "this tier does not ask them",
        ),
        (true, true) => row(
            "code owners",
            State::Met,
            "each touched rule has an owner's approval",
        ),
        (true, false) => row("code owners", State::NotMet, &weighed.unowned.join("; ")),
    }
}

fn threads(weighed: &Weighed<'_>) -> Requirement {
    let open = weighed.pull.unresolved_threads;
    match (weighed.policy.gate.resolved_threads, open) {
        (false, _) => row("threads", State::NotAsked, "the policy does not ask"),
        (true, 0) => row("threads", State::Met, "all are resolved"),
        (true, open) => row(
            "threads",
            State::NotMet,
            &format!("{open} are not resolved"),
        ),
    }
}
