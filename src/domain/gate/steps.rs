//! What a person can do next, where the verdict itself names nothing more exact.

use super::verdict::{Conclusion, Decision, Verdict};

/// What a person can do next, with the command to type; nothing where the gate is open.
pub(super) fn steps(verdict: &Verdict) -> Vec<String> {
    if !verdict.next.is_empty() || verdict.conclusion.is_open() {
        return verdict.next.clone();
    }
    let usual = usual(verdict.decision, verdict.conclusion);
    usual.into_iter().map(str::to_owned).collect()
}

const fn usual(decision: Decision, conclusion: Conclusion) -> Option<&'static str> {
    use Decision as D;
    Some(match decision {
        D::V1 => "Nothing: it is judged again as soon as it can be read.",
        D::V13 => {
            "Look at what is named above. Let the agent mend it with `/agent fix` and what to do; or whoever the policy names says `/agent override <reason>`, for this head alone."
        }
        D::V14 => "Nothing: it is judged again when that ends. `/agent stop` ends it now.",
        D::V16 => "Nothing: the agent goes on by itself. `/agent handoff` takes it over.",
        D::V17 => {
            "Take it over with `/agent handoff` and push to the branch; or whoever the policy names says `/agent override <reason>`, for this head alone."
        }
        D::V18 => "Let the check run, or name it in `allow_skipped` of the policy on the base.",
        D::V19 => match conclusion {
            Conclusion::ActionRequired => {
                "Somebody with write access lets CI run, on the pull request's page."
            }
            Conclusion::Success
            | Conclusion::InProgress
            | Conclusion::Cancelled
            | Conclusion::TimedOut
            | Conclusion::Failure => "Nothing: it is judged again when CI has ended.",
        },
        D::V20 => "Run the check again that is named above; its end is heard.",
        D::V23 => "Nothing: the agent takes the base in by itself.",
        D::V24 => "Whoever is named above approves this head.",
        D::V25 => "Resolve the threads on the pull request's page.",
        D::V2
        | D::V3
        | D::V4
        | D::V5
        | D::V6
        | D::V7
        | D::V8
        | D::V9
        | D::V10
        | D::V11
        | D::V12
        | D::V15
        | D::V21
        | D::V22
        | D::V26
        | D::M1
        | D::M2
        | D::M3
        | D::M4
        | D::M5
        | D::M6
        | D::M7
        | D::M8
        | D::M9
        | D::M10 => return None,
    })
}
