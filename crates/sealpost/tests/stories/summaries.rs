//! Scheduled summaries by the real program: each is decided about once and sent once to each reader, whatever dies.

use super::events::SITE;
use super::letters::post_by;
use super::world::{World, lines, told};
use rig::post_office::{PostOffice, Posted};
use rig::settings_file::quoted;
use serde_json::json;
use std::fs;
use std::process::Stdio;

/// Due on one day of the year, so that only what a person asks for is sent.
const SELDOM: &str = "[[summary]]\nname = \"open\"\nat = \"0 0 29 2 *\"\nat_zone = \"UTC\"\njql = \"project = DEMO\"\n\
                      addresses = [\"ann@people.example\", \"bea@people.example\"]\n";
const READERS: [&str; 2] = ["ann@people.example", "bea@people.example"];

fn to(posted: &[Posted], address: &str) -> Vec<Posted> {
    posted.iter().filter(|letter| letter.rcpt_to == [address]).cloned().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_02_killed_at_each_step_of_a_summary_it_is_sent_once_to_each_reader() {
    for point in engine::crash_point::SUMMING {
        let office = PostOffice::open();
        let mut world = World::start().await;
        post_by(&mut world.home, "support@desk.example", &office);
        fs::write(world.home.file("mappings.toml"), SELDOM).unwrap();
        world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
        let issue =
            json!({ "fields": { "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": "A leak" } });
        let key = world.as_incumbent("/rest/api/3/issue", &issue)["key"].as_str().unwrap().to_owned();
        world.home.write_settings();

        let mut gateway = world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        gateway.wait_until_ready().unwrap();
        let asking = ["summary", "--config", "sealpost.toml", "send", "open", "--site", SITE];
        let asking = world.home.command(&asking).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        assert!(!gateway.wait_for_end().success(), "{point} was not passed: {}", gateway.log());
        // What was on its way when the process died may be sent again, as any letter: the same bytes.
        let on_its_way = office.posted();
        let mut gateway = world.home.start();
        let asked = asking.wait_with_output().unwrap();
        assert!(asked.status.success(), "{point}: {}", told(&asked));
        office.wait_for(READERS.len());
        gateway.wait_until_quiet();

        let posted = office.posted();
        for address in READERS {
            let (copies, before) = (to(&posted, address), to(&on_its_way, address));
            assert!((1..=1 + before.len()).contains(&copies.len()), "{point}: {} to {address}", copies.len());
            assert!(copies.iter().all(|letter| *letter == copies[0]), "{point}: the same letter, byte for byte");
            assert!(copies[0].mail.contains(&key), "{point}: {}", copies[0].mail);
        }
        let shown = world.run(&["summary", "--config", "sealpost.toml", "show", "open", "--site", SITE]);
        let decisions = lines(&shown);
        assert_eq!((decisions.len(), &decisions[0]["outcome"]), (1, &json!("letters")), "{point}: {decisions:#?}");
        assert_eq!(decisions[0]["letters"].as_array().unwrap().len(), READERS.len(), "{point}: {decisions:#?}");
    }
}
