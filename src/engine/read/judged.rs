//! What only concerns pull requests that are judged: the bases of some, and what is said about them.

use super::super::{Engine, EngineError};
use super::Reading;
use crate::domain::ids::{Number, Oid};
use crate::domain::notice::{BuiltGroup, Place};
use crate::store::StoredTask;

impl Engine {
    /// Somebody pushed to another branch: it may be the base of tasks, and in their way (H6).
    pub(super) async fn read_base_push(
        &self,
        place: &Place,
        branch: &str,
    ) -> Result<Reading, EngineError> {
        let live = self.store.live_tasks(place.repository).await?;
        let meant = |one: &&StoredTask| one.task.base.branch == branch && one.task.pull.is_some();
        let meant: Vec<&StoredTask> = live.iter().filter(meant).collect();
        // Policy, owners or workflows may be other ones now.
        self.mark_base(place.repository, branch).await?;
        self.look_at_base(&meant).await?;
        Ok(match !meant.is_empty() {
            true => Reading::Done("the base was compared with what was delivered"),
            false => Reading::Ignored("no task has this branch".to_owned()),
        })
    }

    /// Something about a pull request is not what it was: it is judged anew.
    pub(super) async fn read_touch(
        &self,
        place: &Place,
        number: Number,
    ) -> Result<Reading, EngineError> {
        if !self.is_enrolled(place).await? {
            return Ok(Reading::Ignored("not a repository of ours".to_owned()));
        }
        self.mark_pull(place.repository, number).await?;
        Ok(Reading::Done("a pull request is judged anew"))
    }

    /// A check run of our own was made. One that is not the last that this server knows of may be
    /// older than what it says, and counts all the same: the newest run wins.
    pub(super) async fn read_published(
        &self,
        place: &Place,
        head: &Oid,
        run: i64,
    ) -> Result<Reading, EngineError> {
        if !self.store.doubt_run(place.repository, head, run).await? {
            return Ok(Reading::Ignored("the check that we published".to_owned()));
        }
        self.mark_head(place.repository, head).await?;
        Ok(Reading::Done("another check of ours is looked into"))
    }

    /// A merge queue waits for what we say of a group.
    pub(super) async fn read_group(
        &self,
        place: &Place,
        group: &BuiltGroup,
    ) -> Result<Reading, EngineError> {
        if !self.is_enrolled(place).await? {
            return Ok(Reading::Ignored("not a repository of ours".to_owned()));
        }
        let now = self.clock.now();
        self.store.put_group(place.repository, group, now).await?;
        self.bell.notify_waiters();
        Ok(Reading::Done("a group of the merge queue is judged"))
    }

    /// A group is gone: nothing is said of it any more (M7).
    pub(super) async fn read_group_end(
        &self,
        place: &Place,
        head: &Oid,
    ) -> Result<Reading, EngineError> {
        self.store.forget_group(place.repository, head).await?;
        Ok(Reading::Done("a group of the merge queue is forgotten"))
    }
}
