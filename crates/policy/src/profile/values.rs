//! What a mapping and a rule may say otherwise, and what holds for a mail in the end.

use super::Pattern;
use super::reader::{Reader, Section};
use super::words::{
    Apply, Assignee, Mode, OnReject, Overflow, Reporter, RestrictedFiles, RightsOf, SealingNote, Treatment,
};
use crate::placeholder::Template;

/// Makes the values as one level says them (each may be left out), as they hold in the end, and how both are made. Whoever uses it
/// needs [`Section`], [`Reader`] and [`Inherited`], too.
macro_rules! levels {
    (
        $(#[$of_values:meta])* $values:ident, $(#[$of_held:meta])* $held:ident {
            $($(#[$doc:meta])* $name:ident: $kind:ty = $read:ident,)*
        }
    ) => {
        $(#[$of_values])*
        #[derive(Debug, Clone)]
        pub(crate) struct $values { $($(#[$doc])* pub(crate) $name: Option<$kind>,)* }

        $(#[$of_held])*
        #[derive(Debug, Clone)]
        pub(crate) struct $held {
            /// `default`, or the mapping's name.
            #[allow(dead_code, reason = "rules of sealing have no names")]
            pub(crate) name: String,
            $($(#[$doc])* pub(crate) $name: $kind,)*
        }

        impl $values {
            /// Reads one level; only in `[default]` something holds for what is left out.
            pub(crate) fn read(section: &Section, reader: &mut Reader) -> $values {
                $values { $($name: reader.$read(section, stringify!($name)),)* }
            }

            #[allow(dead_code, reason = "not every kind of file has levels that may be missing")]
            pub(crate) const NOTHING: $values = $values { $($name: None,)* };
        }

        impl $held {
            /// What holds when these levels have their say, the first before all others.
            pub(crate) fn of(name: &str, levels: &[&$values]) -> $held {
                $held {
                    name: name.to_owned(),
                    $($name: Inherited::of(levels.iter().filter_map(|level| level.$name.as_ref())),)*
                }
            }
        }
    };
}

pub(crate) use levels;

levels! {
    /// The values that one level says: `[default]`, a mapping or a rule.
    Values,
    /// How a mail is treated: the values that hold for it.
    Mapping {
        project: String = text,
        issue_type: String = text,
        subtask_type: String = text,
        mode: Mode = word,
        unplaced: Treatment = word,
        subject_keys: bool = truth,
        subject_key_regex: Vec<Pattern> = regexes,
        issue_addresses: bool = truth,
        foreign_key_regex: Vec<Pattern> = regexes,
        foreign_key_field: String = text,
        foreign_key_from: Vec<Pattern> = some_patterns,
        reject_status: Vec<String> = texts,
        reject_search: String = text,
        reject_resolved_days: u32 = number,
        comments_max: u32 = number,
        comments_per_hour: u32 = number,
        on_reject: OnReject = word,
        link_type: String = text,
        /// The names of causes.
        notices: Vec<String> = texts,
        subject_cleanup_regex: Vec<Pattern> = regexes,
        text_cleanup_regex: Vec<Pattern> = regexes,
        summary: Text = template,
        description: Text = template,
        create_delimiters: Vec<Pattern> = some_patterns,
        comment_delimiters: Vec<Pattern> = some_patterns,
        create_cleanup_regex: Vec<Pattern> = regexes,
        comment_cleanup_regex: Vec<Pattern> = regexes,
        description_header: Text = template,
        comment_header: Text = template,
        viewable: String = text,
        text_max: u32 = number,
        text_overflow: Overflow = word,
        sealing_note: SealingNote = word,
        priority: String = text,
        labels: Vec<String> = texts,
        components: Vec<String> = texts,
        security_level: String = text,
        due: String = text,
        assignee: Assignee = word,
        assignee_name: String = text,
        fields: FieldTexts = templates,
        comment_fields: FieldTexts = templates,
        directives: Apply = word,
        reporter: Reporter = word,
        reporter_name: String = text,
        request_type: String = text,
        rights_of: RightsOf = word,
        without_rights: Treatment = word,
        /// Who never takes part, beside those of the whole profile.
        never: Vec<Pattern> = some_patterns,
        /// Sides of the mail: `sender`, `to`, `cc`; so are the next two.
        watchers: Vec<String> = texts,
        request_participants: Vec<String> = texts,
        customers: Vec<String> = texts,
        customers_allow: Vec<Pattern> = some_patterns,
        customers_block: Vec<Pattern> = some_patterns,
        customer_organisations: Vec<String> = texts,
        organisations: Vec<String> = texts,
        to_field: String = text,
        cc_field: String = text,
        sender_address_field: String = text,
        sender_name_field: String = text,
        participants_field: String = text,
        restricted_files: RestrictedFiles = word,
        keep_above_bytes: u32 = number,
        keep_days: u32 = number,
        keep_resolved_days: u32 = number,
        keep_until_status: Vec<String> = texts,
        link_days: u32 = number,
    }
}

/// A text with places; `None` for none.
pub(crate) type Text = Option<Template>;

/// The texts that fields get, by the names of fields.
#[derive(Debug, Clone, Default)]
pub(crate) struct FieldTexts(pub(crate) Vec<(String, Template)>);

/// How a value is taken from the levels that say it, the first before all others.
pub(crate) trait Inherited: Default + Clone + 'static {
    fn of<'l>(mut levels: impl Iterator<Item = &'l Self>) -> Self {
        levels.next().cloned().unwrap_or_default()
    }
}

impl Inherited for String {}
impl Inherited for bool {}
impl Inherited for u32 {}
impl Inherited for Text {}
impl Inherited for Mode {}
impl Inherited for Treatment {}
impl Inherited for OnReject {}
impl Inherited for Overflow {}
impl Inherited for RestrictedFiles {}
impl Inherited for Assignee {}
impl Inherited for Apply {}
impl Inherited for Reporter {}
impl Inherited for RightsOf {}
impl Inherited for SealingNote {}
impl<T: Clone + 'static> Inherited for Vec<T> {}

impl Inherited for FieldTexts {
    /// Each field by itself, so that a rule can add one.
    fn of<'l>(levels: impl Iterator<Item = &'l FieldTexts>) -> FieldTexts {
        let mut fields: Vec<(String, Template)> = Vec::new();
        for (name, text) in levels.flat_map(|level| &level.0) {
            if !fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                fields.push((name.clone(), text.clone()));
            }
        }
        fields.retain(|(_, text)| !text.is_empty());
        FieldTexts(fields)
    }
}

impl Values {
    /// Whether people may be written to because of them.
    pub(super) fn writes_letters(&self) -> bool {
        let rejects = self.unplaced == Some(Treatment::Reject)
            || self.on_reject == Some(OnReject::Reject)
            || self.text_overflow == Some(Overflow::Reject);
        self.forwards() || rejects || self.tells_of(super::NOT_CREATED)
    }

    /// Whether senders may be told something because of them.
    pub(super) fn tells_senders(&self) -> bool {
        let told = self.notices.as_ref().is_none_or(|causes| !causes.is_empty());
        let rejects = self.unplaced == Some(Treatment::Reject) || self.on_reject == Some(OnReject::Reject);
        told && rejects || self.tells_of(super::NOT_CREATED)
    }

    /// Whether they name this cause.
    pub(super) fn tells_of(&self, cause: &str) -> bool {
        self.notices.iter().flatten().any(|named| named == cause)
    }

    /// Whether mail may be forwarded because of them.
    pub(super) fn forwards(&self) -> bool {
        self.unplaced == Some(Treatment::Forward)
            || self.on_reject == Some(OnReject::Forward)
            || self.text_overflow == Some(Overflow::Forward)
    }

    /// Whether people are added to issues because of them.
    pub(super) fn brings_people(&self) -> bool {
        let sides = [&self.watchers, &self.request_participants, &self.customers];
        let fields = [&self.to_field, &self.cc_field];
        sides.into_iter().flatten().any(|sides| !sides.is_empty())
            || fields.into_iter().flatten().any(|f| !f.is_empty())
    }

    /// The fields that hold addresses of people without an account.
    pub(super) fn people_fields(&self) -> impl Iterator<Item = &String> {
        [&self.sender_address_field, &self.participants_field].into_iter().flatten().filter(|field| !field.is_empty())
    }

    /// Whether the tracker is asked for the rights of senders because of them.
    pub(super) fn asks_for_rights(&self) -> bool {
        self.rights_of.is_some_and(|whose| whose != RightsOf::Nobody)
    }

    /// What becomes of senders who lack them, where mail leaves because of that.
    pub(super) fn tells_of_rights(&self, what: Treatment) -> bool {
        self.without_rights == Some(what)
    }
}
