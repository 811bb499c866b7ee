//! Mail handed to the API of a gateway, and waiting there for what becomes of it.

use super::Arguments;
use crate::command::Failure;
use crate::settings::secret;
use engine::speak::GatewayAt;
use mail::Envelope;
use std::path::Path;
use std::time::{Duration, Instant};

/// The program's own server is asked no more often than this over a network.
const ASK_EVERY: Duration = Duration::from_millis(500);

/// Is this an address of the API, and not of a mail listener?
pub fn is_meant(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

/// Hands the mail in and prints its id; with `--wait`, what became of it.
pub async fn run(arguments: &Arguments, base: &str, envelope: &Envelope, raw: Vec<u8>) -> Result<(), Failure> {
    let Some(reference) = &arguments.token else {
        return Err(Failure::new(
            "an address of the API wants a token: --token file:PATH or env:NAME; `sealpost token create` makes one",
        ));
    };
    let token = secret::read(reference, Path::new(".")).map_err(|unread| {
        let secret::Unread { why, remedy } = unread;
        Failure::new(format!("--token {reference}: {why}; {remedy}"))
    })?;
    let gateway = GatewayAt::new(base, &token, arguments.authorities.clone())?;
    let id = gateway.hand_in(arguments.mailbox.as_deref(), envelope, raw).await?;
    crate::command::print(&format!("201 {id}\n"))?;
    if !arguments.wait {
        return Ok(());
    }
    let begun = Instant::now();
    loop {
        let told = gateway.message(&id).await?;
        let word = |name: &str| told[name].as_str().unwrap_or("-").to_owned();
        if !["ready", "running", "waiting"].contains(&word("state").as_str()) {
            crate::command::print(&format!("{} {} {}\n", word("outcome"), word("issue"), word("state")))?;
            // As with a listener: what was given up has not worked.
            let given_up = || Failure::new(format!("{id} was given up; its story on the gateway says why"));
            return if word("state") == "dead" { Err(given_up()) } else { Ok(()) };
        }
        if begun.elapsed() > Duration::from_secs(arguments.wait_s) {
            return Err(Failure::new(format!("{id} has not come to its end within {} s", arguments.wait_s)));
        }
        tokio::time::sleep(ASK_EVERY).await;
    }
}
