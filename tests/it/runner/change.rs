//! What an agent did to the files, as data; what it tried to hide, smuggle or fake.

use castellan::protocol::progress::Phase;

use super::case::{Case, lines};
use crate::sandbox::limits::ends;

/// A case whose agent runs one line of shell.
async fn shell(name: &str, line: &str) -> Option<Case> {
    let case = Case::open(name, serde_json::json!([{"run": ["sh", "-c", line]}])).await?;
    Some(without_acceptance(case))
}

fn without_acceptance(mut case: Case) -> Case {
    case.brief.contract.acceptance.clear();
    case
}

macro_rules! shell {
    ($name:literal, $line:expr) => {
        match shell($name, $line).await {
            Some(case) => case,
            None => return,
        }
    };
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    let case = shell!(
        "every_kind_of_change_is_told",
        "rm docs/old.md; chmod 644 test.sh; printf new >'a b'; chmod 755 'a b'; \
         rm src/add.sh; mkdir src/add.sh; printf x >src/add.sh/part; \
         rm link; printf 'no link' >link; mkdir -p empty/folder"
    );
    let add = r#""echo $(($1 - $2))\n""#;
    let test = r##""#!/bin/sh\ntest \"$(sh src/add.sh 2 3)\" = 5\n""##;
    let files = case.change().await;
    assert_eq!(
        lines(&files),
        [
            r#"Add 100755 a b "new""#.to_owned(),
            r#"Delete 100644 docs/old.md """#.to_owned(),
            r#"Modify 100644 link "no link""#.to_owned(),
            r#"Delete 100644 src/add.sh """#.to_owned(),
            r#"Add 100644 src/add.sh/part "x""#.to_owned(),
            format!("Modify 100644 test.sh {test}"),
        ],
        "{add}"
    );
    assert!(
        files.iter().all(
            |file| file.base_blob.is_none() == file.path.contains("part") || file.path == "a b"
        )
    );
}

#[tokio::test]
async fn an_untouched_tree_is_no_change_whatever_its_attributes_say() {
    // The repository holds CR LF, a link, and attributes that would convert and filter.
    let case = shell!(
        "an_untouched_tree_is_no_change_whatever_its_attributes_say",
        "touch src/add.sh test.sh; git status --short"
    );
    let returned = case.work().await;
    assert_eq!(
        returned.outcome,
        castellan::protocol::result::Outcome::Unchanged
    );
    assert_eq!(
        returned.evidence.words, "",
        "git status inside has something to say"
    );
}

#[tokio::test]
async fn links_are_told_and_never_followed() {
    let case = shell!(
        "links_are_told_and_never_followed",
        "ln -s /etc/shadow secret; ln -s / root; rm -r docs; ln -s /etc docs; \
         rm src/add.sh; ln -s ../../../../etc/hostname src/add.sh"
    );
    let told = lines(&case.change().await);
    assert_eq!(
        told,
        [
            r#"Add 120000 docs "/etc""#,
            r#"Delete 100644 docs/.gitignore """#,
            r#"Delete 100644 docs/crlf.txt """#,
            r#"Delete 100644 docs/old.md """#,
            r#"Add 120000 root "/""#,
            r#"Add 120000 secret "/etc/shadow""#,
            r#"Modify 120000 src/add.sh "../../../../etc/hostname""#,
        ]
    );
}

#[tokio::test]
async fn a_folder_that_became_a_link_is_not_looked_through() {
    // Behind the link everything looks as it did, and still none of it is at its path.
    let case = shell!(
        "a_folder_that_became_a_link_is_not_looked_through",
        "mkdir build && mv docs build/docs && ln -s build/docs docs"
    );
    assert_eq!(
        lines(&case.change().await),
        [
            r#"Add 120000 docs "build/docs""#,
            r#"Delete 100644 docs/.gitignore """#,
            r#"Delete 100644 docs/crlf.txt """#,
            r#"Delete 100644 docs/old.md """#,
        ]
    );
}

#[tokio::test]
async fn only_the_rules_of_the_start_tree_hide_files() {
    let case = shell!(
        "only_the_rules_of_the_start_tree_hide_files",
        "mkdir -p build/deep sub/build docs/draft; \
         printf x | tee build/deep/a sub/build/b a.log keep.log docs/draft/c docs/d once.txt sub/once.txt >/dev/null; \
         printf '*\\n' >.gitignore; printf '*\\n' >sub/.gitignore; \
         git config core.excludesFile /workspace/.gitignore; printf '*\\n' >.git/info/exclude"
    );
    let told = lines(&case.change().await);
    assert_eq!(
        told,
        [
            r#"Modify 100644 .gitignore "*\n""#,
            r#"Add 100644 docs/d "x""#,
            r#"Add 100644 keep.log "x""#,
            r#"Add 100644 sub/.gitignore "*\n""#,
            r#"Add 100644 sub/once.txt "x""#,
        ]
    );
}

#[tokio::test]
async fn nothing_in_the_workspace_is_run_outside() {
    let flag = format!("/tmp/castellan-was-run-{}", std::process::id());
    let trap = format!(
        "printf '#!/bin/sh\\ntouch {flag}\\n' >evil; chmod 755 evil; \
         git config filter.evil.clean /workspace/evil; git config core.fsmonitor /workspace/evil; \
         git config core.hooksPath /workspace; printf '* filter=evil\\n' >.gitattributes"
    );
    let case = shell!("nothing_in_the_workspace_is_run_outside", &trap);
    assert_eq!(case.change().await.len(), 2);
    assert!(!std::path::Path::new(&flag).exists());
}

#[tokio::test]
async fn nested_repositories_are_refused() {
    for line in ["git init -q sub", "mkdir -p sub/.GIT && touch sub/.GIT/x"] {
        let case = shell!("nested_repositories_are_refused", line);
        let said = case.failure(Phase::Agent).await.to_lowercase();
        assert!(
            said.contains("a repository of its own at sub/.git"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_git_file_of_a_folder_is_a_repository_of_its_own_too() {
    let line = "mkdir sub; echo gitdir: ../elsewhere > sub/.git";
    let case = shell!(
        "a_git_file_of_a_folder_is_a_repository_of_its_own_too",
        line
    );
    let said = case.failure(Phase::Agent).await;
    assert!(
        said.contains("a repository of its own at sub/.git"),
        "{said}"
    );
}

#[tokio::test]
async fn folders_nested_too_deeply_are_refused_and_cost_little() {
    let line = "i=0; while [ $i -lt 1500 ]; do mkdir d && cd d && i=$((i+1)) || exit 1; done";
    let case = shell!(
        "folders_nested_too_deeply_are_refused_and_cost_little",
        line
    );
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains("nested too deeply, at d/d/d/"), "{said}");
    assert!(said.len() < 1_000, "{said}");
}

#[tokio::test]
async fn names_that_are_not_utf8_are_refused() {
    let case = shell!(
        "names_that_are_not_utf8_are_refused",
        r"touch $(printf 'caf\351')"
    );
    let said = case.failure(Phase::Agent).await;
    assert!(said.contains(r"caf\xe9, whose name is not UTF-8"), "{said}");
}

#[tokio::test]
async fn pipes_and_sockets_are_refused() {
    for line in ["mkfifo pipe", "rm test.sh; mkfifo test.sh"] {
        let case = shell!("pipes_and_sockets_are_refused", line);
        let said = case.failure(Phase::Agent).await;
        assert!(said.contains("a socket, pipe or device"), "{said}");
    }
}

#[tokio::test]
async fn a_change_is_bounded_in_files_and_bytes() {
    let many = shell!(
        "a_change_is_bounded_in_files_and_bytes",
        "mkdir many; cd many; seq 5001 | xargs touch"
    );
    assert!(
        many.failure(Phase::Agent)
            .await
            .contains("more than 5000 files")
    );
    let large = shell!(
        "a_change_is_bounded_in_files_and_bytes",
        "head -c 33554433 /dev/zero >large"
    );
    assert!(large.failure(Phase::Agent).await.contains("33554432 bytes"));
}

#[tokio::test]
async fn what_set_up_made_is_not_the_agents_change() {
    let mut case = case!("what_set_up_made_is_not_the_agents_change", [
        {"write": {"path": "generated/b", "content": "mine"}},
        {"write": {"path": "new", "content": "mine"}}
    ]);
    case.brief.contract.setup = vec![
        "mkdir generated && touch generated/a generated/b && rm docs/old.md".to_owned(),
        "echo set up >> test.sh".to_owned(),
    ];
    case.brief.contract.acceptance =
        vec!["test -e generated/a && test -e new && test \"$(cat generated/b)\" = mine".to_owned()];
    let returned = case.work().await;
    let castellan::protocol::result::Outcome::Changed { change } = &returned.outcome else {
        panic!("{:?}", returned.outcome);
    };
    let told = lines(&change.files);
    assert_eq!(
        told,
        [
            r#"Add 100644 generated/b "mine""#,
            r#"Add 100644 new "mine""#
        ]
    );
    assert_eq!(returned.evidence.setup.len(), 2);
    assert!(
        returned.evidence.acceptance[0].passed(),
        "{:?}",
        returned.evidence.acceptance
    );
}

#[tokio::test]
async fn failed_set_up_ends_the_attempt() {
    let mut case = case!("failed_set_up_ends_the_attempt", []);
    case.brief.contract.setup = vec![
        "echo no network >&2; exit 4".to_owned(),
        "echo never".to_owned(),
    ];
    let returned = case.work().await;
    assert_eq!(returned.evidence.setup.len(), 1);
    assert_eq!(returned.evidence.setup[0].exit_code, Some(4));
    assert_eq!(returned.evidence.setup[0].output_tail, "no network\n");
    assert_eq!(returned.evidence.agent, None);
    assert!(
        case.failure(Phase::Setup)
            .await
            .contains("`echo no network")
    );
}

#[tokio::test]
async fn acceptance_sees_the_change_and_nothing_else() {
    // A name that no other process of this machine has.
    let seconds = format!("5{}", std::process::id());
    let left_behind = format!(
        "mkdir build; touch build/cheat .git/cheat
         setsid sleep 8{seconds} </dev/null >/dev/null 2>&1 & kill -0 $! && touch alive"
    );
    let mut case = case!("acceptance_sees_the_change_and_nothing_else", [
        // Ignored files, git's own folder and a running process are no part of a change.
        {"run": ["sh", "-c", left_behind]},
        {"write": {"path": "real", "content": "x", "mode": "755"}},
        {"delete": "docs/old.md"},
        {"symlink": {"path": "alias", "target": "real"}}
    ]);
    case.brief.contract.acceptance = vec![
        "test ! -e build/cheat && test ! -e .git/cheat".to_owned(),
        // It was alive, and is not here; this line itself does not match its own pattern.
        format!("test -e alive && ! grep -qa '[8]{seconds}' /proc/[0-9]*/cmdline"),
        "test -x real && test ! -e docs/old.md && test \"$(readlink alias)\" = real".to_owned(),
        "false".to_owned(),
        "touch more; git diff --stat HEAD -- docs | tail -1".to_owned(),
    ];
    let returned = case.work().await;
    let codes: Vec<_> = returned
        .evidence
        .acceptance
        .iter()
        .map(|r| r.exit_code)
        .collect();
    assert_eq!(
        codes,
        [Some(0), Some(0), Some(0), Some(1), Some(0)],
        "{:?}",
        returned.evidence.acceptance
    );
    assert!(
        returned.evidence.acceptance[4]
            .output_tail
            .contains("1 deletion")
    );
    ends(&format!("sleep 8{seconds}")).await;
    // A failed acceptance command is evidence; the change is returned all the same.
    assert!(matches!(
        returned.outcome,
        castellan::protocol::result::Outcome::Changed { .. }
    ));
}

#[tokio::test]
async fn acceptance_has_a_time_of_its_own() {
    let mut case =
        case!("acceptance_has_a_time_of_its_own", [{"write": {"path": "x", "content": "x"}}]);
    case.brief.limits.acceptance_s = 1;
    case.brief.contract.acceptance = vec!["echo begun; sleep 600".to_owned(), "true".to_owned()];
    let returned = case.work().await;
    let reports = &returned.evidence.acceptance;
    assert_eq!(reports[0].exit_code, None);
    assert!(reports[0].output_tail.starts_with("begun\n"), "{reports:?}");
    assert!(
        reports[0]
            .output_tail
            .contains("the 1 s of all commands together are over")
    );
    assert_eq!(reports[1].exit_code, None, "no time was left for it");
}
