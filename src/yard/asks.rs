//! Who is asked to review a pull request: by people, by Apps, and by CODEOWNERS.

use serde_json::json;

use super::YardError;
use super::model::{Entry, Permission};
use super::people::Actor;
use super::world::World;

impl Actor {
    /// Asks people and teams (by slug) for a review, or for another one. Write or better.
    ///
    /// # Errors
    /// May not; or [`YardError::Refused`] with GitHub's reason.
    pub async fn asks_review(
        &self,
        n: i64,
        people: &[&str],
        teams: &[&str],
    ) -> Result<(), YardError> {
        let owned = |names: &[&str]| names.iter().map(|one| (*one).to_owned()).collect();
        let (people, teams): (Vec<String>, Vec<String>) = (owned(people), owned(teams));
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            world.ask(repo, n, me, (&people, &teams))
        })
        .await
    }
}

impl World {
    /// Asks for reviews; whoever is asked already is not asked again.
    pub(super) fn ask(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        (people, teams): (&[String], &[String]),
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let author = self.thread(repo, n)?.author.clone();
        if people.contains(&author) {
            let said = "Review cannot be requested from pull request author.";
            return Err(YardError::Refused(said.to_owned()));
        }
        let may_be = |login: &String| self.role_in(known, login) > Permission::None;
        let reaches = |slug: &String| {
            let team = self.team_of(known, slug);
            team.is_some_and(|team| team.repos.contains_key(&repo))
        };
        if !people.iter().all(may_be) || !teams.iter().all(reaches) {
            return Err(YardError::Refused(format!(
                "Reviews may only be requested from collaborators. One or more of the users or teams you specified is not a collaborator of the {} repository.",
                known.full_name()
            )));
        }
        for login in people {
            self.ask_one(repo, n, actor, (login, false))?;
        }
        for slug in teams {
            self.ask_one(repo, n, actor, (slug, true))?;
        }
        Ok(())
    }

    fn ask_one(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        (name, is_team): (&str, bool),
    ) -> Result<(), YardError> {
        let thread = self.thread_mut(repo, n)?;
        let pull = thread.pull.as_mut();
        let asked = &mut pull.ok_or(YardError::NoSuch("pull request"))?.asked;
        let of = if is_team {
            &mut asked.teams
        } else {
            &mut asked.people
        };
        if !of.insert(name.to_owned()) {
            return Ok(());
        }
        let whom = if is_team {
            format!("the team {name}")
        } else {
            name.to_owned()
        };
        thread.story.push(Entry::Noted {
            said: format!("{actor} requested a review from {whom}"),
        });
        self.tell_asked(repo, n, actor, "review_requested", (name, is_team))
    }

    fn tell_asked(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        action: &str,
        (name, is_team): (&str, bool),
    ) -> Result<(), YardError> {
        let more = if is_team {
            let known = self.repo(repo)?;
            let team = self.team_of(known, name);
            json!({"requested_team": team.map(|team| self.show_team(&known.owner, team))})
        } else {
            json!({"requested_reviewer": self.show_user(name)})
        };
        self.tell_thread(repo, n, action, actor, more)
    }

    /// Takes requests back; whoever was not asked is passed over.
    pub(super) fn unask(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        (people, teams): (&[String], &[String]),
    ) -> Result<(), YardError> {
        let people = people.iter().map(|name| (name, false));
        let all: Vec<_> = people
            .chain(teams.iter().map(|name| (name, true)))
            .collect();
        for (name, is_team) in all {
            let pull = self.thread_mut(repo, n)?.pull.as_mut();
            let asked = &mut pull.ok_or(YardError::NoSuch("pull request"))?.asked;
            let of = if is_team {
                &mut asked.teams
            } else {
                &mut asked.people
            };
            if of.remove(name) {
                self.tell_asked(repo, n, actor, "review_request_removed", (name, is_team))?;
            }
        }
        Ok(())
    }

    /// Somebody reviewed: nobody waits for them or for their teams any more.
    pub(super) fn has_answered(&mut self, repo: i64, n: i64, who: &str) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let teams = self
            .teams
            .iter()
            .filter(|((org, _), team)| *org == known.owner && team.members.contains(who));
        let teams: Vec<String> = teams.map(|((_, slug), _)| slug.clone()).collect();
        if let Some(pull) = self.thread_mut(repo, n)?.pull.as_mut() {
            pull.asked.people.remove(who);
            pull.asked.teams.retain(|slug| !teams.contains(slug));
        }
        Ok(())
    }

    /// The owners of what a pull request touches are asked, unless it is a draft.
    pub(super) fn ask_owners(&mut self, repo: i64, n: i64, actor: &str) -> Result<(), YardError> {
        let thread = self.thread(repo, n)?;
        let Some(pull) = thread.pull.as_ref().filter(|pull| !pull.draft) else {
            return Ok(());
        };
        let author = thread.author.clone();
        for owner in self.all_owners(self.repo(repo)?, pull) {
            let reviewed = self.repo(repo)?.opinions(n).contains_key(owner.as_str());
            match owner.split_once('/') {
                Some((_, slug)) => self.ask_one(repo, n, actor, (slug, true))?,
                None if owner == author || reviewed => {}
                None => self.ask_one(repo, n, actor, (&owner, false))?,
            }
        }
        Ok(())
    }
}
