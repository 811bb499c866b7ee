//! A relay between a listener and a sink, with a store of its own.

use super::client::Client;
use super::sealers::Marking;
use super::sink::Sink;
use courier::smtp_in::{Endpoint, Listener, Settings};
use courier::submit::Target;
use engine::relay::{NextHop, Relay, RelaySettings, Sealer};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tempfile::TempDir;

/// The content of every mail; its last line is known to the sink.
pub fn mail(subject: &str) -> String {
    format!(
        "Received: from a by b; now\r\nFrom: ann@example.org\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n\r\nPlanted content.\r\n.a dot\r\n-- the end\r\n"
    )
}

pub struct World {
    pub sink: Arc<Sink>,
    pub sealer: Arc<Marking>,
    pub relay: Relay,
    pub store: Store,
    pub port: u16,
    listener: Settings,
    settings: RelaySettings,
    folder: TempDir,
}

/// Settings with a limit that only what hangs reaches.
pub fn settings() -> RelaySettings {
    RelaySettings {
        name: "wiki".into(),
        site: "acme".into(),
        hostname: "relay.example".into(),
        clients: Vec::new(),
        memory_bytes_max: 1 << 20,
        connections: 10,
        answer_within: Duration::from_secs(40),
        hops_max: 30,
        keeps_for: None,
    }
}

impl World {
    pub async fn start() -> World {
        World::start_with(Sink::open().await, settings()).await
    }

    /// With a relay that waits this long for an answer.
    pub async fn start_within(answer_within: Duration) -> World {
        World::start_with(Sink::open().await, RelaySettings { answer_within, ..settings() }).await
    }

    pub async fn start_with(sink: Arc<Sink>, settings: RelaySettings) -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path()).await;
        let listener = Settings {
            listen: Endpoint::Tcp(([127, 0, 0, 1], 0).into()),
            hostname: "relay.example".into(),
            ..Settings::default()
        };
        let sealer = Marking::new();
        let (relay, port) = serve(&settings, &listener, &store, sealer.clone(), &sink).await;
        World { sink, sealer, relay, store, port, listener, settings, folder }
    }

    /// Another relay of the same name on the same store, as after a restart; it knows nothing but what was written down.
    pub async fn restart(&mut self) {
        let served = serve(&self.settings, &self.listener, &self.store, self.sealer.clone(), &self.sink).await;
        (self.relay, self.port) = served;
    }

    pub async fn client(&self) -> Client {
        Client::open(self.port).await
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

async fn store(folder: &Path) -> Store {
    let path = |name: &str| folder.join(name);
    let master_key = path("master.key");
    store::create_master_key(&master_key).unwrap();
    let settings = store::Settings {
        database: format!("sqlite:{}", path("main/sealpost.db").display()),
        blobs: path("blobs"),
        key_book: format!("sqlite:{}", path("keys/keys.db").display()),
        master_key,
        keep_content_days: 30,
        free_bytes_min: 0,
    };
    Store::open(&settings).await.unwrap()
}

async fn serve(
    settings: &RelaySettings,
    listener: &Settings,
    store: &Store,
    sealer: Arc<dyn Sealer>,
    sink: &Sink,
) -> (Relay, u16) {
    let next = NextHop { target: Target::smtp("127.0.0.1", sink.port), tokens: None };
    let relay = Relay::new(settings.clone(), store.clone(), sealer, next);
    relay.ask_next_hop().await.unwrap();
    let listener = Listener::bind(listener.clone(), Arc::new(relay.clone())).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { listener.serve(std::future::pending()).await });
    (relay, port)
}
