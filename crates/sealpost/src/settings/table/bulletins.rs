//! Settings of what administrators are told of the gateway itself, and of the channels for it.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting(
        "bulletin[].name",
        Text,
        Refused,
        "The name of this rule: who is told of what. See [bulletins](bulletins.md).",
    ),
    setting("bulletin[].sites", Texts, Empty, "Of these sites alone; without it of all."),
    setting(
        "bulletin[].causes",
        Texts,
        Means("usage, busy_day, plan_end, events_held, offline, stuck, unsealed, key_ends, returned, monthly"),
        "Of what is told.",
    ),
    setting(
        "bulletin[].projects",
        Texts,
        Empty,
        "Of single mails (`mail_held`, `mail_quarantined`, `mail_forwarded`, `mail_stopped`) those alone that are for these projects.",
    ),
    setting(
        "bulletin[].mail_reasons",
        Bool,
        Means("false"),
        "Of single mails also say why, in the words of their story; these may name addresses.",
    ),
    setting("bulletin[].to", Texts, Empty, "Addresses that are told by mail, by the server of the site."),
    setting("bulletin[].channels", Texts, Empty, "The names of `[[channel]]` sections by which others are told."),
    setting(
        "bulletin[].usage_percent",
        Texts,
        Means("80"),
        "At which parts of a capacity plan, in percent; five at most. That it is spent is told in any case.",
    ),
    setting(
        "bulletin[].offline_minutes",
        Integer { min: 1, max: 10_080 },
        Means("30"),
        "How long a mailbox or a site has to fail before it is told; that it works again is told, too.",
    ),
    setting(
        "bulletin[].unsealed_minutes",
        Integer { min: 1, max: 40_320 },
        Means("60"),
        "How long a letter has to wait for a key, as [the rules for sealing](sealing.md#the-letters-of-sealpost) say, before it is told.",
    ),
    setting(
        "bulletin[].busy_day_times",
        Integer { min: 2, max: 1000 },
        Means("3"),
        "How many times the messages of an average day of the week before make a busy one; fewer than 100 never do.",
    ),
    setting(
        "bulletin[].ahead_days",
        Integer { min: 1, max: 90 },
        Means("14"),
        "How many days ahead the end of a plan, an upgrade or a pack is told.",
    ),
    setting("channel[].name", Text, Refused, "The name of this channel."),
    setting(
        "channel[].sites",
        Texts,
        Empty,
        "The sites whose [mappings](outbound.md#by-channels) may tell it what happens in issues; without it none may. Bulletins may in any \
         case.",
    ),
    setting(
        "channel[].kind",
        Choice(&["slack", "teams", "webhook", "sms"]),
        Refused,
        "What listens there: an incoming webhook of Slack or of what understands the same, a workflow of Microsoft Teams, a program of \
         your own, or a gateway for SMS.",
    ),
    setting(
        "channel[].url",
        Secret,
        Refused,
        "Where it listens: a reference, because whoever knows the address may speak there. `https` only, or `http` on this machine.",
    ),
    setting(
        "channel[].secret",
        Secret,
        Empty,
        "For `webhook`: what its messages are signed with (HMAC-SHA-256); `whsec_` and base64, or the bytes as they are.",
    ),
    setting(
        "channel[].authorization",
        Secret,
        Empty,
        "The value of the `Authorization` header, where the other end wants one.",
    ),
    setting(
        "channel[].body",
        Text,
        Empty,
        "For `sms`: the body of the request, in which `{{text}}` stands for what is said and the number as the gateway wants it.",
    ),
    setting(
        "channel[].content",
        Choice(&["form", "json"]),
        Means("form"),
        "For `sms`: what that body is, so that the text is escaped as it has to be.",
    ),
    setting("channel[].allow_private", Bool, Means("false"), "It may be at a private address, or on this machine."),
    setting("channel[].certificate_authorities", Paths, Empty, "Further certificate authorities for it, in PEM."),
    setting("channel[].proxy", Url, Empty, "The HTTP proxy for it."),
];
