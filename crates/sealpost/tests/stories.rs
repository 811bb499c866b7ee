//! Stories with the real binary: mail goes in as people and servers send it, and what the tracker holds is counted.
//!
//! One binary for all of them, because linking one takes longer than running most of them. The desk runs in the test's
//! process, so that it outlives every gateway that is killed.
#![allow(clippy::unwrap_used)]

mod stories {
    mod api;
    mod attachments;
    mod authors;
    mod benches;
    mod browser;
    mod cases;
    mod check;
    mod command_line;
    mod corpora;
    #[cfg(feature = "crash_points")]
    mod crash;
    mod demo;
    mod desk;
    mod dkim;
    mod event_acts;
    mod events;
    mod fetching;
    mod fetching_graph;
    mod fetching_imap;
    mod fetching_oauth;
    mod fields;
    mod harvest;
    mod hostile;
    mod key_directories;
    mod key_sources;
    mod key_tokens;
    mod keys;
    mod keys_sealed;
    mod keys_told;
    mod letter_files;
    mod letter_looks;
    mod letters;
    mod letters_oauth;
    mod letters_sealed;
    mod links;
    mod lost_answers;
    mod mails;
    mod messages;
    mod moving_in_sealed;
    mod outbound;
    mod own_keys;
    mod pages;
    mod people;
    mod polling;
    mod portal;
    mod power;
    mod profiles;
    mod public;
    mod relay;
    mod relay_alone;
    mod relay_holds;
    mod relay_opens;
    mod relay_sealed;
    mod removed_files;
    mod replay;
    mod returned;
    mod revocation;
    mod scores;
    mod sealed_in;
    mod sealing;
    mod sealing_asked;
    mod seclusion;
    mod secrecy;
    mod sets;
    mod settings;
    mod shadow;
    mod signals;
    mod site_oauth;
    mod sop;
    #[cfg(feature = "crash_points")]
    mod summaries;
    mod swaks;
    mod ten_minutes;
    mod two_processes;
    mod unsubscribing;
    mod usage;
    mod walk;
    mod ways_in;
    mod world;
    mod written;
}
