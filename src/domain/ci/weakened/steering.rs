//! Which files steer continuous integration, and which name, among much else, what tests run.

use super::place::{is_below, name_of};

/// Files of services, anywhere.
const FILES: &[&str] = &[
    ".gitlab-ci.yml",
    ".travis.yml",
    "azure-pipelines.yml",
    "azure-pipelines.yaml",
    "Jenkinsfile",
    "bitbucket-pipelines.yml",
    "appveyor.yml",
    ".appveyor.yml",
    ".drone.yml",
    ".cirrus.yml",
    ".woodpecker.yml",
    "cloudbuild.yaml",
    ".pre-commit-config.yaml",
];
/// Folders of services.
const FOLDERS: &[&str] = &[
    ".circleci",
    ".buildkite",
    ".gitlab",
    ".azure-pipelines",
    ".woodpecker",
];

/// Files that name, among much else, what tests run and where they are looked for.
const NAMING: &[&str] = &[
    "Makefile",
    "makefile",
    "GNUmakefile",
    "justfile",
    "Justfile",
    "Taskfile.yml",
    "Rakefile",
    "CMakeLists.txt",
    "meson.build",
    "tox.ini",
    "noxfile.py",
    "setup.cfg",
    "pytest.ini",
    ".pytest.ini",
    "pyproject.toml",
    "package.json",
    "deno.json",
    "composer.json",
    "phpunit.xml",
    "phpunit.xml.dist",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "build.sbt",
    "Cargo.toml",
    "mix.exs",
    ".rspec",
    ".mocharc.json",
    ".mocharc.yml",
    ".mocharc.js",
    "nextest.toml",
];

/// Whether a path is configuration of continuous integration and nothing else.
pub(super) fn is_ci(path: &str) -> bool {
    let is_yaml = path.ends_with(".yml") || path.ends_with(".yaml");
    let is_github = [".github/workflows/", ".github/actions/"]
        .iter()
        .any(|folder| path.starts_with(folder));
    (is_github && is_yaml) || FILES.contains(&name_of(path)) || is_below(path, FOLDERS)
}

/// Whether a path names what tests run.
pub(super) fn names_tests(path: &str) -> bool {
    let name = name_of(path);
    let is_config = [
        "jest.config.",
        "vitest.config.",
        "vite.config.",
        "playwright.config.",
        "karma.conf",
        "cypress.config.",
    ]
    .iter()
    .any(|begin| name.starts_with(begin));
    NAMING.contains(&name) || is_config || name.ends_with(".csproj") || name.ends_with(".mk")
}
