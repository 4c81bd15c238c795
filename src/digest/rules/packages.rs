//! Dependencies that cannot be had: pip, npm, apt, conda, cargo, Maven, and audits.

use super::{After, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[Rule {
    name: "packages",
    needles: &[
        "no matching distribution",
        "could not find a version",
        "resolutionimpossible",
        "could not install packages",
        "failed building wheel",
        "subprocess-exited-with-error",
        "packagesnotfounderror",
        "unsatisfiableerror",
        "e: unable to locate",
        "e: failed to fetch",
        "e: package ",
        "e: unmet",
        "has no installation candidate",
        "could not find artifact",
        "could not transfer artifact",
        "could not resolve dependencies",
        "failed to select a version",
        "failed to get ",
        "failed to load source for dependency",
        "no matching package",
        "code eresolve",
        "etarget",
        "could not resolve all",
        "peer dep",
        "vulnerabilities found",
        "lockfile",
        "requires python",
        "hash mismatch",
        "checksum",
        "unmet dependencies",
        "no match found",
        "version solving failed",
        "does not match the lock",
    ],
    read: packages,
}];

fn packages(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    let lower = text.to_ascii_lowercase();
    if lower.starts_with("warn")
        || lower.contains(" warn ")
        || lower.starts_with("w: ")
        || lower.starts_with("0 vulnerabilities")
        || lower.contains("found 0 vulnerabilities")
    {
        return None;
    }
    if lower.contains("vulnerabilities found") {
        return Some(Sign::new(84).class(Class::DependencyInstall).before(12));
    }
    let weak = [
        "peer dep",
        "lockfile",
        "checksum",
        "requires python",
        "failed to get ",
        "hash mismatch",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let strong =
        text.starts_with("ERROR") || text.starts_with("E: ") || text.starts_with("error") || !weak;
    let weight = if strong { 87 } else { 50 };
    Some(
        Sign::new(weight)
            .class(Class::DependencyInstall)
            .after(After::Lines(
                if lower.contains("packagesnotfound") || lower.contains("subprocess-exited") {
                    12
                } else {
                    3
                },
            )),
    )
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn dependencies_that_cannot_be_had_are_known() {
        examples(&[
            (
                "ERROR: No matching distribution found for x==9",
                "packages",
                87,
            ),
            ("E: Unable to locate package x", "packages", 87),
            (
                "PackagesNotFoundError: The following packages are not available from current channels:",
                "packages",
                87,
            ),
            (
                "Could not find artifact a:b:jar:1 in central",
                "packages",
                87,
            ),
            ("1 vulnerabilities found", "packages", 84),
        ]);
    }
}
