//! `castellan doctor`: what a person reads, with and without an admin's token.

use castellan::yard::{PlayedStatus, Requirement};
use serde_json::{Value, json};

use super::{REPOSITORY, Scene, admins_pass};

impl Scene {
    async fn doctor(&self, more: &[&str], token: Option<&str>) -> (Option<i32>, String) {
        let arguments = [&["doctor", REPOSITORY], more].concat();
        let (code, out, error) = self.runs(&arguments, token).await;
        assert_eq!(error, "");
        (code, self.shortened(&out))
    }

    /// As an admin sees it: what state each line has.
    async fn states(&self) -> Vec<(String, String)> {
        let (_, out) = self.doctor(&["--json"], Some(self.ada.token())).await;
        let lines: Vec<Value> = serde_json::from_str(&out).unwrap();
        let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
        lines
            .iter()
            .map(|line| (text(line, "line"), text(line, "state")))
            .collect()
    }

    async fn state(&self, of: &str) -> String {
        let states = self.states().await;
        let found = states.into_iter().find(|(line, _)| line == of);
        found.unwrap().1
    }
}

#[tokio::test]
async fn what_only_admins_see_is_unknown_without_their_token() {
    let scene = Scene::set().await;
    scene.protected(&[]).await;
    let (code, told) = scene.doctor(&[], None).await;
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("doctor_without_a_token", told);
    let (code, told) = scene.doctor(&[], Some(scene.ada.token())).await;
    assert_eq!(code, Some(0));
    insta::assert_snapshot!("doctor_with_a_token", told);
    // A token that does not suffice shows no more than none.
    let (code, told) = scene.doctor(&[], Some(scene.alice.token())).await;
    assert_eq!(code, Some(0));
    assert!(
        told.contains("unknown admins included: the token may not see who passes by"),
        "{told}"
    );
    assert!(
        told.contains("unknown workflows may not approve: could not read"),
        "{told}"
    );
    scene.ends();
}

#[tokio::test]
async fn h23_an_unprotected_branch_is_advisory_and_the_remedy_is_named() {
    let scene = Scene::set().await;
    let (code, told) = scene.doctor(&[], Some(scene.ada.token())).await;
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(told);
    scene.protected(&[]).await;
    assert_eq!(scene.state("the rules require our check").await, "ok");
    let (_, whole) = scene.ruleset().await.unwrap();
    let mut rules = whole["rules"].clone();
    rules[0]["parameters"]["required_status_checks"] = json!([{"context": "agent-gate / mian"}]);
    scene.changes_ruleset(json!({"rules": rules})).await;
    assert_eq!(scene.state("the rules require our check").await, "not");
    scene.ends();
}

#[tokio::test]
async fn x66_who_passes_by_and_who_else_has_our_name_is_found() {
    let scene = Scene::set().await;
    scene.protected(&[]).await;
    let by_admins = scene.state("admins included").await;
    let by_name = scene.state("nothing else has the name of our check").await;
    assert_eq!((by_admins.as_str(), by_name.as_str()), ("ok", "ok"));
    scene.changes_ruleset(admins_pass()).await;
    assert_eq!(scene.state("admins included").await, "not");
    assert_eq!(scene.state("our App does not pass by").await, "ok");
    let own = scene.yard.app().app_id;
    let us = json!({"bypass_actors": [{"actor_id": own, "actor_type": "Integration", "bypass_mode": "always"}]});
    scene.changes_ruleset(us).await;
    assert_eq!(scene.state("our App does not pass by").await, "not");
    let status = PlayedStatus::new("agent-gate / main", "success", "alice");
    scene
        .repo
        .sets_status(&scene.heads[0], status)
        .await
        .unwrap();
    assert_eq!(
        scene.state("nothing else has the name of our check").await,
        "not"
    );
    scene.repo.lets_actions_approve(true).await.unwrap();
    assert_eq!(scene.state("workflows may not approve").await, "not");
    scene.ends();
}

#[tokio::test]
async fn a_new_branch_below_a_protected_pattern_is_named() {
    let scene = Scene::set().await;
    scene.protected(&[]).await;
    const LINE: &str = "other protected branches have our rule, too";
    assert_eq!(scene.state(LINE).await, "ok");
    let pattern = json!({"name": "releases", "target": "branch", "enforcement": "active",
        "conditions": {"ref_name": {"include": ["refs/heads/release/*"], "exclude": []}},
        "rules": [{"type": "non_fast_forward"}]});
    assert_eq!(scene.as_ada("POST", "/rulesets", pattern).await.0, 201);
    scene
        .alice
        .pushes("release/2", &[("a", "a\n")], "New")
        .await
        .unwrap();
    assert_eq!(scene.state(LINE).await, "not");
    scene.protected(&["--branch", "release/2"]).await;
    assert_eq!(scene.state(LINE).await, "ok");
    scene.ends();
}

#[tokio::test]
async fn protection_of_the_old_form_is_looked_at_too() {
    let scene = Scene::set().await;
    let own = scene.yard.app().app_id;
    let rule = Requirement::Protection {
        checks: vec![("agent-gate / main".to_owned(), Some(own))],
        strict: false,
    };
    scene.repo.requires("main", rule).await.unwrap();
    let (_, told) = scene.doctor(&[], None).await;
    assert!(told.contains("ok      pinned to our App"), "{told}");
    assert!(told.contains("unknown admins included"), "{told}");
    assert_eq!(scene.state("admins included").await, "not");
    scene.ends();
}

#[tokio::test]
async fn where_it_cannot_look_it_ends_with_2() {
    let scene = Scene::set().await;
    for (arguments, said) in [
        (&["doctor", "octo/other"][..], "not installed"),
        (
            &["doctor", REPOSITORY, "--branch", "nowhere"],
            "no branch nowhere",
        ),
    ] {
        let (code, out, error) = scene.runs(arguments, None).await;
        assert_eq!((code, out.as_str()), (Some(2), ""), "{error}");
        assert!(error.contains(said), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let mut bare = crate::cli::castellan(folder.path());
    let (code, _, error) = crate::cli::said(&bare.args(["doctor", REPOSITORY]).output().unwrap());
    assert!(
        code == Some(2) && error.contains("app-id and private-key"),
        "{error}"
    );
    scene.ends();
}
