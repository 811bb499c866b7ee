//! Every setting of a file of mappings, with its form, default and meaning: for the reader, the manual and the tests.

mod files;

pub use files::FILES_BYTES_MAX;

use super::event_words::EVENT_WORDS;
use super::summary::column_words;
use crate::profile::{Default, Form, Room, Setting, Tables, setting};

/// The longest merge window, in seconds.
pub const MERGE_WINDOW_S_MAX: u32 = 3600;
/// The most earlier comments of one letter.
pub const HISTORY_MAX: u32 = crate::template::EARLIER_MAX as u32;
/// The most people of one kind of audience.
pub const AUDIENCE_MAX: u32 = 1000;

/// The kinds of an audience that need no name: those of the issue and of its project.
pub(crate) const AUDIENCES: [&str; 9] = [
    "reporter",
    "assignee",
    "watchers",
    "request_participants",
    "organisations",
    "approvers",
    "project_lead",
    "component_leads",
    "mail_people",
];

/// By which ways people may write letters on purpose.
pub(crate) const WAYS: [&str; 4] = ["command", "api", "console", "comments"];

/// The most letters that may be asked for within an hour.
const WRITTEN_PER_HOUR_MAX: u32 = 10_000;

const WORDS: [&str; EVENT_WORDS.len()] = {
    let mut words = [""; EVENT_WORDS.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = EVENT_WORDS[at].0;
        at += 1;
    }
    words
};

/// The most issues that one letter of a summary shows.
pub const SUMMARY_ISSUES_MAX: u32 = 100;
/// The words for columns of summaries.
pub(super) const COLUMNS: usize = 12;
const COLUMN_WORDS: [&str; COLUMNS] = column_words();

/// Every setting, in the order of the manual.
pub const ROOMS: &[Room] = &[LETTERS, FILES, AUDIENCE, BOUNDS, CHANNELS, SETS, MAPPINGS, SUMMARIES, WRITTEN];

pub(crate) const TABLES: Tables = Tables { rooms: ROOMS, overriding: &["project[].", "mapping[].", "summary[]."] };

const LETTERS: Room = Room {
    title: "[default]: letters",
    about: "These and all others of `[default]` may stand in a `[[project]]` and in a `[[mapping]]`, too. Each value is taken from the \
            mapping, or else from the table of the issue's project, or else from `[default]`; `\"\"` and `[]` take away what would be \
            inherited.",
    settings: OF_LETTERS,
};

const OF_LETTERS: &[Setting] = &[
    setting(
        "default.outgoing",
        Form::Line,
        Default::Is(""),
        "The name of the `[[outgoing]]` server that the letters leave by; empty for the site's.",
    ),
    setting(
        "default.from_name",
        Form::Line,
        Default::Is(""),
        "The name in From; empty for that of the server's `from`.",
    ),
    setting(
        "default.from_address",
        Form::Address,
        Default::Is(""),
        "The address in From; empty for the outgoing server's.",
    ),
    setting(
        "default.reply_to",
        Form::Address,
        Default::Is(""),
        "Where answers go; empty for a signed reply address, by which an answer finds its issue.",
    ),
    setting(
        "default.subject_prefix",
        Form::Line,
        Default::Is(""),
        "What stands before each subject, such as `[HELP]`.",
    ),
    setting(
        "default.language",
        Form::Language,
        Default::Is("en"),
        "The language of letters to those of whom the tracker tells none: one of [those that there are](templates.md#themes), alone or with a region, such as `de-AT`.",
    ),
    setting(
        "default.time_zone",
        Form::TimeZone,
        Default::Is("UTC"),
        "The time zone of their times, by its IANA name, such as `Europe/Berlin`.",
    ),
    setting(
        "default.theme",
        Form::OneOf(&["plain", "tracker", "desk"]),
        Default::Is("plain"),
        "The [theme](templates.md) that the letters are made with.",
    ),
    setting(
        "default.format",
        Form::OneOf(&["html", "text"]),
        Default::Is("html"),
        "`html` letters have the text as well; `text` letters have nothing else.",
    ),
    setting(
        "default.letter_says",
        Form::OneOf(&["all", "link"]),
        Default::Is("all"),
        "With `link` letters have [nothing that anybody wrote](outbound.md#letters-that-say-nothing): what happened, who did it, and the link to the issue. Channels of the mapping say no more either.",
    ),
    setting(
        "default.to",
        Form::OneOf(&["each", "bcc"]),
        Default::Is("each"),
        "`each` recipient gets a letter of his own, with him in To. With `bcc` those who would get the same words for the same reason share \
         one, which names none of them. [What is the same](outbound.md#one-letter-for-several)",
    ),
    setting(
        "default.history",
        Form::Number(HISTORY_MAX),
        Default::Is("3"),
        "How many earlier comments stand below what happened, the newest first; 0 for none. They are those that everybody sees who sees \
         the issue; one that is for few stands below a letter only where that tells of something that is for the same few.",
    ),
    setting(
        "default.merge_window_s",
        Form::Number(MERGE_WINDOW_S_MAX),
        Default::Is("60"),
        "How long further events of the same issue are waited for, in seconds, so that one letter tells them all. Of the mappings that tell \
         of an event the one that waits the least says how long; an event of which none tells never ends a wait early.",
    ),
    setting(
        "default.urgent",
        Form::Truth,
        Default::Is("false"),
        "With `true` nothing is waited for, and so by no other mapping that tells of the same event.",
    ),
];

const FILES: Room = Room {
    title: "[default]: files",
    about: "Files that the events of a letter added, and those that a comment in it shows or links. Customers and people without an account \
            get those alone that the words name which they read, because the tracker shows them no others.",
    settings: files::OF_FILES,
};

const AUDIENCE: Room = Room {
    title: "[default]: the audience",
    about: "Whoever is found by several of these gets one letter of a mapping. Whether somebody may see the issue, and a comment that not \
            all may see, is asked of the tracker for each account; without its yes there is no letter. People without an account are \
            told of what everybody sees who sees the issue, and nothing of an issue with a security level.",
    settings: OF_AUDIENCE,
};

const OF_AUDIENCE: &[Setting] = &[
    setting(
        "default.audience",
        Form::SomeOf(&AUDIENCES),
        Default::Is(""),
        "Kinds of people. `mail_people` are those who take part in the issue by mail and have no account; `organisations` are the people of \
         those with which a request is shared, `approvers` those who have still to decide about an approval of it.",
    ),
    setting("default.roles", Form::Texts, Default::Is(""), "Roles of the issue's project, by name."),
    setting("default.groups", Form::Texts, Default::Is(""), "Groups, by name."),
    setting("default.user_fields", Form::Texts, Default::Is(""), "Fields of people, by name or id."),
    setting("default.group_fields", Form::Texts, Default::Is(""), "Fields of groups, by name or id."),
    setting(
        "default.address_fields",
        Form::Texts,
        Default::Is(""),
        "Fields of text in which addresses stand, by name or id. Whoever may edit such a field says who is written to.",
    ),
    setting(
        "default.accounts",
        Form::Texts,
        Default::Is(""),
        "People by their accounts: the account id in the cloud, the user name elsewhere.",
    ),
    setting("default.addresses", Form::People, Default::Is(""), "People by their addresses."),
    setting(
        "default.also",
        Form::Condition,
        Default::Unset,
        "An expression over the issue that yields a list of accounts and addresses; `[]` for none.",
    ),
    setting(
        "default.tell",
        Form::OneOf(&["both", "accounts", "addresses"]),
        Default::Is("both"),
        "Whether only people with an account, or only those without one, are told.",
    ),
    setting(
        "default.own_actions",
        Form::Truth,
        Default::Is("false"),
        "With `true` people are told of what they did themselves, by the tracker or by mail.",
    ),
    setting(
        "default.outsider_fields",
        Form::Texts,
        Default::Is("status, resolution"),
        "The fields, by name or id, of whose changes customers and people without an account are told. They see no others.",
    ),
];

const BOUNDS: Room = Room { title: "[default]: who is never written to, and how many", about: "", settings: OF_BOUNDS };

const OF_BOUNDS: &[Setting] = &[
    setting(
        "default.include",
        Form::AddressGlobs,
        Default::Unset,
        "The only addresses that are written to; without it all are.",
    ),
    setting("default.include_regex", Form::Regexes, Default::Unset, "As `include`, as regular expressions."),
    setting(
        "default.exclude",
        Form::AddressGlobs,
        Default::Unset,
        "Addresses that are never written to, included or not.",
    ),
    setting("default.exclude_regex", Form::Regexes, Default::Unset, "As `exclude`, as regular expressions."),
    setting(
        "default.disabled_domains",
        Form::Domains,
        Default::Is(""),
        "Domains to which nothing is written, with all below them.",
    ),
    setting(
        "default.audience_max",
        Form::Number(AUDIENCE_MAX),
        Default::Is("100"),
        "The most people of one kind (the watchers, all `groups`, all `roles` …) for one letter. Of more only the first are told, in the \
         tracker's order, and the story names the others.",
    ),
    setting(
        "default.tell_returned",
        Form::OneOf(&["author", "assignee", "nobody"]),
        Default::Is("author"),
        "Who is told by mail that a letter [did not arrive](outbound.md#who-is-told-that-a-letter-did-not-arrive): whoever did what it was to \
         tell, or wrote it, and else the assignee; the assignee alone; or nobody.",
    ),
];

const CHANNELS: Room = Room {
    title: "[default]: channels",
    about: "Chats, programs and telephones that are told beside people, or in their place. See [by channels](outbound.md#by-channels).",
    settings: OF_CHANNELS,
};

const OF_CHANNELS: &[Setting] = &[
    setting(
        "default.channels",
        Form::Texts,
        Default::Is(""),
        "The names of `[[channel]]` sections of the settings, whose `sites` have to name this site.",
    ),
    setting(
        "default.channel_says",
        Form::OneOf(&["link", "outline", "text"]),
        Default::Is("outline"),
        "`link` says what kind of thing happened to which issue and leads to it; `outline` who did what, the summary and changes of \
         `outsider_fields`; `text` what was written as well. None of them says anything that not everybody sees who sees the issue.",
    ),
];

const SETS: Room = Room {
    title: "[default]: what one click does",
    about: "Buttons in letters that have something done on the issue, as [directive sets](routing.md#in-letters-about-events) of a profile say. Every \
            recipient has links of his own, so such a letter is shared with nobody, whatever `to` says. They need the public listener.",
    settings: OF_SETS,
};

const OF_SETS: &[Setting] = &[
    setting(
        "default.sets",
        Form::Texts,
        Default::Is(""),
        "The `[[directive_set]]`s that letters offer, by name and in this order, at most 10. Each stands in the profile of a mailbox of this site; where several profiles \
         have one of this name, write that of the profile before it: `support/reopen`.",
    ),
    setting(
        "default.sets_to",
        Form::OneOf(&["everybody", "insiders", "outsiders"]),
        Default::Is("everybody"),
        "To whom of those who are told they are offered: `outsiders` are customers and people without an account, `insiders` all others.",
    ),
];

const MAPPINGS: Room = Room {
    title: "[[project]] and [[mapping]]",
    about: "Every mapping whose project and events match writes its letters, so somebody whom two of them mean gets two.",
    settings: OF_MAPPINGS,
};

const OF_MAPPINGS: &[Setting] = &[
    setting("project[].key", Form::ProjectKey, Default::Required, "The project whose issues the table is about."),
    setting("mapping[].name", Form::Text, Default::Required, "Its name, which the story of each letter shows."),
    setting("mapping[].enabled", Form::Truth, Default::Is("true"), "With `false` it writes nothing."),
    setting(
        "mapping[].projects",
        Form::ProjectKeys,
        Default::Is(""),
        "The projects whose issues it tells of; empty for all.",
    ),
    setting(
        "mapping[].events",
        Form::SomeOf(&WORDS),
        Default::Is("created, updated, commented"),
        "What it tells of. [What each word means](outbound.md#events)",
    ),
    setting(
        "mapping[].only_with_comment",
        Form::Truth,
        Default::Is("false"),
        "With `true` there is a letter only where a comment that its recipient may see is among the events.",
    ),
    setting(
        "mapping[].jql",
        Form::Search,
        Default::Is(""),
        "A search in the tracker's language that has to find the issue; the tracker is asked.",
    ),
    setting("mapping[].when", Form::Condition, Default::Unset, "A condition that has to hold for an event to be told."),
];

const WRITTEN: Room = Room {
    title: "[written]",
    about: "[Letters that people write on purpose](written.md) about an issue. Sender, theme, files and who is never written to are those of \
            `[default]` and of the issue's `[[project]]`; mappings have no say.",
    settings: OF_WRITTEN,
};

const OF_WRITTEN: &[Setting] = &[
    setting(
        "written.by",
        Form::SomeOf(&WAYS),
        Default::Is(""),
        "By which ways they may be written: `command` (`sealpost letter write`), `api` (a program with a token), `console` (its form), \
         `comments` (directives in comments); empty for none.",
    ),
    setting(
        "written.projects",
        Form::ProjectKeys,
        Default::Is(""),
        "The projects about whose issues they may be written; empty for all.",
    ),
    setting(
        "written.per_hour",
        Form::Number(WRITTEN_PER_HOUR_MAX),
        Default::Is("60"),
        "How many may be asked for within an hour, by all ways together; one counts once, to however many people it goes.",
    ),
    setting(
        "written.people_max",
        Form::Number(AUDIENCE_MAX),
        Default::Is("20"),
        "The most people whom one of them may go to. One to more is refused as a whole.",
    ),
    setting(
        "written.note",
        Form::OneOf(&["internal", "everybody", "none"]),
        Default::Is("internal"),
        "The comment on the issue that says to whom it went and what it says: `internal`, which hides it from customers and is not made in a project without a service desk, for \
         `everybody` who sees the issue, or `none`. An answer to the letter is for the same people; with `none` as with `internal`.",
    ),
    setting(
        "written.roles",
        Form::Texts,
        Default::Is(""),
        "Who may write one by a comment: those who have one of these roles in the issue's project, by name …",
    ),
    setting("written.groups", Form::Texts, Default::Is(""), "… or are in one of these groups, by name."),
    setting(
        "written.domains",
        Form::Domains,
        Default::Is(""),
        "The only domains that a comment may write to, with all below them; empty for all.",
    ),
];

const SUMMARIES: Room = Room {
    title: "[[summary]]",
    about: "Issues that people are told of again and again, as [summaries](summaries.md) says. Of `[default]` it inherits how its letters are made \
            (`outgoing`, `from_name`, `from_address`, `reply_to`, `subject_prefix`, `language`, `time_zone`, `theme`, `format`) and who is never \
            written to, and may say otherwise. Who gets it stands in `accounts`, `groups`, `roles` and `addresses` of the table itself; nothing of that \
            is inherited.",
    settings: OF_SUMMARIES,
};

const OF_SUMMARIES: &[Setting] = &[
    setting(
        "summary[].name",
        Form::Text,
        Default::Required,
        "Its name, which its letters and their story show. Whoever wants no more of it is remembered by the name.",
    ),
    setting("summary[].enabled", Form::Truth, Default::Is("true"), "With `false` it writes nothing."),
    setting(
        "summary[].at",
        Form::Text,
        Default::Required,
        "When it is due, as a [cron expression](summaries.md#when) of five fields: minute, hour, day, month, weekday, such as `0 8 * * 1-5`.",
    ),
    setting(
        "summary[].at_zone",
        Form::TimeZone,
        Default::Unset,
        "The time zone of `at`, by its IANA name; without it, `time_zone`.",
    ),
    setting(
        "summary[].jql",
        Form::Search,
        Default::Required,
        "A search in the tracker's language; `currentUser()` in it is each recipient. Of what it finds each is shown what he may see.",
    ),
    setting(
        "summary[].order",
        Form::Search,
        Default::Is("updated DESC"),
        "The order of the issues, as behind `ORDER BY`, such as `priority DESC, due ASC`; empty for that of `jql`.",
    ),
    setting(
        "summary[].columns",
        Form::SomeOf(&COLUMN_WORDS),
        Default::Is("status, priority, assignee, updated"),
        "What stands beside key and summary. Outsiders are shown type, status, project and reporter, and of the others those in `outsider_fields`.",
    ),
    setting(
        "summary[].issues_max",
        Form::Number(SUMMARY_ISSUES_MAX),
        Default::Is("25"),
        "The most issues of one letter; it says how many more there are.",
    ),
    setting(
        "summary[].empty",
        Form::OneOf(&["skip", "send"]),
        Default::Is("skip"),
        "What becomes of a letter without any issue: with `send` it says that there is none.",
    ),
    setting("summary[].subject", Form::Line, Default::Is(""), "What its subject says; empty for its name."),
    setting(
        "summary[].actions",
        Form::Texts,
        Default::Is(""),
        "Links beside each issue that answer it with a [directive](routing.md#directives-what-senders-may-set-by-words): a name and the directive, such as `Done: status=Done`. \
         They are offered to people with an account; whether one is carried out the profile says, as of any directive.",
    ),
    setting(
        "summary[].projects",
        Form::ProjectKeys,
        Default::Is(""),
        "The projects in which people have the `roles` that get it. It says nothing of the issues; `jql` does.",
    ),
];
