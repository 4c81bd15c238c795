//! Each guard of the sandbox, tried from inside of a real one.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use castellan::sandbox::{
    ACCOUNT, Bind, Finished, SYSTEM_PROGRAMS, Sandbox, Spec, clean, clean_line,
};
use tokio::io::AsyncReadExt;

use crate::left_out::{left_out, not_here};

macro_rules! room {
    ($name:literal) => {
        match Room::open($name).await {
            Some(room) => room,
            None => return,
        }
    };
}

pub(crate) mod doors;
pub(crate) mod limits;
mod together;

const LONG: Duration = Duration::from_secs(60);

/// The folders of the system's programs.
pub(crate) fn system() -> Vec<PathBuf> {
    SYSTEM_PROGRAMS.map(PathBuf::from).to_vec()
}

/// A sandbox, or a loud word that the test `name` is left out.
pub(crate) async fn sandbox_for(name: &str) -> Option<Sandbox> {
    match Sandbox::find(&system()).await {
        Ok(sandbox) => Some(sandbox),
        // The server itself names what is missing in the same words.
        Err(unavailable) => {
            left_out(name, &unavailable.to_string());
            None
        }
    }
}

/// A sandbox with an empty workspace.
struct Room {
    sandbox: Sandbox,
    folder: castellan::sandbox::Scratch,
}

impl Room {
    async fn open(name: &str) -> Option<Self> {
        let sandbox = sandbox_for(name).await?;
        let folder = sandbox
            .folder(Path::new("/tmp"), "castellan-test-")
            .unwrap();
        sandbox.writable_folder(folder.path().join("w")).unwrap();
        Some(Self { sandbox, folder })
    }

    fn workspace(&self) -> PathBuf {
        self.folder.path().join("w")
    }

    fn spec(&self, line: &str) -> Spec {
        Spec::shell(self.workspace(), line)
    }

    async fn run(&self, spec: &Spec) -> Finished {
        self.sandbox.run(spec, LONG).await.unwrap()
    }

    /// What the shell's line says, which must end well.
    async fn say(&self, line: &str) -> String {
        let finished = self.run(&self.spec(line)).await;
        assert!(finished.passed(), "{line}: {finished:?}");
        finished.output_tail
    }
}

#[tokio::test]
async fn environment_holds_nothing_of_ours_anywhere() {
    let room = room!("environment_holds_nothing_of_ours_anywhere");
    assert!(
        std::env::var_os("CARGO_MANIFEST_DIR").is_some(),
        "a word of ours to look for"
    );
    let all = room
        .say("env; cat /proc/[0-9]*/environ | tr '\\0' '\\n'")
        .await;
    assert!(!all.contains("CARGO"), "{all}");
    let first = room.say("tr '\\0' '\\n' </proc/1/environ").await;
    assert_eq!(
        first.trim(),
        "",
        "bubblewrap was started with an environment"
    );
    let names = room
        .say("env -u _ -u PWD -u OLDPWD -u SHLVL | cut -d= -f1 | sort")
        .await;
    assert_eq!(names, "HOME\nLANG\nPATH\nTMPDIR\n");
}

#[tokio::test]
async fn command_lines_name_only_what_was_given() {
    let room = room!("command_lines_name_only_what_was_given");
    let mut spec = room.spec("cat /proc/[0-9]*/cmdline | tr '\\0' ' '; echo; echo $GREETING");
    spec.environment
        .insert("GREETING".to_owned(), "hello".to_owned());
    let said = room.run(&spec).await.output_tail;
    assert!(said.ends_with("hello\n"), "{said}");
    // The caller's own variables reach neither environment nor arguments.
    assert!(!said.contains("CARGO_MANIFEST_DIR"), "{said}");
}

#[tokio::test]
async fn nobody_is_root_and_the_kernel_cannot_be_set() {
    let room = room!("nobody_is_root_and_the_kernel_cannot_be_set");
    let said = room
        .say(
            "id -u; id -G; grep -E 'Cap(Prm|Eff|Bnd)' /proc/self/status | cut -f2 | sort -u; \
             test -w /proc/sys/kernel/core_pattern && echo core_pattern is writable; \
             grep NoNewPrivs /proc/self/status; touch /workspace/made; \
             test $(cut -d' ' -f6 /proc/self/stat) != 0 || echo the terminal of the caller",
        )
        .await;
    assert_eq!(said, "1000\n1000\n0000000000000000\nNoNewPrivs:\t1\n");
    // Seen from here, the account is not ours where we are root.
    let made = room.workspace().join("made").metadata().unwrap();
    if rustix::process::geteuid().is_root() {
        assert_eq!((made.uid(), made.gid()), (ACCOUNT, ACCOUNT));
    } else {
        assert_eq!(made.uid(), rustix::process::geteuid().as_raw());
    }
}

#[tokio::test]
async fn bubblewrap_itself_is_never_root() {
    let room = room!("bubblewrap_itself_is_never_root");
    let running = room.sandbox.spawn(&room.spec("echo up; cat")).unwrap();
    let mut running = running;
    let mut up = [0; 3];
    let stdout = running.stdout.as_mut().unwrap();
    stdout.read_exact(&mut up).await.unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", running.id().unwrap()));
    let status = status.unwrap();
    let line = |name: &str| {
        status
            .lines()
            .find(|l| l.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert!(
        !line("Uid:").split_whitespace().any(|w| w == "0"),
        "{}",
        line("Uid:")
    );
    if rustix::process::geteuid().is_root() {
        assert_eq!(
            line("Groups:").trim(),
            "Groups:",
            "supplementary groups were kept"
        );
    }
    running.kill().await.unwrap();
}

#[tokio::test]
async fn no_network_reaches_a_port_of_this_machine() {
    let room = room!("no_network_reaches_a_port_of_this_machine");
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let line = format!("exec 3<>/dev/tcp/127.0.0.1/{port}");
    let spec = Spec::new(room.workspace(), ["/bin/bash", "-c", &line]);
    let finished = room.run(&spec).await;
    assert_eq!(finished.exit_code, Some(1), "{finished:?}");
    assert!(
        finished.output_tail.contains("Connection refused"),
        "{finished:?}"
    );
    let outside = Spec::new(
        room.workspace(),
        ["/bin/bash", "-c", "exec 3<>/dev/tcp/192.0.2.1/80"],
    );
    let finished = room.run(&outside).await;
    assert!(
        finished.output_tail.contains("Network is unreachable"),
        "{finished:?}"
    );
    assert_eq!(
        room.say("ls /sys/class/net 2>/dev/null; tail -n +3 /proc/net/dev | cut -d: -f1")
            .await
            .trim(),
        "lo"
    );
}

#[tokio::test]
async fn no_further_namespace_can_be_made() {
    let room = room!("no_further_namespace_can_be_made");
    for line in [
        "unshare -U true",
        "unshare -r true",
        "unshare -n true",
        "mount -t tmpfs x /tmp",
    ] {
        let finished = room.run(&room.spec(line)).await;
        assert!(!finished.passed(), "{line}: {finished:?}");
    }
}

#[tokio::test]
async fn only_workspace_home_and_tmp_are_writable() {
    let room = room!("only_workspace_home_and_tmp_are_writable");
    let shared = room.folder.path().join("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(0o777)).unwrap();
    std::fs::write(shared.join("word"), "to be read").unwrap();
    let mut spec = room.spec(
        "find / -xdev -type d -writable 2>/dev/null | sort | tr '\\n' ' '; \
         for d in / /dev /usr /etc /run /opt/shared; do touch $d/x 2>/dev/null && echo $d; done; \
         touch /workspace/x /tmp/x $HOME/x /dev/shm/x && cat /opt/shared/word",
    );
    spec.read_only.push(Bind {
        outside: shared,
        inside: "/opt/shared".into(),
    });
    let finished = room.run(&spec).await;
    assert_eq!(
        finished.output_tail, "/home/agent /tmp /workspace to be read",
        "{finished:?}"
    );
    assert!(room.workspace().join("x").exists());
}

#[tokio::test]
async fn homes_keys_and_processes_of_this_machine_are_not_there() {
    let room = room!("homes_keys_and_processes_of_this_machine_are_not_there");
    let said = room
        .say("ls / | tr '\\n' ' '; ls /etc | tr '\\n' ' '; ls -A $HOME; cat /etc/passwd; ls -d /proc/[0-9]* | wc -l")
        .await;
    let lines: Vec<&str> = said.lines().collect();
    for name in ["root", "var", "mnt", "shadow", "ssh", "ssl", "machine-id"] {
        assert!(
            !lines[0].split(' ').any(|word| word == name),
            "{name}: {said}"
        );
    }
    assert!(lines[0].contains("agent:x:1000"), "{said}");
    let processes: u32 = lines[1].trim().parse().unwrap();
    assert!(processes < 8, "{said}");
}

#[tokio::test]
async fn without_bubblewrap_nothing_runs_and_the_remedy_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let unavailable = Sandbox::find(&[empty.path().to_path_buf()])
        .await
        .unwrap_err();
    assert!(
        unavailable
            .to_string()
            .contains("apt-get install bubblewrap"),
        "{unavailable}"
    );
    // One that is there and refuses is no sandbox either.
    let fake = empty.path().join("bwrap");
    std::fs::write(
        &fake,
        "#!/bin/sh\necho bwrap: Unknown option --disable-userns >&2\nexit 1\n",
    )
    .unwrap();
    std::fs::set_permissions(&fake, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::set_permissions(empty.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let unavailable = Sandbox::find(&[empty.path().to_path_buf()])
        .await
        .unwrap_err();
    assert!(unavailable.remedy.contains("0.8.0"), "{unavailable}");
}

#[tokio::test]
async fn a_closed_folder_is_named_before_anything_starts() {
    let Some(sandbox) = sandbox_for("a_closed_folder_is_named_before_anything_starts").await else {
        return;
    };
    if !rustix::process::geteuid().is_root() {
        not_here(
            "a_closed_folder_is_named_before_anything_starts",
            "not root",
        );
        return;
    }
    let closed = tempfile::tempdir().unwrap();
    std::fs::set_permissions(closed.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let error = sandbox.folder(closed.path(), "x").unwrap_err().to_string();
    assert!(
        error.contains(&closed.path().display().to_string()),
        "{error}"
    );
}

#[test]
fn text_is_cleaned_of_what_hides_or_moves() {
    assert_eq!(clean(b"a\x1b[2Jb\x07\r\nc\x1b]0;title\x07d", 100), "ab\ncd");
    assert_eq!(clean("x\u{202e}y\u{200b}z\u{e0041}".as_bytes(), 100), "xyz");
    assert_eq!(clean(b"\xff\xfe", 4).len(), 3);
    assert_eq!(clean(b"0123456789", 4), "6789");
    assert_eq!(clean_line("  one\n\ttwo  three ", 8), "one two ");
}

#[tokio::test]
async fn a_folder_is_removed_whatever_a_program_left_in_it() {
    let Some(room) = Room::open("a_folder_is_removed_whatever_a_program_left_in_it").await else {
        return;
    };
    // Closed to us, and deeper than there are descriptors, as a rule.
    room.say(
        "mkdir -p closed/inner && touch closed/inner/x && chmod 0 closed/inner closed; \
         i=0; while [ $i -lt 1900 ]; do mkdir d && cd d && i=$((i+1)) || exit 1; done",
    )
    .await;
    let path = room.folder.path().to_owned();
    assert!(path.exists());
    drop(room);
    assert!(!path.exists());
}
