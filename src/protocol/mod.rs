//! The messages between server and runner: JSON over HTTP, one struct a message.
//!
//! A runner is one GitHub Actions job (or a process on this machine that stands for one).
//! It trades its single-use ticket for a lease ([`enter`]), asks what to do ([`brief`]),
//! says how it goes ([`progress`]), and returns one result ([`result`]). What it says is
//! foreign text: the server trusts none of it further than a lease and its fence reach.

pub mod brief;
pub mod enter;
pub mod failure;
pub mod progress;
pub mod refused_for;
pub mod result;

/// Version of these messages; a runner names it when it enters.
///
/// A workflow file names one build of the runner until it is printed anew, so a server speaks with
/// old builds, too: every version from [`OLDEST`] to this one. A version stays in that span for at
/// least 180 days after a server with a newer one was first released, and a server keeps every
/// build that it has served (`runners` in its data folder). A runner of another version is refused
/// with the remedy.
pub const VERSION: u32 = 1;
/// The oldest version that this server speaks. It is raised 180 days after the next one at the
/// earliest, with an entry in the changelog.
pub const OLDEST: u32 = 1;

/// A run's job `enter` signs in: `POST` with [`enter::IdToken`] to this path and
/// `/<task>/<attempt>/<nonce>` → the ticket as text.
pub const ENTER_PATH: &str = "/runner/enter";
/// A build of the runner, by its SHA-256: `GET` this path and `/<sha256>` → the program.
pub const BUILD_PATH: &str = "/runner/build";
/// Trades a ticket for a lease: `POST`, [`enter::Exchange`] → [`enter::Lease`].
pub const EXCHANGE_PATH: &str = "/runner/exchange";
/// What to do: `GET` → [`brief::Brief`].
pub const BRIEF_PATH: &str = "/runner/brief";
/// The model, through the gateway: this path, `/<wire>` (see [`crate::domain::model::Wire`]) and the
/// provider's own path, with the lease as `Authorization: Bearer …` → the provider's own answer, streamed.
pub const MODEL_PATH: &str = "/model";
/// On each refusal of the gateway's own: [`refused_for::RefusedFor`].
pub const MODEL_REFUSAL_HEADER: &str = "castellan-model-refusal";
/// What an agent left of its session: `POST` a gzipped tar archive with its SHA-256 in
/// [`result::CONTENT_SHA256_HEADER`] to keep it for the task's next attempt; `GET` the one that the brief names.
pub const SESSION_PATH: &str = "/runner/session";
/// What CI said of the head that this attempt corrects: `GET` with [`failure::AskedOfCi`] as its query →
/// [`failure::SaidByCi`]. An older server answers 404: it has no such attempts.
pub const CI_FAILURE_PATH: &str = "/runner/ci-failure";
/// How it goes, and proof of life: `POST`, [`progress::Progress`] → [`progress::Directive`].
pub const PROGRESS_PATH: &str = "/runner/progress";
/// The one result: `POST`, [`result::Returned`] → [`result::Receipt`].
pub const RESULT_PATH: &str = "/runner/result";

/// Largest body of a result, in bytes, as the server accepts and the runner sends it.
pub const RESULT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Largest archive of a session, in bytes; a larger one is not kept.
pub const SESSION_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Largest body of any other message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// Why a call was refused, as the body of each answer that is not 2xx.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Refused {
    /// One sentence for the log and for people, with the remedy where there is one.
    pub error: String,
}
