//! Which class a path is of, by its names alone, for the common ecosystems. Names are compared as
//! systems that ignore case compare them, so that no other spelling passes.

mod lists;

use lists::{
    API, API_ENDS, AUTH, CI, CI_FOLDERS, DEPENDENCIES, DEPENDENCY_ENDS, DOC_ENDS, DOC_FOLDERS,
    INFRASTRUCTURE, INFRASTRUCTURE_ENDS, INFRASTRUCTURE_FOLDERS, LOCKS, MEDIA_ENDS, MIGRATIONS,
    SECRET_ENDS, SECRETS, TEST_FOLDERS,
};

use super::class::Class;
use crate::domain::change::{Place, folded_path, place_of};

/// The classes that a path is of, by its names.
pub(super) fn classes(path: &str) -> Vec<Class> {
    let plain = folded_path(path);
    let name = plain.rsplit('/').next().unwrap_or(&plain);
    let folders: Vec<&str> = plain.split('/').rev().skip(1).collect();
    let below = |known: &[&str]| folders.iter().any(|folder| known.contains(folder));
    let ends = |known: &[&str]| known.iter().any(|end| name.ends_with(end));
    let mut classes: Vec<Class> = placed(path).into_iter().collect();
    let mut when = |holds: bool, class: Class| {
        if holds {
            classes.push(class);
        }
    };
    let requirements =
        name.starts_with("requirements") && (name.ends_with(".txt") || name.ends_with(".in"));
    when(
        DEPENDENCIES.contains(&name) || ends(DEPENDENCY_ENDS) || requirements,
        Class::Dependencies,
    );
    when(LOCKS.contains(&name), Class::LockFiles);
    when(CI.contains(&name) || below(CI_FOLDERS), Class::Ci);
    when(
        below(MIGRATIONS) || name.ends_with(".sql"),
        Class::Migrations,
    );
    when(decides_who(&plain), Class::Authentication);
    let infrastructure = INFRASTRUCTURE.contains(&name) || name.starts_with("dockerfile.");
    when(
        infrastructure || ends(INFRASTRUCTURE_ENDS) || below(INFRASTRUCTURE_FOLDERS),
        Class::Infrastructure,
    );
    let environment = name == ".env" || name.starts_with(".env.");
    when(
        environment || ends(SECRET_ENDS) || SECRETS.contains(&name),
        Class::Secrets,
    );
    let described = API.iter().any(|start| name.starts_with(start));
    let header = below(&["include"]) && [".h", ".hpp", ".hh"].iter().any(|end| name.ends_with(end));
    when(ends(API_ENDS) || described || header, Class::PublicApi);
    classes
}

/// Whether a path is read by people only.
pub(super) fn is_doc(path: &str) -> bool {
    let plain = folded_path(path);
    let name = plain.rsplit('/').next().unwrap_or(&plain);
    let below = plain
        .split('/')
        .rev()
        .skip(1)
        .any(|folder| DOC_FOLDERS.contains(&folder));
    let license = ["license", "copying", "authors", "notice", "changelog"].contains(&name);
    DOC_ENDS.iter().any(|end| name.ends_with(end)) || license || (below && name.ends_with(".txt"))
}

/// Whether a path is one of tests, or of what tests read.
pub(super) fn is_test(path: &str) -> bool {
    let plain = folded_path(path);
    let name = plain.rsplit('/').next().unwrap_or(&plain);
    let below = plain
        .split('/')
        .rev()
        .skip(1)
        .any(|folder| TEST_FOLDERS.contains(&folder));
    let stem = name.split('.').next().unwrap_or(name);
    let named = stem.starts_with("test_") || stem.ends_with("_test") || stem.ends_with("_spec");
    let dotted = name.contains(".test.") || name.contains(".spec.");
    let java = [".java", ".kt", ".cs", ".scala"]
        .iter()
        .any(|end| name.ends_with(end))
        && (stem.ends_with("test") || stem.ends_with("tests"));
    below || named || dotted || java
}

/// Whether a path holds images, fonts or sounds.
pub(super) fn is_media(path: &str) -> bool {
    let plain = folded_path(path);
    MEDIA_ENDS.iter().any(|end| plain.ends_with(end))
}

fn placed(path: &str) -> Option<Class> {
    place_of(path).map(|place| match place {
        Place::Workflow | Place::Action => Class::Ci,
        Place::CodeOwners | Place::Policy => Class::Policy,
        Place::AgentInstructions => Class::AgentInstructions,
        Place::GitFile | Place::Editor | Place::PackageManager | Place::Hooks | Place::GitHub => {
            Class::Tooling
        }
    })
}

/// By whole words of folders and names, so that `author` is none.
fn decides_who(plain: &str) -> bool {
    let mut words = plain.split(|c: char| !c.is_ascii_alphanumeric());
    words.any(|word| AUTH.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_the_common_ecosystems_are_of_their_class() {
        for (path, class) in [
            ("Cargo.toml", Class::Dependencies),
            ("web/package.json", Class::Dependencies),
            ("requirements-dev.txt", Class::Dependencies),
            ("a/b.csproj", Class::Dependencies),
            ("Cargo.lock", Class::LockFiles),
            ("CARGO.LOCK", Class::LockFiles),
            (".github/workflows/ci.yml", Class::Ci),
            (".GitHub/Workflows/ci.yml", Class::Ci),
            ("action.yml", Class::Ci),
            (".circleci/config.yml", Class::Ci),
            (".github/castellan.yml", Class::Policy),
            ("docs/CODEOWNERS", Class::Policy),
            ("AGENTS.md", Class::AgentInstructions),
            ("x/.claude/settings.json", Class::AgentInstructions),
            ("db/migrate/001.rb", Class::Migrations),
            ("src/auth/login.rs", Class::Authentication),
            ("src/oauth-client.ts", Class::Authentication),
            ("infra/main.tf", Class::Infrastructure),
            ("Dockerfile", Class::Infrastructure),
            ("config/.env.production", Class::Secrets),
            ("tls/server.pem", Class::Secrets),
            ("api/user.proto", Class::PublicApi),
            ("include/x.h", Class::PublicApi),
            (".gitattributes", Class::Tooling),
            (".husky/pre-commit", Class::Tooling),
        ] {
            assert!(
                classes(path).contains(&class),
                "{path}: {:?}",
                classes(path)
            );
        }
        for path in [
            "src/lib.rs",
            "README.md",
            "src/author.rs",
            "src/tokenizer.rs",
            "lib/cargo.rs",
        ] {
            assert!(classes(path).is_empty(), "{path}: {:?}", classes(path));
        }
    }

    #[test]
    fn documentation_and_tests_are_told_from_code() {
        for path in ["README.md", "docs/a/b.rst", "docs/notes.txt", "LICENSE"] {
            assert!(is_doc(path), "{path}");
        }
        for path in [
            "requirements.txt",
            "docs/conf.py",
            "docs/page.mdx",
            "src/license.rs",
        ] {
            assert!(!is_doc(path), "{path}");
        }
        for path in [
            "tests/it/a.rs",
            "src/a_test.go",
            "a/x.spec.ts",
            "test_a.py",
            "src/UserTest.java",
        ] {
            assert!(is_test(path), "{path}");
        }
        for path in [
            "src/latest.rs",
            "src/contest.py",
            "attest.go",
            "src/testing.rs",
        ] {
            assert!(!is_test(path), "{path}");
        }
    }
}
