//! What an option of another mail handler becomes here.

/// Names of one option, plain (see `Node::plain`), and what it becomes.
pub(super) struct Known {
    pub(super) names: &'static [&'static str],
    pub(super) to: To,
    /// What a person should know who reads the line in our profile; empty for nothing.
    pub(super) note: &'static str,
}

/// What an option becomes.
#[derive(Clone, Copy)]
pub(super) enum To {
    /// A setting at the top of the profile.
    Top(&'static str, How),
    /// A setting of `[default]`, a mapping or a rule, wherever the option stands.
    Level(&'static str, How),
    /// The same by whether it stands with what is said of new issues or of comments.
    ByOccasion { create: &'static str, comment: &'static str, how: How },
    /// A setting of another table.
    In(&'static str, &'static str, How),
    /// A rule that stops mail, made of a list.
    Rule(Stop),
    /// Which of a mail's people are meant: the option switches these sides of it on.
    Sides(&'static str, &'static [&'static str]),
    /// A cause of which senders are told.
    Cause(&'static str),
    /// A header field in which known threads are looked for, or none of them.
    Thread(&'static [&'static str]),
    /// A field in which people are kept.
    PeopleField,
    /// Pictures on other servers whose words are left out.
    Pictures,
    /// Ways in which directives are written.
    Processors,
    /// A switch whose meaning is in the options that stand beside it.
    Switch(&'static [&'static str]),
    /// Nothing has to be done: why.
    NotNeeded(&'static str),
    /// As before when it is off; when it is on, this is to be done.
    NotTakenOver(&'static str),
    /// Nothing when it is on; when it is off, this is to be done.
    AlwaysOn(&'static str),
}

/// How the text of an option is read.
#[derive(Clone, Copy)]
pub(super) enum How {
    Text,
    /// Several, with commas between them.
    Texts,
    /// The same, where a mere switch names nothing.
    Names,
    Number,
    Truth,
    /// Their words, plain, with ours.
    Words(&'static [(&'static str, &'static str)]),
    /// Addresses or expressions over addresses, with commas between them: into the key and its `_regex`.
    Addresses,
    /// Addresses alone.
    People,
    /// One expression.
    Regex,
    /// Several, with commas between them.
    Regexes,
    /// Texts that begin a line which is to be cut.
    Lines,
    Project,
    /// A field of issues, by name or number.
    Field,
    /// Names of header fields, beside those that are looked at anyway.
    RecipientHeaders,
    Due,
    /// Texts in which the other's own template language may stand.
    PlainTemplate,
}

/// Which mail a list stops.
#[derive(Clone, Copy)]
pub(super) enum Stop {
    BlockedSenders,
    AllowedSenders,
    Subjects,
    /// Header fields as `Name` or `Name: value`, with what becomes of the mail.
    Headers(&'static str),
    /// Mail that is marked as spam; the option says what becomes of it.
    Spam,
}
