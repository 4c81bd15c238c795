//! What was observed of a pull request, and what is made of it.

use crate::domain::gate::bounded::List;
use crate::domain::gate::facts::{Facts, Shared, Subject};
use crate::domain::gate::{Kind, Verdict, again, judge, ready};
use crate::domain::request::policy::Policy;
use crate::domain::risk::Difference;
use crate::domain::time::Timestamp;

/// What was observed of it.
pub(super) struct Sight {
    /// Without those that share its head.
    pub(super) facts: Facts,
    pub(super) policy: Policy,
    /// What it changes.
    pub(super) difference: Difference,
    pub(super) shared: List<Shared, 100>,
    /// Whether the base's rules require our check.
    pub(super) required: bool,
}

impl Sight {
    /// Its own verdict, whatever others say that share its head.
    pub(super) fn own(&self) -> Verdict {
        judge(&self.facts, &self.policy)
    }

    /// The verdict that is published for its head.
    pub(super) fn judge(&self) -> Verdict {
        let mut facts = self.facts.clone();
        if let Subject::PullRequest(pull) = &mut facts.subject {
            pull.shared = self.shared.clone();
        }
        judge(&facts, &self.policy)
    }

    /// Whether the gate says anything of it: it holds work of an agent, or the base asks for it.
    pub(super) fn is_published(&self) -> bool {
        self.is_tainted() || self.required
    }

    /// Whether it holds work of an agent.
    pub(super) fn is_tainted(&self) -> bool {
        match &self.facts.subject {
            Subject::PullRequest(pull) => Kind::of(pull, self.facts.repository).is_tainted(),
            Subject::MergeGroup(_) => true,
        }
    }

    /// Whether its draft is to be marked ready.
    pub(super) fn is_ready(&self, verdict: &Verdict) -> bool {
        ready::is_ready(&self.facts, &self.policy, verdict)
    }

    /// Hash of the policy that it was judged by; empty where there is none.
    pub(super) fn policy_sha256(&self) -> String {
        let hash = self.facts.base.policy.sha256.as_ref();
        hash.map(ToString::to_string).unwrap_or_default()
    }

    /// When it is observed again, if nothing happens until then.
    pub(super) fn next(&self, verdict: &Verdict) -> Timestamp {
        again::again(&self.facts, &self.policy, verdict, self.facts.now.0)
    }
}
