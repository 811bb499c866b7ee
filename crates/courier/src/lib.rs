//! How mail travels.

pub mod smtp_in;
mod wire;

pub use wire::Wire;
