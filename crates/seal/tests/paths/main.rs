//! Paths and trust: chains made by OpenSSL for each reason, its lists and answers about revocation, and NIST's suite of paths.

mod anchors;
mod capabilities;
mod chains;
mod choosing;
mod hostile;
mod pkits;
mod revocation;
mod world;

#[path = "../shared/folder.rs"]
mod folder;
