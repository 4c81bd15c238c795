//! The nouns of the small GitHub: accounts, repositories, threads, runs, checks, tokens, calls.
//!
//! Data only. Together they are the `world`; how they look in JSON stands in `shapes`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::beside::{Asked, Fork, Mergeability};
use super::git::Git;
use super::opinions::Reviews;
use super::permissions::Grants;
use super::queue::Queues;
use super::reports::Reports;
use super::rulesets::Ruleset;
pub(super) use super::runs::{Check, Run};
use crate::domain::time::Timestamp;

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

/// One attempt of a delivery.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) id: i64,
    pub(super) guid: String,
    pub(super) event: String,
    pub(super) action: Option<String>,
    pub(super) installation: Option<i64>,
    pub(super) repo: Option<i64>,
    pub(super) body: String,
    pub(super) at: Timestamp,
    pub(super) again: bool,
    /// The receiver's status; `None` while it is under way.
    pub(super) status: Option<u16>,
    pub(super) answer: String,
    /// Never arrives, but is logged as failed.
    pub(super) lost: bool,
}

/// What becomes of deliveries of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// Fails; stands in the log.
    Lost,
    /// Was never made.
    Swallowed,
    /// Arrives twice.
    Doubled,
}

/// The next `left` deliveries that `filter` names (`*`, `issues`, `issues.labeled`) meet `fate`.
#[derive(Clone, Debug)]
pub(super) struct DeliveryRule {
    pub(super) filter: String,
    pub(super) fate: Fate,
    pub(super) left: u64,
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
    /// Push, and some settings. The API calls it `write`, with the role `maintain`.
    Maintain,
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
    pub(super) rulesets: BTreeMap<i64, Ruleset>,
    /// Whether workflows may create and approve pull requests.
    pub(super) actions_approve: bool,
    pub(super) queues: Queues,
    pub(super) reports: Reports,
    pub(super) reviews: Reviews,
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
    pub(super) renamed_at: Option<Timestamp>,
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
    pub(super) fork: Option<Fork>,
    pub(super) mergeable: Option<Mergeability>,
    pub(super) asked: Asked,
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
        id: i64,
        at: Timestamp,
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
    Stated {
        status: i64,
    },
    Reviewed {
        review: i64,
    },
    BranchDeleted {
        actor: String,
    },
    /// What has no more to it than a line.
    Noted {
        said: String,
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
    /// The App asked to merge, or moved a default branch itself.
    Merged(String),
    /// The App asked to review.
    Reviewed(String),
    /// A route that the yard does not know.
    UnknownRoute(String),
    /// A call for which the token has no permission.
    NotPermitted(String),
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

    /// Open pull requests with this head branch of the repository itself.
    pub(super) fn open_pulls_of(&self, branch: &str) -> Vec<i64> {
        let from = |pull: &Pull| pull.head == branch && pull.fork.is_none();
        let open = |thread: &&Thread| thread.open && thread.pull.as_ref().is_some_and(from);
        self.threads
            .values()
            .filter(open)
            .map(|thread| thread.number)
            .collect()
    }
}
