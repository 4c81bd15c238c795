//! How each stage answers each fact: one table, kept as a snapshot, so that a change of behaviour
//! shows in review as changed rows. The README's table of states is made from it.

mod bases;
pub(crate) mod checks;
mod facts;
mod properties;
mod readme;
mod reviews;
pub(crate) mod sample;
mod stages;
mod words;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use castellan::domain::effect::Effect;
use castellan::domain::task::Task;
use castellan::domain::task::because::Because;
use castellan::domain::task::decide::decide;
use castellan::domain::task::stage::Stage;

use facts::facts;
use sample::event;
use stages::{Standing, standings};

/// One row of the table.
struct Row {
    standing: &'static str,
    from: &'static str,
    fact: String,
    to: String,
    to_name: &'static str,
    because: Because,
    effects: String,
    /// The task is as it was, and nothing is done.
    nothing: bool,
}

/// A stage in one word or two.
fn show(task: &Task) -> String {
    match &task.stage {
        Stage::Queued { attempt, .. } => format!("queued {attempt}"),
        Stage::Working { attempt, .. } => format!("working {attempt}"),
        Stage::Applying { attempt, .. } => format!("applying {attempt}"),
        Stage::Asking { attempt, .. } => format!("asking {attempt}"),
        Stage::Staged { attempt, .. } => format!("staged {attempt}"),
        Stage::Checking { .. } => "checking".to_owned(),
        Stage::Delivered { .. } => "delivered".to_owned(),
        Stage::Paused { head: Some(_), .. } => "paused".to_owned(),
        Stage::Paused { head: None, .. } => "paused, no branch".to_owned(),
        Stage::Closed { outcome } => format!("closed: {outcome:?}").to_lowercase(),
    }
}

fn show_effect(effect: &Effect) -> String {
    match effect {
        Effect::Status => "status".to_owned(),
        Effect::Progress => "progress".to_owned(),
        Effect::Acknowledge { .. } => "acknowledge".to_owned(),
        Effect::Say { key, .. } => format!("say {key}"),
        Effect::Report { attempt, .. } => format!("report {attempt}"),
        Effect::Reply { attempt, .. } => format!("reply {attempt}"),
        Effect::Dispatch { attempt, .. } => format!("dispatch {attempt}"),
        Effect::Apply { attempt, .. } => format!("apply {attempt}"),
        Effect::Release { attempt, .. } => format!("release {attempt}"),
        Effect::Unstage { .. } => "unstage".to_owned(),
        Effect::Rerun { run } => format!("rerun {run}"),
        Effect::Ready { .. } => "ready".to_owned(),
        Effect::Cancel { run } => format!("cancel {run}"),
    }
}

fn row(standing: &Standing, name: &str, fact: castellan::domain::event::Fact) -> Row {
    let decision = decide(&standing.task, &event(standing.at_s, fact));
    let effects: Vec<String> = decision.effects.iter().map(show_effect).collect();
    Row {
        standing: standing.name,
        from: standing.task.stage.name(),
        fact: name.to_owned(),
        to: show(&decision.task),
        to_name: decision.task.stage.name(),
        because: decision.because,
        nothing: effects.is_empty() && decision.task == standing.task,
        effects: match effects.is_empty() {
            true => "-".to_owned(),
            false => effects.join(", "),
        },
    }
}

/// The whole table.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for standing in standings() {
        for (name, fact) in facts(&standing.task) {
            rows.push(row(&standing, &name, fact));
        }
    }
    rows
}

/// The table as text: a block a standing, and in one line what changes nothing there.
fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "standing: fact -> stage afterwards | because | effects\n\
         (a fact about an attempt that is not under way is called stale)\n",
    );
    let mut names: Vec<&str> = rows.iter().map(|row| row.standing).collect();
    names.dedup();
    for name in names {
        let own: Vec<&Row> = rows.iter().filter(|row| row.standing == name).collect();
        writeln!(text, "\n{name}").unwrap();
        for row in own.iter().filter(|row| !row.nothing) {
            let because = format!("{:?}", row.because);
            let line = format!(
                "{:<34} -> {:<18} | {:<19} | {}",
                row.fact, row.to, because, row.effects
            );
            writeln!(text, "  {}", line.trim_end()).unwrap();
        }
        let mut whys: Vec<Because> = own
            .iter()
            .filter(|row| row.nothing)
            .map(|row| row.because)
            .collect();
        whys.dedup();
        let mut seen = Vec::new();
        for why in whys {
            if seen.contains(&why) {
                continue;
            }
            seen.push(why);
            let is_why = |row: &&&Row| row.nothing && row.because == why;
            let stale = |row: &Row| row.fact.ends_with("(stale)");
            let mut facts: Vec<&str> = own
                .iter()
                .filter(is_why)
                .filter(|row| !stale(row))
                .map(|row| row.fact.as_str())
                .collect();
            let all_stale = own.iter().filter(|row| stale(row)).count();
            let own_stale = own.iter().filter(is_why).filter(|row| stale(row)).count();
            assert!(
                own_stale == 0 || own_stale == all_stale,
                "one row a stale fact"
            );
            if own_stale > 0 {
                facts.push("every stale fact");
            }
            writeln!(text, "  changes nothing ({why:?}): {}", facts.join(", ")).unwrap();
        }
    }
    text
}

#[test]
fn the_table_of_stage_and_fact() {
    insta::assert_snapshot!("table", table(&rows()));
}

#[test]
fn every_reason_occurs_in_the_table() {
    let occurring: BTreeSet<String> = rows()
        .iter()
        .map(|row| format!("{:?}", row.because))
        .collect();
    for because in Because::ALL {
        assert!(
            occurring.contains(&format!("{because:?}")),
            "{because:?} never occurs"
        );
    }
    assert_eq!(
        occurring.len(),
        Because::ALL.len(),
        "Because::ALL names all"
    );
}

/// What was on its branch already when the task was ended is told all the same.
fn is_told_late(because: Because) -> bool {
    matches!(
        because,
        Because::AlreadyWritten | Because::NotProposed | Because::StagedDropped
    )
}

#[test]
fn i7_in_the_table_what_is_closed_stays_as_it_is() {
    for row in rows().iter().filter(|row| row.from == "closed") {
        assert!(
            row.nothing && row.because == Because::Outdated || is_told_late(row.because),
            "{}",
            row.fact
        );
    }
}

#[test]
fn i5_in_the_table_a_stale_attempt_changes_nothing() {
    let rows = rows();
    let stale: Vec<&Row> = rows
        .iter()
        .filter(|row| row.fact.ends_with("(stale)"))
        .collect();
    assert!(!stale.is_empty());
    for row in stale {
        assert!(
            row.nothing && row.because == Because::Outdated || is_told_late(row.because),
            "{} {}",
            row.standing,
            row.fact
        );
    }
}

/// A refused fix leaves the branch to the person who took it.
#[test]
fn h1_a_fix_beyond_the_budget_moves_nothing() {
    let standings = standings();
    let find = |name| standings.iter().find(|one| one.name == name).unwrap();
    for name in ["paused with pull", "delivered, last attempt"] {
        let mut task = find(name).task.clone();
        task.contract.budget.attempts = 1;
        let (_, fix) = facts(&task)
            .into_iter()
            .find(|(name, _)| name == "fix asked")
            .unwrap();
        let decision = decide(&task, &event(70, fix));
        assert_eq!(decision.because, Because::BudgetSpent);
        assert_eq!(decision.task, task, "{name}");
        assert!(decision.effects.is_empty());
    }
}

/// The push that a fix goes on from may be heard of after the fix.
#[test]
fn d5_a_late_push_does_not_take_back_what_a_fix_went_on_from() {
    let standings = standings();
    let paused = standings.iter().find(|one| one.name == "paused with pull");
    let told = facts(&paused.unwrap().task);
    let find = |name| {
        told.iter()
            .find(|(told, _)| told == name)
            .unwrap()
            .1
            .clone()
    };
    let fixing = decide(&paused.unwrap().task, &event(70, find("fix asked"))).task;
    let late = decide(&fixing, &event(71, find("branch moved by a person")));
    assert_eq!(late.because, Because::Outdated);
    assert_eq!(late.task, fixing);
}

/// A dispatch that was asked for twice started two runs (A2): the one that has no lease ends.
#[test]
fn k6_of_two_runs_only_the_one_that_entered_counts() {
    use castellan::domain::event::Fact;
    use castellan::domain::ids::{AttemptNumber, RunId};
    let standings = standings();
    let working = standings.iter().find(|one| one.name == "working").unwrap();
    let attempt = AttemptNumber(1);
    let second = RunId(999);
    let told = Fact::Dispatched {
        attempt,
        run: Some(second),
    };
    let task = decide(&working.task, &event(70, told)).task;
    assert_eq!(
        task, working.task,
        "the run that entered stays the known one"
    );
    let conclusion = "failure".to_owned();
    let ended = Fact::RunEnded {
        run: second,
        conclusion,
    };
    assert_eq!(decide(&task, &event(71, ended)).because, Because::Outdated);
    let stop = Fact::StopAsked {
        by: sample::alice(),
        comment: None,
    };
    let stopped = decide(&task, &event(72, stop));
    let run = stages::run(1);
    assert!(
        stopped.effects.contains(&Effect::Cancel { run }),
        "{:?}",
        stopped.effects
    );
}

/// A review's attempt has no comment either: the button must not be taken for its repetition (D3).
#[test]
fn a_button_asks_anew_although_it_has_no_comment() {
    use castellan::domain::event::Fact;
    let fix = || Fact::FixAsked {
        by: sample::alice(),
        comment: None,
        words: None,
        head: sample::oid(2),
    };
    let mut task = stages::of(stages::delivered(&stages::opened()), 5);
    for at in [100, 200] {
        let asked = decide(&task, &event(at, fix()));
        assert_eq!(asked.because, Because::FixAsked);
        assert!(
            !asked
                .effects
                .iter()
                .any(|one| matches!(one, Effect::Acknowledge { .. }))
        );
        task = stages::of(stages::delivered(&asked.task), 5);
    }
}
