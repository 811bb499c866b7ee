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

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($(#[$variant_doc])* $variant),* }

        impl Word for $name {
            const WORDS: &'static [(&'static str, $name)] = &[$(($word, $name::$variant)),*];
        }
    };
}

words! {
    /// What becomes of a kind of mail.
    Treatment {
        /// It goes its way like any other.
        Accept = "accept",
        /// A comment when it belongs to an issue, otherwise nothing.
        Comment = "comment",
        Ignore = "ignore",
        Hold = "hold",
        Quarantine = "quarantine",
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
    /// What becomes of a stranger's mail that refers to a known message.
    Strangers {
        Create = "create",
        Comment = "comment",
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
    /// Of what a sender is told.
    NoticeCause {
        /// The tracker refused the issue.
        NotCreated = "not_created",
        /// Only comments are made, and the mail belongs to no issue.
        CommentOnly = "comment_only",
    }
}

words! {
    /// Whether the same mail by another way is acted on again.
    Duplicates {
        OnePerProject = "one_per_project",
        Keep = "keep",
    }
}
