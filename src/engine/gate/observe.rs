//! The facts of a pull request at one moment.

use std::collections::BTreeSet;

use super::super::{Engine, EngineError};
use super::base::{BaseFiles, base_files};
use super::difference::{Read, Sides};
use super::people;
use super::sight::Sight;
use crate::domain::ci::checks::{Demanded, Observed};
use crate::domain::gate::bounded::{List, Moment, Text};
use crate::domain::gate::facts::{
    self, Base, Ci, Enforcement, Facts, Opener, Override, PolicyFile, Published, Pull,
    RequiredCheck, Risk, Shared, Subject, Unread, Workflow,
};
use crate::domain::gate::{Conclusion, Decision, work};
use crate::domain::ids::{AppId, Number, Oid, UserId};
use crate::domain::task::Task;
use crate::domain::time::Timestamp;
use crate::git::{Fetched, Mirror, Remote};
use crate::github::perform::WORKFLOW_FILE;
use crate::github::{Account, PullState, Target};
use crate::store::{GateKey, KeptOverride, PublishedRun};

/// Who has an account no more: GitHub's own number for that.
const GHOST: UserId = UserId(10_137);

/// A pull request that is looked at.
pub(super) struct Seen<'a> {
    pub(super) target: &'a Target,
    pub(super) number: Number,
    pub(super) state: &'a PullState,
    /// When its head was first seen.
    pub(super) since: Timestamp,
}

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
        let (state, repository) = (seen.state, seen.target.repository);
        let now = self.clock.now();
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
        let unread = unread(checks.as_ref(), git.commits.is_some(), seen.since);
        let pause_s = i64::from(git.files.read.ci.settle_s);
        let ci = checks.map(|checks| Ci::of(&checks, git.workflows, seen.since, now, pause_s));
        let ci = ci.unwrap_or_else(|| Some(Ci::awaited(&state.head, seen.since)));
        let steerers = match own {
            Some(task) => work::steerers(task, &told).ok_or_else(too_many)?,
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
            commits: bounded(git.commits.unwrap_or_default())?,
            common_paths: common(&git.read),
            risk: Risk::of(&git.read.assessment, git.read.edits_policy),
            task: own.map(|task| work::state(task, now)),
            requesters: bounded(own.iter().map(|task| task.request.by.id).collect())?,
            steerers,
            adoptions: bounded(told.adoptions)?,
            owners: named.owners,
            people: named.people,
            reviews: people::reviews(seen)?,
            evidence,
            ci: ci.ok_or_else(too_many)?,
            overrides: named.overrides,
            unresolved_threads: state.unresolved_threads,
            shared: List::default(),
        };
        Ok(Sight {
            facts: Facts {
                version: facts::VERSION,
                now: Moment(now),
                app: AppId(self.github()?.app_id()),
                repository,
                base: base(
                    &state.base_branch,
                    git.sides.base,
                    git.files.policy,
                    &asked.demanded,
                )?,
                organisation: self.rules.organisation.clone(),
                unread,
                published: published.and_then(|run| was_published(seen, run)),
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
        let waived: Vec<Account> = overrides.iter().map(account_of).collect();
        let people = self.people_of(seen, &waived, &teams).await?;
        Ok(Named {
            owners: people::resolve(&owners, &people)?,
            people,
            overrides: bounded(overrides.iter().map(override_of).collect())?,
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
        let workflows = workflows(&mirror, &sides, asked.checks.as_ref()).await?;
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
        let github = self.github()?;
        let remote = Remote {
            url: self.clone_url(&github.name_of(seen.target).await),
            token: github.read_token(seen.target).await?,
        };
        let gone = |what: &str| EngineError::Defect(format!("{what} is gone"));
        let Some(tip) = seen.state.base.clone() else {
            return Err(gone("the base branch"));
        };
        let mirror = self.mirrors.open(seen.target.repository).await?;
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
        bounded(shared.collect())
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

/// The files of the workflows whose runs were seen, in the trees that matter.
pub(super) async fn workflows(
    mirror: &Mirror,
    sides: &Sides,
    checks: Option<&Observed>,
) -> Result<Vec<Workflow>, EngineError> {
    let runs = checks.into_iter().flat_map(|checks| &checks.runs);
    let paths: BTreeSet<&str> = runs.map(|run| run.path.as_str()).collect();
    let mut workflows = Vec::with_capacity(paths.len());
    for path in paths {
        workflows.push(Workflow {
            path: Text::of(path),
            head: mirror.object_at(&sides.head, path).await?,
            merge_base: mirror.object_at(&sides.merge_base, path).await?,
            base: mirror.object_at(&sides.base, path).await?,
        });
    }
    Ok(workflows)
}

pub(super) fn too_many() -> EngineError {
    EngineError::Defect("there is more than can be judged".to_owned())
}

fn bounded<T, const N: usize>(rows: Vec<T>) -> Result<List<T, N>, EngineError> {
    List::of(rows).ok_or_else(too_many)
}

/// The branch that would be merged into.
pub(super) fn base(
    branch: &str,
    tip: Oid,
    policy: PolicyFile,
    demanded: &Demanded,
) -> Result<Base, EngineError> {
    let required = demanded.checks.iter().map(|check| RequiredCheck {
        name: Text::of(&check.name),
        app: check.app,
    });
    Ok(Base {
        branch: Text::of(branch),
        tip,
        policy,
        required: bounded(required.collect())?,
        // Bypass actors and administrators are out of the App's sight.
        enforcement: match demanded.ours {
            true => Enforcement::Unknown,
            false => Enforcement::Advisory,
        },
    })
}

/// One path says as much as all of them.
fn common(read: &Read) -> List<Text<4096>, 200> {
    let paths = read.common.iter().take(200).map(|path| Text::of(path));
    List::of(paths.collect()).unwrap_or_default()
}

fn unread(checks: Option<&Observed>, commits: bool, since: Timestamp) -> Option<Unread> {
    let mut what = Vec::new();
    if checks.is_some_and(|checks| !checks.whole) {
        what.push(Text::of("the checks of the head"));
    }
    if !commits {
        what.push(Text::of("the commits of the branch"));
    }
    (!what.is_empty()).then(|| Unread {
        what: List::of(what).unwrap_or_default(),
        since: Moment(since),
    })
}

fn was_published(seen: &Seen<'_>, run: &PublishedRun) -> Option<Published> {
    Some(Published {
        conclusion: Conclusion::of(&run.conclusion)?,
        decision: Decision::of(&run.decision)?,
        head: seen.state.head.clone(),
        base: Text::of(&seen.state.base_branch),
        policy: run.policy.parse().ok(),
    })
}

fn account_of(said: &KeptOverride) -> Account {
    Account {
        person: said.by.clone(),
        kind: "User".to_owned(),
    }
}

fn override_of(said: &KeptOverride) -> Override {
    Override {
        by: said.by.id,
        head: said.head.clone(),
        reason: Text::of(&said.reason),
        at: Moment(said.at),
    }
}
