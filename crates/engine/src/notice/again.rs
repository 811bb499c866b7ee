//! Who was told of an event before it is decided about anew: he is not told of it again, whichever mapping told him.

use crate::gateway::Shared;
use mail::normalised;
use policy::notify::ToldBefore;
use policy::{Fault, FaultCode};
use serde::Deserialize;
use serde_json::Value;
use store::StoredEvent;

/// What is read of an earlier decision, as it is kept.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Earlier {
    notifications: Vec<One>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct One {
    mapping: String,
    recipient: To,
    event_keys: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct To {
    address: String,
    channel: Option<Value>,
}

/// What earlier decisions say of these events. Of events that were never decided about none is kept that could say anything.
pub(super) async fn told_before(
    shared: &Shared,
    (site, issue_id): (&str, &str),
    events: &[StoredEvent],
) -> Result<Vec<ToldBefore>, Fault> {
    let Some(since) = events.iter().map(|stored| stored.received_at).min() else { return Ok(Vec::new()) };
    let notices = shared.store.notices_since(site, issue_id, since).await?;
    let deeds: Vec<String> = events.iter().map(|stored| stored.event.deed()).collect();
    let mut told = Vec::new();
    for notice in notices {
        // That it cannot be read is no word that nobody was told.
        let unread = |error: serde_json::Error| Fault::permanent(FaultCode::StoreCorrupt, error.to_string());
        told.extend(told_by(notice, &deeds).map_err(unread)?);
    }
    Ok(told)
}

fn told_by(notice: Value, deeds: &[String]) -> Result<Vec<ToldBefore>, serde_json::Error> {
    let earlier: Earlier = serde_json::from_value(notice)?;
    let mut told = Vec::new();
    for one in &earlier.notifications {
        let address = match one.recipient.channel {
            Some(_) => String::new(),
            None => normalised(&one.recipient.address),
        };
        for deed in deeds {
            let beginning = format!("event:{deed}/{}/", one.mapping);
            let number = one.event_keys.iter().find_map(|key| key.strip_prefix(&beginning));
            let before =
                |number: &str| ToldBefore { deed: deed.clone(), number: number.to_owned(), address: address.clone() };
            told.extend(number.map(before));
        }
    }
    Ok(told)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn a_decision_says_who_was_told_of_which_event() {
        let notice = json!({ "notifications": [
            { "mapping": "m", "recipient": { "address": "Bob@north.example", "channel": null },
              "event_keys": ["event:10/comment/7/m/00ff", "event:10/created/m/00ff"] },
            { "mapping": "m", "recipient": { "address": "Chat", "channel": { "name": "chat" } },
              "event_keys": ["event:10/created/m/0abc"] },
        ]});
        let deeds = ["10/created".to_owned(), "10/comment".to_owned(), "10/comment/8".to_owned()];
        let found: Vec<(String, String, String)> =
            told_by(notice, &deeds).unwrap().into_iter().map(|told| (told.deed, told.number, told.address)).collect();
        let expected = [("10/created", "00ff", "bob@north.example"), ("10/created", "0abc", "")];
        assert_eq!(found, expected.map(|(deed, number, address)| (deed.into(), number.into(), address.into())));
        assert!(told_by(json!({ "outcome": "erased" }), &deeds).unwrap().is_empty());
        assert!(told_by(json!({ "notifications": "all" }), &deeds).is_err());
    }
}
