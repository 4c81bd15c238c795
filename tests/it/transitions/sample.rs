//! A task for tests of the store and of its moves.

use castellan::domain::event::{Event, Fact};
use castellan::domain::ids::{
    AttemptNumber, InstallationId, Number, Oid, RepositoryId, TaskId, UserId,
};
use castellan::domain::notice::IssueText;
use castellan::domain::request::contract::{Budget, Contract};
use castellan::domain::request::policy::Policy;
use castellan::domain::request::{Origin, Person, Request};
use castellan::domain::task::kind::Kind;
use castellan::domain::task::stage::Stage;
use castellan::domain::task::{Base, Task};
use castellan::domain::time::Timestamp;

/// When the sample's task is opened.
pub(crate) const START: Timestamp = Timestamp(1_790_000_000_000);

pub(crate) fn alice() -> Person {
    Person {
        id: UserId(500_004),
        login: "alice".to_owned(),
    }
}

/// A commit that is told from others by its last digit.
pub(crate) fn oid(last: u8) -> Oid {
    format!("{:038x}{last:02x}", 0xc0).parse().unwrap()
}

/// The task of issue `issue` before it is opened.
pub(crate) fn task(issue: i64) -> Task {
    let request = Request {
        origin: Origin::Label {
            event: format!("LE_{issue}"),
        },
        by: alice(),
        at: START,
    };
    let repository = RepositoryId(700_001);
    Task {
        id: TaskId::of_request(repository, &request.key()),
        repository,
        node: "R_1".to_owned(),
        name: "octo/sample".parse().unwrap(),
        owner: UserId(1),
        installation: InstallationId(60_001),
        issue: Number(issue),
        kind: Kind::Issue,
        request,
        text: IssueText {
            title: "The code is broken".to_owned(),
            body: "Please fix it.".to_owned(),
        },
        contract: contract(),
        notes: Vec::new(),
        policy: Policy::default(),
        base: Base {
            branch: "main".to_owned(),
            oid: oid(1),
        },
        stage: Stage::Queued {
            attempt: AttemptNumber(1),
            until: START,
        },
        attempts: Vec::new(),
        pull: None,
        ledger: Vec::new(),
        edited_since: false,
        opened_at: START,
    }
}

fn contract() -> Contract {
    Contract {
        title: "The code is broken".to_owned(),
        objective: "Please fix it.".to_owned(),
        scope: Vec::new(),
        constraints: Vec::new(),
        setup: Vec::new(),
        acceptance: vec!["sh test.sh".to_owned()],
        stop: None,
        owner: "alice".to_owned(),
        budget: Budget {
            attempts: 3,
            minutes: 10,
            turns: 1,
            calls: 500,
            tokens: 10_000_000,
            cents: None,
        },
    }
}

/// `fact`, `after_s` seconds after the start.
pub(crate) fn event(after_s: i64, fact: Fact) -> Event {
    Event {
        at: START.plus_s(after_s),
        draw: "d".repeat(64),
        fact,
    }
}
