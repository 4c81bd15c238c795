//! The four agents that there are presets for, as they are: real programs in the real sandbox,
//! with a model that follows a script.

mod stage;

use castellan::protocol::brief::Preset;
use castellan::yard::scripted_model::Turn;
use serde_json::json;

use stage::Stage;

#[tokio::test]
async fn probe() {
    let name = std::env::var("PROBE").unwrap_or("codex".into());
    let preset = Preset::ALL.into_iter().find(|p| p.as_str() == name).unwrap();
    let turns: Vec<Turn> = match std::env::var("TURNS") {
        Ok(text) => serde_json::from_str(&text).unwrap(),
        Err(_) => vec![Turn::call("nothing", json!({}))],
    };
    let Some(stage) = Stage::open("probe", preset, turns).await else { return };
    let returned = stage.case.work().await;
    println!("{:#?}", returned.outcome);
    println!("{:#?}", returned.evidence);
    println!("{}", returned.transcript);
    for (n, r) in stage.model.recorded().iter().enumerate() {
        println!("{} {} {} {}", r.method, r.path, r.took_turn, r.body.len());
        std::fs::write(format!("/tmp/agx/rec-{name}-{n}.json"), &r.body).unwrap();
    }
}
