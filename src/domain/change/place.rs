//! Places of a repository that decide what machines do or people see (X51, X55).
//!
//! Names are compared folded, so that no other spelling passes. What may be changed where it is
//! named is decided in [`super::rules`].

use super::instructions::instructs;
use super::path::{is_git_file, plain};

/// What a special place is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// `.github/workflows`.
    Workflow,
    /// `.github/actions`, and `action.yml` anywhere.
    Action,
    /// `CODEOWNERS` in its three places.
    CodeOwners,
    /// Our own policy.
    Policy,
    /// `.gitmodules`, `.gitattributes`, `.lfsconfig`, `.mailmap`, `.git-blame-ignore-revs`.
    GitFile,
    /// `AGENTS.md` and what else instructs agents.
    AgentInstructions,
    /// What editors and development containers run.
    Editor,
    /// What package managers are told.
    PackageManager,
    /// What git runs at a commit.
    Hooks,
    /// What else tells GitHub what to do.
    GitHub,
}

impl Place {
    /// As part of a sentence: `The file x is …`.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Workflow => "a workflow of GitHub Actions",
            Self::Action => "an action of GitHub Actions",
            Self::CodeOwners => "the list of code owners",
            Self::Policy => "Castellan's own policy",
            Self::GitFile => "a file that steers git itself",
            Self::AgentInstructions => "a file that instructs agents",
            Self::Editor => "configuration that editors and containers run",
            Self::PackageManager => "configuration of a package manager",
            Self::Hooks => "a hook that runs on people's machines",
            Self::GitHub => "configuration of GitHub",
        }
    }

    /// Whether no agent changes it, whatever is named.
    #[must_use]
    pub const fn is_forbidden(self) -> bool {
        match self {
            Self::Workflow | Self::Action | Self::CodeOwners | Self::Policy => true,
            Self::GitFile
            | Self::AgentInstructions
            | Self::Editor
            | Self::PackageManager
            | Self::Hooks
            | Self::GitHub => false,
        }
    }

    /// Whether only the policy may name it: an issue's text is too weak for what steers git.
    #[must_use]
    pub const fn needs_policy(self) -> bool {
        matches!(self, Self::GitFile)
    }

    pub(super) const fn where_to_name(self) -> &'static str {
        if self.needs_policy() {
            "`scope: allow` of the policy"
        } else {
            "the files in scope or in `scope: allow` of the policy"
        }
    }
}

/// Directories, from the root, and everything in them.
const TREES: &[(&str, Place)] = &[
    (".github/workflows", Place::Workflow),
    (".github/actions", Place::Action),
];

/// Directories anywhere, and everything in them.
const NAMED_TREES: &[(&str, Place)] = &[
    (".vscode", Place::Editor),
    (".idea", Place::Editor),
    (".devcontainer", Place::Editor),
    (".husky", Place::Hooks),
    (".githooks", Place::Hooks),
    (".git-hooks", Place::Hooks),
    (".hooks", Place::Hooks),
];

/// Files anywhere.
const FILES: &[(&str, Place)] = &[
    ("action.yml", Place::Action),
    ("action.yaml", Place::Action),
    (".devcontainer.json", Place::Editor),
    (".envrc", Place::Editor),
    (".npmrc", Place::PackageManager),
    (".yarnrc", Place::PackageManager),
    (".yarnrc.yml", Place::PackageManager),
    (".pnpmfile.cjs", Place::PackageManager),
    (".pypirc", Place::PackageManager),
    ("pip.conf", Place::PackageManager),
    ("nuget.config", Place::PackageManager),
    (".pre-commit-config.yaml", Place::Hooks),
    ("lefthook.yml", Place::Hooks),
    (".lefthook.yml", Place::Hooks),
    (".huskyrc", Place::Hooks),
];

/// Whole paths.
const PATHS: &[(&str, Place)] = &[
    ("codeowners", Place::CodeOwners),
    ("docs/codeowners", Place::CodeOwners),
    (".github/codeowners", Place::CodeOwners),
    (".github/castellan.yml", Place::Policy),
    (".github/castellan.yaml", Place::Policy),
    // A file or a link in place of the whole directory.
    (".github", Place::GitHub),
    (".github/dependabot.yml", Place::GitHub),
    (".github/dependabot.yaml", Place::GitHub),
    (".github/settings.yml", Place::GitHub),
];

/// Files that steer git, anywhere: all of them act in sub-directories or could be moved there.
const GIT_FILES: &[&str] = &[
    ".gitmodules",
    ".gitattributes",
    ".lfsconfig",
    ".mailmap",
    ".git-blame-ignore-revs",
];

/// The special place at `path`, if it is one.
#[must_use]
pub(super) fn place(path: &str) -> Option<Place> {
    let plain = plain(path);
    let parts: Vec<&str> = plain.split('/').collect();
    if let Some((_, place)) = PATHS.iter().find(|(known, _)| *known == plain) {
        return Some(*place);
    }
    let in_tree = |tree: &str| {
        plain == tree
            || plain
                .strip_prefix(tree)
                .is_some_and(|rest| rest.starts_with('/'))
    };
    if let Some((_, place)) = TREES.iter().find(|(tree, _)| in_tree(tree)) {
        return Some(*place);
    }
    // `cargo` reads this wherever it is started.
    if plain.ends_with(".cargo/config") || plain.ends_with(".cargo/config.toml") {
        return Some(Place::PackageManager);
    }
    if parts
        .iter()
        .any(|part| GIT_FILES.iter().any(|file| is_git_file(part, file)))
    {
        return Some(Place::GitFile);
    }
    if instructs(&plain) {
        return Some(Place::AgentInstructions);
    }
    if let Some((_, place)) = parts
        .iter()
        .find_map(|part| NAMED_TREES.iter().find(|(name, _)| name == part))
    {
        return Some(*place);
    }
    let last = parts.last().copied().unwrap_or("");
    FILES
        .iter()
        .find(|(name, _)| *name == last)
        .map(|(_, place)| *place)
}
