//! Settings that hold unless a mapping or a rule says otherwise.

use super::{Default, Form, Room, Setting, setting};

const MODES: Form = Form::OneOf(&["create_or_comment", "create", "comment"]);

pub(super) const PLACE: Room = Room {
    title: "[default]: where mail goes",
    about: "What stands in `[default]` holds for all mail. Each of its keys may also stand in a `[[mapping]]` and in a `[[rule]]`: \
            the rule's value counts before the mapping's, and the mapping's before the default's. `\"\"` and `[]` take away \
            what would be inherited.",
    settings: PLACE_SETTINGS,
};

const PLACE_SETTINGS: &[Setting] = &[
    setting("default.project", Form::ProjectKey, Default::Required, "The project in which new issues are made."),
    setting("default.issue_type", Form::Text, Default::Is("Task"), "The type of new issues, by name."),
    setting(
        "default.subtask_type",
        Form::Line,
        Default::Is(""),
        "The type of new issues for which a directive names a parent and no type, by name; empty for `issue_type`.",
    ),
    setting(
        "default.mode",
        MODES,
        Default::Is("create_or_comment"),
        "Whether mail that belongs to an issue becomes a comment and all other mail a new issue; or every mail a new \
         issue; or only comments are made, and `default.unplaced` says what becomes of all other mail.",
    ),
    setting(
        "default.unplaced",
        Form::OneOf(&["hold", "ignore", "reject", "forward"]),
        Default::Is("hold"),
        "What becomes of mail that belongs to no issue where only comments are made (`mode = \"comment\"`).",
    ),
];
