//! The agent's home and what of it goes on to the next attempt: real archives, good and bad.

use std::path::Path;
use std::process::Command;

use castellan::domain::ids::{AttemptNumber, Sha256Hex};
use castellan::protocol::result::{Outcome, Returned};
use serde_json::{Value, json};

use super::case::Case;

/// The words of an attempt that is given `archive` to resume.
async fn resumed_with(case: &mut Case, archive: Vec<u8>) -> Returned {
    case.brief.attempt = AttemptNumber(2);
    case.brief.session = Some(Sha256Hex::of(&archive));
    case.book().session = Some(archive.into());
    case.work().await
}

/// What an attempt left, of an agent that noted something.
async fn left(case: &mut Case) -> Vec<u8> {
    case.brief.contract.budget.attempts = 3;
    case.work().await;
    let sessions = case.book().sessions.clone();
    assert_eq!(sessions.len(), 1, "one session an attempt");
    sessions[0].to_vec()
}

fn remembers() -> Value {
    json!([{"recall": true}, {"remember": "the cat is in the box"},
        {"run": ["sh", "-c", "mkdir -p ~/.cache ~/logs; head -c 9000000 /dev/urandom > ~/.cache/big; cp ~/.cache/big ~/logs/x; ln -s /etc/passwd ~/link; echo hello > ~/kept"]}])
}

fn names(archive: &[u8]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.tgz");
    std::fs::write(&path, archive).unwrap();
    let list = Command::new("tar").arg("-tzf").arg(&path).output().unwrap();
    let mut names: Vec<String> = String::from_utf8(list.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    names.sort();
    names
}

/// An archive that `make` fills the folder of.
fn archive(make: impl FnOnce(&Path), words: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let content = folder.path().join("content");
    std::fs::create_dir(&content).unwrap();
    let mark = json!({"session": "scripted-1", "agent": format!("Castellan scripted agent {}", env!("CARGO_PKG_VERSION"))});
    std::fs::write(content.join(".castellan-session.json"), mark.to_string()).unwrap();
    std::fs::create_dir(content.join(".scripted")).unwrap();
    std::fs::write(content.join(".scripted/session"), "scripted-1\nforged").unwrap();
    make(&content);
    let path = folder.path().join("a.tgz");
    let made = Command::new("tar")
        .arg("-czf")
        .arg(&path)
        .arg("-C")
        .arg(&content)
        .args(words)
        .arg(".")
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    std::fs::read(path).unwrap()
}

#[tokio::test]
async fn r8_a_session_goes_from_one_attempt_to_the_next() {
    let Some(mut case) = Case::open("r8_a_session_goes_on", remembers()).await else {
        return;
    };
    let archive = left(&mut case).await;
    assert_eq!(
        names(&archive),
        ["./.castellan-session.json", "./.scripted/session", "./kept"],
        "no cache, no log, no link"
    );
    let returned = resumed_with(&mut case, archive).await;
    assert!(
        returned.transcript.contains(r#""session":"resumed""#),
        "{}",
        returned.transcript
    );
    assert!(
        returned
            .transcript
            .contains("I remember: the cat is in the box")
    );
    assert_eq!(
        returned.transcript.matches("the cat is in the box").count(),
        1,
        "not its replay"
    );
}

#[tokio::test]
async fn a_last_attempt_leaves_nothing_and_a_failed_one_does() {
    let Some(mut case) = Case::open(
        "a_last_attempt_leaves_nothing",
        json!([{"remember": "x"}, {"crash": 3}]),
    )
    .await
    else {
        return;
    };
    case.work().await;
    assert!(case.book().sessions.is_empty(), "there is no next attempt");
    case.brief.contract.budget.attempts = 2;
    let returned = case.work().await;
    assert!(matches!(returned.outcome, Outcome::Failed { .. }));
    assert_eq!(case.book().sessions.len(), 1);
}

#[tokio::test]
async fn a_home_that_is_too_large_is_not_kept() {
    let fill = json!([{"run": ["sh", "-c", "for i in 1 2 3; do head -c 9000000 /dev/urandom > ~/$i; done"]}]);
    let Some(mut case) = Case::open("a_home_that_is_too_large", fill).await else {
        return;
    };
    case.brief.contract.budget.attempts = 2;
    let returned = case.work().await;
    assert!(
        matches!(returned.outcome, Outcome::Unchanged),
        "{returned:?}"
    );
    assert!(case.book().sessions.is_empty());
}

/// What is wrong with an archive costs the session, never the attempt.
#[tokio::test]
async fn x45_a_bad_archive_means_no_resume_and_hits_nothing() {
    let Some(mut case) = Case::open("x45_a_bad_archive", json!([{"recall": true}])).await else {
        return;
    };
    let outside = tempfile::tempdir_in("/tmp").unwrap();
    std::fs::set_permissions(
        outside.path(),
        std::os::unix::fs::PermissionsExt::from_mode(0o777),
    )
    .unwrap();
    let target = outside.path().join("owned");
    let target = target.to_str().unwrap().to_owned();
    let link = |content: &Path| std::os::unix::fs::symlink("/etc", content.join("a")).unwrap();
    let pipe = |content: &Path| {
        let made = Command::new("mkfifo").arg(content.join("pipe")).status();
        assert!(made.unwrap().success());
    };
    let bomb = |content: &Path| {
        let file = std::fs::File::create(content.join("zeros")).unwrap();
        file.set_len(400 * 1024 * 1024).unwrap();
    };
    let many = |content: &Path| {
        for number in 0..20_001 {
            std::fs::write(content.join(number.to_string()), "").unwrap();
        }
    };
    let file = |content: &Path| std::fs::write(content.join("plain"), "x").unwrap();
    let absolute = format!("s,^./plain,{target},");
    let above = format!("s,^./plain,../../../..{target},");
    let good = archive(file, &[]);
    let bad = [
        archive(link, &[]),
        archive(pipe, &[]),
        archive(bomb, &[]),
        archive(many, &[]),
        good[..good.len() / 2].to_vec(),
        b"not an archive".to_vec(),
        Vec::new(),
    ];
    for archive in bad {
        let size = archive.len();
        let returned = resumed_with(&mut case, archive).await;
        assert!(
            matches!(returned.outcome, Outcome::Unchanged),
            "{size}: {returned:?}"
        );
        assert!(
            returned.transcript.contains("I remember nothing"),
            "{size}: {}",
            returned.transcript
        );
    }
    for words in [
        ["-P", "--transform", &absolute],
        ["-P", "--transform", &above],
    ] {
        resumed_with(&mut case, archive(file, &words)).await;
        assert!(!Path::new(&target).exists(), "{words:?}");
    }
    let returned = resumed_with(&mut case, good).await;
    assert!(
        returned.transcript.contains("I remember: forged"),
        "{}",
        returned.transcript
    );
}

#[tokio::test]
async fn a_session_that_cannot_be_loaded_is_begun_anew() {
    let Some(mut case) = Case::open(
        "a_session_that_cannot_be_loaded",
        json!([{"recall": true}, {"say": "!"}]),
    )
    .await
    else {
        return;
    };
    let other_id = |content: &Path| {
        std::fs::write(content.join(".scripted/session"), "scripted-2\nx").unwrap()
    };
    let other_agent = |content: &Path| {
        let mark = json!({"session": "scripted-1", "agent": "Another 1"}).to_string();
        std::fs::write(content.join(".castellan-session.json"), mark).unwrap();
    };
    let odd_id = |content: &Path| {
        let mark = json!({"session": "a\u{1b}b", "agent": "Another 1"}).to_string();
        std::fs::write(content.join(".castellan-session.json"), mark).unwrap();
    };
    let cases: [(&str, Vec<u8>); 3] = [
        ("not resumed: ", archive(other_id, &[])),
        ("it is another agent's", archive(other_agent, &[])),
        ("I remember nothing", archive(odd_id, &[])),
    ];
    for (word, archive) in cases {
        let returned = resumed_with(&mut case, archive).await;
        assert!(
            matches!(returned.outcome, Outcome::Unchanged),
            "{returned:?}"
        );
        assert!(
            returned.transcript.contains(word),
            "{word}: {}",
            returned.transcript
        );
        assert!(returned.transcript.contains("I remember nothing"));
    }
    // The server gives another than the brief names, be it as good as it may.
    case.book().session = Some(archive(|_| (), &[]).into());
    case.brief.session = Some(Sha256Hex::of("another"));
    let returned = case.work().await;
    assert!(returned.transcript.contains("I remember nothing"));
}
