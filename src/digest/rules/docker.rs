//! Builds of images, and what a container's end says.

use super::{After, Place, Rule, Seen, Sign};
use crate::digest::found::Class;

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "docker",
        needles: &[
            "failed to solve",
            "did not complete successfully",
            "returned a non-zero code",
            " error: ",
            "canceled",
            ">>> ",
            " > [",
            "buildx",
            "dockerfile:",
        ],
        read: build,
    },
    Rule {
        name: "docker",
        needles: &[
            "manifest unknown",
            "pull access denied",
            "to the docker daemon at",
            "toomanyrequests",
            "no basic auth",
        ],
        read: registry,
    },
];

fn build(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text.trim_start();
    if text.contains("failed to solve") {
        return Some(Sign::new(88).class(Class::DockerBuild).before(1));
    }
    if text.contains("returned a non-zero code") {
        return Some(Sign::new(88).class(Class::DockerBuild).before(6));
    }
    if let Some(rest) = text.strip_prefix('#') {
        let (number, rest) = rest.split_once(' ')?;
        number.parse::<u32>().ok()?;
        return rest
            .starts_with("ERROR")
            .then(|| Sign::new(90).class(Class::DockerBuild).before(5))
            .or_else(|| rest.starts_with("CANCELED").then(|| Sign::new(30).aside()));
    }
    if text.starts_with("> [") && text.ends_with(':') {
        return Some(
            Sign::new(84)
                .class(Class::DockerBuild)
                .after(After::Before(20, |text| text.starts_with("------"))),
        );
    }
    if let Some(place) =
        Place::of(text).filter(|place| place.file.contains("ockerfile") && text.len() < 80)
    {
        return Some(
            Sign::new(80)
                .class(Class::DockerBuild)
                .diagnostic("docker", Some(place), None, "this instruction failed")
                .after(After::Until(14, |text| {
                    text.trim_start().starts_with("-----") && text.len() > 30
                })),
        );
    }
    (text.contains("| >>> ")).then(|| Sign::new(82).class(Class::DockerBuild))
}

fn registry(seen: &Seen<'_>) -> Option<Sign> {
    let text = seen.text;
    let class = if text.contains("denied") || text.contains("no basic auth") {
        Class::PermissionOrSecret
    } else if text.contains("toomanyrequests") {
        Class::NetworkOrFlaky
    } else {
        Class::DockerBuild
    };
    Some(Sign::new(86).class(class))
}

#[cfg(test)]
mod tests {
    use super::super::examples;

    #[test]
    fn what_docker_says_is_known() {
        examples(&[
            (
                "ERROR: failed to solve: process \"/bin/sh -c false\" did not complete successfully: exit code: 1",
                "docker",
                88,
            ),
            (
                "#12 ERROR: process \"/bin/sh -c false\" did not complete successfully: exit code: 1",
                "docker",
                88,
            ),
            ("Dockerfile:3", "docker", 80),
            (
                "The command '/bin/sh -c false' returned a non-zero code: 1",
                "docker",
                88,
            ),
            (
                "pull access denied for x, repository does not exist",
                "docker",
                86,
            ),
        ]);
    }
}
