//! Letters to senders leave the real program once, whatever kills it, and two gateways do not write to each other for ever.

use super::mails;
use super::world::{World, told};
use courier::submit::{Target, submit};
use mail::Envelope;
use rig::gateway::Gateway;
use rig::home::Home;
use rig::post_office::{Mishap, PostOffice, Posted};
use rig::settings_file::quoted;
use std::fs;
use std::net::SocketAddr;

/// The tracker has no such project, so each mail's issue is refused; its sender is told.
const REFUSED: &str = "catch = [\"CATCH\"]\n[default]\nproject = \"NOWHERE\"\nissue_type = \"Task\"\n\
                       notices = [\"not_created\"]\n[notices]\nto = \"anyone\"\n";

/// A world whose site writes from this address, by way of this office.
pub async fn writing(from: &str, office: &PostOffice) -> World {
    let mut world = World::start().await;
    fs::write(world.home.file("profile.toml"), REFUSED.replace("CATCH", from)).unwrap();
    post_by(&mut world.home, from, office);
    world
}

/// The home's site writes from this address, by way of this office.
pub fn post_by(home: &mut Home, from: &str, office: &PostOffice) {
    let settings = &mut home.settings;
    settings.set("[[site]]", "dead_end", "false");
    settings.set("[[site]]", "outgoing", quoted("post"));
    settings.set("[[site]]", "from", quoted(&format!("Support <{from}>")));
    let server = [
        ("name", quoted("post")),
        ("host", quoted("127.0.0.1")),
        ("port", office.port().to_string()),
        ("tls", quoted("none")),
    ];
    settings.add("[[outgoing]]", &server);
}

/// Waits until the letters of so many mails have come to their end.
pub fn written(gateway: &mut Gateway, letters: u64) {
    gateway.wait_until("written", |metrics| {
        let sent = metrics.sum("sealpost_letters_sent_total", &[]);
        sent + metrics.sum("sealpost_letters_failed_total", &[]) >= letters
    });
    gateway.wait_until_quiet();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_says_where_letters_go() {
    let office = PostOffice::open();
    let mut world = writing("support@desk.example", &office).await;
    let output = world.run(&["check", "--config", "sealpost.toml"]);
    let said = told(&output);
    assert_eq!(said.matches("DOES NOT").count(), 1, "the project that is not there, and nothing else: {said}");
    assert!(said.contains("letters of site demo: they leave by post"), "{said}");
    assert!(said.contains("outgoing post: 127.0.0.1 answers"), "{said}");

    world.home.settings.set("[[site]]", "dead_end", "true");
    let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(said.contains("it is a dead end, nothing leaves"), "{said}");

    // A profile that writes letters on a site that has no way out is refused, not found out with the first letter.
    world.home.settings.set("[[site]]", "dead_end", "false");
    world.home.settings.set("[[site]]", "outgoing", quoted("nobody"));
    let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
    let sentence = "site[].outgoing = \"nobody\": is not the name of any [[outgoing]], and site \"demo\" names it";
    assert!(said.contains(sentence), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_test_letter_goes_the_way_of_all_letters_and_tells_what_was_said() {
    let office = PostOffice::open();
    let mut world = writing("support@desk.example", &office).await;
    let mappings = "[default]\nsubject_prefix = \"[HELP]\"\naudience = [\"reporter\"]\n\
        [[mapping]]\nname = \"night\"\nfrom_name = \"Night watch\"\nfrom_address = \"night@desk.example\"\nlanguage = \"de\"\nformat = \"text\"\n";
    std::fs::write(world.home.file("mappings.toml"), mappings).unwrap();
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    let test = |more: &[&str]| {
        let given = ["letter", "--config", "sealpost.toml", "test", "--site", "demo", "--to", "ann@example.org"];
        let output = world.run(&[&given, more].concat());
        let said: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code(), said, told(&output))
    };
    let (code, said, all) = test(&[]);
    assert_eq!(code, Some(0), "{all}");
    assert_eq!((&said["from"], &said["tls"], &said["error"]), (&"support@desk.example".into(), &().into(), &().into()));
    assert!(said["answer"].as_str().unwrap().starts_with("250 "), "{said:#}");
    assert_eq!(said["greeting"], "post.example ESMTP");
    let (code, _, all) = test(&["--mapping", "night"]);
    assert_eq!(code, Some(0), "{all}");
    let posted = office.wait_for(2);
    let read = |posted: &Posted| mail::read(posted.mail.as_bytes(), &mail::Limits::default()).message;
    let (usual, night) = (read(&posted[0]), read(&posted[1]));
    assert!(usual.headers.subject.starts_with("[Test] [HELP] "), "{}", usual.headers.subject);
    assert!(usual.html.is_some() && usual.text.contains("reply above this line"), "{}", usual.text);
    assert_eq!(night.headers.from[0].name.as_deref(), Some("Night watch"));
    assert!(night.html.is_none() && night.text.contains("oberhalb dieser Linie"), "{}", night.text);

    office.next(Mishap::Refuse(550));
    let (code, said, _) = test(&[]);
    assert_eq!((code, &said["answer"]), (Some(1), &().into()), "{said:#}");
    assert!(said["error"].as_str().unwrap().contains("did not take the letter: 550"), "{said:#}");
    let (code, _, all) = test(&["--mapping", "nigth"]);
    assert!(code == Some(1) && all.contains("did you mean night?"), "{all}");
    world.home.settings.set("[[site]]", "dead_end", "true");
    let output =
        world.run(&["letter", "--config", "sealpost.toml", "test", "--site", "demo", "--to", "ann@example.org"]);
    assert!(!output.status.success() && told(&output).contains("is a dead end"), "{}", told(&output));
    assert_eq!(office.posted().len(), 2);
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_20_killed_at_each_step_of_a_letter_it_sends_the_same_one_again_at_most() {
    for (point, copies) in engine::crash_point::DELIVERING.iter().zip([1, 2, 1]) {
        let office = PostOffice::open();
        let world = writing("support@desk.example", &office).await;
        let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        gateway.wait_until_ready().unwrap();
        world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
        gateway.wait_for_end();
        let mut gateway = world.home.start();
        gateway.wait_until_quiet();
        let posted = office.wait_for(copies);
        assert_eq!(posted.len(), copies, "{point}");
        assert!(posted.iter().all(|letter| letter == &posted[0]), "{point}: the same letter, byte for byte");
    }
}

/// Takes the letters of one gateway to the other as a relay would that removes every sign of a machine.
struct Relay<'a> {
    office: &'a PostOffice,
    from: &'a str,
    to: SocketAddr,
    carried: usize,
}

impl Relay<'_> {
    async fn carry(&mut self) {
        for letter in self.office.posted().into_iter().skip(self.carried) {
            self.carried += 1;
            let envelope = Envelope {
                mail_from: Some(self.from.to_owned()),
                rcpt_to: letter.rcpt_to.clone(),
                ..Envelope::default()
            };
            let target = Target::smtp(self.to.ip().to_string(), self.to.port());
            submit(&target, &envelope, bare(&letter).as_bytes()).await.unwrap();
        }
    }
}

fn bare(letter: &Posted) -> String {
    const SIGNS: &[&str] =
        &["Auto-Submitted:", "X-Auto-Response-Suppress:", "Precedence:", "Message-ID:", "In-Reply-To:", "References:"];
    let (head, body) = letter.mail.split_once("\r\n\r\n").unwrap();
    let kept: Vec<&str> = head.split("\r\n").filter(|line| !SIGNS.iter().any(|sign| line.starts_with(sign))).collect();
    // Each is another mail to whoever knows mails by their ids or bytes.
    format!("{}\r\nMessage-ID: <{}@relay.example>\r\n\r\n{body}", kept.join("\r\n"), letter.mail.len())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_25_two_gateways_that_answer_each_other_stop() {
    let (north_post, south_post) = (PostOffice::open(), PostOffice::open());
    let north = writing("help@north.example", &north_post).await;
    let south = writing("help@south.example", &south_post).await;
    let (mut north_gateway, mut south_gateway) = (north.home.start(), south.home.start());
    // Somebody forges a mail from one to the other.
    let forged = String::from_utf8(mails::request("a@example.org", "printer", "It burns.")).unwrap();
    let forged = forged.replace("ann@example.org", "help@south.example");
    assert!(forged.contains("help@south.example"), "{forged}");
    north.hand_in(forged.as_bytes()).await.unwrap();
    let mut to_south = Relay { office: &north_post, from: "help@north.example", to: south.home.smtp, carried: 0 };
    let mut to_north = Relay { office: &south_post, from: "help@south.example", to: north.home.smtp, carried: 0 };
    written(&mut north_gateway, 1);
    loop {
        let before = to_south.carried + to_north.carried;
        to_south.carry().await;
        south_gateway.wait_until_quiet();
        to_north.carry().await;
        north_gateway.wait_until_quiet();
        if to_south.carried + to_north.carried == before {
            break;
        }
        assert!(before < 10, "they still write to each other");
    }
    assert!(to_south.carried >= 1 && to_north.carried >= 1, "each wrote at least once, or nothing was tried");
}
