//! How mail travels.

pub mod certificate;
mod dial;
pub mod directory;
pub mod dkim;
pub mod dns_auth;
pub mod dns_keys;
pub mod fetch;
pub mod oauth;
mod secret;
pub mod smtp_in;
pub mod submit;
mod unstuff;
mod wire;

pub use secret::Secret;
pub use wire::Wire;
