//! `sealpost serve`: runs the gateway until it is told to stop.

use super::Failure;
use crate::{settings, wire};
use std::io::IsTerminal;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// How long the sign-in link in the log can be used.
pub const SIGN_IN_S: u32 = 15 * 60;

/// Starts what the roles name (all of them when none is named) and serves.
pub async fn run(config: &Path, roles: &[wire::Role]) -> Result<(), Failure> {
    let settings = settings::load(config)?;
    wire::logs(&settings.log);
    let roles = if roles.is_empty() { wire::Role::ALL } else { roles };
    let mut gateway = wire::Gateway::start(settings, roles).await?;
    if roles.contains(&wire::Role::Console) {
        // To a terminal and never to a log, which a service manager makes of standard output: whoever reads the log must
        // not be able to sign in. `sealpost sign-in` gives a link at any time.
        if std::io::stdout().is_terminal() {
            super::print(&format!("console: {}\n", gateway.sign_in_link(SIGN_IN_S).await?))?;
        }
    }
    let stop = CancellationToken::new();
    gateway.serve(&stop);
    gateway.run(stop).await
}
