//! `GET /runner/build/{sha256}`: the builds of the runner that repositories' workflow files name.
//!
//! A file in a repository names one build for as long as it is not printed anew, so that old
//! builds are kept beside the newest, which is this very program.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path as Segment, State};
use axum::response::{IntoResponse, Response};
use futures::StreamExt as _;
use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;

use super::Server;
use crate::domain::ids::Sha256Hex;

/// Downloads at a time; whoever comes then is told to come again, and curl does.
const DOWNLOADS_MAX: usize = 32;

/// The folder of builds, one file each, named by its SHA-256.
#[derive(Clone, Debug)]
pub struct Builds {
    folder: PathBuf,
    /// One permit a download: strangers may ask, and may read slowly.
    places: Arc<Semaphore>,
}

impl Builds {
    /// The builds in `folder`, which may not be there yet.
    #[must_use]
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            places: Arc::new(Semaphore::new(DOWNLOADS_MAX)),
        }
    }

    /// Keeps a copy of `program`, unless there is one; its SHA-256.
    ///
    /// # Errors
    /// It cannot be read, or the folder not be written.
    pub fn keep(&self, program: &Path) -> io::Result<Sha256Hex> {
        let sha256 = digest_of(program)?;
        let kept = self.folder.join(sha256.as_str());
        // One that is not what its name says would fail every job.
        if !kept.exists() || digest_of(&kept)? != sha256 {
            std::fs::create_dir_all(&self.folder)?;
            // Renamed into place: nobody is served half a build.
            let new = self.folder.join(format!("{sha256}.new"));
            std::fs::copy(program, &new)?;
            std::fs::File::open(&new)?.sync_all()?;
            std::fs::rename(&new, &kept)?;
        }
        Ok(sha256)
    }
}

/// SHA-256 of a file of any size.
///
/// # Errors
/// It cannot be read.
pub fn digest_of(file: &Path) -> io::Result<Sha256Hex> {
    let mut hash = Sha256::new();
    io::copy(&mut std::fs::File::open(file)?, &mut Hashing(&mut hash))?;
    let text = hex::encode(hash.finalize());
    text.parse().map_err(io::Error::other)
}

struct Hashing<'a>(&'a mut Sha256);

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) async fn build(
    State(server): State<Server>,
    Segment(sha256): Segment<String>,
) -> Response {
    // A name of 64 digits leads nowhere but to a file of the folder.
    let is_digest = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    let file = match is_digest {
        true => tokio::fs::File::open(server.builds.folder.join(&sha256))
            .await
            .ok(),
        false => None,
    };
    let Some(file) = file else {
        let said = "no runner build of that digest; print the workflow file anew with `castellan workflow`";
        return (StatusCode::NOT_FOUND, said).into_response();
    };
    let Ok(place) = server.builds.places.clone().try_acquire_owned() else {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            "many fetch it now; try again",
        )
            .into_response();
    };
    let length = file.metadata().await.map(|found| found.len()).unwrap_or(0);
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    let pieces = ReaderStream::new(file).inspect(move |_| {
        // The place is given back with the stream.
        let _ = &place;
    });
    (headers, Body::from_stream(pieces)).into_response()
}
