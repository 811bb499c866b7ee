//! `sealpost desk`: the built-in tracker alone, with projects of one's own, to try settings and profiles against.

use super::Failure;
use super::demo::{ACCOUNT, Home, Tenant, opened_desk};
use std::net::SocketAddr;
use std::path::Path;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Starts a desk that has these projects, says how a gateway reaches it, and serves until it is told to stop.
///
/// It listens on loopback alone: its pages have no sign-in.
pub async fn run(data: &Path, projects: &[String], port: u16, data_center: bool) -> Result<(), Failure> {
    let home = Home::claim(data, Tenant::Desk)?;
    let socket = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
        Failure::new(format!("the desk cannot listen at port {port}: {error}; name another one with --port"))
    })?;
    let address = socket.local_addr().map_err(|error| Failure::new(format!("the desk has no address: {error}")))?;
    let desk = opened_desk(&home, data_center).await?;
    desk.add_agent().await.map_err(|error| Failure::new(format!("the desk cannot be filled: {error}")))?;
    for key in projects {
        let made = desk.add_project(key, key).await;
        made.map_err(|error| Failure::new(format!("--project {key:?}: {error}")))?;
    }
    super::print(&served(address, projects, &home.file(super::demo::DESK_TOKEN), data_center))?;
    let cannot = |error: std::io::Error| Failure::new(format!("cannot listen to signals: {error}"));
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let stopped = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    desk.serve(socket, stopped).await.map_err(|error| Failure::new(format!("the desk ended: {error}")))
}

fn served(address: SocketAddr, projects: &[String], token: &Path, data_center: bool) -> String {
    // Data Center takes the token alone, as a bearer token.
    let (plays, who) = match data_center {
        true => ("as Jira Data Center ", "dialect = \"jira_data_center\"\n".to_owned()),
        false => ("", format!("account = \"{ACCOUNT}\"\n")),
    };
    format!(
        "The desk serves {plays}at http://{address}/ with {}. For the settings of a gateway:\n\n\
         [[site]]\nname = \"desk\"\napi_base = \"http://{address}\"\nbrowse_base = \"http://{address}\"\n{who}\
         token = \"file:{}\"\nallow_private = true\n\nStop with Ctrl-C.\n",
        projects.join(", "),
        token.display()
    )
}
