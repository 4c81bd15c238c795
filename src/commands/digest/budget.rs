//! How several jobs' digests share one budget: each failure is told once, what a short one does
//! not need goes to the others, and what cannot be told is named.

/// Characters of a token, as the digest counts.
const TOKEN: usize = 4;
/// Characters without which a digest says nothing of use; who gets less is only named.
const LEAST: usize = 480;
/// Characters of the names in one list.
const NAMES: usize = 300;
/// Characters of one name in it.
const NAME: usize = 100;

/// A failure to be told.
pub(super) struct Told {
    /// The first job that failed so.
    pub(super) name: String,
    /// Characters of its digest when it has all of the budget.
    pub(super) size: usize,
    /// The other jobs that failed so.
    pub(super) same: Vec<String>,
}

/// Who gets how much.
pub(super) struct Plan {
    /// For each failure the tokens within which it has to be told anew; `None`: it stays as it is.
    pub(super) tokens: Vec<Option<usize>>,
    head: String,
    /// What is written behind each failure that is told.
    tails: Vec<String>,
    rest: String,
}

/// Shares out the budget.
pub(super) fn plan(told: &[Told], failed: usize, read: usize, tokens: usize) -> Plan {
    let budget = tokens * TOKEN;
    let head = match (failed, told.len()) {
        (1, _) => String::new(),
        (_, 1) => format!("{failed} of {read} jobs failed, all in one way.\n\n"),
        (_, ways) => format!("{failed} of {read} jobs failed, in {ways} ways.\n\n"),
    };
    let most = (budget / LEAST).max(1);
    let (shown, named) = told.split_at(told.len().min(most));
    let mut tails: Vec<String> = shown
        .iter()
        .map(|one| list("The same failed in: ", one.same.iter()))
        .collect();
    // An empty line between two.
    for tail in tails.iter_mut().rev().skip(1) {
        tail.push('\n');
    }
    let rest = list(
        "\nAlso failed, and not shown: ",
        named.iter().map(|one| &one.name),
    );
    let around: usize = [&head, &rest]
        .into_iter()
        .chain(&tails)
        .map(|text| text.chars().count())
        .sum();
    let mut left = budget.saturating_sub(around);
    let mut order: Vec<usize> = (0..shown.len()).collect();
    order.sort_by_key(|at| shown[*at].size);
    let mut shares = vec![None; shown.len()];
    for (done, at) in order.iter().enumerate() {
        let share = left / (shown.len() - done);
        let size = shown[*at].size;
        if size > share {
            shares[*at] = Some(share / TOKEN);
        }
        left -= size.min(share);
    }
    Plan {
        tokens: shares,
        head,
        tails,
        rest,
    }
}

impl Plan {
    /// The whole text, of the failures' texts in their order.
    pub(super) fn written(&self, texts: &[&str], tokens: usize) -> String {
        let mut out = self.head.clone();
        for (text, tail) in texts.iter().zip(&self.tails) {
            out.push_str(text);
            out.push_str(tail);
        }
        out.push_str(&self.rest);
        if out.chars().count() <= tokens * TOKEN {
            return out;
        }
        // So small a budget bears no digest beside the lists.
        let plain = [self.head.as_str(), texts.first().copied().unwrap_or("")];
        let first = plain.into_iter().find(|text| !text.is_empty());
        cut(first.unwrap_or(""), tokens)
    }
}

/// As much of a text as a budget bears.
pub(super) fn cut(text: &str, tokens: usize) -> String {
    text.chars().take(tokens * TOKEN).collect()
}

/// Names in one line, as many as there is room for.
fn list<'a>(what: &str, names: impl Iterator<Item = &'a String>) -> String {
    let mut out = String::new();
    let mut hidden = 0;
    for name in names {
        if out.chars().count() > NAMES {
            hidden += 1;
            continue;
        }
        out.push_str(if out.is_empty() { what } else { ", " });
        out.extend(name.chars().take(NAME));
    }
    if hidden > 0 {
        out.push_str(&format!(", and {hidden} more"));
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(sizes: &[usize]) -> Vec<Told> {
        let one = |(at, size): (usize, &usize)| Told {
            name: format!("job {at}"),
            size: *size,
            same: Vec::new(),
        };
        sizes.iter().enumerate().map(one).collect()
    }

    #[test]
    fn what_a_short_one_does_not_need_goes_to_the_others() {
        let plan = plan(&told(&[4000, 300, 4000]), 3, 5, 1000);
        let shares: Vec<usize> = plan.tokens.iter().flatten().copied().collect();
        assert_eq!(shares.len(), 2);
        // A third would be 330.
        assert!(shares.iter().all(|share| *share > 440), "{shares:?}");
        assert_eq!(plan.tokens[1], None);
        assert!(plan.head.starts_with("3 of 5 jobs failed, in 3 ways."));
    }

    #[test]
    fn who_cannot_be_told_is_named() {
        let plan = plan(&told(&[900; 40]), 40, 40, 500);
        assert_eq!(plan.tokens.len(), 4);
        assert!(plan.rest.contains("job 4, job 5") && plan.rest.contains(" more"));
        let texts = vec!["x"; 40];
        assert!(plan.written(&texts, 500).matches('x').count() == 4);
        assert!(plan.written(&texts, 3).chars().count() <= 12);
    }
}
