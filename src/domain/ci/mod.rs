//! What continuous integration says of a change, and what a change does to it.
//!
//! It performs nothing and reads no time: what is compared is handed in.

pub mod weakened;
