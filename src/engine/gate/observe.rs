//! The facts of a pull request at one moment.

use super::super::{Engine, EngineError};
use super::base::{BaseFiles, base_files};
use super::difference::{Read, Sides};
use super::seen::Seen;
use super::sight::Sight;
use super::{parts, people};
use crate::domain::ci::checks::{Demanded, Observed};
use crate::domain::gate::bounded::{List, Moment, Text};
use crate::domain::gate::facts::{
    self, Facts, Opener, Override, Pull, Risk, Shared, Subject, Workflow,
};
use crate::domain::gate::{Conclusion, Decision, work};
use crate::domain::ids::{AppId, Oid, UserId};
use crate::domain::task::Task;
use crate::git::{Fetched, Mirror, Remote};
use crate::github::perform::WORKFLOW_FILE;
use crate::github::{Account, Target};
use crate::store::{GateKey, PublishedRun};

/// Who has an account no more: GitHub's own number for that.
const GHOST: UserId = UserId(10_137);

/// What the store and GitHub say of a pull request.
struct Asked {
    /// The task that opened it.
    own: Option<Task>,
    told: work::Told,
    demanded: Demanded,
    /// `None` where nobody asks for them yet.
    checks: Option<Observed>,
}

/// What git says of a pull request.
struct Trees {
    sides: Sides,
    files: BaseFiles,
    read: Read,
    workflows: Vec<Workflow>,
    /// `None` where they cannot be told.
    commits: Option<Vec<facts::Commit>>,
}

/// Who is named in a pull request.
struct Named {
    owners: facts::Owners,
    people: List<facts::Person, 2000>,
    overrides: List<Override, 100>,
}

impl Engine {
    /// Observes all that the gate asks for.
    pub(super) async fn observe_pull(
        &self,
        seen: &Seen<'_>,
        published: Option<&PublishedRun>,
    ) -> Result<Sight, EngineError> {
        let (state, now) = (seen.state, self.clock.now());
        let asked = self.asked(seen).await?;
        let git = self.trees_of(seen, &asked).await?;
        let (own, told, checks) = (asked.own.as_ref(), asked.told, asked.checks);
        let named = self.named_in(seen, &git.files, &git.read).await?;
        let opened_by = self.opener(seen, own.is_some()).await?;
        let known = known(seen, &told, &git, checks.as_ref());
        let evidence = match own {
            Some(task) => work::evidence(task, &known),
            None => work::unrecorded(opened_by, state.opened_at),
        };
        let unread = parts::unread(checks.as_ref(), git.commits.is_some(), seen.since);
        let pause_s = i64::from(git.files.read.ci.settle_s);
        let ci = parts::ci(seen, checks.as_ref(), git.workflows, (now, pause_s))?;
        let steerers = match own {
            Some(task) => work::steerers(task, &told).ok_or_else(parts::too_many)?,
            None => List::default(),
        };
        let pull = Pull {
            number: seen.number,
            draft: state.draft,
            opened_by,
            opener: state.author.as_ref().map_or(GHOST, |one| one.person.id),
            head_repository: state.head_repository,
            head: state.head.clone(),
            merge_base: git.sides.merge_base,
            commits: parts::bounded(git.commits.unwrap_or_default())?,
            common_paths: parts::common(&git.read),
            risk: Risk::of(&git.read.assessment, git.read.edits_policy),
            task: own.map(|task| work::state(task, now)),
            requesters: parts::bounded(own.iter().map(|task| task.request.by.id).collect())?,
            steerers,
            adoptions: parts::bounded(told.adoptions)?,
            owners: named.owners,
            people: named.people,
            reviews: people::reviews(seen)?,
            evidence,
            ci,
            overrides: named.overrides,
            unresolved_threads: state.unresolved_threads,
            shared: List::default(),
        };
        Ok(Sight {
            facts: Facts {
                version: facts::VERSION,
                now: Moment(now),
                app: AppId(self.github()?.app_id()),
                repository: seen.target.repository,
                base: parts::base(
                    &state.base_branch,
                    git.sides.base,
                    git.files.policy,
                    &asked.demanded,
                )?,
                organisation: self.rules.organisation.clone(),
                unread,
                published: published.and_then(|run| parts::was_published(seen, run)),
                subject: Subject::PullRequest(Box::new(pull)),
            },
            policy: git.files.read,
            difference: git.read.difference,
            shared: self.shared(seen).await?,
            required: asked.demanded.ours,
        })
    }

    /// What the store and GitHub say of it.
    async fn asked(&self, seen: &Seen<'_>) -> Result<Asked, EngineError> {
        let stored = self.store.task_of_pull(seen.target.repository, seen.number);
        let own = stored.await?.map(|stored| stored.task);
        let told = match &own {
            Some(task) => self.told_of(task).await?,
            None => work::Told::default(),
        };
        let demanded = self.required_of(seen.target, &seen.state.base_branch);
        let mut demanded = demanded.await?;
        demanded.ours |= self.is_announced(seen).await?;
        let head = &seen.state.head;
        // What CI says matters once the agent has come to rest, and its task has read it.
        let checks = match &own {
            Some(task) if work::awaits_checks(task, head) => None,
            Some(_) | None => Some(self.checks_of(seen.target, head).await?),
        };
        Ok(Asked {
            own,
            told,
            demanded,
            checks,
        })
    }

    /// What the history of a task says of people.
    async fn told_of(&self, task: &Task) -> Result<work::Told, EngineError> {
        let mut told = work::Told::default();
        for entry in self.store.history(&task.id).await? {
            told.hear(&entry.fact, entry.because);
        }
        Ok(told)
    }

    /// Who is named by reviews, owners and overrides.
    async fn named_in(
        &self,
        seen: &Seen<'_>,
        files: &BaseFiles,
        read: &Read,
    ) -> Result<Named, EngineError> {
        let overrides = self.store.overrides(seen.target.repository, seen.number);
        let overrides = overrides.await?;
        let paths: Vec<&str> = read.paths.iter().map(String::as_str).collect();
        let owners = people::owners(files.owners.as_deref(), &paths)?;
        let teams = people::teams(&owners, files.read.gate.team.as_deref());
        let waived: Vec<Account> = overrides.iter().map(parts::account_of).collect();
        let people = self.people_of(seen, &waived, &teams).await?;
        Ok(Named {
            owners: people::resolve(&owners, &people)?,
            people,
            overrides: parts::bounded(overrides.iter().map(parts::override_of).collect())?,
        })
    }

    /// What git says of it.
    async fn trees_of(&self, seen: &Seen<'_>, asked: &Asked) -> Result<Trees, EngineError> {
        let (tip, remote, mirror) = self.mirror_of(seen).await?;
        let head = &seen.state.head;
        let Some(merge_base) = mirror.merge_base(head, &tip).await? else {
            let told = "head and base have nothing in common".to_owned();
            return Err(EngineError::Defect(told));
        };
        let sides = Sides {
            merge_base,
            head: head.clone(),
            base: tip,
        };
        let files = base_files(&mirror, &remote, &sides.base, asked.demanded.ours).await?;
        let policy = &files.read.risk.over(&self.rules.risk_floor);
        let workflow = format!(".github/workflows/{WORKFLOW_FILE}");
        let read = sides.read(&mirror, &remote, policy, &workflow).await?;
        let git = (&mirror, &remote);
        let commits = self.commits_of(seen, git, &sides.base, &asked.told.pushed);
        let commits = commits.await?;
        let workflows = parts::workflows(&mirror, &sides, asked.checks.as_ref()).await?;
        Ok(Trees {
            sides,
            files,
            read,
            workflows,
            commits,
        })
    }

    /// The mirror with the base's tip and the head in it.
    async fn mirror_of(&self, seen: &Seen<'_>) -> Result<(Oid, Remote, Mirror), EngineError> {
        let gone = |what: &str| EngineError::Defect(format!("{what} is gone"));
        let Some(tip) = seen.state.base.clone() else {
            return Err(gone("the base branch"));
        };
        let (mirror, remote) = self.mirror_for(seen.target).await?;
        if mirror.has(&tip).await? && mirror.has(&seen.state.head).await? {
            return Ok((tip, remote, mirror));
        }
        let branch = &seen.state.base_branch;
        match mirror.fetch(&remote, branch, &seen.state.head).await? {
            // The base may have moved on; what was asked for is in its history then.
            Fetched::Tip(now) if mirror.leads_to(&tip, &now).await? => Ok((now, remote, mirror)),
            Fetched::Tip(_) => Err(gone("the base's commit")),
            Fetched::NoBranch => Err(gone("the base branch")),
            Fetched::NoCommit => Err(gone("the head")),
        }
    }

    /// The mirror of a repository, and where it is filled from.
    pub(super) async fn mirror_for(
        &self,
        target: &Target,
    ) -> Result<(Mirror, Remote), EngineError> {
        let github = self.github()?;
        let remote = Remote {
            url: self.clone_url(&github.name_of(target).await),
            token: github.read_token(target).await?,
        };
        Ok((self.mirrors.open(target.repository).await?, remote))
    }

    async fn opener(&self, seen: &Seen<'_>, is_ours: bool) -> Result<Opener, EngineError> {
        let Some(author) = &seen.state.author else {
            return Ok(if is_ours { Opener::Us } else { Opener::Person });
        };
        if is_ours || self.github()?.is_own_account(author).await? {
            return Ok(Opener::Us);
        }
        Ok(match author.is_person() {
            true => Opener::Person,
            false => Opener::App,
        })
    }

    async fn shared(&self, seen: &Seen<'_>) -> Result<List<Shared, 100>, EngineError> {
        let key = GateKey {
            repository: seen.target.repository,
            head: &seen.state.head,
            base: &seen.state.base_branch,
        };
        let others = self.store.sharing(key, seen.number).await?;
        let shared = others.iter().filter_map(|other| {
            Some(Shared {
                number: other.number,
                conclusion: Conclusion::of(&other.conclusion)?,
                decision: Decision::of(&other.decision)?,
                title: Text::of(&other.title),
            })
        });
        parts::bounded(shared.collect())
    }
}

/// What is known of its head beside its task.
fn known<'a>(
    seen: &'a Seen<'_>,
    told: &work::Told,
    git: &'a Trees,
    checks: Option<&Observed>,
) -> work::Known<'a> {
    work::Known {
        repository: seen.target.repository,
        pull: seen.number,
        head: &seen.state.head,
        base: &seen.state.base_branch,
        adopted: told.is_adopted(),
        merge_base: &git.sides.merge_base,
        checks: checks.is_none_or(|checks| checks.whole),
        findings: git.read.findings.as_deref(),
    }
}
