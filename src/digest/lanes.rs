//! The prefilter's search, over four parts of a batch at once. One state waits for the one before
//! it, a few cycles a byte; four of them wait at the same time.
//!
//! No literal holds a line feed, so that a part may begin at any line.

use std::array;
use std::ops::Range;

use aho_corasick::Anchored;
use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::dfa::DFA;

/// Parts that are searched at once.
const LANES: usize = 4;

/// One part, as far as it was searched.
#[derive(Clone, Copy)]
struct Lane {
    at: usize,
    end: usize,
    state: StateID,
}

/// A place within each line that holds a literal, in the order of the lines.
pub(super) fn touched(literals: &DFA, bytes: &[u8], part: Range<usize>) -> Vec<usize> {
    let Ok(start) = literals.start_state(Anchored::No) else {
        return Vec::new();
    };
    let mut hits: [Vec<usize>; LANES] = Default::default();
    let mut lanes = cut(bytes, part, start);
    loop {
        let together = lanes.iter().map(|lane| lane.end - lane.at).min();
        let together = together.unwrap_or(0);
        if together == 0 {
            break;
        }
        advance(literals, bytes, &mut lanes, together);
        for (lane, hits) in lanes.iter_mut().zip(&mut hits) {
            note(literals, bytes, lane, start, hits);
        }
    }
    for (lane, hits) in lanes.iter_mut().zip(&mut hits) {
        while lane.at < lane.end {
            while lane.at < lane.end {
                lane.state = literals.next_state(Anchored::No, lane.state, bytes[lane.at]);
                lane.at += 1;
                if literals.is_special(lane.state) {
                    break;
                }
            }
            note(literals, bytes, lane, start, hits);
        }
    }
    hits.concat()
}

/// Parts of about one size, each of whole lines.
fn cut(bytes: &[u8], part: Range<usize>, start: StateID) -> [Lane; LANES] {
    let step = part.len() / LANES;
    let mut at = part.start;
    array::from_fn(|lane| {
        let about = (part.start + step * (lane + 1)).max(at);
        let feed = memchr::memchr(b'\n', &bytes[about..part.end]);
        let end = match feed {
            Some(feed) if lane + 1 < LANES => about + feed + 1,
            _ => part.end,
        };
        let from = at;
        at = end;
        Lane {
            at: from,
            end,
            state: start,
        }
    })
}

/// Searches on in all parts, by at most so many bytes, until one of them has found something.
fn advance(literals: &DFA, bytes: &[u8], lanes: &mut [Lane; LANES], most: usize) {
    let of = |lane: &Lane| &bytes[lane.at..lane.at + most];
    let (a, b, c, d) = (of(&lanes[0]), of(&lanes[1]), of(&lanes[2]), of(&lanes[3]));
    let [mut s, mut t, mut u, mut v] = lanes.map(|lane| lane.state);
    let mut done = 0;
    for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
        s = literals.next_state(Anchored::No, s, *a);
        t = literals.next_state(Anchored::No, t, *b);
        u = literals.next_state(Anchored::No, u, *c);
        v = literals.next_state(Anchored::No, v, *d);
        done += 1;
        if literals.is_special(s.min(t).min(u.min(v))) {
            break;
        }
    }
    for (lane, state) in lanes.iter_mut().zip([s, t, u, v]) {
        lane.at += done;
        lane.state = state;
    }
}

/// Where a part has found something, notes it and goes on behind that line.
fn note(literals: &DFA, bytes: &[u8], lane: &mut Lane, start: StateID, hits: &mut Vec<usize>) {
    if !literals.is_match(lane.state) {
        return;
    }
    hits.push(lane.at - 1);
    let feed = memchr::memchr(b'\n', &bytes[lane.at..lane.end]);
    lane.at = feed.map_or(lane.end, |feed| lane.at + feed + 1);
    lane.state = start;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, part: Range<usize>) -> Vec<usize> {
        let literals = DFA::builder()
            .prefilter(false)
            .build(["error", "fail"])
            .unwrap();
        let hits = touched(&literals, text.as_bytes(), part);
        hits.into_iter()
            .map(|at| text[..at].matches('\n').count())
            .collect()
    }

    #[test]
    fn each_line_that_holds_a_literal_is_found_once_and_in_order() {
        for size in 0..60 {
            for of in 1..5 {
                let mut text = String::new();
                let mut expected = Vec::new();
                for line in 0..size {
                    if line % of == 0 {
                        text += "an error and a failing error";
                        expected.push(line);
                    }
                    text += &"err fai ".repeat(line % 7);
                    text += "\n";
                }
                assert_eq!(lines(&text, 0..text.len()), expected);
                text += "no feed, fail";
                expected.push(size);
                assert_eq!(lines(&text, 0..text.len()), expected);
            }
        }
        assert_eq!(lines("error\nfail\nerror\n", 6..11), [1]);
        assert!(lines("error\n", 3..3).is_empty());
    }
}
