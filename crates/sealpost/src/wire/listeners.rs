//! Everything that listens: mail, console, operations; bound together, served together, stopped together.

use super::accounts::AccountsGate;
use super::relays::{self, RelayListeners};
use super::{Lasting, Role, certificate_files, gate};
use crate::command::Failure;
use crate::settings::{Mailbox, Public, Settings};
use console::public::Room;
use courier::certificate::Certificates;
use courier::smtp_in::{self, Endpoint, Protocol, Refusals, Tls};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The listener of one mailbox.
pub struct MailListener {
    name: String,
    listener: Arc<smtp_in::Listener<AccountsGate<engine::MailboxGate>>>,
}

impl MailListener {
    /// Its TCP address; `None` for a local socket.
    pub fn address(&self) -> Option<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A certificate in use, and where.
#[derive(Clone)]
pub struct Held {
    pub place: String,
    pub certificates: Arc<Certificates>,
}

/// All listeners of this process.
pub struct Listeners {
    pub mail: Vec<MailListener>,
    pub relays: Vec<RelayListeners>,
    console: Option<console::Listener>,
    console_certificates: Option<Arc<Certificates>>,
    public: Option<(console::Listener, console::Public)>,
    public_certificates: Option<Arc<Certificates>>,
    operations: Option<console::Listener>,
    /// What listens on TCP, and where.
    places: Vec<(&'static str, SocketAddr)>,
    tasks: Vec<JoinHandle<()>>,
}

impl Listeners {
    /// Binds what the roles need.
    pub async fn bind(
        settings: &Settings,
        roles: &[Role],
        engine: &engine::Gateway,
        (store, lasting): (&Store, &Lasting),
    ) -> Result<Listeners, Failure> {
        let mut listeners = Listeners {
            mail: Vec::new(),
            relays: Vec::new(),
            console: None,
            console_certificates: None,
            public: None,
            public_certificates: None,
            operations: None,
            places: Vec::new(),
            tasks: Vec::new(),
        };
        if roles.contains(&Role::Intake) {
            for mailbox in settings.mailboxes.iter().filter(|mailbox| mailbox.fetched.is_none() && !mailbox.api) {
                let gate = Arc::new(gate(engine, mailbox)?);
                let listener = smtp_in::Listener::bind(mail_settings(settings, mailbox)?, gate).await?;
                listeners.mail.push(MailListener { name: mailbox.name.clone(), listener: Arc::new(listener) });
            }
        }
        if roles.contains(&Role::Relay) {
            listeners.relays = relays::bind(settings, store, lasting).await?;
        }
        if roles.contains(&Role::Console) {
            listeners.console_certificates = certificates(settings.console.certificate.as_ref())?;
            let tls = acceptor(listeners.console_certificates.as_ref());
            let pages = console::Settings::new(settings.console.listen, tls);
            listeners.console = Some(listeners.bound("console", pages).await?);
        }
        if let Some(public) = settings.public.as_ref().filter(|_| roles.contains(&Role::Public)) {
            listeners.public_certificates = certificates(public.certificate.as_ref())?;
            let tls = acceptor(listeners.public_certificates.as_ref());
            let listener = listeners.bound("public", public_settings(public, tls)).await?;
            let wall = console::Public::new(&public.url, public.requests_per_minute_max);
            listeners.public = Some((listener, wall));
        }
        let operations = console::Settings::new(settings.operations, None);
        listeners.operations = Some(listeners.bound("operations", operations).await?);
        Ok(listeners)
    }

    /// Binds `NAME.listen` and remembers where that is.
    async fn bound(&mut self, name: &'static str, settings: console::Settings) -> Result<console::Listener, Failure> {
        let listener = bind(settings, &format!("{name}.listen")).await?;
        self.places.extend(listener.local_addr().ok().map(|address| (name, address)));
        Ok(listener)
    }

    /// Every address of TCP that is listened on.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.mail
            .iter()
            .filter_map(MailListener::address)
            .chain(self.relays.iter().flat_map(RelayListeners::addresses))
            .chain(self.places.iter().map(|(_, address)| *address))
            .collect()
    }

    /// `scheme://host:port` of the console as it was bound.
    pub fn console_origin(&self, settings: &Settings) -> String {
        let bound = self.console.as_ref().and_then(|console| console.local_addr().ok());
        let scheme = if self.console_certificates.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", bound.unwrap_or(settings.console.listen))
    }

    /// Every certificate in use.
    pub fn certificates(&self) -> Vec<Held> {
        let held = |place: &str, certificates: &Option<Arc<Certificates>>| {
            certificates.clone().map(|certificates| Held { place: place.into(), certificates })
        };
        let console = held("console", &self.console_certificates);
        let public = held("public", &self.public_certificates);
        let mail = self.mail.iter().filter_map(|mail| {
            let certificates = mail.listener.certificates()?;
            Some(Held { place: format!("mailbox {}", mail.name), certificates })
        });
        let relays = self.relays.iter().flat_map(|relay| {
            relay.certificates().map(|certificates| Held { place: format!("relay {}", relay.name()), certificates })
        });
        console.into_iter().chain(public).chain(mail).chain(relays).collect()
    }

    /// What each listener for mail has refused.
    pub fn refusals(&self) -> Vec<Arc<Refusals>> {
        let mail = self.mail.iter().map(|mail| mail.listener.refusals());
        mail.chain(self.relays.iter().flat_map(RelayListeners::refusals)).collect()
    }

    /// Serves everything in tasks of their own until `stop`.
    pub fn serve(
        &mut self,
        console: console::Console,
        sources: console::operations::Sources,
        stop: &CancellationToken,
    ) {
        for mail in &self.mail {
            let (listener, stop) = (mail.listener.clone(), stop.clone());
            self.tasks.push(tokio::spawn(async move { listener.serve(stop.cancelled_owned()).await }));
        }
        self.tasks.extend(self.relays.iter().map(|relay| relay.serve(stop)));
        if let Some(listener) = self.console.take() {
            self.tasks.push(tokio::spawn(listener.serve(console.router(), stop.clone().cancelled_owned())));
        }
        if let Some(listener) = self.operations.take() {
            let router = console::operations::router(sources);
            self.tasks.push(tokio::spawn(listener.serve(router, stop.clone().cancelled_owned())));
        }
    }

    /// Serves these rooms to strangers until `stop`, where the settings have a public listener.
    pub fn serve_public(&mut self, rooms: Vec<Room>, stop: &CancellationToken) {
        if let Some((listener, wall)) = self.public.take() {
            self.tasks.push(tokio::spawn(listener.serve(wall.router(rooms), stop.clone().cancelled_owned())));
        }
    }

    /// Says in the log what listens where.
    pub fn say_where(&self) {
        for mail in &self.mail {
            let address = mail.address().map(|address| address.to_string()).unwrap_or_else(|| "a local socket".into());
            tracing::info!(mailbox = mail.name, %address, "takes mail in");
        }
        for relay in &self.relays {
            for address in relay.addresses() {
                tracing::info!(relay = relay.name(), %address, "takes mail in to hand it on");
            }
        }
        for (place, address) in &self.places {
            tracing::info!(place, %address, "listens");
        }
        tracing::info!("ready");
    }

    /// Resolves when every listener has stopped.
    pub async fn stopped(&mut self) {
        for task in self.tasks.drain(..) {
            if task.await.is_err() {
                tracing::error!("a listener ended badly");
            }
        }
    }
}

fn certificates(files: Option<&(PathBuf, PathBuf)>) -> Result<Option<Arc<Certificates>>, Failure> {
    let files = files.map(certificate_files);
    Ok(files.as_ref().map(Certificates::load).transpose()?.map(Arc::new))
}

fn acceptor(certificates: Option<&Arc<Certificates>>) -> Option<console::Acceptor> {
    certificates.cloned().map(|held| Arc::new(move || held.acceptor()) as console::Acceptor)
}

async fn bind(settings: console::Settings, key: &str) -> Result<console::Listener, Failure> {
    let listen = settings.listen;
    console::Listener::bind(settings).await.map_err(|error| {
        Failure::new(format!("{key} = \"{listen}\": {error}; choose another address, or stop what listens there"))
    })
}

/// Large mails come in and large files go out through slow lines, so connections may live longer than a console's.
fn public_settings(public: &Public, tls: Option<console::Acceptor>) -> console::Settings {
    console::Settings {
        connections_max: public.connections_max,
        connections_per_ip_max: public.connections_per_ip_max,
        proxies: public.proxies.clone(),
        connection_timeout: Duration::from_secs(3600),
        ..console::Settings::new(public.listen, tls)
    }
}

/// The courier's settings for a mailbox.
fn mail_settings(settings: &Settings, mailbox: &Mailbox) -> Result<smtp_in::Settings, Failure> {
    let listen = match mailbox.listen.strip_prefix("unix:") {
        Some(path) => Endpoint::Unix(path.into()),
        None => Endpoint::Tcp(
            mailbox.listen.parse().map_err(|_| Failure::new(format!("{} is not HOST:PORT", mailbox.listen)))?,
        ),
    };
    let files = mailbox.certificate.as_ref().map(certificate_files);
    Ok(smtp_in::Settings {
        name: format!("mailbox {}", mailbox.name),
        listen,
        protocol: if mailbox.kind == "lmtp" { Protocol::Lmtp } else { Protocol::Smtp },
        hostname: mailbox.hostname.clone(),
        tls: match (mailbox.tls.as_str(), files) {
            ("starttls", Some(files)) => Tls::StartTls(files),
            ("implicit", Some(files)) => Tls::Implicit(files),
            _ => Tls::None,
        },
        require_tls: mailbox.require_tls,
        offer_auth: !mailbox.accounts.is_empty(),
        require_auth: mailbox.require_auth,
        size_bytes_max: settings.size_bytes_max,
        connections_max: mailbox.connections_max,
        connections_per_ip_max: mailbox.connections_per_ip_max,
        recipients_max: mailbox.recipients_max,
        messages_per_connection_max: mailbox.messages_per_connection_max,
        command_timeout_s: mailbox.command_timeout_s,
        data_timeout_s: mailbox.data_timeout_s,
        errors_max: mailbox.errors_max,
        ..smtp_in::Settings::default()
    })
}
