//! What GitHub keeps on other hosts: fetched without any token of ours, within bounds.
//!
//! GitHub answers for a log with the address of another host, signed for a minute. The address is
//! foreign: only https is gone to, and what comes is bounded in size and time. Knows nothing of
//! what a log says.

use std::collections::VecDeque;
use std::time::Duration;

use http::StatusCode;
use url::{Host, Url};

use super::answer::{GithubError, transient, unexpected};

/// Longest wait for the whole of a log: its address is good for a minute, and a large one takes a while.
const FETCH_WAIT_MAX: Duration = Duration::from_secs(180);
/// Longest wait for its next bytes.
const READ_WAIT_MAX: Duration = Duration::from_secs(30);
/// Bytes of one text that are read at all: one without an end must not hold us for minutes.
const READ_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Bytes that were fetched, as far as they were kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogBytes {
    /// The beginning and the end, with a line between them where something was left out.
    pub bytes: Vec<u8>,
    /// Bytes that were left out.
    pub left_out_bytes: u64,
}

/// The other hosts.
pub(super) struct Storage {
    http: reqwest::Client,
    /// Whether the API itself is a plain one on this machine, as it is in tests and the demo.
    is_local: bool,
}

impl Storage {
    pub(super) fn of(api_url: &Url) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(READ_WAIT_MAX)
            .build()?;
        Ok(Self {
            http,
            is_local: is_local(api_url),
        })
    }

    /// The text at `address`, at most about `limit_bytes` of it; `None` where it is gone.
    pub(super) async fn fetch(
        &self,
        operation: &'static str,
        address: &str,
        limit_bytes: usize,
    ) -> Result<Option<LogBytes>, GithubError> {
        let address = Url::parse(address)
            .ok()
            .filter(|address| self.is_allowed(address))
            .ok_or_else(|| {
                unexpected(
                    operation,
                    "an address that is not gone to: it is not https".to_owned(),
                )
            })?;
        let whole = self.read(operation, address, limit_bytes);
        match tokio::time::timeout(FETCH_WAIT_MAX, whole).await {
            Ok(read) => read,
            Err(_) => Err(transient(operation, "not read in time".to_owned())),
        }
    }

    async fn read(
        &self,
        operation: &'static str,
        address: Url,
        limit_bytes: usize,
    ) -> Result<Option<LogBytes>, GithubError> {
        // The address is a secret while it lasts: it is in no error.
        let failed = |error: reqwest::Error| {
            transient(operation, super::answer::chain(&error.without_url()))
        };
        let mut answer = self.http.get(address).send().await.map_err(failed)?;
        match answer.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            status => {
                return Err(transient(
                    operation,
                    format!("its storage answered {status}"),
                ));
            }
        }
        let mut kept = Kept::new(limit_bytes);
        while kept.read_bytes < READ_BYTES_MAX {
            match answer.chunk().await.map_err(failed)? {
                Some(chunk) => kept.take(&chunk),
                None => return Ok(Some(kept.finish())),
            }
        }
        Err(unexpected(operation, "it has no end".to_owned()))
    }

    fn is_allowed(&self, address: &Url) -> bool {
        let scheme = match address.scheme() {
            "https" => true,
            "http" => self.is_local && is_local(address),
            _ => false,
        };
        scheme && address.username().is_empty() && address.password().is_none()
    }
}

/// Whether it is a plain address of this machine.
fn is_local(address: &Url) -> bool {
    let loopback = match address.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    address.scheme() == "http" && loopback
}

/// The beginning and the end of a text that comes in pieces: a quarter and three quarters of the
/// limit, because what failed stands at the end.
struct Kept {
    head: Vec<u8>,
    head_max: usize,
    tail: VecDeque<u8>,
    tail_max: usize,
    read_bytes: u64,
    left_out: u64,
}

impl Kept {
    fn new(limit_bytes: usize) -> Self {
        let head_max = limit_bytes / 4;
        Self {
            head: Vec::new(),
            head_max,
            tail: VecDeque::new(),
            tail_max: limit_bytes - head_max,
            read_bytes: 0,
            left_out: 0,
        }
    }

    fn take(&mut self, chunk: &[u8]) {
        self.read_bytes += bytes(chunk.len());
        let room = self.head_max - self.head.len();
        let (first, rest) = chunk.split_at(room.min(chunk.len()));
        self.head.extend_from_slice(first);
        self.tail.extend(rest);
        let over = self.tail.len().saturating_sub(self.tail_max);
        self.tail.drain(..over);
        self.left_out += bytes(over);
    }

    /// Only whole lines stand beside what was left out.
    fn finish(mut self) -> LogBytes {
        let tail = self.tail.make_contiguous();
        if self.left_out == 0 {
            self.head.extend_from_slice(tail);
            return LogBytes {
                bytes: self.head,
                left_out_bytes: 0,
            };
        }
        let end = |part: &[u8]| part.iter().rposition(|byte| *byte == b'\n');
        let head_end = end(&self.head).map_or(self.head.len(), |at| at + 1);
        let tail_begin = tail.iter().position(|byte| *byte == b'\n');
        let tail_begin = tail_begin.map_or(0, |at| at + 1);
        let left_out = self.left_out + bytes(self.head.len() - head_end + tail_begin);
        self.head.truncate(head_end);
        if self.head.last().is_some_and(|byte| *byte != b'\n') {
            self.head.push(b'\n');
        }
        let said = format!("[castellan: {left_out} bytes of this log were left out here]\n");
        self.head.extend_from_slice(said.as_bytes());
        self.head.extend_from_slice(&tail[tail_begin..]);
        LogBytes {
            bytes: self.head,
            left_out_bytes: left_out,
        }
    }
}

fn bytes(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Kept, Storage};

    #[test]
    fn a_long_text_keeps_its_beginning_and_its_end_in_whole_lines() {
        let mut kept = Kept::new(40);
        for line in 0..20 {
            kept.take(format!("line {line:02}\n").as_bytes());
        }
        let kept = kept.finish();
        let text = String::from_utf8(kept.bytes).unwrap();
        assert_eq!(
            text,
            "line 00\n[castellan: 128 bytes of this log were left out here]\nline 17\nline 18\nline 19\n"
        );
        assert_eq!(kept.left_out_bytes, 128);
    }

    #[test]
    fn only_https_is_gone_to_unless_the_api_is_on_this_machine() {
        let url = |text: &str| text.parse().unwrap();
        let public = Storage::of(&url("https://api.example")).unwrap();
        assert!(public.is_allowed(&url("https://blobs.example/log?sig=1")));
        for address in [
            "http://blobs.example/log",
            "http://127.0.0.1/log",
            "file:///etc/passwd",
            "https://us@blobs.example/log",
        ] {
            assert!(!public.is_allowed(&url(address)), "{address}");
        }
        let local = Storage::of(&url("http://127.0.0.1:1")).unwrap();
        assert!(local.is_allowed(&url("http://127.0.0.1:2/log")));
        assert!(!local.is_allowed(&url("http://blobs.example/log")));
    }
}
