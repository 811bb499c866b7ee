//! FAULT-11: database files that are removed under a running gateway stop it before it says 250 again.

use super::mails;
use super::world::World;
use std::fs;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_11_a_database_file_that_is_gone_ends_the_gateway_and_nothing_is_acknowledged() {
    for name in ["sealpost.db", "sealpost.db-wal", "sealpost.db-shm", "book.db"] {
        let world = World::start().await;
        let mut gateway = world.home.start();
        world.hand_in(&mails::request("a@example.org", "before", "text")).await.unwrap();
        gateway.wait_until_quiet();

        let (file, away) = (world.home.data().join(name), world.home.file("away"));
        fs::rename(&file, &away).unwrap();
        let during = mails::request("b@example.org", "during", "text");
        assert!(world.hand_in(&during).await.is_err(), "{name} is gone and a mail was acknowledged");
        assert_eq!(gateway.wait_for_end().code(), Some(1), "{name}: {}", gateway.log());
        assert!(gateway.log().contains("removed or replaced"), "{name}: {}", gateway.log());

        // A supervisor does not wait for the person who puts the file back. What stands beside the database was written
        // into it at the end, and must not come back.
        if name.ends_with(".db") {
            let mut refused = world.home.spawn(&[]);
            assert_eq!(refused.wait_for_end().code(), Some(1), "{name}: {}", refused.log());
            assert!(refused.log().contains("missing"), "{name}: {}", refused.log());
            fs::rename(&away, &file).unwrap();
        }
        let mut gateway = world.home.start();
        world.hand_in(&during).await.unwrap();
        gateway.wait_until_quiet();
        let summaries: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
        assert_eq!(summaries, ["before", "during"], "{name}");
    }
}
