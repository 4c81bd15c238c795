//! A small GitHub for the demo and the tests.
