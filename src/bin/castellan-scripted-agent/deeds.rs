//! What the scripted agent can do to the world; how it tells of it is not known here.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

pub(crate) fn write(
    path: &Path,
    content: &str,
    mode: Option<&str>,
) -> Result<String, Box<dyn Error>> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, content)?;
    if let Some(mode) = mode {
        let mode = u32::from_str_radix(mode, 8)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(String::new())
}

pub(crate) fn run(folder: &Path, words: &[String]) -> Result<String, Box<dyn Error>> {
    let (program, arguments) = words.split_first().ok_or("no command")?;
    let output = std::process::Command::new(program)
        .args(arguments)
        .current_dir(folder)
        // Our own standard input is the protocol's.
        .stdin(std::process::Stdio::null())
        .output()?;
    let mut said = String::from_utf8_lossy(&output.stdout).into_owned();
    said.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(said)
}

pub(crate) fn fetch(url: &str) -> Result<String, Box<dyn Error>> {
    let rest = url
        .strip_prefix("http://")
        .ok_or("only http:// is fetched")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host)?;
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.take(64 * 1024).read_to_string(&mut answer)?;
    Ok(answer
        .split_once("\r\n\r\n")
        .map_or(answer.clone(), |(_, body)| body.to_owned()))
}

/// Writes `bytes` to standard output, past the protocol. A closed pipe ends it.
pub(crate) fn noise(bytes: u64, piece: &[u8]) {
    let mut out = io::stdout().lock();
    let mut left = bytes;
    while left > 0 && out.write_all(piece).is_ok() {
        left = left.saturating_sub(piece.len() as u64);
    }
    let _ = out.flush();
}
