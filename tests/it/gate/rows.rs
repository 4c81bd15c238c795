//! The 47 rows of the truth table and the 10 of the merge queue, each as one file or more.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use castellan::domain::gate::facts::Enforcement;
use castellan::domain::gate::read::schema;
use castellan::domain::gate::show::{SUMMARY_CHARS, summary, terminal};
use castellan::domain::gate::verdict::TITLE_CHARS;
use castellan::domain::gate::{Decision, judge};

use super::samples;

/// Rows that have more than one outcome, and how many files show them.
const OUTCOMES: &[(&str, usize)] = &[
    ("02", 4),
    ("09", 2),
    ("10", 3),
    ("11", 4),
    ("12", 3),
    ("13", 2),
    ("19", 2),
    ("20", 3),
    ("21", 2),
    ("23", 2),
    ("24", 4),
    ("25", 2),
    ("33", 2),
    ("34", 2),
    ("35", 4),
    ("37", 2),
    ("39", 2),
    ("43", 5),
    ("44", 4),
    ("46", 7),
    ("47", 2),
    ("M10", 2),
    ("M2", 3),
    ("M4", 2),
    ("M9", 3),
];

fn row(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_lowercase())
}

#[test]
fn every_row_is_judged_as_it_is_written() {
    let mut table = String::new();
    for (name, sample) in samples() {
        let expect = sample
            .expect
            .clone()
            .unwrap_or_else(|| panic!("{name} expects nothing"));
        let verdict = judge(&sample.facts, &sample.policy);
        let shown = terminal(&verdict, true);
        let got = (verdict.conclusion, verdict.decision);
        assert_eq!(got, (expect.conclusion, expect.decision), "{name}\n{shown}");
        assert_eq!(verdict.noted, *expect.noted, "{name}\n{shown}");
        let title = expect.title.as_deref().unwrap_or_default();
        assert!(
            !title.is_empty() && verdict.title.contains(title),
            "{name}: {title}\n{shown}"
        );
        let says = expect.says.as_deref().unwrap_or_default();
        assert!(shown.contains(says), "{name}: {says}\n{shown}");
        assert!(verdict.title.chars().count() <= TITLE_CHARS, "{name}");
        assert!(summary(&verdict).chars().count() <= SUMMARY_CHARS, "{name}");
        let about = sample.about.as_deref().unwrap_or_default();
        writeln!(table, "{name:<4} {about}\n     {got:?} {}", verdict.title).unwrap();
    }
    insta::assert_snapshot!(table);
}

#[test]
fn there_is_a_file_for_every_row_and_every_outcome() {
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    for (name, _) in samples() {
        *count.entry(row(&name).to_owned()).or_default() += 1;
    }
    let rows = (1..=47).map(|n| format!("{n:02}"));
    let rows: BTreeSet<String> = rows.chain((1..=10).map(|n| format!("M{n}"))).collect();
    assert_eq!(rows.len(), 57);
    assert_eq!(count.keys().cloned().collect::<BTreeSet<_>>(), rows);
    for (name, files) in count {
        let known = OUTCOMES.iter().find(|(row, _)| *row == name);
        assert_eq!(files, known.map_or(1, |(_, files)| *files), "row {name}");
    }
}

#[test]
fn every_entry_of_the_list_decides_somewhere_or_is_noted() {
    let mut seen = BTreeSet::new();
    for (_, sample) in samples() {
        let verdict = judge(&sample.facts, &sample.policy);
        seen.insert(verdict.decision);
        seen.extend(verdict.noted);
    }
    let missing: Vec<_> = Decision::ALL
        .iter()
        .filter(|one| !seen.contains(one))
        .collect();
    // Threads have no row in the truth table: `properties::` shows them.
    assert_eq!(missing, [&Decision::V25]);
}

#[test]
fn the_summary_of_each_conclusion_is_what_people_read() {
    let mut shown = String::new();
    for name in [
        "15", "16", "26", "46a", "24d", "25", "37a", "11b", "06", "M2a",
    ] {
        let sample = super::sample(name);
        let verdict = judge(&sample.facts, &sample.policy);
        let text = summary(&verdict);
        writeln!(shown, "## {name}\n\n### {}\n\n{text}", verdict.title).unwrap();
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn the_schema_of_facts_in_deploy_is_the_code_s() {
    let wanted = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/castellan.gate.schema.json");
    if std::env::var_os("CASTELLAN_REWRITE").is_some() {
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let remedy = "run the tests with CASTELLAN_REWRITE=1 to write it anew";
    assert_eq!(found, wanted, "{remedy}");
}

#[test]
fn every_verdict_of_a_pull_request_that_is_not_open_names_a_next_step() {
    for (name, sample) in samples() {
        let verdict = judge(&sample.facts, &sample.policy);
        let is_pull = !verdict.decision.as_str().starts_with('M');
        let said = summary(&verdict);
        if is_pull && !verdict.conclusion.is_open() {
            assert!(said.contains("**What to do next**"), "{name}\n{said}");
        }
    }
}

#[test]
fn h23_a_check_that_nobody_has_to_pass_says_so_before_all_else() {
    let mut sample = super::sample("15");
    sample.facts.base.enforcement = Enforcement::Advisory;
    let advisory = summary(&judge(&sample.facts, &sample.policy));
    let first = advisory.lines().next().unwrap();
    assert!(
        first.contains("advisory: the base's rules let people merge"),
        "{first}"
    );
    for (enforcement, word) in [
        (Enforcement::Enforced, "Enforcement: enforced"),
        (Enforcement::Unknown, "Enforcement: unknown"),
    ] {
        sample.facts.base.enforcement = enforcement;
        let said = summary(&judge(&sample.facts, &sample.policy));
        assert!(said.contains(word) && !said.contains("advisory"), "{said}");
    }
}
