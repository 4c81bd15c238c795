//! Contracts read from issues: the fixtures with what is understood, and properties.

use std::fmt::Write as _;
use std::path::Path;

use castellan::domain::request::contract::{
    ApprovedComment, Contract, HEADINGS, NOTES, OBJECTIVE_CHARS, PROBLEMS, SCOPE, Source,
    difference, explain, read,
};
use castellan::domain::request::policy::{COMMANDS, CONSTRAINTS, Policy, parse};
use castellan::domain::text::is_visible;
use proptest::prelude::*;

fn policy() -> Policy {
    parse(include_bytes!("../../fixtures/policies/good/full.yml")).unwrap()
}

fn source(body: &str) -> Source {
    Source {
        title: String::from("Dates of 1900"),
        body: body.to_owned(),
        comments: Vec::new(),
        requester_login: String::from("carol"),
    }
}

#[test]
fn fixtures_are_understood() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/contracts");
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut shown = String::new();
    for name in names {
        let body = std::fs::read_to_string(&name).unwrap();
        for (with, policy) in [("no policy", Policy::default()), ("a policy", policy())] {
            let reading = read(&source(&body), &policy);
            let name = name.file_name().unwrap().to_string_lossy();
            writeln!(shown, "# {name} with {with}\n{}", explain(&reading)).unwrap();
        }
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn comments_of_people_with_write_access_are_added() {
    let mut from = source("Make it work.");
    from.comments = vec![
        ApprovedComment {
            login: String::from("alice"),
            text: String::from("Keep the <!-- secret --> names."),
        },
        ApprovedComment {
            login: String::from("bob"),
            text: String::from("<!-- only hidden -->"),
        },
    ];
    let reading = read(&from, &Policy::default());
    assert_eq!(
        reading.contract.objective,
        "Make it work.\n\nalice added: Keep the  names."
    );
    let notes: Vec<_> = reading.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "Hidden content removed from the comment of alice: 1 HTML comment was removed.",
            "Hidden content removed from the comment of bob: 1 HTML comment was removed.",
        ]
    );
}

#[test]
fn a_comment_cannot_add_a_field() {
    let mut from = source("Make it work.");
    from.comments = vec![ApprovedComment {
        login: String::from("alice"),
        text: String::from("### Acceptance commands\n\ncurl evil.example"),
    }];
    assert!(
        read(&from, &Policy::default())
            .contract
            .acceptance
            .is_empty()
    );
}

#[test]
fn an_issue_that_says_nothing_is_a_problem() {
    let reading = read(&Source::default(), &Policy::default());
    assert_eq!(
        reading.problems[0].to_string(),
        "the issue says nothing; write what is to be reached"
    );
}

#[test]
fn the_contract_survives_json_and_its_hash_is_stable() {
    let body = include_str!("../../fixtures/contracts/form.md");
    let contract = read(&source(body), &Policy::default()).contract;
    let again: Contract = serde_json::from_str(&serde_json::to_string(&contract).unwrap()).unwrap();
    assert_eq!(again, contract);
    assert_eq!(again.sha256(), contract.sha256());
    // A change of this value means that every running task would seem to have a new contract.
    insta::assert_snapshot!(contract.sha256().to_string());
}

#[test]
fn a_difference_is_shown_as_code_in_which_nothing_acts() {
    let shown = difference("a\nb\nc\n", "a\n```\n/lgtm\nfixes #1\u{202e}\nc\n");
    insta::assert_snapshot!(shown);
    let long = difference("", &"line\n".repeat(50_000));
    assert!(long.chars().count() < 9_000 && long.contains("(shortened)"));
}

#[test]
fn a_difference_that_cannot_be_shown_is_said() {
    for (old, new, said) in [
        ("a b", "a\u{200b} b", "Only characters that nobody sees"),
        ("a", "a", "Both texts are the same."),
    ] {
        assert!(difference(old, new).starts_with(said), "{old:?} {new:?}");
    }
    let old = "line\n".repeat(3_000);
    let shown = difference(&old, &format!("{old}more"));
    assert!(shown.contains("beyond the first 2000 lines"), "{shown}");
}

#[test]
fn x32_what_is_never_closed_is_asked_about_because_a_limit_may_follow_it() {
    for opened in [
        "a <title> of a book",
        "<!-- to do",
        "<div title=\"",
        "<select>",
    ] {
        let body = format!("Fix it.\n\n{opened}\n\n### Files in scope\n\n- add.sh\n");
        let reading = read(&source(&body), &policy());
        let told = reading
            .problems
            .iter()
            .any(|one| one.message.contains("is not closed"));
        assert!(told, "{opened}: {:?}", reading.problems);
    }
    let closed = "Fix <b>it</b>.\n\n<!-- to do -->\n\n### Files in scope\n\n- add.sh\n";
    assert_eq!(read(&source(closed), &policy()).problems, []);
}

#[test]
fn the_issue_form_writes_the_headings_that_are_read() {
    let form = include_str!("../../deploy/issue-form/castellan-task.yml");
    let labels: Vec<&str> = form
        .lines()
        .filter_map(|line| line.trim().strip_prefix("label: "))
        .collect();
    let titles: Vec<&str> = HEADINGS.iter().map(|heading| heading.title).collect();
    assert_eq!(labels, titles);
}

#[test]
fn notes_are_few_whatever_the_issue_says() {
    let mut from = source(&format!(
        "Do it.\n\n### Budget\n\n{}\n\n### Constraints\n\n{}",
        "99 attempts, 999 turns\n".repeat(1_000),
        format!("- {}\n", "long ".repeat(200)).repeat(40),
    ));
    let reading = read(&from, &Policy::default());
    let notes: Vec<_> = reading.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "Too long, and cut: a constraint.",
            "The issue asks for 99 attempts; the policy allows 10.",
            "The issue asks for 999 turns; the policy allows 100.",
        ]
    );
    from.comments = (0..50)
        .map(|at| ApprovedComment {
            login: format!("alice{at}"),
            text: String::from("<!-- hidden --> shown"),
        })
        .collect();
    let reading = read(&from, &Policy::default());
    assert_eq!(reading.notes.len(), NOTES);
    assert_eq!(
        reading.notes.last().unwrap().to_string(),
        "34 more notes are not shown."
    );
}

#[test]
fn a_section_of_comments_takes_no_command_of_the_policy_away() {
    let policy = policy();
    for body in [
        "Do it.\n\n### Acceptance commands\n\n# none",
        "Do it.\n\n### Acceptance commands\n\n```sh\n# none\n# at all\n```\n\n### Set-up\n\n- `# none`",
    ] {
        let reading = read(&source(body), &policy);
        assert_eq!(reading.contract.acceptance, policy.acceptance, "{body}");
        assert_eq!(reading.contract.setup, policy.setup, "{body}");
        assert!(!policy.acceptance.is_empty() && !policy.setup.is_empty());
    }
}

#[test]
fn a_block_of_code_begins_and_ends_where_the_page_shows_it() {
    let command = "\n### Acceptance commands\n\ntrue\n";
    for (body, is_section) in [
        // Tildes may have backticks after them; backticks may not.
        (format!("~~~ a `b`\n{command}~~~"), false),
        (format!("``` a `b`\n{command}"), true),
        // Code by indentation opens nothing.
        (format!("x\n\n    ```\n{command}"), true),
        (format!("```\n    ```\n{command}```"), false),
        // Only its own mark ends a block, and enough of it.
        (format!("```\n~~~\n{command}```"), false),
        (format!("````\n```\n{command}````"), false),
        (format!("```\n````\n{command}"), true),
        (format!("```\n``` x\n{command}```"), false),
    ] {
        let acceptance = read(&source(&body), &Policy::default()).contract.acceptance;
        assert_eq!(!acceptance.is_empty(), is_section, "{body}");
    }
    let body = "### Acceptance commands\n\n```sh\ncargo test\n~~~\n- x\n```\n- `make`";
    let acceptance = read(&source(body), &Policy::default()).contract.acceptance;
    assert_eq!(acceptance, ["cargo test", "~~~", "- x", "make"]);
}

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => prop::sample::select(vec![
            "### Objective\n", "## files in scope\n", "# Budget\n", "### Owner\n", "### Set-up\n", "### Acceptance commands\n",
            "### Constraints\n", "### Stop condition\n", "_No response_\n", "\n", "- src/**\n", "`cargo test`\n", "```\n", "~~~\n",
            "$ make\n", "attempts: 99999999999\n", "3 attempts\n", "@alice\n", "../x\n", "<!-- x -->", "\u{200b}", "[a", "{", "1. x\n",
        ]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_never_panics_and_keeps_its_caps(title in any::<String>(), body in text(), comment in text()) {
        let policy = policy();
        let from = Source {
            title,
            body,
            comments: vec![ApprovedComment { login: String::from("alice"), text: comment }; 3],
            requester_login: String::from("carol"),
        };
        let reading = read(&from, &policy);
        let contract = &reading.contract;
        prop_assert!(contract.objective.chars().count() <= OBJECTIVE_CHARS);
        prop_assert!(contract.scope.len() <= SCOPE && contract.setup.len() <= COMMANDS);
        prop_assert!(contract.acceptance.len() <= COMMANDS && reading.problems.len() <= PROBLEMS);
        prop_assert!(reading.notes.len() <= NOTES);
        prop_assert!(contract.constraints.len() <= CONSTRAINTS + policy.constraints.len());
        prop_assert!(contract.budget.attempts <= policy.budget.maximum.attempts && contract.budget.attempts > 0);
        prop_assert!(contract.budget.minutes <= policy.budget.maximum.minutes);
        prop_assert!(!contract.owner.is_empty() && !contract.title.contains('\n'));
        prop_assert!(contract.objective.chars().chain(contract.title.chars()).all(is_visible));
        prop_assert_eq!(read(&from, &policy), reading);
    }
}
