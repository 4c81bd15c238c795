//! A part of a log, as it is asked for: some lines by their numbers, or the lines that hold a text.
//!
//! Lines are cleaned and masked as in a digest and have the same numbers; memory is bounded.

use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read};

use super::read::Reader;
use super::{clean, mask};

/// Lines of a page at most.
pub const PAGE_LINES: u32 = 200;
/// Hits of a search that are shown; all are counted.
pub const HITS: u32 = 50;
/// Lines before and behind a hit at most.
pub const CONTEXT: u32 = 10;
/// Characters of an answer where nothing else is asked for: four thousand tokens.
pub const CHARS: usize = 16_000;
/// Characters of one line that are shown.
const LINE_CHARS: usize = 1_000;
/// Stands behind a line that was cut off.
const CUT: &str = " […]";

/// What is asked of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// So many lines.
    Lines {
        /// The first one, from 1.
        from: u64,
        /// How many, at most [`PAGE_LINES`].
        count: u32,
    },
    /// The lines that hold a text, however it is written in capitals and small letters.
    Search {
        /// The text, literally.
        text: String,
        /// The first line that is looked at, from 1.
        from: u64,
        /// Lines before and behind each hit, at most [`CONTEXT`].
        context: u32,
    },
}

/// A part of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The lines by their numbers; foreign text.
    pub lines: BTreeMap<u64, String>,
    /// Of a search: the lines that hold the text, all of them.
    pub hits: u64,
    /// Of a search: those of them that are shown.
    pub hits_shown: u32,
    /// Lines of the whole log.
    pub total: u64,
    /// The line to go on with, where something was left out behind.
    pub next: Option<u64>,
    /// Secrets that were masked.
    pub masked: u32,
}

/// Reads a log and gives the part that is asked for, within `chars` characters.
///
/// # Errors
/// When reading fails.
pub fn page(log: impl Read, ask: &Ask, chars: usize) -> io::Result<Page> {
    let mut reader = Reader::new(log);
    let mut taker = Taker::new(ask, chars);
    while let Some(batch) = reader.batch()? {
        for raw in reader.bytes()[batch].split_inclusive(|byte| *byte == b'\n') {
            taker.take(raw);
        }
    }
    Ok(taker.page)
}

/// What was taken so far.
struct Taker<'a> {
    ask: &'a Ask,
    /// What a search looks for, in small letters.
    sought: String,
    page: Page,
    /// Characters that are left.
    room: usize,
    /// Lines before the current one that a hit would show.
    before: VecDeque<(u64, String)>,
    /// Lines behind the last hit that are still to be shown.
    behind: u32,
}

impl<'a> Taker<'a> {
    fn new(ask: &'a Ask, chars: usize) -> Self {
        let sought = match ask {
            Ask::Search { text, .. } => text.to_lowercase(),
            Ask::Lines { .. } => String::new(),
        };
        Self {
            ask,
            sought,
            page: Page::default(),
            room: chars,
            before: VecDeque::new(),
            behind: 0,
        }
    }

    fn take(&mut self, raw: &[u8]) {
        self.page.total += 1;
        let line = self.page.total;
        match *self.ask {
            Ask::Lines { from, count } => {
                let from = from.max(1);
                let end = from.saturating_add(u64::from(count.min(PAGE_LINES)));
                if line < from || self.page.next.is_some() {
                    return;
                }
                if line >= end {
                    self.page.next = Some(line);
                    return;
                }
                let mut masked = 0;
                let text = cut(mask::mask(&clean::clean(raw), &mut masked));
                if self.put(line, text) {
                    self.page.masked += masked;
                } else {
                    self.page.next = Some(line);
                }
            }
            Ask::Search { from, context, .. } if line >= from => {
                self.search(line, raw, context.min(CONTEXT));
            }
            Ask::Search { .. } => {}
        }
    }

    fn search(&mut self, line: u64, raw: &[u8], context: u32) {
        // What is masked cannot be searched for, nor guessed letter by letter.
        let mut masked = 0;
        let text = mask::mask(&clean::clean(raw), &mut masked);
        let is_hit = !self.sought.is_empty() && text.to_lowercase().contains(&self.sought);
        let text = cut(text);
        if is_hit {
            self.page.hits += 1;
        }
        if self.page.next.is_some() {
            return;
        }
        if is_hit {
            if self.page.hits_shown >= HITS || !self.put_hit(line, text, context) {
                self.page.next = Some(line);
                return;
            }
            self.page.masked += masked;
            self.page.hits_shown += 1;
            self.behind = context;
        } else if self.behind > 0 {
            self.behind -= 1;
            // Lines around a hit that do not fit are left out: the hits count.
            self.put(line, text);
        } else if context > 0 {
            self.before.push_back((line, text));
            if self.before.len() > context as usize {
                self.before.pop_front();
            }
        }
    }

    /// The hit first, then what stands before it as far as there is room.
    fn put_hit(&mut self, line: u64, text: String, context: u32) -> bool {
        if !self.put(line, text) {
            return false;
        }
        let near = line.saturating_sub(u64::from(context));
        for (number, text) in std::mem::take(&mut self.before).into_iter().rev() {
            if number >= near {
                self.put(number, text);
            }
        }
        true
    }

    /// Whether there is room for a line, with its number and what sets it apart.
    fn put(&mut self, line: u64, text: String) -> bool {
        let size = text.chars().count() + 9;
        if size > self.room {
            return false;
        }
        self.room -= size;
        self.page.lines.insert(line, text);
        true
    }
}

/// A line as far as it is shown.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(LINE_CHARS) {
        text.truncate(end);
        text.push_str(CUT);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(page: &Page) -> Vec<u64> {
        page.lines.keys().copied().collect()
    }

    fn log(lines: u64) -> Vec<u8> {
        let lines = (1..=lines).map(|line| format!("line {line}\n"));
        lines.collect::<String>().into_bytes()
    }

    fn search(text: &str, context: u32) -> Ask {
        Ask::Search {
            text: text.to_owned(),
            from: 1,
            context,
        }
    }

    #[test]
    fn a_page_holds_the_lines_that_are_asked_for_and_says_where_to_go_on() {
        let ask = |from, count| Ask::Lines { from, count };
        let of = |ask| page(log(500).as_slice(), &ask, CHARS).unwrap();
        let some = of(ask(10, 3));
        assert_eq!((numbers(&some), some.next), (vec![10, 11, 12], Some(13)));
        assert_eq!(some.lines[&10], "line 10");
        let most = of(ask(0, 9_999));
        assert_eq!((most.lines.len(), most.next), (200, Some(201)));
        let last = of(ask(499, 9));
        assert_eq!((numbers(&last), last.next), (vec![499, 500], None));
        assert_eq!((of(ask(501, 9)).lines.len(), last.total), (0, 500));
        assert_eq!(of(ask(u64::MAX, u32::MAX)).lines.len(), 0);
        let small = page(log(500).as_slice(), &ask(1, 200), 50).unwrap();
        assert_eq!((numbers(&small), small.next), (vec![1, 2, 3], Some(4)));
    }

    #[test]
    fn a_search_counts_all_hits_and_shows_some_with_their_lines_around() {
        let found = page(log(30).as_slice(), &search("LINE 15", 2), CHARS).unwrap();
        assert_eq!(numbers(&found), [13, 14, 15, 16, 17]);
        assert_eq!((found.hits, found.hits_shown, found.next), (1, 1, None));
        let many = page(log(500).as_slice(), &search("line", 0), CHARS).unwrap();
        assert_eq!((many.hits, many.hits_shown), (500, 50));
        assert_eq!(many.next, Some(51));
        let literal = page(log(30).as_slice(), &search("l.ne", 0), CHARS).unwrap();
        assert_eq!(literal.hits, 0);
        assert_eq!(
            page(log(9).as_slice(), &search("", 0), CHARS).unwrap().hits,
            0
        );
    }

    #[test]
    fn a_secret_is_neither_shown_nor_found() {
        let secret = "ghp_abcdefghijklmnopqrstuvwxyz0123";
        let log = format!("one\nexport X={secret}\n");
        let lines = Ask::Lines { from: 1, count: 9 };
        let shown = page(log.as_bytes(), &lines, CHARS).unwrap();
        assert_eq!(
            (shown.lines[&2].as_str(), shown.masked),
            ("export X=[masked]", 1)
        );
        for part in [secret, "ghp_abc"] {
            assert_eq!(
                page(log.as_bytes(), &search(part, 0), CHARS).unwrap().hits,
                0
            );
        }
    }

    #[test]
    fn no_bytes_and_no_length_of_a_line_break_it() {
        let mut log = b"\xff\xc3\x28\x00\x1b[\n".to_vec();
        log.extend(std::iter::repeat_n(b'x', 50_000_000));
        log.extend("\nü needle Ü".bytes());
        let lines = Ask::Lines { from: 1, count: 9 };
        let shown = page(log.as_slice(), &lines, CHARS).unwrap();
        assert_eq!((shown.total, shown.lines.len()), (3, 3));
        assert!(shown.lines[&2].chars().count() <= LINE_CHARS + CUT.len());
        let found = page(log.as_slice(), &search("Ü NEEDLE", 9), CHARS).unwrap();
        assert_eq!((found.hits, numbers(&found)), (1, vec![1, 2, 3]));
        let nothing = page(log.as_slice(), &search("needle", 9), 0).unwrap();
        assert_eq!((nothing.hits, nothing.lines.len()), (1, 0));
    }

    #[test]
    fn what_is_held_does_not_grow_with_the_log() {
        let mut taker = Taker::new(&Ask::Lines { from: 7, count: 1 }, CHARS);
        for _ in 0..100_000 {
            taker.take(b"a line of a log\n");
        }
        assert!(taker.before.is_empty() && taker.page.lines.len() == 1);
        let ask = search("none", 10);
        let mut taker = Taker::new(&ask, CHARS);
        for _ in 0..100_000 {
            taker.take(b"a line of a log\n");
        }
        assert_eq!((taker.before.len(), taker.page.lines.len()), (10, 0));
    }
}
