//! What a step writes besides its text: the fields with their values, and who or what it is about.

use policy::field::{Choice, FieldSetting, FieldValue, How};
use policy::{AccountTarget, IssueTarget, StepKind};

/// A name and a value, as people read them.
pub(super) type Pair = (String, String);

/// Everything that a step hands to the tracker but its text and files.
pub(super) fn values(kind: &StepKind) -> Vec<Pair> {
    let pair = |name: &str, value: String| (name.to_owned(), value);
    match kind {
        StepKind::CreateIssue { summary, fields, set, .. } => {
            let mut pairs = vec![pair("Summary", summary.clone())];
            // What has a typed value is written as that.
            let typed = |id: &String| set.iter().any(|one| one.id == *id);
            pairs.extend(fields.iter().filter(|(id, _)| !typed(id)).map(|(id, value)| (id.clone(), value.to_string())));
            pairs.extend(set.iter().map(setting));
            pairs
        }
        StepKind::EditIssue { set, .. } | StepKind::Transition { set, .. } => set.iter().map(setting).collect(),
        StepKind::Link { to, .. } => vec![pair("To", issue(to))],
        StepKind::Watch { account: who, .. } => vec![pair("Account", account(who))],
        StepKind::AddParticipants { accounts, .. } => vec![pair("Accounts", list(accounts, account))],
        StepKind::AddCustomer { address, name, organisations, .. } => {
            let mut pairs = vec![pair("Address", address.clone())];
            pairs.extend(name.iter().map(|name| pair("Name", name.clone())));
            if !organisations.is_empty() {
                pairs.push(pair("Organisations", organisations.join(", ")));
            }
            pairs
        }
        StepKind::Attach { file, .. } | StepKind::AttachForCustomers { file, .. } | StepKind::KeepFile { file, .. } => {
            vec![pair("Type", file.content_type.clone()), pair("SHA-256", file.sha256.clone())]
        }
        StepKind::AddComment { .. } | StepKind::Remark { .. } | StepKind::ShareWith { .. } => Vec::new(),
    }
}

/// The field by its name, with its id where that says more.
fn setting(setting: &FieldSetting) -> Pair {
    let name = match setting.name == setting.id || setting.name.is_empty() {
        true => setting.id.clone(),
        false => format!("{} ({})", setting.name, setting.id),
    };
    let value = in_words(&setting.value);
    match setting.how {
        How::Set => (name, value),
        How::Add => (name, format!("{value}, beside what is there")),
    }
}

fn in_words(value: &FieldValue) -> String {
    use FieldValue::{
        Cascade, Component, Components, Date, DateTime, Empty, Group, Groups, IssueType, Labels, LongText, Number,
        Option, Options, Organisations, Parent, Priority, Project, RequestType, Resolution, SecurityLevel, Sprint,
        Text, TimeEstimate, Url, User, Users, Version, Versions,
    };
    match value {
        Empty => "nothing: whatever is in it goes".into(),
        Text(text) | LongText(text) | Date(text) | DateTime(text) | Url(text) | Group(text) | Parent(text)
        | RequestType(text) => text.clone(),
        Number(number) => number.to_string(),
        Sprint(number) => number.to_string(),
        Option(one) | Component(one) | Version(one) | Priority(one) | SecurityLevel(one) | Resolution(one)
        | IssueType(one) | Project(one) => choice(one),
        Options(some) | Components(some) | Versions(some) => list(some, choice),
        Cascade(one, None) => choice(one),
        Cascade(one, Some(below)) => format!("{}, {}", choice(one), choice(below)),
        User(who) => account(who),
        Users(people) => list(people, account),
        Groups(names) | Labels(names) | Organisations(names) => names.join(", "),
        TimeEstimate { original, remaining } => {
            let part =
                |name: &str, time: &std::option::Option<String>| time.as_ref().map(|time| format!("{time} {name}"));
            let parts: Vec<String> =
                [part("in all", original), part("left", remaining)].into_iter().flatten().collect();
            parts.join(", ")
        }
    }
}

fn list<T>(some: &[T], word: impl Fn(&T) -> String) -> String {
    some.iter().map(word).collect::<Vec<_>>().join(", ")
}

fn choice(choice: &Choice) -> String {
    match (&choice.id, choice.name.is_empty()) {
        (Some(id), true) => id.clone(),
        _ => choice.name.clone(),
    }
}

fn account(target: &AccountTarget) -> String {
    match target {
        AccountTarget::Id(id) => id.clone(),
        AccountTarget::CreatedBy(ordinal) => format!("the account of step {ordinal}"),
    }
}

fn issue(target: &IssueTarget) -> String {
    match target {
        IssueTarget::Id(id) => format!("the issue with the id {id}"),
        IssueTarget::CreatedBy(ordinal) => format!("the issue of step {ordinal}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_told_by_name_id_and_value() {
        let set = |id: &str, name: &str, how, value| FieldSetting {
            id: id.into(),
            name: name.into(),
            how,
            value,
            must: false,
        };
        let named = |name: &str| Choice::named(name);
        let kind = StepKind::EditIssue {
            issue: IssueTarget::Id("7".into()),
            set: vec![
                set("priority", "priority", How::Set, FieldValue::Priority(named("High"))),
                set("customfield_1", "Floor", How::Set, FieldValue::Cascade(named("North"), Some(named("3")))),
                set("labels", "Labels", How::Add, FieldValue::Labels(vec!["paper".into(), "jam".into()])),
                set("due", "", How::Set, FieldValue::Empty),
                set(
                    "timetracking",
                    "Time",
                    How::Set,
                    FieldValue::TimeEstimate { original: Some("2h".into()), remaining: None },
                ),
                set(
                    "watchers",
                    "Watchers",
                    How::Set,
                    FieldValue::Users(vec![AccountTarget::Id("ada".into()), AccountTarget::CreatedBy(2)]),
                ),
            ],
        };
        let told: Vec<String> = values(&kind).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            told,
            [
                "priority: High",
                "Floor (customfield_1): North, 3",
                "Labels (labels): paper, jam, beside what is there",
                "due: nothing: whatever is in it goes",
                "Time (timetracking): 2h in all",
                "Watchers (watchers): ada, the account of step 2",
            ]
        );
    }
}
