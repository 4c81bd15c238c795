//! Which of the kept lines are shown, within a budget of characters.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::scan::Scan;

/// Characters that a jump to another place costs in the digest, about.
const JUMP: usize = 14;
/// Lines between two shown ones that are shown too, where they are kept.
const GAP: u64 = 2;
/// Characters of a line that are shown at most.
pub(super) const WIDTH: usize = 240;

/// The numbers of the lines to show, the most telling first until the budget is spent.
pub(super) fn select(scan: &Scan<'_>, values: &BTreeMap<u64, f32>, budget: usize) -> BTreeSet<u64> {
    let mut order: Vec<(u64, f32)> = values
        .iter()
        .map(|(number, value)| (*number, *value))
        .filter(|(_, value)| *value >= 4.0)
        .collect();
    order.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    let mut shown = BTreeSet::new();
    let mut texts: HashSet<&str> = HashSet::new();
    let mut spent = 0;
    for (number, _) in order {
        let Some(kept) = scan.kept.get(&number) else {
            continue;
        };
        let text = kept.text.trim();
        if text.is_empty() || (text.len() > 12 && texts.contains(text)) {
            continue;
        }
        let beside = shown
            .range(number.saturating_sub(GAP)..=number + GAP)
            .next()
            .is_some();
        let cost = cost(&kept.text) + if beside { 0 } else { JUMP };
        if spent + cost > budget {
            if budget.saturating_sub(spent) < 60 {
                break;
            }
            continue;
        }
        spent += cost;
        texts.insert(text);
        shown.insert(number);
    }
    fill(scan, &mut shown, budget.saturating_sub(spent));
    shown
}

/// Characters that a line costs.
pub(super) fn cost(text: &str) -> usize {
    text.chars().count().min(WIDTH + 8) + 1
}

/// Fills small gaps, which cost no more than the word that they are left out.
fn fill(scan: &Scan<'_>, shown: &mut BTreeSet<u64>, mut left: usize) {
    let numbers: Vec<u64> = shown.iter().copied().collect();
    for pair in numbers.windows(2) {
        let between = pair[0] + 1..pair[1];
        if between.end - between.start > GAP || between.is_empty() {
            continue;
        }
        let lines: Vec<u64> = between
            .filter(|number| scan.kept.contains_key(number))
            .collect();
        let cost: usize = lines
            .iter()
            .filter_map(|number| scan.kept.get(number))
            .map(|kept| cost(&kept.text))
            .sum();
        if lines.len() as u64 == pair[1] - pair[0] - 1 && cost <= left {
            left -= cost;
            shown.extend(lines);
        }
    }
}
