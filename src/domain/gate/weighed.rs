//! Everything that the decision list asks about a pull request, worked out once.

use super::ci::{self, Reading, Wanted};
use super::evidence::{self, Standing};
use super::facts::{AccountKind, Facts, Person, PolicyState, Pull, TaskState};
use super::kind::Kind;
use super::overriding::{self, Holding};
use super::people::{self, Reviews};
use crate::domain::request::policy::Policy;
use crate::domain::risk::Tier;

/// A pull request, weighed.
pub(super) struct Weighed<'a> {
    pub(super) facts: &'a Facts,
    pub(super) pull: &'a Pull,
    pub(super) policy: &'a Policy,
    pub(super) kind: Kind,
    pub(super) tier: Tier,
    pub(super) solo: bool,
    /// Who took it over, where somebody who may has.
    pub(super) adopter: Option<&'a Person>,
    pub(super) evidence: Standing,
    pub(super) ci: Reading,
    pub(super) reviews: Reviews<'a>,
    /// Touched rules of CODEOWNERS without an approval of an owner.
    pub(super) unowned: Vec<String>,
    /// Approvals that are asked for; `None` where no number suffices.
    pub(super) needs: Option<usize>,
    /// Whether the named team has to agree and has not.
    pub(super) team_missing: Option<&'a str>,
    pub(super) overridden: Option<Holding<'a>>,
}

impl<'a> Weighed<'a> {
    pub(super) fn new(facts: &'a Facts, pull: &'a Pull, policy: &'a Policy) -> Self {
        let kind = Kind::of(pull, facts.repository);
        let tier = tier(facts, pull, kind);
        let is_valid = match facts.base.policy.state {
            PolicyState::Valid => true,
            PolicyState::Absent | PolicyState::Deleted | PolicyState::Invalid => false,
        };
        let solo = policy.gate.solo && facts.organisation.solo_allowed && is_valid;
        let adopter = adopter(pull);
        let reviews = people::weigh(facts, pull, kind, tier, solo);
        let asks_owners = asks_owners(tier);
        let unowned = match asks_owners {
            true => people::unowned(pull, &reviews.approvers),
            false => Vec::new(),
        };
        let mut weighed = Self {
            facts,
            pull,
            policy,
            kind,
            tier,
            solo,
            adopter,
            evidence: match kind.is_tainted() {
                true => evidence::weigh(facts, pull, tier, adopter.is_some()),
                false => Standing::NotAsked,
            },
            ci: ci::read(&pull.ci, &wanted(facts, pull, policy)),
            needs: needs(facts, policy, tier),
            team_missing: None,
            unowned,
            reviews,
            overridden: None,
        };
        weighed.team_missing = weighed.missing_team();
        weighed.overridden = overriding::holding(facts, &weighed);
        weighed
    }

    /// The named team, where the tier asks for it and none of it has approved.
    fn missing_team(&self) -> Option<&'a str> {
        let team = match self.tier {
            Tier::T3 => self.policy.gate.team.as_deref()?,
            Tier::T0 | Tier::T1 | Tier::T2 | Tier::Tx => return None,
        };
        let belongs = |one: &&&Person| one.teams.iter().any(|own| **own == *team);
        let found = self.reviews.approvers.iter().find(|one| belongs(one));
        found.is_none().then_some(team)
    }

    /// Approvals that are still missing.
    pub(super) fn missing(&self) -> Option<usize> {
        let needs = self.needs?;
        Some(needs.saturating_sub(self.reviews.approvers.len()))
    }

    /// Files that the base has changed, too, where the tier minds.
    pub(super) fn overlaps(&self) -> bool {
        match self.tier {
            Tier::T0 | Tier::T1 => false,
            Tier::T2 | Tier::T3 | Tier::Tx => !self.pull.common_paths.is_empty(),
        }
    }

    /// Whether an attempt is under way, in time.
    pub(super) fn works(&self) -> bool {
        self.pull
            .task
            .as_ref()
            .is_some_and(|task| match task.state {
                TaskState::Working => task.deadline.is_some_and(|end| end > self.facts.now),
                TaskState::Waiting | TaskState::Stopped => false,
            })
    }

    /// Whether evidence is being built, in time.
    pub(super) fn builds(&self) -> bool {
        let until = self.pull.evidence.building_until;
        until.is_some_and(|end| end > self.facts.now)
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.pull
            .task
            .as_ref()
            .is_some_and(|task| match task.state {
                TaskState::Stopped => true,
                TaskState::Working | TaskState::Waiting => false,
            })
    }

    /// Attempt and limit, where another one may be made.
    pub(super) fn next_attempt(&self) -> Option<(u32, u32)> {
        let task = self.pull.task.as_ref()?;
        let may = self.adopter.is_none() && !self.is_stopped() && task.attempts < task.attempts_max;
        may.then(|| (task.attempts.saturating_add(1), task.attempts_max))
    }

    /// Whether CI has been waited for long enough.
    pub(super) fn is_late(&self) -> bool {
        let waited_ms = self.facts.now.0.since_ms(self.pull.ci.since.0);
        waited_ms >= i64::from(self.policy.ci.minutes).saturating_mul(60_000)
    }
}

/// Whether a tier asks the owners of what is touched.
pub(super) const fn asks_owners(tier: Tier) -> bool {
    match tier {
        Tier::T0 | Tier::T1 => false,
        Tier::T2 | Tier::T3 | Tier::Tx => true,
    }
}

/// A change of the policy counts as T3, whoever makes it; the floor is for agents.
fn tier(facts: &Facts, pull: &Pull, kind: Kind) -> Tier {
    match (kind.is_tainted(), pull.risk.edits_policy) {
        (true, true) => pull.risk.tier.max(facts.organisation.tier).max(Tier::T3),
        (true, false) => pull.risk.tier.max(facts.organisation.tier),
        (false, true) => Tier::T3,
        (false, false) => pull.risk.tier,
    }
}

/// Who took the pull request over and may: the last who did.
fn adopter(pull: &Pull) -> Option<&Person> {
    let adoption = pull.adoptions.last().filter(|one| !one.ended)?;
    let person = people::person(pull, adoption.by)?;
    let is_person = match person.kind {
        AccountKind::User => true,
        AccountKind::Bot | AccountKind::Other => false,
    };
    (is_person && person.access.role().is_some()).then_some(person)
}

fn needs(facts: &Facts, policy: &Policy, tier: Tier) -> Option<usize> {
    let own = policy.gate.approvals.of(tier)?;
    let floor = facts.organisation.approvals.of(tier)?;
    Some(usize::from(own.max(floor)))
}

fn wanted<'a>(facts: &'a Facts, pull: &'a Pull, policy: &'a Policy) -> Wanted<'a> {
    Wanted {
        head: &pull.head,
        base: &facts.base.branch,
        app: facts.app,
        rules: &facts.base.required,
        policy: &policy.ci.required,
        allow_skipped: &policy.gate.allow_skipped,
        min_s: policy.gate.min_ci_s,
        draft: pull.draft,
    }
}
