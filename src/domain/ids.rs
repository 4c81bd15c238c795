//! Names of things: numbers that GitHub gives, and those that we give.
//!
//! Each is a type of its own, so that no two can be mixed up.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! number_id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

number_id! {
    /// GitHub's number of a repository, which survives renames and transfers.
    RepositoryId;
    /// GitHub's number of an account, a person's or an organisation's.
    UserId;
    /// GitHub's number of an installation of the App.
    InstallationId;
    /// GitHub's number of a comment on an issue or a pull request.
    CommentId;
    /// GitHub's number of a review of a pull request.
    ReviewId;
    /// GitHub's number of a workflow run.
    RunId;
    /// GitHub's number of a job of a workflow run, which is that of its check run, too.
    JobId;
    /// GitHub's number of an App, as check runs name who reported them.
    AppId;
    /// Number of an issue or a pull request within its repository.
    Number;
    /// Grows with each attempt and each grant of one; a result that carries an older one
    /// is refused. Starts with the time in milliseconds, so that a store which was
    /// restored from a backup never gives one out twice.
    Fence;
}

/// Number of an attempt within its task, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptNumber(pub u32);

impl fmt::Display for AttemptNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Owner and name of a repository as they are now: for addresses and people, never an identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct FullName {
    /// Login of the owning account.
    pub owner: String,
    /// Name within the account.
    pub name: String,
}

impl fmt::Display for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// What is not one of the texts that a type of this file stands for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {expected}")]
pub struct NotAnId {
    text: String,
    expected: &'static str,
}

impl FromStr for FullName {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let allowed = |part: &str| {
            (1..=100).contains(&part.len())
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
                && part != "."
                && part != ".."
        };
        match text.split_once('/') {
            Some((owner, name)) if allowed(owner) && allowed(name) => Ok(Self {
                owner: owner.to_owned(),
                name: name.to_owned(),
            }),
            _ => Err(NotAnId {
                text: text.chars().take(120).collect(),
                expected: "an owner and a repository, as in `octo/sample`",
            }),
        }
    }
}

/// Name of a git object: 40 or 64 lower-case hexadecimal digits.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct Oid(#[schemars(regex(pattern = r"^([0-9a-f]{40}|[0-9a-f]{64})$"))] String);

impl Oid {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name that git gives to this content in a repository whose objects are named as `like`
    /// is: by SHA-1 where that is not known.
    #[must_use]
    pub fn of_blob(content: &[u8], like: Option<&Self>) -> Self {
        let head = format!("blob {}\0", content.len());
        let chained = |digest: &mut dyn FnMut(&[u8])| {
            digest(head.as_bytes());
            digest(content);
        };
        if like.is_some_and(|like| like.0.len() == 64) {
            let mut sha256 = Sha256::new();
            chained(&mut |bytes| sha256.update(bytes));
            return Self(hex::encode(sha256.finalize()));
        }
        let mut sha1 = sha1::Sha1::new();
        chained(&mut |bytes| sha1.update(bytes));
        Self(hex::encode(sha1.finalize()))
    }

    /// The first seven digits, as people are shown them.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..7]
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Oid {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if is_hex(text) && (text.len() == 40 || text.len() == 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnId {
                text: text.chars().take(80).collect(),
                expected: "a git object name",
            })
        }
    }
}

impl TryFrom<String> for Oid {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> Self {
        oid.0
    }
}

fn is_hex(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether `text` can be the login of an account on GitHub: nothing else may stand in an address.
#[must_use]
pub fn is_login(text: &str) -> bool {
    // 39 characters by GitHub's rule; managed users have `_shortcode` after that.
    (1..=60).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        && !text.starts_with(['-', '_'])
}

/// SHA-256 as 64 lower-case hexadecimal digits.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct Sha256Hex(#[schemars(regex(pattern = r"^[0-9a-f]{64}$"))] String);

impl Sha256Hex {
    /// The hash as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash of `bytes`.
    #[must_use]
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(hex::encode(Sha256::digest(bytes.as_ref())))
    }

    /// The first twelve digits, as people are shown them.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for Sha256Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Sha256Hex {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        if is_hex(text) && text.len() == 64 {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnId {
                text: text.chars().take(80).collect(),
                expected: "a SHA-256",
            })
        }
    }
}

impl TryFrom<String> for Sha256Hex {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<Sha256Hex> for String {
    fn from(sha256: Sha256Hex) -> Self {
        sha256.0
    }
}

/// Our name of a task: `t` and twelve characters, made of the request that it serves,
/// so that the same request always has the same task.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskId(String);

impl TaskId {
    /// Digits of a task's name: no vowels, so that no words come of it.
    const ALPHABET: &'static [u8; 30] = b"0123456789bcdfghjkmnpqrstvwxyz";

    /// The task of the request `key` (see [`crate::domain::request::Request::key`]) in `repository`.
    #[must_use]
    pub fn of_request(repository: RepositoryId, key: &str) -> Self {
        let hash = Sha256::digest(format!("{repository}\n{key}"));
        let mut text = String::from("t");
        for byte in hash.iter().take(12) {
            let digit = Self::ALPHABET[usize::from(byte % 30)];
            text.push(char::from(digit));
        }
        Self(text)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch that holds this task's commits, without `refs/heads/`.
    ///
    /// It is made of the task's name only, never of foreign text (X65).
    #[must_use]
    pub fn branch(&self) -> String {
        format!("{BRANCH_PREFIX}{}", self.0)
    }

    /// The ref that holds a commit until a person lets it on to the branch, without `refs/`.
    #[must_use]
    pub fn staged_ref(&self) -> String {
        format!("{BRANCH_PREFIX}{}", self.0)
    }

    /// The task whose branch this is, where it is one of ours.
    #[must_use]
    pub fn of_branch(branch: &str) -> Option<Self> {
        branch.strip_prefix(BRANCH_PREFIX)?.parse().ok()
    }
}

/// What the names of our branches start with.
pub const BRANCH_PREFIX: &str = "castellan/";

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TaskId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        let digits = text.strip_prefix('t').unwrap_or("");
        if digits.len() == 12 && digits.bytes().all(|b| Self::ALPHABET.contains(&b)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(NotAnId {
                text: text.chars().take(80).collect(),
                expected: "a task, as in `t4k9w0x2m7c1q`",
            })
        }
    }
}

impl TryFrom<String> for TaskId {
    type Error = NotAnId;

    fn try_from(text: String) -> Result<Self, NotAnId> {
        text.parse()
    }
}

impl From<TaskId> for String {
    fn from(id: TaskId) -> Self {
        id.0
    }
}
