//! Settings of automatic mail, loops and floods.

use super::{Default, Form, Room, Setting, setting};

const MACHINE_MAIL: Form = Form::OneOf(&["accept", "comment", "ignore", "hold"]);
const REPORTS: Form = Form::OneOf(&["ignore", "hold"]);

pub(super) const AUTOMATIC: Room =
    Room { title: "[automatic]: mail that machines sent", about: "No kind of it is ever answered.", settings: KINDS };

const KINDS: &[Setting] = &[
    setting(
        "automatic.auto_reply",
        MACHINE_MAIL,
        Default::Is("ignore"),
        "Absence notes and other mail that a machine sent in answer. `comment` keeps it when it answers a known thread \
         and ignores it otherwise.",
    ),
    setting(
        "automatic.bulk",
        MACHINE_MAIL,
        Default::Is("ignore"),
        "Mail that says it was sent in bulk, among it the tracker's own notifications: taken in, they would answer \
         themselves for ever. Let alerts through with a rule whose outcome is `accept`.",
    ),
    setting(
        "automatic.list",
        MACHINE_MAIL,
        Default::Is("accept"),
        "Mail by way of a mailing list. Accepted, because many support addresses are lists and their subscribers are \
         people.",
    ),
    setting(
        "automatic.bounce",
        REPORTS,
        Default::Is("ignore"),
        "Delivery reports; they never become issues or comments.",
    ),
    setting(
        "automatic.bounce_note",
        Form::Truth,
        Default::Is("false"),
        "Whether it is noted on the issue that a letter about it came back: once for each letter, at most three times a day on one issue. The \
         note is internal and names the address where the project can have internal comments; elsewhere everybody sees it, and it names nobody.",
    ),
    setting(
        "automatic.feedback_report",
        REPORTS,
        Default::Is("ignore"),
        "Reports that a recipient called a mail spam.",
    ),
    setting("automatic.read_receipt", REPORTS, Default::Is("ignore"), "Notes that a mail was shown or deleted."),
];

pub(super) const SAFEGUARDS: Room = Room {
    title: "Loops and floods",
    about: "Mail within the hour before a mail came in counts that became an issue or a comment. `loops` stands at the top of the file, before \
            every table.",
    settings: LOOPS,
};

const LOOPS: &[Setting] = &[
    setting(
        "loops",
        Form::OneOf(&["hold", "ignore"]),
        Default::Is("hold"),
        "What becomes of mail that seems to go round in a loop: more than 50 Received fields, sent from one of our own \
         addresses, beyond `limits.pair_per_hour`, or to be handed on with more than three messages in it, each inside the next.",
    ),
    setting(
        "limits.pair_per_hour",
        Form::Number(1_000_000),
        Default::Is("50"),
        "How many comments one sender may make on one issue within the hour; more are a loop of two programs that answer each other \
         without saying so. 0 for no such limit.",
    ),
    setting(
        "limits.issues_per_hour",
        Form::Number(1_000_000),
        Default::Is("0"),
        "How many issues one sender may make within the hour; 0 for no such limit. 10 is enough for people, monitoring sends more.",
    ),
    setting(
        "limits.sender_per_hour",
        Form::Number(1_000_000),
        Default::Is("0"),
        "How many mails of one sender are acted on within the hour; 0 for no such limit.",
    ),
    setting(
        "limits.on_flood",
        Form::OneOf(&["hold", "ignore", "reject", "forward"]),
        Default::Is("hold"),
        "What becomes of mail beyond `limits.issues_per_hour` and `limits.sender_per_hour`.",
    ),
];
