//! Groups of a merge queue: each member judged as of now, what all of them change together, and the
//! required check on the group's head.
//!
//! Members come from the groups that stand on each other, as GitHub told of them; what no delivery told
//! is asked of the queue. Decides nothing: that is [`crate::domain::gate`].

use super::super::{Engine, EngineError};
use super::base::{BaseFiles, base_files};
use super::difference::{Read, Sides};
use super::parts;
use super::publish::Said;
use super::seen::Seen;
use super::sight::Sight;
use crate::domain::ci::checks::{Demanded, Observed};
use crate::domain::gate::Conclusion;
use crate::domain::gate::bounded::{List, Moment, Text};
use crate::domain::gate::facts::{self, Ci, Facts, Group, GroupCi, GroupState, Member, Subject};
use crate::domain::ids::{AppId, Oid};
use crate::domain::notice::BuiltGroup;
use crate::domain::time::Timestamp;
use crate::git::Fetched;
use crate::github::perform::WORKFLOW_FILE;
use crate::github::{PullState, Target};
use crate::store::{DueGroup, GateKey};

/// Members of a group that are judged; more are not resolved.
const MEMBERS_MAX: usize = 50;
/// Commits of one group that are looked at.
const COMMITS_MAX: usize = 5_000;
/// Rest where it could not be judged, or another worker has its head, in seconds.
const TROUBLE_S: i64 = 5;
/// How long a queue waits for checks where its rule does not say so, in seconds: GitHub's usual.
const QUEUE_S: i64 = 3_600;
/// How long before its end we say that CI did not end in time, in seconds; of a short one half of it.
const MARGIN_S: i64 = 120;

/// The groups on which one stands, itself last, and the base's commit under the first.
struct Stack {
    groups: Vec<BuiltGroup>,
    root: Oid,
}

/// What git says of a group.
struct Built {
    sides: Sides,
    files: BaseFiles,
    read: Read,
    workflows: Vec<facts::Workflow>,
}

impl Engine {
    /// Judges the group whose turn it is. Gives whether there was one.
    pub(super) async fn judge_next_group(&self) -> Result<bool, EngineError> {
        let now = self.clock.now();
        let Some(due) = self.store.lease_group(now).await? else {
            return Ok(false);
        };
        let Some(repository) = self.store.repository(due.repository).await? else {
            let head = &due.group.head;
            self.store.forget_group(due.repository, head).await?;
            return Ok(true);
        };
        let target = Target::from(&repository);
        let next = match self.judge_group(&target, &due).await {
            Ok(next) => next,
            Err(EngineError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let said = error.chain();
                tracing::info!(head = %due.group.head, error = said, "a group could not be judged");
                now.plus_s(TROUBLE_S)
            }
        };
        self.store.settle_group(&due, next).await?;
        Ok(true)
    }

    /// Judges a group, and gives when it is judged again.
    async fn judge_group(&self, target: &Target, due: &DueGroup) -> Result<Timestamp, EngineError> {
        let (group, now) = (&due.group, self.clock.now());
        let key = GateKey {
            repository: due.repository,
            head: &group.head,
            base: &group.base,
        };
        let Some((eval_seq, _)) = self.store.lease_head(key, group.number, now).await? else {
            return Ok(now.plus_s(TROUBLE_S));
        };
        let done = self.judge_built(target, due, key, eval_seq).await;
        self.store.release_head(key, eval_seq).await?;
        done
    }

    async fn judge_built(
        &self,
        target: &Target,
        due: &DueGroup,
        key: GateKey<'_>,
        eval_seq: i64,
    ) -> Result<Timestamp, EngineError> {
        let sight = self.observe_group(target, due).await?;
        let verdict = sight.judge();
        let published = self.store.published_run(key).await?;
        let of = (target, due.group.number);
        let said = self.publish(of, (key, eval_seq), (&sight, &verdict), published);
        if let Said::Later(at) = said.await? {
            return Ok(at);
        }
        Ok(sight.next(&verdict))
    }

    /// The facts of a group.
    async fn observe_group(&self, target: &Target, due: &DueGroup) -> Result<Sight, EngineError> {
        let group = &due.group;
        let demanded = self.required_of(target, &group.base).await?;
        let stack = self.stack(target, group).await?;
        let members = match &stack {
            Some(stack) => self.members(target, stack).await?,
            None => None,
        };
        let root = stack.map_or_else(|| group.built_on.clone(), |stack| stack.root);
        // Where the rules ask for no check but ours, none is waited for.
        let observed = match demanded.checks.is_empty() {
            true => None,
            false => Some(self.checks_of(target, &group.head).await?),
        };
        let asked = (&demanded, observed.as_ref());
        let mut built = self.built(target, &group.head, root, asked).await?;
        let now = self.clock.now();
        let ci = observed.map(|observed| group_ci(due, &demanded, &observed, &mut built, now));
        let ci = ci.transpose()?;
        let subject = Group {
            head: group.head.clone(),
            state: GroupState::Active,
            since: Moment(due.since),
            rebuilt_from: None,
            members: members.map(parts::bounded).transpose()?,
            tier: built.read.assessment.tier,
            // GitHub may merge by the last entry alone: each is judged for all before it.
            all_entries_pass: true,
            ci,
        };
        let base = parts::base(&group.base, built.sides.base, built.files.policy, &demanded)?;
        Ok(Sight {
            facts: Facts {
                version: facts::VERSION,
                now: Moment(now),
                app: AppId(self.github()?.app_id()),
                repository: target.repository,
                base,
                organisation: self.rules.organisation.clone(),
                unread: None,
                published: None,
                subject: Subject::MergeGroup(Box::new(subject)),
            },
            policy: built.files.read,
            difference: built.read.difference,
            shared: List::default(),
            required: true,
        })
    }

    /// The groups on which this one stands. `None` where they are not known: the queue is asked then,
    /// and its groups are kept for the next look.
    async fn stack(
        &self,
        target: &Target,
        last: &BuiltGroup,
    ) -> Result<Option<Stack>, EngineError> {
        let mut groups = vec![last.clone()];
        let mut root = last.built_on.clone();
        while let Some(before) = self.store.group(target.repository, &root).await? {
            if groups.len() >= MEMBERS_MAX {
                return Ok(None);
            }
            root = before.built_on.clone();
            groups.push(before);
        }
        groups.reverse();
        let (mirror, remote) = self.mirror_for(target).await?;
        let is_rooted = match mirror.fetch(&remote, &last.base, &last.head).await? {
            Fetched::Tip(tip) => mirror.leads_to(&root, &tip).await?,
            Fetched::NoBranch | Fetched::NoCommit => false,
        };
        drop(mirror);
        if is_rooted {
            return Ok(Some(Stack { groups, root }));
        }
        // Not to be told either is the same as not to know: that has an end of its own (M4).
        match self.fill_groups(target, &last.base).await {
            Err(EngineError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let said = error.chain();
                tracing::info!(
                    base = last.base,
                    error = said,
                    "a merge queue could not be read"
                );
            }
            Ok(()) => {}
        }
        Ok(None)
    }

    /// Has the groups judged that the queue of a base builds and no delivery told of.
    pub(in super::super) async fn fill_groups(
        &self,
        target: &Target,
        base: &str,
    ) -> Result<(), EngineError> {
        let groups = self.github()?.merge_groups(target, base).await?;
        let now = self.clock.now();
        for group in groups {
            self.store.put_group(target.repository, &group, now).await?;
        }
        self.bell.notify_waiters();
        Ok(())
    }

    /// Every member with its verdict of now; `None` where one is not open any more.
    async fn members(
        &self,
        target: &Target,
        stack: &Stack,
    ) -> Result<Option<Vec<Member>>, EngineError> {
        let mut members = Vec::with_capacity(stack.groups.len());
        for group in &stack.groups {
            let state = self.github()?.pull_state(target, group.number).await?;
            let Some(state) = state.filter(|state| state.open) else {
                return Ok(None);
            };
            let merged = self.merged_head(target, group).await?;
            members.push(self.member(target, group, &state, merged).await?);
        }
        Ok(Some(members))
    }

    /// The head that a group merges; `None` where it was not merged but written anew.
    async fn merged_head(
        &self,
        target: &Target,
        group: &BuiltGroup,
    ) -> Result<Option<Oid>, EngineError> {
        let (mirror, _) = self.mirror_for(target).await?;
        let steps = mirror
            .added(&group.built_on, &group.head, COMMITS_MAX)
            .await?;
        let steps = steps.unwrap_or_default();
        let made = steps.iter().find(|step| step.oid == group.head);
        Ok(match made.map(|step| step.parents.as_slice()) {
            Some([before, merged]) if *before == group.built_on => Some(merged.clone()),
            Some(_) | None => None,
        })
    }

    async fn member(
        &self,
        target: &Target,
        group: &BuiltGroup,
        state: &PullState,
        merged: Option<Oid>,
    ) -> Result<Member, EngineError> {
        let key = GateKey {
            repository: target.repository,
            head: &state.head,
            base: &group.base,
        };
        let now = self.clock.now();
        let seen = Seen {
            target,
            number: group.number,
            state,
            since: self.store.head_since(key).await?.unwrap_or(now),
        };
        let published = self.store.published_run(key).await?;
        let sight = self.observe_pull(&seen, published.as_ref()).await?;
        let verdict = sight.judge();
        let open = Conclusion::Success.as_str();
        let passed = published.filter(|run| run.conclusion == open);
        Ok(Member {
            number: group.number,
            agent: sight.is_tainted(),
            // One that was pushed to since it was queued is not what was allowed.
            head: merged.unwrap_or_else(|| state.head.clone()),
            passed_head: passed.map(|_| state.head.clone()),
            conclusion: verdict.conclusion,
            title: Some(Text::of(&verdict.title)),
            tier: verdict.tier,
            edits_policy: match &sight.facts.subject {
                Subject::PullRequest(pull) => pull.risk.edits_policy,
                Subject::MergeGroup(_) => false,
            },
        })
    }

    /// What git says of a group that stands on `root`.
    async fn built(
        &self,
        target: &Target,
        head: &Oid,
        root: Oid,
        asked: (&Demanded, Option<&Observed>),
    ) -> Result<Built, EngineError> {
        let (mirror, remote) = self.mirror_for(target).await?;
        let sides = Sides {
            merge_base: root.clone(),
            head: head.clone(),
            base: root,
        };
        let files = base_files(&mirror, &remote, &sides.base, asked.0.ours).await?;
        let workflow = format!(".github/workflows/{WORKFLOW_FILE}");
        let policy = files.read.risk.over(&self.rules.risk_floor);
        let read = sides.read(&mirror, &remote, &policy, &workflow).await?;
        let workflows = parts::workflows(&mirror, &sides, asked.1).await?;
        Ok(Built {
            sides,
            files,
            read,
            workflows,
        })
    }
}

/// What CI says of a group's head, where the base's rules ask for any.
fn group_ci(
    due: &DueGroup,
    demanded: &Demanded,
    observed: &Observed,
    built: &mut Built,
    now: Timestamp,
) -> Result<GroupCi, EngineError> {
    let pause_s = i64::from(built.files.read.ci.settle_s);
    let workflows = std::mem::take(&mut built.workflows);
    let queue_s = demanded.queue_s.unwrap_or(QUEUE_S);
    let wait_s = (queue_s - MARGIN_S).max(queue_s / 2);
    let seen = Ci::of(observed, workflows, due.since, now, pause_s);
    Ok(GroupCi {
        expected: parts::required(demanded)?,
        deadline: Moment(due.since.plus_s(wait_s)),
        seen: seen.ok_or_else(parts::too_many)?,
    })
}
