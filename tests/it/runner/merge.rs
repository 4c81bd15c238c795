//! The base merged into the files before the agent begins: by real git, with nothing of the
//! repository's run.

use std::path::Path;

use castellan::domain::ids::Oid;
use castellan::protocol::brief::MergeIn;
use castellan::protocol::result::Outcome;
use serde_json::json;

use super::case::{Case, git, lines};

/// What the base did: the same line, a new file, one that is gone, words to agents.
fn theirs(folder: &Path) {
    let write = |path: &str, content: &str| std::fs::write(folder.join(path), content).unwrap();
    write("src/add.sh", "echo \"$(($1 - $2))\"\n");
    write("docs/new.md", "new\n");
    write("AGENTS.md", "Be brief.\n");
    write(".gitattributes", "*.sh merge=evil filter=evil\n");
    std::fs::remove_file(folder.join("docs/old.md")).unwrap();
}

/// A commit of what `edit` does to `base`.
fn commit(folder: &Path, base: &Oid, edit: impl Fn(&Path)) -> Oid {
    git(folder, &["checkout", "--quiet", "--force", base.as_str()]);
    edit(folder);
    git(folder, &["add", "--all"]);
    git(folder, &["commit", "--quiet", "--message=side"]);
    git(folder, &["rev-parse", "HEAD"]).parse().unwrap()
}

/// A case that takes the base in, and whose agent runs one line of shell.
async fn case(name: &str, line: &str) -> Option<Case> {
    let mut case = Case::open(name, json!([{"run": ["sh", "-c", line]}])).await?;
    let folder = case.repository();
    let base = case.brief.checkout.start.clone();
    let start = commit(folder, &base, |folder| {
        std::fs::write(folder.join("src/add.sh"), "echo $(($1 + $2))\n").unwrap();
    });
    let tip = commit(folder, &base, theirs);
    let checkout = &mut case.brief.checkout;
    (checkout.start, checkout.base) = (start, tip.clone());
    checkout.merge = Some(MergeIn { tip, base });
    Some(case)
}

const RESOLVE: &str = "grep -q '^<<<<<<< the-change$' src/add.sh && \
    grep -q '^>>>>>>> the-base$' src/add.sh && test ! -e docs/old.md && \
    test \"$(cat docs/new.md AGENTS.md)\" = \"$(printf 'new\\nBe brief.')\" && \
    printf 'echo \"$(($1 + $2))\"\\n' >src/add.sh";

#[tokio::test]
async fn h6_the_agent_finds_the_base_merged_and_both_sides_where_they_meet() {
    let name = "h6_the_agent_finds_the_base_merged_and_both_sides_where_they_meet";
    let Some(case) = case(name, RESOLVE).await else {
        return;
    };
    let files = case.change().await;
    // All against the start, whoever did it; who did what is the server's to find out.
    assert_eq!(
        lines(&files),
        [
            r#"Modify 100644 .gitattributes "*.sh merge=evil filter=evil\n""#,
            r#"Add 100644 AGENTS.md "Be brief.\n""#,
            r#"Add 100644 docs/new.md "new\n""#,
            r#"Delete 100644 docs/old.md """#,
            r#"Modify 100644 src/add.sh "echo \"$(($1 + $2))\"\n""#,
        ]
    );
}

#[tokio::test]
async fn h6_what_set_up_made_beside_the_base_is_nobodys() {
    let name = "h6_what_set_up_made_beside_the_base_is_nobodys";
    let Some(mut case) = case(name, RESOLVE).await else {
        return;
    };
    case.brief.contract.setup = vec!["echo made >made.txt".to_owned()];
    case.brief.contract.acceptance = vec![
        "test -e made.txt -a ! -e docs/old.md -a -e docs/new.md -a -e AGENTS.md".to_owned(),
        "test \"$(sh src/add.sh 2 3)\" = 5".to_owned(),
    ];
    let returned = case.work().await;
    let Outcome::Changed { change } = returned.outcome else {
        panic!("{:?}", returned.outcome);
    };
    let paths: Vec<&str> = change.files.iter().map(|file| file.path.as_str()).collect();
    let wanted = [
        ".gitattributes",
        "AGENTS.md",
        "docs/new.md",
        "docs/old.md",
        "src/add.sh",
    ];
    assert_eq!(paths, wanted);
    let passed = returned.evidence.acceptance.iter();
    let passed: Vec<bool> = passed.map(|report| report.passed()).collect();
    assert_eq!(passed, [true, true], "{:?}", returned.evidence.acceptance);
}

#[tokio::test]
async fn h6_what_nobody_resolved_is_returned_with_its_markers() {
    let name = "h6_what_nobody_resolved_is_returned_with_its_markers";
    let Some(mut case) = case(name, "rm docs/new.md").await else {
        return;
    };
    case.brief.contract.acceptance.clear();
    let files = lines(&case.change().await);
    let marked = |line: &String| line.contains("<<<<<<< the-change") && line.contains("src/add.sh");
    assert!(files.iter().any(marked), "{files:?}");
    // The start has it no more than the agent: that the base's is missing is seen by the server.
    let is_new = |line: &String| line.contains("new.md");
    assert!(!files.iter().any(is_new), "{files:?}");
}
