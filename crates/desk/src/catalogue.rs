//! What every project of the desk offers: issue types, statuses with their workflow, priorities and link types.

/// A kind of issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct IssueType {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
}

pub(crate) const ISSUE_TYPES: [IssueType; 3] = [
    IssueType { id: 10001, name: "Task", description: "A small, distinct piece of work." },
    IssueType { id: 10002, name: "Bug", description: "Something that does not work as it should." },
    IssueType { id: 10003, name: "Question", description: "Somebody wants to know something." },
];

/// The large bins into which Jira sorts statuses; keys and colours are Jira's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StatusCategory {
    pub(crate) id: i64,
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) color: &'static str,
}

pub(crate) const CATEGORIES: [StatusCategory; 3] = [
    StatusCategory { id: 2, key: "new", name: "To Do", color: "blue-gray" },
    StatusCategory { id: 4, key: "indeterminate", name: "In Progress", color: "yellow" },
    StatusCategory { id: 3, key: "done", name: "Done", color: "green" },
];

/// Where an issue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Status {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) category: StatusCategory,
}

pub(crate) const TO_DO: Status = Status { id: 10010, name: "To Do", category: CATEGORIES[0] };
pub(crate) const IN_PROGRESS: Status = Status { id: 10011, name: "In Progress", category: CATEGORIES[1] };
pub(crate) const DONE: Status = Status { id: 10012, name: "Done", category: CATEGORIES[2] };
pub(crate) const STATUSES: [Status; 3] = [TO_DO, IN_PROGRESS, DONE];

/// A step of the workflow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Transition {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    from: &'static [i64],
    pub(crate) to: Status,
}

/// Done cannot be reached twice, and what is done must be reopened before work on it starts again. What leads
/// forward comes first, and the pages make it the main button.
pub(crate) const TRANSITIONS: [Transition; 4] = [
    Transition { id: 11, name: "Start work", from: &[TO_DO.id], to: IN_PROGRESS },
    Transition { id: 31, name: "Resolve", from: &[TO_DO.id, IN_PROGRESS.id], to: DONE },
    Transition { id: 21, name: "Put back", from: &[IN_PROGRESS.id], to: TO_DO },
    Transition { id: 41, name: "Reopen", from: &[DONE.id], to: TO_DO },
];

/// How urgent an issue is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Priority {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) color: &'static str,
}

/// Most urgent first, as Jira orders them.
pub(crate) const PRIORITIES: [Priority; 5] = [
    Priority { id: 1, name: "Highest", color: "#d04437" },
    Priority { id: 2, name: "High", color: "#f15c75" },
    Priority { id: 3, name: "Medium", color: "#f79232" },
    Priority { id: 4, name: "Low", color: "#707070" },
    Priority { id: 5, name: "Lowest", color: "#999999" },
];
pub(crate) const DEFAULT_PRIORITY: Priority = PRIORITIES[2];

/// How two issues can hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LinkType {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) inward: &'static str,
    pub(crate) outward: &'static str,
}

pub(crate) const LINK_TYPES: [LinkType; 4] = [
    LinkType { id: 10000, name: "Blocks", inward: "is blocked by", outward: "blocks" },
    LinkType { id: 10001, name: "Cloners", inward: "is cloned by", outward: "clones" },
    LinkType { id: 10002, name: "Duplicate", inward: "is duplicated by", outward: "duplicates" },
    LinkType { id: 10003, name: "Relates", inward: "relates to", outward: "relates to" },
];

/// A kind of request that customers make in every project's service desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestType {
    pub(crate) id: i64,
    pub(crate) name: &'static str,
    pub(crate) issue_type_id: i64,
}

pub(crate) const REQUEST_TYPES: [RequestType; 2] = [
    RequestType { id: 25, name: "Get help", issue_type_id: 10001 },
    RequestType { id: 26, name: "Report a fault", issue_type_id: 10002 },
];

/// With whom requests can be shared: id and name.
pub(crate) const ORGANISATIONS: [(i64, &str); 2] = [(3, "Example Ltd"), (4, "Other Ltd")];

/// The issue type with this id; an unknown id can only come from a file of another version and reads as a Task.
pub(crate) fn issue_type(id: i64) -> IssueType {
    ISSUE_TYPES.into_iter().find(|one| one.id == id).unwrap_or(ISSUE_TYPES[0])
}

/// The status with this id; unknown ones read as To Do.
pub(crate) fn status(id: i64) -> Status {
    STATUSES.into_iter().find(|one| one.id == id).unwrap_or(TO_DO)
}

/// The priority with this id; unknown ones read as the default.
pub(crate) fn priority(id: i64) -> Priority {
    PRIORITIES.into_iter().find(|one| one.id == id).unwrap_or(DEFAULT_PRIORITY)
}

/// The link type with this id; unknown ones read as Relates.
pub(crate) fn link_type(id: i64) -> LinkType {
    LINK_TYPES.into_iter().find(|one| one.id == id).unwrap_or(LINK_TYPES[3])
}

/// What can be done with an issue in this status.
pub(crate) fn transitions_from(status_id: i64) -> impl Iterator<Item = Transition> {
    TRANSITIONS.into_iter().filter(move |one| one.from.contains(&status_id))
}

/// Whether a value from a request or a query means this row: its id, or its name without regard to case.
pub(crate) fn means(value: &str, id: i64, name: &str) -> bool {
    value.parse() == Ok(id) || value.eq_ignore_ascii_case(name)
}
