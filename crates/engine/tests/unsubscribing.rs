//! Links that end letters, over a real store: good for the letter that they stood in, and for nothing that was made up.
#![allow(clippy::unwrap_used)]

mod nobody;

use engine::speak::{SiteConnection, Speaker};
use engine::{Gateway, Parts, Site, Standing, Tokens};
use nobody::Nobody;
use policy::event::{Event, EventKind};
use policy::reply_token::{self, TokenKey};
use policy::silence_link::{LinkedLetter, sign};
use policy::{StepKey, letter_number};
use std::sync::Arc;
use store::{JobKind, LetterAbout, LetterCause, NewLetter, Store, Subscription, Via};
use tempfile::TempDir;
use tracker::Dialect;

const SITE: &str = "north";
const SOUTH: &str = "south";
const TO: &str = "ada@people.example";

fn site(name: &str, settings: &engine::Settings) -> Site {
    let mut connection = SiteConnection::new(name, "http://127.0.0.1:9".parse().unwrap(), "", "no token");
    connection.allow_private = true;
    Site::new(name, Dialect::JiraCloud, Arc::new(Speaker::new(connection).unwrap()), settings)
}

/// Two sites, of which each has posted a letter to the same address.
struct House {
    store: Store,
    gateway: Gateway,
    _folder: TempDir,
}

impl House {
    async fn open() -> House {
        let folder = tempfile::tempdir().unwrap();
        let settings = store::Settings::in_folder(folder.path());
        store::create_master_key(&settings.master_key).unwrap();
        let store = Store::open(&settings).await.unwrap();
        post(&store, SITE).await;
        post(&store, SOUTH).await;
        let settings = engine::Settings { jobs_max: 0, fetches_max: 0, ..engine::Settings::default() };
        let sites = vec![site(SITE, &settings), site(SOUTH, &settings)];
        let tokens = Tokens::new(store.clone());
        let (reader, letters, mailboxes) = (Arc::new(Nobody), Arc::new(Nobody), vec![]);
        let gateway = Gateway::start(Parts {
            store: store.clone(),
            reader,
            letters,
            sites,
            mailboxes,
            plans: vec![],
            bulletins: engine::Bulletins::default(),
            tokens,
            settings,
        });
        House { store, gateway, _folder: folder }
    }

    async fn key(&self, site: &str) -> TokenKey {
        let (id, secret, _) = self.store.reply_keys(site).await.unwrap().into_iter().next().unwrap();
        TokenKey { id, secret, retired_at: None }
    }

    async fn is_silent(&self, site: &str) -> bool {
        self.store.silent_since(site, "10", TO).await.unwrap().is_some()
    }

    /// A link that can neither be looked at nor used.
    async fn assert_dead(&self, token: &str, why: &str) {
        assert_eq!(self.gateway.subscription(token).await.unwrap(), None, "{why}");
        assert_eq!(self.gateway.unsubscribe(token, None).await.unwrap(), None, "{why}");
        assert_eq!(self.gateway.watch_again(token, None).await.unwrap(), None, "{why}");
    }
}

fn key_of_letter(site: &str) -> StepKey {
    StepKey(format!("{site}/events:10/all/ada"))
}

/// The letter of the first site.
fn linked() -> LinkedLetter {
    LinkedLetter { issue_id: "10".into(), number: letter_number(&key_of_letter(SITE)), shared: false }
}

async fn post(store: &Store, site: &str) {
    let (kind, issue_id, part) = (EventKind::Commented, "10".to_owned(), Some("7".to_owned()));
    let event = Event { kind, issue_id, issue_key: None, at_ms: 5, actor: None, part, changes: vec![], last: None };
    store.take_in_events(site, &[(&event, Some(0))], b"", Via::Webhook).await.unwrap();
    let lease = store.claim("worker", &[JobKind::Notice], 1, 600).await.unwrap().remove(0);
    let events: Vec<String> = store.open_events(&lease).await.unwrap().into_iter().map(|stored| stored.id).collect();
    let about = LetterAbout {
        return_path: "reply@desk.example".into(),
        to: TO.to_uppercase(),
        issue_key: "NORTH-1".into(),
        subject: "A leak".into(),
        message_id: "letter@desk.example".into(),
        mapping: "all".into(),
        outgoing: String::new(),
        reason: "she reports it".into(),
        trouble: None,
        files: Vec::new(),
        message: None,
        second: None,
        refused_with_files: None,
        cause: LetterCause::default(),
        sets: store::LetterSets::default(),
        matter: store::LetterMatter::default(),
    };
    let key = key_of_letter(site);
    let letter =
        NewLetter { number: letter_number(&key), key, issue_id: lease.subject.clone(), about, bytes: b"mail".to_vec() };
    let id = store.begin_notice(&lease).await.unwrap();
    store.write_notice(&lease, &id, &events, "letters", &serde_json::json!({}), vec![letter]).await.unwrap();
}

fn subscription(silent: bool) -> Option<Standing> {
    Some(Standing { subscription: Subscription { issue_key: Some("NORTH-1".into()), silent }, shared: false })
}

#[tokio::test]
async fn sec_48_a_link_ends_letters_of_the_site_that_signed_it_alone_and_takes_that_back() {
    let house = House::open().await;
    let token = sign(&house.key(SITE).await, SITE, &linked()).unwrap();
    for _ in 0..2 {
        assert_eq!(house.gateway.subscription(&token).await.unwrap(), subscription(false));
        assert!(!house.is_silent(SITE).await, "looking changes nothing");
    }
    for _ in 0..2 {
        assert_eq!(house.gateway.unsubscribe(&token, None).await.unwrap(), subscription(true));
        assert_eq!((house.is_silent(SITE).await, house.is_silent(SOUTH).await), (true, false));
    }
    assert_eq!(house.gateway.watch_again(&token, None).await.unwrap(), subscription(false));
    assert!(!house.is_silent(SITE).await);
    // A site that is not among the settings any more signs nothing.
    house.gateway.swap_sites(vec![site(SOUTH, &engine::Settings::default())]);
    house.assert_dead(&token, "its site is gone").await;
}

#[tokio::test]
async fn sec_48_a_link_that_was_forged_or_changed_ends_nothing() {
    let house = House::open().await;
    let (north, south) = (house.key(SITE).await, house.key(SOUTH).await);
    let good = sign(&north, SITE, &linked()).unwrap();
    let last = if good.ends_with('a') { "b" } else { "a" };
    let made_up = TokenKey { secret: vec![7; 32], ..north.clone() };
    for (token, why) in [
        (format!("{}{last}", &good[..good.len() - 1]), "a changed signature"),
        (good.to_uppercase(), "capitals"),
        (good[..good.len() - 1].to_owned(), "cut off"),
        (sign(&made_up, SITE, &linked()).unwrap(), "another key"),
        (sign(&north, SOUTH, &linked()).unwrap(), "signed for another site"),
        (sign(&south, SITE, &linked()).unwrap(), "signed with another site's key"),
        (sign(&north, SITE, &LinkedLetter { issue_id: "11".into(), ..linked() }).unwrap(), "another issue"),
        (sign(&north, SITE, &LinkedLetter { number: 7, ..linked() }).unwrap(), "another letter"),
        (reply_token::sign(&north, SITE, "10", &linked().number.to_string()).unwrap(), "a reply address"),
        (String::new(), "nothing"),
        ("a".repeat(10_000), "too long"),
        ("é".repeat(30), "no token"),
    ] {
        house.assert_dead(&token, why).await;
    }
    assert_eq!((house.is_silent(SITE).await, house.is_silent(SOUTH).await), (false, false));
    assert_eq!(house.gateway.unsubscribe(&good, None).await.unwrap(), subscription(true), "the good one still is");
}

#[tokio::test]
async fn sec_48_a_link_of_a_letter_that_several_have_does_nothing_without_an_address() {
    let house = House::open().await;
    let token = sign(&house.key(SITE).await, SITE, &LinkedLetter { shared: true, ..linked() }).unwrap();
    let shared = |silent| subscription(silent).map(|standing| Standing { shared: true, ..standing });
    assert_eq!(house.gateway.subscription(&token).await.unwrap(), shared(false));
    assert_eq!(house.gateway.unsubscribe(&token, None).await.unwrap(), shared(false));
    assert!(!house.is_silent(SITE).await, "one click says nobody's wish");
    assert_eq!(house.gateway.unsubscribe(&token, Some("eve@people.example")).await.unwrap(), shared(true));
    assert!(!house.is_silent(SITE).await);
    assert_eq!(house.gateway.unsubscribe(&token, Some(" ADA@people.example")).await.unwrap(), shared(true));
    assert!(house.is_silent(SITE).await);
    assert_eq!(house.gateway.watch_again(&token, Some(TO)).await.unwrap(), shared(false));
    assert!(!house.is_silent(SITE).await);
}
