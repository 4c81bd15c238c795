//! Ports of the job's services: reached in every phase where the policy names them, and no others.

use castellan::protocol::result::Outcome;
use serde_json::json;
use tokio::io::AsyncWriteExt;

/// A service of the job that says one word.
async fn service() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"a service\n").await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn services_are_reached_in_each_phase_and_no_other_port_is() {
    let (named, other) = (service().await, service().await);
    let line = |port: u16| format!("bash -c 'head -n1 </dev/tcp/127.0.0.1/{port}'");
    let mut case = case!("services_are_reached_in_each_phase", [
        {"run": ["/bin/sh", "-c", format!("{}; {}", line(named), line(other))]},
        {"write": {"path": "x", "content": "x"}}
    ])
    .with_doors();
    case.brief.network.ports = vec![named];
    case.brief.contract.setup = vec![line(named)];
    case.brief.contract.acceptance = vec![
        line(named),
        line(other),
        "env | grep -ci proxy".to_owned(),
        "curl -s http://127.0.0.1:8702/; test $? = 7".to_owned(),
    ];
    let returned = case.work().await;
    assert!(
        matches!(returned.outcome, Outcome::Changed { .. }),
        "{returned:?}"
    );
    let evidence = &returned.evidence;
    assert_eq!(evidence.setup[0].output_tail, "a service\n");
    assert!(evidence.words.contains("a service"), "{}", evidence.words);
    assert!(evidence.words.contains("refused"), "{}", evidence.words);
    assert_eq!(evidence.acceptance[0].output_tail, "a service\n");
    assert!(!evidence.acceptance[1].passed(), "{evidence:?}");
    // Acceptance reaches no host, so it is promised none.
    assert_eq!(evidence.acceptance[2].output_tail, "0\n");
    assert!(evidence.acceptance[3].passed(), "{evidence:?}");
}

#[tokio::test]
async fn without_a_relay_program_services_are_not_promised() {
    let mut case = case!(
        "without_a_relay_program_services_are_not_promised",
        json!([])
    );
    case.brief.network.ports = vec![5432];
    let said = case
        .failure(castellan::protocol::progress::Phase::Acceptance)
        .await;
    assert!(said.contains("no relay program"), "{said}");
}
