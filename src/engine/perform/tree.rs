//! How the files of a change come into a tree: their text within the request for the tree
//! itself, or a blob each, which is a call each. Writes nothing.

use crate::domain::change::{FileChange, Operation};

/// Most text that a request for a tree carries, in bytes as JSON: what goes beyond comes as
/// blobs, since GitHub takes no request of any size.
const INLINE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How one file comes into the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Way<'a> {
    /// It is taken away.
    Gone,
    /// Its text stands in the request.
    Inline(&'a str),
    /// Its bytes are written as a blob before.
    Blob(&'a [u8]),
}

/// The way of each file, in their order.
pub(in super::super) fn ways(files: &[FileChange]) -> Vec<Way<'_>> {
    let mut room = INLINE_BYTES_MAX;
    let way = |file: &'_ FileChange, room: &mut usize| match file.operation {
        Operation::Delete => None,
        Operation::Add | Operation::Modify => {
            let text = std::str::from_utf8(&file.content).ok();
            let text = text.filter(|text| is_plain(text));
            let left = text.and_then(|text| room.checked_sub(json_bytes(text)));
            *room = left.unwrap_or(*room);
            Some(left.is_some())
        }
    };
    files
        .iter()
        .map(|file| match way(file, &mut room) {
            None => Way::Gone,
            Some(true) => {
                std::str::from_utf8(&file.content).map_or(Way::Blob(&file.content), Way::Inline)
            }
            Some(false) => Way::Blob(&file.content),
        })
        .collect()
}

/// How many blobs the files need.
pub(in super::super) fn blobs(files: &[FileChange]) -> u32 {
    let blobs = ways(files)
        .iter()
        .filter(|way| matches!(way, Way::Blob(_)))
        .count();
    u32::try_from(blobs).unwrap_or(u32::MAX)
}

/// Text that no JSON on the way can read otherwise. An empty one might be taken for none.
fn is_plain(text: &str) -> bool {
    let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
    !text.is_empty() && !text.contains(odd)
}

/// Bytes of a plain text as JSON, its quotes aside.
fn json_bytes(text: &str) -> usize {
    let escaped = |byte: &u8| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t');
    text.len() + text.as_bytes().iter().filter(|byte| escaped(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(operation: Operation, content: &[u8]) -> FileChange {
        FileChange {
            path: "a".to_owned(),
            operation,
            mode: "100644".to_owned(),
            content: content.to_vec(),
            base_blob: None,
        }
    }

    #[test]
    fn only_plain_text_goes_within_the_request() {
        let files = [
            file(Operation::Modify, b"a \"word\"\n"),
            file(Operation::Delete, b""),
            file(Operation::Add, b"\xff\xfe"),
            file(Operation::Add, b""),
            file(Operation::Add, b"a\0b"),
            file(Operation::Add, b"a\x1b[0m"),
        ];
        let ways = ways(&files);
        assert_eq!(ways[..2], [Way::Inline("a \"word\"\n"), Way::Gone]);
        assert!(ways[2..].iter().all(|way| matches!(way, Way::Blob(_))));
        assert_eq!(blobs(&files), 4);
    }

    #[test]
    fn what_goes_beyond_one_request_comes_as_blobs() {
        let large = file(Operation::Add, &vec![b'\n'; INLINE_BYTES_MAX / 2]);
        let small = file(Operation::Add, b"small");
        let files = [large.clone(), large, small];
        assert_eq!(
            blobs(&files),
            2,
            "the second large one, and nothing is left for the small"
        );
    }
}
