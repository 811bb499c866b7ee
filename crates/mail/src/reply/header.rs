//! Which fields above a text are the header of a quoted mail, and which are a form, a log or a traveller's wishes. Linear.

use super::answers::is_field;
use super::attribution::has_time;
use super::fate::Fate;
use super::line::{Class, Role};
use super::split::Lines;

/// Lines of a quoted header, folds included.
pub(super) const HEADER_LINES_MAX: usize = 14;
/// Words of a line in which further fields are looked for.
const FIELD_WORDS_MAX: usize = 16;
/// Bytes from the start of a field to its colon.
const NAME_BYTES_MAX: usize = 24;
/// Words of a request to write above; `Original Message` has fewer.
const SENTENCE_WORDS_MIN: usize = 4;

/// What forms call the field in which the sender's words stand; no mail header has one.
const FORM_FIELDS: &[&str] = &[
    "message",
    "your message",
    "comment",
    "comments",
    "transcript",
    "remark",
    "remarks",
    "description",
    "question",
    "details",
    "request",
    "nachricht",
    "ihre nachricht",
    "mitteilung",
    "kommentar",
    "bemerkung",
    "bemerkungen",
    "anfrage",
    "frage",
    "beschreibung",
    "anliegen",
    "commentaire",
    "commentaires",
    "votre message",
    "demande",
    "mensaje",
    "comentario",
    "comentarios",
    "consulta",
    "messaggio",
    "commento",
    "richiesta",
    "mensagem",
    "comentário",
    "bericht",
    "opmerking",
    "opmerkingen",
    "vraag",
    "wiadomość",
    "treść",
    "uwagi",
    "zpráva",
    "správa",
    "meddelande",
    "besked",
    "melding",
    "viesti",
    "сообщение",
    "комментарий",
    "повідомлення",
    "mesaj",
    "mesajınız",
    "üzenet",
    "メッセージ",
    "お問い合わせ内容",
    "내용",
    "留言",
    "内容",
];

/// The fields of what may be a quoted mail's header.
#[derive(Default)]
struct Fields {
    roles: Vec<Role>,
    has_address: bool,
    /// A time of day stands in it.
    is_timed: bool,
    /// One stands in the line of the date.
    is_date_timed: bool,
    /// An address stands in the line of the sender.
    is_sender_known: bool,
    /// A form's field for words stands among them, or right below.
    is_form: bool,
    is_above_form: bool,
}

impl Fields {
    fn has(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// More than a traveller, a form or an order would write: an address with a time or a subject, or all four fields and a
    /// time beside the date.
    fn is_usual(&self) -> bool {
        let names_sender = self.has(Role::From) || self.has(Role::Date);
        let is_whole = [Role::From, Role::Date, Role::To, Role::Subject].into_iter().all(|role| self.has(role));
        let is_addressed = self.has_address && (self.is_timed || self.has(Role::Subject));
        let is_dated = self.has_address && self.is_date_timed && self.roles.len() >= 2;
        names_sender && (self.roles.len() >= 3 && is_addressed || is_whole && self.is_date_timed || is_dated)
    }

    /// All that a program writes above a mail: sender with address, date with time, subject.
    fn is_full(&self) -> bool {
        self.is_sender_known && self.is_date_timed && self.has(Role::Subject)
    }
}

impl Lines<'_> {
    /// Whether a quoted mail's header begins here. Fields that a rule introduces need less: a date and one field more close
    /// together, with an address, or fields of three kinds with an address or a time of day. A mail that answers nothing
    /// is cut only at all that programs write; what is known of no mail, at more than a traveller or a form would write.
    pub(super) fn is_header_block(&self, start: usize) -> bool {
        let Some(fields) = self.fields(start) else { return false };
        let has = |role| fields.has(role);
        let count = fields.roles.len();
        let names_sender = has(Role::From) || has(Role::Date);
        let is_dated = has(Role::Date) || has(Role::Subject);
        let is_sure = fields.has_address && has(Role::Date) && count >= 2;
        if fields.is_form || fields.is_above_form && !fields.is_full() {
            return false;
        }
        if !self.is_ruled(start) {
            return if self.is_first { fields.is_full() } else { fields.is_usual() };
        }
        names_sender && is_dated && (count >= 3 && (fields.has_address || fields.is_timed) || is_sure)
    }

    /// In a mail that answers nothing the sender may have copied the header: nothing proves that the rest is not new.
    pub(super) fn header_fate(&self, start: usize) -> Fate {
        let is_sure = !self.is_first || self.is_ruled(start);
        Fate { confirmed: is_sure, ..Fate::MAIL_HEADER }
    }

    fn fields(&self, start: usize) -> Option<Fields> {
        let mut fields = Fields::default();
        let last = self.classes.len().min(start + HEADER_LINES_MAX);
        let mut end = start;
        while end < last {
            let text = &self.texts[end];
            match self.classes[end] {
                Class::Header(role) => {
                    let more = if end == start { self.roles_within(end) } else { Vec::new() };
                    for role in [role].into_iter().chain(more) {
                        if !fields.has(role) {
                            fields.roles.push(role);
                        }
                        fields.is_date_timed |= role == Role::Date && has_time(text);
                        fields.is_sender_known |= role == Role::From && text.contains('@');
                    }
                }
                Class::Empty if end + 1 < self.classes.len() && matches!(self.classes[end + 1], Class::Header(_)) => {}
                Class::Empty => break,
                _ if fields.roles.is_empty() => return None,
                _ => {}
            }
            fields.is_form |= names_form_field(text);
            fields.has_address |= text.contains('@');
            fields.is_timed |= has_time(text);
            end += 1;
        }
        let below = (end..self.texts.len().min(end + HEADER_LINES_MAX)).find(|&at| self.classes[at] != Class::Empty);
        fields.is_above_form = below.is_some_and(|at| names_form_field(&self.texts[at]));
        Some(fields)
    }

    /// Whether a line that separates stands right above.
    fn is_ruled(&self, start: usize) -> bool {
        let above = (start.saturating_sub(HEADER_LINES_MAX)..start).rev().find(|&at| self.classes[at] != Class::Empty);
        above.is_some_and(|at| {
            matches!(self.classes[at], Class::Rule | Class::Original) || self.texts[at].trim_start().starts_with("--")
        })
    }

    fn stands_alone(&self, at: usize) -> bool {
        let is_empty = |at: usize| self.classes.get(at).is_none_or(|class| *class == Class::Empty);
        at.checked_sub(1).is_none_or(is_empty) && is_empty(at + 1)
    }

    /// Whether the words that stand above an old mail do so here: with signs around them, or above a header or a quote.
    pub(super) fn is_above_a_mail(&self, at: usize) -> bool {
        let text = self.texts[at].trim_start_matches(|c: char| c.is_whitespace() || c == '*');
        let is_signed = text.starts_with(|c: char| !c.is_alphanumeric());
        if is_signed && !(self.is_first && text.starts_with('-')) {
            return true;
        }
        // A request to write above is a sentence; alone it is nobody's.
        let is_sentence = text.split_whitespace().count() >= SENTENCE_WORDS_MIN;
        if self.classes[at] == Class::Original && is_sentence && self.stands_alone(at) {
            return true;
        }
        let last = self.texts.len().min(at + 1 + HEADER_LINES_MAX);
        let below = (at + 1..last).find(|&i| self.classes[i] != Class::Empty);
        below.is_some_and(|i| {
            matches!(self.classes[i], Class::Header(_) | Class::Quote | Class::Rule | Class::Indent)
                || is_field(&self.texts[i])
        })
    }

    /// The roles of further fields on the line of a field with an address: some programs put a whole header on one.
    fn roles_within(&self, at: usize) -> Vec<Role> {
        let text = self.texts[at].as_ref();
        let may_be_name = |start: &usize| {
            let name = &text[*start..text.floor_char_boundary(start + NAME_BYTES_MAX)];
            text[..*start].ends_with(char::is_whitespace) && name.contains(':')
        };
        let is_one = text.contains('@') && text.matches(':').count() > 1;
        let starts = text.char_indices().map(|(start, _)| start).skip(1).filter(may_be_name).take(FIELD_WORDS_MAX);
        let classes = starts.filter(|_| is_one).map(|start| self.memory.classify(&text[start..]));
        classes
            .filter_map(|class| match class {
                Class::Header(role) => Some(role),
                _ => None,
            })
            .collect()
    }

    /// Whether fields in whatever language stand below a line of Outlook's: three at least, with a time and an address.
    pub(super) fn is_header_below_rule(&self, rule: usize) -> bool {
        const SIGNS_MIN: usize = 20;
        const FIELDS_MIN: usize = 3;
        if self.texts[rule].trim().len() < SIGNS_MIN || !self.texts[rule].trim().bytes().all(|b| b == b'_') {
            return false;
        }
        let from = (rule + 1..self.texts.len()).find(|&at| self.classes[at] != Class::Empty).unwrap_or(rule + 1);
        let last = self.texts.len().min(from + HEADER_LINES_MAX);
        let fields: Vec<usize> = (from..last).take_while(|&at| is_field(&self.texts[at])).collect();
        let has = |is: fn(&str) -> bool| fields.iter().any(|&at| is(&self.texts[at]));
        fields.len() >= FIELDS_MIN && has(|text| text.contains('@')) && has(has_time)
    }
}

/// Whether the line is a form's field for what somebody has to say.
fn names_form_field(text: &str) -> bool {
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || "*_>".contains(c));
    text.split_once([':', '：']).is_some_and(|(name, _)| {
        let name = name.trim_end_matches(|c: char| c.is_whitespace() || "*_".contains(c));
        name.len() <= 2 * NAME_BYTES_MAX && FORM_FIELDS.contains(&name.to_lowercase().as_str())
    })
}
