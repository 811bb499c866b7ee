//! Letters of a site that seals: whatever kind they are, none leaves readable where the rules say that it must not, and what keeps one here is
//! told and passes by itself.

use super::bulletins::{Ear, rule};
use super::channels::{all_sent, until};
use super::notices::{comment, decided, event, hear, watched};
use super::world::{Database, PATIENCE, Plot, SUPPORT, World, mail, mailbox, quick, voice_of};
use courier::submit::{Host, Target};
use engine::sealing::letters::LetterSealer;
use engine::sealing::{Beyond, Planned};
use engine::{Bulletins, Outgoing, Site};
use futures_util::future::BoxFuture;
use mail::{Address, Headers, Limits};
use policy::bulletin::channel::Kind;
use policy::bulletin::{Cause, test};
use policy::event::EventKind;
use policy::sealing::{self, Algorithm, Fate, Key, KeyFacts, MailFacts, Origin, Question, Seal, Trust};
use policy::{Fault, FaultCode, Mappings, SealingRules, Told};
use rig::post_office::{Mishap, PostOffice, Posted};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use store::{BulletinTarget, JobState, LetterFate, OutboxLine};

const MAPPINGS: &str = "[default]\naudience = [\"reporter\", \"watchers\"]\n\
    [[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";

/// Nobody gets anything readable, and whoever has no key waits.
const ALWAYS: &str = "version = 1\n[default]\nencrypt = \"always\"\nsign = \"never\"\nfallback = \"hold\"\n";

/// Decides by real rules. Keys are the names of those who have one, and what is sealed says nothing.
struct Names {
    rules: Mutex<SealingRules>,
    known: Mutex<BTreeSet<String>>,
    /// What comes of the next operations instead, in turn.
    mishaps: Mutex<Vec<Fault>>,
    asked: Mutex<Vec<MailFacts>>,
}

impl Names {
    fn by(rules: &str) -> Arc<Names> {
        let rules = Mutex::new(SealingRules::from_toml(rules, "sealing.toml").unwrap());
        Arc::new(Names { rules, known: Mutex::default(), mishaps: Mutex::default(), asked: Mutex::default() })
    }

    fn knows(&self, addresses: &[&str]) {
        self.known.lock().unwrap().extend(addresses.iter().map(|one| (*one).to_owned()));
    }

    fn mishap(&self) -> Result<(), Fault> {
        self.mishaps.lock().unwrap().pop().map_or(Ok(()), Err)
    }

    /// The letters that were asked about, by their kind.
    fn kinds(&self) -> BTreeSet<String> {
        let of = |mail: &MailFacts| {
            let kind = mail.headers.other.iter().find(|field| field.name == "x-sealpost-letter");
            kind.map(|field| field.value.clone()).unwrap_or_default()
        };
        self.asked.lock().unwrap().iter().map(of).collect()
    }

    fn keys(&self, mail: &MailFacts, question: &Question) -> Vec<Key> {
        let Question::RecipientKeys { recipient, scheme: sealing::Scheme::Smime } = question else { return vec![] };
        let address = &mail.recipients[*recipient as usize];
        let key = Key {
            fingerprint: hex(address),
            origin: Origin::File,
            algorithm: Algorithm::Rsa,
            bits: 3072,
            beside: Vec::new(),
            version: None,
            reads_seipd_v2: false,
            not_before_s: None,
            not_after_s: None,
            signs: true,
            encrypts: true,
            trust: Trust::Trusted,
        };
        self.known.lock().unwrap().get(address).map(|_| key).into_iter().collect()
    }
}

fn hex(address: &str) -> String {
    address.bytes().map(|byte| format!("{byte:02x}")).collect()
}

impl LetterSealer for Names {
    fn headers<'a>(&'a self, mail: &'a [u8]) -> BoxFuture<'a, Result<Headers, Fault>> {
        Box::pin(async move { self.mishap().map(|()| mail::read(mail, &Limits::default()).message.headers) })
    }

    fn plan<'a>(&'a self, mail: &'a MailFacts) -> BoxFuture<'a, Result<Planned, Fault>> {
        Box::pin(async move {
            self.mishap()?;
            self.asked.lock().unwrap().push(mail.clone());
            let (rules, mut facts) = (self.rules.lock().unwrap(), KeyFacts::default());
            for _ in 0..sealing::ROUNDS_MAX {
                for question in sealing::ask(mail, &rules, &facts) {
                    facts.answer(&question, Told::Known(self.keys(mail, &question)));
                }
            }
            let plan = sealing::decide(mail, &rules, &facts).recipients.remove(0);
            Ok(Planned { plan, beyond: Beyond::default() })
        })
    }

    fn may_be_told<'a>(&'a self, mail: &'a MailFacts) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move { self.mishap().map(|()| sealing::may_be_told(mail, &self.rules.lock().unwrap())) })
    }

    fn seal<'a>(
        &'a self,
        mail: &'a [u8],
        _: &'a str,
        seal: &'a Seal,
        _: &'a Beyond,
    ) -> BoxFuture<'a, Result<Result<Vec<u8>, String>, Fault>> {
        Box::pin(async move {
            self.mishap()?;
            let id = mail::read(mail, &Limits::default()).message.headers.message_id.unwrap();
            let to = seal.encrypt_to.join(" ");
            Ok(Ok(format!("Subject: [...]\r\nMessage-ID: <{id}>\r\nX-Sealed-To: {to}\r\n\r\nsealed\r\n").into_bytes()))
        })
    }
}

/// The world's site seals by this, and writes by this office.
fn sealing(world: &World, sealer: &Arc<Names>, office: &PostOffice) {
    sealing_or_not(world, Some(sealer), office);
}

fn sealing_or_not(world: &World, sealer: Option<&Arc<Names>>, office: &PostOffice) {
    let target =
        Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
    let outgoing = Outgoing::new(Some(target), None, Address { name: None, address: "support@desk.example".into() });
    let mappings = Mappings::from_toml(MAPPINGS, "a test").unwrap();
    let site = Site::new("acme", world.dialect, voice_of(world), &quick()).with_browse_base("https://tracker.example");
    let site = site.with_outgoing(Some(outgoing)).with_mappings(Some(Arc::new(mappings)));
    let sealer = sealer.map(|one| one.clone() as Arc<dyn LetterSealer>);
    world.gateway.swap_sites(vec![site.with_sealer(sealer)]);
}

async fn start(database: &Database, sealer: &Arc<Names>) -> (World, PostOffice) {
    let (world, office) = (World::start(database, Plot::default()).await, PostOffice::open());
    sealing(&world, sealer, &office);
    (world, office)
}

/// Carol comments on an issue that Bob reports and Dave watches.
async fn commented(world: &World) -> String {
    let ((id, key), [_, carol, _]) = watched(world).await;
    comment_on(world, (&id, &key), &carol).await;
    key
}

async fn comment_on(world: &World, on: (&str, &str), by: &str) {
    let said = comment(world, on.0, None).await;
    let heard = hear(world, &[event(EventKind::Commented, on, by, Some(&said))]).await;
    assert_eq!(decided(world, &heard).await.0, "letters");
}

fn waits(line: &OutboxLine) -> bool {
    line.job == Some(JobState::Waiting) && line.fault.as_ref().is_some_and(|fault| fault.code == FaultCode::SealingHeld)
}

/// Waits until so many jobs wait for a key.
async fn until_unsealed(world: &World, number: usize) {
    let deadline = Instant::now() + PATIENCE;
    while world.store.unsealed().await.unwrap().first().is_none_or(|(_, since)| since.len() != number) {
        assert!(Instant::now() < deadline, "{:?}", world.store.unsealed().await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn message_ids(posted: &[Posted]) -> BTreeSet<String> {
    posted
        .iter()
        .filter_map(|one| mail::read(one.mail.as_bytes(), &Limits::default()).message.headers.message_id)
        .collect()
}

/// Letters about events, a notice to a sender, mail that is handed on, a bulletin: each kind waits as long as nobody has a key, and then
/// leaves sealed. Not a word of any of them is seen by the server.
pub async fn no_kind_of_letter_leaves_readable(database: &Database) {
    let sealer = Names::by(ALWAYS);
    let (world, office) = start(database, &sealer).await;
    // Of two letters that one job sends neither keeps the other back.
    sealer.knows(&["two@boss.example"]);
    let key = commented(&world).await;
    let handing = format!(
        "catch = [\"nobody@example.com\"]\nuncaught = \"forward\"\nforward_to = [\"one@boss.example\", \"two@boss.example\"]\n{SUPPORT}"
    );
    world.gateway.swap_mailboxes(vec![mailbox("support", &handing)]);
    let forwarded = world.send(&mail("a@example.org", "printer", "It burns.")).await;
    let posted = office.wait_for(1);
    assert_eq!(posted[0].rcpt_to, ["two@boss.example"]);
    let profile = SUPPORT.replace("DEMO", "NOWHERE");
    let notices = format!("{profile}notices = [\"not_created\"]\n[notices]\nto = \"anyone\"\n");
    world.gateway.swap_mailboxes(vec![mailbox("support", &notices)]);
    let refused = world.send(&mail("b@example.org", "printer", "It burns.")).await;
    world.store.post_bulletin(&test("acme", "1"), &BulletinTarget::Address("ops@example.org".into())).await.unwrap();

    let lines = until(&world, "waiting", |lines| lines.len() == 2 && lines.iter().all(waits)).await;
    let why = &lines[0].fault.as_ref().unwrap().public;
    assert!(why.contains("waits") && why.contains("encrypt = always (default)"), "{why}");
    let kinds = ["bulletin", "event", "forward", "notice"].map(str::to_owned);
    until_unsealed(&world, 5).await;
    assert_eq!(sealer.kinds(), BTreeSet::from(kinds));
    let asked = sealer.asked.lock().unwrap().clone();
    let of_event = asked.iter().find(|mail| mail.recipients == ["bob@example.org"]).unwrap();
    let says =
        |name: &str, value: &str| of_event.headers.other.iter().any(|one| one.name == name && one.value == value);
    assert!(says("x-jira-issue", &key) && says("x-sealpost-mapping", "comments"), "{of_event:?}");
    assert_eq!(office.posted().len(), 1, "what has no key stays");

    let people = ["bob@example.org", "dave@example.org", "one@boss.example", "ann@example.org", "ops@example.org"];
    sealer.knows(&people);
    world.gateway.fetch_now().await.unwrap();
    let posted = office.wait_for(6);
    let lines = until(&world, "sent", |lines| all_sent(lines, 2)).await;
    world.done(&forwarded).await;
    world.outcome_of(&refused).await;
    for letter in &posted {
        assert!(
            letter.mail.contains("Subject: [...]\r\n") && letter.mail.ends_with("\r\n\r\nsealed\r\n"),
            "{}",
            letter.mail
        );
        assert!(letter.mail.contains(&format!("X-Sealed-To: {}\r\n", hex(&letter.rcpt_to[0]))), "each for his own key");
    }
    let mut got: Vec<&str> = posted.iter().map(|one| one.rcpt_to[0].as_str()).collect();
    got.sort_unstable();
    let mut expected = [&people[..], &["two@boss.example"]].concat();
    expected.sort_unstable();
    assert_eq!(got, expected, "each once");
    let left = lines[0].dialogue.as_ref().unwrap().in_words();
    assert!(left.contains("It left by S/MIME, encrypted for the key 6"), "{left}");
    assert_eq!(world.store.unsealed().await.unwrap(), []);
    world.end().await;
}

/// What fails while a letter is sealed keeps it here, whatever was wrong, and it goes sealed when that is over.
pub async fn no_trouble_lets_a_letter_out_readable(database: &Database) {
    let sealer = Names::by(&ALWAYS.replace("always", "when_possible"));
    sealer.knows(&["bob@example.org", "dave@example.org"]);
    let rules = Fault::permanent(FaultCode::SealingRulesWrong, "the folder of keys");
    let cell = Fault::temporary(FaultCode::CellDied, "a cell died");
    let lost = Fault::unknown(FaultCode::Internal, "whatever");
    sealer.mishaps.lock().unwrap().extend([rules, cell.clone(), lost, cell]);
    let (world, office) = start(database, &sealer).await;
    commented(&world).await;
    let lines = until(&world, "sent", |lines| all_sent(lines, 2)).await;
    assert_eq!(office.posted().len(), 2);
    assert!(office.posted().iter().all(|one| one.mail.ends_with("sealed\r\n")), "{:?}", office.posted());
    assert!(world.metric("sealpost_jobs_retried_total").await >= 4, "{lines:?}");
    world.end().await;
}

/// What rules held back does not leave readable because its site seals no letters any more; it goes sealed when it does again.
pub async fn what_was_held_waits_when_its_site_seals_no_more(database: &Database) {
    let sealer = Names::by(ALWAYS);
    let (world, office) = start(database, &sealer).await;
    commented(&world).await;
    until(&world, "waiting", |lines| lines.len() == 2 && lines.iter().all(waits)).await;
    sealing_or_not(&world, None, &office);
    world.gateway.fetch_now().await.unwrap();
    let says_so =
        |line: &OutboxLine| line.fault.as_ref().is_some_and(|one| one.public.contains("seals no letters any more"));
    let are_kept = |lines: &[OutboxLine]| lines.iter().all(|line| waits(line) && says_so(line));
    until(&world, "kept", |lines| are_kept(lines)).await;
    assert_eq!(office.posted().len(), 0, "nothing leaves readable");
    sealer.knows(&["bob@example.org", "dave@example.org"]);
    sealing(&world, &sealer, &office);
    world.gateway.fetch_now().await.unwrap();
    until(&world, "sent", |lines| all_sent(lines, 2)).await;
    assert!(office.posted().iter().all(|one| one.mail.ends_with("sealed\r\n")), "{:?}", office.posted());
    world.end().await;
}

/// Without a key one gets a link and one gets nothing, by rule.
pub async fn a_rule_says_what_those_get_who_have_no_key(database: &Database) {
    let rules = "version = 1\n[default]\nencrypt = \"always\"\nsign = \"never\"\nfallback = \"link_only\"\n\
        [[recipient]]\naddresses = [\"dave@example.org\"]\nfallback = \"do_not_send\"\n";
    let sealer = Names::by(rules);
    let (world, office) = start(database, &sealer).await;
    let key = commented(&world).await;
    let lines =
        until(&world, "done", |lines| lines.len() == 2 && lines.iter().all(|one| one.job == Some(JobState::Done)))
            .await;
    let posted = office.posted();
    let [notice] = posted.as_slice() else { panic!("{posted:?}") };
    assert_eq!(notice.rcpt_to, ["bob@example.org"]);
    let message = mail::read(notice.mail.as_bytes(), &Limits::default()).message;
    assert!(message.text.contains(&format!("https://tracker.example/browse/{key}")), "{}", message.text);
    for planted in ["Still burning", "Printer"] {
        assert!(!notice.mail.contains(planted), "{}", notice.mail);
    }
    let of = |to: &str| lines.iter().find(|line| line.about.as_ref().unwrap().to == to).unwrap();
    let about = of("bob@example.org").about.clone().unwrap();
    assert_eq!(message.headers.message_id.as_deref(), Some(about.message_id.as_str()), "answers find their issue");
    assert!(message.headers.references.iter().any(|id| id.starts_with("issue-")), "{:?}", message.headers.references);
    let told = of("bob@example.org").dialogue.as_ref().unwrap().sealing.clone().unwrap();
    assert!(matches!(told.fate, Fate::Notice(_)) && !told.trace.steps.is_empty(), "{told:?}");
    let LetterFate::Failed(fault) = &of("dave@example.org").fate else { panic!("{:?}", of("dave@example.org")) };
    assert_eq!(fault.code, FaultCode::SealingRefused);
    assert!(fault.public.contains("do_not_send (recipient[1])"), "{fault}");
    world.end().await;
}

pub async fn fault_20_a_sealed_letter_whose_answer_was_lost_is_the_same_letter_once_more(database: &Database) {
    let sealer = Names::by(ALWAYS);
    sealer.knows(&["bob@example.org", "dave@example.org"]);
    let (world, office) = start(database, &sealer).await;
    office.next(Mishap::LoseAnswer);
    commented(&world).await;
    until(&world, "sent", |lines| all_sent(lines, 2)).await;
    let posted = office.posted();
    assert_eq!((posted.len(), message_ids(&posted).len()), (3, 2), "one of them twice, under its Message-ID");
    assert_eq!(world.metric("sealpost_letters_again_total").await, 1);
    world.end().await;
}

/// Nobody seals what a chat is told, so it is told where to look.
pub async fn a_channel_is_told_nothing_that_has_to_be_sealed(database: &Database) {
    let (ear, sealer) = (Ear::open(&[]), Names::by(&ALWAYS.replace("[default]", "[[place]]\nkeys = [\"DEMO\"]")));
    let (world, office) = start(database, &sealer).await;
    let mappings = "[default]\nchannels = [\"ops\"]\nchannel_says = \"text\"\n\
        [[mapping]]\nname = \"chat\"\nevents = [\"commented\"]\n";
    let tell = |sealer: &Arc<Names>| {
        let target =
            Target { host: Host::Tcp { name: "127.0.0.1".to_owned(), port: office.port() }, ..Target::smtp("", 0) };
        let from = Address { name: None, address: "support@desk.example".into() };
        let site = Site::new("acme", world.dialect, voice_of(&world), &quick());
        let site = site.with_browse_base("https://tracker.example").with_sealer(Some(sealer.clone()));
        let mappings = Mappings::from_toml(mappings, "a test").unwrap();
        let site = site.with_outgoing(Some(Outgoing::new(Some(target), None, from)));
        world.gateway.swap_sites(vec![site.with_mappings(Some(Arc::new(mappings)))]);
    };
    tell(&sealer);
    let channels = vec![ear.channel(Kind::Slack)];
    world.gateway.swap_bulletins(Bulletins { channels, ..Bulletins::default() });
    sealer.mishaps.lock().unwrap().push(Fault::permanent(FaultCode::SealingRulesWrong, "wrong"));
    let ((id, key), [_, carol, _]) = watched(&world).await;
    comment_on(&world, (&id, &key), &carol).await;
    until(&world, "sent", |lines| all_sent(lines, 1)).await;
    let [(_, said)] = &ear.heard()[..] else { panic!("{:?}", ear.heard()) };
    assert!(!said.contains("burning") && !said.contains("Printer") && said.contains("protected"), "{said}");
    assert!(said.contains(&format!("https://tracker.example/browse/{key}")), "{said}");

    // Where the rules of the project let it be read it is told.
    tell(&Names::by("version = 1\n[[place]]\nkeys = [\"HR\"]\nencrypt = \"always\"\n"));
    comment_on(&world, (&id, &key), &carol).await;
    until(&world, "sent", |lines| all_sent(lines, 2)).await;
    assert!(ear.heard()[1].1.contains("Still burning."), "{:?}", ear.heard());
    world.end().await;
}

/// Who looks after the gateway hears of letters that wait for a key, by a bulletin that a rule lets out.
pub async fn that_letters_wait_for_a_key_is_told_once(database: &Database) {
    let spared = "[[exemption]]\nname = \"bulletins\"\nheaders = [\"X-Sealpost-Letter: bulletin\"]\n";
    let sealer = Names::by(&format!("{ALWAYS}{spared}"));
    let (world, office) = start(database, &sealer).await;
    let rules =
        vec![policy::bulletin::Rule { unsealed_minutes: 0, ..rule(&[Cause::Unsealed], &["ops@example.org"], &[]) }];
    world.gateway.swap_bulletins(Bulletins { rules, ..Bulletins::default() });
    commented(&world).await;
    let posted = office.wait_for(1);
    let text = mail::read(posted[0].mail.as_bytes(), &Limits::default()).message.text;
    assert!(text.contains("wait") && text.contains("rules for sealing") && !text.contains("bob"), "{text}");
    until(&world, "waiting", |lines| lines.len() == 2 && lines.iter().all(waits)).await;
    assert_eq!(office.posted().len(), 1, "once a day, and nothing else leaves");
    world.end().await;
}
