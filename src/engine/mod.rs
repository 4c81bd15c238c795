//! Read, record, perform, sweep.
