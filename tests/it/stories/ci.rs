//! CI reports on what an agent made: read, classified, sent back, or told to a person.
//!
//! What CI does is a play of the yard's; each story says whose failure it was.

mod at_once;
mod excused;
mod failing;
pub(crate) mod scene;
mod settling;
mod stuck;
