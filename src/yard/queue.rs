//! The merge queue: entries in order, each with a head of its own, built on the one before it.
//!
//! It turns whenever something happens: builds what is missing, merges what passed, throws out what
//! failed or took too long, and builds anew whatever stood on that.

use std::collections::BTreeMap;

use super::YardError;
use super::git::Signature;
use super::merging::Standing;
use super::model::Entry;
use super::playing::Spot;
use super::refs::RefChange;
use super::reports::Cue;
use super::world::World;
use crate::domain::time::Timestamp;

/// Who builds groups and merges them.
pub(super) const QUEUE_BOT: &str = "github-merge-queue[bot]";

/// The queues of a repository.
#[derive(Default)]
pub(super) struct Queues {
    pub(super) entries: BTreeMap<String, Vec<Queued>>,
    turning: bool,
}

/// A pull request in a queue.
#[derive(Clone, Debug)]
pub(super) struct Queued {
    pub(super) pull: i64,
    /// Its head when it was queued.
    pub(super) head: String,
    pub(super) by: String,
    pub(super) at: Timestamp,
    pub(super) group: Option<Group>,
}

/// What was built for an entry: its head merged into the entry before it, or into the base.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The whole name of its ref.
    pub(super) name: String,
    pub(super) head: String,
    pub(super) base: String,
    pub(super) since: Timestamp,
}

/// The next thing that a queue does.
enum Turn {
    Build(usize),
    /// This many from the front.
    Merge(usize),
    Eject(usize, &'static str),
    /// The base moved without the queue.
    Rebuild,
}

impl World {
    /// Puts a pull request in the queue of its base.
    pub(super) fn join_queue(&mut self, repo: i64, n: i64, actor: &str) -> Result<(), YardError> {
        let now = self.clock.now();
        let pull = self.thread(repo, n)?.pull.clone();
        let pull = pull.ok_or(YardError::NoSuch("pull request"))?;
        let known = self.repo_mut(repo)?;
        let entries = known.queues.entries.entry(pull.base).or_default();
        if entries.iter().any(|one| one.pull == n) {
            return Err(YardError::Refused(
                "Pull request is already in the queue".to_owned(),
            ));
        }
        entries.push(Queued {
            pull: n,
            head: pull.head_oid,
            by: actor.to_owned(),
            at: now,
            group: None,
        });
        self.note(repo, n, format!("{actor} added this to the merge queue"))?;
        self.tell_thread(repo, n, "enqueued", actor, serde_json::json!({}))?;
        self.turn_queues(repo)
    }

    /// Takes a pull request out of the queue by hand.
    pub(super) fn leave_queue(&mut self, repo: i64, n: i64, actor: &str) -> Result<(), YardError> {
        let found = self
            .repo(repo)?
            .queues
            .entries
            .iter()
            .find_map(|(branch, all)| {
                let at = all.iter().position(|one| one.pull == n)?;
                Some((branch.clone(), at))
            });
        let (branch, at) = found.ok_or(YardError::NoSuch("entry of the queue"))?;
        self.eject(repo, (&branch, at), "MANUAL", actor)?;
        self.turn_queues(repo)
    }

    fn note(&mut self, repo: i64, n: i64, said: String) -> Result<(), YardError> {
        self.thread_mut(repo, n)?.story.push(Entry::Noted { said });
        Ok(())
    }

    /// Lets all queues of a repository do what they can.
    pub(super) fn turn_queues(&mut self, repo: i64) -> Result<(), YardError> {
        let queues = &mut self.repo_mut(repo)?.queues;
        // What a turn does calls for another one: that is taken in the same loop.
        if queues.turning || queues.entries.values().all(Vec::is_empty) {
            return Ok(());
        }
        queues.turning = true;
        let turned = self.turn_all(repo);
        self.repo_mut(repo)?.queues.turning = false;
        turned
    }

    fn turn_all(&mut self, repo: i64) -> Result<(), YardError> {
        loop {
            self.let_go_stale(repo);
            let branches = self.repo(repo)?.queues.entries.keys();
            let branches: Vec<String> = branches.cloned().collect();
            let mut turns = branches.into_iter();
            let turn = turns.find_map(|branch| Some((self.next_turn(repo, &branch)?, branch)));
            let Some((turn, branch)) = turn else {
                return Ok(());
            };
            match turn {
                Turn::Build(at) => self.build(repo, (&branch, at))?,
                Turn::Merge(count) => {
                    for _ in 0..count {
                        self.merge_first(repo, &branch)?;
                    }
                }
                Turn::Eject(at, reason) => self.eject(repo, (&branch, at), reason, QUEUE_BOT)?,
                Turn::Rebuild => self.invalidate(repo, (&branch, 0))?,
            }
        }
    }

    fn next_turn(&self, repo: i64, branch: &str) -> Option<Turn> {
        let known = self.repo(repo).ok()?;
        let entries = known.queues.entries.get(branch)?;
        for (at, entry) in entries.iter().enumerate() {
            let thread = known.threads.get(&entry.pull)?;
            let pull = thread.pull.as_ref()?;
            if !thread.open || pull.draft || pull.head_oid != entry.head {
                return Some(Turn::Eject(at, "UNKNOWN_REMOVAL_REASON"));
            }
        }
        let first = entries.first()?.group.as_ref();
        if first.is_some_and(|group| Some(group.base.as_str()) != known.tip(branch)) {
            return Some(Turn::Rebuild);
        }
        if let Some(at) = entries.iter().position(|one| one.group.is_none()) {
            return Some(Turn::Build(at));
        }
        let demands = self.demands(known, branch);
        let rules = demands.queue.unwrap_or_default();
        let late_ms = rules.timeout_minutes * 60_000;
        let end = |entry: &Queued| {
            let group = entry.group.as_ref()?;
            let missing = self.checks_missing(known, (&group.head, None), &demands);
            if missing.is_empty() {
                return Some(Ok(()));
            }
            if missing.iter().any(|(_, one)| *one == Standing::Failing) {
                return Some(Err("CI_FAILURE"));
            }
            let late = self.clock.now().since_ms(group.since) >= late_ms;
            late.then_some(Err("CI_TIMEOUT"))
        };
        let ends: Vec<_> = entries.iter().map(end).collect();
        if rules.all_green {
            let failed = |one: &Option<Result<(), &'static str>>| one.and_then(Result::err);
            return match ends.first() {
                Some(Some(Ok(()))) => Some(Turn::Merge(1)),
                _ => ends
                    .iter()
                    .enumerate()
                    .find_map(|(at, one)| Some(Turn::Eject(at, failed(one)?))),
            };
        }
        if let Some(at) = ends.iter().rposition(|one| *one == Some(Ok(()))) {
            return Some(Turn::Merge(at + 1));
        }
        let reason = ends.last().copied().flatten()?.err()?;
        Some(Turn::Eject(ends.len() - 1, reason))
    }

    fn entry(&self, repo: i64, (branch, at): (&str, usize)) -> Result<&Queued, YardError> {
        let entries = self.repo(repo)?.queues.entries.get(branch);
        let entry = entries.and_then(|entries| entries.get(at));
        entry.ok_or(YardError::NoSuch("entry of the queue"))
    }

    fn entries_mut(&mut self, repo: i64, branch: &str) -> Result<&mut Vec<Queued>, YardError> {
        let entries = self.repo_mut(repo)?.queues.entries.get_mut(branch);
        entries.ok_or(YardError::NoSuch("queue"))
    }

    fn build(&mut self, repo: i64, (branch, at): (&str, usize)) -> Result<(), YardError> {
        let entry = self.entry(repo, (branch, at))?.clone();
        let before = match at.checked_sub(1) {
            Some(before) => self.entry(repo, (branch, before))?.group.clone(),
            None => None,
        };
        let base = match before {
            Some(group) => group.head,
            None => self.commit(repo, branch)?,
        };
        // Groups that are built anew in the same second are other commits all the same.
        let at_s = self.clock.now().0.div_euclid(1000) + self.next("group");
        let n = entry.pull;
        let (known, title) = (self.repo(repo)?, &self.thread(repo, n)?.title);
        let message = format!("Merge pull request #{n} from {}\n\n{title}\n", known.owner);
        let author = Signature {
            at_s,
            ..self.signature_of(&entry.by)
        };
        let committer = Signature {
            name: "GitHub".to_owned(),
            email: "noreply@github.com".to_owned(),
            at_s,
        };
        let parents = [base.clone(), entry.head];
        let made = self.merge_commit(repo, &parents, &message, (&author, &committer));
        let Ok(head) = made else {
            return self.eject(repo, (branch, at), "MERGE_CONFLICT", QUEUE_BOT);
        };
        let short = format!("gh-readonly-queue/{branch}/pr-{n}-{base}");
        let group = Group {
            name: format!("refs/heads/{short}"),
            head: head.clone(),
            base,
            since: self.clock.now(),
        };
        if let Some(entry) = self.entries_mut(repo, branch)?.get_mut(at) {
            entry.group = Some(group.clone());
        }
        self.repo_mut(repo)?.verified.insert(head.clone());
        let change = RefChange {
            name: group.name.clone(),
            old: None,
            new: Some(head.clone()),
        };
        self.move_ref(repo, QUEUE_BOT, change)?;
        self.tell_group(repo, branch, &group, ("checks_requested", None))?;
        let spot = Spot {
            branch: short,
            head,
            actor: QUEUE_BOT.to_owned(),
            event: "merge_group",
            draft: false,
        };
        self.play_cue(repo, &Cue::Groups, &spot)
    }

    fn merge_first(&mut self, repo: i64, branch: &str) -> Result<(), YardError> {
        let entry = self.entries_mut(repo, branch)?.remove(0);
        let group = entry.group.ok_or(YardError::NoSuch("group"))?;
        let ends = (group.base.as_str(), group.head.as_str());
        self.set_merged(repo, entry.pull, QUEUE_BOT, ends)?;
        self.destroy(repo, branch, &group, "merged")
    }

    fn eject(
        &mut self,
        repo: i64,
        (branch, at): (&str, usize),
        reason: &str,
        actor: &str,
    ) -> Result<(), YardError> {
        let entry = self.entry(repo, (branch, at))?.clone();
        self.entries_mut(repo, branch)?.remove(at);
        if let Some(group) = entry.group {
            self.destroy(repo, branch, &group, "dequeued")?;
        }
        let n = entry.pull;
        self.note(
            repo,
            n,
            format!("{actor} removed this from the merge queue: {reason}"),
        )?;
        let more = serde_json::json!({"reason": reason});
        self.tell_thread(repo, n, "dequeued", actor, more)?;
        self.invalidate(repo, (branch, at))
    }

    /// Whatever stands on what is gone has to be built anew.
    fn invalidate(&mut self, repo: i64, (branch, from): (&str, usize)) -> Result<(), YardError> {
        let entries = self.entries_mut(repo, branch)?.iter_mut().skip(from);
        let groups: Vec<Group> = entries.filter_map(|one| one.group.take()).collect();
        for group in groups {
            self.destroy(repo, branch, &group, "invalidated")?;
        }
        Ok(())
    }

    fn destroy(
        &mut self,
        repo: i64,
        branch: &str,
        group: &Group,
        reason: &str,
    ) -> Result<(), YardError> {
        self.tell_group(repo, branch, group, ("destroyed", Some(reason)))?;
        let change = RefChange {
            name: group.name.clone(),
            old: Some(group.head.clone()),
            new: None,
        };
        self.move_ref(repo, QUEUE_BOT, change)
    }
}
