//! The tier of a difference: the maximum over all rules that fire.
//!
//! A file that no rule names is T1. What lowers that to T0 is an allow-list, and each further file,
//! line or deletion can only add rules that fire: more change never has a lower tier.

use std::collections::BTreeMap;

use super::class::Class;
use super::difference::{Contents, Difference, Entry, FileDifference, Lines, Operation, Sizes};
use super::names;
use super::tier::{Assessment, FIRED, Fired, Tier};
use crate::domain::change::{Place, place_of};
use crate::domain::ci::weakened;
use crate::domain::request::policy::{RiskPolicy, RiskRule, RiskRules};
use crate::domain::text;

/// Changed lines above which a change is large, and above which nobody reads it to its end.
const LINES: (u64, u64) = (400, 2_000);
/// Files above which it is.
const FILES: (u64, u64) = (50, 200);
/// Longest path that is named, in characters.
const PATH_CHARS: usize = 400;

/// Rules that fired, by tier and what they are about.
#[derive(Default)]
struct Firing(BTreeMap<(std::cmp::Reverse<Tier>, String), (Option<String>, u32)>);

impl Firing {
    fn fire(&mut self, tier: Tier, because: &str, path: Option<&str>) {
        let path = path.map(|path| text::line(path, PATH_CHARS));
        let key = (std::cmp::Reverse(tier), because.to_owned());
        let known = self.0.get_mut(&key);
        match known {
            None => {
                self.0.insert(key, (path, 0));
            }
            Some((first, more)) => {
                *more = more.saturating_add(1);
                if path < *first && path.is_some() {
                    *first = path;
                }
            }
        }
    }

    fn assessment(self, floor: Tier) -> Assessment {
        let tier = self.0.keys().map(|(tier, _)| tier.0).max();
        let count = self.0.len();
        let fired = self.0.into_iter().take(FIRED);
        let fired = fired.map(|((tier, because), (path, more))| Fired {
            tier: tier.0,
            because,
            path,
            more,
        });
        Assessment {
            tier: tier.unwrap_or_default().max(floor),
            fired: fired.collect(),
            more: u32::try_from(count.saturating_sub(FIRED)).unwrap_or(u32::MAX),
        }
    }
}

/// The tier of a difference by `policy`, not below `floor`, which an organisation sets.
#[must_use]
pub fn assess(difference: &Difference, policy: &RiskPolicy, floor: Tier) -> Assessment {
    let mut firing = by_paths(difference, policy);
    sizes(difference, policy, &mut firing);
    contents(difference, policy, &mut firing);
    firing.assessment(floor)
}

/// The same without what lines and contents would add: whoever reads those can leave it where
/// this is as high as they could make it.
#[must_use]
pub fn assess_paths(difference: &Difference, policy: &RiskPolicy, floor: Tier) -> Assessment {
    by_paths(difference, policy).assessment(floor)
}

/// Whether a difference edits the policy or the workflow of agents, as V5 of the gate asks.
#[must_use]
pub fn edits_policy(difference: &Difference, workflow: &str) -> bool {
    difference.files.iter().any(|file| match file.text() {
        None => true,
        Some(path) => match place_of(path) {
            Some(Place::Policy) => true,
            Some(Place::Workflow) => path.eq_ignore_ascii_case(workflow),
            Some(
                Place::Action
                | Place::CodeOwners
                | Place::GitFile
                | Place::AgentInstructions
                | Place::Editor
                | Place::PackageManager
                | Place::Hooks
                | Place::GitHub,
            )
            | None => false,
        },
    })
}

fn by_paths(difference: &Difference, policy: &RiskPolicy) -> Firing {
    let mut firing = Firing::default();
    let rules = match policy.rules.compiled() {
        Ok(rules) => rules,
        // The parser takes no such policy; whoever made one otherwise gets the highest.
        Err(bad) => {
            firing.fire(Tier::T3, &text::line(&bad.to_string(), 200), None);
            Vec::new()
        }
    };
    for file in &difference.files {
        let Some(path) = file.text() else {
            let shown = String::from_utf8_lossy(&file.path);
            firing.fire(
                Class::Unreadable.usual(),
                "a path that is not UTF-8",
                Some(&shown),
            );
            continue;
        };
        let mut named = false;
        for class in classes(file, path) {
            firing.fire(policy.tier_of(class), class.sentence(), Some(path));
            named = true;
        }
        for (rule, globs) in &rules {
            if rule.is_about_sizes() || !rule.operates(file.operation()) {
                continue;
            }
            if globs.as_ref().is_none_or(|globs| globs.matches(path)) {
                firing.fire(rule.tier, &rule.words(), Some(path));
                named = true;
            }
        }
        if !named {
            firing.fire(Tier::T1, "no rule names it", Some(path));
        }
    }
    let count = difference.files.len() as u64;
    let class = (count > FILES.1).then_some(Class::Huge);
    let class = class.or((count > FILES.0).then_some(Class::Large));
    if let Some(class) = class {
        firing.fire(
            policy.tier_of(class),
            &format!("{}: {count} files", class.sentence()),
            None,
        );
        // With a policy that turns the two around, more would be less.
        if class == Class::Huge {
            firing.fire(policy.tier_of(Class::Large), Class::Large.sentence(), None);
        }
    }
    for (rule, globs) in &rules {
        let matching = difference.files.iter().filter(|file| {
            let path = file.text();
            let inside = globs
                .as_ref()
                .is_none_or(|globs| path.is_none_or(|path| globs.matches(path)));
            inside && rule.operates(file.operation())
        });
        if let Some(most) = rule.files
            && matching.count() as u64 > u64::from(most)
        {
            firing.fire(rule.tier, &rule.words(), None);
        }
    }
    firing
}

/// The classes of one file.
fn classes(file: &FileDifference, path: &str) -> Vec<Class> {
    let mut classes = names::classes(path);
    let plain = |entry: Option<Entry>| match entry {
        None | Some(Entry::File | Entry::Executable) => true,
        Some(Entry::Link | Entry::Submodule | Entry::Odd) => false,
    };
    if !plain(file.old) || !plain(file.new) {
        classes.push(Class::Links);
    }
    let runs = file.new == Some(Entry::Executable) && file.old != Some(Entry::Executable);
    if runs {
        classes.push(Class::Executables);
    }
    if names::is_media(path) {
        classes.push(Class::Media);
    }
    let only_names = classes.is_empty() && file.new != Some(Entry::Executable);
    match (file.operation(), names::is_test(path)) {
        (Operation::Delete, true) => classes.push(Class::DeletedTests),
        (Operation::Modify, true) => classes.push(Class::ChangedTests),
        (Operation::Add, true) if only_names => classes.push(Class::AddedTests),
        (Operation::Add | Operation::Modify, false) if only_names && names::is_doc(path) => {
            classes.push(Class::Docs);
        }
        (Operation::Add, true)
        | (Operation::Add | Operation::Modify | Operation::Delete, false) => {}
    }
    classes
}

/// Rules by lines. What was not counted may be any number.
fn sizes(difference: &Difference, policy: &RiskPolicy, firing: &mut Firing) {
    let counted = match &difference.sizes {
        Sizes::Unknown if difference.files.is_empty() => return,
        Sizes::Unknown => {
            firing.fire(
                Class::Unreadable.usual(),
                "unknown: its lines were not counted",
                None,
            );
            return;
        }
        Sizes::Counted(counted) => counted,
    };
    let mut total: u64 = 0;
    for file in &difference.files {
        let shown = String::from_utf8_lossy(&file.path);
        match counted.get(&file.path) {
            None => firing.fire(
                Class::Unreadable.usual(),
                "unknown: its lines were not counted",
                Some(&shown),
            ),
            Some(Lines::Binary) if names::is_media(&shown) => {}
            Some(Lines::Binary) => firing.fire(
                policy.tier_of(Class::Binaries),
                Class::Binaries.sentence(),
                Some(&shown),
            ),
            Some(Lines::Text { added, deleted }) => {
                total = total.saturating_add(*added).saturating_add(*deleted);
            }
        }
    }
    if total > LINES.0 {
        let words = format!("{}: {total} lines", Class::Large.sentence());
        firing.fire(policy.tier_of(Class::Large), &words, None);
    }
    if total > LINES.1 {
        let words = format!("{}: {total} lines", Class::Huge.sentence());
        firing.fire(policy.tier_of(Class::Huge), &words, None);
    }
    for (rule, globs) in policy.rules.compiled().unwrap_or_default() {
        let Some(most) = rule.lines else { continue };
        let inside = difference.files.iter().filter(|file| {
            let path = file.text();
            let inside = globs
                .as_ref()
                .is_none_or(|globs| path.is_none_or(|path| globs.matches(path)));
            inside && rule.operates(file.operation())
        });
        let lines = inside.filter_map(|file| match counted.get(&file.path)? {
            Lines::Text { added, deleted } => Some(added.saturating_add(*deleted)),
            Lines::Binary => None,
        });
        let lines = lines.fold(0_u64, u64::saturating_add);
        if lines > u64::from(most) {
            firing.fire(rule.tier, &format!("{}: {lines} lines", rule.words()), None);
        }
    }
}

/// What is weaker. A file that could weaken tests and was not compared may have done so.
fn contents(difference: &Difference, policy: &RiskPolicy, firing: &mut Firing) {
    match &difference.contents {
        Contents::Compared(found) => {
            for weakening in found {
                let path = (!weakening.path.is_empty()).then_some(weakening.path.as_str());
                let words = format!(
                    "{}: {}",
                    Class::WeakenedTests.sentence(),
                    weakening.kind.sentence()
                );
                firing.fire(policy.tier_of(Class::WeakenedTests), &words, path);
            }
        }
        Contents::Unread => {
            let unread = difference
                .files
                .iter()
                .filter(|file| file.operation() != Operation::Add);
            for file in unread {
                let path = String::from_utf8_lossy(&file.path);
                if weakened::concerns(&path) {
                    let words = "unknown: its tests and checks were not compared";
                    firing.fire(Class::Unreadable.usual(), words, Some(&path));
                }
            }
        }
    }
}

impl RiskRule {
    /// What it is about, for people.
    fn words(&self) -> String {
        match &self.because {
            Some(because) => text::line(because, 200),
            None => "a rule of the policy".to_owned(),
        }
    }
}

/// What lines and contents could raise at most, by a policy.
impl RiskRules {
    /// The highest tier that a rule by lines gives.
    #[must_use]
    pub fn highest_by_lines(&self) -> Option<Tier> {
        let by_lines = self.0.iter().filter(|rule| rule.lines.is_some());
        by_lines.map(|rule| rule.tier).max()
    }
}
