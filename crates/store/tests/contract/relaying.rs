//! Who has a relayed mail already.

use crate::home::*;
use store::RelayedMail;

const DAY: i64 = 86_400_000_000;

pub async fn who_has_a_relayed_mail_is_known_for_five_days_by_a_hash_alone(home: Home) {
    let store = home.open().await;
    let mail = RelayedMail { site: SITE, relay: "wiki", digest: &[7; 32] };
    let to = |names: &[&str]| names.iter().map(|name| format!("{name}@planted.example")).collect::<Vec<_>>();
    assert_eq!(store.relayed(mail, &to(&["ann", "bob"])).await.unwrap(), [false, false]);
    store.note_relayed(mail, &to(&["bob"])).await.unwrap();
    store.note_relayed(mail, &to(&["bob", "carl"])).await.unwrap();
    assert_eq!(store.relayed(mail, &to(&["ann", "bob", "carl"])).await.unwrap(), [false, true, true]);
    for other in [
        RelayedMail { site: "south", ..mail },
        RelayedMail { relay: "code", ..mail },
        RelayedMail { digest: &[8; 32], ..mail },
    ] {
        assert_eq!(store.relayed(other, &to(&["bob"])).await.unwrap(), [false], "{other:?}");
    }
    assert_eq!(home.number("SELECT COUNT(*) FROM relay_done WHERE LENGTH(hash) = 17").await, 2);

    home.sql(&format!("UPDATE relay_done SET done_at = done_at - {}", 5 * DAY - DAY / 24)).await;
    store.sweep().await.unwrap();
    assert_eq!(store.relayed(mail, &to(&["bob"])).await.unwrap(), [true], "an hour before its end");
    home.sql(&format!("UPDATE relay_done SET done_at = done_at - {}", DAY / 12)).await;
    assert_eq!(store.relayed(mail, &to(&["bob"])).await.unwrap(), [false], "an hour after it");
    store.sweep().await.unwrap();
    assert_eq!(home.number("SELECT COUNT(*) FROM relay_done").await, 0);
}
