//! The merge queue as people, tests and the App see it.

use serde_json::{Value, json};

use super::YardError;
use super::graphql_parts::{actor, asked, failed, variable};
use super::merging::Way;
use super::model::{Permission, Repository};
use super::people::{Actor, Repo};
use super::plays::{Play, Queueing, Requirement};
use super::queue::{Group, QUEUE_BOT, Queued};
use super::reports::Cue;
use super::rest::{Answer, Call};
use super::shapes::node_id;
use super::world::World;

impl Actor {
    /// Puts a pull request in the merge queue of its base. Write or better; what the base asks of
    /// a head must be there already.
    ///
    /// # Errors
    /// May not, there is no queue; or [`YardError::Refused`] with GitHub's reason.
    pub async fn enqueues(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            world.let_go_stale(repo);
            let pull = world.thread(repo, n)?.pull.as_ref();
            let base = pull.ok_or(YardError::NoSuch("pull request"))?.base.clone();
            if world.demands(world.repo(repo)?, &base).queue.is_none() {
                return Err(YardError::NoSuch("merge queue"));
            }
            match world.merge_refusal(repo, n, Way::Queues)? {
                Some(said) => Err(YardError::Refused(said)),
                None => world.join_queue(repo, n, me),
            }
        })
        .await
    }

    /// Takes a pull request out of the merge queue. Write or better.
    ///
    /// # Errors
    /// May not, or it is in none.
    pub async fn dequeues(&self, n: i64) -> Result<(), YardError> {
        self.does(move |world, repo, me| {
            world.needs(repo, me, Permission::Write)?;
            world.leave_queue(repo, n, me)
        })
        .await
    }
}

impl Repo {
    /// From now on a branch has a merge queue; for another than the usual one, see
    /// [`Repo::requires`] with [`Requirement::Queue`].
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn queue(&self, branch: &str) -> Result<(), YardError> {
        let usual = Requirement::Queue(Queueing::default());
        self.requires(branch, usual).await
    }

    /// What is in the queue of a branch, in order: pull request, and the head that was built for it.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn queued(&self, branch: &str) -> Result<Vec<(i64, String)>, YardError> {
        let branch = branch.to_owned();
        self.stage(move |world, repo| {
            world.turn_queues(repo)?;
            let entries = world.repo(repo)?.queues.entries.get(&branch);
            let head = |one: &Queued| {
                let group = one.group.as_ref();
                group.map(|group| group.head.clone()).unwrap_or_default()
            };
            let entries = entries.into_iter().flatten();
            Ok(entries.map(|one| (one.pull, head(one))).collect())
        })
        .await
    }

    /// The queues notice that the clock moved.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn turns_queues(&self) -> Result<(), YardError> {
        self.stage(World::turn_queues).await
    }

    /// The n-th group from now on that a queue builds gets the n-th play; the last play repeats.
    ///
    /// # Errors
    /// The repository is gone.
    pub async fn plays_on_groups(&self, plays: Vec<Play>) -> Result<(), YardError> {
        self.cues(Cue::Groups, plays).await
    }
}

impl World {
    /// Tells of a group.
    pub(super) fn tell_group(
        &mut self,
        repo: i64,
        branch: &str,
        group: &Group,
        (action, reason): (&str, Option<&str>),
    ) -> Result<(), YardError> {
        let commit = self.show_pushed(self.repo(repo)?, &group.head);
        let part = |key: &str| commit.get(key).cloned().unwrap_or_default();
        let commit = json!({"id": group.head, "tree_id": part("tree_id"), "message": part("message"),
                            "timestamp": part("timestamp"), "author": part("author"), "committer": part("committer")});
        let mut what = json!({"merge_group": {
            "head_sha": group.head, "head_ref": group.name, "base_sha": group.base,
            "base_ref": format!("refs/heads/{branch}"), "head_commit": commit}});
        if let (Some(reason), Some(map)) = (reason, what.as_object_mut()) {
            map.insert("reason".to_owned(), json!(reason));
        }
        self.tell("merge_group", Some(action), repo, QUEUE_BOT, what);
        Ok(())
    }
}

/// `repository.mergeQueue(branch:)` with its entries, by the repository's name.
pub(super) fn merge_queue(world: &mut World, call: &Call) -> Answer {
    let id = match asked(world, call, "merge_queues") {
        Ok(id) => id,
        Err(answer) => return answer,
    };
    // What git refuses now it refuses the next time as well.
    let turned = world.turn_queues(id);
    let (Ok(()), Ok(repo)) = (turned, world.repo(id)) else {
        return failed("repository", "NOT_FOUND", "gone");
    };
    let branch = match variable(call, "branch").as_str().unwrap_or_default() {
        "" => repo.default_branch.clone(),
        branch => branch.trim_start_matches("refs/heads/").to_owned(),
    };
    let queue = world.demands(repo, &branch).queue.map(|rules| {
        let entries = repo.queues.entries.get(&branch);
        let entries = entries.into_iter().flatten().enumerate();
        let shown: Vec<Value> = entries.map(|(at, one)| entry_node(world, repo, at, one)).collect();
        json!({"id": node_id("MQ", id), "url": format!("{}/{}/queue/{branch}", world.base_url, repo.full_name()),
               "configuration": {"checkResponseTimeout": rules.timeout_minutes,
                                 "mergingStrategy": if rules.all_green { "ALLGREEN" } else { "HEADGREEN" }},
               "entries": {"totalCount": shown.len(), "nodes": shown,
                           "pageInfo": {"hasNextPage": false, "endCursor": shown.len().to_string()}}})
    });
    Answer::ok(
        json!({"data": {"repository": {"id": node_id("R", id), "databaseId": id, "mergeQueue": queue}}}),
    )
}

fn entry_node(world: &World, repo: &Repository, at: usize, one: &Queued) -> Value {
    let commit = |oid: &str| json!({"__typename": "Commit", "oid": oid});
    let group = one.group.as_ref();
    let thread = repo.threads.get(&one.pull);
    let pull = thread.and_then(|thread| thread.pull.as_ref()).map(|pull| {
        json!({"__typename": "PullRequest", "id": node_id("PR", pull.id), "databaseId": pull.id,
               "number": one.pull, "headRefOid": pull.head_oid, "baseRefName": pull.base, "isDraft": pull.draft})
    });
    json!({
        "__typename": "MergeQueueEntry", "id": format!("MQE_{}_{}", repo.id, one.pull), "position": at + 1,
        "state": if group.is_some() { "AWAITING_CHECKS" } else { "QUEUED" }, "jump": false, "solo": false,
        "enqueuedAt": one.at.to_string(), "enqueuer": actor(world, &one.by), "estimatedTimeToMerge": null,
        "headCommit": group.map(|group| commit(&group.head)), "baseCommit": group.map(|group| commit(&group.base)),
        "pullRequest": pull,
    })
}
