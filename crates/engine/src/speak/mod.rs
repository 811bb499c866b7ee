//! The one HTTP client: it carries a tracker's requests to one site and brings whole responses back.
//!
//! It repeats nothing and follows nothing. What it adds is certainty: whether a request that failed can have had an effect,
//! that it went to an address it may go to, and that a site that asked for quiet gets it.

mod address;
mod burst;
mod channel;
mod connection;
mod hand_over;
mod mail_service;
mod parking;
mod reading;
mod speaker;
mod token_server;
mod troubles;
mod upload;
mod voice;

pub use address::{Reach, Refusal, is_public};
pub(crate) use channel::post_to_channel;
pub use connection::SiteConnection;
pub use hand_over::GatewayAt;
pub(crate) use mail_service::{Answer, Coming, MailService};
pub(crate) use reading::{Bounds, OpenReader, Unread};
pub use speaker::Speaker;
pub use token_server::{Route, TokenAnswer, ask_token_server, read_openly, read_with_token};
