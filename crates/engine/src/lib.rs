//! What makes it happen: intake, decisions, effects and their ledger, workers and the gateway that holds them together.

pub mod author_proof;
pub mod cell;
pub mod crash_point;
pub mod fetch;
pub mod gateway;
pub mod hand_in;
pub mod incumbent;
pub mod intake;
pub mod metrics;
pub mod patience;
pub mod reader;
pub mod settings;
pub mod silence;
pub mod site;
pub mod speak;
pub mod tokens;

mod carry;
mod decide_job;
mod deliver;
mod facts;
mod held;
mod past;
mod replay;
mod retain;
mod set_link;
mod stop;
mod sweep;
mod take_in;
mod trouble;
mod upload;
mod work;

pub use author_proof::AuthorProof;
pub use deliver::Outgoing;
pub use fetch::Fetching;
pub use gateway::{Gateway, Mailbox, Parts};
pub use hand_in::{Handed, HandingIn, WayIn};
pub use intake::{MailIntake, MailboxGate};
pub use past::Past;
pub use reader::Reader;
pub use set_link::{LINKS_PATH, Offer};
pub use settings::Settings;
pub use site::{Go, Site, Voice};
pub use tokens::{Authorization, Tokens};
pub use upload::Uploads;
