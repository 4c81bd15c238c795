//! Each test of the base beside what became of it at the head.
//!
//! A test is found again by its name in its file, then by its name in another file, then by
//! its words: a move, another format and another name weaken nothing.

use std::collections::HashMap;

use super::Pair;
use super::ecosystem;
use super::kind::{Kind, Weakening};
use super::language::{Ecosystem, Strength};
use super::lexed::Source;
use super::lines::beyond;
use super::named::{Item, first, is_precision, items, likeness};
use super::place::name_of;

/// From how many of a hundred words on two tests are taken for one.
const ALIKE: usize = 75;
/// Tests without a namesake whose words are compared: each is compared with each.
const COMPARED: usize = 400;

/// One side of one file.
struct Side<'a> {
    path: &'a str,
    source: &'a Source,
    of: &'static Ecosystem,
    items: Vec<Item>,
}

/// An item by its file and its place in it.
type At = (usize, usize);

/// What became of the tests of all files.
pub(super) fn tests(pairs: &[Pair<'_>]) -> Vec<Weakening> {
    let before: Vec<Side<'_>> = pairs.iter().filter_map(|pair| sided(pair, true)).collect();
    let after: Vec<Side<'_>> = pairs.iter().filter_map(|pair| sided(pair, false)).collect();
    let mut found = Vec::new();
    let (became, gone) = matched(&before, &after);
    for (old, new) in &became {
        let (Some(was), Some(is)) = (at(&before, *old), at(&after, *new)) else {
            continue;
        };
        let path = after.get(new.0).map_or("", |side| side.path);
        if is.is_test {
            weaker(path, was, is, &mut found);
        } else {
            found.push(away(path, was, is));
        }
    }
    found.extend(deleted(&before, &after, &gone));
    let kept: Vec<At> = became.iter().map(|(_, new)| *new).collect();
    for (number, side) in after.iter().enumerate() {
        let old = before.iter().find(|old| old.path == side.path);
        around(old, side, &mut found);
        for (place, item) in side.items.iter().enumerate() {
            if item.is_test && !kept.contains(&(number, place)) {
                focused(side.path, item, &mut found);
            }
        }
    }
    found
}

fn sided<'a>(pair: &'a Pair<'a>, is_before: bool) -> Option<Side<'a>> {
    let source = if is_before { &pair.before } else { &pair.after };
    let source = source.as_ref()?;
    let of = ecosystem::of(pair.path)?;
    Some(Side {
        path: pair.path,
        source,
        of,
        items: items(pair.path, source, of),
    })
}

fn at<'a>(sides: &'a [Side<'_>], at: At) -> Option<&'a Item> {
    sides.get(at.0)?.items.get(at.1)
}

/// Tests of the base with what they became, and those that became nothing.
fn matched(before: &[Side<'_>], after: &[Side<'_>]) -> (Vec<(At, At)>, Vec<At>) {
    let mut left: Vec<At> = places(before, |item| item.is_test);
    let mut free: Vec<At> = places(after, |_| true);
    let mut became = Vec::new();
    let path = |sides: &[Side<'_>], at: At| sides.get(at.0).map(|side| side.path.to_owned());
    // Names first, in the same file and then anywhere: a test before a mere function.
    for (same_file, tests) in [(true, true), (false, true), (true, false), (false, false)] {
        let mut named: HashMap<(String, String), Vec<At>> = HashMap::new();
        for place in free.iter().rev() {
            let Some(item) = at(after, *place).filter(|item| item.is_test || !tests) else {
                continue;
            };
            let file = path(after, *place)
                .filter(|_| same_file)
                .unwrap_or_default();
            let name = (file, item.name.clone());
            named.entry(name).or_default().push(*place);
        }
        left.retain(|old| {
            let Some(item) = at(before, *old) else {
                return false;
            };
            let file = path(before, *old).filter(|_| same_file).unwrap_or_default();
            let new = named.get_mut(&(file, item.name.clone())).and_then(Vec::pop);
            became.extend(new.map(|new| (*old, new)));
            new.is_none()
        });
        let taken: Vec<At> = became.iter().map(|(_, new)| *new).collect();
        free.retain(|place| !taken.contains(place));
    }
    // What is not new at the head is no test of the base under another name.
    free.retain(|place| {
        let (Some(item), Some(side)) = (at(after, *place), after.get(place.0)) else {
            return false;
        };
        let old = before.iter().find(|old| old.path == side.path);
        !old.is_some_and(|old| old.items.iter().any(|known| known.name == item.name))
    });
    left.retain(|old| {
        let new = alike(before, after, *old, &free);
        became.extend(new.map(|new| (*old, new)));
        free.retain(|place| Some(*place) != new);
        new.is_none()
    });
    (became, left)
}

fn places(sides: &[Side<'_>], takes: impl Fn(&Item) -> bool) -> Vec<At> {
    let of = |(number, side): (usize, &Side<'_>)| -> Vec<At> {
        let items = side.items.iter().enumerate();
        items
            .filter(|(_, item)| takes(item))
            .map(|(place, _)| (number, place))
            .collect()
    };
    sides.iter().enumerate().flat_map(of).collect()
}

/// The new item whose words are most like those of an old test.
fn alike(before: &[Side<'_>], after: &[Side<'_>], old: At, free: &[At]) -> Option<At> {
    let was = at(before, old)?;
    let best = free.iter().take(COMPARED).filter_map(|place| {
        let is = at(after, *place)?;
        let likeness = likeness(&was.words, &is.words);
        (likeness >= ALIKE).then_some((is.is_test, likeness, *place))
    });
    best.max_by_key(|(is_test, likeness, _)| (*is_test, *likeness))
        .map(|(_, _, place)| place)
}

fn away(path: &str, was: &Item, is: &Item) -> Weakening {
    let what = match was.name == is.name {
        true => was.name.clone(),
        false => format!("{} is now {}", was.name, is.name),
    };
    Weakening::new(Kind::TestRenamedAway, path, Some(is.line), &what)
}

/// Tests that became nothing: one by one, or with their whole file.
fn deleted(before: &[Side<'_>], after: &[Side<'_>], gone: &[At]) -> Vec<Weakening> {
    let mut found = Vec::new();
    for (number, side) in before.iter().enumerate() {
        let of = gone.iter().filter(|place| place.0 == number);
        let tests: Vec<&Item> = of.filter_map(|place| at(before, *place)).collect();
        let is_there = after.iter().any(|one| one.path == side.path);
        if let (false, [first, rest @ ..]) = (is_there, tests.as_slice()) {
            let what = match rest.len() {
                0 => format!("the file with {}", first.name),
                more => format!("the file with {} and {more} more", first.name),
            };
            found.push(Weakening::new(Kind::TestDeleted, side.path, None, &what));
        } else {
            found.extend(tests.iter().map(|test| {
                Weakening::new(Kind::TestDeleted, side.path, Some(test.line), &test.name)
            }));
        }
    }
    found
}

/// Where the same test checks less.
fn weaker(path: &str, was: &Item, is: &Item, found: &mut Vec<Weakening>) {
    let mut push = |kind, line, what: &str| {
        found.push(Weakening::new(kind, path, Some(line), what));
    };
    if is.skips.len() > was.skips.len() {
        let known = |text: &str| was.skips.iter().any(|(_, old)| old == text);
        let new = is.skips.iter().find(|(_, text)| !known(text));
        let (line, text) = new.or(is.skips.last()).cloned().unwrap_or_default();
        push(Kind::TestSkipped, line, &text);
    }
    let exact = |item: &Item| {
        let all = item.assertions.iter();
        all.filter(|(strength, ..)| *strength == Strength::Exact)
            .count()
    };
    let (had, has) = (was.assertions.len(), is.assertions.len());
    if has < had {
        let what = format!("{}: {has} assertions instead of {had}", was.name);
        push(Kind::TestLoosened, is.line, &what);
    } else if exact(is) < exact(was) {
        let known = |text: &str| was.assertions.iter().any(|(.., old)| old == text);
        let loose = is
            .assertions
            .iter()
            .find(|(strength, _, text)| *strength == Strength::Loose && !known(text));
        let (line, text) = loose.map_or((is.line, &was.name), |(_, line, text)| (*line, text));
        push(Kind::TestLoosened, line, text);
    }
    if is.swallows.len() > was.swallows.len() {
        let line = is.swallows.last().copied().unwrap_or(is.line);
        push(
            Kind::TestLoosened,
            line,
            "what fails is swallowed or expected to fail",
        );
    }
    for (line, what) in wider(was, is) {
        push(Kind::TestLoosened, line, &what);
    }
}

/// Tolerances and time limits that grew, and retries that are new.
fn wider(was: &Item, is: &Item) -> Vec<(u32, String)> {
    let mut wider = Vec::new();
    let of = |item: &Item, label: &str| -> Vec<(f64, u32)> {
        let all = item.bounds.iter().filter(|bound| bound.label == label);
        all.map(|bound| (bound.value, bound.line)).collect()
    };
    let mut labels: Vec<&str> = is.bounds.iter().map(|bound| bound.label.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    for label in labels {
        let (old, new) = (of(was, label), of(is, label));
        let retries = ["retr", "reruns", "flaky"]
            .iter()
            .any(|one| label.contains(one));
        if old.len() == new.len() {
            for ((from, _), (to, line)) in old.iter().zip(&new) {
                let grew = if is_precision(label) {
                    to < from
                } else {
                    to > from
                };
                if grew {
                    wider.push((*line, format!("{label}: {to} instead of {from}")));
                }
            }
        } else if let (true, true, Some((to, line))) = (retries, old.is_empty(), new.first()) {
            wider.push((*line, format!("{label}: {to}")));
        }
    }
    wider
}

/// What keeps a group of tests or a whole file from running, and what registers them.
fn around(old: Option<&Side<'_>>, side: &Side<'_>, found: &mut Vec<Weakening>) {
    let Some(old) = old else {
        return;
    };
    let has_tests =
        old.items.iter().any(|item| item.is_test) || name_of(side.path) == "conftest.py";
    if has_tests {
        let text = |skips: &[(u32, &str)]| -> String {
            let lines: Vec<&str> = skips.iter().map(|(_, text)| *text).collect();
            lines.join("\n")
        };
        let (before, after) = (outside(old), outside(side));
        for (number, excerpt) in beyond(&text(&after), &text(&before)) {
            let at = usize::try_from(number).unwrap_or(0).saturating_sub(1);
            let line = after.get(at).map(|(line, _)| *line);
            found.push(Weakening::new(Kind::TestSkipped, side.path, line, excerpt));
        }
    }
    if let Some(registers) = side.of.registers {
        let texts = |source: &Source| -> String {
            let all = registers.find_iter(&source.bare);
            let lines: Vec<&str> = all.map(|found| source.text_at(first(&found))).collect();
            lines.join("\n")
        };
        let (before, after) = (texts(old.source), texts(side.source));
        let gone = beyond(&before, &after);
        if gone.len() > beyond(&after, &before).len() {
            for (_, text) in gone {
                found.push(Weakening::new(Kind::TestRenamedAway, side.path, None, text));
            }
        }
    }
}

/// Lines outside of tests that keep tests from running.
fn outside<'a>(side: &Side<'a>) -> Vec<(u32, &'a str)> {
    let mut lines = Vec::new();
    for skip in side.of.skips.find_iter(&side.source.bare) {
        let at = first(&skip);
        let holds = |item: &Item| item.is_test && item.span.contains(&at);
        if !side.items.iter().any(holds) {
            lines.push((side.source.line_at(at), side.source.text_at(at)));
        }
    }
    lines
}

/// A new test that keeps all others from running.
fn focused(path: &str, item: &Item, found: &mut Vec<Weakening>) {
    let focuses = |text: &str| {
        let words = [
            ".only",
            "fit(",
            "fit ",
            "fdescribe",
            "focus",
            "only: true",
            ":focus",
        ];
        words.iter().any(|word| text.contains(word))
    };
    for (line, text) in item.skips.iter().filter(|(_, text)| focuses(text)) {
        found.push(Weakening::new(Kind::TestSkipped, path, Some(*line), text));
    }
}
