//! What a delivery or the sweep says: that something happened, and where to look.
//!
//! A notice is a hint. What follows from it is decided on facts that are read from GitHub
//! afterwards; only the text that a person approved by labelling is taken from it (X12).

use serde::{Deserialize, Serialize};

use super::ids::{
    CommentId, FullName, InstallationId, Number, Oid, RepositoryId, ReviewId, RunId, UserId,
};
use super::request::Person;
use super::time::Timestamp;

/// Where something happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The installation that the delivery names.
    pub installation: InstallationId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its owner and name at that time.
    pub name: FullName,
    /// The owning account: a task stops when it changes (H12).
    pub owner: UserId,
}

/// Who did something, as the delivery tells it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// The account.
    pub person: Person,
    /// GitHub's `type`: a bot may ask for nothing (X6).
    pub is_bot: bool,
}

/// Title and body of an issue, raw, at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueText {
    /// The title.
    pub title: String,
    /// The body; empty where GitHub has `null`.
    pub body: String,
}

/// What a delivery or the sweep says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "notice")]
pub enum Notice {
    /// The label `agent` was set on an issue.
    Labeled {
        /// Where.
        place: Place,
        /// The issue.
        number: Number,
        /// Who set it; `None` where the sweep found the label.
        sender: Option<Sender>,
        /// The text that was approved; `None` where the sweep found the label.
        text: Option<IssueText>,
    },
    /// The label `agent` was taken off an issue.
    Unlabeled {
        /// Where.
        place: Place,
        /// The issue.
        number: Number,
        /// Who took it off.
        sender: Sender,
    },
    /// A comment was written on an issue or a pull request.
    Commented {
        /// Where.
        place: Place,
        /// The issue or pull request.
        number: Number,
        /// Whether it is a pull request.
        on_pull: bool,
        /// The comment.
        comment: CommentId,
        /// Who wrote it.
        sender: Sender,
        /// Its text as written.
        body: String,
        /// When.
        at: Timestamp,
    },
    /// Title or body of an issue were edited.
    TextEdited {
        /// Where.
        place: Place,
        /// The issue.
        number: Number,
    },
    /// An issue is closed or gone.
    IssueEnded {
        /// Where.
        place: Place,
        /// The issue.
        number: Number,
        /// What happened to it, as in `closed`, `deleted`, `transferred`.
        how: String,
    },
    /// A branch of ours was moved or deleted.
    BranchPushed {
        /// Where.
        place: Place,
        /// The branch, without `refs/heads/`.
        branch: String,
        /// Its new tip; `None` where it was deleted.
        after: Option<Oid>,
        /// Who pushed.
        sender: Sender,
    },
    /// A pull request was closed or merged.
    PullEnded {
        /// Where.
        place: Place,
        /// The pull request.
        number: Number,
        /// Whether it was merged.
        merged: bool,
    },
    /// Somebody requested changes to a pull request.
    Reviewed {
        /// Where.
        place: Place,
        /// The pull request.
        number: Number,
        /// The review.
        review: ReviewId,
    },
    /// A pull request, or a review of it, is not what it was: it is judged anew.
    PullTouched {
        /// Where.
        place: Place,
        /// The pull request.
        number: Number,
    },
    /// A check run of our own was made.
    Published {
        /// Where.
        place: Place,
        /// The commit.
        head: Oid,
        /// The check run.
        run: i64,
    },
    /// A merge queue has built a group, and asks for its checks.
    GroupBuilt {
        /// Where.
        place: Place,
        /// What was built.
        group: BuiltGroup,
    },
    /// A group is merged, or built no more.
    GroupGone {
        /// Where.
        place: Place,
        /// Its head.
        head: Oid,
    },
    /// A button of a check run of our own was clicked.
    Clicked {
        /// Where.
        place: Place,
        /// The commit of the check run.
        head: Oid,
        /// The check run.
        run: i64,
        /// The button's identifier.
        button: String,
        /// Who clicked.
        sender: Sender,
    },
    /// A workflow run is over.
    RunEnded {
        /// Where.
        place: Place,
        /// The run.
        run: RunId,
        /// GitHub's conclusion.
        conclusion: String,
    },
    /// Something was reported about the checks of a commit.
    ChecksReported {
        /// Where.
        place: Place,
        /// The commit.
        head: Oid,
    },
    /// The repository has another name.
    Renamed {
        /// Where, with the new name.
        place: Place,
    },
    /// The repository can no longer be worked on: transferred, archived, made public, deleted.
    RepositoryClosed {
        /// Where.
        place: Place,
        /// What happened, as in `transferred`.
        how: String,
    },
    /// The App may work on these repositories from now on.
    Installed {
        /// The installation.
        installation: InstallationId,
        /// Account that it belongs to.
        account: UserId,
        /// When that was, by GitHub's clock.
        since: Timestamp,
        /// Repositories that came with the notice.
        repositories: Vec<(RepositoryId, FullName)>,
    },
    /// The App may no longer work on these repositories.
    Uninstalled {
        /// The installation.
        installation: InstallationId,
        /// The repositories that were taken away; `None`: all of them.
        repositories: Option<Vec<RepositoryId>>,
    },
    /// The installation was suspended, or is no longer.
    Suspended {
        /// The installation.
        installation: InstallationId,
        /// Whether it is suspended now.
        suspended: bool,
    },
    /// Nothing that concerns us.
    Nothing {
        /// Why not, for the record.
        because: String,
    },
}

/// A group of a merge queue: a pull request, merged upon the base or upon the group before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltGroup {
    /// Its head.
    pub head: Oid,
    /// The branch that it would be merged into.
    pub base: String,
    /// The commit that it was built on.
    pub built_on: Oid,
    /// The pull request that it was built for.
    pub number: Number,
}
