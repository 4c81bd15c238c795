//! People at a check run: they click a button that an App put there, or ask for the run again.
//!
//! Of both only the App is told whose run it is, and neither changes the run itself.

use serde_json::json;

use super::YardError;
use super::model::{Check, Permission};
use super::people::{Actor, Repo};
use super::shapes::ACTIONS_APP_ID;
use super::world::World;

impl Actor {
    /// Clicks the button of this identifier on a check run. Write or better; buttons are there
    /// only when the run is over.
    ///
    /// # Errors
    /// May not, or there is no such run or button.
    pub async fn clicks(&self, check: i64, identifier: &str) -> Result<(), YardError> {
        let identifier = identifier.to_owned();
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            let known = world.check_of(repo, check)?;
            let is_it = |one: &serde_json::Value| {
                one.get("identifier").and_then(serde_json::Value::as_str) == Some(&identifier)
            };
            if known.conclusion.is_none() || !known.actions.iter().any(is_it) {
                return Err(YardError::NoSuch("button"));
            }
            let more = json!({"requested_action": {"identifier": identifier}});
            world.tell_owner(repo, &known, "requested_action", me, more)
        })
        .await
    }

    /// Presses "Re-run" on a check run. Write or better.
    ///
    /// # Errors
    /// May not, or there is no such run.
    pub async fn reruns_check(&self, check: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            let known = world.check_of(repo, check)?;
            world.tell_owner(repo, &known, "rerequested", me, json!({}))
        })
        .await
    }
}

impl Actor {
    /// Presses "Re-run all checks" on our App's suite of a commit. Write or better.
    ///
    /// # Errors
    /// May not, there is no such commit, or our App has reported nothing on it.
    pub async fn reruns_suite(&self, commit: &str) -> Result<(), YardError> {
        let commit = commit.to_owned();
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            let (head, own) = (world.commit(repo, &commit)?, world.app.id);
            let known = world.repo(repo)?;
            let mut suites = known.suites_of(&head).into_iter();
            let suite = suites.find(|suite| suite.app == own);
            let suite = suite.ok_or(YardError::NoSuch("check suite"))?;
            let what = json!({"check_suite": world.show_suite(known, &suite)});
            world.tell("check_suite", Some("rerequested"), repo, me, what);
            Ok(())
        })
        .await
    }
}

impl Repo {
    /// Somebody posts a check run of any name with a workflow's own token, so that GitHub Actions
    /// is its App; its number. For another App's, see [`Repo::adds_check`].
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn forges_check(
        &self,
        commit: &str,
        name: &str,
        conclusion: &str,
    ) -> Result<i64, YardError> {
        let (commit, name, conclusion) =
            (commit.to_owned(), name.to_owned(), conclusion.to_owned());
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            let suite = world.suite_for(repo, ACTIONS_APP_ID, &head)?;
            let check = world.new_check(ACTIONS_APP_ID, &name, &head, suite);
            let id = check.id;
            world.put_check(repo, check)?;
            world.close_check(repo, id, &conclusion)?;
            Ok(id)
        })
        .await
    }
}

impl World {
    fn tell_owner(
        &mut self,
        repo: i64,
        check: &Check,
        action: &str,
        sender: &str,
        more: serde_json::Value,
    ) -> Result<(), YardError> {
        if check.app != self.app.id {
            return Ok(());
        }
        self.tell_check(repo, check.id, action, sender, more)
    }
}

/// A check run as people see it.
#[derive(Clone, Debug, PartialEq)]
pub struct ShownCheck {
    /// Its number.
    pub id: i64,
    /// Its conclusion, or its status before that.
    pub standing: String,
    /// Its title.
    pub title: String,
    /// What it says, as Markdown.
    pub summary: String,
    /// What it says below that, as Markdown.
    pub text: String,
    /// Its marks in the difference: path, line and message.
    pub annotations: Vec<(String, i64, String)>,
    /// The identifiers of its buttons.
    pub buttons: Vec<String>,
}

impl Repo {
    /// All check runs of this name on a commit, the newest last.
    ///
    /// # Errors
    /// There is no such commit.
    pub async fn shown_checks(
        &self,
        commit: &str,
        name: &str,
    ) -> Result<Vec<ShownCheck>, YardError> {
        let (commit, name) = (commit.to_owned(), name.to_owned());
        self.stage(move |world, repo| {
            let head = world.commit(repo, &commit)?;
            let checks = world.repo(repo)?.checks.values();
            let known = checks.filter(|check| check.head == head && check.name == name);
            let mut shown: Vec<ShownCheck> = known.map(shown).collect();
            shown.sort_by_key(|check| check.id);
            Ok(shown)
        })
        .await
    }
}

fn shown(check: &Check) -> ShownCheck {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let mark = |one: &serde_json::Value| {
        let line = one["start_line"].as_i64().unwrap_or_default();
        (text(&one["path"]), line, text(&one["message"]))
    };
    ShownCheck {
        id: check.id,
        standing: check.conclusion.as_ref().unwrap_or(&check.status).clone(),
        title: text(&check.output["title"]),
        summary: text(&check.output["summary"]),
        text: text(&check.output["text"]),
        annotations: check.annotations.iter().map(mark).collect(),
        buttons: check
            .actions
            .iter()
            .map(|one| text(&one["identifier"]))
            .collect(),
    }
}
