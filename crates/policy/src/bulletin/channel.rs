//! Channels: other ways out than mail. What is said there is words of ours and of others alike: it is escaped, and calls nobody.

use super::Bulletin;
use aws_lc_rs::hmac;
use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What the kinds of messages about issues begin with.
pub const ISSUE: &str = "issue.";

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

/// What is said to a channel, before it is known what listens there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// What programs tell it by, such as `offline` or `issue.commented`.
    pub kind: String,
    /// What it is about: the name of what happened, or the issue's key.
    pub name: String,
    pub site: String,
    /// One line.
    pub subject: String,
    /// Lines end with LF.
    pub text: String,
    pub link: Option<String>,
    /// What the link is called.
    pub link_words: String,
}

impl Message {
    /// What a bulletin says; `console` is where the console is.
    pub fn of(bulletin: &Bulletin, console: Option<&str>) -> Message {
        Message {
            kind: bulletin.cause.word().to_owned(),
            name: bulletin.name.clone(),
            site: bulletin.site.clone(),
            subject: bulletin.subject.clone(),
            text: bulletin.text.clone(),
            link: console.map(|console| bulletin.link(console)),
            link_words: "Open the console".to_owned(),
        }
    }

    /// That something is there, and where to look, without a word of it: for a way that is not sealed, where the rules say that it has to be.
    pub fn protected(&self) -> Message {
        let text = "What happened is protected and is not told here. Please look there.\n";
        Message { subject: format!("{}: protected", self.name), text: text.to_owned(), ..self.clone() }
    }

    /// With no more than any channel takes.
    pub fn bounded(self) -> Message {
        Message { text: shortened(&self.text, CHAT_CHARS_MAX), ..self }
    }
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

/// What is sent. `id` is the same at each try of the same message, so that whoever has it already can tell; `now_s` is when it is
/// sent, in seconds since 1970.
pub fn post(kind: &Kind, message: &Message, id: &str, now_s: i64) -> Post {
    let mut headers = vec![("idempotency-key", id.to_owned())];
    let (content_type, body) = match kind {
        Kind::Slack => (JSON, slack(message)),
        Kind::Teams => (JSON, teams(message)),
        Kind::Webhook { secret } => {
            let body = webhook(message, id);
            headers.extend([
                ("webhook-id", id.to_owned()),
                ("webhook-timestamp", now_s.to_string()),
                ("webhook-signature", format!("v1,{}", signature(secret, id, now_s, &body))),
            ]);
            (JSON, body)
        }
        Kind::Sms { template, as_json } => {
            let text = sms(message);
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

fn slack(message: &Message) -> String {
    let link = message.link.as_deref();
    let link = link.map(|link| format!("\n<{}|{}>", escaped(link), in_slack(&message.link_words))).unwrap_or_default();
    let text = shortened(message.text.trim_end(), CHAT_CHARS_MAX);
    let text = format!("*{}*\n{}{link}", in_slack(&one_line(&message.subject)), in_slack(&text));
    json!({ "text": text }).to_string()
}

/// The three characters that mean something there.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Words that call nobody: what understands the same as Slack calls people by plain `@here`, `@all` or a name, and shows what hides behind
/// other words as a link or a picture.
fn in_slack(text: &str) -> String {
    without_links(&escaped(text)).replace('@', "@\u{200b}")
}

/// Without Markdown's links and pictures, whose words hide where they lead.
fn without_links(text: &str) -> String {
    text.replace("](", "]\u{200b}(")
}

/// An adaptive card in a message (Microsoft, "Create incoming webhooks with Workflows"). It calls only whom its `entities` name.
fn teams(message: &Message) -> String {
    let block = |text: &str, weight: &str| {
        let text = without_links(text);
        json!({ "type": "TextBlock", "text": text, "weight": weight, "wrap": true })
    };
    // A line of Markdown ends with two line ends.
    let text = shortened(message.text.trim_end(), CHAT_CHARS_MAX).replace('\n', "\n\n");
    let actions: Vec<_> = message
        .link
        .iter()
        .map(|link| json!({ "type": "Action.OpenUrl", "title": message.link_words, "url": link }))
        .collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": [block(&one_line(&message.subject), "Bolder"), block(&text, "Default")], "actions": actions,
    });
    let attachment = json!({ "contentType": "application/vnd.microsoft.card.adaptive", "content": card });
    json!({ "type": "message", "attachments": [attachment] }).to_string()
}

fn webhook(message: &Message, id: &str) -> String {
    let Message { kind, name, site, subject, text, link, .. } = message;
    let data = json!({ "name": name, "site": site, "subject": subject, "text": text, "link": link });
    json!({ "id": id, "type": format!("sealpost.{kind}"), "data": data }).to_string()
}

/// The subject before the text, and of a message about an issue the link, which is never cut.
fn sms(message: &Message) -> String {
    let text = one_line(&format!("{}. {}", message.subject, message.text));
    let link = message.link.as_deref().filter(|_| message.kind.starts_with(ISSUE)).unwrap_or_default();
    match link.chars().count() {
        0 => shortened(&text, SMS_CHARS_MAX),
        length if length >= SMS_CHARS_MAX => shortened(&text, SMS_CHARS_MAX),
        length => format!("{} {link}", shortened(&text, SMS_CHARS_MAX - length - 1)),
    }
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// With the ellipsis no longer than that.
fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().nth(chars_max).is_none() {
        return text.to_owned();
    }
    text.chars().take(chars_max.saturating_sub(1)).chain(chars_max.checked_sub(1).map(|_| '…')).collect()
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
        let message = Message::of(&bulletin(), Some("https://console.example/"));
        let post = post(kind, &message, "an-id", 1_795_000_000);
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
        let long = Message::of(&Bulletin { text: "ä".repeat(500), ..bulletin() }, None);
        let body = super::post(&json, &long, "i", 0).body;
        assert_eq!(
            serde_json::from_str::<Value>(&body).unwrap()["body"].as_str().unwrap().chars().count(),
            SMS_CHARS_MAX
        );
    }

    fn of_an_issue(text: &str) -> Message {
        Message {
            kind: "issue.commented".into(),
            name: "NORTH-1".into(),
            site: "north".into(),
            subject: "[NORTH-1] <!channel> @everyone".into(),
            text: text.into(),
            link: Some("https://tracker.example/browse/NORTH-1".into()),
            link_words: "View issue".into(),
        }
    }

    #[test]
    fn what_people_wrote_calls_nobody_and_hides_no_link() {
        let hostile =
            "@here <!here> <@U123> [Sign in](https://evil.example) ![x](https://evil.example/a.png) a@b.example";
        let slack = post(&Kind::Slack, &of_an_issue(hostile), "i", 0).body;
        let slack: Value = serde_json::from_str(&slack).unwrap();
        let text = slack["text"].as_str().unwrap();
        for never in ["@here", "@everyone", "<!", "<@", "](", "@U123"] {
            assert!(!text.contains(never), "{never}: {text}");
        }
        assert_eq!(text.matches('<').count(), 1, "the link alone: {text}");
        assert!(text.ends_with("<https://tracker.example/browse/NORTH-1|View issue>"), "{text}");
        let teams = post(&Kind::Teams, &of_an_issue(hostile), "i", 0).body;
        assert!(!teams.contains("](") && !teams.contains("entities"), "{teams}");
    }

    #[test]
    fn the_link_of_an_sms_is_whole_however_long_its_text() {
        let kind = Kind::Sms { template: "{\"body\":\"{{text}}\"}".into(), as_json: true };
        let body = post(&kind, &of_an_issue(&"ä\" ".repeat(400)), "i", 0).body;
        let body: Value = serde_json::from_str(&body).unwrap();
        let text = body["body"].as_str().unwrap();
        assert!(text.ends_with("… https://tracker.example/browse/NORTH-1"), "{text}");
        assert_eq!(text.chars().count(), SMS_CHARS_MAX, "{text}");
    }

    #[test]
    fn a_message_says_no_more_than_a_chat_takes() {
        let long = of_an_issue(&"<".repeat(CHAT_CHARS_MAX * 2)).bounded();
        assert_eq!(long.text.chars().count(), CHAT_CHARS_MAX);
        let body = post(&Kind::Slack, &long, "i", 0).body;
        assert!(!body.contains("&l…") && body.contains("View issue"), "an escape is never cut, nor the link");
    }
}
