//! The words of other mail handlers that choose one of several ways, plain, with ours.

pub(super) const UNCAUGHT: &[(&str, &str)] = &[
    ("drop", "ignore"),
    ("dropexitgroup", "ignore"),
    ("delete", "ignore"),
    ("forward", "forward"),
    ("ignore", "hold"),
    ("hold", "hold"),
    ("leave", "hold"),
];
pub(super) const UNPLACED: &[(&str, &str)] =
    &[("drop", "ignore"), ("ignore", "ignore"), ("forward", "forward"), ("reject", "reject"), ("hold", "hold")];
pub(super) const REFUSED: &[(&str, &str)] = &[
    ("reject", "reject"),
    ("forward", "forward"),
    ("create", "create"),
    ("hold", "hold"),
    ("true", "create"),
    ("false", "reject"),
];
pub(super) const FLOOD: &[(&str, &str)] =
    &[("drop", "ignore"), ("ignore", "ignore"), ("forward", "forward"), ("reject", "reject"), ("hold", "hold")];
pub(super) const MACHINE: &[(&str, &str)] = &[
    ("drop", "ignore"),
    ("dropexitgroup", "ignore"),
    ("delete", "ignore"),
    ("ignore", "ignore"),
    ("filtered", "ignore"),
    ("block", "ignore"),
    ("true", "ignore"),
    ("allow", "accept"),
    ("handle", "accept"),
    ("false", "accept"),
    ("forward", "hold"),
    ("hold", "hold"),
];
pub(super) const MODE: &[(&str, &str)] = &[
    ("createandcomment", "create_or_comment"),
    ("createorcomment", "create_or_comment"),
    ("createcomment", "create_or_comment"),
    ("both", "create_or_comment"),
    ("createonly", "create"),
    ("create", "create"),
    ("commentonly", "comment"),
    ("comment", "comment"),
];
pub(super) const OVERFLOW: &[(&str, &str)] = &[("truncate", "truncate"), ("reject", "reject"), ("forward", "forward")];
pub(super) const APPLY: &[(&str, &str)] = &[
    ("off", "off"),
    ("disabled", "off"),
    ("never", "off"),
    ("oncreate", "create"),
    ("create", "create"),
    ("oncomment", "comment"),
    ("comment", "comment"),
    ("oncreatecomment", "create_or_comment"),
    ("oncreateorcomment", "create_or_comment"),
    ("createorcomment", "create_or_comment"),
    ("createcomment", "create_or_comment"),
    ("both", "create_or_comment"),
];
pub(super) const ASSIGNEE: &[(&str, &str)] = &[
    ("default", "default"),
    ("defaultassignee", "default"),
    ("automatic", "default"),
    ("projectlead", "default"),
    ("firstrecipient", "first_recipient"),
    ("recipient", "first_recipient"),
    ("firstto", "first_to"),
    ("firsttorecipient", "first_to"),
    ("to", "first_to"),
    ("firstcc", "first_cc"),
    ("firstccrecipient", "first_cc"),
    ("cc", "first_cc"),
    ("reporter", "sender"),
    ("sender", "sender"),
];
pub(super) const ORDER: &[(&str, &str)] = &[
    ("firstmatch", "first"),
    ("firstmatchwins", "first"),
    ("first", "first"),
    ("default", "first"),
    ("priority", "rank"),
    ("bypriority", "rank"),
    ("prioritybased", "rank"),
];
pub(super) const RIGHTS: &[(&str, &str)] = &[
    ("true", "everybody"),
    ("yes", "everybody"),
    ("on", "everybody"),
    ("false", "nobody"),
    ("no", "nobody"),
    ("off", "nobody"),
];
pub(super) const STRANGERS: &[(&str, &str)] = &[
    ("true", "comment"),
    ("yes", "comment"),
    ("on", "comment"),
    ("false", "create"),
    ("no", "create"),
    ("off", "create"),
];
