//! The relay as its clients and its next hop see it: over real connections, with sealers that mark, fail, hold and hang.

#![allow(clippy::unwrap_used)]

mod relay {
    pub mod again;
    pub mod client;
    pub mod dots;
    pub mod safety;
    pub mod sealers;
    pub mod sink;
    pub mod slow;
    pub mod world;
}
