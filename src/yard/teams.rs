//! Teams of organisations: who is in one, and what it may do in which repository.
//!
//! And what somebody may do in a repository, all in all.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::YardError;
use super::model::{AccountKind, Permission, Repository};
use super::people::Repo;
use super::shapes::node_id;
use super::world::World;
use super::yard::Yard;

/// A team.
#[derive(Clone, Debug)]
pub(super) struct Team {
    pub(super) id: i64,
    pub(super) slug: String,
    pub(super) members: BTreeSet<String>,
    /// What it may do, by the repository's number.
    pub(super) repos: BTreeMap<i64, Permission>,
}

impl Yard {
    /// A team of an organisation with these members; again with others, they change.
    pub fn team(&self, org: &str, slug: &str, members: &[&str]) {
        self.shared.look(|world| {
            world.account(org, AccountKind::Organization);
            for member in members {
                world.account(member, AccountKind::User);
            }
            let id = world.next("team");
            let key = (org.to_owned(), slug.to_owned());
            let team = world.teams.entry(key).or_insert_with(|| Team {
                id,
                slug: slug.to_owned(),
                members: BTreeSet::new(),
                repos: BTreeMap::new(),
            });
            team.members = members.iter().map(|one| (*one).to_owned()).collect();
        });
    }
}

impl Repo {
    /// From now on a team of the owner may do this here.
    ///
    /// # Errors
    /// There is no such team.
    pub async fn gives_team(&self, slug: &str, permission: Permission) -> Result<(), YardError> {
        let slug = slug.to_owned();
        self.stage(move |world, repo| {
            let key = (world.repo(repo)?.owner.clone(), slug);
            let team = world.teams.get_mut(&key).ok_or(YardError::NoSuch("team"))?;
            team.repos.insert(repo, permission);
            Ok(())
        })
        .await
    }

    /// From now on a person may do this here, with the token that they have.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn sets_permission(
        &self,
        login: &str,
        permission: Permission,
    ) -> Result<(), YardError> {
        let login = login.to_owned();
        self.stage(move |world, repo| {
            let people = &mut world.repo_mut(repo)?.collaborators;
            people.insert(login, permission);
            Ok(())
        })
        .await
    }

    /// Somebody lets workflows create and approve pull requests, or not any more.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn lets_actions_approve(&self, may: bool) -> Result<(), YardError> {
        self.stage(move |world, repo| {
            world.repo_mut(repo)?.actions_approve = may;
            Ok(())
        })
        .await
    }
}

impl World {
    /// A team.
    pub(super) fn show_team(&self, org: &str, team: &Team) -> Value {
        let (id, slug) = (team.id, &team.slug);
        let url = format!("{}/organizations/1/team/{id}", self.api());
        json!({"id": id, "node_id": node_id("T", id), "name": slug, "slug": slug, "description": null,
               "privacy": "closed", "notification_setting": "notifications_enabled", "permission": "pull",
               "url": url, "html_url": format!("{}/orgs/{org}/teams/{slug}", self.base_url),
               "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"),
               "parent": null})
    }

    /// A team of the owner of a repository.
    pub(super) fn team_of(&self, repo: &Repository, slug: &str) -> Option<&Team> {
        self.teams.get(&(repo.owner.clone(), slug.to_owned()))
    }

    /// What somebody may do in a repository: as its owner, by themselves, or in a team.
    pub(super) fn role_in(&self, repo: &Repository, login: &str) -> Permission {
        if repo.owner == login {
            return Permission::Admin;
        }
        let own = repo.collaborators.get(login).copied();
        let teams = self
            .teams
            .iter()
            .filter(|((org, _), team)| *org == repo.owner && team.members.contains(login));
        let by_team = teams.filter_map(|(_, team)| team.repos.get(&repo.id).copied());
        by_team.chain(own).max().unwrap_or(Permission::None)
    }
}
