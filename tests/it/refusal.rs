//! How often a person is told the same no (X15).

use castellan::domain::ids::UserId;
use castellan::domain::refusal::{Refusal, Window};
use castellan::domain::request::Person;

fn policy(error: &str) -> Refusal {
    Refusal::PolicyUnreadable {
        error: error.to_owned(),
    }
}

fn contract(problem: &str) -> Refusal {
    Refusal::ContractUnreadable {
        problems: vec![problem.to_owned()],
    }
}

#[test]
fn x15_a_flood_is_told_the_same_no_once_an_hour_and_a_new_one_at_once() {
    let unknown = |word: &str| Refusal::UnknownCommand {
        word: word.to_owned(),
    };
    let by = Person {
        id: UserId(1),
        login: String::from("rita"),
    };
    for hourly in [
        Refusal::NoWriteAccess { by },
        policy("a"),
        unknown("a"),
        Refusal::Archived,
        Refusal::Empty,
    ] {
        assert!(
            matches!(hourly.window(), Window::Repository(_)),
            "{hourly:?}"
        );
    }
    for of_issue in [contract("a"), Refusal::TaskThere] {
        assert!(
            matches!(of_issue.window(), Window::Issue(_)),
            "{of_issue:?}"
        );
    }
    assert_eq!(Refusal::Busy.window(), Window::Request);
    assert_eq!(unknown("a").window(), unknown("b").window());
    assert_eq!(policy("a").window(), policy("a").window());
    assert_ne!(policy("a").window(), policy("b").window());
    assert_ne!(contract("a").window(), contract("b").window());
}
