//! The ways out: each leads where its keeper leads it, and nowhere else.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use castellan::sandbox::{Door, Doors, Forward, Spec, relay_inside};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::Room;

#[tokio::test]
async fn a_door_reaches_its_one_address_from_inside() {
    let room = room!("a_door_reaches_its_one_address_from_inside");
    let program = PathBuf::from(env!("CARGO_BIN_EXE_castellan"));
    let inside = room.folder.path().join("relay");
    std::fs::copy(program, &inside).unwrap();
    let port = echo_once().await;
    let line = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; echo hello >&3; head -n1 <&3");
    let mut spec = Spec::new(room.workspace(), ["/bin/bash", "-c", &line]);
    spec.doors = Some(Doors {
        program: inside,
        doors: vec![Door::to("127.0.0.1".to_owned(), port)],
    });
    let finished = room.run(&spec).await;
    assert_eq!(finished.output_tail, "hello\n", "{finished:?}");
}

/// A server on loopback that says one connection's words back to it.
async fn echo_once() -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (mut from, mut to) = stream.split();
        tokio::io::copy(&mut from, &mut to).await.unwrap();
    });
    port
}

#[tokio::test]
async fn relay_inside_forwards_and_keeps_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("model.sock");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut word = [0; 5];
        stream.read_exact(&mut word).await.unwrap();
        stream.write_all(&word).await.unwrap();
    });
    let port = free_port();
    let line = format!(
        "exec 3<>/dev/tcp/127.0.0.1/{port} && printf hello >&3 && test \"$(head -c5 <&3)\" = hello && exit 3"
    );
    let command = ["bash", "-c", &line].map(Into::into).to_vec();
    let forwards = vec![Forward { port, socket }];
    assert_eq!(relay_inside(forwards, command).await.unwrap(), 3);
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[tokio::test]
async fn other_people_of_the_machine_cannot_list_the_doors() {
    let room = room!("other_people_of_the_machine_cannot_list_the_doors");
    let program = room.folder.path().join("relay");
    std::fs::copy(env!("CARGO_BIN_EXE_castellan"), &program).unwrap();
    let mut spec = room.spec("echo up; cat");
    spec.doors = Some(Doors {
        program,
        doors: vec![Door::new(
            "silent",
            std::sync::Arc::new(|_| Box::pin(async {})),
        )],
    });
    let mut running = room.sandbox.spawn(&spec).unwrap();
    running
        .stdout
        .as_mut()
        .unwrap()
        .read_exact(&mut [0; 3])
        .await
        .unwrap();
    let line = std::fs::read(format!("/proc/{}/cmdline", running.id().unwrap())).unwrap();
    let line = String::from_utf8(line).unwrap();
    let socket = line.split('\0').find(|word| word.ends_with("/silent.sock"));
    let doors = Path::new(socket.unwrap()).parent().unwrap();
    for folder in [doors, doors.parent().unwrap()] {
        let mode = folder.metadata().unwrap().mode();
        assert_eq!(mode & 0o066, 0, "{}: {mode:o}", folder.display());
    }
    running.kill().await.unwrap();
}
