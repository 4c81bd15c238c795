//! The README's table and diagram of states, made from the table of stage and fact.
//!
//! Between the markers stands what [`states`] gives; how it is compared is not known here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::rows;
use crate::readme::compare;

/// The stages, and what each waits for.
const STAGES: [(&str, &str); 9] = [
    ("queued", "a runner, a day at most"),
    (
        "working",
        "the runner, which says something every 45 seconds; three minutes at most",
    ),
    (
        "applying",
        "the server itself, which checks the change and writes it",
    ),
    (
        "asking",
        "a person's answer by `/agent fix`, a week at most",
    ),
    (
        "staged",
        "somebody's approval of CI by `/agent ci`; a day on people are reminded",
    ),
    (
        "checking",
        "CI, two hours at most where the policy says nothing else",
    ),
    ("delivered", "people: review, `/agent fix`, merge"),
    (
        "paused",
        "a person who took the branch over, or `/agent fix`",
    ),
    ("closed", "nothing any more"),
];

/// Diagram and table in Markdown.
fn states() -> String {
    let mut edges: BTreeSet<(usize, usize)> = BTreeSet::new();
    let place = |name: &str| STAGES.iter().position(|(stage, _)| *stage == name).unwrap();
    for row in rows()
        .iter()
        .filter(|row| !row.nothing && row.standing != "new")
    {
        let (from, to) = (place(row.from), place(row.to_name));
        if from != to {
            edges.insert((from, to));
        }
    }
    let mut text = String::from("```mermaid\nstateDiagram-v2\n    [*] --> queued\n");
    for (from, to) in &edges {
        writeln!(text, "    {} --> {}", STAGES[*from].0, STAGES[*to].0).unwrap();
    }
    text.push_str(
        "    closed --> [*]\n```\n\n| stage | waits for | goes on to |\n| --- | --- | --- |\n",
    );
    for (at, (name, waits)) in STAGES.iter().enumerate() {
        let own = edges.iter().filter(|(from, _)| *from == at);
        let next: Vec<&str> = own.map(|(_, to)| STAGES[*to].0).collect();
        writeln!(text, "| {name} | {waits} | {} |", next.join(", ")).unwrap();
    }
    text
}

#[test]
fn the_readme_s_states_are_those_of_the_table() {
    compare("states", &states());
}

#[test]
fn every_stage_stands_in_the_states() {
    let states = states();
    for (name, _) in STAGES {
        assert!(states.contains(&format!("\n| {name} |")), "{states}");
    }
    for row in rows() {
        assert!(STAGES.iter().any(|(name, _)| *name == row.from));
    }
}
