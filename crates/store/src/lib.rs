//! What Sealpost remembers: units of work over SQLite or PostgreSQL, sealed content, keys.

mod audit;
mod blob;
mod content;
mod database;
mod dialect;
mod fetched;
mod figures;
mod folder;
mod footing;
mod job;
mod ledger;
mod list;
mod message;
mod migrate;
mod plan;
mod profile;
mod room;
pub mod rows;
mod sealed;
mod session;
mod store;
mod story;
mod sweep;
mod vault;
mod wake;
mod writer;

pub use audit::AuditVerdict;
pub use content::{Content, ContentReader, ContentWriter};
pub use folder::Renaming;
pub use job::{LANE_FREED_AFTER_S, SWEEP_EVERY_S};
pub use rows::*;
pub use session::{SESSION_IDLE_S, SESSION_WHOLE_S};
pub use store::{Settings, Store};
pub use sweep::{DONE_JOBS_KEPT_S, ORPHANS_KEPT_S};
pub use vault::master::create_master_key;
