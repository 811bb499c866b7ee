//! Bulletins to administrators: each once to each target, by mail and by channels, and again under the same id when an answer was lost.

use super::world::{Database, PATIENCE, Plot, World, mail, quick, voice_of};
use courier::submit::{Host, Target};
use engine::bulletin::channel_url;
use engine::speak::Route;
use engine::{Bulletins, Channel, Outgoing, Site};
use mail::Address;
use policy::bulletin::channel::{Kind, signature};
use policy::bulletin::{Bulletin, Cause, Rule};
use policy::meter::Capacity;
use policy::{FaultCode, FaultKind};
use rig::post_office::PostOffice;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{BulletinLine, BulletinTarget, JobState, LetterFate};

const SECRET: &[u8] = b"a secret of the tests";

/// What a channel heard: its header in lower case, and the body.
pub(super) type Said = (String, String);

/// A channel on loopback that answers each request with the next of these statuses, 0 for none, and 200 after them.
pub(super) struct Ear {
    pub(super) port: u16,
    heard: Arc<Mutex<Vec<Said>>>,
}

impl Ear {
    pub(super) fn open(statuses: &[u16]) -> Ear {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, heard) = (listener.local_addr().unwrap().port(), Arc::new(Mutex::new(Vec::new())));
        let (keeping, mut statuses) = (heard.clone(), VecDeque::from(statuses.to_vec()));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(said) = read(&mut stream) else { continue };
                keeping.lock().unwrap().push(said);
                match statuses.pop_front().unwrap_or(200) {
                    0 => {}
                    status => {
                        let answer = format!(
                            "HTTP/1.1 {status} X\r\nretry-after: 1\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                        );
                        // Whoever hung up learns nothing.
                        let _ = stream.write_all(answer.as_bytes());
                    }
                }
            }
        });
        Ear { port, heard }
    }

    /// It may be told by the mappings of the world's site.
    pub(super) fn channel(&self, kind: Kind) -> Channel {
        let url = channel_url(&format!("http://127.0.0.1:{}/hook?key=planted", self.port), true).unwrap();
        let route = Route { allow_private: true, ..Route::default() };
        let (authorization, sites) = (Some("Bearer planted".to_owned()), vec!["acme".to_owned()]);
        Channel { name: "ops".into(), kind, url, route, authorization, sites }
    }

    pub(super) fn heard(&self) -> Vec<Said> {
        self.heard.lock().unwrap().clone()
    }
}

fn read(stream: &mut TcpStream) -> Option<Said> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| *read > 0)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?.parse::<usize>().ok()?;
        if body.len() >= length {
            return Some((head, body.to_owned()));
        }
    }
}

pub(super) fn rule(causes: &[Cause], to: &[&str], channels: &[&str]) -> Rule {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Rule {
        name: "ops".into(),
        sites: vec![],
        causes: causes.to_vec(),
        usage_percent: vec![80],
        offline_minutes: 30,
        unsealed_minutes: 60,
        projects: Vec::new(),
        mail_reasons: false,
        busy_day_times: 3,
        ahead_days: 14,
        to: texts(to),
        channels: texts(channels),
    }
}

/// The world's site writes by this office.
pub(super) fn writing(world: &World, office: &PostOffice) {
    let target =
        Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
    let from = Address { name: None, address: "support@desk.example".into() };
    let outgoing = Outgoing::new(Some(target), None, from);
    let site = Site::new("acme", world.dialect, voice_of(world), &quick());
    world.gateway.swap_sites(vec![site.with_outgoing(Some(outgoing))]);
}

fn plan(messages: u64) -> Vec<Capacity> {
    let (name, sites) = ("small".to_owned(), vec!["acme".to_owned()]);
    vec![Capacity { name, sites, messages: Some(messages), bytes: None, ends: None, hold_days: 7, packs: vec![] }]
}

pub(super) async fn until(world: &World, what: &str, so: impl Fn(&[BulletinLine]) -> bool) -> Vec<BulletinLine> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let lines = world.store.bulletins(200).await.unwrap();
        if so(&lines) {
            return lines;
        }
        assert!(Instant::now() < deadline, "never {what}: {lines:#?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(super) fn all_sent(lines: &[BulletinLine], number: usize) -> bool {
    lines.len() == number && lines.iter().all(|line| line.fate == LetterFate::Sent && line.job == Some(JobState::Done))
}

pub async fn a_part_of_a_plan_is_told_once_by_mail_and_by_a_channel(database: &Database) {
    let (office, ear) = (PostOffice::open(), Ear::open(&[]));
    let mut world = World::start(database, Plot::default()).await;
    writing(&world, &office);
    let bulletins = || Bulletins {
        rules: vec![rule(&[Cause::Usage], &["ann@ops.example"], &["ops"])],
        channels: vec![ear.channel(Kind::Webhook { secret: SECRET.to_vec() })],
        console_url: Some("https://console.example".into()),
        ..Bulletins::default()
    };
    world.gateway.swap_plans(plan(5));
    world.gateway.swap_bulletins(bulletins());
    for number in 0..4 {
        world.done(&world.send(&mail(&format!("{number}@example.org"), "printer", "It burns.")).await).await;
    }
    let lines = until(&world, "told both", |lines| all_sent(lines, 2)).await;
    assert!(lines.iter().all(|line| line.name.ends_with("/80") && line.cause == "usage"), "{lines:#?}");
    let posted = office.wait_for(1);
    assert_eq!((posted[0].mail_from.as_str(), posted[0].rcpt_to.as_slice()), ("", &["ann@ops.example".to_owned()][..]));
    assert!(posted[0].mail.contains("Subject: 80 % of the capacity plan small are used"), "{}", posted[0].mail);
    assert!(posted[0].mail.contains("4 of 5 messages") && posted[0].mail.contains("https://console.example"));
    let (head, body) = ear.heard().remove(0);
    let header = |name: &str| {
        head.lines()
            .find_map(|line| line.strip_prefix(&format!("{name}: ")))
            .unwrap_or_else(|| panic!("{head}"))
            .to_owned()
    };
    assert!(body.contains("sealpost.usage") && !body.contains("ann") && !body.contains("printer"), "{body}");
    assert_eq!((header("webhook-id"), header("authorization")), (header("idempotency-key"), "bearer planted".into()));
    let expected = signature(SECRET, &header("webhook-id"), header("webhook-timestamp").parse().unwrap(), &body);
    assert_eq!(header("webhook-signature"), format!("v1,{}", expected.to_lowercase()));

    // Neither another look nor another process tells it again; that nothing is left is told, though the plan is spent.
    world.restart().await;
    writing(&world, &office);
    world.gateway.swap_plans(plan(4));
    world.gateway.swap_bulletins(bulletins());
    let lines = until(&world, "told that it is spent", |lines| all_sent(lines, 4)).await;
    assert_eq!(lines.iter().filter(|line| line.name.ends_with("/spent")).count(), 2);
    assert_eq!((office.posted().len(), ear.heard().len()), (2, 2));
    world.end().await;
}

pub async fn a_channel_that_fails_is_told_again_under_the_same_id(database: &Database) {
    // Later, an answer that is lost, another that says that something broke.
    let ear = Ear::open(&[503, 0, 500]);
    let world = World::start(database, Plot::default()).await;
    let channels = vec![ear.channel(Kind::Slack)];
    world.gateway.swap_bulletins(Bulletins { rules: vec![], channels, ..Bulletins::default() });
    let test = policy::bulletin::test("acme", "1");
    let target = BulletinTarget::Channel("ops".into());
    assert!(world.store.post_bulletin(&test, &target).await.unwrap());
    assert!(!world.store.post_bulletin(&test, &target).await.unwrap(), "it was told already");
    until(&world, "sent", |lines| all_sent(lines, 1)).await;
    let heard = ear.heard();
    assert_eq!(heard.len(), 4);
    assert!(heard.iter().all(|said| said.1 == heard[0].1), "{heard:#?}");
    let id = |said: &Said| said.0.split("idempotency-key: ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned();
    assert!(heard.iter().all(|said| id(said) == id(&heard[0])), "{heard:#?}");
    world.end().await;
}

pub async fn a_channel_that_says_no_or_nothing_is_left_to_a_person(database: &Database) {
    let ear = Ear::open(&[410, 0, 0, 0, 0]);
    let world = World::start(database, Plot::default()).await;
    let channels = vec![ear.channel(Kind::Teams)];
    world.gateway.swap_bulletins(Bulletins { rules: vec![], channels, ..Bulletins::default() });
    let target = BulletinTarget::Channel("ops".into());
    world.store.post_bulletin(&policy::bulletin::test("acme", "1"), &target).await.unwrap();
    let lines = until(&world, "given up", |lines| lines.iter().any(|line| line.job == Some(JobState::Dead))).await;
    let LetterFate::Failed(fault) = &lines[0].fate else { panic!("{lines:#?}") };
    assert_eq!((fault.code, fault.kind), (FaultCode::ChannelRefused, FaultKind::Permanent));
    assert!(!fault.detail.contains("planted") && !fault.public.contains("planted"), "{fault:?}");
    assert_eq!(world.store.attention().await.unwrap().stuck_bulletins, 1);

    world.store.post_bulletin(&policy::bulletin::test("acme", "2"), &target).await.unwrap();
    let lines = until(&world, "held", |lines| lines.iter().any(|line| line.job == Some(JobState::Held))).await;
    assert_eq!(ear.heard().len(), 5, "one that was refused, and four of which nobody knows");
    // A person's word says each of them once more.
    for line in lines {
        assert!(world.store.bulletin_again(&line.id, "ann").await.unwrap());
    }
    until(&world, "sent", |lines| all_sent(lines, 2)).await;
    world.end().await;
}

pub async fn a_site_that_is_out_of_order_is_told_once(database: &Database) {
    let office = PostOffice::open();
    let mut settings = quick();
    settings.trouble_after = 1;
    let world = World::start(database, Plot { settings, ..Plot::default() }).await;
    let target =
        Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
    let from = Address { name: None, address: "support@desk.example".into() };
    let outgoing = Outgoing::new(Some(target), None, from);
    let bounds = engine::Settings { trouble_after: 1, ..quick() };
    let site = Site::new("acme", world.dialect, voice_of(&world), &bounds).with_outgoing(Some(outgoing));
    world.gateway.swap_sites(vec![site]);
    let rule = Rule { offline_minutes: 0, ..rule(&[Cause::Offline, Cause::Stuck], &["ann@ops.example"], &[]) };
    world.gateway.swap_bulletins(Bulletins { rules: vec![rule], ..Bulletins::default() });
    world.faults.add(desk::Fault::ServerError { status: 500 }, desk::RouteKind::Any, desk::When::Next(15));
    let message = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let lines = until(&world, "told", |lines| all_sent(lines, 1)).await;
    assert!(lines[0].name.starts_with("offline/site/acme/"), "{lines:#?}");
    world.done(&message).await;
    // By the database's clock an outage is over when nobody has seen it for three minutes.
    assert_eq!(world.store.outages().await.unwrap().len(), 1);
    assert_eq!(office.posted().len(), 1, "however often it was looked");
    world.end().await;
}

pub async fn that_something_works_again_is_told_those_alone_who_heard_of_its_outage(database: &Database) {
    let office = PostOffice::open();
    let world = World::start(database, Plot::default()).await;
    writing(&world, &office);
    let outage = Bulletin {
        name: "offline/site/acme/1".into(),
        cause: Cause::Offline,
        site: "acme".into(),
        subject: "The site acme is offline".into(),
        text: "It has not worked for an hour.\n".into(),
    };
    let [ann, eve] = ["ann@ops.example", "eve@ops.example"];
    assert!(world.store.post_bulletin(&outage, &BulletinTarget::Address(ann.into())).await.unwrap());
    // Eve's rule was added later.
    let rules = vec![rule(&[Cause::Offline], &[eve, ann], &["ops"])];
    let ear = Ear::open(&[]);
    world.gateway.swap_bulletins(Bulletins { rules, channels: vec![ear.channel(Kind::Slack)], ..Bulletins::default() });
    until(&world, "told the end", |lines| all_sent(lines, 2)).await;
    // A while later there is still nothing else.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let lines = world.store.bulletins(200).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.name.as_str(), line.target.clone())).collect();
    let to_ann = |name| (name, BulletinTarget::Address(ann.into()));
    assert_eq!(told, [to_ann("back/offline/site/acme/1"), to_ann("offline/site/acme/1")]);
    assert!(ear.heard().is_empty());
    world.end().await;
}
