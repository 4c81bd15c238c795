//! How far an open cause reaches: which of the lines that follow still belong to it.

use super::rules::{After, Sign};

/// What a cause still takes.
pub(super) struct Open {
    pub(super) cause: u32,
    pub(super) weight: u8,
    pub(super) rule: &'static str,
    pub(super) reach: Reach,
    /// What a weaker sign within it takes beyond.
    pub(super) inner: Option<Reach>,
    pub(super) lines: Vec<u64>,
    pub(super) taken: f32,
}

pub(super) struct Reach {
    after: After,
    left: u16,
}

impl Reach {
    pub(super) fn new(after: After) -> Self {
        let left = match after {
            After::Lines(most)
            | After::Blank(most)
            | After::While(most, _)
            | After::Until(most, _)
            | After::Before(most, _) => most,
        };
        Self { after, left }
    }

    /// Whether the next line still belongs to it.
    pub(super) fn takes(&mut self, text: &str) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let takes = match self.after {
            After::Lines(_) => true,
            After::Blank(_) => !text.is_empty(),
            After::While(_, so) => so(text),
            After::Before(_, so) => !so(text),
            After::Until(_, so) => {
                if so(text) {
                    self.left = 0;
                }
                true
            }
        };
        if !takes {
            self.left = 0;
        }
        takes
    }
}

/// Whether a sign within an open cause belongs to it rather than begins another.
pub(super) fn absorbs(open: &Open, sign: &Sign) -> bool {
    let more_of_it = sign.rule == open.rule && sign.weight == open.weight && sign.weight < 80;
    sign.weight < open.weight || sign.aside || more_of_it
}
