//! Settings of what is awaited, of mappings and of rules.

use super::{Default, Form, Room, Setting, setting};

pub(super) const CATCHING: Room = Room {
    title: "What is awaited",
    about: "These stand at the top of the file, before every table.",
    settings: CATCH,
};

const CATCH: &[Setting] = &[
    setting(
        "environment",
        Form::Line,
        Default::Is(""),
        "A label such as `production` or `trial`, shown with each plan that was made under the profile. A site with another label \
         (`site[].environment`) refuses the profile.",
    ),
    setting(
        "catch",
        Form::Addresses,
        Default::Is(""),
        "The addresses at which mail is awaited. Compared with the envelope's recipients, then with the fields that \
         `recipient_headers` names. Without `catch` and `catch_regex` every mail is awaited. An address named in full never \
         counts as a sender who takes part, and mail from it is a sign of a loop.",
    ),
    setting(
        "catch_regex",
        Form::Regexes,
        Default::Unset,
        "As `catch`, as regular expressions over lower-case addresses. An address that matches never takes part in an issue.",
    ),
    setting(
        "recipient_headers",
        Form::Fields,
        Default::Is("to, cc, delivered-to"),
        "The header fields that name recipients beside the envelope, in this order. `delivered-to` stands for `X-Original-To` \
         and `Envelope-To`, too.",
    ),
    setting(
        "reply_to_from",
        Form::AddressGlobs,
        Default::Unset,
        "Addresses of our own web forms, which write for whom they name in Reply-To: where such an address is proved, that person is the \
         sender. Nobody vouches for him, so he has no account, no directives and no notices, whatever proves the form.",
    ),
    setting("reply_to_from_regex", Form::Regexes, Default::Unset, "As `reply_to_from`, as regular expressions."),
    setting(
        "signed_is_authentic",
        Form::Truth,
        Default::Is("false"),
        "With `true` a sender is also proved by a signature that is `trusted` ([sealed mail](sealing.md#mail-that-comes-in)), whatever his domain says, if the mail has its fields within what is signed. \
         Whoever has a mail that he signed once can send it again, so where directives do things that may not happen twice leave it off.",
    ),
    setting(
        "uncaught",
        Form::OneOf(&["accept", "ignore", "hold", "forward"]),
        Default::Is("accept"),
        "What becomes of mail that names no catch address. It did reach the mailbox, perhaps as a blind copy or by way of \
         a forwarding address, so by default it is treated like any other.",
    ),
    setting(
        "forward_to",
        Form::People,
        Default::Is(""),
        "Who gets mail that a setting says to `forward`. None of them may be an address at which mail is awaited, or it would \
         go round for ever.",
    ),
    setting(
        "alerts",
        Form::SomeOf(&["held", "stopped", "customer"]),
        Default::Is("held, stopped"),
        "Of what else those in `forward_to` are told, with the mail: that it is `held` for a person or was put into quarantine, that the \
         work on it has `stopped` because it was given up or waits for a person, and that its sender becomes a `customer` of the service \
         desk. Not of mail that cannot be read within its limits, nor of reports on letters of ours. At most 50 a day to each, 20 an hour \
         to one domain and 200 an hour of a site; none where `notices.returned_max` of them came back.",
    ),
    setting(
        "duplicates",
        Form::OneOf(&["one_per_project", "keep"]),
        Default::Is("one_per_project"),
        "Whether the same mail that came in by another way, too, is acted on again in the same project. A mail with the \
         same Message-ID but other bytes in the same mailbox is never taken for the same.",
    ),
    setting(
        "attachments_max",
        Form::Number(1000),
        Default::Is("200"),
        "A mail with more files than this is quarantined.",
    ),
    setting(
        "jira_pictures",
        Form::Truth,
        Default::Is("false"),
        "Whether pictures that Jira puts into its own notifications (avatars, icons, logos, told by their Content-ID) go along when such a \
         mail is answered or handed on.",
    ),
    setting(
        "rule_order",
        Form::OneOf(&["first", "rank"]),
        Default::Is("first"),
        "Which of several rules that hold decides: the first in the file, or the one of the highest `rule[].rank` (the \
         first of those that are equal).",
    ),
    setting(
        "projects.plus_address",
        Form::Truth,
        Default::Is("false"),
        "Whether mail to `support+KEY@example.com` goes to project KEY, where `support@example.com` is awaited.",
    ),
    setting(
        "projects.local_part",
        Form::Truth,
        Default::Is("false"),
        "Whether mail to `key@example.com` goes to project KEY, where that address is awaited.",
    ),
    setting(
        "projects.keys",
        Form::ProjectKeys,
        Default::Is(""),
        "The projects that an address may name beside those that mappings name. A sender chooses the address, so no other \
         project can be reached by it.",
    ),
];

pub(super) const MAPPINGS: Room = Room {
    title: "[[mapping]]: other values for a project",
    about: "A rule chooses a mapping by its name, and an address by its project (`projects`). Every key of `[default]` may stand \
            in it. `file = \"mappings/hr.toml\"`, on a line of its own, puts the rest of the mapping into a file that others keep ([Routing](routing.md#a-mapping-in-a-file-of-its-own)).",
    settings: MAPPING,
};

const MAPPING: &[Setting] = &[setting(
    "mapping[].name",
    Form::Text,
    Default::Required,
    "The mapping's name, shown with each plan that it shaped. `default` is the name of `[default]`.",
)];

pub(super) const RULES: Room = Room {
    title: "[[rule]]: which mail is treated otherwise",
    about: "A rule holds when all of its conditions hold; of several patterns of one condition one is enough. Every key of \
            `[default]` may stand in it, too.",
    settings: RULE,
};

const RULE: &[Setting] = &[
    setting("rule[].name", Form::Text, Default::Required, "The rule's name, shown with each plan that it shaped."),
    setting(
        "rule[].from",
        Form::AddressGlobs,
        Default::Unset,
        "The rule holds for mail from these addresses. When a mail names several authors, only rules that ignore, hold or \
         quarantine look at them.",
    ),
    setting("rule[].from_regex", Form::Regexes, Default::Unset, "As `from`, as regular expressions."),
    setting(
        "rule[].to",
        Form::AddressGlobs,
        Default::Unset,
        "The rule holds for mail to these addresses: the envelope's recipients and the fields of `recipient_headers`.",
    ),
    setting("rule[].to_regex", Form::Regexes, Default::Unset, "As `to`, as regular expressions."),
    setting("rule[].subject", Form::Globs, Default::Unset, "The rule holds for mail with these subjects."),
    setting("rule[].subject_regex", Form::Regexes, Default::Unset, "As `subject`, as regular expressions."),
    setting(
        "rule[].header",
        Form::FieldGlobs,
        Default::Unset,
        "The rule holds for mail with such a header field, written as `Name: value`: `\"X-Spam-Flag: YES\"`, `\"X-Team: *\"`. \
         The first 100 fields that Sealpost does not read otherwise are looked at, 1000 characters of each.",
    ),
    setting("rule[].header_regex", Form::Regexes, Default::Unset, "As `header`, as regular expressions."),
    setting(
        "rule[].authentic",
        Form::Truth,
        Default::Unset,
        "With `true` the rule holds for mail whose author's domain vouches for it, with `false` for all other mail, that for \
         which it could not be found out included. The mailbox has to verify authors (`mailbox[].authenticity`).",
    ),
    setting(
        "rule[].sealed",
        Form::Truth,
        Default::Unset,
        "With `true` the rule holds for mail that came encrypted and was opened here, with `false` for all other mail. The mailbox has to have \
         keys (`mailbox[].keys`).",
    ),
    setting(
        "rule[].signed",
        Form::OneOf(&["trusted", "untrusted", "wrong", "no"]),
        Default::Unset,
        "The rule holds for mail whose best signature is worth this: `trusted` is the author's own by a key that somebody vouches for; `untrusted` \
         holds and nobody vouches that it is the author's; `wrong` does not hold; `no` is for mail that is not signed, or not as a whole.",
    ),
    setting(
        "rule[].groups",
        Form::Texts,
        Default::Unset,
        "The rule holds for mail of an author whose account in the tracker is in one of these groups. It never holds for an \
         author whose domain does not vouch for the mail.",
    ),
    setting(
        "rule[].when",
        Form::Condition,
        Default::Unset,
        "The rule holds when this condition does, such as `authentic && size(attachments) > 2`. What it can name stands in \
         [routing](routing.md). A condition that cannot be evaluated does not hold; the trace says why.",
    ),
    setting(
        "rule[].rank",
        Form::Number(1000),
        Default::Is("0"),
        "With `rule_order = \"rank\"`: of the rules that hold the highest decides.",
    ),
    setting("rule[].mapping", Form::Text, Default::Unset, "The mapping that holds for such mail, by its name."),
    setting(
        "rule[].outcome",
        Form::OneOf(&["accept", "ignore", "hold", "quarantine", "reject", "forward"]),
        Default::Unset,
        "What becomes of such mail. `accept` lets automatic mail through that `[automatic]` would stop, but never \
         delivery reports, feedback reports and read receipts. Left out, the rule only changes the mapping.",
    ),
];
