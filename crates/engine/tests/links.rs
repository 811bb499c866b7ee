//! Links in letters over a real store: good for what was offered, once, as long as it was said, and for nothing that was made up.
#![allow(clippy::unwrap_used)]

mod nobody;

use engine::{AuthorProof, Gateway, Mailbox, Parts, Tokens};
use mail::Envelope;
use nobody::Nobody;
use policy::reply_token::TokenKey;
use policy::set_link::{LinkGrant, LinkPlace, sign};
use policy::{FaultCode, Letter, LetterKind, LetterLink, LetterWhen, Origin, Outcome, Plan, Profile, Receipt};
use std::sync::Arc;
use store::{Arrival, Decision, Handle, JobKind, MessageFilter, Store, Taken};
use tempfile::TempDir;

const SITE: &str = "north";
const DAY: i64 = 86_400 * 1_000_000;
const PERSON: &str = "ada@people.example";

const PROFILE: &str = r#"
[default]
project = "NORTH"
notices = ["status"]
[notices]
to = "anyone"
[[notice]]
cause = "status"
text = "{{set:reopen}} {{set:off}}"
[[directive_set]]
name = "reopen"
directives = { status = "Open" }
question = "Open it again?"
[[directive_set]]
name = "off"
enabled = false
directives = { status = "Open" }
"#;

fn support() -> Mailbox {
    Mailbox {
        name: "support".into(),
        site: SITE.into(),
        profile: Arc::new(Profile::from_toml("support", PROFILE, "support.toml").unwrap()),
        author_proof: AuthorProof::Nothing,
        fetching: None,
        silent_after: None,
        shadow: false,
        harvests: false,
    }
}

struct House {
    store: Store,
    gateway: Arc<Gateway>,
    _folder: TempDir,
}

impl House {
    async fn open(backlog_max: u64) -> House {
        let folder = tempfile::tempdir().unwrap();
        let settings = store::Settings::in_folder(folder.path());
        store::create_master_key(&settings.master_key).unwrap();
        let store = Store::open(&settings).await.unwrap();
        let settings = engine::Settings { jobs_max: 0, fetches_max: 0, backlog_max, ..engine::Settings::default() };
        let reader = Arc::new(Nobody);
        let tokens = Tokens::new(store.clone());
        let (letters, mailboxes) = (Arc::new(Nobody), vec![support()]);
        let parts = Parts {
            store: store.clone(),
            reader,
            letters,
            sites: vec![],
            mailboxes,
            plans: vec![],
            bulletins: engine::Bulletins::default(),
            tokens,
            settings,
        };
        House { store, gateway: Arc::new(Gateway::start(parts)), _folder: folder }
    }

    /// A mail that was rejected with a letter that offers this set for so many days; where the link stands, and what it is good for.
    async fn told(&self, name: &str, set: &str, days: u32) -> (LinkPlace, LinkGrant) {
        let mut digest = [0; 32];
        digest[..name.len()].copy_from_slice(name.as_bytes());
        let arrival = Arrival {
            site: SITE.into(),
            mailbox: "support".into(),
            handle: Handle::Lasting(name.into()),
            envelope: Envelope::default(),
            digest,
            message_id: None,
            refers_to: vec![],
            received_at: 1_790_000_000_000_000,
            shadow: false,
        };
        let content = self.store.content(SITE).await.unwrap().finish().await.unwrap();
        let Taken::New { message } = self.store.take_in(arrival, content).await.unwrap() else { panic!("known") };
        let lease = self.store.claim("worker", &[JobKind::Decide], 1, 600).await.unwrap().remove(0);
        let plan = Plan { letters: vec![letter(set, days)], ..plan(&message) };
        let decision = Decision {
            plan,
            subject: String::new(),
            sender: PERSON.into(),
            sender_name: String::new(),
            participants: vec![],
            faults: vec![],
            project: None,
            issue_id: None,
            came_sealed: false,
            facts: None,
        };
        self.store.write_down(&lease, &decision).await.unwrap();
        for lease in self.store.claim("worker", &[JobKind::Deliver], 1, 600).await.unwrap() {
            for (_, key, _) in self.store.posted_letters(&lease).await.unwrap() {
                let receipt = Receipt::Letter { message_id: "letter@example.org".into(), dead_end: false };
                self.store.begin(&lease, &key, "letter", "").await.unwrap();
                self.store.finish(&lease, &key, &receipt).await.unwrap();
            }
            self.store.complete(&lease).await.unwrap();
        }
        let posted_at = self.store.letters(None, 10).await.unwrap().into_iter().find(|line| line.message == message);
        let valid_until = posted_at.unwrap().posted_at + i64::from(days) * DAY;
        let (issue_id, person) = ("10001".to_owned(), PERSON.to_owned());
        let grant = LinkGrant { site: SITE.into(), set: set.into(), issue_id, person, valid_until };
        (LinkPlace { message, revision: 1, letter: 1, number: 0 }, grant)
    }

    async fn signed(&self, place: &LinkPlace, grant: &LinkGrant) -> String {
        let (id, secret, _) = self.store.reply_keys(SITE).await.unwrap().into_iter().next().unwrap();
        sign(&TokenKey { id, secret, retired_at: None }, place, grant).unwrap()
    }

    async fn messages(&self) -> usize {
        let filter = MessageFilter { limit: 100, ..MessageFilter::default() };
        self.store.message_page(&filter).await.unwrap().lines.len()
    }

    /// A link that can neither be looked at nor used.
    async fn assert_dead(&self, token: &str, why: &str) {
        assert_eq!(self.gateway.offer(token).await.unwrap(), None, "{why}");
        assert_eq!(self.gateway.accept(token).await.unwrap(), None, "{why}");
    }
}

fn letter(set: &str, days: u32) -> Letter {
    Letter {
        ordinal: 1,
        kind: LetterKind::Notice,
        when: LetterWhen::Decided,
        to: PERSON.to_uppercase(),
        subject: "Not added".into(),
        text: "{{set:reopen}}".into(),
        answers: None,
        reason: "it was told".into(),
        links: vec![LetterLink { set: set.into(), issue_id: "10001".into(), days }],
        upload_issue: None,
        bound: None,
    }
}

fn plan(message: &str) -> Plan {
    Plan {
        origin: Origin::Message(message.into()),
        revision: 1,
        profile: "support".into(),
        profile_version: 1,
        environment: None,
        mapping: "default".into(),
        rule: None,
        outcome: Outcome::Reject,
        reason: "it is closed".into(),
        rejection: None,
        steps: vec![],
        trace: vec![],
        letters: vec![],
        returned: vec![],
        excluded: vec![],
    }
}

#[tokio::test]
async fn sec_48_a_link_ends_with_its_time_and_with_the_content_of_its_letter() {
    let house = House::open(1000).await;
    let (place, grant) = house.told("ended", "reopen", 0).await;
    house.assert_dead(&house.signed(&place, &grant).await, "its time is over").await;
    let (place, grant) = house.told("off", "off", 14).await;
    house.assert_dead(&house.signed(&place, &grant).await, "its set is switched off").await;
    let (place, grant) = house.told("gone", "close", 14).await;
    house.assert_dead(&house.signed(&place, &grant).await, "the profile has no such set").await;
    let (place, grant) = house.told("erased", "reopen", 14).await;
    let token = house.signed(&place, &grant).await;
    assert!(house.gateway.offer(&token).await.unwrap().is_some());
    assert_eq!(house.store.erase(&place.message, "the test").await.unwrap(), None);
    house.assert_dead(&token, "its letter was erased").await;
    assert_eq!(house.messages().await, 4, "no click came in");
}

#[tokio::test]
async fn sec_48_what_was_not_offered_is_not_done() {
    let house = House::open(1000).await;
    let (place, grant) = house.told("told", "reopen", 14).await;
    for (what, grant) in [
        ("another issue", LinkGrant { issue_id: "10002".into(), ..grant.clone() }),
        ("another person", LinkGrant { person: "eve@people.example".into(), ..grant.clone() }),
        ("a longer time", LinkGrant { valid_until: grant.valid_until + DAY, ..grant.clone() }),
        ("another site", LinkGrant { site: "south".into(), ..grant.clone() }),
    ] {
        house.assert_dead(&house.signed(&place, &grant).await, what).await;
    }
    for moved in [
        LinkPlace { number: 1, ..place.clone() },
        LinkPlace { letter: 2, ..place.clone() },
        LinkPlace { revision: 2, ..place.clone() },
        LinkPlace { message: "00000000000000000000000000000000".into(), ..place.clone() },
    ] {
        house.assert_dead(&house.signed(&moved, &grant).await, "another place").await;
    }
    let forged = sign(&TokenKey { id: 1, secret: vec![7; 32], retired_at: None }, &place, &grant).unwrap();
    house.assert_dead(&forged, "another key").await;
    assert_eq!(house.messages().await, 1);
}

#[tokio::test]
async fn of_many_clicks_at_once_one_comes_in_with_who_clicked_beside_it() {
    let house = House::open(1000).await;
    let (place, grant) = house.told("told", "reopen", 14).await;
    let token = house.signed(&place, &grant).await;
    for _ in 0..3 {
        assert_eq!(house.gateway.offer(&token).await.unwrap().unwrap().question, "Open it again?");
    }
    assert_eq!(house.messages().await, 1, "looking changes nothing");
    let clicks = (0..20).map(|_| {
        let (gateway, token) = (house.gateway.clone(), token.clone());
        tokio::spawn(async move { gateway.accept(&token).await.unwrap().is_some() })
    });
    let clicks: Vec<_> = clicks.collect();
    let mut counted = 0;
    for click in clicks {
        counted += usize::from(click.await.unwrap());
    }
    assert_eq!((counted, house.messages().await), (1, 2));
    house.assert_dead(&token, "it was used").await;
    let lease = house.store.claim("worker", &[JobKind::Decide], 1, 600).await.unwrap().remove(0);
    let click = house.store.message(&lease.subject).await.unwrap().unwrap().click.unwrap();
    assert_eq!((click.set.as_str(), click.issue_id.as_str(), click.person.as_str()), ("reopen", "10001", PERSON));
    assert_eq!(click.letter, format!("message:{}/1/letter-1", place.message));
}

#[tokio::test]
async fn a_link_opens_nothing_while_its_mailbox_is_in_shadow() {
    let house = House::open(1000).await;
    let (place, grant) = house.told("told", "reopen", 14).await;
    let token = house.signed(&place, &grant).await;
    house.gateway.swap_mailboxes(vec![Mailbox { shadow: true, ..support() }]);
    house.assert_dead(&token, "a click would do nothing").await;
    house.gateway.swap_mailboxes(vec![support()]);
    assert!(house.gateway.accept(&token).await.unwrap().is_some(), "it is not spent");
}

#[tokio::test]
async fn a_full_queue_leaves_the_link_as_it_was() {
    let house = House::open(0).await;
    let (place, grant) = house.told("told", "reopen", 14).await;
    let token = house.signed(&place, &grant).await;
    assert_eq!(house.gateway.accept(&token).await.unwrap_err().code, FaultCode::QueueFull);
    assert!(house.gateway.offer(&token).await.unwrap().is_some());
}
