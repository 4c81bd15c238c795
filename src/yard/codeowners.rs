//! CODEOWNERS as GitHub reads it: from the base, the last line that matches a path decides.
//!
//! An owner who may not write in the repository is no owner.

use std::collections::BTreeSet;

use globset::GlobBuilder;

use super::model::{Permission, Pull, Repository};
use super::world::World;

/// Where the file may lie; the first that is there counts.
const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// A line of the file.
struct Line {
    pattern: String,
    owners: Vec<String>,
}

fn lines(text: &str) -> Vec<Line> {
    let text = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or(""));
    text.filter_map(|line| {
        let mut words = line.split_whitespace();
        let pattern = words.next()?.to_owned();
        let owners = words.map(str::to_owned).collect();
        Some(Line { pattern, owners })
    })
    .collect()
}

/// Whether a pattern names a path, by the rules of `.gitignore` less those that GitHub leaves out.
fn names(pattern: &str, path: &str) -> bool {
    let bare = pattern.trim_start_matches('/').trim_end_matches('/');
    let anchored = pattern.starts_with('/') || bare.contains('/');
    let start = if anchored { "" } else { "**/" };
    let matches = |glob: String| {
        let glob = GlobBuilder::new(&glob).literal_separator(true).build();
        glob.is_ok_and(|glob| glob.compile_matcher().is_match(path))
    };
    let below = matches(format!("{start}{bare}/**"));
    if pattern.ends_with('/') {
        return below;
    }
    // `docs/*` is for the files of that folder alone.
    matches(format!("{start}{bare}")) || (below && !bare.ends_with("/*"))
}

impl World {
    /// The owners of each path that a pull request touches, where it has any.
    fn owners_of(&self, repo: &Repository, pull: &Pull) -> Vec<Vec<String>> {
        let base = repo.tip(&pull.base).unwrap_or_default();
        let mut files = PLACES.iter().filter_map(|place| repo.git.file(base, place));
        let Some(file) = files.next() else {
            return Vec::new();
        };
        let lines = lines(&String::from_utf8_lossy(&file));
        let range = format!("{base}...{}", pull.head_oid);
        let args = ["diff", "--name-only", "--no-renames", "-z", &range];
        let touched = repo.git.text(&args, b"").unwrap_or_default();
        let paths = touched.split('\0').filter(|path| !path.is_empty());
        paths
            .filter_map(|path| {
                let line = lines.iter().rev().find(|one| names(&one.pattern, path))?;
                let owners = line.owners.iter();
                let owners: Vec<String> = owners
                    .filter(|owner| self.may_own(repo, owner))
                    .cloned()
                    .collect();
                (!owners.is_empty()).then_some(owners)
            })
            .collect()
    }

    fn may_own(&self, repo: &Repository, owner: &str) -> bool {
        let Some(name) = owner.strip_prefix('@') else {
            return false;
        };
        let permission = match name.split_once('/') {
            Some((org, slug)) if org == repo.owner => self
                .team_of(repo, slug)
                .and_then(|team| team.repos.get(&repo.id).copied()),
            Some(_) => None,
            None => Some(self.role_in(repo, name)),
        };
        permission >= Some(Permission::Write)
    }

    /// The owners of the first touched path that none of its owners approved.
    pub(super) fn owners_missing(
        &self,
        repo: &Repository,
        pull: &Pull,
        approvers: &BTreeSet<&str>,
    ) -> Option<String> {
        let is = |owner: &String, who: &str| {
            let name = owner.trim_start_matches('@');
            match name.split_once('/') {
                Some((_, slug)) => self
                    .team_of(repo, slug)
                    .is_some_and(|team| team.members.contains(who)),
                None => name == who,
            }
        };
        let all = self.owners_of(repo, pull);
        let mut open = all.iter().filter(|owners| {
            let mut given = approvers.iter();
            !given.any(|who| owners.iter().any(|owner| is(owner, who)))
        });
        let owners = open.next()?;
        Some(owners.join(" or ").replace('@', ""))
    }

    /// Everybody and every team that owns something of what a pull request touches.
    pub(super) fn all_owners(&self, repo: &Repository, pull: &Pull) -> BTreeSet<String> {
        let all = self.owners_of(repo, pull);
        let names = all.into_iter().flatten();
        names
            .map(|name| name.trim_start_matches('@').to_owned())
            .collect()
    }
}
