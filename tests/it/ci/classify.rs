//! Whose a failure is: one row each, and who is woken.

use castellan::domain::ci::checks::Conclusion;
use castellan::domain::ci::classify::{Known, Whose, classify, is_named};
use castellan::domain::ci::failure::{Failure, OnBase, Print, Said};

use crate::transitions::checks::failure;

fn base(print: &str) -> OnBase {
    OnBase::Failed {
        print: Some(Print {
            strict: print.to_owned(),
            loose: print.to_owned(),
            coarse: print.to_owned(),
        }),
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one line a case")]
fn whose_a_failure_is() {
    let plain = || failure("a", 1);
    let free = Known::default();
    let asked = Known {
        asked: true,
        ..free
    };
    let again = Known {
        again: true,
        ..free
    };
    let on = |on_base| Failure { on_base, ..plain() };
    let says = |said| Failure { said, ..plain() };
    let ends = |conclusion| Failure {
        conclusion,
        ..plain()
    };
    let by = |slug: &str| Failure {
        slug: slug.to_owned(),
        ..plain()
    };
    let elsewhere = |on_base| Failure {
        elsewhere: true,
        ..on(on_base)
    };
    let unread = Failure {
        print: None,
        ..on(OnBase::Failed { print: None })
    };
    for (what, failure, known, whose) in [
        ("plain", plain(), free, Whose::Own),
        ("the same on the base", on(base("a")), free, Whose::Base),
        ("another on the base", on(base("b")), free, Whose::Own),
        ("no log on either side", unread, free, Whose::Base),
        ("never ran there", on(OnBase::NeverRan), free, Whose::Own),
        (
            "nor there, but elsewhere",
            elsewhere(OnBase::NeverRan),
            free,
            Whose::Elsewhere,
        ),
        (
            "passes there, fails elsewhere",
            elsewhere(OnBase::Passed),
            free,
            Whose::Own,
        ),
        (
            "asked for, broken on the base",
            on(base("a")),
            asked,
            Whose::Own,
        ),
        (
            "permission",
            says(Said::PermissionOrSecret),
            asked,
            Whose::PermissionOrSecret,
        ),
        (
            "infrastructure",
            says(Said::Infrastructure),
            again,
            Whose::Infrastructure,
        ),
        ("time", says(Said::Timeout), free, Whose::Timeout),
        ("time, twice", says(Said::Timeout), again, Whose::Own),
        ("room", says(Said::OutOfRoom), free, Whose::Infrastructure),
        ("room, twice", says(Said::OutOfRoom), again, Whose::Own),
        (
            "timed out with a failed test",
            ends(Conclusion::TimedOut),
            free,
            Whose::Own,
        ),
        (
            "cancelled",
            ends(Conclusion::Cancelled),
            asked,
            Whose::Cancelled,
        ),
        ("stale", ends(Conclusion::Stale), free, Whose::Stale),
        (
            "asks a person",
            ends(Conclusion::ActionRequired),
            free,
            Whose::Person,
        ),
        (
            "cannot be started",
            ends(Conclusion::StartupFailure),
            free,
            Whose::Policy,
        ),
        ("who may contribute", by("dco"), free, Whose::Policy),
    ] {
        assert_eq!(classify(&failure, known), whose, "{what}");
    }
}

#[test]
fn only_the_change_s_own_failure_wakes_an_agent_and_each_other_has_its_words() {
    for whose in Whose::ALL {
        assert_eq!(whose.wakes(), whose == Whose::Own, "{whose:?}");
        assert!(!whose.sentence().is_empty());
        let nothing_to_do = matches!(whose, Whose::Own | Whose::Flaky);
        assert_eq!(whose.remedy().is_empty(), nothing_to_do, "{whose:?}");
    }
}

#[test]
fn a_request_names_a_check_in_quotes_or_by_a_name_that_is_no_plain_word() {
    for (words, check, named) in [
        ("Mend the job `test`, please", "test", true),
        ("Mend \"Test\"", "test", true),
        ("The test of add fails", "test", false),
        ("A `testing` matter", "test", false),
        (
            "Why does lint / style (3.12) fail?",
            "lint / style (3.12)",
            true,
        ),
        ("Why does unit-test fail?", "unit-test", true),
        ("Why does unit-tests fail?", "unit-test", false),
        ("Nothing", "", false),
    ] {
        assert_eq!(is_named(words, check), named, "{words} {check}");
    }
}
