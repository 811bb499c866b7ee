//! What stands at rest, and what happens when somebody changes it.

use crate::home::*;
use data_encoding::{BASE32_NOPAD, BASE64, HEXLOWER};
use policy::{Facts, FaultCode};
use regex::bytes::Regex;
use std::path::Path;
use std::time::Duration;
use store::{Arrival, Bookmark, Fetched, Given, GrantOf, Handle, Invitation, JobKind, Look, Settings, Stage, Store};

/// Words that stand in content, envelope, plan, faults and profile of what [`plant`] stores.
const PLANTED: &[&str] = &["planted-", "people.example", "sender.example", "id.example", "north.example"];

/// Stores something in every sealed field there is; the authenticator's secret of a person, whose like must not be found either.
async fn plant(store: &Store) -> String {
    let message = plant_mails(store).await;
    plant_fetching(store).await;
    crate::polls::plant(store).await;
    crate::bulletins::plant(store).await;
    crate::contacts::plant(store).await;
    crate::person_keys::plant(store).await;
    crate::key_challenges::plant(store).await;
    crate::relaying::plant(store).await;
    plant_people(store, &message).await
}

/// Mails of every kind, with all that comes of them; one whose work is done.
async fn plant_mails(store: &Store) -> String {
    let text = b"Subject: planted-content\r\n\r\nplanted-content\r\n";
    for (name, bytes) in [("planted-small", text.to_vec()), ("planted-large", text.repeat(10_000))] {
        take_bytes(store, arrival(name), &bytes).await;
        decide_next(store, Some("10")).await;
        let lease = claim_one(store, CARRY).await;
        let plan = store.plan(&lease.subject).await.unwrap().unwrap();
        store.begin(&lease, &plan.step_key(1), "add_comment", "planted-before").await.unwrap();
        store.begin(&lease, &plan.step_key(2), "add_comment", "planted-before").await.unwrap();
        store.fail(&lease, &plan.step_key(2), &temporary()).await.unwrap();
        carry(store, &lease, "10").await;
    }
    let (key, fingerprint) = (Some("planted-key".into()), "planted-fingerprint".into());
    let handed_in = Handle::HandedIn { token: "t1".into(), key, fingerprint };
    let done = take(store, Arrival { handle: handed_in, ..arrival("planted-handed-in") }).await;
    decide_next(store, None).await;
    store.rehearse(&done, "planted-administrator").await.unwrap().unwrap();
    let lease = claim_one(store, &[JobKind::Rehearse]).await;
    let plan = policy::Plan { revision: 2, ..decision(&done, Some("10")).plan };
    let facts = Facts { mailbox: "planted-mailbox".into(), ..Facts::default() };
    store.propose(&lease, &plan, Some(&facts)).await.unwrap();
    crate::uploads::hand_in(store).await;
    decide_next(store, None).await;
    crate::events::plant(store).await;
    crate::outbox::plant(store).await;
    crate::written::plant(store).await;
    let parked = take(store, reply("planted-parked", "planted-root")).await;
    let lease = claim_one(store, DECIDE).await;
    store.hold(&lease, &temporary()).await.unwrap();
    store.wake(&parked, "planted-administrator").await.unwrap();
    let lease = claim_one(store, DECIDE).await;
    store.bury(&lease, &temporary()).await.unwrap();
    done
}

async fn plant_fetching(store: &Store) {
    let minute = Duration::from_secs(60);
    let given =
        Given { refresh: Some("planted-token"), access: "planted-access", access_for: minute, grant_for: Some(minute) };
    store.new_grant(&GrantOf::mailbox(SITE, MAILBOX), &given, Some("cloud")).await.unwrap();
    let account = "pop3 planted-server.example planted-user@people.example".into();
    let mailbox = Fetched { site: SITE.into(), mailbox: MAILBOX.into(), account };
    store.open_mailbox(&mailbox, &["planted-handle@id.example".into()]).await.unwrap();
    store.ensure_fetch(SITE, MAILBOX).await.unwrap();
    let lease = claim_one(store, &[JobKind::Fetch]).await;
    let bookmark = Bookmark {
        place: Some("planted-place".into()),
        stage: Stage::Following,
        left_before: None,
        owed: vec!["planted-owed".into()],
        forgotten: 0,
        moved_at: 0,
    };
    store.move_bookmark(&lease, &mailbox, &bookmark).await.unwrap();
    let report = store.ask_for_report(SITE, MAILBOX).await.unwrap();
    store.write_reports(SITE, &[report], b"planted-report").await.unwrap();
}

async fn plant_people(store: &Store, message: &str) -> String {
    store.import_profile(SITE, "support", "planted-profile").await.unwrap();
    store.import_mappings(SITE, "planted-mappings").await.unwrap();
    store.new_token(SITE, "planted-name", &[MAILBOX.into()], 60, "planted-administrator").await.unwrap();
    let address = "planted-guest@people.example".into();
    let of = Invitation { site: SITE.into(), mailbox: MAILBOX.into(), issue_id: "10".into(), address };
    store.invite(&of, 7, "planted-inviter").await.unwrap();
    store.flag(message, "planted-flag", 7, "planted-administrator").await.unwrap();
    store.note_look(SITE, message, Look::Part, Some("1.2"), "planted-looker").await.unwrap();
    let (_, secret) = store.add_supporter(SITE, "planted-supporter", "planted-administrator").await.unwrap();
    secret
}

/// Any planted word, plainly in any case, as hex, or as base64 without the letters at its end that depend on what follows;
/// the other two alignments of base64 are left to chance. And the secret, as it is shown and as bytes.
fn planted_forms(secret: &str) -> Regex {
    let bytes = BASE32_NOPAD.decode(secret.as_bytes()).unwrap();
    let mut forms = vec![bytes.iter().map(|byte| format!("(?-u:\\x{byte:02x})")).collect()];
    forms.extend([format!("(?i-u:{})", HEXLOWER.encode(&bytes)), regex::escape(&BASE64.encode(&bytes)[..24])]);
    for word in PLANTED.iter().copied().chain([secret]) {
        forms.push(format!("(?i-u:{})", regex::escape(word)));
        forms.push(format!("(?i-u:{})", HEXLOWER.encode(word.as_bytes())));
        forms.push(regex::escape(&BASE64.encode(word.as_bytes())[..12]));
    }
    Regex::new(&forms.join("|")).unwrap()
}

fn grep(forms: &Regex, bytes: &[u8], place: &str) {
    let found = forms.find(bytes).map(|found| String::from_utf8_lossy(found.as_bytes()).into_owned());
    assert_eq!(found, None, "planted words stand in {place}");
}

fn grep_folder(forms: &Regex, folder: &Path) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += grep_folder(forms, &path);
        } else {
            grep(forms, &std::fs::read(&path).unwrap_or_default(), &path.display().to_string());
            files += 1;
        }
    }
    files
}

/// Every sealed column of the main database, as `table.column`.
fn sealed_columns(home: &Home) -> &'static str {
    match home.cluster {
        Some(_) => {
            "SELECT CAST(table_name || '.' || column_name AS TEXT) FROM information_schema.columns
            WHERE table_schema = 'public' AND substr(column_name, 1, 7) = 'sealed_'"
        }
        None => {
            "SELECT t.name || '.' || c.name FROM sqlite_schema t JOIN pragma_table_info(t.name) c
            WHERE t.type = 'table' AND substr(c.name, 1, 7) = 'sealed_'"
        }
    }
}

pub async fn priv_01_priv_02_nothing_planted_is_found_at_rest(home: Home) {
    let store = home.open().await;
    let secret = plant(&store).await;
    let forms = planted_forms(&secret);
    for column in home.texts(sealed_columns(&home)).await {
        let (table, column) = column.split_once('.').unwrap();
        let sealed = format!("SELECT COUNT(*) FROM {table} WHERE {column} IS NOT NULL");
        assert!(home.number(&sealed).await > 0, "nothing is planted in {table}.{column}");
    }
    // With the write-ahead logs still there, and once more after the files were closed.
    for closed in [false, true] {
        assert!(grep_folder(&forms, home.folder.path()) >= 2);
        if let Some(cluster) = &home.cluster {
            cluster.sql(&home.settings.database, "CHECKPOINT");
            assert!(grep_folder(&forms, &cluster.data().join("pg_wal")) > 0);
            for database in [&home.settings.database, &home.settings.key_book] {
                let oid = cluster.sql(database, "SELECT oid FROM pg_database WHERE datname = current_database()");
                assert!(grep_folder(&forms, &cluster.data().join("base").join(oid.trim())) > 100);
            }
            grep(&forms, &cluster.dump(&home.settings.database), "the dump of the database");
            grep(&forms, &cluster.dump(&home.settings.key_book), "the dump of the key book");
        }
        if !closed {
            store.close().await;
        }
    }
    // The search itself finds what is there.
    for shown in ["x planted- x", &secret, "x 706c616e7465642d"] {
        assert!(forms.is_match(shown.as_bytes()), "{shown}");
    }
    std::fs::write(home.folder.path().join("proof"), "x planted- x").unwrap();
    let folder = home.folder.path().to_owned();
    assert!(std::panic::catch_unwind(|| grep_folder(&forms, &folder)).is_err());
}

pub async fn sec_49_swapped_and_changed_rows_do_not_open(home: Home) {
    let store = home.open().await;
    let one = walk(&store, arrival("one"), "10").await;
    let two = walk(&store, arrival("two"), "10").await;
    let swap = |table: &str, column: &str, key: &str| {
        format!(
            "UPDATE {table} SET {column} = (SELECT x.{column} FROM {table} x WHERE x.{key} = '{two}') WHERE {key} = '{one}'"
        )
    };
    let corrupt = |store: Store| {
        let one = one.clone();
        async move { (store.story(&one).await.is_err(), read_all(&store, &one).await.is_err()) }
    };
    // A fresh handle each time: what is unwrapped in memory must not hide what the rows say.
    assert_eq!(corrupt(home.open().await).await, (false, false));
    let swaps = [
        (swap("contents", "sealed_inline", "message"), (false, true)),
        (swap("messages", "sealed_arrival", "id"), (true, false)),
        (swap("messages", "sealed_summary", "id"), (true, false)),
        (swap("plans", "sealed_plan", "message"), (true, false)),
        (swap("messages", "wrapped_key", "id"), (true, true)),
    ];
    for (sql, expected) in swaps {
        let column = sql.split(' ').nth(3).unwrap().to_owned();
        let table = sql.split(' ').nth(1).unwrap().to_owned();
        let key = if table == "messages" { "id" } else { "message" };
        home.sql(&format!("CREATE TABLE kept AS SELECT {column} AS kept FROM {table} WHERE {key} = '{one}'")).await;
        home.sql(&sql).await;
        assert_eq!(corrupt(home.open().await).await, expected, "{table}.{column}");
        home.sql(&format!("UPDATE {table} SET {column} = (SELECT kept FROM kept) WHERE {key} = '{one}'")).await;
        home.sql("DROP TABLE kept").await;
    }
    assert_eq!(corrupt(home.open().await).await, (false, false));
    home.sql(&format!("UPDATE messages SET size_bytes = size_bytes + 1 WHERE id = '{one}'")).await;
    assert_eq!(code(read_all(&home.open().await, &one).await), FaultCode::StoreCorrupt);
}

pub async fn sec_49_changed_blobs_do_not_open(home: Home) {
    let store = home.open().await;
    let bytes: Vec<u8> = (0..300_000u32).map(|at| (at % 249) as u8).collect();
    take_bytes(&store, arrival("one"), &bytes).await;
    let message = decide_next(&store, None).await;
    let path = home.blob_files().remove(0);
    let sealed = std::fs::read(&path).unwrap();
    assert!(read_all(&store, &message).await.unwrap() == bytes);
    let segment = 64 * 1024 + 45;
    let mut changes: Vec<(String, Vec<u8>)> = Vec::new();
    for at in [0, 1, 16, 17, 28, 29, 30, segment - 1, segment, 2 * segment + 100, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        changes.push((format!("bit at {at}"), changed));
    }
    for length in [0, 1, 44, 45, segment - 1, segment, 2 * segment, sealed.len() - 1] {
        changes.push((format!("cut to {length}"), sealed[..length].to_vec()));
    }
    let mut reordered = sealed.clone();
    reordered[..2 * segment].rotate_left(segment);
    changes.push(("reordered".into(), reordered));
    let doubled = [&sealed[..segment], &sealed[..]].concat();
    changes.push(("a segment twice".into(), doubled));
    changes.push(("longer".into(), [&sealed[..], b"x"].concat()));
    for (what, changed) in changes {
        std::fs::write(&path, changed).unwrap();
        let mut reader = store.raw(&message).await.unwrap();
        let mut given = Vec::new();
        let fault = loop {
            match reader.next().await {
                Ok(Some(piece)) => given.extend_from_slice(&piece),
                Ok(None) => panic!("{what} was not noticed"),
                Err(fault) => break fault,
            }
        };
        assert_eq!(fault.code, FaultCode::StoreCorrupt, "{what}");
        assert!(bytes.starts_with(&given), "{what}: wrong bytes were given out");
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(code(read_all(&store, &message).await), FaultCode::StoreCorrupt);
}

pub async fn sec_50_another_master_key_is_refused(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    store.close().await;
    let other = home.folder.path().join("other.key");
    store::create_master_key(&other).unwrap();
    let settings = Settings { master_key: other, ..home.settings.clone() };
    let Err(fault) = Store::open(&settings).await else { panic!("another key was accepted") };
    assert_eq!(fault.code, FaultCode::KeyUnavailable);
    assert!(fault.public.contains("not the master key"), "{}", fault.public);
    let missing = Settings { master_key: home.folder.path().join("missing"), ..home.settings.clone() };
    assert_eq!(code(Store::open(&missing).await.map(|_| ())), FaultCode::KeyUnavailable);
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    std::fs::set_permissions(&home.settings.master_key, mode).unwrap();
    assert_eq!(code(Store::open(&home.settings).await.map(|_| ())), FaultCode::KeyUnavailable);
}

pub async fn sec_50_a_key_book_that_does_not_belong_to_the_database_is_refused(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    store.close().await;
    // What was destroyed on purpose is not missed.
    home.key_sql("UPDATE keys SET wrapped_key = NULL, destroyed_at = 1 WHERE kind = 'day'").await;
    home.open().await.close().await;
    for lost in ["kind = 'hash_handle'", "kind = 'day'", "1 = 1"] {
        home.key_sql("CREATE TABLE kept AS SELECT * FROM keys").await;
        home.key_sql(&format!("DELETE FROM keys WHERE {lost}")).await;
        let Err(fault) = Store::open(&home.settings).await else { panic!("accepted without keys where {lost}") };
        assert_eq!(fault.code, FaultCode::KeyUnavailable);
        assert!(fault.public.contains("not the key book"), "{}", fault.public);
        home.key_sql("DELETE FROM keys").await;
        home.key_sql("INSERT INTO keys SELECT * FROM kept").await;
        home.key_sql("DROP TABLE kept").await;
    }
    home.open().await.close().await;
}

pub async fn keys_are_renewed_before_they_wear_out(home: Home) {
    let store = home.open().await;
    let one = take(&store, arrival("one")).await;
    let days = "SELECT COUNT(*) FROM keys WHERE kind = 'day'";
    assert_eq!(home.key_number(days).await, 1);
    let reserved = home.key_number("SELECT uses FROM keys WHERE kind = 'day'").await;
    assert!((1..=1 << 20).contains(&reserved), "{reserved}");
    // Another process reserves anew, under the same key while it is good for it.
    take(&home.open().await, arrival("two")).await;
    assert_eq!(home.key_number("SELECT uses FROM keys WHERE kind = 'day'").await, 2 * reserved);
    home.key_sql("UPDATE keys SET uses = 2147483647 WHERE kind = 'day'").await;
    let other = home.open().await;
    let three = take(&other, arrival("three")).await;
    assert_eq!(home.key_number(days).await, 2);
    assert_eq!(home.number("SELECT COUNT(DISTINCT key_id) FROM messages").await, 2);
    for message in [one, three] {
        read_all(&home.open().await, &message).await.unwrap();
    }
    // So is the key of what belongs to no day; what was sealed before opens all the same.
    store.import_profile(SITE, "support", "first").await.unwrap();
    home.key_sql("UPDATE keys SET uses = 2147483647 WHERE kind = 'standing'").await;
    home.open().await.import_profile(SITE, "sales", "second").await.unwrap();
    assert_eq!(home.key_number("SELECT COUNT(*) FROM keys WHERE kind = 'standing'").await, 2);
    let other = home.open().await;
    for (name, text) in [("support", "first"), ("sales", "second")] {
        assert_eq!(other.profile_text(SITE, name, None).await.unwrap().as_deref(), Some(text));
    }
}

pub async fn sec_53_the_audit_trail_shows_every_change(home: Home) {
    let store = home.open().await;
    // So young that the sweep erases none, of which it would leave a receipt.
    let received_at = store.now().await.unwrap();
    let young = |name: &str| Arrival { received_at, ..arrival(name) };
    for number in 0..4 {
        walk(&store, young(&format!("mail-{number}")), "10").await;
    }
    let verdict = store.verify_audit().await.unwrap();
    assert_eq!((verdict.linked, verdict.unlinked, verdict.wrong), (0, 4, None));
    store.sweep().await.unwrap();
    walk(&store, young("mail-4"), "10").await;
    let verdict = store.verify_audit().await.unwrap();
    assert_eq!((verdict.linked, verdict.unlinked, verdict.wrong), (4, 1, None));
    store.sweep().await.unwrap();
    assert_eq!(store.verify_audit().await.unwrap().linked, 5);
    home.sql("CREATE TABLE kept AS SELECT * FROM audit").await;
    let overriding = if home.cluster.is_some() { "OVERRIDING SYSTEM VALUE " } else { "" };
    let changes = [
        "UPDATE audit SET at = at + 1 WHERE place = 2",
        "UPDATE audit SET receipt = '{}' WHERE place = 5",
        "UPDATE audit SET site = 'south' WHERE place = 1",
        "UPDATE audit SET kind = 'wake' WHERE place = 3",
        "UPDATE audit SET receipt = NULL WHERE place = 3",
        "UPDATE audit SET mac = (SELECT k.mac FROM kept k WHERE k.place = 1) WHERE place = 2",
        "DELETE FROM audit WHERE place = 1",
        "DELETE FROM audit WHERE place = 3",
        "DELETE FROM audit WHERE place = 5",
        "DELETE FROM audit",
        "UPDATE audit SET place = NULL, link = NULL WHERE place = 5",
        "UPDATE audit SET place = place + 100; UPDATE audit SET place = 107 - place WHERE place IN (103, 104);
         UPDATE audit SET place = place - 100 WHERE place > 100",
    ];
    for change in changes {
        home.sql(change).await;
        assert!(store.verify_audit().await.unwrap().wrong.is_some(), "not noticed: {change}");
        home.sql(&format!("DELETE FROM audit; INSERT INTO audit {overriding}SELECT * FROM kept")).await;
        assert_eq!(store.verify_audit().await.unwrap().wrong, None);
    }
    home.sql("UPDATE audit_head SET place = 4").await;
    assert!(store.verify_audit().await.unwrap().wrong.is_some());
}

pub async fn priv_24_ciphertexts_name_their_key(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    let columns = ["sealed_arrival", "wrapped_key"];
    for column in columns {
        let named = if column == "wrapped_key" { "key_id" } else { "id" };
        let sql = match home.cluster {
            Some(_) => {
                format!("SELECT COUNT(*) FROM messages WHERE substr(encode({column}, 'hex'), 1, 34) = '01' || {named}")
            }
            None => {
                format!("SELECT COUNT(*) FROM messages WHERE lower(substr(hex({column}), 1, 34)) = '01' || {named}")
            }
        };
        assert_eq!(home.number(&sql).await, 1, "{column} does not begin with version and key id");
    }
}

pub async fn key_book_and_database_are_kept_apart(home: Home) {
    let settings = Settings { key_book: home.settings.database.clone(), ..home.settings.clone() };
    assert_eq!(code(Store::open(&settings).await.map(|_| ())), FaultCode::SettingsWrong);
    let folder = home.folder.path().display().to_string();
    let (one, other) = (format!("sqlite:{folder}/one.db"), format!("sqlite:{folder}/./one.db"));
    let settings = Settings { key_book: one, database: other, ..home.settings.clone() };
    assert_eq!(code(Store::open(&settings).await.map(|_| ())), FaultCode::SettingsWrong);
    let wrong = Settings { database: "mysql://x".into(), ..home.settings.clone() };
    assert_eq!(code(Store::open(&wrong).await.map(|_| ())), FaultCode::SettingsWrong);
    let store = home.open().await;
    take(&store, arrival("one")).await;
    assert!(home.key_number("SELECT COUNT(*) FROM keys").await >= 5);
    let keys_for_replies = store.reply_keys(SITE).await.unwrap();
    assert_eq!((keys_for_replies.len(), keys_for_replies[0].0, keys_for_replies[0].1.len()), (1, 1, 32));
    assert_eq!(home.open().await.reply_keys(SITE).await.unwrap(), keys_for_replies);
    assert_ne!(store.reply_keys("south").await.unwrap()[0].1, keys_for_replies[0].1);
}

pub async fn hashes_differ_by_site_and_use(home: Home) {
    let store = home.open().await;
    take(&store, arrival("one")).await;
    take(&store, Arrival { site: "south".into(), ..arrival("one") }).await;
    for column in ["handle", "digest", "message_id"] {
        assert_eq!(home.number(&format!("SELECT COUNT(DISTINCT {column}) FROM messages")).await, 2, "{column}");
        let length = format!("SELECT COUNT(*) FROM messages WHERE length({column}) = 17");
        assert_eq!(home.number(&length).await, 2, "a key's number and 128 bits");
    }
    let together = "SELECT COUNT(*) FROM (SELECT digest FROM messages UNION SELECT message_id FROM messages
        UNION SELECT handle FROM messages) x";
    assert_eq!(home.number(together).await, 6);
}

pub async fn sec_46_settings_do_not_show_passwords(home: Home) {
    let url = "postgres://sealpost:planted-password@db.example/sealpost";
    let settings = Settings { database: url.into(), key_book: url.into(), ..home.settings.clone() };
    let shown = format!("{settings:?} {settings:#?}");
    assert!(shown.contains("postgres") && !shown.contains("planted"), "{shown}");
}
