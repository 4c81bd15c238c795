//! How many calls a task costs, from the label to the draft pull request, on a warm server.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::Arc;

use castellan::engine::Rules;
use castellan::engine::allowance::HOUR_EVERY_MS;
use castellan::yard::{CallRecord, Opinion, Permission, Play, Requirement};

use super::ci::scene::{LOG, WRONG, green, red};
use super::world::{FIX, World};

/// Calls that people see, and all calls: what the measure aims at.
const AIM: (u64, u64) = (7, 21);

/// Most calls that a person's push may cost.
const PUSH_MAX: u64 = 9;

/// The calls of one task, by kind, after one that warmed tokens and mirror up.
async fn calls_of_a_task() -> BTreeMap<&'static str, u64> {
    let world = World::begins().await;
    world.delivered().await;
    world.yard.resets_calls();
    world.delivered().await;
    let mut told = std::io::stderr();
    for call in world.yard.call_list() {
        writeln!(
            told,
            "{:8} {} {} {}",
            call.kind, call.status, call.method, call.path
        )
        .unwrap();
    }
    let list = world.yard.call_list();
    let blob = list.iter().find(|call| call.path.ends_with("/git/blobs"));
    assert!(blob.is_none(), "text goes within the tree");
    let calls = world.yard.calls();
    world.ends().await;
    calls
}

/// The number that stands in the README in place of `…` of this sentence.
fn in_readme(sentence: &str) -> u64 {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
    let words = readme
        .unwrap()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let (before, after) = sentence.split_once('…').unwrap();
    let at = words.find(before).expect(before) + before.len();
    let digits = words[at..].find(|c: char| !c.is_ascii_digit()).unwrap();
    assert!(words[at + digits..].starts_with(after), "{sentence}");
    words[at..at + digits].parse().expect(sentence)
}

#[tokio::test]
async fn the_readme_s_numbers_are_those_that_are_measured() {
    let world = World::begins().await;
    while world.engine.sweep_next().await.unwrap() {}
    let counted = || (world.yard.calls(), world.yard.call_list().len() as u64);
    world.yard.resets_calls();
    world.delivered().await;
    let (first, all) = counted();
    assert_eq!(
        all,
        in_readme("a task makes … calls of GitHub's API"),
        "{first:?}"
    );
    assert_eq!(
        first["content"],
        in_readme("GitHub's API: … that people see")
    );
    assert_eq!(
        first["git"],
        in_readme("the gate's check), … for the commit")
    );
    assert_eq!(first["reads"], in_readme("for the commit, … reads"));
    assert_eq!(first["other"], in_readme("reads, … dispatch"));
    assert_eq!(first["tokens"], in_readme("dispatch, and … for tokens"));
    world.yard.resets_calls();
    let (_, branch) = world.delivered().await;
    let (next, all) = counted();
    let bounds = in_readme("another task makes … or ")..=in_readme("task makes 16 or ….");
    assert!(bounds.contains(&all), "{next:?}, not within {bounds:?}");

    world.yard.resets_calls();
    let files = [("README.md", "better\n")];
    world.alice.pushes(&branch, &files, "Polish").await.unwrap();
    world.settles().await;
    let (push, all) = counted();
    assert_eq!(
        all,
        in_readme("the agent's branch makes …, to look"),
        "{push:?}"
    );
    assert!(all <= PUSH_MAX, "{push:?}");

    let content = 3_600_000 / HOUR_EVERY_MS.unsigned_abs();
    assert_eq!(content, in_readme("100 at once and … an hour"));
    let sustained = content / first["content"];
    assert_eq!(
        sustained,
        in_readme("an hour, so … tasks an hour per installation")
    );
    world.ends().await;
}

#[tokio::test]
async fn a_task_costs_few_calls() {
    let calls = calls_of_a_task().await;
    let all: u64 = calls.values().sum();
    writeln!(
        std::io::stderr(),
        "calls from label to draft pull request: {calls:?}, {all} in all"
    )
    .unwrap();
    assert!(calls["content"] <= AIM.0 && all <= AIM.1, "{calls:?}");
}

/// Calls of one correction, beside one for each failed job whose log is read: what the measure
/// aims at, and what it must not exceed, from the first report of CI to the last. A change that is
/// green at once costs some of them too.
const CORRECTION: (u64, u64) = (12, 30);

/// The calls from the first look at CI until the task is delivered, but for those for tokens: all,
/// looks at CI, and logs. CI reports so, one play a head.
async fn calls_from_ci_on(plays: Vec<Play>) -> (u64, u64, u64) {
    let world = World::begins().await;
    let heads = plays.len();
    world.has_ci(green(), plays).await;
    let issue = world.labelled_issue().await;
    world
        .runner()
        .await
        .returns_change(&[if heads == 1 { FIX } else { WRONG }])
        .await;
    world.looks().await;
    for _ in 1..heads {
        world.runner().await.returns_change(&[FIX]).await;
        world.looks().await;
    }
    assert_eq!(world.task(issue).await.stage.name(), "delivered");
    let list = world.yard.call_list();
    // What came before was counted above.
    let is_look = |call: &CallRecord| {
        call.path.contains("/rules/branches/") || call.path.ends_with("/CommitChecks")
    };
    let first = list.iter().position(is_look).unwrap();
    let (mut told, mut all, mut looks, mut logs) = (std::io::stderr(), 0, 0, 0);
    for call in &list[first..] {
        writeln!(
            told,
            "{:8} {} {} {}",
            call.kind, call.status, call.method, call.path
        )
        .unwrap();
        all += u64::from(call.kind != "tokens");
        looks += u64::from(call.path.ends_with("/CommitChecks"));
        logs += u64::from(call.path.ends_with("/logs"));
    }
    world.ends().await;
    (all, looks, logs)
}

#[tokio::test]
async fn a_correction_costs_few_calls() {
    let (green_at_once, _, _) = calls_from_ci_on(vec![green()]).await;
    let (all, looks, logs) = calls_from_ci_on(vec![red(LOG), green()]).await;
    let added = all - logs - green_at_once;
    writeln!(
        std::io::stderr(),
        "calls of a correction: {all}, of which {logs} read logs and {looks} what CI says; {green_at_once} \
         are made where CI is green at once, so that it adds {added}; the aim is {} and one a failed job",
        CORRECTION.0
    )
    .unwrap();
    let told = in_readme("A correction makes at most … and one for each log");
    assert_eq!(told, CORRECTION.1);
    assert!(all - logs <= told, "{all}");
    assert_eq!(
        looks,
        in_readme("each log that is read: … ask what CI says")
    );
    let told = in_readme("what CI says, and … are made for a change that is green at once too");
    assert_eq!(green_at_once, told);
}

/// Calls where nothing but a review changed: what the measure aims at.
const REVIEW_AIM: u64 = 4;

#[tokio::test]
async fn a_review_costs_few_calls() {
    let world = World::begins().await;
    let own = world.yard.app().app_id;
    let gate = ("agent-gate / main".to_owned(), Some(own));
    let rule = Requirement::Ruleset {
        checks: vec![("test".to_owned(), None), gate],
        strict: false,
    };
    world.repo.requires("main", rule).await.unwrap();
    world.free_ci(green(), vec![green()]).await;
    let issue = world.labelled_issue().await;
    world.runner().await.returns_change(&[FIX]).await;
    world.looks().await;
    let pull = world.task(issue).await.pull.unwrap();
    let bob = world.person("bob", Permission::Write).await;
    world.waits(400).await;
    world.yard.resets_calls();
    bob.reviews(pull.number.0, Opinion::Approves, "", &[])
        .await
        .unwrap();
    world.settles().await;
    let calls = world.yard.call_list();
    let calls: Vec<String> = calls
        .iter()
        .filter(|call| call.kind != "tokens")
        .map(|call| format!("{} {}", call.method, call.path))
        .collect();
    writeln!(std::io::stderr(), "calls of a review: {calls:#?}").unwrap();
    assert!(calls.len() as u64 <= REVIEW_AIM, "{calls:?}");
    world.ends().await;
}

/// Calls that a repository where nothing happens may cost in an hour.
const IDLE_AIM: usize = 5;

#[tokio::test]
async fn an_idle_repository_costs_at_most_five_calls_an_hour() {
    let mut world = World::begins().await;
    // As `sweep-minutes` has it where nobody sets it.
    world.engine.rules = Arc::new(Rules {
        sweep_idle_s: 30 * 60,
        ..(*world.engine.rules).clone()
    });
    while world.engine.sweep_next().await.unwrap() {}
    world.yard.resets_calls();
    for _ in 0..4 * 60 {
        world.clock.advance_ms(60_000);
        world.engine.sweep_next().await.unwrap();
        world.settles().await;
    }
    // The App's deliveries are listed once for all repositories together.
    let calls = world.yard.call_list();
    let of_it = calls
        .iter()
        .filter(|call| !call.path.starts_with("/app/hook/"))
        .count();
    writeln!(
        std::io::stderr(),
        "calls of an idle repository in four hours: {of_it}"
    )
    .unwrap();
    assert!(of_it <= 4 * IDLE_AIM, "{of_it} calls in four hours");
    world.ends().await;
}
