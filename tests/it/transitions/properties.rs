//! What holds of a task whatever happens to it, in whichever order: I5, I7, I8, I10.

use castellan::domain::effect::Effect;
use castellan::domain::event::Fact;
use castellan::domain::ids::AttemptNumber;
use castellan::domain::task::Task;
use castellan::domain::task::because::Because;
use castellan::domain::task::decide::{Decision, decide};
use castellan::domain::task::stage::Stage;
use proptest::prelude::*;

use super::facts::{of_attempt, others};
use super::sample::{self, event};

/// One thing that happens: which fact, about which attempt, how long after the last one.
#[derive(Clone, Debug)]
struct Happening {
    fact: usize,
    /// 0: the last attempt; otherwise one that many before or after it.
    off: i64,
    after_s: i64,
}

fn happening() -> impl Strategy<Value = Happening> {
    let off = prop_oneof![6 => Just(0_i64), 1 => -2..3_i64];
    let after_s = prop_oneof![4 => 0..200_i64, 1 => 0..200_000_i64];
    (0..200_usize, off, after_s).prop_map(|(fact, off, after_s)| Happening { fact, off, after_s })
}

fn fact_of(task: &Task, happening: &Happening) -> Fact {
    let last = task
        .last_attempt()
        .map_or(1, |last| i64::from(last.number.0));
    let attempt = AttemptNumber(u32::try_from((last + happening.off).max(0)).unwrap());
    let mut all = of_attempt(attempt);
    // What moves a task forward comes more often, so that sequences get anywhere.
    all.extend(of_attempt(attempt));
    all.extend(others(attempt));
    all.extend(super::checks::facts(task));
    all.extend(super::bases::facts(task));
    let at = happening.fact % all.len();
    all.swap_remove(at).1
}

/// A task that things happen to, and what was seen of it.
struct Life {
    task: Task,
    at_s: i64,
    effects: Vec<Effect>,
}

impl Life {
    fn new() -> Self {
        Self {
            task: sample::task(1),
            at_s: 0,
            effects: Vec::new(),
        }
    }

    fn happens(&mut self, happening: &Happening) -> (Fact, Decision) {
        self.at_s += happening.after_s;
        let fact = fact_of(&self.task, happening);
        let decision = decide(&self.task, &event(self.at_s, fact.clone()));
        (fact, decision)
    }

    fn goes_on(&mut self, decision: Decision) {
        self.effects.extend(decision.effects);
        self.task = decision.task;
    }
}

fn fences_grow(task: &Task) -> bool {
    task.attempts
        .windows(2)
        .all(|two| two[0].fence < two[1].fence && two[0].number < two[1].number)
}

/// I8: a stage that waits for a machine ends by a deadline, or an effect is on its way.
fn ends_by_itself(life: &Life) -> bool {
    let stage = &life.task.stage;
    let applied = |attempt: AttemptNumber| {
        let apply = |effect: &Effect| matches!(effect, Effect::Apply { attempt: own, .. } if *own == attempt);
        life.effects.iter().any(apply)
    };
    match stage {
        Stage::Queued { .. }
        | Stage::Working { .. }
        | Stage::Asking { .. }
        | Stage::Checking { .. } => stage.deadline().is_some(),
        Stage::Applying { attempt, .. } => applied(*attempt),
        // People are waited for as long as it takes.
        Stage::Staged { .. }
        | Stage::Delivered { .. }
        | Stage::Paused { .. }
        | Stage::Closed { .. } => true,
    }
}

fn dispatches(life: &Life) -> Vec<AttemptNumber> {
    let dispatched = |effect: &Effect| match effect {
        Effect::Dispatch { attempt, .. } => Some(*attempt),
        _ => None,
    };
    life.effects.iter().filter_map(dispatched).collect()
}

fn check(
    life: &Life,
    before: &Task,
    fact: &Fact,
    decision: &Decision,
) -> Result<(), TestCaseError> {
    let after = &decision.task;
    if before.stage.is_closed() {
        prop_assert_eq!(&after.stage, &before.stage, "I7: closed stays closed");
        // What was on its branch already is told, once, and nothing else is done.
        if !super::is_told_late(decision.because) {
            prop_assert_eq!(after, before, "I7: closed stays as it is");
            prop_assert!(decision.effects.is_empty());
        }
    }
    if before.stage.is_busy() || after.attempts.len() == before.attempts.len() {
        prop_assert!(decision.because != Because::ChecksFailed, "K17");
    }
    prop_assert!(fences_grow(after), "I5: fences strictly grow");
    prop_assert!(
        after.attempts.len() <= after.contract.budget.attempts as usize,
        "I10"
    );
    prop_assert!(
        after.attempts.len() >= before.attempts.len(),
        "attempts are not forgotten"
    );
    if decision.because == Because::Outdated {
        prop_assert_eq!(after, before, "what is outdated changes nothing");
        prop_assert!(decision.effects.is_empty());
    }
    if fact.attempt().is_some() {
        let again = decide(after, &event(life.at_s, fact.clone()));
        prop_assert_eq!(&again.task, after, "the same fact twice");
        // How it goes is a desired state of its own: a second sign of life wants the same.
        let more = again
            .effects
            .iter()
            .find(|effect| **effect != Effect::Progress);
        prop_assert!(more.is_none(), "the same fact twice: {:?}", more);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(happenings in prop::collection::vec(happening(), 1..60)) {
        let mut life = Life::new();
        let opened = decide(&life.task, &event(0, Fact::Opened));
        life.goes_on(opened);
        for happening in &happenings {
            let before = life.task.clone();
            let (fact, decision) = life.happens(happening);
            check(&life, &before, &fact, &decision)?;
            life.goes_on(decision);
            prop_assert!(ends_by_itself(&life), "I8: {:?}", life.task.stage);
            let mut sent = dispatches(&life);
            let all = sent.len();
            sent.dedup();
            prop_assert_eq!(sent.len(), all, "one dispatch an attempt");
            prop_assert_eq!(sent.len(), life.task.attempts.len(), "and each has one");
        }
    }
}
