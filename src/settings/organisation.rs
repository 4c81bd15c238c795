//! What an organisation sets for the gate of all its repositories. A policy can only ask for more.
//!
//! Checked here, so that a mistake is heard at the start. Does not know how the gate judges.

use std::io::Read as _;
use std::path::Path;

use super::{Given, SettingsError};
use crate::domain::gate::facts::Organisation;
use crate::domain::request::policy::{self, Approvals, POLICY_BYTES, RiskPolicy};
use crate::domain::risk::Tier;
use crate::domain::text::line;

/// What holds for the gate, and the rules of risk that hold for all repositories.
pub(super) fn read(given: &Given) -> Result<(Organisation, RiskPolicy), SettingsError> {
    let usual = Organisation::default();
    let least = given.least_tier.unwrap_or(usual.tier);
    if least == Tier::Tx {
        // From a file it comes without having been read by `tier`.
        return Err(wrong("least-tier", NO_TIER.to_owned()));
    }
    let organisation = Organisation {
        enrolled: given.gate_without_policy.unwrap_or(usual.enrolled),
        others_pass_broken_policy: given
            .others_pass_broken_policy
            .unwrap_or(usual.others_pass_broken_policy),
        solo_allowed: given.solo_allowed.unwrap_or(usual.solo_allowed),
        approvals: match &given.least_approvals {
            Some(text) => approvals(text)?,
            None => usual.approvals,
        },
        tier: least,
    };
    let floor = match &given.risk_floor {
        Some(path) => floor_file(path)?,
        None => RiskPolicy::default(),
    };
    Ok((organisation, floor))
}

/// Said of what is no tier that changes may have.
const NO_TIER: &str = "write T0, T1, T2 or T3";

/// The lowest tier that a setting may ask for.
///
/// # Errors
/// It is none: the sentence says which there are.
pub fn tier(name: &str) -> Result<Tier, String> {
    let known = Tier::ALL.into_iter().filter(|tier| *tier != Tier::Tx);
    let mut known = known.filter(|tier| tier.to_string() == name);
    known.next().ok_or_else(|| NO_TIER.to_owned())
}

/// The least approvals of tiers, as in `T1=2,T3=3`; what is left out stays usual.
fn approvals(text: &str) -> Result<Approvals, SettingsError> {
    let mut least = Approvals::default();
    let usual = Approvals::default();
    for part in text.split(',').map(str::trim) {
        let shown = line(part, 40);
        let (name, count) = part.split_once('=').ok_or_else(|| {
            wrong(
                "least-approvals",
                format!("`{shown}`: write tier and number, as in T1=2,T3=3"),
            )
        })?;
        let (to, floor) = match name.trim() {
            "T0" => (&mut least.t0, usual.t0),
            "T1" => (&mut least.t1, usual.t1),
            "T2" => (&mut least.t2, usual.t2),
            "T3" => (&mut least.t3, usual.t3),
            _ => {
                let said = format!("`{shown}`: there is no such tier; {NO_TIER}");
                return Err(wrong("least-approvals", said));
            }
        };
        match count.trim().parse::<u8>() {
            Ok(count) if (floor..=Approvals::MOST).contains(&count) => *to = count,
            _ => {
                let most = Approvals::MOST;
                let said = format!("`{shown}`: write a number from {floor} to {most}");
                return Err(wrong("least-approvals", said));
            }
        }
    }
    Ok(least)
}

/// The rules of risk of a file in the form of a policy.
///
/// # Errors
/// It cannot be read, is no policy, says more than `risk`, or would lower a tier; the place is named.
pub fn floor_file(path: &Path) -> Result<RiskPolicy, SettingsError> {
    let shown = path.display();
    let wrong = |said: String| wrong("risk-floor", said);
    let mut bytes = Vec::new();
    let most = POLICY_BYTES as u64 + 1;
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|error| {
            wrong(format!(
                "{shown}: {error}; pass the path of a file that is there"
            ))
        })?;
    let read = policy::parse(&bytes).map_err(|error| {
        let policy::PolicyError {
            line,
            column,
            message,
            remedy,
        } = error;
        wrong(format!("{shown}:{line}:{column}: {message}; {remedy}"))
    })?;
    let risk = read.risk.clone();
    let alone = policy::Policy {
        risk: risk.clone(),
        ..policy::Policy::default()
    };
    if read != alone {
        let said =
            format!("{shown}: keys beside `version` and `risk` have no effect; take them out");
        return Err(wrong(said));
    }
    if risk.rules.0.iter().any(|rule| rule.tier == Tier::T0) {
        let said =
            format!("{shown}: a rule of T0 would make changes less risky; a floor only raises");
        return Err(wrong(said));
    }
    Ok(risk)
}

fn wrong(setting: &'static str, said: String) -> SettingsError {
    SettingsError::Setting { setting, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(given: Given) -> String {
        read(&given).err().unwrap().to_string()
    }

    #[test]
    fn what_an_organisation_sets_is_read_and_each_mistake_has_its_remedy() {
        let usual = read(&Given::default()).unwrap();
        assert_eq!(usual, (Organisation::default(), RiskPolicy::default()));
        let given: Given = toml::from_str(
            "gate-without-policy = false\nothers-pass-broken-policy = true\nsolo-allowed = false\nleast-tier = \"T1\"\nleast-approvals = \"T1=2, T3=3\"\n",
        )
        .unwrap();
        let (set, _) = read(&given).unwrap();
        assert!(!set.enrolled && set.others_pass_broken_policy && !set.solo_allowed);
        assert_eq!(
            (set.tier, set.approvals.t1, set.approvals.t3),
            (Tier::T1, 2, 3)
        );
        for (wrong, said) in [
            ("T1", "`T1`: write tier and number"),
            ("T1=7", "from 1 to 6"),
            ("T3=1", "from 2 to 6"),
            ("T4=1", "no such tier; write T0, T1, T2 or T3"),
        ] {
            let given = Given {
                least_approvals: Some(wrong.to_owned()),
                ..Given::default()
            };
            let error = refused(given);
            assert!(
                error.starts_with("least-approvals: ") && error.contains(said),
                "{error}"
            );
        }
        let given: Given = toml::from_str("least-tier = \"TX\"").unwrap();
        assert_eq!(refused(given), "least-tier: write T0, T1, T2 or T3");
        assert!(tier("TX").is_err() && tier("T2") == Ok(Tier::T2));
    }

    #[test]
    fn a_floor_of_risk_holds_rules_that_raise_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("risk.yml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            floor_file(&path).map_err(|error| error.to_string())
        };
        let good =
            "risk:\n  classes:\n    docs: T1\n  rules:\n    - tier: T3\n      paths: [billing/]\n";
        let known =
            read(good).or_else(|_| read(&good.replace("    docs: T1\n", "    large: T3\n")));
        assert_eq!(known.unwrap().rules.0.len(), 1);
        for (text, said) in [
            ("risk:\n  rules:\n    - tier: T9\n", "risk.yml:3:"),
            (
                "risk:\n  rules:\n    - {tier: T0, paths: [docs/]}\n",
                "only raises",
            ),
            ("protected: [a]\n", "have no effect"),
        ] {
            let error = read(text).unwrap_err();
            assert!(
                error.starts_with("risk-floor: ") && error.contains(said),
                "{error}"
            );
        }
        let gone = floor_file(&folder.path().join("none.yml"));
        assert!(gone.unwrap_err().to_string().contains("none.yml"));
    }
}
