//! What others than GitHub Actions report on a commit: check runs of their Apps, and statuses.
//!
//! The model moves, and our App is told; what they report, a test says.

use serde_json::json;

use super::YardError;
use super::model::{AccountKind, Entry, Thread};
use super::plays::{PlayedCheck, PlayedStatus};
use super::reports::CommitStatus;
use super::world::World;

impl World {
    /// Another App reports; the number of its check run.
    pub(super) fn play_check(
        &mut self,
        repo: i64,
        head: &str,
        played: PlayedCheck,
    ) -> Result<i64, YardError> {
        self.apps.insert(played.app, played.slug);
        let bot = self.bot_of(played.app);
        self.account(&bot, AccountKind::Bot);
        let suite = self.suite_for(repo, played.app, head)?;
        let mut check = self.new_check(played.app, &played.name, head, suite);
        let id = check.id;
        "in_progress".clone_into(&mut check.status);
        if !played.title.is_empty() {
            check.output = json!({"title": played.title, "summary": played.summary});
        }
        self.put_check(repo, check)?;
        if let Some(conclusion) = played.conclusion {
            self.end_foreign_check(repo, id, &conclusion)?;
        }
        Ok(id)
    }

    /// A check run of another App ends, and its suite if it was the last.
    pub(super) fn end_foreign_check(
        &mut self,
        repo: i64,
        id: i64,
        conclusion: &str,
    ) -> Result<(), YardError> {
        self.close_check(repo, id, conclusion)?;
        let check = self.check_of(repo, id)?;
        let suite = self.repo(repo)?.suite(check.suite);
        if suite.is_some_and(|suite| suite.conclusion.is_some()) {
            let bot = self.bot_of(check.app);
            self.tell_suite(repo, check.suite, &bot)?;
        }
        Ok(())
    }

    /// Somebody sets a status.
    pub(super) fn set_status(
        &mut self,
        repo: i64,
        head: &str,
        played: PlayedStatus,
    ) -> Result<(), YardError> {
        let kind = if played.creator.ends_with("[bot]") {
            AccountKind::Bot
        } else {
            AccountKind::User
        };
        self.account(&played.creator, kind);
        let status = CommitStatus {
            id: self.next("status"),
            head: head.to_owned(),
            context: played.context,
            state: played.state,
            description: played.description,
            creator: played.creator,
            at: self.clock.now(),
        };
        let known = self.repo_mut(repo)?;
        let on_head = |thread: &&mut Thread| {
            let pull = thread.pull.as_ref();
            pull.is_some_and(|pull| pull.head_oid == head)
        };
        let id = status.id;
        for thread in known.threads.values_mut().filter(on_head) {
            thread.story.push(Entry::Stated { status: id });
        }
        known.reports.statuses.push(status.clone());
        let known = self.repo(repo)?;
        let mut what = self.show_status(known, &status);
        let full = known.full_name();
        let branches: Vec<_> = known
            .refs
            .iter()
            .filter(|(_, oid)| oid.as_str() == head)
            .filter_map(|(name, _)| name.strip_prefix("refs/heads/"))
            .map(|name| json!({"name": name, "commit": {"sha": head}, "protected": false}))
            .collect();
        let commit =
            json!({"sha": head, "url": format!("{}/repos/{full}/commits/{head}", self.api())});
        super::templates::patch(
            &mut what,
            json!({"sha": head, "name": full, "commit": commit, "branches": branches}),
        );
        self.tell("status", None, repo, &status.creator, what);
        self.turn_queues(repo)
    }
}
