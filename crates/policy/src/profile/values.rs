//! What a mapping and a rule may say otherwise, and what holds for a mail in the end.

use super::reader::{Reader, Section};
use super::words::{Mode, Treatment};

/// Makes the values as one level says them (each may be left out), as they hold for a mail, and how both are made.
macro_rules! values {
    ($($(#[$doc:meta])* $name:ident: $kind:ty = $read:ident,)*) => {
        /// The values that one level says: `[default]`, a mapping or a rule.
        #[derive(Debug, Clone)]
        pub(crate) struct Values { $($(#[$doc])* pub(crate) $name: Option<$kind>,)* }

        /// How a mail is treated: the values that hold for it.
        #[derive(Debug, Clone)]
        pub(crate) struct Mapping {
            /// `default`, or the mapping's name.
            pub(crate) name: String,
            $($(#[$doc])* pub(crate) $name: $kind,)*
        }

        impl Values {
            /// Reads one level; only in `[default]` something holds for what is left out.
            pub(super) fn read(section: &Section, reader: &mut Reader) -> Values {
                Values { $($name: reader.$read(section, stringify!($name)),)* }
            }

            pub(crate) const NOTHING: Values = Values { $($name: None,)* };
        }

        impl Mapping {
            /// What holds when these levels have their say, the first before all others.
            pub(crate) fn of(name: &str, levels: &[&Values]) -> Mapping {
                Mapping {
                    name: name.to_owned(),
                    $($name: levels.iter().find_map(|level| level.$name.clone()).unwrap_or_default(),)*
                }
            }
        }
    };
}

values! {
    project: String = text,
    issue_type: String = text,
    mode: Mode = word,
    unplaced: Treatment = word,
}

impl Values {
    /// Whether mail may be forwarded because of them.
    pub(super) fn forwards(&self) -> bool {
        self.unplaced == Some(Treatment::Forward)
    }
}
