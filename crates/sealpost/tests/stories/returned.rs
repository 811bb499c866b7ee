//! Whoever commented is told that the letter about it did not arrive: once, also when the process dies over it.

use super::outbound::{Telling, to};
use super::world::{INCUMBENT, lines};
use rig::post_office::Mishap;
use serde_json::{Value, json};
use std::fs;

const MAPPINGS: &str = "[default]\nurgent = true\naudience = []\naddresses = [\"boss@people.example\"]\n[[mapping]]\nname = \"comments\"\nevents = [\"commented\"]\n";

/// The letters as the command shows them, newest first.
fn listed(telling: &Telling) -> Vec<Value> {
    lines(&telling.world.run(&["letter", "--config", "sealpost.toml", "list"]))
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_it_tells_of_a_letter_that_did_not_arrive_it_tells_once() {
    for point in engine::crash_point::RETURNING {
        let mut telling = Telling::start_with(|home| fs::write(home.file("mappings.toml"), MAPPINGS).unwrap()).await;
        let key = telling.issue();
        telling.letters(1);
        telling.gateway.signal(rustix::process::Signal::TERM);
        telling.gateway.wait_for_end();
        telling.gateway = telling.world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        telling.gateway.wait_until_ready().unwrap();
        telling.office.next(Mishap::Answer("RCPT", "550 5.1.1 no such user"));
        telling.comment(&key, "planted-comment");
        telling.gateway.wait_for_end();
        telling.gateway = telling.world.home.start();
        telling.gateway.wait_until_quiet();
        let posted = telling.office.posted();
        assert_eq!((posted.len(), to(&posted, INCUMBENT).len()), (1, 1), "{point}: {posted:?}");
        let lines = listed(&telling);
        let [told, failed] = lines.as_slice() else { panic!("{point}: {lines:#?}") };
        assert_eq!((&told["tells_of"], &failed["state"]), (&failed["id"], &json!("failed")), "{point}: {lines:#?}");
        let id = failed["id"].as_str().unwrap();
        let shown = telling.world.run(&["letter", "--config", "sealpost.toml", "show", id]);
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        let decision = &shown["return_told"]["decision"];
        assert_eq!(
            (&shown["return_told"]["outcome"], &decision["recipient"]["address"]),
            (&json!("told"), &json!(INCUMBENT))
        );
    }
}
