//! What checks come to: each row is what was observed, and what it may be called.

use castellan::domain::ci::checks::{
    ACTIONS_APP, Check, Conclusion, Demanded, Observed, Required, Source, Standing, WorkflowRun,
};
use castellan::domain::ci::reading::{Outcome, Wait, Wanted, read};
use castellan::domain::ci::watch::Watch;
use castellan::domain::ids::{AppId, JobId, RunId};
use castellan::domain::time::Timestamp;

use crate::transitions::sample::oid;

const GREEN: Standing = Standing::Ended(Conclusion::Success);
const RED: Standing = Standing::Ended(Conclusion::Failure);

/// A job of run `run`, whose suite has the same number.
fn job(name: &str, run: i64, standing: Standing) -> Check {
    Check {
        name: name.to_owned(),
        source: Source::App {
            id: ACTIONS_APP,
            slug: "github-actions".to_owned(),
        },
        standing,
        suite: Some(run),
        run: Some(RunId(run)),
        job: Some(JobId(run * 10)),
        summary: String::new(),
        url: None,
        started_at: None,
        ended_at: None,
    }
}

/// A check of another App.
fn other(name: &str, app: i64, standing: Standing) -> Check {
    Check {
        source: Source::App {
            id: AppId(app),
            slug: "other".to_owned(),
        },
        run: None,
        job: None,
        suite: Some(900 + app),
        ..job(name, 1, standing)
    }
}

fn status(name: &str, standing: Standing) -> Check {
    Check {
        source: Source::Status,
        run: None,
        job: None,
        suite: None,
        ..job(name, 1, standing)
    }
}

fn run(id: i64, standing: Standing) -> WorkflowRun {
    WorkflowRun {
        id: RunId(id),
        path: ".github/workflows/ci.yml".to_owned(),
        name: "CI".to_owned(),
        event: "pull_request".to_owned(),
        suite: Some(id),
        attempt: 1,
        standing,
    }
}

fn observed(checks: &[Check], runs: &[WorkflowRun]) -> Observed {
    Observed {
        head: oid(2),
        checks: checks.to_vec(),
        runs: runs.to_vec(),
        whole: true,
    }
}

fn rule(name: &str, app: Option<AppId>) -> Required {
    Required {
        name: name.to_owned(),
        app,
    }
}

fn ruled(rules: &[Required]) -> Wanted {
    Wanted {
        rules: Demanded {
            checks: rules.to_vec(),
            ours: false,
            workflows: false,
            queue_s: None,
        },
        policy: Vec::new(),
    }
}

/// What `checks` and `runs` come to, in a few words.
fn comes_to(checks: &[Check], runs: &[WorkflowRun], wanted: &Wanted) -> String {
    match read(&observed(checks, runs), wanted).outcome {
        Outcome::Unknown => "unknown".to_owned(),
        Outcome::Nothing => "nothing".to_owned(),
        Outcome::Passed { checks } => format!("passed {checks}"),
        Outcome::Failed { failed } => {
            let names: Vec<&str> = failed.iter().map(|check| check.name.as_str()).collect();
            format!("failed {}", names.join(" "))
        }
        Outcome::Waiting { on } => {
            let names: Vec<String> = on
                .iter()
                .map(|one| format!("{} {:?}", one.name, one.why))
                .collect();
            format!("waiting {}", names.join(" "))
        }
    }
}

#[test]
fn without_rules_every_job_counts_and_nothing_is_never_green() {
    let free = Wanted::default();
    let said = |checks: &[Check], runs: &[WorkflowRun]| comes_to(checks, runs, &free);
    assert_eq!(said(&[], &[]), "nothing");
    assert_eq!(said(&[job("test", 1, GREEN)], &[run(1, GREEN)]), "passed 1");
    let checks = [job("test", 1, GREEN), job("lint", 2, RED)];
    assert_eq!(said(&checks, &[run(1, GREEN), run(2, RED)]), "failed lint");
    let checks = [job("test", 1, GREEN), job("lint", 2, Standing::Running)];
    assert_eq!(said(&checks, &[]), "waiting lint Running");
    // Another App's check counts where GitHub Actions reports nothing, and not beside it.
    assert_eq!(said(&[other("scan", 7, RED)], &[]), "failed scan");
    let checks = [job("test", 1, GREEN), other("scan", 7, RED)];
    assert_eq!(said(&checks, &[run(1, GREEN)]), "passed 1");
    assert_eq!(
        said(&[status("jenkins", Standing::NotBegun)], &[]),
        "waiting jenkins NotBegun"
    );
}

#[test]
fn a10_d13_what_was_cut_or_contradicts_itself_is_unknown() {
    let mut cut = observed(&[job("test", 1, GREEN)], &[run(1, GREEN)]);
    cut.whole = false;
    assert_eq!(read(&cut, &Wanted::default()).outcome, Outcome::Unknown);
    // G18: the run failed, and the job that did is not listed yet.
    let said = comes_to(&[job("test", 1, GREEN)], &[run(1, RED)], &Wanted::default());
    assert_eq!(said, "unknown");
}

#[test]
fn g2_g4_g5_what_is_required_must_be_reported_and_by_whom() {
    let checks = [job("test", 1, GREEN), other("scan", 7, GREEN)];
    let runs = [run(1, GREEN)];
    let said = |rules: &[Required]| comes_to(&checks, &runs, &ruled(rules));
    assert_eq!(said(&[rule("test", None)]), "passed 1");
    assert_eq!(said(&[rule("deploy", None)]), "waiting deploy NotReported");
    assert_eq!(said(&[rule("scan", Some(AppId(7)))]), "passed 1");
    assert_eq!(
        said(&[rule("scan", Some(AppId(8)))]),
        "waiting scan NotReported"
    );
    // A check and a status of one name are both required.
    let both = [job("test", 1, GREEN), status("test", RED)];
    assert_eq!(
        comes_to(&both, &runs, &ruled(&[rule("test", None)])),
        "failed test"
    );
    // What is not required may fail.
    let checks = [job("test", 1, GREEN), job("canary", 2, RED)];
    let said = comes_to(&checks, &[], &ruled(&[rule("test", None)]));
    assert_eq!(said, "passed 1");
    let wanted = Wanted {
        policy: vec!["canary".to_owned()],
        ..ruled(&[rule("test", None)])
    };
    assert_eq!(comes_to(&checks, &[], &wanted), "failed canary");
}

#[test]
fn required_workflows_let_every_job_count_beside_the_named_checks() {
    let mut wanted = ruled(&[rule("ci/other", None)]);
    wanted.rules.workflows = true;
    let runs = [run(1, GREEN)];
    let other = status("ci/other", GREEN);
    let said = |job_ends, checks: &[Check]| {
        let checks = [&[job("scan", 1, job_ends)], checks].concat();
        comes_to(&checks, &runs, &wanted)
    };
    assert_eq!(said(RED, std::slice::from_ref(&other)), "failed scan");
    assert_eq!(said(GREEN, std::slice::from_ref(&other)), "passed 2");
    assert_eq!(said(GREEN, &[]), "waiting ci/other NotReported");
    assert!(!read(&observed(&[other], &[]), &wanted).named);
}

#[test]
fn two_suites_of_one_name_that_disagree_are_red() {
    let checks = [job("test", 1, GREEN), job("test", 2, RED)];
    let runs = [run(1, GREEN), run(2, RED)];
    assert_eq!(comes_to(&checks, &runs, &Wanted::default()), "failed test");
    let rules = ruled(&[rule("test", None)]);
    assert_eq!(comes_to(&checks, &runs, &rules), "failed test");
}

#[test]
fn a_run_that_could_not_begin_says_so() {
    let free = Wanted::default();
    let waits = [run(1, Standing::AwaitsApproval)];
    assert_eq!(comes_to(&[], &waits, &free), "waiting CI Approval");
    let rules = ruled(&[rule("test", None)]);
    assert_eq!(comes_to(&[], &waits, &rules), "waiting test Approval");
    let broken = [run(1, Standing::Ended(Conclusion::StartupFailure))];
    assert_eq!(comes_to(&[], &broken, &free), "failed CI");
    let queued = [run(1, Standing::NotBegun)];
    let checks = [job("lint", 2, GREEN)];
    assert_eq!(comes_to(&checks, &queued, &free), "waiting CI NotBegun");
}

#[test]
fn each_conclusion_passes_or_does_not() {
    use Conclusion as C;
    for (conclusion, passes) in [
        (C::Success, true),
        (C::Neutral, true),
        (C::Skipped, true),
        (C::Failure, false),
        (C::TimedOut, false),
        (C::Cancelled, false),
        (C::ActionRequired, false),
        (C::StartupFailure, false),
        (C::Stale, false),
        (C::Other, false),
    ] {
        let checks = [job("test", 1, Standing::Ended(conclusion))];
        let expected = if passes { "passed 1" } else { "failed test" };
        let said = comes_to(&checks, &[], &Wanted::default());
        assert_eq!(said, expected, "{conclusion:?}");
    }
}

#[test]
fn a_workflow_that_leaves_drafts_out_is_seen() {
    let skipped = Standing::Ended(Conclusion::Skipped);
    let wanted = Wanted::default();
    let is_skipped =
        |checks: &[Check], runs: &[WorkflowRun]| read(&observed(checks, runs), &wanted).skipped;
    assert!(is_skipped(&[job("test", 1, skipped)], &[run(1, skipped)]));
    let checks = [job("test", 1, skipped), job("lint", 2, GREEN)];
    assert!(!is_skipped(&checks, &[run(1, skipped), run(2, GREEN)]));
    assert!(!is_skipped(&[job("test", 1, GREEN)], &[run(1, GREEN)]));
}

#[test]
fn settled_is_what_is_required_or_what_stands_for_a_while() {
    let at = Timestamp(1_000_000);
    let green = observed(&[job("test", 1, GREEN)], &[run(1, GREEN)]);
    let free = read(&green, &Wanted::default());
    let named = read(&green, &ruled(&[rule("test", None)]));
    let mut watch = Watch::begins(at, true, 60);
    assert!(watch.is_settled(&named, at, 60));
    assert!(!watch.is_settled(&free, at, 60));
    watch.see(at, &free.stands, 60);
    assert!(!watch.is_settled(&free, at.plus_s(59), 60));
    assert!(watch.is_settled(&free, at.plus_s(60), 60));
    // A late check begins the wait anew.
    let more = observed(
        &[job("test", 1, GREEN), job("late", 2, GREEN)],
        &[run(1, GREEN)],
    );
    let more = read(&more, &Wanted::default());
    assert!(!watch.is_settled(&more, at.plus_s(60), 60));
    let none = read(&observed(&[], &[]), &Wanted::default());
    assert!(
        !watch.is_settled(&none, at.plus_s(60), 60),
        "checks are expected"
    );
    let unasked = Watch::begins(at, false, 60);
    assert!(unasked.is_settled(&none, at, 60));
    let waiting = observed(&[job("test", 1, Standing::Running)], &[]);
    let waiting = read(&waiting, &Wanted::default());
    assert!(!watch.is_settled(&waiting, at.plus_s(9_999), 60));
    assert!(matches!(&waiting.outcome, Outcome::Waiting { on } if on[0].why == Wait::Running));
}
