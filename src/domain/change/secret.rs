//! Texts that look like secrets (X38, X63). Nothing found is ever given back, only its kind and
//! its line.

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::bytes::{Match, Regex};

use crate::domain::text::pattern::bytes_pattern;

/// What a found text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretKind {
    /// A token of GitHub.
    GitHub,
    /// A private key.
    PrivateKey,
    /// A key of Amazon Web Services.
    Aws,
    /// A token or a webhook of Slack.
    Slack,
    /// A key of Stripe.
    Stripe,
    /// A key of Google.
    Google,
    /// A key of a model provider.
    Model,
    /// A token of a package registry or of another forge.
    Registry,
    /// A signed web token.
    Jwt,
    /// A token of another well-known service.
    Service,
    /// A random text that is assigned to a name such as `password`.
    Assignment,
}

impl SecretKind {
    /// As part of a sentence: `holds what looks like …`.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::GitHub => "a token of GitHub",
            Self::PrivateKey => "a private key",
            Self::Aws => "a key of Amazon Web Services",
            Self::Slack => "a token of Slack",
            Self::Stripe => "a key of Stripe",
            Self::Google => "a key of Google",
            Self::Model => "a key of a model provider",
            Self::Registry => "a token of a package registry or a forge",
            Self::Jwt => "a signed web token",
            Self::Service => "a token of a service",
            Self::Assignment => "a password or key in plain text",
        }
    }
}

/// One place that looks like a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// What it looks like.
    pub kind: SecretKind,
    /// Its line, from 1.
    pub line: usize,
}

/// Places that are reported of one content.
const FOUND: usize = 20;

/// Shapes of well-known secrets. GitHub's are of any length, as installation tokens are (W13).
const SHAPES: &[(SecretKind, &str)] = &[
    (
        SecretKind::GitHub,
        r"gh[pousr]_[A-Za-z0-9_.-]{20,}|github_pat_[A-Za-z0-9_]{22,}",
    ),
    (
        SecretKind::PrivateKey,
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\bAGE-SECRET-KEY-1[A-Z0-9]{20,}|PuTTY-User-Key-File-\d",
    ),
    (
        SecretKind::Aws,
        r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b|(?i:aws_?(?:secret|session)[a-z_]*)['\x22]?\s*[:=]\s*['\x22]?[A-Za-z0-9/+]{40}",
    ),
    (
        SecretKind::Slack,
        r"\bxox[abposr]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows)/T[A-Za-z0-9_/]{20,}",
    ),
    (
        SecretKind::Stripe,
        r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/=]{16,}",
    ),
    (
        SecretKind::Google,
        r"\bAIza[0-9A-Za-z_-]{35}|\bya29\.[0-9A-Za-z_-]{20,}|\bGOCSPX-[0-9A-Za-z_-]{20,}",
    ),
    (
        SecretKind::Model,
        r"sk-ant-[A-Za-z0-9_-]{20,}|\bsk-(?:proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{32,}|\bhf_[A-Za-z0-9]{30,}|\bgsk_[A-Za-z0-9]{40,}|\bxai-[A-Za-z0-9]{40,}",
    ),
    (
        SecretKind::Registry,
        r"glpat-[A-Za-z0-9_-]{20,}|\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[A-Za-z0-9_-]{50,}|\bcio[A-Za-z0-9]{32}\b|\bdckr_pat_[A-Za-z0-9_-]{20,}|\brubygems_[a-f0-9]{40,}",
    ),
    (
        SecretKind::Jwt,
        r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    ),
    (
        SecretKind::Service,
        r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bdop_v1_[a-f0-9]{64}|\bshp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}|\bSK[0-9a-f]{32}\b|\bkey-[0-9a-f]{32}\b|AccountKey=[A-Za-z0-9+/]{60,}|\bhvs\.[A-Za-z0-9_-]{24,}|\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b|\blin_api_[A-Za-z0-9]{30,}",
    ),
];

/// A name such as `password`, and the text that is given to it.
const ASSIGNMENT: &str = r#"(?i:secret|token|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential)[A-Za-z0-9_-]{0,30}['"]?\s*(?::|=|=>|:=)\s*['"`]([A-Za-z0-9+/=_.~-]{20,200})['"`]"#;

static PATTERNS: LazyLock<Vec<(SecretKind, Regex)>> = LazyLock::new(|| {
    SHAPES
        .iter()
        .map(|(kind, shape)| (*kind, bytes_pattern(shape)))
        .collect()
});
static ASSIGNED: LazyLock<Regex> = LazyLock::new(|| bytes_pattern(ASSIGNMENT));

/// Every place in `content` that looks like a secret, at most a few of them, in the order of
/// their lines.
#[must_use]
pub fn scan(content: &[u8]) -> Vec<Found> {
    scan_new(content, &[])
}

/// The same without what `old` held already. Only what is new is counted: else whoever may
/// leave placeholders or old finds in front could hide a real one behind them.
#[must_use]
pub fn scan_new(content: &[u8], old: &[u8]) -> Vec<Found> {
    let known: HashSet<(SecretKind, &[u8])> = hits(old)
        .map(|(kind, hit)| (kind, hit.as_bytes()))
        .collect();
    let mut new: Vec<(usize, SecretKind)> = hits(content)
        .filter(|(kind, hit)| !known.contains(&(*kind, hit.as_bytes())))
        .map(|(kind, hit)| (hit.start(), kind))
        .collect();
    new.sort_unstable();
    let (mut line, mut counted) = (1, 0);
    new.into_iter()
        .take(FOUND)
        .map(|(at, kind)| {
            line += content[counted..at].iter().filter(|b| **b == b'\n').count();
            counted = at;
            Found { kind, line }
        })
        .collect()
}

/// Every text in `content` that looks like a secret.
fn hits(content: &[u8]) -> impl Iterator<Item = (SecretKind, Match<'_>)> {
    let shapes = PATTERNS
        .iter()
        .flat_map(move |(kind, pattern)| pattern.find_iter(content).map(|hit| (*kind, hit)));
    let assigned = ASSIGNED
        .captures_iter(content)
        .filter_map(|found| found.get(1))
        .filter(|hit| is_random(hit.as_bytes()))
        .map(|hit| (SecretKind::Assignment, hit));
    shapes.chain(assigned)
}

/// Bits of entropy a character that words and placeholders do not reach.
const RANDOM_BITS: f64 = 3.7;

/// Whether a text is as random as a key is, and no placeholder.
fn is_random(text: &[u8]) -> bool {
    let lower = text.to_ascii_lowercase();
    let placeholder = [
        "example",
        "placeholder",
        "changeme",
        "your",
        "xxxx",
        "dummy",
        "test-",
        "fake",
    ];
    let holds = |word: &str| lower.windows(word.len()).any(|w| w == word.as_bytes());
    if placeholder.iter().any(|word| holds(word)) {
        return false;
    }
    let has_digit = text.iter().any(u8::is_ascii_digit);
    let hex = text.iter().all(u8::is_ascii_hexdigit);
    has_digit && entropy(text) >= if hex { 3.0 } else { RANDOM_BITS }
}

/// Shannon's entropy of the bytes, in bits a byte.
fn entropy(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        counts[usize::from(*byte)] += 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "at most 200 bytes are counted")]
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}
