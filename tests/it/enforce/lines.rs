//! Each line of the audit in its three states, from what was seen alone.

use castellan::domain::ci::checks::Required;
use castellan::domain::gate::audit::{
    Line, Passer, Rules, Sight, Source, State, audit, parse_workflow,
};
use castellan::domain::ids::AppId;
use castellan::domain::request::policy::{CiRun, Policy};

const OURS: AppId = AppId(7);
const ACTIONS: AppId = AppId(15_368);

fn required(name: &str, app: Option<AppId>) -> Required {
    Required {
        name: name.to_owned(),
        app,
    }
}

fn source(passers: Result<Vec<Passer>, String>) -> Source {
    Source {
        what: "the ruleset 1".to_owned(),
        passers,
    }
}

fn passer(kind: &str, id: i64) -> Passer {
    Passer {
        kind: kind.to_owned(),
        id: Some(id),
    }
}

/// A repository of which everything is ok.
fn good() -> Sight {
    let mut sight = Sight {
        repository: "octo/sample".to_owned(),
        base: "main".to_owned(),
        app: OURS,
        rules: Ok(Rules {
            required: vec![
                required("agent-gate / main", Some(OURS)),
                required("test", Some(ACTIONS)),
            ],
            sources: vec![source(Ok(Vec::new()))],
            stale_dismissed: true,
            queue_minutes: Some(180),
        }),
        policy: Ok(Some(Policy::default())),
        workflows: Ok(Vec::new()),
        same_name: Ok(Vec::new()),
        actions_approve: Ok(false),
        ungated: Ok(Vec::new()),
    };
    workflows(
        &mut sight,
        &["on: [pull_request, merge_group]\njobs: {test: {}}\n"],
    );
    sight
}

fn workflows(sight: &mut Sight, texts: &[&str]) {
    let read = texts.iter().enumerate();
    let read = read.map(|(at, text)| (format!(".github/workflows/{at}.yml"), parse_workflow(text)));
    sight.workflows = Ok(read.collect());
}

fn rules(sight: &mut Sight) -> &mut Rules {
    sight.rules.as_mut().unwrap()
}

fn line(sight: &Sight, at: usize) -> Line {
    audit(sight).swap_remove(at)
}

type Change = fn(&mut Sight);

/// Line by line: what makes it `not`, and what makes it `unknown`.
const CASES: [(&str, &[Change], &[Change]); 13] = [
    (
        "the rules require our check",
        &[
            |sight| rules(sight).required.clear(),
            |sight| {
                rules(sight).required[0].name = "agent-gate / Main".to_owned();
            },
        ],
        &[|sight| sight.rules = Err("no answer".to_owned())],
    ),
    (
        "pinned to our App",
        &[
            |sight| rules(sight).required[0].app = None,
            |sight| rules(sight).required[0].app = Some(ACTIONS),
            |sight| rules(sight).required.clear(),
        ],
        &[|sight| sight.rules = Err("no answer".to_owned())],
    ),
    (
        "our App does not pass by",
        &[
            |sight| rules(sight).sources[0].passers = Ok(vec![passer("Integration", 7)]),
            |sight| rules(sight).sources.clear(),
        ],
        &[|sight| rules(sight).sources[0].passers = Err("for admins only".to_owned())],
    ),
    (
        "admins included",
        &[
            |sight| rules(sight).sources[0].passers = Ok(vec![passer("RepositoryRole", 5)]),
            |sight| rules(sight).sources.clear(),
        ],
        &[|sight| rules(sight).sources[0].passers = Err("for admins only".to_owned())],
    ),
    (
        "stale reviews do not count",
        &[|sight| {
            rules(sight).stale_dismissed = false;
            rules(sight).required.clear();
        }],
        &[|sight| sight.rules = Err("no answer".to_owned())],
    ),
    (
        "required CI always reports",
        &[
            |sight| {
                workflows(
                    sight,
                    &["on:\n  pull_request: {paths: [src/**]}\n  merge_group:\njobs: {test: {}}\n"],
                )
            },
            |sight| workflows(sight, &["on: [pull_request]\njobs: {test: {}}\n"]),
            |sight| workflows(sight, &["on: [workflow_dispatch]\njobs: {test: {}}\n"]),
        ],
        &[
            |sight| workflows(sight, &["on: [pull_request]\njobs: {other: {}}\n"]),
            |sight| workflows(sight, &["- no workflow\n"]),
            |sight| sight.workflows = Err("no answer".to_owned()),
            |sight| sight.policy = Err("it is broken".to_owned()),
        ],
    ),
    (
        "nothing else has the name of our check",
        &[|sight| sight.same_name = Ok(vec!["a status on abc".to_owned()])],
        &[|sight| sight.same_name = Err("no answer".to_owned())],
    ),
    (
        "names of CI jobs are unique",
        &[
            |sight| {
                workflows(
                    sight,
                    &[
                        "on: push\njobs: {test: {}}\n",
                        "on: push\njobs: {x: {name: test}}\n",
                    ],
                )
            },
            |sight| workflows(sight, &["on: push\njobs: {x: {name: agent-gate / main}}\n"]),
        ],
        &[
            |sight| {
                workflows(
                    sight,
                    &["on: push\njobs: {test: {name: \"${{ matrix.os }}\"}}\n"],
                )
            },
            |sight| workflows(sight, &["on: [\n"]),
        ],
    ),
    (
        "the merge queue waits long enough",
        &[|sight| rules(sight).queue_minutes = Some(60)],
        &[|sight| sight.policy = Err("it is broken".to_owned())],
    ),
    (
        "no deployment from branches of agents",
        &[
            |sight| {
                workflows(
                    sight,
                    &["on: push\njobs: {ship: {environment: production}}\n"],
                )
            },
            |sight| {
                workflows(
                    sight,
                    &[
                        "on: {push: {branches: ['castellan/**']}}\njobs: {x: {steps: [{run: npm publish}]}}\n",
                    ],
                )
            },
        ],
        &[
            |sight| {
                workflows(
                    sight,
                    &["on: push\njobs: {test: {steps: [{run: ./x.sh}]}}\n"],
                )
            },
            |sight| sight.workflows = Err("no answer".to_owned()),
        ],
    ),
    (
        "CI of agents' code gets no secrets",
        &[
            |sight| {
                workflows(
                    sight,
                    &["on: pull_request\njobs: {test: {env: {A: \"${{ secrets.NPM }}\"}}}\n"],
                )
            },
            |sight| {
                workflows(
                    sight,
                    &[
                        "on: pull_request\njobs: {test: {uses: ./.github/workflows/1.yml}}\n",
                        "on: workflow_call\njobs: {x: {env: {A: \"${{ secrets.NPM }}\"}}}\n",
                    ],
                )
            },
            |sight| {
                workflows(
                    sight,
                    &[
                        "on: pull_request_target\njobs: {test: {uses: a/b/.github/workflows/c.yml@v1, secrets: inherit}}\n",
                    ],
                )
            },
        ],
        &[
            |sight| workflows(sight, &["on: [\n"]),
            |sight| sight.policy = Err("it is broken".to_owned()),
        ],
    ),
    (
        "workflows may not approve",
        &[|sight| sight.actions_approve = Ok(true)],
        &[|sight| sight.actions_approve = Err("for admins only".to_owned())],
    ),
    (
        "other protected branches have our rule, too",
        &[|sight| sight.ungated = Ok(vec!["release/2".to_owned()])],
        &[|sight| sight.ungated = Err("no answer".to_owned())],
    ),
];

#[test]
fn every_line_has_its_three_states_and_what_is_not_ok_has_a_remedy() {
    let lines = audit(&good());
    assert_eq!(lines.len(), CASES.len());
    for (at, (name, not, unknown)) in CASES.iter().enumerate() {
        let seen = &lines[at];
        assert_eq!((seen.line, seen.state), (*name, State::Ok), "{}", seen.what);
        assert_eq!(seen.remedy, None);
        for (changes, state) in [(not, State::Not), (unknown, State::Unknown)] {
            for (which, change) in changes.iter().enumerate() {
                let mut sight = good();
                change(&mut sight);
                let seen = line(&sight, at);
                assert_eq!(seen.state, state, "{name}, {which}: {}", seen.what);
                assert!(seen.remedy.is_some(), "{name}, {which}");
            }
        }
    }
}

#[test]
fn rules_add_up_and_our_own_check_stands_in_for_dismissal() {
    let mut sight = good();
    let lax = source(Ok(vec![passer("RepositoryRole", 5)]));
    rules(&mut sight).sources.push(lax);
    assert_eq!(
        line(&sight, 3).state,
        State::Ok,
        "one that lets nobody pass is enough"
    );
    rules(&mut sight).stale_dismissed = false;
    assert_eq!(line(&sight, 4).state, State::Ok);
    let mut sight = good();
    rules(&mut sight).queue_minutes = None;
    assert_eq!(line(&sight, 8).state, State::Ok);
}

#[test]
fn x62_a_policy_that_asks_a_person_before_ci_is_as_good_as_no_secrets() {
    let mut sight = good();
    let text = "on: pull_request\njobs: {test: {env: {A: \"${{ secrets.NPM }}\"}}}\n";
    workflows(&mut sight, &[text]);
    assert_eq!(line(&sight, 10).state, State::Not);
    let mut policy = Policy::default();
    policy.ci.run = CiRun::AfterApproval;
    sight.policy = Ok(Some(policy));
    let seen = line(&sight, 10);
    assert_eq!(seen.state, State::Ok);
    assert!(seen.what.contains("NPM") && seen.what.contains("after_approval"));
}

#[test]
fn what_is_foreign_is_cleaned_and_bounded() {
    let mut sight = good();
    let name = format!("::error::\u{1b}[31m{}", "x".repeat(5_000));
    rules(&mut sight).required.push(required(&name, None));
    sight.ungated = Ok(vec![name.clone(); 500]);
    sight.same_name = Ok(vec![name; 500]);
    for seen in audit(&sight) {
        let remedy = seen.remedy.unwrap_or_default();
        assert!(seen.what.chars().count() <= 600 && remedy.chars().count() <= 600);
        assert!(!format!("{}{remedy}", seen.what).contains('\u{1b}'));
    }
}

#[test]
fn a_branch_in_a_command_to_copy_is_quoted() {
    let mut sight = good();
    sight.ungated = Ok(vec!["release/$(reboot)".to_owned()]);
    let remedy = line(&sight, 12).remedy.unwrap();
    assert!(
        remedy.ends_with("castellan protect octo/sample --branch 'release/$(reboot)'"),
        "{remedy}"
    );
    sight.base = "a;b".to_owned();
    let remedy = line(&sight, 0).remedy.unwrap();
    assert_eq!(remedy, "castellan protect octo/sample --branch 'a;b'");
}
