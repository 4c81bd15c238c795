//! One binary of tests, so that it links once.

mod change;
mod command;
mod contract;
mod policy;
mod text;
