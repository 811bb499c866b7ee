//! The words that settings choose from, as values.

/// A value that stands as one word in a profile.
pub(crate) trait Word: Copy + PartialEq + 'static {
    /// Every value with its word.
    const WORDS: &'static [(&'static str, Self)];

    fn from_word(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
    }

    fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, value)| *value == self).map_or("", |(word, _)| word)
    }
}

/// Enumerations whose first variant is what holds where nothing is said.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $(#[$first_doc:meta])* $first:ident = $first_word:literal, $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub(crate) enum $name { $(#[$first_doc])* #[default] $first, $($(#[$variant_doc])* $variant),* }

        impl Word for $name {
            const WORDS: &'static [(&'static str, $name)] =
                &[($first_word, $name::$first), $(($word, $name::$variant)),*];
        }
    };
}

words! {
    /// What becomes of a kind of mail. What nobody settled is held for a person.
    Treatment {
        Hold = "hold",
        /// It goes its way like any other.
        Accept = "accept",
        /// A comment when it belongs to an issue, otherwise nothing.
        Comment = "comment",
        Ignore = "ignore",
        Quarantine = "quarantine",
        /// Not taken in; the sender may be told.
        Reject = "reject",
        /// Not taken in, and sent on to the people whom the profile names.
        Forward = "forward",
    }
}

words! {
    /// What those who look after mail are told of.
    Alert {
        /// A mail is held for a person.
        Held = "held",
        /// The work on a mail has stopped before it was done.
        Stopped = "stopped",
        /// A sender becomes a customer of the service desk.
        Customer = "customer",
    }
}

words! {
    /// What a mapping makes of mail.
    Mode {
        CreateOrComment = "create_or_comment",
        Create = "create",
        Comment = "comment",
    }
}

words! {
    /// What becomes of mail whose issue takes no comment.
    OnReject {
        /// A new issue, linked to the other.
        Create = "create",
        Reject = "reject",
        Forward = "forward",
        Hold = "hold",
    }
}

words! {
    /// What becomes of a text that is too long.
    Overflow {
        /// It is cut, and goes along whole as a file.
        Truncate = "truncate",
        Reject = "reject",
        Forward = "forward",
    }
}

words! {
    /// What becomes of the files of a comment that not everybody may see who sees its issue.
    RestrictedFiles {
        /// They are kept here, behind links in the comment; where no link can be made the mail is held.
        Keep = "keep",
        /// They are attached to the issue like all others.
        Attach = "attach",
    }
}

words! {
    /// When directives count.
    Apply {
        Off = "off",
        Create = "create",
        Comment = "comment",
        Both = "create_or_comment",
    }
}

words! {
    /// Who works on a new issue.
    Assignee {
        /// Whom the tracker chooses.
        Tracker = "default",
        FirstRecipient = "first_recipient",
        FirstTo = "first_to",
        FirstCc = "first_cc",
        Sender = "sender",
    }
}

words! {
    /// Who reports a new issue.
    Reporter {
        /// The proved sender, where he has an account that the tracker takes.
        Sender = "sender",
        /// The gateway's own account.
        Gateway = "account",
    }
}

words! {
    /// Whose rights the tracker is asked for, of proved senders who have an account.
    RightsOf {
        Nobody = "nobody",
        /// Of whoever takes no part in the issue.
        Uninvolved = "uninvolved",
        Everybody = "everybody",
    }
}

words! {
    /// When a workflow is followed.
    Occasion {
        Comment = "comment",
        Create = "create",
        Both = "both",
    }
}

words! {
    /// Which of several rules that hold decides.
    RuleOrder {
        First = "first",
        Rank = "rank",
    }
}

words! {
    /// What becomes of a stranger's mail that refers to a known message.
    Strangers {
        Create = "create",
        Comment = "comment",
    }
}

words! {
    /// Whether a line says how a mail was sealed, and in which language.
    SealingNote {
        English = "en",
        German = "de",
        Off = "off",
    }
}

words! {
    /// What the signatures of a mail are worth, as [`mail::Signed`] has it.
    SignedWord {
        No = "no",
        Wrong = "wrong",
        Untrusted = "untrusted",
        Trusted = "trusted",
    }
}

words! {
    /// Who may be told what became of his mail.
    Addressees {
        /// Senders whose domain vouches for them.
        Authentic = "authentic",
        /// Everybody, once a day.
        Anyone = "anyone",
    }
}

words! {
    /// Whether the same mail by another way is acted on again.
    Duplicates {
        OnePerProject = "one_per_project",
        Keep = "keep",
    }
}
