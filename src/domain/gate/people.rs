//! Whose approvals count, who requests changes, and whether the owners have agreed.
//!
//! Only the latest opinionated review of each person counts, on exactly the head or on a commit
//! that only neutral merges separate from it. Comments never approve.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{
    Access, AccountKind, Commit, Facts, Opener, Opinion, OwnersFile, Person, Pull, Review, Steering,
};
use super::kind::{Distance, Kind, distance, is_of_others};
use super::verdict::LeftOut;
use crate::domain::ids::UserId;
use crate::domain::risk::Tier;
use crate::domain::text;

/// Longest login that is shown, in characters.
const LOGIN_CHARS: usize = 60;

/// What the reviews come to.
pub(super) struct Reviews<'a> {
    /// Eligible people who approve.
    pub(super) approvers: Vec<&'a Person>,
    /// Who did not count, and why.
    pub(super) left_out: Vec<LeftOut>,
    /// Logins of those who request changes.
    pub(super) against: Vec<String>,
    /// What keeps every approval from counting.
    pub(super) nobody: Option<String>,
}

/// The login of an account, or its number where it is not known.
pub(super) fn login(pull: &Pull, id: UserId) -> String {
    match person(pull, id) {
        Some(person) => text::line(&person.login, LOGIN_CHARS),
        None => format!("account {id}"),
    }
}

pub(super) fn person(pull: &Pull, id: UserId) -> Option<&Person> {
    pull.people.iter().find(|one| one.id == id)
}

/// Authors, committers and pushers of what is not ours, whoever adopted, and the opener.
pub(super) fn contributors(pull: &Pull) -> BTreeSet<UserId> {
    let commits = pull.commits.iter().filter(|commit| is_of_others(commit));
    let people = commits.flat_map(|one| [one.author, one.committer, one.pusher]);
    let adopters = pull.adoptions.iter().map(|one| one.by);
    let opener = match pull.opened_by {
        Opener::Us => None,
        Opener::App | Opener::Person => Some(pull.opener),
    };
    people.flatten().chain(adopters).chain(opener).collect()
}

/// Reads the reviews of `pull` for a tier.
pub(super) fn weigh<'a>(
    facts: &Facts,
    pull: &'a Pull,
    kind: Kind,
    tier: Tier,
    solo: bool,
) -> Reviews<'a> {
    let contributors = contributors(pull);
    let mut reviews = Reviews {
        approvers: Vec::new(),
        left_out: Vec::new(),
        against: Vec::new(),
        nobody: nobody(pull, kind),
    };
    for review in latest(pull, facts) {
        let who = login(pull, review.by);
        match review.opinion {
            Opinion::ChangesRequested => {
                if blocks(person(pull, review.by)) {
                    reviews.against.push(who);
                }
            }
            Opinion::Approved => match eligible(pull, review, tier, solo, &contributors) {
                Ok(person) => reviews.approvers.push(person),
                Err(why) => reviews.left_out.push(LeftOut { login: who, why }),
            },
            Opinion::Dismissed => reviews.left_out.push(LeftOut {
                login: who,
                why: "had the review dismissed".to_owned(),
            }),
            Opinion::Commented | Opinion::Pending => {}
        }
    }
    if let Some(why) = &reviews.nobody {
        let lost = reviews.approvers.drain(..).map(|person| LeftOut {
            login: text::line(&person.login, LOGIN_CHARS),
            why: format!("cannot be counted: {why}"),
        });
        reviews.left_out.extend(lost);
    }
    reviews
}

/// The latest opinionated review of each account, by time and then by number.
fn latest<'a>(pull: &'a Pull, facts: &Facts) -> Vec<&'a Review> {
    let mut latest: BTreeMap<UserId, &Review> = BTreeMap::new();
    for review in &pull.reviews {
        let is_opinion = match review.opinion {
            Opinion::Approved | Opinion::ChangesRequested | Opinion::Dismissed => true,
            Opinion::Commented | Opinion::Pending => false,
        };
        // An approval of the future is a clock that is wrong, or worse.
        if !is_opinion || (review.opinion == Opinion::Approved && review.at > facts.now) {
            continue;
        }
        let known = latest.entry(review.by).or_insert(review);
        if (review.at, review.id) > (known.at, known.id) {
            *known = review;
        }
    }
    latest.into_values().collect()
}

/// Whether a request for changes by this account counts: also where its access is not known.
fn blocks(person: Option<&Person>) -> bool {
    match person.map(|one| one.access) {
        None | Some(Access::Unknown | Access::Write | Access::Maintain | Access::Admin) => true,
        Some(Access::None | Access::Read) => false,
    }
}

/// What keeps every approval from counting.
fn nobody(pull: &Pull, kind: Kind) -> Option<String> {
    if kind.is_tainted() && pull.requesters.is_empty() {
        return Some("who asked for this work is not known".to_owned());
    }
    // An author is what git says, and anybody can write that: who pushed has to be known. Pushes
    // to a fork, or of people before we were installed, are seen by nobody.
    let unknown = |commit: &&Commit| match kind.is_tainted() {
        true => commit.pusher.is_none(),
        false => commit.pusher.is_none() && commit.author.is_none(),
    };
    let mut others = pull.commits.iter().filter(|commit| is_of_others(commit));
    others
        .find(unknown)
        .map(|one| format!("who pushed commit {} is not known", one.oid.short()))
}

/// Whether an approval counts; `Err` is the end of a sentence that begins with the login.
fn eligible<'a>(
    pull: &'a Pull,
    review: &Review,
    tier: Tier,
    solo: bool,
    contributors: &BTreeSet<UserId>,
) -> Result<&'a Person, String> {
    let no = |why: &str| Err(why.to_owned());
    let Some(person) = person(pull, review.by) else {
        return no("is not known");
    };
    match person.kind {
        AccountKind::User => {}
        AccountKind::Bot | AccountKind::Other => return no("is not a person"),
    }
    match person.access {
        Access::Write | Access::Maintain | Access::Admin => {}
        Access::None | Access::Read => return no("may not write here now"),
        Access::Unknown => return no("has an access that could not be read"),
    }
    let far = match &review.commit {
        None => true,
        Some(commit) => match distance(pull, commit) {
            Distance::None => false,
            Distance::Neutral { same_patch } => !same_patch,
            Distance::Far => true,
        },
    };
    if far {
        return no("approved an older commit");
    }
    if contributors.contains(&person.id) {
        return no("wrote, pushed or adopted a part of it");
    }
    if pull.requesters.contains(&person.id) {
        return match tier {
            Tier::T0 => Ok(person),
            Tier::T1 | Tier::T2 if solo => Ok(person),
            Tier::T1 | Tier::T2 | Tier::T3 | Tier::Tx => no("asked for this work"),
        };
    }
    match steers(pull, person.id, tier) {
        Some(why) => no(why),
        None => Ok(person),
    }
}

/// How an account steered the agent, as the end of a sentence, where that counts at `tier`.
fn steers(pull: &Pull, id: UserId, tier: Tier) -> Option<&'static str> {
    let own = pull.steerers.iter().filter(|one| one.id == id);
    own.filter_map(|one| match one.by {
        Steering::Command => Some("steered the agent with a command"),
        Steering::Answer => Some("steered the agent with an answer"),
        Steering::Plan => Some("steered the agent by its plan"),
        Steering::Review => match tier {
            Tier::T0 | Tier::T1 | Tier::T2 => None,
            Tier::T3 | Tier::Tx => {
                Some("gave the agent feedback in a review, which steers it at T3")
            }
        },
    })
    .next()
}

/// The touched rules of CODEOWNERS that nobody of `approvers` owns, one line each.
pub(super) fn unowned(pull: &Pull, approvers: &[&Person]) -> Vec<String> {
    match pull.owners.file {
        OwnersFile::Absent => return Vec::new(),
        OwnersFile::Unreadable => {
            return vec!["CODEOWNERS could not be read".to_owned()];
        }
        OwnersFile::Read => {}
    }
    let agreed = |id: &UserId| approvers.iter().any(|one| one.id == *id);
    let touched = pull.owners.touched.iter();
    let unowned = touched.filter(|rule| {
        let mut people = rule.owners.iter().filter_map(|one| one.people.as_ref());
        !rule.owners.is_empty() && !people.any(|people| people.iter().any(agreed))
    });
    unowned
        .map(|rule| {
            let names: Vec<String> = rule
                .owners
                .iter()
                .map(|one| text::line(&one.name, 100))
                .collect();
            format!(
                "{} (line {} of CODEOWNERS: {})",
                text::line(&rule.path, 200),
                rule.line,
                text::line(&names.join(", "), 300)
            )
        })
        .collect()
}
