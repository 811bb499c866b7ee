//! Settings of letters to the senders of mail.

use super::super::notice::{CAUSES, PER_DAY_MAX, RETURNED_MAX};
use super::{Default, Form, Room, Setting, setting};

pub(super) const NOTICES: Room = Room {
    title: "[notices] and [[notice]]: letters to senders",
    about: "Of which causes senders are told stands in `default.notices`; to whom, how often and in which words stands here.",
    settings: LETTERS,
};

const LETTERS: &[Setting] = &[
    setting(
        "notices.to",
        Form::OneOf(&["authentic", "anyone"]),
        Default::Is("authentic"),
        "Who is told what became of his mail. `authentic` is senders whose domain vouches for them, and the mailbox has to \
         verify authors (`mailbox[].authenticity`). `anyone` also writes to addresses that somebody else may have put into \
         From: once in 24 hours to each. Machines, senders that read no answers and our own addresses are never written to.",
    ),
    setting(
        "notices.per_day",
        Form::Number(PER_DAY_MAX),
        Default::Is("5"),
        "The most notices to one address in 24 hours; 0 stops them. Beyond 20 within an hour to one domain, or 200 of a site, \
         none is sent either.",
    ),
    setting(
        "notices.returned_max",
        Form::Number(RETURNED_MAX),
        Default::Is("3"),
        "After so many notices, or letters about events, that came back for good (the address or its host does not exist) within 30 days nothing more goes to that \
         address, until the first of them is older or somebody clears it with `sealpost outgoing write-again`; 0 never stops. `alerts` are \
         counted likewise, by themselves.",
    ),
    setting(
        "notices.never",
        Form::AddressGlobs,
        Default::Unset,
        "Addresses that are never written to, such as `*@competitor.example`, whatever happens to their mail. None of them may stand in \
         `forward_to`.",
    ),
    setting("notices.never_regex", Form::Regexes, Default::Unset, "As `notices.never`, as regular expressions."),
    setting("notice[].cause", Form::OneOf(CAUSES), Default::Required, "The cause whose notice has the words below."),
    setting(
        "notice[].mappings",
        Form::Texts,
        Default::Is(""),
        "The mappings, by name, whose senders are told in these words; `default` is where none is named. Without it they are for all that \
         have none of their own.",
    ),
    setting("notice[].subject", Form::Text, Default::Unset, "The notice's subject; without it a built-in one."),
    setting(
        "notice[].text",
        Form::LongText,
        Default::Unset,
        "The notice's text; without it a built-in one. It never repeats what the mail says. `{{set:NAME}}` becomes the link of a \
         directive set. `{{upload_link}}` becomes a link, good for 14 days, by which the sender adds files to the issue; a line with it is \
         left out where there is no issue, or one that takes no comments any more. Links of either kind need `public.listen`.",
    ),
];

pub(super) const SETS: Room = Room {
    title: "[[directive_set]]: what one click on a link in a letter does",
    about: "Its link stands where `{{set:NAME}}` stands in the text of a notice about an issue (`status`, `search`, `resolved_too_long`, \
            `comment_limit`, `comment_rate`). See [Routing](routing.md#directive-sets-links-in-letters).",
    settings: LINKS,
};

const LINKS: &[Setting] = &[
    setting(
        "directive_set[].name",
        Form::Text,
        Default::Required,
        "How the set is named in texts: lower-case letters, digits, `-` and `_`.",
    ),
    setting(
        "directive_set[].directives",
        Form::Templates,
        Default::Required,
        "What is done on the issue: directives as senders could give them, such as `{ transition = \"Reopen\", labels = \"asked-again\" }`. \
         Who may give directives by mail does not matter here.",
    ),
    setting("directive_set[].days", Form::Number(365), Default::Is("14"), "How long a link lives after its letter."),
    setting(
        "directive_set[].enabled",
        Form::Truth,
        Default::Is("true"),
        "`false` takes it out of letters, and links that are out already do nothing.",
    ),
    setting(
        "directive_set[].people",
        Form::OneOf(&["involved", "recipient"]),
        Default::Is("involved"),
        "Whose click counts: of the recipient of the letter in any case, and `involved` asks at the click whether he takes part in the issue.",
    ),
    setting(
        "directive_set[].question",
        Form::Text,
        Default::Is("Please confirm"),
        "The heading of the page that the link opens. Nothing happens before the button on it is pressed.",
    ),
    setting("directive_set[].text", Form::LongText, Default::Unset, "What stands below it."),
    setting("directive_set[].button", Form::Text, Default::Is("Confirm"), "The words on the button."),
    setting(
        "directive_set[].done",
        Form::LongText,
        Default::Is("Thank you. It will be done within a moment."),
        "What the page says afterwards.",
    ),
    setting(
        "directive_set[].comment",
        Form::LongText,
        Default::Unset,
        "What stands in the issue as the comment of whoever clicked; without it a sentence with the words on the button.",
    ),
];
