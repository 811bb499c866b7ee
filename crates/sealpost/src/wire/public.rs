//! What stands behind the wall of the public listener, and the engine as its way in.

use super::explaining::EngineExplainer;
use super::own_keys::EngineKeys;
use super::pen::EnginePen;
use super::portal::EnginePortal;
use super::relays::RelayListeners;
use super::uploads::Way;
use crate::settings::{Public, Settings};
use console::public::hook::{Ear, Webhook};
use console::public::unsubscribe::{self, Subscription, Subscriptions};
use console::public::{
    Api, Door, Envelope, Handed, Incoming, Limits, Links, Offer, Room, Sites, file, hook, own_keys, portal, upload,
};
use console::reader::Answer;
use engine::HandingIn;
use std::sync::Arc;
use std::time::Duration;
use store::Store;
use tracker::webhook::Headers;

/// The engine of this process.
struct EngineDoor(Arc<engine::Gateway>);

/// A mail on its way into the engine.
struct IntoEngine(HandingIn);

impl Door for EngineDoor {
    fn site_of(&self, mailbox: &str) -> Option<String> {
        self.0.site_of(mailbox)
    }

    fn open<'a>(
        &'a self,
        mailbox: &'a str,
        envelope: Envelope,
        received: &'a str,
    ) -> Answer<'a, Option<Box<dyn Incoming>>> {
        let client = envelope.client.map(|ip| mail::Client { ip: Some(ip.to_string()), hello: String::new() });
        let envelope = mail::Envelope { mail_from: envelope.mail_from, rcpt_to: envelope.rcpt_to, client };
        Box::pin(async move {
            let Some(way) = self.0.way_in(mailbox) else { return Ok(None) };
            let mail: Box<dyn Incoming> = Box::new(IntoEngine(way.open(envelope, received).await?));
            Ok(Some(mail))
        })
    }

    fn offer<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Offer>> {
        Box::pin(async move { Ok(self.0.offer(link).await?.map(in_words)) })
    }

    fn accept<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Offer>> {
        Box::pin(async move { Ok(self.0.accept(link).await?.map(in_words)) })
    }
}

/// The engine, told what happened.
struct EngineEar(Arc<engine::Gateway>);

impl Ear for EngineEar {
    fn unproved(&self, site: &str) {
        self.0.count_unproved_webhook(site);
    }

    fn awaits(&self, site: &str) -> bool {
        self.0.awaits_webhooks(site)
    }

    fn hear<'a>(&'a self, webhook: Webhook<'a>) -> Answer<'a, hook::Heard> {
        let Webhook { site, signatures, authorizations, body, until } = webhook;
        Box::pin(async move {
            let path = format!("{}{site}", hook::HOOKS_PATH);
            let headers = Headers { signatures, authorizations, path: &path };
            Ok(match self.0.hear(site, headers, body, until).await? {
                engine::Heard::TakenIn { .. } => hook::Heard::TakenIn,
                engine::Heard::Nowhere => hook::Heard::Nowhere,
                engine::Heard::Unproved(_) => hook::Heard::Unproved,
                engine::Heard::OutOfTime => hook::Heard::OutOfTime,
            })
        })
    }
}

/// The engine, asked about letters.
struct EngineLetters(Arc<engine::Gateway>);

impl Subscriptions for EngineLetters {
    fn look<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Subscription>> {
        Box::pin(async move { Ok(self.0.subscription(link).await?.map(shown)) })
    }

    fn end<'a>(&'a self, link: &'a str, address: Option<&'a str>) -> Answer<'a, Option<Subscription>> {
        Box::pin(async move { Ok(self.0.unsubscribe(link, address).await?.map(shown)) })
    }

    fn begin_again<'a>(&'a self, link: &'a str, address: Option<&'a str>) -> Answer<'a, Option<Subscription>> {
        Box::pin(async move { Ok(self.0.watch_again(link, address).await?.map(shown)) })
    }
}

fn shown(standing: engine::Standing) -> Subscription {
    let engine::Standing { subscription: store::Subscription { issue_key, silent }, shared } = standing;
    Subscription { issue: issue_key, silent, shared }
}

fn in_words(offer: engine::Offer) -> Offer {
    let engine::Offer { question, text, button, done } = offer;
    Offer { question, text, button, done }
}

impl Incoming for IntoEngine {
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Answer<'a, ()> {
        Box::pin(self.0.write(bytes))
    }

    fn finish<'a>(self: Box<Self>, token: &'a str, key: Option<&'a str>) -> Answer<'a, Handed> {
        Box::pin(async move {
            Ok(match self.0.finish(token, key).await? {
                engine::Handed::In { message } => Handed::In { message },
                engine::Handed::KeyReused => Handed::KeyReused,
            })
        })
    }
}

/// The rooms that the settings ask for; none without a public listener. Programs ask about the rules of the relays of this process, too.
pub fn rooms(
    settings: &Settings,
    store: &Store,
    engine: &Arc<engine::Gateway>,
    relays: &[RelayListeners],
) -> Vec<Room> {
    let Some(public) = &settings.public else { return Vec::new() };
    let door: Arc<dyn Door> = Arc::new(EngineDoor(engine.clone()));
    let (uploads, of_sites) = (Arc::new(Way(engine.uploads())), engine.clone());
    // Those of the engine, which gets others when the settings are read again.
    let sites: Sites = Arc::new(move || of_sites.sites().into_iter().map(|site| site.name).collect());
    let silence_max = Duration::from_secs(public.silence_s);
    let explainer = Arc::new(EngineExplainer::new(engine.clone(), relays));
    let api = api(settings, public, store, door.clone());
    vec![
        api.writing_by(Arc::new(EnginePen(engine.clone()))).explaining_by(explainer).room(),
        Links::new(door, engine::LINKS_PATH).room(),
        file::room(store.clone(), sites.clone()),
        hook::room(Arc::new(EngineEar(engine.clone()))),
        own_keys::room(Arc::new(EngineKeys(engine.clone()))),
        portal::room(Arc::new(EnginePortal(engine.clone()))),
        unsubscribe::room(Arc::new(EngineLetters(engine.clone())), engine::LETTERS_PATH),
        upload::room(store.clone(), sites, uploads, public.upload_bytes_max, silence_max),
    ]
}

fn api(settings: &Settings, public: &Public, store: &Store, door: Arc<dyn Door>) -> Api {
    let mailboxes = settings.mailboxes.iter().filter(|mailbox| mailbox.api);
    let limits = Limits {
        mailboxes: mailboxes.map(|mailbox| mailbox.name.clone()).collect(),
        size_bytes_max: settings.size_bytes_max,
        silence_max: Duration::from_secs(public.silence_s),
        mail_timeout: Duration::from_secs(public.mail_timeout_s),
        hostname: host(&public.url).to_owned(),
    };
    Api::new(store.clone(), door, limits)
}

/// `mail.example.org` of `https://mail.example.org:8443`.
fn host(url: &str) -> &str {
    let authority = url.split_once("://").map_or(url, |(_, authority)| authority);
    match authority.rfind(']') {
        Some(end) => &authority[..=end],
        None => authority.split(':').next().unwrap_or(authority),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn the_name_in_received_is_that_of_the_listener() {
        assert_eq!(host("https://mail.example.org"), "mail.example.org");
        assert_eq!(host("https://mail.example.org:8443"), "mail.example.org");
        assert_eq!(host("http://[::1]:8030"), "[::1]");
    }
}
