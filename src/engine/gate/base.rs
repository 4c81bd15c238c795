//! Policy and CODEOWNERS at the base's tip: what a pull request is judged by.

use super::super::EngineError;
use crate::domain::gate::bounded::Text;
use crate::domain::gate::facts::{PolicyFile, PolicyState};
use crate::domain::ids::{Oid, Sha256Hex};
use crate::domain::request::policy::{POLICY_PATH, Policy, parse};
use crate::git::{Mirror, Remote};

/// Where CODEOWNERS may be: GitHub takes the first of them.
const OWNERS_PATHS: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];
/// Bytes of a policy and of CODEOWNERS that are read.
const FILE_BYTES: u64 = 3 * 1024 * 1024;

/// What is read of the base.
pub(super) struct BaseFiles {
    pub(super) policy: PolicyFile,
    pub(super) read: Policy,
    pub(super) owners: Option<Vec<u8>>,
}

/// Policy and CODEOWNERS at the base's tip.
pub(super) async fn base_files(
    mirror: &Mirror,
    remote: &Remote,
    tip: &Oid,
    required: bool,
) -> Result<BaseFiles, EngineError> {
    let policy = file_at(mirror, remote, tip, POLICY_PATH).await?;
    let mut owners = None;
    for path in OWNERS_PATHS {
        owners = file_at(mirror, remote, tip, path).await?;
        if owners.is_some() {
            break;
        }
    }
    let state = |state| PolicyFile {
        state,
        sha256: None,
        mistake: None,
    };
    let Some(bytes) = policy else {
        let absent = match required {
            true => PolicyState::Deleted,
            false => PolicyState::Absent,
        };
        return Ok(BaseFiles {
            policy: state(absent),
            read: Policy::default(),
            owners,
        });
    };
    let sha256 = Some(Sha256Hex::of(&bytes));
    let (policy, read) = match parse(&bytes) {
        Ok(read) => (state(PolicyState::Valid), read),
        Err(error) => {
            let mistake = Some(Text::of(&error.to_string()));
            let file = PolicyFile {
                mistake,
                ..state(PolicyState::Invalid)
            };
            (file, Policy::default())
        }
    };
    Ok(BaseFiles {
        policy: PolicyFile { sha256, ..policy },
        read,
        owners,
    })
}

/// The file at a path; `None` where there is none. One that cannot be read is an error.
async fn file_at(
    mirror: &Mirror,
    remote: &Remote,
    tip: &Oid,
    path: &str,
) -> Result<Option<Vec<u8>>, EngineError> {
    let Some(oid) = mirror.object_at(tip, path).await? else {
        return Ok(None);
    };
    let mut contents = mirror
        .contents(remote, std::slice::from_ref(&oid), FILE_BYTES)
        .await?;
    let read = contents.remove(&oid);
    read.map(Some)
        .ok_or_else(|| EngineError::Defect(format!("{path} of the base cannot be read")))
}
