//! Which files count as whose, on trees of a few names.

use super::*;

fn oid(content: &str) -> Oid {
    Oid::of_blob(content.as_bytes(), None)
}

fn files(held: &[(&str, &str)]) -> Files {
    let one = |(path, content): &(&str, &str)| {
        let mode = "100644".to_owned();
        let oid = oid(content);
        (path.as_bytes().to_vec(), Held { mode, oid })
    };
    held.iter().map(one).collect()
}

fn change(files: &[(&str, Option<&str>)]) -> Change {
    let one = |(path, content): &(&str, Option<&str>)| FileChange {
        path: (*path).to_owned(),
        operation: content.map_or(Operation::Delete, |_| Operation::Modify),
        mode: "100644".to_owned(),
        content: content.unwrap_or_default().as_bytes().to_vec(),
        base_blob: None,
    };
    Change {
        files: files.iter().map(one).collect(),
    }
}

/// `both` is in conflict; the base changed `theirs` and made `new`; the branch changed `ours`.
fn taken(change: &Change) -> Result<(Files, Vec<String>), Vec<ChangeRefusal>> {
    let start = files(&[("both", "ours"), ("ours", "2"), ("theirs", "1")]);
    let tip = files(&[
        ("both", "theirs"),
        ("new", "n"),
        ("ours", "1"),
        ("theirs", "2"),
    ]);
    let merged = files(&[("both", "?"), ("new", "n"), ("ours", "2"), ("theirs", "2")]);
    let trees = Trees {
        start: &start,
        tip: &tip,
        merged: &merged,
        conflicts: &BTreeSet::from([b"both".to_vec()]),
    };
    let (after, own) = take_base(change, trees)?;
    Ok((after, own.iter().map(|file| file.path.clone()).collect()))
}

#[test]
fn gits_names_of_contents() {
    assert_eq!(oid("").as_str(), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391");
    let like = Oid::of_blob(b"", Some(&"0".repeat(64).parse().unwrap()));
    let empty = "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813";
    assert_eq!(like.as_str(), empty);
}

#[test]
fn only_what_does_not_come_from_the_base_is_the_agents() {
    let all = [
        ("both", Some("of both")),
        ("new", Some("n")),
        ("theirs", Some("2")),
    ];
    let (after, own) = taken(&change(&all)).unwrap();
    assert_eq!(own, ["both"]);
    let wanted = [
        ("both", "of both"),
        ("new", "n"),
        ("ours", "2"),
        ("theirs", "2"),
    ];
    assert_eq!(after, files(&wanted));
    let own = taken(&change(&[
        ("both", Some("theirs")),
        ("new", Some("n")),
        ("theirs", Some("2")),
    ]));
    assert_eq!(
        own.unwrap().1,
        [""; 0],
        "the base's whole file is the base's"
    );
    let more = [
        ("both", Some("of both")),
        ("new", Some("more")),
        ("theirs", Some("2")),
    ];
    assert_eq!(taken(&change(&more)).unwrap().1, ["both", "new"]);
}

#[test]
fn what_the_base_did_has_to_be_there() {
    let undone = |files: &[(&str, Option<&str>)]| taken(&change(files)).unwrap_err();
    let at = |path: &str| ChangeRefusal::Undone {
        path: path.to_owned(),
    };
    let both = ("both", Some("of both"));
    assert_eq!(undone(&[both, ("new", Some("n"))]), [at("theirs")]);
    assert_eq!(undone(&[both, ("theirs", Some("2"))]), [at("new")]);
    let as_it_was = [both, ("new", None), ("theirs", Some("1"))];
    assert_eq!(undone(&as_it_was), [at("new"), at("theirs")]);
    let without = [("new", Some("n")), ("theirs", Some("2"))];
    assert_eq!(undone(&without), [at("both")], "one side is not both");
}

#[test]
fn markers_of_a_conflict_are_no_resolution() {
    let rest = [("new", Some("n")), ("theirs", Some("2"))];
    let with = |content| {
        let mut all = rest.to_vec();
        all.push(("both", Some(content)));
        taken(&change(&all)).unwrap_err()
    };
    let line = |line| {
        vec![ChangeRefusal::Conflicted {
            path: "both".to_owned(),
            line,
        }]
    };
    assert_eq!(with("a\n<<<<<<< x\nb\n=======\n"), line(2));
    assert_eq!(with("a\nb\n>>>>>>> the-base\n"), line(3));
    let elsewhere = [
        rest[0],
        rest[1],
        ("both", Some("ok")),
        ("doc", Some("<<<<<<< HEAD\n")),
    ];
    taken(&change(&elsewhere)).unwrap();
}

#[test]
fn workflow_files_are_the_bases() {
    let file = ".github/workflows/ci.yml";
    let (start, tip) = (
        files(&[(file, "1"), ("a", "1")]),
        files(&[(file, "2"), ("a", "2")]),
    );
    let conflicts = BTreeSet::new();
    let trees = |merged| Trees {
        start: &start,
        tip: &tip,
        merged,
        conflicts: &conflicts,
    };
    let all = change(&[(file, Some("2")), ("a", Some("2"))]);
    assert_eq!(take_base(&all, trees(&tip)).unwrap().1.len(), 0);
    let other = change(&[(file, Some("3")), ("a", Some("2"))]);
    let refusals = take_base(&other, trees(&tip)).unwrap_err();
    let path = file.to_owned();
    assert_eq!(refusals, [ChangeRefusal::Workflow { path }]);
}

#[test]
fn on_top_of_a_newer_base_path_by_path() {
    let base = files(&[("a", "1"), ("b", "1"), ("c", "1")]);
    let ours = files(&[("a", "2"), ("b", "1"), ("c", "1")]);
    let theirs = files(&[("a", "1"), ("b", "2"), ("d", "1")]);
    let after = files(&[("a", "2"), ("b", "2"), ("d", "1")]);
    assert_eq!(on_top(&base, &ours, &theirs), Ok(after));
    let theirs = files(&[("a", "3"), ("b", "1"), ("c", "1")]);
    assert_eq!(on_top(&base, &ours, &theirs), Err(vec!["a".to_owned()]));
}
