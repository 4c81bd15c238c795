//! Kinds of files and of changes that have a tier without any policy.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tier::Tier;

macro_rules! classes {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $tier:ident, $sentence:literal;)*) => {
        /// A kind of file or change. A policy may give it another tier, save where it is fixed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Class {
            $($(#[doc = $doc])+ $name,)*
        }

        impl Class {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its tier without a policy.
            #[must_use]
            pub const fn usual(self) -> Tier {
                match self { $(Self::$name => Tier::$tier,)* }
            }

            /// Its word in a policy.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// For people.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

classes! {
    /// Documentation that is added or changed, and is read by people only.
    Docs = "docs", T0, "documentation";
    /// Test files that are new.
    AddedTests = "added_tests", T0, "added tests";
    /// Test files that are changed; what is weaker in them is another class.
    ChangedTests = "changed_tests", T1, "changed tests";
    /// What other programs are built against: interface descriptions, headers, type declarations.
    PublicApi = "public_api", T2, "public interface";
    /// Images, fonts, sounds: content that nobody can review as text, and that does not run.
    Media = "media", T2, "media";
    /// A file that can be run became one, or is new.
    Executables = "executables", T2, "a file that can be run";
    /// More than 400 changed lines, or more than 50 files.
    Large = "large", T2, "a large change";
    /// More than 2,000 changed lines, or more than 200 files.
    Huge = "huge", T3, "a change that nobody reads to its end";
    /// Which packages the code stands on.
    Dependencies = "dependencies", T3, "dependencies";
    /// Which versions of them are fetched.
    LockFiles = "lock_files", T3, "locked versions of dependencies";
    /// Changes of a database.
    Migrations = "migrations", T3, "migrations";
    /// Who somebody is, and what they may do.
    Authentication = "authentication", T3, "authentication or authorization";
    /// What is deployed, and where.
    Infrastructure = "infrastructure", T3, "infrastructure";
    /// Files that hold secrets by their name.
    Secrets = "secrets", T3, "a file for secrets";
    /// Content without lines that is no media: programs, archives, data.
    Binaries = "binaries", T3, "binary content";
    /// What machines run by themselves: hooks, editors, package managers, git's own files.
    Tooling = "tooling", T3, "what tools run or read by themselves";
    /// Test files that are gone.
    DeletedTests = "deleted_tests", T3, "deleted tests";
    /// Continuous integration.
    Ci = "ci", T3, "continuous integration";
    /// The policy, the workflow of agents, and who owns what.
    Policy = "policy", T3, "the policy, or who owns what";
    /// What instructs or configures agents.
    AgentInstructions = "agent_instructions", T3, "instructions of agents";
    /// What takes something away from tests or checks.
    WeakenedTests = "weakened_tests", T3, "weakened tests or checks";
    /// Links and submodules.
    Links = "links", T3, "a link or a submodule";
    /// What could not be read, or not be understood.
    Unreadable = "unreadable", T3, "unknown: it could not be read";
}

impl Class {
    /// Whether no policy gives it less than its usual tier: with less the gate could be opened by
    /// what it judges.
    #[must_use]
    pub const fn is_fixed(self) -> bool {
        match self {
            Self::Ci
            | Self::Policy
            | Self::AgentInstructions
            | Self::WeakenedTests
            | Self::Links
            | Self::Unreadable => true,
            Self::Docs
            | Self::AddedTests
            | Self::ChangedTests
            | Self::PublicApi
            | Self::Media
            | Self::Executables
            | Self::Large
            | Self::Huge
            | Self::Dependencies
            | Self::LockFiles
            | Self::Migrations
            | Self::Authentication
            | Self::Infrastructure
            | Self::Secrets
            | Self::Binaries
            | Self::Tooling
            | Self::DeletedTests => false,
        }
    }
}
