//! What the checks of a head come to, whose a failure is, and when corrections lead nowhere.

mod classify;
mod reading;
mod stuck;
