//! Comments and reactions: the model moves, and the App is told.
//!
//! Used by people and by the REST API alike; who may do it was asked before.

use serde_json::{Value, json};

use super::YardError;
use super::model::{Comment, Entry, Reaction};
use super::world::World;

impl World {
    /// Somebody comments; the comment's number.
    pub(super) fn comment(
        &mut self,
        repo: i64,
        n: i64,
        actor: &str,
        body: &str,
    ) -> Result<i64, YardError> {
        self.thread(repo, n)?;
        let (id, now) = (self.next("comment"), self.clock.now());
        let comment = Comment {
            id,
            thread: n,
            author: actor.to_owned(),
            body: body.to_owned(),
            created_at: now,
            updated_at: now,
            edited: false,
            reactions: Vec::new(),
        };
        self.repo_mut(repo)?.comments.insert(id, comment);
        let thread = self.thread_mut(repo, n)?;
        thread.updated_at = now;
        thread.story.push(Entry::Commented { comment: id });
        self.tell_comment(repo, id, "created", actor, json!({}))?;
        Ok(id)
    }

    /// Somebody edits a comment.
    pub(super) fn edit_comment(
        &mut self,
        repo: i64,
        id: i64,
        actor: &str,
        body: &str,
    ) -> Result<(), YardError> {
        let now = self.clock.now();
        let known = self.repo_mut(repo)?;
        let comment = known
            .comments
            .get_mut(&id)
            .ok_or(YardError::NoSuch("comment"))?;
        if comment.body == body {
            return Ok(());
        }
        let before = std::mem::replace(&mut comment.body, body.to_owned());
        comment.edited = true;
        comment.updated_at = now;
        let n = comment.thread;
        self.thread_mut(repo, n)?.updated_at = now;
        self.tell_comment(
            repo,
            id,
            "edited",
            actor,
            json!({"changes": {"body": {"from": before}}}),
        )
    }

    /// Somebody deletes a comment.
    pub(super) fn delete_comment(
        &mut self,
        repo: i64,
        id: i64,
        actor: &str,
    ) -> Result<(), YardError> {
        self.tell_comment(repo, id, "deleted", actor, json!({}))?;
        self.repo_mut(repo)?.comments.remove(&id);
        Ok(())
    }

    fn tell_comment(
        &mut self,
        repo: i64,
        id: i64,
        action: &str,
        actor: &str,
        more: Value,
    ) -> Result<(), YardError> {
        let known = self.repo(repo)?;
        let comment = known
            .comments
            .get(&id)
            .ok_or(YardError::NoSuch("comment"))?;
        let thread = self.thread(repo, comment.thread)?;
        let mut what = json!({"issue": self.show_issue(known, thread), "comment": self.show_comment(known, comment)});
        super::templates::patch(&mut what, more);
        self.tell("issue_comment", Some(action), repo, actor, what);
        Ok(())
    }

    /// A reaction on a thread or on a comment; `false` where it was there already.
    pub(super) fn react(
        &mut self,
        repo: i64,
        on: On,
        actor: &str,
        content: &str,
    ) -> Result<(Reaction, bool), YardError> {
        let (id, at) = (self.next("reaction"), self.clock.now());
        let known = self.repo_mut(repo)?;
        let reactions = match on {
            On::Thread(n) => known
                .threads
                .get_mut(&n)
                .map(|thread| &mut thread.reactions),
            On::Comment(id) => known
                .comments
                .get_mut(&id)
                .map(|comment| &mut comment.reactions),
        };
        let reactions = reactions.ok_or(YardError::NoSuch("subject of a reaction"))?;
        if let Some(known) = reactions
            .iter()
            .find(|one| one.actor == actor && one.content == content)
        {
            return Ok((known.clone(), false));
        }
        let reaction = Reaction {
            id,
            actor: actor.to_owned(),
            content: content.to_owned(),
            at,
        };
        reactions.push(reaction.clone());
        Ok((reaction, true))
    }
}

/// What a reaction is on.
#[derive(Clone, Copy)]
pub(super) enum On {
    Thread(i64),
    Comment(i64),
}
