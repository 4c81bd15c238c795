//! `/agent override <reason>`: who may, for which head. What it waives is listed by
//! [`super::decisions`].

use super::facts::{AccountKind, Facts, Override, Person};
use super::people;
use super::weighed::Weighed;
use crate::domain::risk::Tier;

/// An override that holds.
#[derive(Clone, Copy)]
pub(super) struct Holding<'a> {
    pub(super) by: &'a Person,
    pub(super) said: &'a Override,
}

/// The override that holds for the head of `weighed`.
///
/// TX and invalid evidence cannot be overridden, nor a change of the policy but where `solo`.
pub(super) fn holding<'a>(facts: &Facts, weighed: &Weighed<'a>) -> Option<Holding<'a>> {
    match weighed.tier {
        Tier::Tx => return None,
        Tier::T0 | Tier::T1 | Tier::T2 | Tier::T3 => {}
    }
    if weighed.pull.risk.edits_policy && !weighed.solo {
        return None;
    }
    let said = weighed.pull.overrides.iter();
    said.filter_map(|said| {
        let by = may(facts, weighed, said)?;
        Some(Holding { by, said })
    })
    .next()
}

fn may<'a>(facts: &Facts, weighed: &Weighed<'a>, said: &Override) -> Option<&'a Person> {
    let pull = weighed.pull;
    let by = people::person(pull, said.by)?;
    let is_person = match by.kind {
        AccountKind::User => true,
        AccountKind::Bot | AccountKind::Other => false,
    };
    let allowed = by
        .access
        .role()
        .is_some_and(|role| weighed.policy.gate.overriders.contains(&role));
    // Nobody lets through what they asked for or wrote, but where people work alone.
    let concerned = pull.requesters.contains(&by.id) || people::contributors(pull).contains(&by.id);
    let holds = said.head == pull.head
        && !said.reason.trim().is_empty()
        && said.at <= facts.now
        && is_person
        && allowed
        && (weighed.solo || !concerned);
    holds.then_some(by)
}
