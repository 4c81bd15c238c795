//! What happens on issues and pull requests: the model moves, and the App is told.
//!
//! Used by people and by the REST API alike; who may do it was asked before.

use serde_json::{Value, json};

use super::YardError;
use super::model::{Entry, Pull, Repository, Thread};
use super::world::World;

impl World {
    /// A repository by its number.
    pub(super) fn repo(&self, id: i64) -> Result<&Repository, YardError> {
        self.repos.get(&id).ok_or(YardError::NoSuch("repository"))
    }

    /// The same, to change it.
    pub(super) fn repo_mut(&mut self, id: i64) -> Result<&mut Repository, YardError> {
        self.repos
            .get_mut(&id)
            .ok_or(YardError::NoSuch("repository"))
    }

    /// An issue or pull request.
    pub(super) fn thread(&self, repo: i64, n: i64) -> Result<&Thread, YardError> {
        self.repo(repo)?
            .threads
            .get(&n)
            .ok_or(YardError::NoSuch("issue or pull request"))
    }

    /// The same, to change it.
    pub(super) fn thread_mut(&mut self, repo: i64, n: i64) -> Result<&mut Thread, YardError> {
        self.repo_mut(repo)?
            .threads
            .get_mut(&n)
            .ok_or(YardError::NoSuch("issue or pull request"))
    }

    /// Tells of a thread: as an issue, or as a pull request if it is one.
    pub(super) fn tell_thread(
        &mut self,
        repo: i64,
        n: i64,
        action: &str,
        actor: &str,
        more: Value,
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let thread = self.thread(repo, n)?;
        let (event, mut what) = if thread.pull.is_some() {
            (
                "pull_request",
                json!({"number": n, "pull_request": self.show_pull(known, thread)}),
            )
        } else {
            ("issues", json!({"issue": self.show_issue(known, thread)}))
        };
        super::templates::patch(&mut what, more);
        self.tell(event, Some(action), repo, actor, what);
        Ok(())
    }

    fn new_thread(
        &mut self,
        repo: i64,
        author: &str,
        title: &str,
        body: &str,
        pull: Option<Pull>,
    ) -> Result<i64, YardError> {
        let (id, now) = (self.next("thread"), self.clock.now());
        let known = self.repo_mut(repo)?;
        let number = known.threads.keys().next_back().map_or(1, |last| last + 1);
        let thread = Thread {
            number,
            id,
            title: title.to_owned(),
            body: body.to_owned(),
            author: author.to_owned(),
            open: true,
            labels: std::collections::BTreeSet::new(),
            created_at: now,
            updated_at: now,
            closed_at: None,
            edited_at: None,
            renamed_at: None,
            reactions: Vec::new(),
            story: Vec::new(),
            pull,
        };
        known.threads.insert(number, thread);
        Ok(number)
    }

    /// Somebody opens an issue; its number.
    pub(super) fn open_issue(
        &mut self,
        repo: i64,
        actor: &str,
        title: &str,
        body: &str,
    ) -> Result<i64, YardError> {
        let n = self.new_thread(repo, actor, title, body, None)?;
        self.tell_thread(repo, n, "opened", actor, json!({}))?;
        Ok(n)
    }

    /// Somebody opens a pull request; its number.
    pub(super) fn open_pull(
        &mut self,
        repo: i64,
        actor: &str,
        (head, base): (&str, &str),
        (title, body): (&str, &str),
        draft: bool,
    ) -> Result<i64, YardError> {
        let id = self.next("pull");
        let known = self.repo(repo)?;
        let tip = |branch: &str| {
            known
                .tip(branch)
                .map(str::to_owned)
                .ok_or(YardError::NoSuch("branch"))
        };
        let pull = Pull {
            id,
            head_oid: tip(head)?,
            base_oid: tip(base)?,
            head: head.to_owned(),
            base: base.to_owned(),
            draft,
            merged_by: None,
            merge_oid: None,
            fork: None,
            mergeable: None,
            asked: Default::default(),
        };
        self.open_pull_of(repo, actor, pull, (title, body))
    }

    /// The same, of whatever head.
    pub(super) fn open_pull_of(
        &mut self,
        repo: i64,
        actor: &str,
        pull: Pull,
        (title, body): (&str, &str),
    ) -> Result<i64, YardError> {
        let known = self.repo(repo)?;
        let oids = known
            .git
            .commits_between(Some(&pull.base_oid), &pull.head_oid);
        let n = self.new_thread(repo, actor, title, body, Some(pull))?;
        let first = Entry::Pushed {
            actor: actor.to_owned(),
            oids,
            forced: false,
        };
        self.thread_mut(repo, n)?.story.push(first);
        self.tell_thread(repo, n, "opened", actor, json!({}))?;
        self.ask_owners(repo, n, actor)?;
        self.start_ci(repo, n, actor)?;
        Ok(n)
    }

    /// Puts a label on, or takes it off.
    pub(super) fn label(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        label: &str,
        on: bool,
    ) -> Result<(), YardError> {
        let (id, now) = (self.next("timeline"), self.clock.now());
        let thread = self.thread_mut(repo, n)?;
        let changed = if on {
            thread.labels.insert(label.to_owned())
        } else {
            thread.labels.remove(label)
        };
        if !changed {
            return Ok(());
        }
        thread.updated_at = now;
        let (label_, actor_) = (label.to_owned(), actor.to_owned());
        thread.story.push(if on {
            Entry::Labeled {
                id,
                at: now,
                label: label_,
                actor: actor_,
            }
        } else {
            Entry::Unlabeled {
                id,
                at: now,
                label: label_,
                actor: actor_,
            }
        });
        let shown = self.show_label_of(self.repo(repo)?, label);
        self.tell_thread(
            repo,
            n,
            if on { "labeled" } else { "unlabeled" },
            actor,
            json!({"label": shown}),
        )
    }

    /// Changes title, body, base or draft of a thread.
    pub(super) fn edit_thread(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        title: Option<&str>,
        body: Option<&str>,
    ) -> Result<(), YardError> {
        let now = self.clock.now();
        let thread = self.thread_mut(repo, n)?;
        let mut changes = json!({});
        if let Some(title) = title.filter(|title| *title != thread.title) {
            let before = std::mem::replace(&mut thread.title, title.to_owned());
            thread.renamed_at = Some(now);
            thread.story.push(Entry::Retitled {
                actor: actor.to_owned(),
                title: title.to_owned(),
            });
            super::templates::patch(&mut changes, json!({"title": {"from": before}}));
        }
        if let Some(body) = body.filter(|body| *body != thread.body) {
            let before = std::mem::replace(&mut thread.body, body.to_owned());
            thread.edited_at = Some(now);
            super::templates::patch(&mut changes, json!({"body": {"from": before}}));
        }
        if changes.as_object().is_none_or(serde_json::Map::is_empty) {
            return Ok(());
        }
        thread.updated_at = now;
        self.tell_thread(repo, n, "edited", actor, json!({"changes": changes}))
    }

    /// Closes or reopens.
    pub(super) fn set_open(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        open: bool,
    ) -> Result<(), YardError> {
        let now = self.clock.now();
        let thread = self.thread_mut(repo, n)?;
        if thread.open == open {
            return Ok(());
        }
        thread.open = open;
        thread.updated_at = now;
        thread.closed_at = (!open).then_some(now);
        let actor_ = actor.to_owned();
        thread.story.push(if open {
            Entry::Reopened { actor: actor_ }
        } else {
            Entry::Closed { actor: actor_ }
        });
        self.tell_thread(
            repo,
            n,
            if open { "reopened" } else { "closed" },
            actor,
            json!({}),
        )?;
        self.turn_queues(repo)
    }

    /// Marks a draft as ready, or ready as draft.
    pub(super) fn set_draft(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        draft: bool,
    ) -> Result<(), YardError> {
        let thread = self.thread_mut(repo, n)?;
        let pull = thread
            .pull
            .as_mut()
            .ok_or(YardError::NoSuch("pull request"))?;
        if std::mem::replace(&mut pull.draft, draft) == draft {
            return Ok(());
        }
        if !draft {
            thread.story.push(Entry::Ready {
                actor: actor.to_owned(),
            });
        }
        self.tell_thread(
            repo,
            n,
            if draft {
                "converted_to_draft"
            } else {
                "ready_for_review"
            },
            actor,
            json!({}),
        )?;
        if draft {
            return self.turn_queues(repo);
        }
        self.ask_owners(repo, n, actor)?;
        self.play_ready(repo, n, actor)
    }

    /// Deletes an issue with all that stands on it.
    pub(super) fn delete_thread(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
    ) -> Result<(), YardError> {
        self.tell_thread(repo, n, "deleted", actor, json!({}))?;
        let known = self.repo_mut(repo)?;
        known.threads.remove(&n);
        known.comments.retain(|_, comment| comment.thread != n);
        Ok(())
    }
}
