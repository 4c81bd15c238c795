//! People of a pull request: what they may do, what they said, what they own.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::bounded::{List, Moment, Text};
use crate::domain::ids::{Oid, ReviewId, UserId};
use crate::domain::request::policy::Role;

/// An account, as it is now. Whoever is not listed is unknown and never counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Its number, by which it is known.
    pub id: UserId,
    /// Its login, for people.
    pub login: Text<60>,
    /// What it is.
    #[serde(default)]
    pub kind: AccountKind,
    /// What it may do now.
    #[serde(default)]
    pub access: Access,
    /// Teams that it is an active member of, as in `acme/security`; those that could be read.
    #[serde(default)]
    pub teams: List<Text<200>, 200>,
}

/// What an account is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A person.
    #[default]
    User,
    /// An App.
    Bot,
    /// An organisation, or what GitHub adds later.
    Other,
}

/// What an account may do in the repository.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Could not be read.
    #[default]
    Unknown,
    /// Nothing, or no longer anything.
    None,
    /// May read, or triage.
    Read,
    /// May push.
    Write,
    /// May manage the repository.
    Maintain,
    /// May do everything.
    Admin,
}

impl Access {
    /// The role, where it may write.
    #[must_use]
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::Unknown | Self::None | Self::Read => None,
            Self::Write => Some(Role::Write),
            Self::Maintain => Some(Role::Maintain),
            Self::Admin => Some(Role::Admin),
        }
    }
}

/// A review. Comments never approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Its number, which grows.
    pub id: ReviewId,
    /// Who wrote it.
    pub by: UserId,
    /// What it says.
    pub opinion: Opinion,
    /// The commit that it is about; `None` where GitHub does not know it any more.
    #[serde(default)]
    pub commit: Option<Oid>,
    /// When it was submitted.
    pub at: Moment,
}

/// What a review says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Opinion {
    /// It approves.
    Approved,
    /// It requests changes.
    ChangesRequested,
    /// It only says something.
    Commented,
    /// It was dismissed.
    Dismissed,
    /// It is not submitted.
    Pending,
}

/// Who gave the agent words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Steerer {
    /// Who.
    pub id: UserId,
    /// How.
    pub by: Steering,
}

/// How a person gave the agent words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Steering {
    /// With a command.
    Command,
    /// By an answer to a question.
    Answer,
    /// By an edit of the plan.
    Plan,
    /// By a review of the difference: only at T3 that makes a steerer.
    Review,
}

/// Somebody took the pull request over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Adoption {
    /// Who.
    pub by: UserId,
    /// Whether `/agent fix` ended it; the adopter stays an author.
    #[serde(default)]
    pub ended: bool,
}

/// `/agent override <reason>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Who.
    pub by: UserId,
    /// The head that it is for.
    pub head: Oid,
    /// Why.
    pub reason: Text<500>,
    /// When.
    pub at: Moment,
}

/// What CODEOWNERS at the base's tip says of the files that are touched.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Owners {
    /// Whether the file could be read.
    pub file: OwnersFile,
    /// The rules that own a touched file, each once.
    pub touched: List<Owned, 1000>,
}

/// Whether there is a CODEOWNERS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OwnersFile {
    /// It was read.
    Read,
    /// There is none.
    Absent,
    /// It, or the list of touched files, could not be read.
    #[default]
    Unreadable,
}

/// A rule of CODEOWNERS that owns a touched file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Owned {
    /// Its line, from 1.
    pub line: u32,
    /// Its pattern.
    pub pattern: Text<500>,
    /// A file that it owns.
    pub path: Text<4096>,
    /// Its owners; with none nobody is asked.
    pub owners: List<Owner, 100>,
}

/// An owner as CODEOWNERS names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Owner {
    /// The name, as in `@acme/security`.
    pub name: Text<255>,
    /// The people that it stands for; `None` where they cannot be read, or it is nobody.
    #[serde(default)]
    pub people: Option<List<UserId, 2000>>,
}
