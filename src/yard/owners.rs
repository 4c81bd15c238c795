//! People, continued: what they do to branches, and to the repository as a whole.

use serde_json::json;

use super::YardError;
use super::model::{AccountKind, Permission};
use super::people::Actor;
use super::refs::{FileChange, RefChange};
use super::world::World;
use crate::domain::ids::Oid;

impl Actor {
    async fn may<T: Send + 'static>(
        &self,
        least: Permission,
        verb: impl FnOnce(&mut World, i64, &str) -> Result<T, YardError> + Send + 'static,
    ) -> Result<T, YardError> {
        self.does(move |world, repo, me| {
            world.needs(repo, me, least)?;
            verb(world, repo, me)
        })
        .await
    }

    /// Pushes a commit with these files on a branch, which is made from the default branch if need
    /// be; the commit's name. Write or better.
    ///
    /// # Errors
    /// May not, or git fails.
    pub async fn pushes(
        &self,
        branch: &str,
        files: &[(&str, &str)],
        message: &str,
    ) -> Result<Oid, YardError> {
        let files = files
            .iter()
            .map(|(path, content)| (*path, Some(*content)))
            .collect::<Vec<_>>();
        self.pushes_changes(branch, &files, message).await
    }

    /// The same, where `None` takes a file away.
    ///
    /// # Errors
    /// May not, or git fails.
    pub async fn pushes_changes(
        &self,
        branch: &str,
        files: &[(&str, Option<&str>)],
        message: &str,
    ) -> Result<Oid, YardError> {
        let file = |(path, content): &(&str, Option<&str>)| FileChange {
            path: (*path).to_owned(),
            content: content.map(|content| content.as_bytes().to_vec()),
            executable: false,
        };
        let files: Vec<FileChange> = files.iter().map(file).collect();
        let (branch, message) = (branch.to_owned(), format!("{message}\n"));
        self.may(Permission::Write, move |world, repo, me| {
            let known = world.repo(repo)?;
            let old = known.tip(&branch).map(str::to_owned);
            let parent = old
                .clone()
                .or_else(|| known.tip(&known.default_branch).map(str::to_owned));
            let parents: Vec<String> = parent.into_iter().collect();
            let oid = world.commit_files(repo, me, &parents, &files, &message)?;
            let name = format!("refs/heads/{branch}");
            world.move_ref(
                repo,
                me,
                RefChange {
                    name,
                    old,
                    new: Some(oid.clone()),
                },
            )?;
            oid.parse().map_err(|_| YardError::NoSuch("commit"))
        })
        .await
    }

    /// Sets a branch back (or anywhere) by force. Write or better.
    ///
    /// # Errors
    /// May not, or git fails.
    pub async fn force_pushes_back(&self, branch: &str, to: &Oid) -> Result<(), YardError> {
        let (branch, to) = (branch.to_owned(), to.to_string());
        self.may(Permission::Write, move |world, repo, me| {
            let old = world.repo(repo)?.tip(&branch).map(str::to_owned);
            world.move_ref(
                repo,
                me,
                RefChange {
                    name: format!("refs/heads/{branch}"),
                    old,
                    new: Some(to),
                },
            )
        })
        .await
    }

    /// Moves any ref by force to a commit, or takes it away. Write or better.
    ///
    /// # Errors
    /// May not, or git fails.
    pub async fn moves_ref(&self, name: &str, to: Option<&Oid>) -> Result<(), YardError> {
        let (name, to) = (name.to_owned(), to.map(ToString::to_string));
        self.may(Permission::Write, move |world, repo, me| {
            let old = world.repo(repo)?.refs.get(&name).cloned();
            let new = to;
            world.move_ref(repo, me, RefChange { name, old, new })
        })
        .await
    }

    /// Deletes a branch. Write or better.
    ///
    /// # Errors
    /// May not, or there is none.
    pub async fn deletes_branch(&self, branch: &str) -> Result<(), YardError> {
        let branch = branch.to_owned();
        self.may(Permission::Write, move |world, repo, me| {
            let old = world
                .repo(repo)?
                .tip(&branch)
                .ok_or(YardError::NoSuch("branch"))?
                .to_owned();
            world.move_ref(
                repo,
                me,
                RefChange {
                    name: format!("refs/heads/{branch}"),
                    old: Some(old),
                    new: None,
                },
            )
        })
        .await
    }

    /// Renames the repository; the old name redirects.
    ///
    /// # Errors
    /// May not.
    pub async fn renames(&self, new: &str) -> Result<(), YardError> {
        let new = new.to_owned();
        self.may(Permission::Admin, move |world, repo, me| {
            let known = world.repo_mut(repo)?;
            known
                .former_names
                .insert(known.full_name().to_ascii_lowercase());
            let old = std::mem::replace(&mut known.name, new);
            world.tell(
                "repository",
                Some("renamed"),
                repo,
                me,
                json!({"changes": {"repository": {"name": {"from": old}}}}),
            );
            Ok(())
        })
        .await
    }

    /// Gives the repository to another account, which has not installed the App: it is heard of no more.
    ///
    /// # Errors
    /// May not.
    pub async fn transfers(&self, to: &str) -> Result<(), YardError> {
        let to = to.to_owned();
        self.may(Permission::Admin, move |world, repo, me| {
            world.account(&to, AccountKind::User);
            let known = world.repo_mut(repo)?;
            known
                .former_names
                .insert(known.full_name().to_ascii_lowercase());
            let old = std::mem::replace(&mut known.owner, to);
            let from = world.show_user(&old);
            world.tell(
                "repository",
                Some("transferred"),
                repo,
                me,
                json!({"changes": {"owner": {"from": {"user": from}}}}),
            );
            world.remove_from_installation(repo, me)
        })
        .await
    }

    /// Archives the repository.
    ///
    /// # Errors
    /// May not.
    pub async fn archives(&self) -> Result<(), YardError> {
        self.may(Permission::Admin, |world, repo, me| {
            world.repo_mut(repo)?.archived = true;
            world.tell("repository", Some("archived"), repo, me, json!({}));
            Ok(())
        })
        .await
    }

    /// Makes the repository private, or public.
    ///
    /// # Errors
    /// May not.
    pub async fn makes_private(&self, private: bool) -> Result<(), YardError> {
        self.may(Permission::Admin, move |world, repo, me| {
            world.repo_mut(repo)?.private = private;
            world.tell(
                "repository",
                Some(if private { "privatized" } else { "publicized" }),
                repo,
                me,
                json!({}),
            );
            Ok(())
        })
        .await
    }

    /// Takes this repository out of the installation.
    ///
    /// # Errors
    /// May not.
    pub async fn removes_app(&self) -> Result<(), YardError> {
        self.may(Permission::Admin, |world, repo, me| {
            world.remove_from_installation(repo, me)
        })
        .await
    }

    /// Uninstalls the App from the account.
    ///
    /// # Errors
    /// May not, or it is not installed.
    pub async fn uninstalls_app(&self) -> Result<(), YardError> {
        self.may(Permission::Admin, |world, repo, me| {
            let id = world
                .installation_of(repo)
                .ok_or(YardError::NoSuch("installation"))?
                .id;
            let Some(gone) = world.installations.remove(&id) else {
                return Ok(());
            };
            let briefly = |id: &i64| world.repos.get(id).map(World::show_repo_briefly);
            let repos: Vec<_> = gone.repos.iter().filter_map(briefly).collect();
            let what =
                json!({"installation": world.show_installation(&gone), "repositories": repos});
            world.tell_installation("installation", Some("deleted"), id, None, me, what);
            Ok(())
        })
        .await
    }

    /// Suspends the App, or ends that.
    ///
    /// # Errors
    /// May not, or it is not installed.
    pub async fn suspends(&self, suspended: bool) -> Result<(), YardError> {
        self.may(Permission::Admin, move |world, repo, me| {
            let id = world
                .installation_of(repo)
                .ok_or(YardError::NoSuch("installation"))?
                .id;
            if let Some(one) = world.installations.get_mut(&id) {
                one.suspended = suspended;
            }
            let shown = world
                .installations
                .get(&id)
                .map(|one| world.show_installation(one));
            let action = if suspended { "suspend" } else { "unsuspend" };
            world.tell_installation(
                "installation",
                Some(action),
                id,
                None,
                me,
                json!({"installation": shown}),
            );
            Ok(())
        })
        .await
    }
}

impl World {
    fn remove_from_installation(&mut self, repo: i64, actor: &str) -> Result<(), YardError> {
        let Some(id) = self.installation_of(repo).map(|one| one.id) else {
            return Ok(());
        };
        if let Some(one) = self.installations.get_mut(&id) {
            one.repos.remove(&repo);
        }
        let brief = Self::show_repo_briefly(self.repo(repo)?);
        let shown = self
            .installations
            .get(&id)
            .map(|one| self.show_installation(one));
        let what = json!({"installation": shown, "repositories_added": [], "repositories_removed": [brief]});
        self.tell_installation(
            "installation_repositories",
            Some("removed"),
            id,
            None,
            actor,
            what,
        );
        Ok(())
    }
}
