//! The one HTTP client: it carries a tracker's requests to one site and brings whole responses back.
//!
//! It repeats nothing and follows nothing. What it adds is certainty: whether a request that failed can have had an effect,
//! that it went to an address it may go to, and that a site that asked for quiet gets it.

mod address;
mod burst;
mod connection;
mod hand_over;
mod parking;
mod speaker;
mod token_server;
mod troubles;
mod upload;
mod voice;

pub use address::{Reach, Refusal, is_public};
pub use connection::SiteConnection;
pub use hand_over::GatewayAt;
pub use speaker::Speaker;
pub use token_server::{Route, TokenAnswer, ask_token_server, read_openly, read_with_token};
