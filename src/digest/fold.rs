//! Folds causes that say the same, and lets the weaker ones go when there are too many.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::fingerprint::exact;
use super::kept::NONE;
use super::scan::{Scan, TAIL};

/// First lines of causes that are remembered to fold repeats.
const REMEMBERED: usize = 50_000;

/// Causes whose text is masked to be compared; beyond, only the very same text is folded, for
/// masking is what costs most in a log of nothing but errors.
const MASKED: u32 = 20_000;

impl Scan<'_> {
    /// Ends the open cause, and folds it into an earlier one that said the same.
    pub(super) fn close(&mut self) {
        let Some(open) = self.open.take() else { return };
        // What announces only another cause is none of its own.
        if let Some(cause) = self.causes.get_mut(&open.cause).filter(|cause| cause.lead) {
            cause.aside = true;
        }
        let mut hash = DefaultHasher::new();
        open.rule.hash(&mut hash);
        let said = open
            .lines
            .iter()
            .filter_map(|number| self.kept.get(number))
            .filter(|kept| !kept.text.trim().is_empty());
        for kept in said.take(4) {
            if self.next < MASKED {
                exact(&kept.text).hash(&mut hash);
            } else {
                kept.text.hash(&mut hash);
            }
        }
        let key = hash.finish();
        let earlier = self
            .seen
            .get(&key)
            .copied()
            .filter(|earlier| self.causes.contains_key(earlier));
        let Some(earlier) = earlier else {
            if self.seen.len() < REMEMBERED {
                self.seen.insert(key, open.cause);
            }
            return;
        };
        let step = self.causes.remove(&open.cause).map(|cause| cause.step);
        if let Some(cause) = self.causes.get_mut(&earlier) {
            cause.times += 1;
            cause.step = step.unwrap_or(cause.step);
        }
        for number in open.lines {
            self.drop_line(number, open.cause);
        }
    }

    fn drop_line(&mut self, number: u64, cause: u32) {
        if self
            .kept
            .get(&number)
            .is_some_and(|kept| kept.cause == cause)
            && let Some(kept) = self.kept.remove(&number)
        {
            self.size -= kept.text.len() + 80;
        }
    }

    /// Lets the weaker half of the causes go; of equals those in the middle of the log.
    pub(super) fn forget(&mut self) {
        self.close();
        let mut order: Vec<(u8, u64, u32)> = self
            .causes
            .iter()
            .map(|(id, cause)| (cause.weight, cause.line.abs_diff(self.lines / 2), *id))
            .collect();
        order.sort_unstable();
        for (_, _, id) in &order[..order.len() / 2] {
            self.causes.remove(id);
        }
        let (causes, size) = (&self.causes, &mut self.size);
        let recent = self.lines.saturating_sub(TAIL as u64);
        self.kept.retain(|number, kept| {
            let stays = if kept.cause == NONE {
                *number >= recent
            } else {
                causes.contains_key(&kept.cause)
            };
            if !stays {
                *size -= kept.text.len() + 80;
            }
            stays
        });
    }
}
