//! Whom an agent speaks with, as the kernel is asked: every address that any of its processes
//! connects or sends to, from its first to its last breath.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use castellan::protocol::brief::Preset;
use castellan::sandbox::locate;

use super::script;
use super::stage::Stage;
use crate::left_out::left_out;
use crate::sandbox::system;

/// Has bubblewrap started by strace, in whose place it is looked up.
fn traced(folder: &Path, strace: &Path, bwrap: &Path) {
    // The sandbox's account writes the trace.
    std::fs::set_permissions(folder, PermissionsExt::from_mode(0o777)).unwrap();
    let line = format!(
        "#!/bin/sh\nexec {} -f -qq --seccomp-bpf -e trace=connect,sendto,sendmsg,sendmmsg \
         -e signal=none -o {}/trace.$$ {} \"$@\"\n",
        strace.display(),
        folder.display(),
        bwrap.display()
    );
    let wrapper = folder.join("bwrap");
    std::fs::write(&wrapper, line).unwrap();
    std::fs::set_permissions(&wrapper, PermissionsExt::from_mode(0o755)).unwrap();
}

/// Each address of the internet's families, as strace shows them.
fn addresses(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap().flatten() {
        if !file.file_name().to_string_lossy().starts_with("trace.") {
            continue;
        }
        let text = std::fs::read(file.path()).unwrap();
        let lines = String::from_utf8_lossy(&text).into_owned();
        let lines = lines
            .lines()
            .filter(|line| line.contains("sa_family=AF_INET"));
        found.extend(lines.map(str::to_owned));
    }
    found
}

pub(super) async fn speaks_with_nobody_else(name: &str, preset: Preset) {
    let Some(strace) = locate("strace", &system()) else {
        left_out(name, "strace is not installed");
        return;
    };
    let Some(mut stage) = Stage::open(name, preset, script::fixes(preset)).await else {
        return;
    };
    let bwrap = locate("bwrap", &stage.case.options.search).unwrap();
    let folder = tempfile::tempdir().unwrap();
    traced(folder.path(), &strace, &bwrap);
    stage
        .case
        .options
        .search
        .insert(0, folder.path().to_owned());
    stage.case.brief.allow.tool_kinds.push("execute".to_owned());
    stage.case.change().await;
    let url = stage.model.url();
    let port = url.rsplit_once(':').unwrap().1;
    let model = format!("sin_port=htons({port}), sin_addr=inet_addr(\"127.0.0.1\")");
    let (ours, others): (Vec<_>, Vec<_>) = addresses(folder.path())
        .into_iter()
        .partition(|line| line.contains(&model));
    assert!(!ours.is_empty(), "the trace shows how the model is reached");
    assert_eq!(others, Vec::<String>::new());
}
