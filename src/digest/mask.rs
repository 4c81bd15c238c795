//! Secrets in what is shown: replaced by a word, whatever printed them.
//!
//! The shapes follow the scan of changes in `domain`; here the text is replaced, not only found.

use std::sync::LazyLock;

use regex::Regex;

use super::rules::pattern;

/// Shapes of well-known secrets.
const SHAPES: &[&str] = &[
    r"gh[pousr]_[A-Za-z0-9_.-]{20,}",
    r"github_pat_[A-Za-z0-9_]{22,}",
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[A-Za-z0-9+/=\\n]*",
    r"\bAGE-SECRET-KEY-1[A-Z0-9]{20,}",
    r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    r"\bxox[abposr]-[A-Za-z0-9-]{10,}|\bxapp-\d-[A-Za-z0-9-]{10,}|hooks\.slack\.com/(?:services|workflows)/T[A-Za-z0-9_/]{20,}",
    r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}|\bwhsec_[A-Za-z0-9+/=]{16,}",
    r"\bAIza[0-9A-Za-z_-]{35}|\bya29\.[0-9A-Za-z_-]{20,}|\bGOCSPX-[0-9A-Za-z_-]{20,}",
    r"sk-ant-[A-Za-z0-9_-]{20,}|\bsk-(?:proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{32,}|\bhf_[A-Za-z0-9]{30,}|\bgsk_[A-Za-z0-9]{40,}|\bxai-[A-Za-z0-9]{40,}",
    r"glpat-[A-Za-z0-9_-]{20,}|\bnpm_[A-Za-z0-9]{36}|\bpypi-AgE[A-Za-z0-9_-]{50,}|\bcio[A-Za-z0-9]{32}\b|\bdckr_pat_[A-Za-z0-9_-]{20,}|\brubygems_[a-f0-9]{40,}",
    r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
    r"\bSG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|\bdop_v1_[a-f0-9]{64}|\bshp(?:at|ss|ca|pa)_[a-fA-F0-9]{32}|AccountKey=[A-Za-z0-9+/]{60,}|\bhvs\.[A-Za-z0-9_-]{24,}|\blin_api_[A-Za-z0-9]{30,}",
];

/// A name such as `password`, or a header, and the text that is given to it.
const ASSIGNED: &str = r#"(?i)((?:secret|token|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key|private[_-]?key|credential)[a-z0-9_-]{0,30}['"]?\s*(?:=>|:=|=|:)\s*['"`]?|authorization: (?:basic|bearer|token) )([a-z0-9+/=_.~-]{12,200})"#;
/// A password within an address.
const ADDRESS: &str = r"\b([a-z][a-z0-9+.-]*://[^\s:/@]{0,100}:)([^\s:/@*]{3,200})@";

static SHAPE: LazyLock<Regex> = LazyLock::new(|| pattern(&SHAPES.join("|")));
static ASSIGNMENT: LazyLock<Regex> = LazyLock::new(|| pattern(ASSIGNED));
static IN_ADDRESS: LazyLock<Regex> = LazyLock::new(|| pattern(ADDRESS));

/// What stands in a secret's place.
const MASK: &str = "[masked]";

/// Replaces what looks like a secret, and counts.
pub(super) fn mask(text: &str, count: &mut u32) -> String {
    let text = SHAPE.replace_all(text, |_: &regex::Captures<'_>| {
        *count += 1;
        MASK
    });
    let text = IN_ADDRESS.replace_all(&text, |found: &regex::Captures<'_>| {
        *count += 1;
        format!("{}{MASK}@", &found[1])
    });
    let text = ASSIGNMENT.replace_all(&text, |found: &regex::Captures<'_>| {
        if !is_random(&found[2]) {
            return found[0].to_owned();
        }
        *count += 1;
        format!("{}{MASK}", &found[1])
    });
    text.into_owned()
}

/// Whether a text has the mixture of a key: letters and digits, and no word or path.
fn is_random(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let letters = text.bytes().filter(u8::is_ascii_alphabetic).count();
    let separators = text
        .bytes()
        .filter(|byte| matches!(byte, b'/' | b'.' | b'_' | b'-'))
        .count();
    digits >= 2 && letters >= 4 && separators * 5 <= text.len()
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn secrets_are_masked_and_names_stay() {
        let mut count = 0;
        for (text, shown) in [
            (
                concat!("using gh", "p_abcdefghij0123456789abcd now"),
                "using [masked] now",
            ),
            ("password = hunter2hunter2x9", "password = [masked]"),
            (
                "url https://bob:s3cr3tpw@example.test/x",
                "url https://bob:[masked]@example.test/x",
            ),
            (
                "Authorization: Bearer abcd1234efgh5678",
                "Authorization: Bearer [masked]",
            ),
            ("token: unexpected", "token: unexpected"),
            (
                "error: expected token, found `x`",
                "error: expected token, found `x`",
            ),
        ] {
            assert_eq!(mask(text, &mut count), shown);
        }
        assert_eq!(count, 4);
    }
}
