//! People of a pull request: what they may do now, what they own, and who asked or steered.

use std::collections::BTreeMap;

use super::super::{Engine, EngineError};
use super::seen::Seen;
use crate::domain::gate::bounded::{List, Moment, Text};
use crate::domain::gate::codeowners::{self, CodeOwners};
use crate::domain::gate::facts::{
    Access, AccountKind, Opinion, Owned, Owner, Owners, OwnersFile, Person, Review,
};
use crate::domain::ids::UserId;
use crate::github::Account;
use crate::github::observe::Role;

/// Teams that are asked for, for one pull request: each costs a call a reviewer.
const TEAMS_MAX: usize = 20;
/// Reviewers whose access is asked for.
const REVIEWERS_MAX: usize = 100;

/// A list as the facts take it; `None` says that it is too long to be read.
fn list<T, const N: usize>(rows: Vec<T>) -> Result<List<T, N>, EngineError> {
    let told = || EngineError::Defect("there is more than can be judged".to_owned());
    List::of(rows).ok_or_else(told)
}

/// The reviews, as facts. One that says nothing of its commit or its time counts for nothing.
pub(super) fn reviews(seen: &Seen<'_>) -> Result<List<Review, 5000>, EngineError> {
    let read = |one: &crate::github::Opinion| {
        let opinion = match one.state.as_str() {
            "APPROVED" => Opinion::Approved,
            "CHANGES_REQUESTED" => Opinion::ChangesRequested,
            "DISMISSED" => Opinion::Dismissed,
            "PENDING" => Opinion::Pending,
            _ => Opinion::Commented,
        };
        Some(Review {
            id: one.id,
            by: one.by.as_ref()?.person.id,
            opinion,
            commit: one.commit.clone(),
            at: Moment(one.at?),
        })
    };
    list(seen.state.reviews.iter().filter_map(read).collect())
}

/// Everybody whose opinion may count, each once.
fn reviewers<'a>(seen: &'a Seen<'_>) -> BTreeMap<UserId, &'a Account> {
    let opinionated = |one: &&crate::github::Opinion| {
        matches!(one.state.as_str(), "APPROVED" | "CHANGES_REQUESTED")
    };
    let reviews = seen.state.reviews.iter().filter(opinionated);
    let accounts = reviews.filter_map(|one| one.by.as_ref());
    accounts
        .map(|account| (account.person.id, account))
        .collect()
}

impl Engine {
    /// Everybody who may count, with what they may do now and the teams that matter here.
    /// `others` are asked for, too: whoever waived the gate.
    pub(super) async fn people_of(
        &self,
        seen: &Seen<'_>,
        others: &[Account],
        teams: &[String],
    ) -> Result<List<Person, 2000>, EngineError> {
        let github = self.github()?;
        let mut accounts = reviewers(seen);
        accounts.extend(others.iter().map(|account| (account.person.id, account)));
        let mut people = Vec::new();
        for (asked, (id, account)) in accounts.into_iter().enumerate() {
            let login = &account.person.login;
            let mut person = Person {
                id,
                login: Text::of(login),
                kind: match account.kind.as_str() {
                    "User" => AccountKind::User,
                    "Bot" => AccountKind::Bot,
                    _ => AccountKind::Other,
                },
                access: Access::Unknown,
                teams: List::default(),
            };
            if account.is_person() && asked < REVIEWERS_MAX {
                person.access = match github.role(seen.target, &account.person).await? {
                    Role::None => Access::None,
                    Role::Read => Access::Read,
                    Role::Write => Access::Write,
                    Role::Maintain => Access::Maintain,
                    Role::Admin => Access::Admin,
                };
                let mut own = Vec::new();
                for team in teams.iter().take(TEAMS_MAX) {
                    if github.is_in_team(seen.target, team, login).await? == Some(true) {
                        own.push(Text::of(team));
                    }
                }
                person.teams = list(own)?;
            }
            people.push(person);
        }
        list(people)
    }
}

/// The teams that a file of owners and a policy name, each once.
pub(super) fn teams(owners: &Owners, named: Option<&str>) -> Vec<String> {
    let names = owners.touched.iter().flat_map(|owned| owned.owners.iter());
    let teams = names.filter_map(|owner| owner.name.strip_prefix('@'));
    let mut teams: Vec<String> = teams
        .filter(|name| name.contains('/'))
        .chain(named)
        .map(str::to_owned)
        .collect();
    teams.sort();
    teams.dedup();
    teams
}

/// Which rules of CODEOWNERS own what is touched. Whom a name stands for is filled in by
/// [`resolve`], for those who have reviewed: nobody else matters.
pub(super) fn owners(file: Option<&[u8]>, paths: &[&str]) -> Result<Owners, EngineError> {
    let Some(bytes) = file else {
        return Ok(Owners {
            file: OwnersFile::Absent,
            touched: List::default(),
        });
    };
    let Ok(read) = CodeOwners::read(bytes) else {
        return Ok(Owners::default());
    };
    let touched = read.touched(paths).into_iter().map(|touched| {
        let names = touched.rule.owners.iter();
        let owners = names.map(|name| Owner {
            name: Text::of(&spelt(name)),
            people: None,
        });
        Ok(Owned {
            line: touched.rule.line,
            pattern: Text::of(&touched.rule.pattern),
            path: Text::of(touched.path),
            owners: list(owners.collect())?,
        })
    });
    Ok(Owners {
        file: OwnersFile::Read,
        touched: list(touched.collect::<Result<_, EngineError>>()?)?,
    })
}

/// Says of each owner which of `people` it stands for.
pub(super) fn resolve(owners: &Owners, people: &[Person]) -> Result<Owners, EngineError> {
    let stands_for = |owner: &Owner, person: &Person| {
        let Some(name) = owner.name.strip_prefix('@') else {
            return false;
        };
        match name.contains('/') {
            true => person
                .teams
                .iter()
                .any(|team| team.eq_ignore_ascii_case(name)),
            false => person.login.eq_ignore_ascii_case(name),
        }
    };
    let touched = owners.touched.iter().map(|owned| {
        let resolved = owned.owners.iter().map(|owner| {
            let people = people.iter().filter(|person| stands_for(owner, person));
            let ids = people.map(|person| person.id).collect();
            Ok(Owner {
                name: owner.name.clone(),
                people: Some(list(ids)?),
            })
        });
        let resolved: Result<Vec<Owner>, EngineError> = resolved.collect();
        Ok(Owned {
            owners: list(resolved?)?,
            ..owned.clone()
        })
    });
    Ok(Owners {
        file: owners.file,
        touched: list(touched.collect::<Result<_, EngineError>>()?)?,
    })
}

/// An owner as the file spells it.
fn spelt(owner: &codeowners::Owner) -> String {
    match owner {
        codeowners::Owner::User(login) => format!("@{login}"),
        codeowners::Owner::Team(organisation, slug) => format!("@{organisation}/{slug}"),
        codeowners::Owner::Email(address) => address.clone(),
    }
}
