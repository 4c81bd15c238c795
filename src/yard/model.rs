//! What the small GitHub knows: accounts, repositories, threads, runs, checks, tokens, calls.
//!
//! Data and look-ups only. What happens to it stands in `threads`, `refs`, `actions` and `hooks`;
//! how it looks in JSON stands in `shapes`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;

use serde_json::Value;

use super::faults::FaultRule;
use super::git::Git;
use super::hooks::{Delivery, DeliveryRule};
use super::permissions::{Grants, Manifest};
use crate::clock::Clock;
use crate::domain::time::Timestamp;

/// Everything, behind one lock.
pub(super) struct World {
    pub(super) clock: Clock,
    pub(super) base_url: String,
    pub(super) dir: PathBuf,
    pub(super) seed: u64,
    pub(super) app: AppRecord,
    pub(super) manifest: Manifest,
    pub(super) knows_run_details: bool,
    pub(super) drafts_in_private: bool,
    pub(super) ci_is_on: bool,
    pub(super) ci_running: u64,
    counters: BTreeMap<&'static str, i64>,
    pub(super) accounts: BTreeMap<String, Account>,
    pub(super) repos: BTreeMap<i64, Repository>,
    pub(super) installations: BTreeMap<i64, Installation>,
    pub(super) tokens: BTreeMap<String, Token>,
    pub(super) hooks: Hooks,
    pub(super) faults: Vec<FaultRule>,
    pub(super) remembered: BTreeMap<String, Value>,
    pub(super) calls: Vec<CallRecord>,
    pub(super) violations: Vec<Violation>,
    pub(super) used_of_limit: i64,
    /// Work that the tasks of the yard pick up: jobs of CI and of dispatched runs.
    pub(super) jobs: VecDeque<Job>,
}

/// The one App that this GitHub knows.
pub(super) struct AppRecord {
    pub(super) id: i64,
    pub(super) slug: String,
    pub(super) public_key_der: Vec<u8>,
    pub(super) webhook_secret: String,
    pub(super) webhook_url: Option<String>,
}

/// Deliveries: those on the way, those kept back, and the log.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) log: Vec<Delivery>,
    pub(super) queue: VecDeque<i64>,
    pub(super) held: Option<Vec<i64>>,
    pub(super) rules: Vec<DeliveryRule>,
    pub(super) sending: bool,
}

/// What kind of account a login is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccountKind {
    User,
    Organization,
    Bot,
}

impl AccountKind {
    /// GitHub's word for it, in REST and as `__typename`.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Organization => "Organization",
            Self::Bot => "Bot",
        }
    }
}

/// A person, an organisation or a bot.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) id: i64,
    pub(super) login: String,
    pub(super) kind: AccountKind,
}

/// What a person may do in a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Nothing beyond what everybody may.
    None,
    /// Read.
    Read,
    /// Labels and issues, no code. The API calls it `read`, with the role `triage`.
    Triage,
    /// Push.
    Write,
    /// Everything.
    Admin,
}

/// The App, installed on an account.
#[derive(Clone, Debug)]
pub(super) struct Installation {
    pub(super) id: i64,
    pub(super) account: String,
    pub(super) repos: BTreeSet<i64>,
    pub(super) suspended: bool,
    pub(super) permissions: Grants,
    pub(super) created_at: Timestamp,
}

/// Whom a token speaks for.
#[derive(Clone, Debug)]
pub(super) enum Bearer {
    Installation(i64),
    Person(String),
    /// The `GITHUB_TOKEN` of a workflow run.
    Run,
}

/// A token that was given out.
#[derive(Clone, Debug)]
pub(super) struct Token {
    pub(super) bearer: Bearer,
    /// `None`: all that the bearer reaches.
    pub(super) repos: Option<BTreeSet<i64>>,
    pub(super) permissions: Grants,
    pub(super) expires_at: Timestamp,
}

/// A repository; its objects are in `git`.
pub(super) struct Repository {
    pub(super) id: i64,
    pub(super) owner: String,
    pub(super) name: String,
    pub(super) former_names: BTreeSet<String>,
    pub(super) default_branch: String,
    pub(super) private: bool,
    pub(super) archived: bool,
    pub(super) created_at: Timestamp,
    pub(super) pushed_at: Timestamp,
    pub(super) git: Git,
    /// `refs/…` to object name, as last seen: what a push changed is found by comparing.
    pub(super) refs: BTreeMap<String, String>,
    /// Commits that the yard signed for the App.
    pub(super) verified: BTreeSet<String>,
    pub(super) threads: BTreeMap<i64, Thread>,
    pub(super) comments: BTreeMap<i64, Comment>,
    pub(super) collaborators: BTreeMap<String, Permission>,
    pub(super) runs: BTreeMap<i64, Run>,
    pub(super) checks: BTreeMap<i64, Check>,
}

/// An issue or a pull request.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) number: i64,
    pub(super) id: i64,
    pub(super) title: String,
    pub(super) body: String,
    pub(super) author: String,
    pub(super) open: bool,
    pub(super) labels: BTreeSet<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) edited_at: Option<Timestamp>,
    pub(super) reactions: Vec<Reaction>,
    pub(super) story: Vec<Entry>,
    pub(super) pull: Option<Pull>,
}

/// What a pull request has beyond an issue.
#[derive(Clone, Debug)]
pub(super) struct Pull {
    pub(super) id: i64,
    pub(super) head: String,
    pub(super) head_oid: String,
    pub(super) base: String,
    pub(super) base_oid: String,
    pub(super) draft: bool,
    pub(super) merged_by: Option<String>,
    pub(super) merge_oid: Option<String>,
}

/// What happened on a thread, in order.
#[derive(Clone, Debug)]
pub(super) enum Entry {
    Labeled {
        id: i64,
        at: Timestamp,
        label: String,
        actor: String,
    },
    Unlabeled {
        label: String,
        actor: String,
    },
    Commented {
        comment: i64,
    },
    Pushed {
        actor: String,
        oids: Vec<String>,
        forced: bool,
    },
    Retitled {
        actor: String,
        title: String,
    },
    Closed {
        actor: String,
    },
    Reopened {
        actor: String,
    },
    Merged {
        actor: String,
    },
    Ready {
        actor: String,
    },
    Checked {
        check: i64,
    },
    BranchDeleted {
        actor: String,
    },
}

/// A comment on an issue or a pull request.
#[derive(Clone, Debug)]
pub(super) struct Comment {
    pub(super) id: i64,
    pub(super) thread: i64,
    pub(super) author: String,
    pub(super) body: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) edited: bool,
    pub(super) reactions: Vec<Reaction>,
}

/// A reaction.
#[derive(Clone, Debug)]
pub(super) struct Reaction {
    pub(super) id: i64,
    pub(super) actor: String,
    pub(super) content: String,
    pub(super) at: Timestamp,
}

/// A workflow run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) id: i64,
    pub(super) suite: i64,
    pub(super) workflow: String,
    pub(super) name: String,
    pub(super) event: String,
    pub(super) branch: String,
    pub(super) head: String,
    pub(super) attempt: i64,
    pub(super) number: i64,
    pub(super) actor: String,
    pub(super) status: &'static str,
    pub(super) conclusion: Option<String>,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) token: String,
    pub(super) process: Option<u32>,
    pub(super) cancelled: bool,
    pub(super) output: String,
}

/// A check run.
#[derive(Clone, Debug)]
pub(super) struct Check {
    pub(super) id: i64,
    pub(super) suite: i64,
    pub(super) app: i64,
    pub(super) name: String,
    pub(super) head: String,
    pub(super) status: String,
    pub(super) conclusion: Option<String>,
    pub(super) external_id: String,
    pub(super) details_url: Option<String>,
    pub(super) output: Value,
    pub(super) started_at: Timestamp,
    pub(super) completed_at: Option<Timestamp>,
}

/// What a task of the yard has to run.
pub(super) enum Job {
    /// The CI of a head.
    Ci { repo: i64, run: i64 },
    /// A dispatched run.
    Dispatched { repo: i64, run: i64 },
}

/// One call of the API.
#[derive(Clone, Debug)]
pub struct CallRecord {
    /// GET, POST, …
    pub method: String,
    /// Path and query, without `/api/v3`; `graphql OPERATION` for GraphQL.
    pub path: String,
    /// What was answered.
    pub status: u16,
    /// content, git, tokens, reads or other.
    pub kind: &'static str,
}

/// What Castellan must never do, or what the yard does not know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Violation {
    /// The App asked to merge.
    Merged(String),
    /// The App asked to review.
    Reviewed(String),
    /// A route that the yard does not know.
    UnknownRoute(String),
    /// A call for which the token has no permission.
    NotPermitted(String),
}

impl World {
    /// An empty world.
    pub(super) fn new(
        clock: Clock,
        dir: PathBuf,
        seed: u64,
        app: AppRecord,
        manifest: Manifest,
    ) -> Self {
        Self {
            clock,
            base_url: String::new(),
            dir,
            seed,
            app,
            manifest,
            knows_run_details: true,
            drafts_in_private: true,
            ci_is_on: false,
            ci_running: 0,
            counters: BTreeMap::new(),
            accounts: BTreeMap::new(),
            repos: BTreeMap::new(),
            installations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            hooks: Hooks::default(),
            faults: Vec::new(),
            remembered: BTreeMap::new(),
            calls: Vec::new(),
            violations: Vec::new(),
            used_of_limit: 0,
            jobs: VecDeque::new(),
        }
    }

    /// The next number of a kind; kinds start far apart, so that a mixed-up number is not found.
    pub(super) fn next(&mut self, kind: &'static str) -> i64 {
        let first = match kind {
            "account" => 500_001,
            "repository" => 700_001,
            "installation" => 60_001,
            "thread" => 3_000_000_001,
            "pull" => 3_500_000_001,
            "comment" => 4_000_000_001,
            "reaction" => 250_000_001,
            "timeline" => 12_000_000_001,
            "check" => 38_000_000_001,
            "suite" => 31_000_000_001,
            "run" => 17_000_000_001,
            "delivery" => 200_000_000_001,
            _ => 1,
        };
        let counter = self.counters.entry(kind).or_insert(first);
        let given = *counter;
        *counter += 1;
        given
    }

    /// The login of the App's bot.
    pub(super) fn bot(&self) -> String {
        format!("{}[bot]", self.app.slug)
    }

    /// The account of `login`, made where there is none yet.
    pub(super) fn account(&mut self, login: &str, kind: AccountKind) -> Account {
        if let Some(known) = self.accounts.get(login) {
            return known.clone();
        }
        let account = Account {
            id: self.next("account"),
            login: login.to_owned(),
            kind,
        };
        self.accounts.insert(login.to_owned(), account.clone());
        account
    }

    /// The repository that is called `owner/name` now.
    pub(super) fn repo_named(&self, full: &str) -> Option<&Repository> {
        self.repos
            .values()
            .find(|repo| repo.full_name().eq_ignore_ascii_case(full))
    }

    /// The repository that once was called `owner/name`.
    pub(super) fn repo_once_named(&self, full: &str) -> Option<&Repository> {
        let full = full.to_ascii_lowercase();
        self.repos
            .values()
            .find(|repo| repo.former_names.contains(&full))
    }

    /// The installation that reaches a repository.
    pub(super) fn installation_of(&self, repo: i64) -> Option<&Installation> {
        self.installations
            .values()
            .find(|installation| installation.repos.contains(&repo))
    }
}

impl Repository {
    /// `owner/name`.
    pub(super) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The default branch, in full.
    pub(super) fn default_ref(&self) -> String {
        format!("refs/heads/{}", self.default_branch)
    }

    /// Where a branch stands.
    pub(super) fn tip(&self, branch: &str) -> Option<&str> {
        self.refs
            .get(&format!("refs/heads/{branch}"))
            .map(String::as_str)
    }

    /// The comments of a thread, oldest first.
    pub(super) fn comments_of(&self, thread: i64) -> impl DoubleEndedIterator<Item = &Comment> {
        self.comments
            .values()
            .filter(move |comment| comment.thread == thread)
    }

    /// Open pull requests with this head branch.
    pub(super) fn open_pulls_of(&self, branch: &str) -> Vec<i64> {
        let open = |thread: &&Thread| {
            thread.open && thread.pull.as_ref().is_some_and(|pull| pull.head == branch)
        };
        self.threads
            .values()
            .filter(open)
            .map(|thread| thread.number)
            .collect()
    }
}
