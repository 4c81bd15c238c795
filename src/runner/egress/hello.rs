//! The first words of an encrypted connection, in which a program names the host that it wants
//! (TLS's ClientHello, RFC 8446 4.1.2, and its server_name, RFC 6066 3).
//!
//! Only the plainest form is taken: a server that reads a crooked one otherwise than we do could
//! be another host of the same network (fronting).

use tokio::io::{AsyncRead, AsyncReadExt};

/// Bytes of a ClientHello; those with keys that resist quantum computers have about two thousand.
const HELLO_BYTES_MAX: usize = 16 * 1024;
/// Records that it may be spread over.
const RECORDS_MAX: usize = 8;

const HANDSHAKE: u8 = 22;
const CLIENT_HELLO: u8 = 1;
const SERVER_NAME: u16 = 0;
/// Encrypted Client Hello: the name that counts is hidden in it.
const HIDDEN_NAME: u16 = 0xfe0d;

/// What was read, byte for byte, and the name in it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) bytes: Vec<u8>,
    /// In lower case.
    pub(super) name: Option<String>,
}

/// Reads the first words, and not a byte more.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Hello, &'static str> {
    const BROKEN: &str = "the connection broke off before it named a host";
    let mut bytes = Vec::new();
    let mut message = Vec::new();
    for _ in 0..RECORDS_MAX {
        let mut head = [0; 5];
        from.read_exact(&mut head).await.map_err(|_| BROKEN)?;
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if head[0] != HANDSHAKE || head[1] != 3 || length == 0 {
            return Err("what is said through it is not encrypted with TLS");
        }
        if message.len() + length > HELLO_BYTES_MAX {
            return Err("its first message is longer than any may be");
        }
        let mut record = vec![0; length];
        from.read_exact(&mut record).await.map_err(|_| BROKEN)?;
        bytes.extend_from_slice(&head);
        bytes.extend_from_slice(&record);
        message.extend_from_slice(&record);
        match body(&message) {
            Err(()) => return Err(CROOKED),
            Ok(None) => {}
            Ok(Some(body)) => {
                let name = name(body)?;
                return Ok(Hello { bytes, name });
            }
        }
    }
    Err(CROOKED)
}

const CROOKED: &str = "its first message is not a well-formed greeting of TLS";

/// The greeting's body once it is complete; an error where anything else is.
fn body(message: &[u8]) -> Result<Option<&[u8]>, ()> {
    let Some((head, rest)) = message.split_at_checked(4) else {
        return Ok(None);
    };
    if head[0] != CLIENT_HELLO {
        return Err(());
    }
    let length = usize::from(head[1]) << 16 | usize::from(head[2]) << 8 | usize::from(head[3]);
    match rest.len().cmp(&length) {
        std::cmp::Ordering::Less => Ok(None),
        std::cmp::Ordering::Equal => Ok(Some(rest)),
        std::cmp::Ordering::Greater => Err(()),
    }
}

/// The one name that the greeting asks for.
fn name(body: &[u8]) -> Result<Option<String>, &'static str> {
    let mut words = Words(body);
    let extensions = (|| {
        words.take(2 + 32)?;
        words.vector(1)?;
        words.vector(2)?;
        words.vector(1)?;
        let extensions = words.vector(2)?;
        words.0.is_empty().then_some(extensions)
    })();
    let mut rest = Words(extensions.ok_or(CROOKED)?);
    let mut found = None;
    while !rest.0.is_empty() {
        let kind = rest.number(2).ok_or(CROOKED)?;
        let content = rest.vector(2).ok_or(CROOKED)?;
        match kind {
            HIDDEN_NAME => return Err("it hides the name of its host (ECH); switch that off"),
            SERVER_NAME if found.is_some() => return Err(CROOKED),
            SERVER_NAME => found = Some(one_name(content).ok_or(CROOKED)?),
            _ => {}
        }
    }
    Ok(found)
}

fn one_name(content: &[u8]) -> Option<String> {
    let mut words = Words(content);
    let mut list = Words(words.vector(2)?);
    let kind = list.number(1)?;
    let name = list.vector(2)?;
    if kind != 0 || !words.0.is_empty() || !list.0.is_empty() {
        return None;
    }
    let name = std::str::from_utf8(name).ok()?;
    Some(name.to_ascii_lowercase())
}

/// Bytes that are taken from the front.
struct Words<'a>(&'a [u8]);

impl<'a> Words<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self, bytes: usize) -> Option<u16> {
        let taken = self.take(bytes)?;
        Some(
            taken
                .iter()
                .fold(0, |sum, byte| sum << 8 | u16::from(*byte)),
        )
    }

    /// What stands behind its own length, which has `bytes` bytes.
    fn vector(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let length = self.number(bytes)?;
        self.take(usize::from(length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vector(bytes: usize, content: &[u8]) -> Vec<u8> {
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&length[2 - bytes..], content].concat()
    }

    fn extension(kind: u16, content: &[u8]) -> Vec<u8> {
        [kind.to_be_bytes().to_vec(), vector(2, content)].concat()
    }

    fn named(name: &str) -> Vec<u8> {
        let entry = [vec![0], vector(2, name.as_bytes())].concat();
        extension(SERVER_NAME, &vector(2, &entry))
    }

    /// A greeting with these extensions, in records of at most `piece` bytes.
    fn greeting(extensions: &[Vec<u8>], piece: usize) -> Vec<u8> {
        let parts = [
            vec![3, 3],
            vec![7; 32],
            vector(1, &[]),
            vector(2, &[0x13, 1]),
            vector(1, &[0]),
            vector(2, &extensions.concat()),
        ];
        let body = parts.concat();
        let message = [vec![CLIENT_HELLO, 0], vector(2, &body)].concat();
        let record = |piece: &[u8]| [vec![HANDSHAKE, 3, 1], vector(2, piece)].concat();
        message.chunks(piece).flat_map(record).collect()
    }

    async fn of(bytes: &[u8]) -> Result<Option<String>, &'static str> {
        let mut from = bytes;
        let hello = read(&mut from).await?;
        assert!(bytes.starts_with(&hello.bytes));
        Ok(hello.name)
    }

    #[tokio::test]
    async fn the_name_is_found_and_crooked_greetings_are_not_taken() {
        let name = Some("registry.example".to_owned());
        let plain = greeting(
            &[extension(43, &[2, 3, 4]), named("Registry.example")],
            9999,
        );
        assert_eq!(of(&plain).await, Ok(name.clone()));
        let spread = greeting(&[named("registry.example")], 20);
        assert_eq!(of(&spread).await, Ok(name));
        assert_eq!(of(&greeting(&[], 999)).await, Ok(None));
        let twice = greeting(&[named("a.example"), named("b.example")], 999);
        assert_eq!(of(&twice).await, Err(CROOKED));
        let hidden = greeting(&[named("a.example"), extension(HIDDEN_NAME, &[0])], 999);
        assert!(of(&hidden).await.unwrap_err().contains("ECH"));
        assert!(of(b"GET / HTTP/1.1\r\n").await.unwrap_err().contains("TLS"));
        assert!(of(&plain[..40]).await.unwrap_err().contains("broke off"));
        let mut long = plain;
        long[5 + 3] -= 1;
        assert_eq!(of(&long).await, Err(CROOKED));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_without_harm(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let _ = body(&bytes);
            let _ = name(&bytes);
        }
    }
}
