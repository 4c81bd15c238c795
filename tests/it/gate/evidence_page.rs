//! What the informational run says: a full page, one with nothing on it, and one that is too long.

use castellan::domain::ci::weakened::{Compared, weakenings};
use castellan::domain::gate::bounded::{List, Text};
use castellan::domain::gate::evidence_page::{ANNOTATIONS, Known, Page, Ran, page};
use castellan::domain::gate::facts::{Pull, RiskRule, Section, SectionName, SeenCheck, Subject};
use castellan::domain::gate::judge;
use castellan::domain::gate::show::SUMMARY_CHARS;
use castellan::domain::ids::{AttemptNumber, Fence, Sha256Hex};
use castellan::domain::model::{Spent, Tokens};
use castellan::domain::risk::{Contents, Difference, Entry, FileDifference, Lines, Sizes, Tier};
use castellan::domain::task::attempt::{Attempt, Phase};
use castellan::domain::task::proposal::Acceptance;
use castellan::domain::task::reach::{Reach, Refused};
use castellan::domain::task::stage::Stage;
use castellan::domain::task::{Pull as Opened, Task, Written};

use super::sample;
use crate::transitions::sample::{START, oid, task};

/// Words in which something would act, if anything acted.
const LOUD: &str = "@octocat `x` <b> [a](https://evil.example) | #1";

fn attempt(number: u32, ended: &str) -> Attempt {
    Attempt {
        number: AttemptNumber(number),
        fence: Fence(1),
        seed: Sha256Hex::of("seed"),
        nonce: String::new(),
        start: oid(1),
        feedback: None,
        asked_at: START,
        run: None,
        signed_in: None,
        entered: None,
        going: None,
        result: None,
        ended: Some(ended.to_owned()),
        questions: Vec::new(),
        answer: None,
        correction: None,
        merge: None,
        staged: None,
        approved: None,
    }
}

fn ran(number: u32) -> Ran {
    Ran {
        attempt: AttemptNumber(number),
        changed: true,
        acceptance: vec![Acceptance {
            command: "sh test.sh".to_owned(),
            exit_code: Some(0),
            output_tail: String::new(),
        }],
        refused: Vec::new(),
        reach: Reach::default(),
        agent: Some("Played agent 1".to_owned()),
        words: "It subtracted; now it adds.".to_owned(),
        took_ms: 200_000,
        agent_ms: 130_000,
        spent: spent(),
    }
}

fn spent() -> Spent {
    Spent {
        calls: 12,
        tokens: Tokens {
            input: 12_345,
            ..Tokens::default()
        },
        micros: 120_000,
    }
}

/// A task whose one commit is the head of `pull`.
fn delivered(pull: &Pull, attempts: Vec<Attempt>) -> Task {
    let head = pull.head.clone();
    let mut task = task(7);
    task.attempts = attempts;
    task.pull = Some(Opened {
        number: pull.number,
        head: head.clone(),
        commits: vec![head.clone()],
        written: Written::default(),
        unmerged: None,
    });
    task.stage = Stage::Delivered {
        pull: pull.number,
        head,
    };
    task
}

fn file(path: &str, old: bool) -> FileDifference {
    FileDifference {
        path: path.as_bytes().to_vec(),
        old: old.then_some(Entry::File),
        new: Some(Entry::File),
    }
}

struct Case {
    sample: castellan::domain::gate::read::Sample,
    task: Task,
    difference: Difference,
    returned: Vec<Ran>,
    spent: Spent,
}

impl Case {
    /// Row 27 with one attempt and nothing else.
    fn plain() -> Self {
        let sample = sample("27");
        let Subject::PullRequest(pull) = &sample.facts.subject else {
            panic!("no pull request");
        };
        let task = delivered(pull, vec![attempt(1, "A change was written.")]);
        Self {
            sample,
            task,
            difference: Difference {
                contents: Contents::Compared(Vec::new()),
                ..Difference::default()
            },
            returned: vec![ran(1)],
            spent: spent(),
        }
    }

    fn pull(&mut self) -> &mut Pull {
        match &mut self.sample.facts.subject {
            Subject::PullRequest(pull) => pull,
            Subject::MergeGroup(_) => panic!("no pull request"),
        }
    }

    fn page(&mut self) -> Page {
        let verdict = judge(&self.sample.facts, &self.sample.policy);
        let pull = self.pull().clone();
        page(&Known {
            task: &self.task,
            pull: &pull,
            base: "main",
            verdict: &verdict,
            difference: &self.difference,
            returned: &self.returned,
            spent: &self.spent,
            page: Some("https://castellan.example/tasks/1"),
        })
    }
}

/// Tests that are weaker after than before, of a path.
fn weaker(path: &str) -> Contents {
    let before =
        b"def test_a():\n    assert add(1, 2) == 3\n\ndef test_b():\n    assert add(0, 0) == 0\n";
    let after = b"def test_a():\n    assert add(1, 2)\n";
    Contents::Compared(weakenings(&[Compared {
        path,
        before: Some(before),
        after: Some(after),
    }]))
}

fn full() -> Case {
    let mut case = Case::plain();
    let no = Refused {
        phase: Phase::Agent,
        place: "registry.example:443".to_owned(),
        because: format!("not on the list {LOUD}"),
        count: 3,
    };
    case.task
        .attempts
        .push(attempt(2, &format!("The agent said {LOUD}\nand more.")));
    case.returned.push(Ran {
        refused: vec![LOUD.to_owned()],
        reach: Reach {
            open_hosts: vec!["docs.example".to_owned()],
            refusals: vec![no],
        },
        words: format!("I changed it.\n\n```\n{LOUD}\n```\n{LOUD}"),
        ..ran(2)
    });
    case.task.contract.acceptance.push(format!("make {LOUD}"));
    case.task.contract.scope = vec!["src/**".to_owned()];
    let sizes = [
        (
            b"src/api/user.rs".to_vec(),
            Lines::Text {
                added: 12,
                deleted: 3,
            },
        ),
        (b"logo.png".to_vec(), Lines::Binary),
    ];
    case.difference = Difference {
        files: vec![
            file("src/api/user.rs", true),
            file("logo.png", false),
            file(LOUD, false),
            file("tests/test_add.py", true),
        ],
        sizes: Sizes::Counted(sizes.into_iter().collect()),
        contents: weaker("tests/test_add.py"),
    };
    let pull = case.pull();
    let mut checks = pull.ci.checks.to_vec();
    checks.push(SeenCheck {
        name: Text::of(LOUD),
        app: None,
        workflow: None,
        ..checks[0].clone()
    });
    pull.ci.checks = List::of(checks).unwrap();
    case
}

#[test]
fn x82_a_full_page() {
    let page = full().page();
    insta::assert_snapshot!(format!(
        "{}\n---\n{}\n---\n{}\n---\n{:#?}\n{:?}",
        page.title, page.summary, page.words, page.annotations, page.buttons
    ));
}

#[test]
fn an_empty_page_says_what_nobody_checked() {
    let mut case = Case::plain();
    case.returned = Vec::new();
    case.spent = Spent::default();
    case.task.contract.acceptance = Vec::new();
    case.difference = Difference::default();
    let pull = case.pull();
    pull.ci.checks = List::default();
    pull.evidence.pack = None;
    let page = case.page();
    assert_eq!(page.words, "The agent said nothing at its end.\n");
    insta::assert_snapshot!(format!("{}\n---\n{}", page.title, page.summary));
}

#[test]
fn x82_a_page_that_is_too_long_is_cut_in_whole_lines_and_says_so() {
    let mut case = full();
    let wide = |at: usize| format!("{at:04}{}", "ü€𝄞".repeat(100));
    case.difference.files = (0..90).map(|at| file(&wide(at), false)).collect();
    case.returned[1].words = "𝄞 words\n".repeat(20_000);
    let rule = |at: usize| RiskRule {
        tier: Tier::T2,
        because: Text::of(&wide(at)),
        path: Some(Text::of(&wide(at))),
    };
    let pull = case.pull();
    pull.risk.rules = List::of((0..60).map(rule).collect()).unwrap();
    let first = pull.ci.checks[0].clone();
    let named = |at: usize| SeenCheck {
        name: Text::of(&wide(at)),
        ..first.clone()
    };
    pull.ci.checks = List::of((0..90).map(named).collect()).unwrap();
    let finding = |at: usize| Text::of(&wide(at));
    let scans = Section {
        name: SectionName::Scans,
        head: None,
        findings: List::of((0..90).map(finding).collect()).unwrap(),
    };
    pull.evidence.pack.as_mut().unwrap().sections = List::of(vec![scans]).unwrap();
    let page = case.page();
    for text in [&page.summary, &page.words] {
        assert!(text.len() <= SUMMARY_CHARS, "{} bytes", text.len());
    }
    let (cut, note) = page.summary.trim_end().rsplit_once('\n').unwrap();
    assert!(
        note.ends_with("more lines were left out: GitHub takes no more.)"),
        "{note}"
    );
    assert!(
        SUMMARY_CHARS - page.summary.len() < 2_000,
        "{}",
        page.summary.len()
    );
    // The cut is at the end of a line: each span of code that begins in one also ends there.
    for line in cut.lines() {
        assert_eq!(line.matches('`').count() % 2, 0, "{line}");
    }
    assert!(page.words.contains("(shortened)"));
}

#[test]
fn what_weakens_tests_is_marked_at_its_line_and_what_raises_the_tier_at_its_file() {
    let mut case = full();
    let mut rules = case.pull().risk.rules.to_vec();
    let rule = |tier, because: &str, path: Option<&str>| RiskRule {
        tier,
        because: Text::of(because),
        path: path.map(Text::of),
    };
    rules.extend([
        rule(Tier::T1, "usual", Some("src/a.rs")),
        rule(Tier::T3, "many files", None),
        rule(Tier::T3, "a lockfile", Some("Cargo.lock")),
        rule(
            Tier::T3,
            "weakened tests: a test was deleted",
            Some("tests/test_add.py"),
        ),
    ]);
    case.pull().risk.rules = List::of(rules).unwrap();
    let marks = case.page().annotations;
    let shown: Vec<String> = marks
        .iter()
        .map(|one| {
            format!(
                "{}:{} {} {}: {}",
                one.path,
                one.line,
                one.level.word(),
                one.title,
                one.message
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn there_are_no_more_marks_than_two_calls_take_and_the_page_says_so() {
    let mut case = full();
    let Contents::Compared(found) = weaker("tests/test_add.py") else {
        panic!("compared");
    };
    let many = (0..130).map(|at| {
        let mut one = found[0].clone();
        one.line = Some(at + 1);
        one
    });
    case.difference.contents = Contents::Compared(many.collect());
    let page = case.page();
    assert_eq!(page.annotations.len(), ANNOTATIONS);
    let left = "more places are not marked in the difference";
    assert!(page.summary.contains(left), "{}", page.summary);
}
