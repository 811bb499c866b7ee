//! The words of letters by language: one row for each, and nothing else to do for a further one but a reply reader that knows it.

use super::view::Reason;
use crate::outbound::Column;
use serde::Serialize;

/// The words of one language. `{name}` stands for what is put in.
#[derive(Debug, Serialize)]
pub struct Words {
    /// The tag of the language (RFC 5646).
    pub language: &'static str,
    /// Its own name.
    pub name: &'static str,
    pub months: [&'static str; 12],
    /// With `{day}`, `{month}`, `{year}`, `{hour}`, `{minute}`.
    pub date: &'static str,
    /// Between units and tenths.
    pub decimal: &'static str,
    /// The first line of a letter, which [`mail::new_text`] knows: what stands below it is ours.
    pub marker: &'static str,

    pub somebody: &'static str,
    pub created: &'static str,
    pub changed: &'static str,
    /// With `{to}`.
    pub moved: &'static str,
    /// With `{to}`.
    pub assigned: &'static str,
    pub unassigned: &'static str,
    /// With `{files}`.
    pub attached: &'static str,
    pub deleted: &'static str,
    pub commented: &'static str,
    pub noted: &'static str,
    pub comment_edited: &'static str,
    pub comment_deleted: &'static str,
    /// With `{spent}`.
    pub worked: &'static str,
    pub work_edited: &'static str,
    pub work_deleted: &'static str,
    /// Of a letter that somebody wrote on purpose.
    pub wrote: &'static str,
    /// Of one that says that another did not arrive.
    pub returned: &'static str,

    pub issue: &'static str,
    pub kind: &'static str,
    pub status: &'static str,
    pub priority: &'static str,
    pub project: &'static str,
    pub reporter: &'static str,
    pub assignee: &'static str,
    pub nobody: &'static str,
    pub description: &'static str,
    pub field: &'static str,
    pub before: &'static str,
    pub after: &'static str,
    /// Where a field has no value.
    pub empty: &'static str,
    pub internal: &'static str,
    pub time_spent: &'static str,
    pub files: &'static str,
    /// Of a file that neither goes along nor can be had by a link.
    pub not_along: &'static str,
    pub earlier: &'static str,
    /// With `{number}`.
    pub left_out: &'static str,
    /// In the place of words that may not go by this mail.
    pub withheld: &'static str,

    pub view_issue: &'static str,
    pub view_request: &'static str,
    pub answer_by_mail: &'static str,
    pub why: &'static str,
    /// With `{zone}`.
    pub times: &'static str,
    pub unsubscribe: &'static str,
    pub complain: &'static str,
    /// With `{name}`: of whoever sends the letter.
    pub sent_by: &'static str,

    /// Of a summary.
    pub answer: &'static str,
    pub see_all: &'static str,
    pub no_issues: &'static str,
    /// With `{number}`.
    pub further: &'static str,
    pub perhaps_more: &'static str,
    pub resolution: &'static str,
    pub labels: &'static str,
    pub components: &'static str,
    pub created_at: &'static str,
    pub updated_at: &'static str,
    pub due: &'static str,
    pub unsubscribe_summary: &'static str,

    pub as_reporter: &'static str,
    pub as_assignee: &'static str,
    pub as_watcher: &'static str,
    pub as_participant: &'static str,
    pub as_organisation: &'static str,
    pub as_approver: &'static str,
    pub as_project_lead: &'static str,
    pub as_component_lead: &'static str,
    /// With `{name}`.
    pub as_role: &'static str,
    /// With `{name}`.
    pub as_group: &'static str,
    /// With `{name}`.
    pub as_field: &'static str,
    pub as_named: &'static str,
    /// With `{name}`.
    pub as_written: &'static str,
    /// Of a letter that says that another did not arrive.
    pub as_author: &'static str,
}

/// Every language that letters speak; the first is spoken where none fits.
pub const LANGUAGES: &[Words] = &[
    Words {
        language: "en",
        name: "English",
        months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
        date: "{day} {month} {year}, {hour}:{minute}",
        decimal: ".",
        marker: "— Please reply above this line —",
        somebody: "Somebody",
        created: "{who} created this issue",
        changed: "{who} changed this issue",
        moved: "{who} set the status to {to}",
        assigned: "{who} assigned this issue to {to}",
        unassigned: "{who} removed the assignee",
        attached: "{who} added {files}",
        deleted: "{who} deleted this issue",
        commented: "{who} commented",
        noted: "{who} wrote an internal note",
        comment_edited: "{who} edited a comment",
        comment_deleted: "{who} deleted a comment",
        worked: "{who} logged {spent} of work",
        work_edited: "{who} changed a work log to {spent}",
        work_deleted: "{who} deleted a work log",
        wrote: "{who} wrote",
        returned: "A letter did not arrive",
        issue: "Issue",
        kind: "Type",
        status: "Status",
        priority: "Priority",
        project: "Project",
        reporter: "Reporter",
        assignee: "Assignee",
        nobody: "nobody",
        description: "Description",
        field: "Field",
        before: "Before",
        after: "Now",
        empty: "empty",
        internal: "Internal: customers do not see this",
        time_spent: "Time spent",
        files: "Files",
        not_along: "not sent with this mail",
        earlier: "Earlier comments",
        left_out: "{number} more: see the issue.",
        withheld: "Protected: read it in the issue.",
        view_issue: "View issue",
        view_request: "View request",
        answer_by_mail: "Answer this mail to add a comment.",
        why: "Why you get this mail:",
        times: "Times are those of {zone}.",
        unsubscribe: "No more mail about this issue",
        complain: "Complain about this mail",
        sent_by: "Sent for {name} by Sealpost.",
        answer: "Answer",
        see_all: "See all of them",
        no_issues: "There are no issues.",
        further: "and {number} more",
        perhaps_more: "There may be others that are not counted here.",
        resolution: "Resolution",
        labels: "Labels",
        components: "Components",
        created_at: "Created",
        updated_at: "Updated",
        due: "Due",
        unsubscribe_summary: "No more of this summary",
        as_reporter: "you reported this issue.",
        as_assignee: "this issue is assigned to you.",
        as_watcher: "you watch this issue.",
        as_participant: "you take part in this request.",
        as_organisation: "the request is shared with your organisation.",
        as_approver: "your approval is asked for.",
        as_project_lead: "you lead this project.",
        as_component_lead: "you lead a component of this issue.",
        as_role: "you have the role {name} in this project.",
        as_group: "you belong to the group {name}.",
        as_field: "the field {name} names you.",
        as_named: "whoever set up these letters named you.",
        as_written: "{name} wrote it to you.",
        as_author: "you did or wrote what the letter was to tell.",
    },
    Words {
        language: "de",
        name: "Deutsch",
        months: ["Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt.", "Nov.", "Dez."],
        date: "{day}. {month} {year}, {hour}:{minute} Uhr",
        decimal: ",",
        marker: "— Bitte antworten Sie oberhalb dieser Linie —",
        somebody: "Jemand",
        created: "{who} hat diesen Vorgang angelegt",
        changed: "{who} hat diesen Vorgang geändert",
        moved: "{who} hat den Status auf {to} gesetzt",
        assigned: "{who} hat diesen Vorgang {to} zugewiesen",
        unassigned: "{who} hat die Zuweisung entfernt",
        attached: "{who} hat {files} hinzugefügt",
        deleted: "{who} hat diesen Vorgang gelöscht",
        commented: "{who} hat kommentiert",
        noted: "{who} hat eine interne Notiz geschrieben",
        comment_edited: "{who} hat einen Kommentar geändert",
        comment_deleted: "{who} hat einen Kommentar gelöscht",
        worked: "{who} hat {spent} Arbeit erfasst",
        work_edited: "{who} hat einen Arbeitseintrag auf {spent} geändert",
        work_deleted: "{who} hat einen Arbeitseintrag gelöscht",
        wrote: "{who} hat geschrieben",
        returned: "Ein Brief ist nicht angekommen",
        issue: "Vorgang",
        kind: "Typ",
        status: "Status",
        priority: "Priorität",
        project: "Projekt",
        reporter: "Gemeldet von",
        assignee: "Zugewiesen an",
        nobody: "niemand",
        description: "Beschreibung",
        field: "Feld",
        before: "Vorher",
        after: "Jetzt",
        empty: "leer",
        internal: "Intern: Kunden sehen dies nicht",
        time_spent: "Zeitaufwand",
        files: "Dateien",
        not_along: "nicht mitgeschickt",
        earlier: "Frühere Kommentare",
        left_out: "{number} weitere: siehe Vorgang.",
        withheld: "Geschützt: bitte im Vorgang lesen.",
        view_issue: "Vorgang ansehen",
        view_request: "Anfrage ansehen",
        answer_by_mail: "Antworten Sie auf diese Mail, um zu kommentieren.",
        why: "Warum Sie diese Mail erhalten:",
        times: "Zeiten gelten für {zone}.",
        unsubscribe: "Keine Mail mehr zu diesem Vorgang",
        complain: "Über diese Mail beschweren",
        sent_by: "Gesendet für {name} von Sealpost.",
        answer: "Antworten",
        see_all: "Alle ansehen",
        no_issues: "Es gibt keine Vorgänge.",
        further: "und {number} weitere",
        perhaps_more: "Es kann noch andere geben, die hier nicht gezählt sind.",
        resolution: "Lösung",
        labels: "Stichwörter",
        components: "Komponenten",
        created_at: "Angelegt",
        updated_at: "Geändert",
        due: "Fällig",
        unsubscribe_summary: "Diese Übersicht nicht mehr erhalten",
        as_reporter: "Sie haben diesen Vorgang gemeldet.",
        as_assignee: "Dieser Vorgang ist Ihnen zugewiesen.",
        as_watcher: "Sie beobachten diesen Vorgang.",
        as_participant: "Sie sind an dieser Anfrage beteiligt.",
        as_organisation: "Die Anfrage wird mit Ihrer Organisation geteilt.",
        as_approver: "Ihre Genehmigung wird erbeten.",
        as_project_lead: "Sie leiten dieses Projekt.",
        as_component_lead: "Sie leiten eine Komponente dieses Vorgangs.",
        as_role: "Sie haben in diesem Projekt die Rolle {name}.",
        as_group: "Sie gehören zur Gruppe {name}.",
        as_field: "Das Feld {name} nennt Sie.",
        as_named: "Wer diese Briefe eingerichtet hat, hat Sie genannt.",
        as_written: "{name} hat sie Ihnen geschrieben.",
        as_author: "Der Brief sollte berichten, was Sie getan oder geschrieben haben.",
    },
];

impl Words {
    /// The words for a tag such as `de-AT`: those of the language, else English.
    pub fn of(tag: &str) -> &'static Words {
        Words::known(tag).unwrap_or(&LANGUAGES[0])
    }

    /// The words for a tag; `None` where there are none in its language.
    pub fn known(tag: &str) -> Option<&'static Words> {
        let language = tag.split(['-', '_']).next().unwrap_or_default();
        LANGUAGES.iter().find(|words| words.language.eq_ignore_ascii_case(language))
    }

    /// What a column of a summary is called.
    pub(super) fn column(&self, column: Column) -> &'static str {
        let words = Words::of(self.language);
        match column {
            Column::Type => words.kind,
            Column::Status => words.status,
            Column::Priority => words.priority,
            Column::Resolution => words.resolution,
            Column::Assignee => words.assignee,
            Column::Reporter => words.reporter,
            Column::Project => words.project,
            Column::Labels => words.labels,
            Column::Components => words.components,
            Column::Created => words.created_at,
            Column::Updated => words.updated_at,
            Column::Due => words.due,
        }
    }

    /// Why somebody gets the letter, as a sentence.
    pub(super) fn reason(&self, reason: &Reason) -> String {
        let named = |pattern: &str, name: &str| filled(pattern, &[("name", name)]);
        match reason {
            Reason::Reporter => self.as_reporter.to_owned(),
            Reason::Assignee => self.as_assignee.to_owned(),
            Reason::Watcher => self.as_watcher.to_owned(),
            Reason::Participant => self.as_participant.to_owned(),
            Reason::Organisation => self.as_organisation.to_owned(),
            Reason::Approver => self.as_approver.to_owned(),
            Reason::ProjectLead => self.as_project_lead.to_owned(),
            Reason::ComponentLead => self.as_component_lead.to_owned(),
            Reason::Role(name) => named(self.as_role, name),
            Reason::Group(name) => named(self.as_group, name),
            Reason::Field(name) => named(self.as_field, name),
            Reason::Named => self.as_named.to_owned(),
            Reason::Written(name) => named(self.as_written, name),
            Reason::Author => self.as_author.to_owned(),
        }
    }
}

/// A pattern with its places filled in, once: what is put in is looked at no further.
pub(super) fn filled(pattern: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(pattern.len() + 32);
    let mut rest = pattern;
    while let Some((words, after)) = rest.split_once('{') {
        out.push_str(words);
        let Some((name, after)) = after.split_once('}') else { return out + "{" + after };
        out.push_str(values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value));
        rest = after;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_finds_its_language_or_english() {
        for (tag, language) in
            [("de", "de"), ("de-AT", "de"), ("DE_ch", "de"), ("en-GB", "en"), ("fr", "en"), ("", "en")]
        {
            assert_eq!(Words::of(tag).language, language, "{tag}");
        }
    }

    #[test]
    fn what_is_put_in_is_looked_at_no_further() {
        assert_eq!(filled("{who} to {to}.", &[("who", "{to}"), ("to", "x{")]), "{to} to x{.");
        assert_eq!(filled("{gone} {", &[]), " {");
    }

    #[test]
    fn the_reply_reader_knows_every_marker() {
        for words in LANGUAGES {
            let reply = format!("New words.\n\n{}\n\nOld words here.\n", words.marker);
            let read = mail::new_text(mail::Format::Text, reply.as_bytes());
            assert_eq!(read.visible, "New words.", "{}", words.language);
        }
    }
}
