//! The grammar of commands: the corpus of X9, and properties.

use castellan::domain::request::command::{Command, Parsed, TABLE, WORDS, help, parse};
use proptest::prelude::*;
use serde::Deserialize;

#[derive(Deserialize)]
struct Case {
    name: String,
    comment: String,
    expect: Option<serde_json::Value>,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../fixtures/commands/x9.json")).unwrap()
}

#[test]
fn x9_only_a_plain_first_line_is_a_command() {
    for case in cases() {
        let expected = match &case.expect {
            None => Parsed::Nothing,
            Some(value) => match value.get("unknown") {
                Some(word) => Parsed::Unknown {
                    word: word.as_str().unwrap().to_owned(),
                },
                None => Parsed::Command(serde_json::from_value(value.clone()).unwrap()),
            },
        };
        assert_eq!(parse(&case.comment), expected, "{}", case.name);
    }
}

#[test]
fn x9_a_command_after_60_kb_of_blank_text_is_nothing() {
    let blank = "\n".repeat(60_000);
    assert_eq!(parse(&format!("{blank}/agent run")), Parsed::Nothing);
    let spaces = " ".repeat(60_000);
    assert_eq!(parse(&format!("{spaces}\n/agent run")), Parsed::Nothing);
    assert_eq!(parse(&format!("{spaces}/agent run")), Parsed::Nothing);
}

#[test]
fn x8_the_table_of_commands_is_itself_no_command() {
    assert_eq!(parse(&help()), Parsed::Nothing);
    insta::assert_snapshot!(help());
}

#[test]
fn each_entry_of_the_table_is_a_command_and_each_command_has_an_entry() {
    for entry in TABLE {
        let usage = entry.usage.replace("[words]", "some words");
        match parse(&usage) {
            Parsed::Command(command) => assert_eq!(command.name(), entry.name),
            other => panic!("{usage} is {other:?}"),
        }
    }
    for command in [
        Command::Help,
        Command::Run,
        Command::Fix { words: None },
        Command::Stop,
        Command::Status,
    ] {
        assert!(TABLE.iter().any(|entry| entry.name == command.name()));
    }
}

#[test]
fn the_words_of_fix_are_bounded() {
    let Parsed::Command(Command::Fix { words: Some(words) }) =
        parse(&format!("/agent fix {}", "x ".repeat(50_000)))
    else {
        panic!("not a fix");
    };
    assert!(words.chars().count() <= WORDS);
}

fn command() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "/agent",
        "/agent run",
        "/agent fix this please",
        "/agent stop",
        "/agent status",
        "/agent nonsense",
    ])
    .prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(comment in any::<String>(), tail in any::<String>()) {
        let _ = parse(&comment);
        let _ = parse(&format!("/agent {tail}"));
        let _ = parse(&format!("/agent fix {tail}"));
    }

    #[test]
    fn wrapping_any_command_leaves_nothing(command in command(), wrap in 0_usize..9, spaces in 1_usize..9) {
        let wrapped = match wrap {
            0 => format!("> {command}"),
            1 => format!("{}{command}", " ".repeat(spaces)),
            2 => format!("```\n{command}\n```"),
            3 => format!("~~~text\n{command}\n~~~"),
            4 => format!("<!-- {command} -->"),
            5 => format!("<details>\n\n{command}\n</details>"),
            6 => format!("```suggestion\n{command}\n```"),
            7 => format!("- {command}"),
            _ => format!("words before\n{command}"),
        };
        prop_assert_eq!(parse(&wrapped), Parsed::Nothing);
    }

    #[test]
    fn what_follows_the_first_line_changes_nothing(command in command(), tail in any::<String>()) {
        prop_assert_eq!(parse(&command), parse(&format!("{command}\n{tail}")));
        prop_assert_eq!(parse(&command), parse(&format!("\n{command}\r\n{tail}")));
    }

    #[test]
    fn words_that_were_read_read_the_same_again(tail in any::<String>()) {
        if let Parsed::Command(Command::Fix { words: Some(words) }) = parse(&format!("/agent fix {tail}")) {
            let again = parse(&format!("/agent fix {words}"));
            prop_assert_eq!(again, Parsed::Command(Command::Fix { words: Some(words) }));
        }
    }

    #[test]
    fn one_strange_character_in_the_prefix_leaves_nothing(at in 0_usize..7, c in any::<char>()) {
        prop_assume!(!c.is_ascii());
        let mut text = String::from("/agent run");
        text.insert(at, c);
        prop_assert_eq!(parse(&text), Parsed::Nothing);
    }
}
