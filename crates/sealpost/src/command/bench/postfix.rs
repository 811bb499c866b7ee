//! Postfix as the peer: an instance of its own in a temporary folder that takes mail durably and delivers nothing.

use super::Load;
use super::child::Measured;
use super::intake::free_port;
use super::load::{self, Sent};
use crate::command::Failure;
use courier::submit::Target;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What Postfix did with the same load from the same sender.
pub struct Peer {
    pub sent: Sent,
    pub cpu: Duration,
}

/// Measures Postfix; `None` where it is not installed, or where it cannot be started as this user.
pub async fn measure(folder: &Path, load: &Load) -> Result<Option<Peer>, Failure> {
    if !Path::new("/usr/sbin/postfix").exists() || !is_root() {
        return Ok(None);
    }
    let port = free_port()?;
    let config = write_instance(folder, port)?;
    let mut master = Command::new("/usr/sbin/postfix");
    let mut running =
        Measured::start(master.arg("-c").arg(&config).arg("start-fg").stdout(Stdio::null()).stderr(Stdio::null()))?;
    running.listens(&format!("127.0.0.1:{port}")).await?;
    let before = running.used();
    let sent = load::send(&Target::smtp("127.0.0.1", port), load).await?;
    let after = running.used();
    Ok(Some(Peer { sent, cpu: after.cpu.saturating_sub(before.cpu) }))
}

pub fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

/// Configuration, queue and data folders. Delivery is deferred, so that only accepting and queueing are measured.
fn write_instance(folder: &Path, port: u16) -> Result<PathBuf, Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot prepare Postfix: {error}"));
    let (config, queue, data) = (folder.join("postfix"), folder.join("postfix-queue"), folder.join("postfix-data"));
    for each in [&config, &queue, &data] {
        std::fs::create_dir_all(each).map_err(failed)?;
    }
    let main = format!(
        "compatibility_level = 3.6\nqueue_directory = {}\ndata_directory = {}\nmyhostname = desk.example\nmydestination =\n\
         inet_interfaces = loopback-only\ninet_protocols = ipv4\nmynetworks = 127.0.0.0/8\nsmtpd_relay_restrictions = permit_mynetworks, reject\n\
         defer_transports = smtp\nmaillog_file =\nsmtpd_client_connection_count_limit = 0\nsmtpd_peername_lookup = no\n\
         alias_maps =\nalias_database =\nlocal_recipient_maps =\n",
        queue.display(),
        data.display()
    );
    let master = format!(
        "127.0.0.1:{port} inet n - n - 100 smtpd\ncleanup unix n - n - 0 cleanup\nqmgr unix n - n 300 1 qmgr\nrewrite unix - - n - - trivial-rewrite\n\
         bounce unix - - n - 0 bounce\ndefer unix - - n - 0 bounce\ntrace unix - - n - 0 bounce\nsmtp unix - - n - - smtp\nerror unix - - n - - error\n\
         retry unix - - n - - error\nanvil unix - - n - 1 anvil\npickup unix n - n 60 1 pickup\nscache unix - - n - 1 scache\nlocal unix - n n - - local\n\
         proxymap unix - - n - - proxymap\ntlsmgr unix - - n 1000? 1 tlsmgr\nflush unix n - n 1000? 0 flush\nshowq unix n - n - - showq\npostlog unix-dgram n - n - 1 postlogd\n"
    );
    std::fs::write(config.join("main.cf"), main).map_err(failed)?;
    std::fs::write(config.join("master.cf"), master).map_err(failed)?;
    let owned = Command::new("chown").arg("postfix").arg(&data).status().map_err(failed)?;
    match owned.success() {
        true => Ok(config),
        false => Err(Failure::new("cannot give Postfix its data folder")),
    }
}
