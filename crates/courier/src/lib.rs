//! How mail travels.

pub mod smtp_in;
