//! The facts of a pull request at one moment, and what was judged by them.

use super::super::{Engine, EngineError};
use super::base::{BaseFiles, base_files};
use super::difference::{Read, Sides};
use super::sight::Sight;
use super::{evidence, people, task};
use crate::domain::ci::checks::{Demanded, Observed, WorkflowRun};
use crate::domain::gate::bounded::{List, Moment, Text};
use crate::domain::gate::facts::{
    self, Base, Ci, Enforcement, Facts, Opener, Override, PolicyFile, Published, Pull,
    RequiredCheck, Risk, SeenCheck, Shared, Subject, Unread, Workflow,
};
use crate::domain::gate::{Conclusion, Decision};
use crate::domain::ids::{AppId, Number, Oid, UserId};
use crate::domain::request::policy::Policy;
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

/// What git says of a pull request.
struct Trees {
    tip: Oid,
    merge_base: Oid,
    files: BaseFiles,
    sides: Sides,
    read: Read,
    /// `None` where they cannot be told.
    commits: Option<Vec<facts::Commit>>,
}

impl Trees {
    /// What its evidence is made of.
    fn known(&self, checks: Option<&Observed>) -> evidence::Known {
        evidence::Known {
            // Whether they have passed is asked for apart from this.
            ci: checks.is_none_or(|checks| checks.whole),
            findings: self.read.findings.clone(),
            merge_base: self.merge_base.clone(),
        }
    }
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
        let state = seen.state;
        let repository = seen.target.repository;
        let stored = self.store.task_of_pull(repository, seen.number).await?;
        let own = stored.as_ref().map(|stored| &stored.task);
        let told = match own {
            Some(task) => self.told_of(task).await?,
            None => Default::default(),
        };
        let demanded = self.required_of(seen.target, &state.base_branch).await?;
        let git = self.trees_of(seen, demanded.ours, &told).await?;
        // What CI says matters once the agent has come to rest, and its task has read it.
        let checks = match own {
            Some(task) if task::awaits_checks(task, &state.head) => None,
            Some(_) | None => Some(self.checks_of(seen.target, &state.head).await?),
        };
        let named = self.named_in(seen, &git.files, &git.read).await?;
        let ci = self.ci(seen, checks.as_ref(), &git.sides, &git.files.read)?;
        let opened_by = self.opener(seen, own.is_some()).await?;
        let pull = Pull {
            number: seen.number,
            draft: state.draft,
            opened_by,
            opener: state.author.as_ref().map_or(GHOST, |one| one.person.id),
            head_repository: state.head_repository,
            head: state.head.clone(),
            merge_base: git.merge_base.clone(),
            commits: bounded(git.commits.clone().unwrap_or_default())?,
            common_paths: common(&git.read),
            risk: Risk::of(&git.read.assessment, git.read.edits_policy),
            task: own.map(|task| task::state(task, self.clock.now())),
            requesters: own.map(task::requesters).unwrap_or_default(),
            steerers: match own {
                Some(task) => task::steerers(task, &told).ok_or_else(too_many)?,
                None => List::default(),
            },
            adoptions: bounded(told.adoptions)?,
            owners: named.owners,
            people: named.people,
            reviews: people::reviews(seen)?,
            evidence: match own {
                Some(task) => evidence::evidence(seen, task, &git.known(checks.as_ref())),
                None => evidence::unknown(seen, opened_by),
            },
            ci,
            overrides: named.overrides,
            unresolved_threads: state.unresolved_threads,
            shared: List::default(),
        };
        Ok(Sight {
            facts: Facts {
                version: facts::VERSION,
                now: Moment(self.clock.now()),
                app: AppId(self.github()?.app_id()),
                repository,
                base: base(seen, git.tip, git.files.policy, &demanded)?,
                organisation: facts::Organisation::default(),
                unread: unread(checks.as_ref(), git.commits.is_some(), seen.since),
                published: published.and_then(|run| was_published(seen, run)),
                subject: Subject::PullRequest(Box::new(pull)),
            },
            policy: git.files.read,
            shared: self.shared(seen).await?,
            required: demanded.ours,
        })
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
    async fn trees_of(
        &self,
        seen: &Seen<'_>,
        required: bool,
        told: &task::Told,
    ) -> Result<Trees, EngineError> {
        let (tip, remote, mirror) = self.mirror_of(seen).await?;
        let head = &seen.state.head;
        let Some(merge_base) = mirror.merge_base(head, &tip).await? else {
            let told = "head and base have nothing in common".to_owned();
            return Err(EngineError::Defect(told));
        };
        let files = base_files(&mirror, &remote, &tip, required).await?;
        let sides = Sides::of(&mirror, &merge_base, head, &tip).await?;
        let policy = &files.read.risk;
        let read = sides
            .read(&mirror, &remote, policy, &workflow_path())
            .await?;
        let git = (&mirror, &remote);
        let commits = self.commits_of(seen, git, &tip, &told.pushed).await?;
        Ok(Trees {
            tip,
            merge_base,
            files,
            sides,
            read,
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

    fn ci(
        &self,
        seen: &Seen<'_>,
        checks: Option<&Observed>,
        sides: &Sides,
        policy: &Policy,
    ) -> Result<Ci, EngineError> {
        let Some(checks) = checks else {
            return Ok(Ci {
                head: seen.state.head.clone(),
                since: Moment(seen.since),
                settled: false,
                awaits_person: false,
                checks: List::default(),
                workflows: List::default(),
                test_merge: List::default(),
            });
        };
        let now = self.clock.now();
        let pause_s = i64::from(policy.ci.settle_s);
        let last = checks
            .checks
            .iter()
            .filter_map(|check| check.ended_at)
            .max();
        let settled = checks.checks.iter().all(|check| check.standing.is_over())
            && last.unwrap_or(seen.since).plus_s(pause_s) <= now;
        let file = |run: &WorkflowRun| {
            let held = |side: &crate::domain::change::combine::Files| {
                side.get(run.path.as_bytes()).map(|held| held.oid.clone())
            };
            Workflow {
                path: Text::of(&run.path),
                head: held(&sides.head),
                merge_base: held(&sides.merge_base),
                base: held(&sides.base),
            }
        };
        let mut workflows: Vec<Workflow> = checks.runs.iter().map(file).collect();
        workflows.sort_by(|one, other| one.path.as_str().cmp(other.path.as_str()));
        workflows.dedup_by(|one, other| one.path == other.path);
        let awaits =
            |run: &WorkflowRun| run.standing == crate::domain::ci::checks::Standing::AwaitsApproval;
        let listed = checks.checks.iter();
        let listed = listed.map(|check| SeenCheck::of(check, &checks.runs));
        Ok(Ci {
            head: seen.state.head.clone(),
            since: Moment(seen.since),
            settled,
            awaits_person: checks.runs.iter().any(awaits),
            checks: bounded(listed.collect())?,
            workflows: bounded(workflows)?,
            test_merge: List::default(),
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
                conclusion: conclusion(&other.conclusion)?,
                decision: decision(&other.decision)?,
                title: Text::of(&other.title),
            })
        });
        bounded(shared.collect())
    }
}

fn too_many() -> EngineError {
    EngineError::Defect("there is more than can be judged".to_owned())
}

fn bounded<T, const N: usize>(rows: Vec<T>) -> Result<List<T, N>, EngineError> {
    List::of(rows).ok_or_else(too_many)
}

fn workflow_path() -> String {
    format!(".github/workflows/{WORKFLOW_FILE}")
}

fn base(
    seen: &Seen<'_>,
    tip: Oid,
    policy: PolicyFile,
    demanded: &Demanded,
) -> Result<Base, EngineError> {
    let required = demanded.checks.iter().map(|check| RequiredCheck {
        name: Text::of(&check.name),
        app: check.app,
    });
    Ok(Base {
        branch: Text::of(&seen.state.base_branch),
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
        conclusion: conclusion(&run.conclusion)?,
        decision: decision(&run.decision)?,
        head: seen.state.head.clone(),
        base: Text::of(&seen.state.base_branch),
        policy: run.policy.parse().ok(),
    })
}

fn conclusion(word: &str) -> Option<Conclusion> {
    let mut all = Conclusion::ALL.into_iter();
    all.find(|one| one.as_str() == word)
}

fn decision(word: &str) -> Option<Decision> {
    let mut all = Decision::ALL.iter().copied();
    all.find(|one| one.as_str() == word)
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
