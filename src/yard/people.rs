//! People: repositories are made, issues opened, branches pushed, as in the words of a story.
//!
//! Each verb changes the world and lets the App be told, as GitHub's pages and git would.

use super::YardError;
use super::model::{Permission, Repository};
use super::world::World;
use super::yard::Yard;
use crate::domain::ids::RepositoryId;

/// A repository with the App installed on it.
#[derive(Clone)]
pub struct Repo {
    pub(super) yard: Yard,
    pub(super) id: i64,
}

/// A person in a repository.
#[derive(Clone)]
pub struct Actor {
    pub(super) repo: Repo,
    pub(super) login: String,
    token: String,
}

impl Repo {
    /// GitHub's number of it.
    #[must_use]
    pub const fn id(&self) -> RepositoryId {
        RepositoryId(self.id)
    }

    /// The yard that it is in.
    #[must_use]
    pub const fn yard(&self) -> &Yard {
        &self.yard
    }

    /// Its name as it is now.
    #[must_use]
    pub fn full_name(&self) -> String {
        self.yard.shared.look(|world| {
            world
                .repos
                .get(&self.id)
                .map(Repository::full_name)
                .unwrap_or_default()
        })
    }

    /// Where it is cloned from.
    #[must_use]
    pub fn clone_url(&self) -> String {
        format!("{}/{}.git", self.yard.web_url(), self.full_name())
    }

    /// A person with this permission; again with another one, it changes.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn person(&self, login: &str, permission: Permission) -> Result<Actor, YardError> {
        let (id, name) = (self.id, login.to_owned());
        let token = self
            .yard
            .shared
            .change(move |world| world.person(id, &name, permission))
            .await?;
        Ok(Actor {
            repo: self.clone(),
            login: login.to_owned(),
            token,
        })
    }
}

impl Actor {
    /// Login.
    #[must_use]
    pub fn login(&self) -> &str {
        &self.login
    }

    /// A token for git over HTTP (as the password) and for the API.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    pub(super) async fn does<T: Send + 'static>(
        &self,
        verb: impl FnOnce(&mut World, i64, &str) -> Result<T, YardError> + Send + 'static,
    ) -> Result<T, YardError> {
        let (id, login) = (self.repo.id, self.login.clone());
        self.repo
            .yard
            .shared
            .change(move |world| verb(world, id, &login))
            .await
    }

    /// Opens an issue; its number.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn opens_issue(&self, title: &str, body: &str) -> Result<i64, YardError> {
        let (title, body) = (title.to_owned(), body.to_owned());
        self.does(move |world, repo, me| world.open_issue(repo, me, &title, &body))
            .await
    }

    /// Puts a label on. Triage or better.
    ///
    /// # Errors
    /// May not, or there is no such thread.
    pub async fn labels(&self, n: i64, label: &str) -> Result<(), YardError> {
        let label = label.to_owned();
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Triage)?;
            world.label(repo, n, me, &label, true)
        })
        .await
    }

    /// Takes a label off.
    ///
    /// # Errors
    /// May not, or there is no such thread.
    pub async fn unlabels(&self, n: i64, label: &str) -> Result<(), YardError> {
        let label = label.to_owned();
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Triage)?;
            world.label(repo, n, me, &label, false)
        })
        .await
    }

    /// Comments; the comment's number.
    ///
    /// # Errors
    /// There is no such thread.
    pub async fn comments(&self, n: i64, text: &str) -> Result<i64, YardError> {
        let text = text.to_owned();
        self.does(move |world, repo, me| world.comment(repo, n, me, &text))
            .await
    }

    /// Edits a comment.
    ///
    /// # Errors
    /// There is no such comment.
    pub async fn edits_comment(&self, id: i64, text: &str) -> Result<(), YardError> {
        let text = text.to_owned();
        self.does(move |world, repo, me| world.edit_comment(repo, id, me, &text))
            .await
    }

    /// Deletes a comment.
    ///
    /// # Errors
    /// There is no such comment.
    pub async fn deletes_comment(&self, id: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| world.delete_comment(repo, id, me))
            .await
    }

    /// Edits the text of an issue or pull request.
    ///
    /// # Errors
    /// There is no such thread.
    pub async fn edits_issue(&self, n: i64, body: &str) -> Result<(), YardError> {
        let body = body.to_owned();
        self.does(move |world, repo, me| world.edit_thread(repo, n, me, None, Some(&body)))
            .await
    }

    /// Gives an issue or pull request another title.
    ///
    /// # Errors
    /// There is no such thread.
    pub async fn retitles(&self, n: i64, title: &str) -> Result<(), YardError> {
        let title = title.to_owned();
        self.does(move |world, repo, me| world.edit_thread(repo, n, me, Some(&title), None))
            .await
    }

    /// Closes an issue or pull request.
    ///
    /// # Errors
    /// There is no such thread.
    pub async fn closes(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| world.set_open(repo, n, me, false))
            .await
    }

    /// Opens it again.
    ///
    /// # Errors
    /// There is no such thread.
    pub async fn reopens(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| world.set_open(repo, n, me, true))
            .await
    }

    /// Deletes an issue.
    ///
    /// # Errors
    /// There is no such thread.
    pub async fn deletes_issue(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| world.delete_thread(repo, n, me))
            .await
    }

    /// Opens a pull request; its number.
    ///
    /// # Errors
    /// There is no such branch.
    pub async fn opens_pull(&self, head: &str, base: &str, title: &str) -> Result<i64, YardError> {
        let (head, base, title) = (head.to_owned(), base.to_owned(), title.to_owned());
        self.does(move |world, repo, me| {
            world.open_pull(repo, me, (&head, &base), (&title, ""), false)
        })
        .await
    }

    /// Opens a draft; its number.
    ///
    /// # Errors
    /// There is no such branch.
    pub async fn opens_draft(&self, head: &str, base: &str, title: &str) -> Result<i64, YardError> {
        let (head, base, title) = (head.to_owned(), base.to_owned(), title.to_owned());
        self.does(move |world, repo, me| {
            world.open_pull(repo, me, (&head, &base), (&title, ""), true)
        })
        .await
    }

    /// Gives a branch another name. Write or better.
    ///
    /// # Errors
    /// May not, or there is no such branch.
    pub async fn renames_branch(&self, from: &str, to: &str) -> Result<(), YardError> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            world.rename_branch(repo, &from, &to)
        })
        .await
    }

    /// Marks a draft as ready for review.
    ///
    /// # Errors
    /// There is no such pull request.
    pub async fn readies(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| world.set_draft(repo, n, me, false))
            .await
    }
}
