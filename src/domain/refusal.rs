//! Polite noes to a person: said once, the task unmoved.

use super::ids::Sha256Hex;
use super::request::Person;
use super::text;

/// Why a request was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The person may not write here.
    NoWriteAccess {
        /// Who asked.
        by: Person,
    },
    /// The text is not the one that was approved (X12).
    EditedSince {
        /// How it differs, as a block of Markdown; empty where only the time is known.
        difference: String,
    },
    /// `.github/castellan.yml` cannot be read.
    PolicyUnreadable {
        /// The error with file, line and remedy.
        error: String,
    },
    /// The issue's text does not make a contract.
    ContractUnreadable {
        /// One sentence each, with line and remedy.
        problems: Vec<String>,
    },
    /// Too many tasks are under way.
    TooMany {
        /// Of whom, as in `in this repository`.
        where_: &'static str,
        /// The limit.
        limit: u64,
    },
    /// The repository is archived.
    Archived,
    /// The repository has no commit.
    Empty,
    /// `/agent run` on a pull request.
    RunOnPull,
    /// `/agent fix` on a pull request from a fork.
    ForkPull,
    /// `/agent fix` on a pull request of a person's whose branch is one of ours.
    OwnBranch,
    /// `/agent fix` on a pull request whose branch is the default branch.
    DefaultHead,
    /// `/agent fix` on a pull request that is merged or closed.
    PullOver,
    /// `/agent fix` on a pull request of a person's on which nothing stands open.
    NothingToMend {
        /// What fails there and can be mended by nobody's change, one sentence each.
        excused: Vec<String>,
        /// Whether CI has more to say.
        pending: bool,
    },
    /// `/agent fix` where there is no pull request yet.
    NothingToFix,
    /// `/agent handoff` where there is no pull request yet.
    NothingToHandOff,
    /// `/agent ci` where no commit waits for it.
    NothingToApprove,
    /// `/agent override` where there is no open pull request.
    NothingToOverride,
    /// `/agent override` that was said before the head was seen that is there now.
    OverrideOutdated,
    /// A button that was shown for an older commit or attempt.
    ButtonOutdated {
        /// Who clicked.
        by: Person,
    },
    /// `/agent ci` that was said before the commit was there that waits now.
    ApprovalOutdated,
    /// A command for a task where there is none.
    NoTask,
    /// A request on an issue that has a live task.
    TaskThere,
    /// A request on an issue that is closed.
    IssueClosed,
    /// Another attempt while one is under way.
    Busy,
    /// Another attempt for a task that is over: stopped, or its pull request closed or merged.
    TaskOver,
    /// Another attempt when all are used.
    BudgetSpent,
    /// A word that is no command.
    UnknownCommand {
        /// The word.
        word: String,
    },
}

impl Refusal {
    /// What the person is told, as Markdown.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::NoWriteAccess { by } => format!(
                "Sorry, {}: only people with write access to this repository can ask Castellan for something.",
                text::inline_code(&by.login, 40)
            ),
            Self::EditedSince { difference } => edited_since(difference),
            Self::PolicyUnreadable { error } => format!(
                "Nothing was started, because `.github/castellan.yml` on the default branch cannot be read. \
                 Mend it and ask again; `castellan check-policy FILE` checks it before you push.\n\n{}",
                text::code_block(error, 2_000)
            ),
            Self::ContractUnreadable { problems } => contract_unreadable(problems),
            Self::TooMany { where_, limit } => format!(
                "Nothing was started: at most {limit} tasks can be under way {where_}. Ask again when one is done."
            ),
            Self::Archived => "Nothing was started: this repository is archived.".to_owned(),
            Self::Empty => "Nothing was started: this repository has no commit yet.".to_owned(),
            Self::RunOnPull => {
                "`/agent run` belongs on an issue. On a pull request of Castellan's, `/agent fix` starts the next attempt.".to_owned()
            }
            Self::ForkPull => FORK_PULL.to_owned(),
            Self::OwnBranch => OWN_BRANCH.to_owned(),
            Self::DefaultHead => DEFAULT_HEAD.to_owned(),
            Self::PullOver => PULL_OVER.to_owned(),
            Self::NothingToMend { excused, pending } => nothing_to_mend(excused, *pending),
            Self::NothingToFix => {
                "There is no pull request to fix yet. Label the issue `agent`, or comment `/agent run`, to start.".to_owned()
            }
            Self::NothingToHandOff => {
                "There is no pull request yet that could be handed over. Comment `/agent stop` to end the task.".to_owned()
            }
            Self::NothingToApprove => {
                "Nothing waits for an approval here. Where the policy says `ci: after_approval`, the status comment says so once a change is there.".to_owned()
            }
            Self::NothingToOverride => {
                "There is no open pull request here that could be let through. Comment `/agent override` and the reason on the pull request itself.".to_owned()
            }
            Self::OverrideOutdated => {
                "Nothing was let through: another commit is there now than when you wrote this. Look at it, then comment `/agent override` and the reason again.".to_owned()
            }
            Self::ApprovalOutdated => {
                "Nothing was approved: another commit waits now than when you wrote this. Look at it in the status comment, then comment `/agent ci` again.".to_owned()
            }
            Self::ButtonOutdated { by } => button_outdated(by),
            Self::NoTask => {
                "There is no task here. Label an issue `agent`, or comment `/agent run` on it, to start one.".to_owned()
            }
            Self::TaskThere => {
                "There is a task for this issue already; its status comment says how it stands. Comment `/agent stop` to end it, then ask again.".to_owned()
            }
            Self::IssueClosed => {
                "Nothing was started: this issue is closed. Open it again first.".to_owned()
            }
            Self::Busy => {
                "An attempt is already under way. Wait for it, or comment `/agent stop` first.".to_owned()
            }
            Self::TaskOver => {
                "That task is over. Take the label `agent` off its issue and set it again to start anew.".to_owned()
            }
            Self::BudgetSpent => {
                "All attempts of the contract's budget are used. Go on from the branch yourself, or comment `/agent stop` and label the issue again to start anew.".to_owned()
            }
            Self::UnknownCommand { word } => format!(
                "{} is not a command of Castellan's.\n\n{}",
                text::inline_code(word, 40),
                super::request::command::help()
            ),
        }
    }

    /// How often a person is told this, so that a flood of requests brings no flood of comments
    /// (X15). What is new in it is told at once: whoever mends one mistake hears of the next.
    #[must_use]
    pub fn window(&self) -> Window {
        match self {
            Self::NoWriteAccess { .. } => Window::Repository(String::from("no-write-access")),
            Self::TooMany { where_, .. } => Window::Repository(format!("too-many {where_}")),
            Self::PolicyUnreadable { error } => {
                Window::Repository(format!("policy {}", Sha256Hex::of(error).short()))
            }
            Self::Archived => Window::Repository(String::from("archived")),
            Self::Empty => Window::Repository(String::from("empty")),
            // The answer is the same table, whatever the word was.
            Self::UnknownCommand { .. } => Window::Repository(String::from("unknown-command")),
            Self::TaskThere => Window::Issue(String::from("task-there")),
            Self::ButtonOutdated { .. } => Window::Issue(String::from("button-outdated")),
            Self::ContractUnreadable { problems } => {
                let problems = problems.join("\n");
                Window::Issue(format!("contract {}", Sha256Hex::of(problems).short()))
            }
            Self::EditedSince { .. }
            | Self::RunOnPull
            | Self::ForkPull
            | Self::OwnBranch
            | Self::DefaultHead
            | Self::PullOver
            | Self::NothingToMend { .. }
            | Self::NothingToFix
            | Self::NothingToHandOff
            | Self::NothingToApprove
            | Self::ApprovalOutdated
            | Self::NothingToOverride
            | Self::OverrideOutdated
            | Self::NoTask
            | Self::IssueClosed
            | Self::Busy
            | Self::TaskOver
            | Self::BudgetSpent => Window::Request,
        }
    }
}

/// How often a person is told the same no. The text tells one no from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Window {
    /// For each request.
    Request,
    /// Once an hour for all requests of a person on one issue.
    Issue(String),
    /// Once an hour for all requests of a person in the repository.
    Repository(String),
}

const FORK_PULL: &str = "Nothing was started: this pull request comes from a fork. Its code was written by somebody who may not write here, and what mends it could only be proposed in a repository where Castellan has no say. Push the branch to this repository and open a pull request from there to have it mended.";
const OWN_BRANCH: &str = "Nothing was started: this pull request's branch is one that Castellan wrote. Comment `/agent fix` on the pull request that Castellan opened for it, or ask anew on the issue.";
const DEFAULT_HEAD: &str = "Nothing was started: this pull request's branch is the default branch, and a draft for it belongs to an issue. Open an issue and label it `agent`.";
const PULL_OVER: &str =
    "Nothing was started: this pull request is merged or closed. Open it again first.";

fn button_outdated(by: &Person) -> String {
    format!(
        "Nothing was done, {}: that button belongs to an older commit or attempt. Use those of the newest `agent-evidence` check, or comment `/agent fix`, `/agent handoff` or `/agent stop`.",
        text::inline_code(&by.login, 40)
    )
}

fn nothing_to_mend(excused: &[String], pending: bool) -> String {
    let mut said = "Nothing was started: no check fails here because of the code, no review thread by somebody with write access stands open, and the comment says nothing else.".to_owned();
    if pending {
        said.push_str(" CI has not come to its end; ask again when it has.");
    }
    said.push_str(
        " To have something else done, say it: `/agent fix` and what to do, in one line.",
    );
    for sentence in excused.iter().take(20) {
        said.push_str(&format!("\n- {sentence}"));
    }
    // A list stands apart from what introduces it.
    said.replacen("line.\n- ", "line.\n\n- ", 1)
}

fn contract_unreadable(problems: &[String]) -> String {
    let list: Vec<String> = problems
        .iter()
        .take(20)
        .map(|problem| format!("- {}", text::neutral(problem, 400)))
        .collect();
    format!(
        "Nothing was started, because this issue's text leaves something unclear. Edit it, then take \
         the label `agent` off and set it again.\n\n{}",
        list.join("\n")
    )
}

fn edited_since(difference: &str) -> String {
    let said = "Nothing was started, because the text of this issue was edited after it was approved. \
                Read it as it is now, then take the label `agent` off and set it again.";
    if difference.is_empty() {
        said.to_owned()
    } else {
        format!("{said}\n\n{difference}")
    }
}
