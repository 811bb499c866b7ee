//! Messages in every state, made through the store's own units of work.

use crate::house::SITE;
use mail::{Envelope, Hidden, HiddenKind};
use policy::{
    Body, Choice, Excluded, Fault, FaultCode, FieldSetting, FieldValue, File, IssueTarget, Letter, LetterKind,
    LetterWhen, Origin, Outcome, Plan, Receipt, Step, StepKind,
};
use store::{Arrival, Decision, Handle, JobKind, Lease, Store, Taken};

const LEASE_S: u32 = 600;
/// 21 Sep 2026, 14:13:20 UTC.
pub const NOON: i64 = 1_790_000_000_000_000;
const WORK: &[JobKind] = &[JobKind::Decide, JobKind::Carry];

/// What a message says, as far as pages show it.
#[derive(Clone)]
pub struct Words {
    pub subject: String,
    pub sender: String,
    pub reason: String,
    pub trace: Vec<String>,
    pub faults: Vec<String>,
    pub text: String,
    pub cut: String,
    pub file: String,
}

impl Words {
    pub fn plain() -> Words {
        Words {
            subject: "The printer on floor 3 eats paper".into(),
            sender: "ada@people.example".into(),
            reason: "no thread, no key in the subject".into(),
            trace: vec![
                "Is the mail automatic? No.".into(),
                "Does it answer a known mail? No, so it becomes an issue in NORTH.".into(),
            ],
            faults: vec![],
            text: "Since this morning every second sheet is crumpled.\n\nCan somebody have a look?".into(),
            cut: "-- \nAda Example\nFloor 3".into(),
            file: "paper.jpg".into(),
        }
    }

    /// The same value in every field.
    pub fn all(value: &str) -> Words {
        let value = value.to_owned();
        Words {
            subject: value.clone(),
            sender: value.clone(),
            reason: value.clone(),
            trace: vec![value.clone()],
            faults: vec![value.clone()],
            text: value.clone(),
            cut: value.clone(),
            file: value,
        }
    }
}

pub async fn take(store: &Store, name: &str, received_at: i64, words: &Words) -> String {
    take_bytes(store, name, received_at, words, b"Subject: hello\r\n\r\nhello\r\n").await
}

/// Takes a mail in with these bytes as its content.
pub async fn take_bytes(store: &Store, name: &str, received_at: i64, words: &Words, bytes: &[u8]) -> String {
    let mut digest = [0; 32];
    digest[..name.len()].copy_from_slice(name.as_bytes());
    let arrival = Arrival {
        site: SITE.into(),
        mailbox: "support".into(),
        handle: Handle::Lasting(name.into()),
        envelope: Envelope {
            mail_from: Some(words.sender.clone()),
            rcpt_to: vec!["help@north.example".into()],
            client: None,
        },
        digest,
        message_id: Some(format!("{name}@id.example")),
        refers_to: vec![],
        received_at,
        shadow: false,
    };
    let mut content = store.content(SITE).await.unwrap();
    content.write(bytes).await.unwrap();
    match store.take_in(arrival, content.finish().await.unwrap()).await.unwrap() {
        Taken::New { message } => message,
        Taken::Known { message } => panic!("{message} was known"),
    }
}

/// Claims the only job that can be claimed.
pub async fn claim(store: &Store) -> Lease {
    let mut leases = store.claim("worker", WORK, 1, LEASE_S).await.unwrap();
    assert_eq!(leases.len(), 1, "one job should be claimable");
    leases.remove(0)
}

pub async fn decide(store: &Store, outcome: Outcome, steps: Vec<StepKind>, words: &Words) {
    let lease = claim(store).await;
    let decision = decision(&lease, outcome, steps, words);
    store.write_down(&lease, &decision).await.unwrap();
    // A letter that still has to leave would keep the mail from being erased.
    for lease in store.claim("worker", &[JobKind::Deliver], 1, LEASE_S).await.unwrap() {
        for (_, key, _) in store.posted_letters(&lease).await.unwrap() {
            let receipt = Receipt::Letter { message_id: "letter@north.example".into(), dead_end: false };
            store.begin(&lease, &key, "letter", "").await.unwrap();
            store.finish(&lease, &key, &receipt).await.unwrap();
        }
        store.complete(&lease).await.unwrap();
    }
}

/// A message of which something was kept back.
pub async fn excluding(store: &Store, name: &str, excluded: Vec<Excluded>) {
    let words = Words::plain();
    take(store, name, NOON, &words).await;
    let lease = claim(store).await;
    let decision = decision(&lease, Outcome::Ignore, vec![], &words);
    let plan = Plan { excluded, ..decision.plan };
    store.write_down(&lease, &Decision { plan, ..decision }).await.unwrap();
}

fn decision(lease: &Lease, outcome: Outcome, steps: Vec<StepKind>, words: &Words) -> Decision {
    let letters = if steps.is_empty() { vec![] } else { vec![letter(words)] };
    let steps = steps.into_iter().zip(1..).map(|(kind, ordinal)| Step { ordinal, kind, reason: words.reason.clone() });
    let plan = Plan {
        origin: Origin::Message(lease.subject.clone()),
        revision: 1,
        profile: "support".into(),
        profile_version: 3,
        mapping: "default".into(),
        rule: Some("urgent".into()),
        environment: None,
        rejection: None,
        outcome,
        reason: words.reason.clone(),
        steps: steps.collect(),
        trace: words.trace.clone(),
        letters,
        returned: vec![],
        excluded: vec![],
    };
    Decision {
        plan,
        subject: words.subject.clone(),
        sender: words.sender.clone(),
        sender_name: String::new(),
        participants: vec![],
        faults: words.faults.clone(),
        project: Some("NORTH".into()),
        issue_id: None,
        came_sealed: false,
        facts: None,
    }
}

fn letter(words: &Words) -> Letter {
    Letter {
        links: Vec::new(),
        ordinal: 1,
        kind: LetterKind::Notice,
        when: LetterWhen::Decided,
        to: words.sender.clone(),
        subject: words.subject.clone(),
        text: words.text.clone(),
        answers: None,
        upload_issue: None,
        bound: None,
        reason: words.reason.clone(),
    }
}

pub fn create(words: &Words) -> StepKind {
    let hidden = vec![Hidden { kind: HiddenKind::Signature, text: words.cut.clone(), ..Hidden::default() }];
    StepKind::CreateIssue {
        project: "NORTH".into(),
        issue_type: "Task".into(),
        summary: words.subject.clone(),
        body: Body { visible: words.text.clone(), hidden, ..Body::default() },
        fields: Default::default(),
        set: vec![FieldSetting {
            id: "customfield_10042".into(),
            name: "Floor".into(),
            how: Default::default(),
            value: FieldValue::Cascade(Choice::named("North"), Some(Choice::named("3"))),
            must: false,
        }],
    }
}

pub fn attach(words: &Words) -> StepKind {
    let file = File {
        part: "1.2".into(),
        name: words.file.clone(),
        content_type: "image/jpeg".into(),
        size_bytes: 123_456,
        sha256: "00".into(),
    };
    StepKind::Attach { issue: IssueTarget::CreatedBy(1), file }
}

/// From arrival to an issue with a file.
pub async fn done(store: &Store, name: &str, received_at: i64, key: &str, words: &Words) -> String {
    let message = take(store, name, received_at, words).await;
    decide(store, Outcome::Create, vec![create(words), attach(words)], words).await;
    let lease = claim(store).await;
    let plan = store.plan(&message).await.unwrap().unwrap();
    let issue_id = format!("1{received_at}");
    let receipts = [
        Receipt::Issue { id: issue_id.clone(), key: key.into(), left_out: vec![] },
        Receipt::Attachment { issue_id, id: "77".into() },
    ];
    for (step, receipt) in plan.steps.iter().zip(receipts) {
        let step_key = plan.step_key(step.ordinal);
        store.begin(&lease, &step_key, step.kind.word(), "").await.unwrap();
        store.finish(&lease, &step_key, &receipt).await.unwrap();
    }
    store.complete(&lease).await.unwrap();
    message
}

pub async fn ignored(store: &Store, name: &str, received_at: i64, words: &Words) -> String {
    let message = take(store, name, received_at, words).await;
    decide(store, Outcome::Ignore, vec![], words).await;
    message
}

/// A message whose first step a tracker refused, and which was given up.
pub async fn dead(store: &Store, name: &str, received_at: i64, public: &str, words: &Words) -> String {
    let message = take(store, name, received_at, words).await;
    decide(store, Outcome::Create, vec![create(words)], words).await;
    let lease = claim(store).await;
    let key = store.plan(&message).await.unwrap().unwrap().step_key(1);
    let fault = Fault::permanent(FaultCode::TrackerRefused, format!("400: {public}")).with_public(public);
    store.begin(&lease, &key, "create_issue", "").await.unwrap();
    store.fail(&lease, &key, &fault).await.unwrap();
    store.bury(&lease, &fault).await.unwrap();
    message
}

/// A message whose first step is in doubt, and which waits for a person.
pub async fn held(store: &Store, name: &str, received_at: i64, words: &Words) -> String {
    let message = take(store, name, received_at, words).await;
    decide(store, Outcome::Create, vec![create(words)], words).await;
    let lease = claim(store).await;
    let key = store.plan(&message).await.unwrap().unwrap().step_key(1);
    store.begin(&lease, &key, "create_issue", "").await.unwrap();
    store.hold(&lease, &Fault::unknown(FaultCode::InDoubt, "private-detail")).await.unwrap();
    message
}

/// A message that is not decided yet and waits for a tracker.
pub async fn waiting(store: &Store, name: &str, received_at: i64, words: &Words) -> String {
    let message = take(store, name, received_at, words).await;
    let lease = claim(store).await;
    let until = store.now().await.unwrap() + 3_600_000_000;
    let fault = Fault::temporary(FaultCode::TrackerBusy, "private-detail");
    store.park(&lease, &fault, until).await.unwrap();
    message
}

/// One of each, in an order that does not matter; the ids by state.
pub async fn one_of_each(store: &Store) -> [(&'static str, String); 5] {
    let words = Words::plain();
    let quiet = Words {
        subject: "Out of office: Re: [NORTH-12] Toner".into(),
        sender: "bob@people.example".into(),
        reason: "ignored, because the mail says that it was sent automatically".into(),
        ..Words::plain()
    };
    let long = Words { subject: "Re: ".repeat(40) + &"unbroken".repeat(20), ..Words::plain() };
    let odd = Words { faults: vec!["a part's transfer encoding is unknown".into()], ..Words::plain() };
    [
        ("waiting", waiting(store, "waiting", NOON + 1, &words).await),
        ("held", held(store, "held", NOON + 2, &long).await),
        ("dead", dead(store, "dead", NOON + 3, "The project NORTH wants a component.", &odd).await),
        ("ignored", ignored(store, "ignored", NOON + 4, &quiet).await),
        ("done", done(store, "done", NOON + 5, "NORTH-41", &words).await),
    ]
}
