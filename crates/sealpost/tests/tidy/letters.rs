//! One gate for automatic mail, held by the source itself (SEC-26): one room decides on letters, one function enqueues them, one job
//! sends them.

use crate::source::{File, rust_files};

/// Where a word stands in the program's source, tests and what serves tests left out: the file, and how often.
fn places(word: &str) -> Vec<(String, usize)> {
    let is_program = |file: &File| file.path.contains("/src/") && !file.path.starts_with("crates/rig/");
    let files = rust_files().into_iter().filter(is_program);
    let counted = files.map(|File { path, text }| {
        let program = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        (path, program.matches(word).count())
    });
    counted.filter(|(_, number)| *number > 0).collect()
}

fn only(word: &str, path: &str, number: usize) {
    let found = places(word);
    assert!(found == [(path.to_owned(), number)], "{word:?} belongs into {path} alone, {number} times: {found:?}");
}

#[test]
fn sec_26_only_one_function_enqueues_letters() {
    only("INSERT INTO letters", "crates/store/src/letter.rs", 1);
    only("VALUES ($1, 'deliver',", "crates/store/src/letter.rs", 1);
    only("async fn post(", "crates/store/src/letter.rs", 1);
    only("INSERT INTO bulletins", "crates/store/src/bulletin.rs", 1);
    only("VALUES ($1, 'bulletin',", "crates/store/src/bulletin.rs", 1);
    only("INSERT INTO key_challenges", "crates/store/src/key_challenge.rs", 1);
    only("VALUES ($1, 'challenge',", "crates/store/src/key_challenge.rs", 1);
    only("INSERT INTO outbox (", "crates/store/src/outbox.rs", 1);
    only("SELECT 'letter:' ||", "crates/store/src/outbox.rs", 1);
}

#[test]
fn sec_26_only_the_gates_room_makes_letters_and_only_its_job_sends_them() {
    // As the value of a plan: a forward, an alert, a notice.
    let made = places("kind: LetterKind::");
    assert!(made == [("crates/policy/src/decide/letters.rs".to_owned(), 3)], "letters are made elsewhere: {made:?}");
    only("mail::compose::letter(", "crates/engine/src/deliver.rs", 1);
    // Decisions about events and about summaries post theirs; beside them there are only what a channel is told, kept as a mail to look at, and the
    // one that a person tries a server with.
    let composed = places("mail::compose::notification(");
    let rooms = [
        "crates/engine/src/notice/letters.rs",
        "crates/engine/src/notice/message.rs",
        "crates/engine/src/summary/letters.rs",
        "crates/sealpost/src/command/letter/try_out.rs",
    ];
    assert!(composed == rooms.map(|path| (path.to_owned(), 1)), "letters are composed elsewhere: {composed:?}");
    let opened = [places("Connection::open("), places("Connection::reach(")].concat();
    let opened: Vec<String> = opened.into_iter().map(|(path, _)| path).collect();
    let in_the_engine: Vec<&String> = opened.iter().filter(|path| path.starts_with("crates/engine/")).collect();
    // The relay makes no letters: it hands on what other programs wrote, and its gate is its sealer.
    assert!(
        in_the_engine == ["crates/engine/src/deliver/shelf.rs", "crates/engine/src/relay/hop.rs"],
        "mail is handed to a server past the gate: {opened:?}"
    );
}
