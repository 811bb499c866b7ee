//! Channels: other ways out for bulletins than mail. What is said there names sites, mailboxes and plans, and nobody.

use super::Bulletin;
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde_json::json;

/// Characters of an SMS at most: two parts of one.
const SMS_CHARS_MAX: usize = 300;
/// Characters of a subject and a text in a chat at most.
const CHAT_CHARS_MAX: usize = 3000;

/// What listens at the other end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An incoming webhook of Slack, or of what understands the same (Mattermost, Rocket.Chat, Discord with `/slack`).
    Slack,
    /// A workflow of Microsoft Teams that takes webhooks.
    Teams,
    /// A program of one's own. `secret` signs what it gets.
    Webhook { secret: Vec<u8> },
    /// A gateway for SMS. `template` is its body with [`TEXT`] in it; as JSON the text is escaped for a string, otherwise for a form.
    Sms { template: String, as_json: bool },
}

/// Where the text stands in the template of an SMS.
pub const TEXT: &str = "{{text}}";

/// A request without its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub content_type: &'static str,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// What is sent. `id` is the same at each try of the same bulletin, so that whoever has it already can tell; `now_s` is when it is
/// sent, in seconds since 1970; `link` leads to the console, where it is known.
pub fn post(kind: &Kind, bulletin: &Bulletin, id: &str, now_s: i64, link: Option<&str>) -> Post {
    let mut headers = vec![("idempotency-key", id.to_owned())];
    let (content_type, body) = match kind {
        Kind::Slack => (JSON, slack(bulletin, link)),
        Kind::Teams => (JSON, teams(bulletin, link)),
        Kind::Webhook { secret } => {
            let body = webhook(bulletin, id, link);
            headers.extend([
                ("webhook-id", id.to_owned()),
                ("webhook-timestamp", now_s.to_string()),
                ("webhook-signature", format!("v1,{}", signature(secret, id, now_s, &body))),
            ]);
            (JSON, body)
        }
        Kind::Sms { template, as_json } => {
            let text = shortened(&one_line(&format!("{}. {}", bulletin.subject, bulletin.text)), SMS_CHARS_MAX);
            let escaped = if *as_json { in_json(&text) } else { in_form(&text) };
            (if *as_json { JSON } else { FORM }, template.replace(TEXT, &escaped))
        }
    };
    Post { content_type, headers, body }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// HMAC-SHA-256 over id, time and raw body with dots between, in base64 (Standard Webhooks, section "Signature scheme").
pub fn signature(secret: &[u8], id: &str, at_s: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    BASE64.encode(hmac::sign(&key, format!("{id}.{at_s}.{body}").as_bytes()).as_ref())
}

fn slack(bulletin: &Bulletin, link: Option<&str>) -> String {
    // The three characters that mean something there.
    let plain = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let link = link.map(|link| format!("\n<{}|Open the console>", plain(link))).unwrap_or_default();
    let text = format!("*{}*\n{}{link}", plain(&one_line(&bulletin.subject)), plain(bulletin.text.trim_end()));
    json!({ "text": shortened(&text, CHAT_CHARS_MAX) }).to_string()
}

/// An adaptive card in a message (Microsoft, "Create incoming webhooks with Workflows").
fn teams(bulletin: &Bulletin, link: Option<&str>) -> String {
    let block = |text: &str, weight: &str| json!({ "type": "TextBlock", "text": text, "weight": weight, "wrap": true });
    let text = shortened(bulletin.text.trim_end(), CHAT_CHARS_MAX);
    let actions: Vec<_> = link
        .into_iter()
        .map(|link| json!({ "type": "Action.OpenUrl", "title": "Open the console", "url": link }))
        .collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": [block(&one_line(&bulletin.subject), "Bolder"), block(&text, "Default")], "actions": actions,
    });
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    json!({ "type": "message", "attachments": [attachment] }).to_string()
}

fn webhook(bulletin: &Bulletin, id: &str, link: Option<&str>) -> String {
    let data = json!({
        "name": bulletin.name, "site": bulletin.site, "subject": bulletin.subject, "text": bulletin.text, "link": link,
    });
    json!({ "id": id, "type": format!("sealpost.{}", bulletin.cause.word()), "data": data }).to_string()
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shortened(text: &str, chars_max: usize) -> String {
    match text.char_indices().nth(chars_max) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// As it stands between the quotes of a string.
fn in_json(text: &str) -> String {
    let quoted = json!(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As a value of a form (WHATWG URL, application/x-www-form-urlencoded).
fn in_form(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._*".contains(&byte);
    let one = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if plain(byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::Cause;
    use super::*;
    use serde_json::Value;

    fn bulletin() -> Bulletin {
        Bulletin {
            name: "offline/mailbox/desk/1".into(),
            cause: Cause::Offline,
            site: "north".into(),
            subject: "The mailbox <desk> is \"offline\" & gone".into(),
            text: "It has not worked\nfor 31 minutes.\n".into(),
        }
    }

    fn said(kind: &Kind) -> (Post, Value) {
        let post = post(kind, &bulletin(), "an-id", 1_795_000_000, Some("https://console.example/"));
        let value = serde_json::from_str(&post.body).unwrap_or(Value::Null);
        assert!(post.headers.contains(&("idempotency-key", "an-id".into())), "{post:?}");
        (post, value)
    }

    #[test]
    fn slack_gets_a_text_that_cannot_call_anybody() {
        let (_, said) = said(&Kind::Slack);
        let expected = "*The mailbox &lt;desk&gt; is \"offline\" &amp; gone*\nIt has not worked\nfor 31 minutes.\n\
                        <https://console.example/|Open the console>";
        assert_eq!(said["text"], expected);
    }

    #[test]
    fn teams_gets_a_card() {
        let (_, said) = said(&Kind::Teams);
        let card = &said["attachments"][0]["content"];
        assert_eq!((&said["type"], &card["type"]), (&json!("message"), &json!("AdaptiveCard")));
        assert_eq!(card["body"][0]["text"], "The mailbox <desk> is \"offline\" & gone");
        assert_eq!(card["actions"][0]["url"], "https://console.example/");
    }

    #[test]
    fn a_program_gets_what_is_signed_over_its_raw_bytes() {
        let (post, said) = said(&Kind::Webhook { secret: b"secret".to_vec() });
        assert_eq!((&said["type"], &said["data"]["site"]), (&json!("sealpost.offline"), &json!("north")));
        let header = |name: &str| post.headers.iter().find(|(of, _)| *of == name).unwrap().1.clone();
        assert_eq!((header("webhook-id"), header("webhook-timestamp")), ("an-id".into(), "1795000000".into()));
        let expected = signature(b"secret", "an-id", 1_795_000_000, &post.body);
        assert_eq!(header("webhook-signature"), format!("v1,{expected}"));
        // The example of the standard's own libraries.
        let secret = data_encoding::BASE64.decode(b"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let known = signature(&secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}");
        assert_eq!(known, "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn an_sms_is_short_and_stays_within_its_place() {
        let json = Kind::Sms { template: "{\"to\":\"+491\",\"body\":\"{{text}}\"}".into(), as_json: true };
        let (_, said_json) = said(&json);
        let text = said_json["body"].as_str().unwrap();
        assert_eq!(text, "The mailbox <desk> is \"offline\" & gone. It has not worked for 31 minutes.");
        let form = Kind::Sms { template: "to=%2B491&text={{text}}".into(), as_json: false };
        let (post, _) = said(&form);
        assert_eq!(post.content_type, "application/x-www-form-urlencoded");
        assert!(post.body.ends_with("%22offline%22+%26+gone.+It+has+not+worked+for+31+minutes."), "{}", post.body);
        let long = Bulletin { text: "ä".repeat(500), ..bulletin() };
        let body = super::post(&json, &long, "i", 0, None).body;
        assert_eq!(
            serde_json::from_str::<Value>(&body).unwrap()["body"].as_str().unwrap().chars().count(),
            SMS_CHARS_MAX + 1
        );
    }
}
