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
        "automatic.feedback_report",
        REPORTS,
        Default::Is("ignore"),
        "Reports that a recipient called a mail spam.",
    ),
    setting("automatic.read_receipt", REPORTS, Default::Is("ignore"), "Notes that a mail was shown or deleted."),
];

pub(super) const SAFEGUARDS: Room =
    Room { title: "Loops", about: "These stand at the top of the file, before every table.", settings: LOOPS };

const LOOPS: &[Setting] = &[setting(
    "loops",
    Form::OneOf(&["hold", "ignore"]),
    Default::Is("hold"),
    "What becomes of mail that seems to go round in a loop: more than 50 Received fields, or sent from one of our own \
     addresses.",
)];
