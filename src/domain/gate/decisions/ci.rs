//! The entries of the decision list about CI: V13, V16 to V20.

use super::super::ci::Reading;
use super::super::outcome::Outcome;
use super::super::verdict::{Conclusion as C, Decision as D};
use super::super::weighed::Weighed;

/// What to type to let a head through.
const OVERRIDE: &str =
    "Somebody who may can let this one head through: `/agent override <reason>`.";

pub(super) fn untrusted(weighed: &Weighed<'_>) -> Option<Outcome> {
    let title = match &weighed.ci {
        Reading::Untrusted(why) => format!("CI cannot be trusted: {why}"),
        Reading::Nothing if !weighed.policy.gate.allow_no_ci => {
            "no CI: nothing has checked this commit".to_owned()
        }
        Reading::Nothing
        | Reading::Pass(_)
        | Reading::Pending { .. }
        | Reading::Fail(_)
        | Reading::Soft(_) => return None,
    };
    Some(Outcome::new(D::V13, C::Failure, &title).next(OVERRIDE))
}

pub(super) fn failed(weighed: &Weighed<'_>) -> Option<Outcome> {
    let failed = match &weighed.ci {
        Reading::Fail(failed) => failed,
        Reading::Pass(_)
        | Reading::Nothing
        | Reading::Pending { .. }
        | Reading::Soft(_)
        | Reading::Untrusted(_) => return None,
    };
    Some(match weighed.next_attempt() {
        Some((next, most)) => Outcome::new(
            D::V16,
            C::InProgress,
            &format!("CI failed ({failed}); attempt {next} of {most} is next"),
        )
        .next("Nothing: the agent goes on by itself. `/agent handoff` takes it over."),
        None => Outcome::new(D::V17, C::Failure, &format!("CI failed ({failed})"))
            .next("Push a commit that mends it, or let the agent try once more: `/agent fix`."),
    })
}

pub(super) fn skipped(weighed: &Weighed<'_>) -> Option<Outcome> {
    match &weighed.ci {
        Reading::Soft(names) => Some(
            Outcome::new(
                D::V18,
                C::Failure,
                &format!("required check skipped ({names})"),
            )
            .next("Let it run, or name it under `gate: allow_skipped` of the policy."),
        ),
        Reading::Pass(_)
        | Reading::Nothing
        | Reading::Pending { .. }
        | Reading::Fail(_)
        | Reading::Untrusted(_) => None,
    }
}

pub(super) fn pending(weighed: &Weighed<'_>) -> Option<Outcome> {
    let (names, awaits_person) = match &weighed.ci {
        Reading::Pending {
            names,
            awaits_person,
        } => (names, *awaits_person),
        Reading::Pass(_)
        | Reading::Nothing
        | Reading::Fail(_)
        | Reading::Soft(_)
        | Reading::Untrusted(_) => return None,
    };
    // A person has no deadline.
    if awaits_person {
        let title = format!("somebody has to allow CI ({names})");
        return Some(
            Outcome::new(D::V19, C::ActionRequired, &title)
                .next("Look at the commit, then approve its run or say `/agent ci`."),
        );
    }
    if weighed.is_late() {
        let title = format!("CI did not end in time ({names})");
        return Some(
            Outcome::new(D::V20, C::TimedOut, &title)
                .next("Run it again, or see why it never reported."),
        );
    }
    let title = format!("waiting for CI ({names})");
    Some(
        Outcome::new(D::V19, C::InProgress, &title)
            .next("Nothing: it is judged again when CI has ended."),
    )
}
