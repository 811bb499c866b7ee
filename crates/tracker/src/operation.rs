//! What can be asked of any tracker, and what comes back; each dialect turns one into the other.

mod effect;

use crate::webhook::Hidden;
use policy::{Act, Body, FieldSetting, IssueSearch, StepKey, Visibility};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One thing that is asked of a tracker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "operation", rename_all = "snake_case")]
pub enum Operation {
    /// Who are we? Needed to recognise what our own account made.
    Myself,
    /// `fields` are the tracker's own names and values; the named ones of this operation win over them.
    CreateIssue {
        project: String,
        issue_type: String,
        summary: String,
        body: Body,
        #[serde(default)]
        fields: Map<String, Value>,
        /// Every account in it is one by id.
        #[serde(default)]
        set: Vec<FieldSetting>,
        marker: StepKey,
    },
    AddComment {
        issue_id: String,
        body: Body,
        #[serde(default)]
        visibility: Option<Visibility>,
        marker: StepKey,
    },
    EditIssue {
        issue_id: String,
        set: Vec<FieldSetting>,
    },
    /// What can be done with the issue now, with the fields that each asks for.
    ReadTransitions {
        issue_id: String,
    },
    MakeTransition {
        issue_id: String,
        transition_id: String,
        #[serde(default)]
        set: Vec<FieldSetting>,
    },
    ReadLinkTypes,
    ReadLinks {
        issue_id: String,
    },
    /// `from` does to `to` what the type says outward: it blocks it.
    AddLink {
        type_id: String,
        from_id: String,
        to_id: String,
    },
    AddWatcher {
        issue_id: String,
        account: String,
    },
    /// Who may be meant by this address or name.
    FindAccounts {
        query: String,
    },
    ReadAccount {
        account: String,
    },
    ReadGroups {
        account: String,
    },
    /// Who, of those that the account names, may do this in the project.
    FindPermitted {
        account: String,
        project: String,
        act: Act,
    },
    /// What our own account may do in the project.
    ReadPermissions {
        project: String,
    },
    ReadIssueTypes {
        project: String,
        start_at: u64,
    },
    ReadCreateFields {
        project: String,
        issue_type_id: String,
        start_at: u64,
    },
    ReadEditFields {
        issue_id: String,
    },
    /// What stands in these fields, by the tracker's own ids.
    ReadFieldTexts {
        issue_id: String,
        fields: Vec<String>,
    },
    /// All fields of the site, with their kinds and without what they allow.
    ReadAllFields,
    /// A new field of the site, which stands on no screen yet. Nothing keeps it from being made twice: whoever asks has looked before.
    CreateField {
        name: String,
        description: String,
        holds: NewField,
    },
    /// Puts a field on the tracker's default screen.
    ShowField {
        field_id: String,
    },
    /// The first issues in which a field has a value. `search.field` is the tracker's own id.
    FindIssues {
        search: IssueSearch,
        /// Whether the field holds words, which are searched as a phrase; the answer then tells what stands in it.
        as_words: bool,
        /// Whether resolved issues are meant, newest first, or unresolved ones, oldest first.
        resolved: bool,
    },
    /// The issue with this numeric id, if a search in the tracker's own language finds it.
    Match {
        issue_id: String,
        search: String,
    },
    /// One page of the service desks.
    ReadServiceDesks {
        start_at: u64,
    },
    ReadRequestTypes {
        desk_id: String,
        start_at: u64,
    },
    ReadOrganisations {
        desk_id: String,
        start_at: u64,
    },
    AddParticipants {
        issue_id: String,
        accounts: Vec<String>,
    },
    CreateCustomer {
        address: String,
        name: String,
    },
    AddToDesk {
        desk_id: String,
        account: String,
    },
    AddToOrganisation {
        organisation_id: String,
        account: String,
    },
    /// What kind of tracker it is, and of which version.
    ServerInfo,
    /// The marker of one issue, where searches do not tell markers.
    ReadIssueMarker {
        issue_id: String,
    },
    /// How large a file may be, and whether any may hang on an issue.
    ReadUploadMax,
    /// The bytes are streamed in by whoever sends the request.
    Attach {
        issue_id: String,
        name: String,
        content_type: String,
    },
    /// Hands a file to a service desk, where nobody sees it until it is shared; the bytes as with `Attach`.
    AttachTemporary {
        desk_id: String,
        name: String,
        content_type: String,
    },
    /// Attaches a file that was handed in before, for the customers of a request too.
    ShareTemporary {
        issue_id: String,
        temporary_id: String,
    },
    /// `issue` is a numeric id or a key.
    ReadIssue {
        issue: String,
    },
    /// One page of comments with their markers' ids, oldest first; `start_at` counts from 0.
    ReadComments {
        issue_id: String,
        start_at: u64,
    },
    /// The newest comments, at most so many and the newest first, each with who may see it; on Data Center without whether it is
    /// internal.
    ReadNewestComments {
        issue_id: String,
        most: u32,
    },
    ReadWatchers {
        issue_id: String,
    },
    /// What a comment says, and who may see it; on Data Center without whether it is internal.
    ReadComment {
        issue_id: String,
        comment_id: String,
    },
    /// What an entry of work says, and who may see it. Nothing renders it.
    ReadWork {
        issue_id: String,
        work_id: String,
    },
    /// The bytes of a file, which are no part of the answer: whoever carries the request hands them on.
    ReadFile {
        id: String,
        name: String,
        /// As the tracker told it.
        content_type: String,
    },
    /// The bytes of a small picture of a file, which is PNG, JPEG or GIF.
    ReadThumbnail {
        id: String,
    },
    /// What the issue describes. Asked before it is asked who may see the issue: what was written since is then told to nobody
    /// who might not see it.
    ReadDescription {
        issue_id: String,
    },
    /// Whether a comment is marked as internal. `TrackerGone` where it bears no such mark.
    ReadInternal {
        comment_id: String,
    },
    /// Who, of those that the account names, may see the issue.
    FindSeers {
        account: String,
        issue_key: String,
    },
    /// Who, of those that the account names, works on the issue as an agent of service management.
    FindAgents {
        account: String,
        issue_key: String,
    },
    /// What kinds of holders the permission to see the project's issues is granted to, such as `projectRole` or `reporter`.
    ReadBrowsers {
        project: String,
    },
    ReadProjectLead {
        project: String,
    },
    /// Of these components of the project, by name.
    ReadComponentLeads {
        project: String,
        components: Vec<String>,
    },
    ReadRoles {
        project: String,
    },
    ReadRoleActors {
        project: String,
        role_id: String,
    },
    /// One page of the people in a group, by its name.
    ReadMembers {
        group: String,
        start_at: u64,
    },
    /// One page of those who take part in a request of service management.
    ReadParticipants {
        issue_id: String,
        start_at: u64,
    },
    /// One page of what is to be approved about a request of service management; `start_at` counts approvals.
    ReadApprovals {
        issue_id: String,
        start_at: u64,
    },
    /// The organisations that stand in a field, by the tracker's own id.
    ReadFieldOrganisations {
        issue_id: String,
        field: String,
    },
    /// One page of the people of an organisation.
    ReadOrganisationPeople {
        organisation_id: String,
        start_at: u64,
    },
    /// The people who stand in a field, by the tracker's own id.
    ReadFieldPeople {
        issue_id: String,
        field: String,
    },
    /// The markers of these comments, at most [`crate::jira::COMMENT_MARKERS_MAX`] at once.
    ReadCommentMarkers {
        comment_ids: Vec<String>,
    },
    /// One page of the issues that this account created in the project since then, with their markers.
    ///
    /// Trackers search an index that lags behind what was written, so an empty answer proves nothing by itself.
    FindCreated {
        project: String,
        account_id: String,
        since_minutes: u64,
        page_token: Option<String>,
    },
    /// The names of the statuses that issues of the project can have.
    ReadStatuses {
        project: String,
    },
    /// Whether the tracker answers the administrator's own search, with the first issue of the project that it finds.
    TrySearch {
        project: String,
        search: String,
    },
    /// What the administrator's own search finds, in this order or, where it is empty, in its own: so many issues at most.
    ListIssues {
        search: String,
        order: String,
        most: u32,
    },
    /// What time it is there.
    ReadClock,
    /// One page of the issues that were touched since then, the least recently touched first. The same lag as with `FindCreated`.
    FindTouched {
        since_minutes: u64,
        page_token: Option<String>,
    },
    /// What happened to an issue at `since_ms` and later, in milliseconds since 1970, but its making.
    ReadHistory {
        issue_id: String,
        since_ms: i64,
    },
    /// The same, of one of the lists that it stands in and one page of that.
    ReadHistoryPage {
        issue_id: String,
        issue_key: String,
        list: HistoryList,
        start_at: u64,
        since_ms: i64,
    },
    /// The admin webhooks that are registered; for administrators alone.
    ReadWebhooks,
    /// Registers one that tells of everything that is looked at, signed with this secret.
    RegisterWebhook {
        name: String,
        url: String,
        secret: Hidden,
    },
    /// A page of the webhooks that this very app has registered: only apps with OAuth have any, and they end after 30 days.
    ReadAppWebhooks {
        start_at: u64,
    },
    /// Registers one for the issues that the search finds, in the little of JQL that Jira allows there.
    RegisterAppWebhook {
        url: String,
        search: String,
    },
    /// Lets these live for another 30 days.
    RenewAppWebhooks {
        ids: Vec<u64>,
    },
    RemoveAppWebhooks {
        ids: Vec<u64>,
    },
    /// The newest key of the project, from which later keys are counted.
    ///
    /// Asked before an attempt. It is a search too and may lag: the true highest key is this one or a later one, so
    /// counting on from it covers too much and never too little.
    HighestKey {
        project: String,
    },
    /// The issues with these keys, with their markers, at most [`crate::jira::KEYS_PER_FETCH_MAX`] at once;
    /// missing ones are simply absent.
    ///
    /// This reads the issues themselves and not the index, so it does not lag.
    FetchKeys {
        keys: Vec<String>,
    },
}

/// Where it stands what happened to an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HistoryList {
    Changes,
    Comments,
    Work,
}

impl HistoryList {
    pub const ALL: [HistoryList; 3] = [HistoryList::Changes, HistoryList::Comments, HistoryList::Work];
}

/// What a new field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NewField {
    /// One line of text.
    Line,
    /// Several lines.
    Text,
}

/// The word of each, that stands in logs and faults.
macro_rules! words {
    ($($operation:ident: $word:literal,)*) => {
        impl Operation {
            /// The word that stands in logs and faults.
            pub fn word(&self) -> &'static str {
                match self {
                    $(Operation::$operation { .. } => $word,)*
                }
            }
        }
    };
}

words! {
    Myself: "myself",
    CreateIssue: "create_issue",
    AddComment: "add_comment",
    EditIssue: "edit_issue",
    ReadTransitions: "read_transitions",
    MakeTransition: "make_transition",
    ReadLinkTypes: "read_link_types",
    ReadLinks: "read_links",
    AddLink: "add_link",
    AddWatcher: "add_watcher",
    FindAccounts: "find_accounts",
    ReadAccount: "read_account",
    ReadGroups: "read_groups",
    FindPermitted: "find_permitted",
    ReadPermissions: "read_permissions",
    ReadIssueTypes: "read_issue_types",
    ReadCreateFields: "read_create_fields",
    ReadEditFields: "read_edit_fields",
    ReadFieldTexts: "read_field_texts",
    ReadAllFields: "read_all_fields",
    CreateField: "create_field",
    ShowField: "show_field",
    FindIssues: "find_issues",
    Match: "match",
    ReadServiceDesks: "read_service_desks",
    ReadRequestTypes: "read_request_types",
    ReadOrganisations: "read_organisations",
    AddParticipants: "add_participants",
    CreateCustomer: "create_customer",
    AddToDesk: "add_to_desk",
    AddToOrganisation: "add_to_organisation",
    ServerInfo: "server_info",
    ReadIssueMarker: "read_issue_marker",
    ReadUploadMax: "read_upload_max",
    Attach: "attach",
    AttachTemporary: "attach_temporary",
    ShareTemporary: "share_temporary",
    ReadIssue: "read_issue",
    ReadComments: "read_comments",
    ReadCommentMarkers: "read_comment_markers",
    FindCreated: "find_created",
    HighestKey: "highest_key",
    FetchKeys: "fetch_keys",
    ReadStatuses: "read_statuses",
    TrySearch: "try_search",
    ListIssues: "list_issues",
    ReadWebhooks: "read_webhooks",
    RegisterWebhook: "register_webhook",
    ReadAppWebhooks: "read_app_webhooks",
    RegisterAppWebhook: "register_app_webhook",
    RenewAppWebhooks: "renew_app_webhooks",
    RemoveAppWebhooks: "remove_app_webhooks",
    ReadNewestComments: "read_newest_comments",
    ReadWatchers: "read_watchers",
    ReadComment: "read_comment",
    ReadWork: "read_work",
    ReadFile: "read_file",
    ReadThumbnail: "read_thumbnail",
    ReadDescription: "read_description",
    ReadInternal: "read_internal",
    FindSeers: "find_seers",
    FindAgents: "find_agents",
    ReadBrowsers: "read_browsers",
    ReadProjectLead: "read_project_lead",
    ReadComponentLeads: "read_component_leads",
    ReadRoles: "read_roles",
    ReadRoleActors: "read_role_actors",
    ReadMembers: "read_members",
    ReadParticipants: "read_participants",
    ReadApprovals: "read_approvals",
    ReadFieldOrganisations: "read_field_organisations",
    ReadOrganisationPeople: "read_organisation_people",
    ReadFieldPeople: "read_field_people",
    ReadClock: "read_clock",
    FindTouched: "find_touched",
    ReadHistory: "read_history",
    ReadHistoryPage: "read_history_page",
}
