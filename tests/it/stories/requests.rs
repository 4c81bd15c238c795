//! What people may ask for, who may, and what those hear who may not.

use castellan::domain::task::stage::Stage;
use castellan::yard::Permission;

use super::world::{FIX, Setting, World};

#[tokio::test]
async fn x11_a_label_of_somebody_who_may_only_triage_starts_nothing() {
    let world = World::begins().await;
    let issue = world.issue().await;
    let tom = world.person("tom", Permission::Triage).await;
    tom.labels(issue, "agent").await.unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    assert_eq!(world.tasks().await, 0);
    world.ends().await;
}

#[tokio::test]
async fn x5_a_reader_is_refused_once_an_hour() {
    let world = World::begins().await;
    let issue = world.issue().await;
    let rita = world.person("rita", Permission::Read).await;
    for _ in 0..5 {
        rita.comments(issue, "/agent run").await.unwrap();
        world.settles().await;
    }
    let refusals = |told: &str| told.matches("Sorry, `rita`").count();
    assert_eq!(refusals(&world.transcript().await), 1);
    world.waits(3600).await;
    rita.comments(issue, "/agent run").await.unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    assert_eq!(world.tasks().await, 0);
    world.ends().await;
}

#[tokio::test]
async fn x6_a_bot_can_ask_for_nothing_whatever_it_may_do() {
    let world = World::begins().await;
    let issue = world.issue().await;
    let bot = world.person("evil-app[bot]", Permission::Admin).await;
    bot.labels(issue, "agent").await.unwrap();
    bot.comments(issue, "/agent run").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, 0);
    assert!(!world.transcript().await.contains("castellan[bot]"));
    world.ends().await;
}

#[tokio::test]
async fn x10_an_edit_never_becomes_a_command() {
    let world = World::begins().await;
    let issue = world.issue().await;
    let comment = world.alice.comments(issue, "Looks odd.").await.unwrap();
    world.settles().await;
    world
        .alice
        .edits_comment(comment, "/agent run")
        .await
        .unwrap();
    world.settles().await;
    world.sweeps().await;
    assert_eq!(world.tasks().await, 0);
    world.ends().await;
}

#[tokio::test]
async fn x9_words_that_only_look_like_a_command_do_nothing() {
    let world = World::begins().await;
    let issue = world.issue().await;
    for text in [
        "```\n/agent run\n```",
        "> /agent run",
        "<!-- \n/agent run\n-->",
        "Please:\n/agent run",
        "/\u{430}gent run",
        "/ag\u{200b}ent run",
        "    /agent run",
    ] {
        world.alice.comments(issue, text).await.unwrap();
    }
    world.settles().await;
    assert_eq!(world.tasks().await, 0);
    assert!(!world.transcript().await.contains("castellan[bot]"));
    world.ends().await;
}

#[tokio::test]
async fn help_status_and_unknown_words_are_answered() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    for words in ["/agent help", "/agent status", "/agent dance"] {
        world.alice.comments(issue, words).await.unwrap();
        world.settles().await;
    }
    insta::assert_snapshot!(world.transcript().await);
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.ends().await;
}

#[tokio::test]
async fn commands_without_their_object_are_refused_with_a_way_on() {
    let world = World::begins().await;
    let issue = world.issue().await;
    for words in ["/agent fix", "/agent stop", "/agent status"] {
        world.alice.comments(issue, words).await.unwrap();
        world.settles().await;
    }
    let (pull, _) = world.delivered().await;
    world.alice.comments(pull, "/agent run").await.unwrap();
    world.settles().await;
    world.alice.closes(pull).await.unwrap();
    world.settles().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn stop_before_a_runner_came_cancels_the_run() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.settles().await;
    let held = world.held().await;
    assert!(held.is_cancelled());
    let (status, answer) = world
        .exchanges(&held, &super::runner::key(1), held.run_id.0)
        .await;
    assert_eq!(status, 410, "{answer}");
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn stop_while_the_agent_works_tells_its_runner() {
    use castellan::protocol::progress::{Directive, Phase};
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    assert_eq!(runner.reports(Phase::Agent).await, Directive::Continue);
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.settles().await;
    assert!(matches!(
        runner.reports(Phase::Agent).await,
        Directive::Stop { .. }
    ));
    assert!(runner.held.is_cancelled());
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn stop_after_delivery_leaves_the_pull_request_to_people() {
    let world = World::begins().await;
    let (pull, branch) = world.delivered().await;
    let head = world.tip(&branch);
    world.alice.comments(pull, "/agent stop").await.unwrap();
    world.settles().await;
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    assert_eq!(world.tip(&branch), head);
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn u4_c4_a_result_after_stop_is_gone_and_applies_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.settles().await;
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    let (status, answer) = runner.returns_raw(&returned).await;
    assert_eq!(status, 410, "{answer}");
    world.settles().await;
    let task = world.task(issue).await;
    assert!(task.stage.is_closed() && task.pull.is_none());
    assert_eq!(world.tip(&task.id.branch()), None);
    world.ends().await;
}

#[tokio::test]
async fn c4_stop_after_the_result_but_before_it_is_written_writes_nothing() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    let (status, _) = runner.returns_raw(&returned).await;
    assert_eq!(status, 200);
    let task = world.task(issue).await;
    assert!(matches!(task.stage, Stage::Applying { .. }));
    world.alice.comments(issue, "/agent stop").await.unwrap();
    world.yard.settle().await;
    while world.engine.read_next().await.unwrap() {}
    world.settles().await;
    let task = world.task(issue).await;
    assert!(task.stage.is_closed() && task.pull.is_none());
    assert_eq!(world.tip(&task.id.branch()), None);
    world.ends().await;
}

#[tokio::test]
async fn x15_a_flood_is_bounded_and_answered_once() {
    let world = World::begins_with(Setting {
        tasks_per_person_hour: 3,
        ..Setting::default()
    })
    .await;
    for _ in 0..7 {
        world.labelled_issue().await;
    }
    assert_eq!(world.tasks().await, 3);
    let told = world.transcript().await;
    assert_eq!(told.matches("for one person within an hour").count(), 1);
    world.waits(120).await;
    world.ends().await;
}

#[tokio::test]
async fn x15_a_repository_has_no_more_tasks_than_its_server_allows() {
    let world = World::begins_with(Setting {
        tasks_per_repository: 2,
        ..Setting::default()
    })
    .await;
    for _ in 0..4 {
        world.labelled_issue().await;
    }
    assert_eq!(world.tasks().await, 2);
    let told = world.transcript().await;
    assert_eq!(told.matches("under way in this repository").count(), 1);
    world.ends().await;
}

#[tokio::test]
async fn i10_a_fix_beyond_the_budget_is_refused_with_words() {
    let world = World::begins().await;
    let (pull, _) = world.delivered().await;
    for _ in 0..2 {
        world.alice.comments(pull, "/agent fix").await.unwrap();
        world.settles().await;
        world.runner().await.returns_nothing().await;
    }
    world.alice.comments(pull, "/agent fix").await.unwrap();
    world.settles().await;
    insta::assert_snapshot!(world.transcript().await);
    world.ends().await;
}

#[tokio::test]
async fn x8_what_the_agent_says_is_never_a_command() {
    let world = World::begins().await;
    let issue = world.labelled_issue().await;
    let runner = world.runner().await;
    let mut returned = runner.result(&[(FIX.0, Some(FIX.1))]).await;
    returned.evidence.words = "/agent stop\n\n/agent fix\n".to_owned();
    assert_eq!(runner.returns_raw(&returned).await.0, 200);
    world.settles().await;
    world.sweeps().await;
    let task = world.task(issue).await;
    assert_eq!((task.stage.name(), task.attempts.len()), ("delivered", 1));
    let told = world.transcript().await;
    assert!(
        !told.lines().any(|line| line
            .trim_start_matches(['|', ' ', '>'])
            .starts_with("/agent")),
        "{told}"
    );
    world.ends().await;
}

#[tokio::test]
async fn x14_a_title_is_data_whatever_it_holds() {
    let world = World::begins().await;
    let title = "$(touch /tmp/x) `id` ${{ secrets.X }} ::set-output name=a::b\u{202e} \u{1b}[31m @everyone [skip ci] fixes #9";
    let issue = world
        .alice
        .opens_issue(title, "### Files in scope\n\n- add.sh\n")
        .await
        .unwrap();
    world.alice.labels(issue, "agent").await.unwrap();
    world.settles().await;
    world.runner().await.returns_change(&[FIX]).await;
    let branch = world.task(issue).await.id.branch();
    let commits = world
        .yard
        .commits_of(super::world::SAMPLE, &branch)
        .await
        .unwrap();
    let pull = world.transcript().await;
    let pull = pull
        .lines()
        .find(|line| line.starts_with("# pull request"))
        .unwrap();
    insta::assert_snapshot!(format!("{}\n{pull}", commits[0].1.lines().next().unwrap()));
    world.ends().await;
}

#[tokio::test]
async fn c3_two_requests_at_once_become_one_task_and_one_attempt() {
    let world = World::begins().await;
    let issue = world.issue().await;
    world.alice.labels(issue, "agent").await.unwrap();
    world.alice.comments(issue, "/agent run").await.unwrap();
    world.settles().await;
    assert_eq!(world.tasks().await, 1);
    world.runner().await.returns_change(&[FIX]).await;
    let pull = world.task(issue).await.pull.unwrap().number.0;
    world.alice.comments(pull, "/agent fix one").await.unwrap();
    world.alice.comments(pull, "/agent fix two").await.unwrap();
    world.settles().await;
    assert_eq!(world.task(issue).await.attempts.len(), 2);
    assert!(world.transcript().await.contains("already under way"));
    let better = ("add.sh", "echo $(( $1 + $2 ))\n");
    world.runner().await.returns_change(&[better]).await;
    world.ends().await;
}
