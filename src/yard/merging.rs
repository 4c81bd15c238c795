//! Whether a pull request may be merged, with GitHub's reason where not; and merging it.
//!
//! The newest check run of a name counts (G1), a check and a status of one name both do (G4), and
//! a pinned name counts only from its App (G5).

use serde_json::json;

use super::YardError;
use super::model::{Check, Entry, Permission, Pull, Repository};
use super::people::{Actor, Repo};
use super::refs::RefChange;
use super::rulesets::{Demands, Required};
use super::world::World;

/// In which way somebody wants to merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// At once.
    Merges,
    /// By the merge queue.
    Queues,
    /// At once, beside the rules.
    Bypasses,
}

/// How a required check stands on a commit, the best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Standing {
    Failing,
    InProgress,
    Expected,
    Passing,
}

impl World {
    /// How a required check stands on a commit.
    pub(super) fn standing(
        &self,
        repo: &Repository,
        head: &str,
        (name, app): &Required,
    ) -> Standing {
        let of_app = |check: &&Check| app.is_none_or(|app| check.app == app);
        let mut checks = repo.checks.values().rev();
        let check = checks.find(|one| one.head == head && one.name == *name && of_app(one));
        let check = check.map(|one| match one.passes() {
            Some(true) => Standing::Passing,
            Some(false) => Standing::Failing,
            None => Standing::InProgress,
        });
        let bot = app.map(|app| self.bot_of(app));
        let mut statuses = repo.reports.statuses.iter().rev();
        let status = statuses.find(|one| {
            let from = bot.as_ref().is_none_or(|bot| one.creator == *bot);
            one.head == head && one.context == *name && from
        });
        let status = status.map(|one| match one.state.as_str() {
            "success" => Standing::Passing,
            "pending" => Standing::InProgress,
            _ => Standing::Failing,
        });
        let both = check.into_iter().chain(status).min();
        both.unwrap_or(Standing::Expected)
    }

    /// What is still missing of the checks that a branch asks for, on a commit.
    pub(super) fn checks_missing(
        &self,
        repo: &Repository,
        (head, merge): (&str, Option<&str>),
        demands: &Demands,
    ) -> Vec<(String, Standing)> {
        let checks = demands.checks.iter().map(|one| {
            let said = format!("Required status check \"{}\"", one.0);
            // What was said of the test merge overrides what was said of the head (G16).
            let on_merge = merge.map(|merge| self.standing(repo, merge, one));
            let on_merge = on_merge.filter(|one| *one != Standing::Expected);
            (
                said,
                on_merge.unwrap_or_else(|| self.standing(repo, head, one)),
            )
        });
        let workflows = demands.workflows.iter().map(|path| {
            let mut runs = repo.runs.values().rev();
            let run =
                runs.find(|run| run.head == head && path.ends_with(&format!("/{}", run.workflow)));
            let standing = match run.map(|run| run.conclusion.as_deref()) {
                None => Standing::Expected,
                Some(None) => Standing::InProgress,
                Some(Some("success" | "neutral" | "skipped")) => Standing::Passing,
                Some(Some(_)) => Standing::Failing,
            };
            (format!("Required workflow \"{path}\""), standing)
        });
        let all = checks.chain(workflows);
        all.filter(|(_, standing)| *standing != Standing::Passing)
            .collect()
    }

    /// GitHub's reason why a pull request cannot be merged now, if there is one.
    pub(super) fn merge_refusal(
        &self,
        repo: i64,
        n: i64,
        way: Way,
    ) -> Result<Option<String>, YardError> {
        let known = self.repo(repo)?;
        let thread = self.thread(repo, n)?;
        let pull = thread.pull.as_ref();
        let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
        let base = known.tip(&pull.base).ok_or(YardError::NoSuch("branch"))?;
        if !thread.open {
            return Ok(Some("Pull Request is not mergeable".to_owned()));
        }
        if pull.draft {
            return Ok(Some("Pull Request is still a draft".to_owned()));
        }
        let merge = ["merge-tree", "--write-tree", base, &pull.head_oid];
        if known.git.text(&merge, b"").is_err() {
            return Ok(Some("Pull Request has merge conflicts".to_owned()));
        }
        if way == Way::Bypasses {
            return Ok(None);
        }
        let broken = self.broken_rules(known, n, pull, way);
        Ok((!broken.is_empty()).then(|| {
            let broken = broken.join("\n\n");
            format!("Repository rule violations found\n\n{broken}\n\n")
        }))
    }

    fn broken_rules(&self, known: &Repository, n: i64, pull: &Pull, way: Way) -> Vec<String> {
        let demands = self.demands(known, &pull.base);
        let mut broken = Vec::new();
        if demands.queue.is_some() && way == Way::Merges {
            broken.push("Changes must be made through the merge queue".to_owned());
        }
        if let Some(asked) = demands.reviews {
            broken.extend(self.reviews_missing(known, n, pull, asked));
        }
        let missing =
            self.checks_missing(known, (&pull.head_oid, known.test_merge(pull)), &demands);
        broken.extend(missing.into_iter().map(|(said, standing)| match standing {
            Standing::Failing => format!("{said} is failing."),
            Standing::InProgress => format!("{said} is in progress."),
            Standing::Expected | Standing::Passing => format!("{said} is expected."),
        }));
        let base = known.tip(&pull.base).unwrap_or_default();
        // A queue brings the head up to date by itself.
        if demands.strict && way == Way::Merges && !known.git.is_ancestor(base, &pull.head_oid) {
            broken.push("Head branch is out of date.".to_owned());
        }
        broken
    }

    fn merge_as(&mut self, repo: i64, n: i64, actor: &str, way: Way) -> Result<(), YardError> {
        self.let_go_stale(repo);
        match self.merge_refusal(repo, n, way)? {
            Some(said) => Err(YardError::Refused(said)),
            None => self.merge(repo, n, actor),
        }
    }

    fn merge(&mut self, repo: i64, n: i64, actor: &str) -> Result<(), YardError> {
        let pull = self.thread(repo, n)?.pull.clone();
        let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
        let base = self.commit(repo, &pull.base)?;
        let who = self.signature_of(actor);
        let message = format!("Merge pull request #{n}\n");
        let parents = [base.clone(), pull.head_oid];
        let oid = self.merge_commit(repo, &parents, &message, (&who, &who))?;
        self.set_merged(repo, n, actor, (&base, &oid))
    }

    /// The merge of two commits by git's own word for its tree.
    pub(super) fn merge_commit(
        &self,
        repo: i64,
        parents: &[String; 2],
        message: &str,
        (author, committer): (&super::git::Signature, &super::git::Signature),
    ) -> Result<String, YardError> {
        let git = &self.repo(repo)?.git;
        let [first, second] = parents;
        let tree = git.text(&["merge-tree", "--write-tree", first, second], b"")?;
        let tree = tree.lines().next().unwrap_or_default().to_owned();
        Ok(git.write_commit(&tree, parents, message, author, committer)?)
    }

    /// A pull request is merged by a commit: it is closed, and its base moves.
    pub(super) fn set_merged(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        (base, oid): (&str, &str),
    ) -> Result<(), YardError> {
        let now = self.clock.now();
        let thread = self.thread_mut(repo, n)?;
        thread.open = false;
        thread.updated_at = now;
        thread.closed_at = Some(now);
        thread.story.push(Entry::Merged {
            actor: actor.to_owned(),
        });
        let mut branch = String::new();
        if let Some(pull) = thread.pull.as_mut() {
            pull.merged_by = Some(actor.to_owned());
            pull.merge_oid = Some(oid.to_owned());
            branch.clone_from(&pull.base);
        }
        self.tell_thread(repo, n, "closed", actor, json!({}))?;
        let change = RefChange {
            name: format!("refs/heads/{branch}"),
            old: Some(base.to_owned()),
            new: Some(oid.to_owned()),
        };
        self.move_ref(repo, actor, change)
    }
}

impl Actor {
    /// Merges a pull request with a merge commit, if the base's rules let everybody. Write or better.
    ///
    /// # Errors
    /// May not; or [`YardError::Refused`] with GitHub's reason.
    pub async fn merges(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            world.merge_as(repo, n, me, Way::Merges)
        })
        .await
    }

    /// Merges beside the rules, as an admin may whom they let by. Not a draft, nor with conflicts.
    ///
    /// # Errors
    /// Is no admin; or [`YardError::Refused`] with GitHub's reason.
    pub async fn merges_as_admin(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Admin)?;
            world.merge_as(repo, n, me, Way::Bypasses)
        })
        .await
    }
}

impl Repo {
    /// The merge of a pull request's head and base that GitHub tries by itself: its commit, to
    /// report on. `None` where it has conflicts.
    ///
    /// # Errors
    /// There is no such pull request.
    pub async fn test_merge(&self, n: i64) -> Result<Option<String>, YardError> {
        self.stage(move |world, repo| {
            world.try_merge(repo, n)?;
            let pull = world.thread(repo, n)?.pull.as_ref();
            let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
            Ok(world.repo(repo)?.test_merge(pull).map(str::to_owned))
        })
        .await
    }

    /// Whether everybody with write access could merge a pull request now; GitHub's reason if not.
    ///
    /// # Errors
    /// GitHub's reason.
    pub async fn may_merge(&self, n: i64) -> Result<(), String> {
        let asked = self.stage(move |world, repo| {
            world.let_go_stale(repo);
            world.merge_refusal(repo, n, Way::Merges)
        });
        match asked.await {
            Ok(None) => Ok(()),
            Ok(Some(said)) => Err(said),
            Err(error) => Err(error.to_string()),
        }
    }
}
