//! Groups of a merge queue, M1 to M10. A group that waits fails everyone at its end: what is
//! known to fail is said at once.

use super::ci::{self, Reading, Wanted};
use super::facts::{Facts, Group, GroupCi, GroupState, Member};
use super::outcome::{Outcome, of_group};
use super::verdict::{Conclusion as C, Decision as D, Requirement, State, Verdict};
use crate::domain::request::policy::Policy;
use crate::domain::text;

/// How long members may stay unknown, in milliseconds: the queue waits for us meanwhile.
const UNRESOLVED_MS: i64 = 2 * 60 * 1000;

/// What the gate says of a group.
pub(super) fn judge(facts: &Facts, group: &Group, policy: &Policy) -> Verdict {
    let mut noted = Vec::new();
    if group.rebuilt_from.is_some() {
        noted.push(D::M8);
    }
    if !group.all_entries_pass {
        noted.push(D::M10);
    }
    let members: &[Member] = group.members.as_deref().unwrap_or_default();
    let outcome = match group.state {
        GroupState::Destroyed => Outcome::new(D::M7, C::Cancelled, "the group was destroyed"),
        GroupState::Active => match &group.members {
            None => unresolved(facts, group),
            Some(members) if members.is_empty() => unresolved(facts, group),
            Some(members) => of_members(facts, group, members, policy),
        },
    };
    let mut verdict = of_group(outcome, noted, group.tier);
    verdict.enforcement = facts.base.enforcement;
    verdict.requirements = members.iter().map(row).collect();
    verdict
}

fn unresolved(facts: &Facts, group: &Group) -> Outcome {
    let waited_ms = facts.now.0.since_ms(group.since.0);
    let title = "the members of this group are not known";
    match (0..UNRESOLVED_MS).contains(&waited_ms) {
        true => {
            let mut outcome = Outcome::new(D::M4, C::InProgress, title);
            outcome.deadline = Some(super::bounded::Moment(group.since.0.plus_ms(UNRESOLVED_MS)));
            outcome
        }
        false => Outcome::new(D::M4, C::Failure, title).next("Queue the pull requests again."),
    }
}

fn of_members(facts: &Facts, group: &Group, members: &[Member], policy: &Policy) -> Outcome {
    // What changes the policy was judged, too, whoever wrote it.
    let judged = |member: &&Member| member.agent || member.edits_policy;
    if !members.iter().any(|member| judged(&member)) && facts.unread.is_none() {
        return Outcome::new(D::M5, C::Success, "no agent pull request in this group");
    }
    if let Some(changer) = earlier_changer(members) {
        let title = format!("#{} changes the policy: queue it alone", changer.number);
        return Outcome::new(D::M6, C::Failure, &title);
    }
    if let Some(bad) = members.iter().find(|member| fault(member).is_some()) {
        let why = fault(bad).unwrap_or_default();
        return Outcome::new(D::M2, C::Failure, &format!("#{} {why}", bad.number));
    }
    if facts.unread.is_some() {
        return unresolved(facts, group);
    }
    let highest = members.iter().map(|member| member.tier).max();
    if highest.is_none_or(|highest| group.tier > highest) {
        let names: Vec<String> = members
            .iter()
            .map(|member| format!("#{} is {}", member.number, member.tier))
            .collect();
        let title = format!("together they are {}: {}", group.tier, names.join(", "));
        return Outcome::new(D::M3, C::Failure, &title).next("Queue them one by one.");
    }
    if let Some(outcome) = group
        .ci
        .as_ref()
        .and_then(|ci| of_ci(facts, group, ci, policy))
    {
        return outcome;
    }
    let title = format!("all {} members may be merged", members.len());
    Outcome::new(D::M1, C::Success, &title)
}

/// A member that changes the policy by which a later one was judged.
fn earlier_changer(members: &[Member]) -> Option<&Member> {
    let at = members.iter().position(|member| member.edits_policy)?;
    let later = members.get(at + 1..).unwrap_or_default();
    later
        .iter()
        .any(|member| member.agent || member.edits_policy)
        .then(|| members.get(at))
        .flatten()
}

/// Why a member may not be merged, as the end of a sentence.
fn fault(member: &Member) -> Option<String> {
    if !member.conclusion.is_open() {
        let title = member.title.as_deref().unwrap_or("it says no more why");
        return Some(format!(
            "is {}: {}",
            member.conclusion,
            text::line(title, 150)
        ));
    }
    let judged = member.agent || member.edits_policy;
    (judged && member.passed_head.as_ref() != Some(&member.head))
        .then(|| "was changed after it was allowed".to_owned())
}

/// M9; `None` where CI on the group is good.
fn of_ci(facts: &Facts, group: &Group, ci: &GroupCi, policy: &Policy) -> Option<Outcome> {
    let wanted = Wanted {
        head: &group.head,
        base: &facts.base.branch,
        app: facts.app,
        rules: &ci.expected,
        policy: &[],
        allow_skipped: &policy.gate.allow_skipped,
        min_s: 0,
        draft: false,
    };
    if ci.expected.is_empty() {
        return None;
    }
    let (conclusion, title) = match ci::read(&ci.seen, &wanted) {
        // With nothing but our own expected, nothing is seen.
        Reading::Pass(_) | Reading::Nothing => return None,
        Reading::Pending { names, .. } if facts.now < ci.deadline => {
            let mut outcome = Outcome::new(
                D::M9,
                C::InProgress,
                &format!("waiting for CI on the group ({names})"),
            );
            outcome.deadline = Some(ci.deadline);
            return Some(outcome);
        }
        Reading::Pending { names, .. } => (
            C::TimedOut,
            format!("CI on the group did not end in time ({names})"),
        ),
        Reading::Fail(names) => (C::Failure, format!("CI on the group failed ({names})")),
        Reading::Soft(names) => (C::Failure, format!("CI on the group was skipped ({names})")),
        Reading::Untrusted(why) => (C::Failure, format!("CI cannot be trusted: {why}")),
    };
    Some(Outcome::new(D::M9, conclusion, &title))
}

fn row(member: &Member) -> Requirement {
    let fault = fault(member);
    Requirement {
        name: "member",
        state: match fault {
            None => State::Met,
            Some(_) => State::NotMet,
        },
        what: match fault {
            None => format!("#{} ({}) may be merged", member.number, member.tier),
            Some(why) => format!("#{} ({}) {why}", member.number, member.tier),
        },
    }
}
