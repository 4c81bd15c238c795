//! Whether the evidence says what the tier asks for, of this very head.

use super::facts::{Facts, Pack, Pull, SectionName};
use super::kind::{Distance, distance};
use crate::domain::risk::Tier;
use crate::domain::text;

/// What the evidence comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody asks for any.
    NotAsked,
    /// It says all that is asked for.
    Ok,
    /// There is none.
    Missing,
    /// It is about another head or merge base.
    Stale(String),
    /// It is worthless.
    Invalid(String),
    /// A part is absent, or says something against the change.
    Incomplete(Vec<Lack>),
}

/// A section that does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lack {
    pub(super) name: SectionName,
    /// Why, as the end of a sentence that begins with the section.
    pub(super) why: String,
    /// Whether it is there, and speaks against the change.
    pub(super) against: bool,
}

impl Lack {
    /// For people.
    pub(super) fn words(&self) -> String {
        format!("{} {}", self.name.words(), self.why)
    }
}

/// The sections that a tier asks for; fewer where a person has taken over.
#[must_use]
pub fn asked(tier: Tier, adopted: bool) -> &'static [SectionName] {
    use SectionName as S;
    if adopted {
        return &[S::Diff, S::Ci, S::Scans];
    }
    match tier {
        Tier::T0 => &[S::Provenance, S::Diff, S::Ci, S::Acceptance],
        Tier::T1 => &[
            S::Provenance,
            S::Diff,
            S::Ci,
            S::Acceptance,
            S::TestDelta,
            S::Scans,
        ],
        Tier::T2 => &[
            S::Provenance,
            S::Diff,
            S::Ci,
            S::Acceptance,
            S::TestDelta,
            S::Scans,
            S::Attempts,
            S::Refusals,
            S::Versions,
            S::Verification,
        ],
        Tier::T3 | Tier::Tx => &S::ALL,
    }
}

/// Reads the evidence of `pull`.
pub(super) fn weigh(facts: &Facts, pull: &Pull, tier: Tier, adopted: bool) -> Standing {
    let Some(pack) = &pull.evidence.pack else {
        return Standing::Missing;
    };
    if let Some(fault) = pack.faults.first() {
        return Standing::Invalid(fault.words().to_owned());
    }
    if pack.repository != facts.repository || pack.pull != pull.number {
        return Standing::Invalid("it is about another pull request".to_owned());
    }
    if let Some(why) = stale(facts, pull, pack) {
        return Standing::Stale(why);
    }
    let absent: Vec<Lack> = asked(tier, adopted)
        .iter()
        .filter_map(|name| absent(pull, pack, *name))
        .collect();
    match absent.is_empty() {
        true => Standing::Ok,
        false => Standing::Incomplete(absent),
    }
}

fn stale(facts: &Facts, pull: &Pull, pack: &Pack) -> Option<String> {
    if *pack.base != *facts.base.branch {
        return Some("it is about another base".to_owned());
    }
    match distance(pull, &pack.head) {
        Distance::None => (pack.merge_base != pull.merge_base)
            .then(|| "it is about another merge base".to_owned()),
        Distance::Neutral { same_patch: true } => None,
        Distance::Neutral { same_patch: false } => {
            Some("a merge of the base has changed the patch since".to_owned())
        }
        Distance::Far => Some(format!("it is about commit {}", pack.head.short())),
    }
}

/// Why a section does not count; `None` where it does.
fn absent(pull: &Pull, pack: &Pack, name: SectionName) -> Option<Lack> {
    let lack = |why: String, against| Lack { name, why, against };
    let mut own = pack.sections.iter().filter(|one| one.name == name);
    let Some(section) = own.next() else {
        return Some(lack("is absent".to_owned(), false));
    };
    if own.next().is_some() {
        return Some(lack("stands twice".to_owned(), false));
    }
    if let Some(finding) = section.findings.first() {
        let more = section.findings.len().saturating_sub(1);
        let rest = match more {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        let why = format!("says: {}{rest}", text::line(finding, 200));
        return Some(lack(why, true));
    }
    let head = section.head.as_ref().unwrap_or(&pack.head);
    let far = match distance(pull, head) {
        Distance::None => false,
        // Whatever runs the code runs again where the base came in.
        Distance::Neutral { .. } => match name {
            SectionName::Verification => true,
            SectionName::Provenance
            | SectionName::Diff
            | SectionName::Ci
            | SectionName::Acceptance
            | SectionName::TestDelta
            | SectionName::Scans
            | SectionName::Attempts
            | SectionName::Refusals
            | SectionName::Versions
            | SectionName::SecondOpinion => false,
        },
        Distance::Far => true,
    };
    far.then(|| lack(format!("is about commit {}", head.short()), false))
}

impl Standing {
    /// For people; `None` where it is as it should be.
    pub(super) fn missing(&self) -> Option<String> {
        match self {
            Self::NotAsked | Self::Ok => None,
            Self::Missing => Some("evidence is missing".to_owned()),
            Self::Stale(why) => Some(format!("evidence is stale: {why}")),
            Self::Invalid(why) => Some(format!("evidence is invalid: {why}")),
            Self::Incomplete(lacks) => {
                if let Some(against) = lacks.iter().find(|one| one.against) {
                    return Some(format!("evidence speaks against it: {}", against.words()));
                }
                let names: Vec<&str> = lacks.iter().map(|one| one.name.words()).collect();
                Some(format!("evidence lacks {}", names.join(", ")))
            }
        }
    }

    /// Whether verification or the second opinion, which nothing builds yet, are all it lacks.
    pub(super) fn lacks_only_what_comes_later(&self) -> bool {
        match self {
            Self::Incomplete(absent) => absent.iter().all(|one| {
                !one.against
                    && match one.name {
                        SectionName::Verification | SectionName::SecondOpinion => true,
                        SectionName::Provenance
                        | SectionName::Diff
                        | SectionName::Ci
                        | SectionName::Acceptance
                        | SectionName::TestDelta
                        | SectionName::Scans
                        | SectionName::Attempts
                        | SectionName::Refusals
                        | SectionName::Versions => false,
                    }
            }),
            Self::NotAsked | Self::Ok | Self::Missing | Self::Stale(_) | Self::Invalid(_) => false,
        }
    }
}
