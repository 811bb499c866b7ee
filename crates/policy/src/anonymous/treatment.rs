//! What becomes of each setting of a profile that is given out; a test holds this list beside the table of all settings.

/// What becomes of the texts of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// A word of ours, or a name that says how a tracker is set up: a project, a field, a status.
    Same,
    /// The name of something of this kind. A rule and the mapping that it names keep being the same two.
    Name(&'static str),
    /// The name of a directive set, which stands in texts, too.
    Set,
    /// `internal`, a role, or `group:NAME`.
    Viewable,
    /// An address, or the name of an account.
    Account,
    Environment,
    Host,
    Network,
    /// An address, or a pattern over addresses.
    Pattern,
    /// A pattern over words.
    Words,
    Condition,
    /// A text with places.
    Template,
    /// An expression over addresses.
    AddressExpression,
    /// An expression over anything else.
    Expression,
}

/// By the table and the key, `default` for the tables whose keys override those of `[default]`; `None` for a setting that is not known.
pub(super) fn treatment(table: &str, key: &str) -> Option<Treatment> {
    use Treatment::{
        AddressExpression, Condition, Environment, Expression, Host, Name, Network, Pattern, Same, Set, Template, Words,
    };
    Some(match (table, key) {
        ("", "environment") => Environment,
        ("", "catch" | "reply_to_from" | "forward_to") => Pattern,
        ("", "catch_regex" | "reply_to_from_regex") => AddressExpression,
        (
            "",
            "recipient_headers"
            | "signed_is_authentic"
            | "uncaught"
            | "alerts"
            | "duplicates"
            | "attachments_max"
            | "jira_pictures"
            | "rule_order"
            | "loops",
        ) => Same,
        ("mapping", "name") | ("rule", "mapping") | ("workflow" | "exclude" | "notice", "mappings") => Name("mapping"),
        ("rule", "name") => Name("rule"),
        ("workflow", "name") => Name("workflow"),
        ("exclude", "name") => Name("exclude"),
        ("rule", "from" | "to") => Pattern,
        ("rule", "from_regex" | "to_regex") => AddressExpression,
        ("rule", "subject" | "header") => Words,
        ("rule", "subject_regex" | "header_regex") => Expression,
        ("rule" | "directives", "groups") => Name("group"),
        ("rule", "when") | ("directive", "value") => Condition,
        ("rule", "authentic" | "sealed" | "signed" | "rank" | "outcome") => Same,
        ("directives", "senders") | ("threads" | "notices", "never") => Pattern,
        ("directives", "senders_regex") | ("threads" | "notices", "never_regex") => AddressExpression,
        ("directives", "submitters") => Network,
        ("directive", "subject_regex" | "text_regex") | ("exclude", "image_url_regex") => Expression,
        ("reply" | "incumbent", "domains") => Host,
        ("workflow", "comment") => Template,
        ("workflow", "on" | "issue_types" | "statuses" | "transitions" | "to_status") => Same,
        ("directives", "processors" | "submitter_hops" | "allow" | "block") | ("directive", "field") => Same,
        // Names and types of files say what is kept back, and media types are no hosts.
        ("exclude", "projects" | "types" | "types_regex" | "files" | "files_regex" | "sha256") => Same,
        ("exclude", "bytes_min" | "bytes_max" | "signature_pictures") => Same,
        ("notice", "subject" | "text") => Template,
        ("directive_set", "question" | "text" | "button" | "done" | "comment" | "directives") => Template,
        ("directive_set", "name") => Set,
        ("directive_set", "days" | "enabled" | "people") | ("notice", "cause") => Same,
        ("projects", "plus_address" | "local_part" | "keys") | ("reply", "prefix") => Same,
        ("notices", "to" | "per_day" | "returned_max") => Same,
        ("threads", "headers" | "strangers" | "require_authentic" | "verification") => Same,
        ("incumbent", "message_ids" | "people_fields") => Same,
        (
            "automatic",
            "auto_reply" | "bulk" | "list" | "bounce" | "bounce_note" | "feedback_report" | "read_receipt",
        ) => Same,
        ("limits", "pair_per_hour" | "issues_per_hour" | "sender_per_hour" | "on_flood") => Same,
        ("default" | "mapping" | "rule", key) => return value(key),
        _ => return None,
    })
}

/// Of a setting of `[default]`, which may stand in mappings and rules.
fn value(key: &str) -> Option<Treatment> {
    use Treatment::{Account, AddressExpression, Expression, Name, Pattern, Same, Template, Viewable, Words};
    Some(match key {
        "foreign_key_from" | "never" | "customers_allow" | "customers_block" => Pattern,
        "foreign_key_from_regex" | "never_regex" | "customers_allow_regex" | "customers_block_regex" => {
            AddressExpression
        }
        "subject_key_regex"
        | "foreign_key_regex"
        | "subject_cleanup_regex"
        | "create_delimiters_regex"
        | "comment_delimiters_regex"
        | "text_cleanup_regex"
        | "create_cleanup_regex"
        | "comment_cleanup_regex" => Expression,
        "create_delimiters" | "comment_delimiters" => Words,
        "organisations" | "customer_organisations" => Name("organisation"),
        "viewable" => Viewable,
        "assignee_name" | "reporter_name" => Account,
        "summary" | "description" | "description_header" | "comment_header" | "labels" | "components"
        | "security_level" | "fields" | "comment_fields" | "reject_search" => Template,
        "project" | "issue_type" | "subtask_type" | "mode" | "unplaced" | "priority" | "due" | "assignee"
        | "link_type" | "request_type" => Same,
        "subject_keys" | "issue_addresses" | "reject_status" | "reject_resolved_days" | "comments_max" => Same,
        "comments_per_hour" | "on_reject" | "notices" | "text_max" | "text_overflow" | "directives" => Same,
        "sealing_note" => Same,
        "reporter" | "rights_of" | "without_rights" | "watchers" | "request_participants" | "customers" => Same,
        "foreign_key_field" | "to_field" | "cc_field" | "sender_address_field" | "sender_name_field" => Same,
        "participants_field" | "keep_above_bytes" | "link_days" | "keep_days" | "keep_resolved_days" => Same,
        "keep_until_status" | "restricted_files" => Same,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::{Treatment, treatment};
    use crate::profile::{Form, settings};

    #[test]
    fn priv_13_what_becomes_of_every_setting_is_said() {
        for setting in settings() {
            let (table, key) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
            let table = table.trim_end_matches("[]");
            let Some(said) = treatment(table, key) else { panic!("{}: say what becomes of it", setting.key) };
            // Whatever holds addresses or names of hosts by its form cannot stay as it is.
            let names_people = match setting.form {
                Form::Addresses | Form::People => said == Treatment::Pattern,
                Form::Domains => said == Treatment::Host,
                Form::Networks => said == Treatment::Network,
                Form::Condition => said == Treatment::Condition,
                Form::Search | Form::LongText | Form::Template | Form::Templates => said == Treatment::Template,
                Form::FieldGlobs => said == Treatment::Words,
                _ => true,
            };
            assert!(names_people, "{}: {said:?}", setting.key);
            if table == "default" {
                assert_eq!((treatment("mapping", key), treatment("rule", key)), (Some(said), Some(said)), "{key}");
            }
        }
    }
}
