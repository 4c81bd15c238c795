//! The decision list for pull requests, V3 to V26: the first entry that holds decides. The last
//! holds always, so that the list is complete.

mod ci;

use super::evidence::Standing;
use super::facts::PolicyState;
use super::kind::Kind;
use super::outcome::Outcome;
use super::requirements;
use super::verdict::{Conclusion as C, Decision as D};
use super::weighed::Weighed;
use crate::domain::risk::Tier;
use crate::domain::text;

/// Names in a title.
/// What to do while the agent works.
const AT_WORK: &str = "Nothing: it is judged again when that ends. `/agent stop` ends it now.";
/// What to do where somebody is named who has to approve.
const NAMED_APPROVE: &str = "Whoever is named above approves this head.";
const NAMES: usize = 3;

/// The list, in its order.
const LIST: [fn(&Weighed<'_>) -> Option<Outcome>; 21] = [
    not_enrolled,
    policy_broken,
    not_an_agents,
    tainted_fork,
    forbidden,
    stopped,
    evidence_invalid,
    overridden,
    ci::untrusted,
    working,
    evidence_missing,
    ci::failed,
    ci::skipped,
    ci::pending,
    draft,
    changes_requested,
    overlap,
    approvals_missing,
    owners_missing,
    threads_open,
    tier_without_end,
];

/// What the list says.
pub(super) fn decide(weighed: &Weighed<'_>) -> Outcome {
    LIST.iter()
        .find_map(|entry| entry(weighed))
        .unwrap_or_else(|| open(weighed))
}

/// What holds without deciding: V5 and V10.
pub(super) fn noted(weighed: &Weighed<'_>) -> Vec<D> {
    let policy = weighed.pull.risk.edits_policy.then_some(D::V5);
    let pushed = match weighed.kind {
        Kind::AgentAndHuman => weighed.adopter.is_none().then_some(D::V10),
        Kind::Agent | Kind::Human | Kind::Fork { .. } | Kind::Bot => None,
    };
    policy.into_iter().chain(pushed).collect()
}

fn not_enrolled(weighed: &Weighed<'_>) -> Option<Outcome> {
    let absent = match weighed.facts.base.policy.state {
        PolicyState::Absent => true,
        PolicyState::Valid | PolicyState::Deleted | PolicyState::Invalid => false,
    };
    (absent && !weighed.facts.organisation.enrolled)
        .then(|| Outcome::new(D::V3, C::Success, "no agent policy on this base"))
}

fn policy_broken(weighed: &Weighed<'_>) -> Option<Outcome> {
    let file = &weighed.facts.base.policy;
    let mistake = file.mistake.as_deref().unwrap_or("it cannot be read");
    let why = match file.state {
        PolicyState::Valid | PolicyState::Absent => return None,
        PolicyState::Deleted => "policy deleted: the base has none any more".to_owned(),
        PolicyState::Invalid => format!("policy invalid: {}", text::line(mistake, 200)),
    };
    let organisation = &weighed.facts.organisation;
    if !weighed.kind.is_tainted() && organisation.others_pass_broken_policy {
        // Who mends it is judged by the usual one, as V5 asks.
        let title = format!("not an agent change; {why}");
        let mends = weighed.pull.risk.edits_policy;
        return (!mends).then(|| Outcome::new(D::V4, C::Success, &title));
    }
    let next =
        "Mend `.github/castellan.yml` on the base; `castellan check-policy` names line and remedy.";
    Some(Outcome::new(D::V4, C::Failure, &why).next(next))
}

fn not_an_agents(weighed: &Weighed<'_>) -> Option<Outcome> {
    let passes = !weighed.kind.is_tainted() && !weighed.pull.risk.edits_policy;
    passes.then(|| Outcome::new(D::V6, C::Success, "not an agent change"))
}

fn tainted_fork(weighed: &Weighed<'_>) -> Option<Outcome> {
    let holds = match weighed.kind {
        Kind::Fork { tainted: true } => weighed.adopter.is_none(),
        Kind::Fork { tainted: false }
        | Kind::Agent
        | Kind::AgentAndHuman
        | Kind::Human
        | Kind::Bot => false,
    };
    holds.then(|| {
        Outcome::new(
            D::V7,
            C::ActionRequired,
            "work of an agent from a fork: adopt to continue",
        )
        .next("Somebody with write access takes it over: `/agent handoff`.")
    })
}

fn forbidden(weighed: &Weighed<'_>) -> Option<Outcome> {
    let holds = match weighed.tier {
        Tier::Tx => weighed.kind.is_tainted(),
        Tier::T0 | Tier::T1 | Tier::T2 | Tier::T3 => false,
    };
    let rule = weighed.pull.risk.rules.iter();
    let rule = rule
        .filter(|rule| rule.tier == Tier::Tx)
        .find_map(|rule| rule.path.as_deref());
    let place = rule.map_or_else(String::new, |path| format!(": {}", text::line(path, 150)));
    holds.then(|| {
        Outcome::new(
            D::V8,
            C::Failure,
            &format!("forbidden path or operation{place}"),
        )
        .next("Take it out of the change; no override opens this.")
    })
}

fn stopped(weighed: &Weighed<'_>) -> Option<Outcome> {
    (weighed.is_stopped() && weighed.adopter.is_none()).then(|| {
        Outcome::new(D::V9, C::Cancelled, "the task was stopped")
            .next("Take it over with `/agent handoff`, let the agent go on with `/agent fix`, or close it.")
    })
}

fn evidence_invalid(weighed: &Weighed<'_>) -> Option<Outcome> {
    match &weighed.evidence {
        Standing::Invalid(why) => Some(
            Outcome::new(
                D::V11,
                C::Failure,
                &format!("security event: evidence is invalid, {why}"),
            )
            .next("Tell whoever runs Castellan; no override opens this, a new attempt does: `/agent fix`."),
        ),
        Standing::NotAsked
        | Standing::Ok
        | Standing::Missing
        | Standing::Stale(_)
        | Standing::Incomplete(_) => None,
    }
}

fn overridden(weighed: &Weighed<'_>) -> Option<Outcome> {
    let holding = weighed.overridden?;
    let title = format!(
        "overridden by {} because {}",
        text::line(&holding.by.login, 60),
        text::line(&holding.said.reason, 150)
    );
    let mut outcome = Outcome::new(D::V12, C::Success, &title);
    outcome.waived = requirements::unmet(weighed);
    Some(outcome)
}

fn working(weighed: &Weighed<'_>) -> Option<Outcome> {
    let task = weighed.pull.task.as_ref();
    if weighed.works() {
        let mut outcome = Outcome::new(D::V14, C::InProgress, "the agent is working").next(AT_WORK);
        outcome.deadline = task.and_then(|task| task.deadline);
        return Some(outcome);
    }
    weighed.builds().then(|| {
        let title = match weighed.evidence.missing() {
            Some(missing) => format!("{missing}; it is being built"),
            None => "evidence is being built".to_owned(),
        };
        let mut outcome = Outcome::new(D::V14, C::InProgress, &title).next(AT_WORK);
        outcome.deadline = weighed.pull.evidence.building_until;
        outcome
    })
}

fn evidence_missing(weighed: &Weighed<'_>) -> Option<Outcome> {
    let missing = weighed.evidence.missing()?;
    let outcome = Outcome::new(D::V15, C::ActionRequired, &missing);
    if weighed.evidence.lacks_only_what_comes_later() {
        return Some(outcome.next(
            "This server cannot build verification and second opinion yet: at this tier only an audited `/agent override <reason>` opens the gate.",
        ));
    }
    Some(
        outcome
            .next("Run the agent again with `/agent fix`, or take it over with `/agent handoff`."),
    )
}

fn draft(weighed: &Weighed<'_>) -> Option<Outcome> {
    weighed
        .pull
        .draft
        .then(|| Outcome::new(D::V21, C::InProgress, "draft").next("Mark it ready for review."))
}

fn changes_requested(weighed: &Weighed<'_>) -> Option<Outcome> {
    let against = &weighed.reviews.against;
    if against.is_empty() {
        return None;
    }
    let title = format!("changes requested by {}", listed(against));
    let outcome = Outcome::new(D::V22, C::InProgress, &title)
        .next("Let the agent answer with `/agent fix`; then they review again, or the review is dismissed.");
    Some(match weighed.tier {
        Tier::T0 | Tier::T1 | Tier::T2 | Tier::Tx => outcome,
        // Before the review is used: afterwards it is too late.
        Tier::T3 => outcome.next(
            "At T3 whoever's review the agent is given steers it, and does not count as an approver any more.",
        ),
    })
}

fn overlap(weighed: &Weighed<'_>) -> Option<Outcome> {
    if !weighed.overlaps() {
        return None;
    }
    let path = weighed.pull.common_paths.first();
    let path = path.map_or_else(String::new, |path| text::line(path, 120));
    let will = weighed.pull.task.as_ref();
    let will = will.is_some_and(|task| task.will_merge_base) && weighed.adopter.is_none();
    Some(match will {
        true => Outcome::new(
            D::V23,
            C::InProgress,
            &format!("the base changed {path}; the agent merges it"),
        )
        .next("Nothing: the agent takes the base in by itself."),
        false => Outcome::new(
            D::V23,
            C::ActionRequired,
            &format!("update the branch: the base changed {path}"),
        )
        .next("Press “Update branch”, then approve anew."),
    })
}

fn approvals_missing(weighed: &Weighed<'_>) -> Option<Outcome> {
    if weighed.missing() == Some(0) {
        return None;
    }
    let title = match weighed.missing() {
        Some(1) => "needs 1 more approval".to_owned(),
        Some(missing) => format!("needs {missing} more approvals"),
        None => "no number of approvals opens this".to_owned(),
    };
    let left_out = weighed.reviews.left_out.iter();
    let left_out: Vec<String> = left_out
        .map(|one| format!("{} {}", one.login, one.why))
        .collect();
    let title = match left_out.is_empty() {
        true => title,
        false => format!("{title}; {}", left_out.join("; ")),
    };
    Some(
        Outcome::new(D::V24, C::InProgress, &title)
            .next("Somebody with write access who neither asked for, steered nor wrote this approves its head."),
    )
}

fn owners_missing(weighed: &Weighed<'_>) -> Option<Outcome> {
    if let Some(team) = weighed.team_missing {
        let title = format!("needs an approval of the team {team}");
        return Some(Outcome::new(D::V24, C::InProgress, &title).next(NAMED_APPROVE));
    }
    let first = weighed.unowned.first()?;
    let more = match weighed.unowned.len() {
        0 | 1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    let title = format!("needs an approval of a code owner: {first}{more}");
    Some(Outcome::new(D::V24, C::InProgress, &title).next(NAMED_APPROVE))
}

fn threads_open(weighed: &Weighed<'_>) -> Option<Outcome> {
    let open = weighed.pull.unresolved_threads;
    (weighed.policy.gate.resolved_threads && open > 0).then(|| {
        Outcome::new(
            D::V25,
            C::InProgress,
            &format!("{open} threads are not resolved"),
        )
        .next("Resolve the threads on the pull request's page.")
    })
}

/// Nothing above let TX through; this says so once more.
fn tier_without_end(weighed: &Weighed<'_>) -> Option<Outcome> {
    match weighed.tier {
        Tier::Tx => Some(Outcome::new(
            D::V8,
            C::Failure,
            "forbidden path or operation",
        )),
        Tier::T0 | Tier::T1 | Tier::T2 | Tier::T3 => None,
    }
}

/// V26, where the table agrees that nothing is missing.
fn open(weighed: &Weighed<'_>) -> Outcome {
    if let Some(unmet) = requirements::unmet(weighed).first() {
        let title = format!("a defect of the gate: the table says that {unmet}");
        return Outcome::new(D::V1, C::Failure, &title).next("Please report this verdict.");
    }
    let approvers = weighed.reviews.approvers.iter();
    let approvers: Vec<String> = approvers.map(|one| text::line(&one.login, 60)).collect();
    let solo = match weighed.solo {
        true => "; solo: the requester's own approval counts",
        false => "",
    };
    let evidence = match weighed.kind.is_tainted() {
        true => "evidence is there, ",
        false => "",
    };
    let title = format!("{evidence}approved by {}{solo}", listed(&approvers));
    Outcome::new(D::V26, C::Success, &title)
}

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(NAMES).map(String::as_str).collect();
    match names.len().saturating_sub(NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
