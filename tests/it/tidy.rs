//! What house and README promise of the source, read from `src/`: floors, sizes, names.
//!
//! Each rule is a function of one file that names what it finds; below each stands a small bad
//! file that it must find something in.

mod floors;
mod names;
mod sizes;
mod source;

use source::{File, files};

/// A rule: its name, what it finds in a file, and a bad file with its path.
struct Rule {
    name: &'static str,
    find: fn(&File) -> Vec<String>,
    bad: &'static [(&'static str, &'static str)],
}

const RULES: &[Rule] = &[
    Rule {
        name: "imports point down",
        find: floors::upward,
        bad: &[
            ("src/domain/task/mod.rs", "use crate::store::Store;\n"),
            (
                "src/store/tasks.rs",
                "fn a() { crate::github::Client::new(); }\n",
            ),
            ("src/sandbox/find.rs", "use crate::git::Mirror;\n"),
            ("src/engine/mod.rs", "use crate::server::Server;\n"),
            ("src/runner/mod.rs", "use crate::{domain, store};\n"),
            ("src/yard/rest/mod.rs", "use crate::github::Client;\n"),
            ("src/server/mod.rs", "use crate::yard::Yard;\n"),
            ("src/clock.rs", "use crate::engine::Engine;\n"),
            ("src/novel.rs", "use crate::engine::Engine;\n"),
        ],
    },
    Rule {
        name: "a crate stays on its floor",
        find: floors::foreign,
        bad: &[
            ("src/domain/time.rs", "use tokio::time;\n"),
            ("src/domain/a.rs", "fn a() { std::fs::read(\"x\"); }\n"),
            ("src/domain/a.rs", "use std::{env, fmt};\n"),
            ("src/engine/read/mod.rs", "use octocrab::Octocrab;\n"),
            ("src/server/receive.rs", "use hmac::Mac;\n"),
            ("src/server/receive.rs", "use jsonwebtoken::Header;\n"),
            ("src/engine/mod.rs", "use sqlx::Row;\n"),
            ("src/server/mod.rs", "fn a() { std::env::var(\"A\"); }\n"),
            ("src/engine/mod.rs", "use std::time::SystemTime;\n"),
            ("src/engine/mod.rs", "fn a() { chrono::Utc::now(); }\n"),
        ],
    },
    Rule {
        name: "SQL stands in the store",
        find: floors::sql,
        bad: &[
            (
                "src/engine/mod.rs",
                "const A: &str = \"SELECT 1 FROM tasks\";\n",
            ),
            (
                "src/server/pages.rs",
                "const A: &str = \"delete from tasks\";\n",
            ),
        ],
    },
    Rule {
        name: "nothing asks GitHub to merge or to approve",
        find: names::merging,
        bad: &[
            (
                "src/github/a.rs",
                "fn a() { put(format!(\"{pull}/merge\")); }\n",
            ),
            (
                "src/github/a.rs",
                "fn a() { put(\"/pulls/{n}/merges?x\"); }\n",
            ),
            ("src/github/a.rs", "const A: &str = \"APPROVE\";\n"),
            ("src/engine/a.rs", "fn a() { pulls.merge(number); }\n"),
            (
                "src/github/a.graphql",
                "mutation { mergePullRequest(input: {}) { x } }\n",
            ),
            (
                "src/github/a.rs",
                "const A: &str = \"mutation { enablePullRequestAutoMerge }\";\n",
            ),
        ],
    },
    Rule {
        name: "files and functions are small",
        find: sizes::large,
        bad: &[],
    },
    Rule {
        name: "every file says what it is for",
        find: sizes::silent,
        bad: &[("src/a.rs", "fn a() {}\n"), ("src/a.rs", "//! A.\n")],
    },
    Rule {
        name: "names",
        find: names::banned,
        bad: &[
            ("src/engine/utils.rs", "//! x\n"),
            ("src/core/mod.rs", "//! x\n"),
            ("src/a.rs", "mod helpers;\n"),
            ("src/a.rs", "pub(crate) async fn handle_delivery() {}\n"),
            ("src/a.rs", "fn process_it() {}\n"),
            ("src/a.rs", "fn manage_it() {}\n"),
            ("src/a.rs", "fn do_it() {}\n"),
        ],
    },
    Rule {
        name: "nothing is left undone or switched off",
        find: names::undone,
        bad: &[
            ("src/a.rs", "fn a() { todo!() }\n"),
            ("src/a.rs", "fn a() { unimplemented!() }\n"),
            ("src/a.rs", "// TODO: later\n"),
            ("src/a.rs", "// FIXME\n"),
            ("src/a.rs", "#[allow(dead_code)]\nfn a() {}\n"),
            ("src/a.rs", "#![allow(dead_code)]\n"),
        ],
    },
];

fn finds(rule: &Rule, files: &[File]) -> Vec<String> {
    let all = files.iter().flat_map(|file| {
        let found = (rule.find)(file);
        found
            .into_iter()
            .map(move |what| format!("{}: {what}", file.path))
    });
    all.collect()
}

#[test]
fn the_source_keeps_every_rule() {
    let files = files();
    assert!(files.len() > 100, "the source was read");
    let mut found = Vec::new();
    for rule in RULES {
        for what in finds(rule, &files) {
            found.push(format!("{}: {what}", rule.name));
        }
    }
    // What GitHub is asked in GraphQL stands in files of its own.
    let queries = source::queries();
    assert!(!queries.is_empty(), "the queries were read");
    for query in &queries {
        found.extend(names::merging(query));
    }
    assert!(found.is_empty(), "\n{}", found.join("\n"));
}

#[test]
fn every_rule_can_fail() {
    for rule in RULES {
        for (path, text) in rule.bad {
            let found = finds(rule, &[File::new(path, text)]);
            assert!(
                !found.is_empty(),
                "{} finds nothing in {path}: {text}",
                rule.name
            );
        }
    }
    let long = File::new("src/a.rs", &"//! A.\n".repeat(401));
    assert_eq!(sizes::large(&long).len(), 1);
    let body = "    let a = '{';\n".repeat(70);
    let long = File::new("src/a.rs", &format!("fn a() {{\n{body}}}\nfn b() {{}}\n"));
    assert_eq!(sizes::large(&long).len(), 1);
}

#[test]
fn what_is_allowed_is_found_by_no_rule() {
    for (path, text) in [
        (
            "src/store/tasks.rs",
            "//! The tasks of all.\nuse crate::domain::task::Task;\nconst A: &str = \"SELECT 1\";\n",
        ),
        (
            "src/github/a.rs",
            "//! Calls of the API.\nuse octocrab::Octocrab;\nuse crate::domain::ids;\n",
        ),
        (
            "src/yard/a.rs",
            "//! A small GitHub's hooks.\nuse hmac::Mac;\nuse crate::domain::ids;\n",
        ),
        (
            "src/settings.rs",
            "//! What can be set here.\nfn a() { std::env::var(\"A\"); }\n",
        ),
        (
            "src/commands/demo.rs",
            "//! The demo of it all.\nuse castellan::yard::Yard;\n",
        ),
        (
            "src/domain/a.rs",
            "//! Says `crate::store` and tokio in a comment.\n// use tokio::x\nconst A: &str = \"tokio::spawn select\";\n",
        ),
        (
            "src/domain/b.rs",
            "//! Its tests may read files.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n    use proptest::x;\n}\n",
        ),
    ] {
        let file = File::new(path, text);
        for rule in RULES {
            assert_eq!(
                (rule.find)(&file),
                Vec::<String>::new(),
                "{}: {path}",
                rule.name
            );
        }
    }
}
