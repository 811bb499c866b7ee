//! What tests start: real servers in temporary folders, stopped when the test ends, however it ends.

pub mod postgres;
