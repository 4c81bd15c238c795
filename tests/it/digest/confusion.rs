//! Which kinds of failure are taken for which, over the logs of `fixtures/digest`: one snapshot,
//! so that a rule which mends one kind and breaks another is seen.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::tools::{class, truth};
use super::{in_a_job, log, of};

#[test]
fn the_kinds_of_failure_are_told_apart() {
    let mut matrix: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    let mut right = 0;
    let mut all = 0;
    let mut count = |name: &str, truth: &str, found: String| {
        all += 1;
        right += usize::from(truth == found);
        let names = matrix.entry((truth.to_owned(), found)).or_default();
        names.push(name.to_owned());
    };
    for (name, truth) in truth() {
        let alone = class(&of(&log(&name)));
        let in_a_job = class(&of(&in_a_job(&log(&name), &truth.tool, truth.exit)));
        assert_eq!(alone, in_a_job, "{name}");
        count(&name, &truth.class, alone);
    }
    for entry in std::fs::read_dir(super::folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = file
            .strip_suffix(".log")
            .filter(|name| name.starts_with("pass-"))
        {
            count(name, "passed", class(&of(&log(name))));
        }
    }
    let mut text = String::new();
    for ((truth, found), mut names) in matrix {
        names.sort();
        let mark = if truth == found { "" } else { " WRONG" };
        let _ = writeln!(
            text,
            "{truth} -> {found}{mark}: {} ({})",
            names.len(),
            names.join(", ")
        );
    }
    let _ = writeln!(text, "{right} of {all} right");
    insta::with_settings!({ snapshot_path => "../snapshots/digest", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("kinds", text);
    });
}
