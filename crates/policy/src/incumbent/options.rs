//! The options that the other mail handlers are known to have, by name, and what each becomes here.
//!
//! Names are those of their public manuals; how an exported file writes them is assumed to be close to that.

use super::option::{How, Known, Stop, To};
use super::words::{
    APPLY, ASSIGNEE, FLOOD, MACHINE, MODE, ORDER, OVERFLOW, REFUSED, RIGHTS, STRANGERS, UNCAUGHT, UNPLACED,
};
use How::{
    Addresses, Due, Field, Lines, Names, Number, People, PlainTemplate, Project, RecipientHeaders, Regex, Regexes,
    Text, Texts, Truth, Words,
};
use To::{
    AlwaysOn, ByOccasion, Cause, In, Level, NotNeeded, NotTakenOver, PeopleField, Processors, Sides, Switch, Thread,
    Top,
};

const fn known(names: &'static [&'static str], to: To) -> Known {
    Known { names, to, note: "" }
}

const fn noted(names: &'static [&'static str], to: To, note: &'static str) -> Known {
    Known { names, to, note }
}

const VELOCITY: &str =
    "their templates are another language; write the text anew, with places such as {{sender.address}}";
const SCRIPT: &str = "scripts are not run here; a condition (rule[].when) or an expression (directive[].value) may do";
const ACCOUNTS: &str =
    "accounts with a licence are not made and groups not joined; default.customers makes customers of a service desk";

/// Of what another option does, too.
pub(super) const JIRA_PICTURES: &str =
    "pictures of Jira's own mails stay in the mail; jira_pictures = true lets them go along";

/// Every known option.
pub(super) const OPTIONS: &[Known] = &[
    // Where mail is awaited.
    known(
        &["catchemailaddresses", "catchemailaddress", "catchemails", "catchemail", "catchaddresses"],
        Top("catch", Addresses),
    ),
    known(
        &["recipientheaders", "recipientheaderssearched", "additionalrecipientheaders", "catchemailheaders"],
        Top("recipient_headers", RecipientHeaders),
    ),
    known(&["noncatchemailaction", "noncatchaction", "noncatchmailaction"], Top("uncaught", Words(UNCAUGHT))),
    known(
        &["forwarduseremailaddresses", "forwarduseremailaddress", "forwardusers", "forwarduser"],
        Top("forward_to", People),
    ),
    noted(&["readiness", "readinesslabel"], Top("environment", Text), "a label, as it was there"),
    known(
        &["ruleselection", "ruleselectionstrategy", "rulestrategy", "ruleorder", "rulematchstrategy"],
        Top("rule_order", Words(ORDER)),
    ),
    noted(
        &["projectautoassign", "autoassignproject"],
        In("projects", "local_part", Truth),
        "only projects that a mapping or projects.keys names can be reached",
    ),
    noted(
        &["autoassignfromsubaddress", "projectautoassignfromsubaddress"],
        In("projects", "plus_address", Truth),
        "only projects that a mapping or projects.keys names can be reached",
    ),
    known(&["projectautoassignfromsubject"], NotTakenOver("make a [[rule]] with subject_regex for each project")),
    // Where issues are made.
    known(&["project", "projectkey", "defaultproject", "jiraproject"], Level("project", Project)),
    known(&["issuetype", "issuetypename", "defaultissuetype"], Level("issue_type", Text)),
    known(&["subtaskissuetype", "subtasktype"], Level("subtask_type", Text)),
    known(&["operatingmode", "mode"], Level("mode", Words(MODE))),
    known(
        &["failureaction", "commentonlyfailureaction", "operatingmodefailureaction"],
        Level("unplaced", Words(UNPLACED)),
    ),
    // To which issue mail belongs.
    known(&["issuekeysinsubject", "useissuekeysinsubject"], Level("subject_keys", Truth)),
    noted(
        &["subjectissuekeyregex", "subjectissuekeyregexes", "issuekeyregex"],
        Level("subject_key_regex", Regexes),
        "keys in a subject count for senders who take part in the issue",
    ),
    known(&["issueassociationbyemailaddress"], Level("issue_addresses", Truth)),
    known(&["foreignkeyregex", "foreignkeyregexes", "foreignkeyexpression"], Level("foreign_key_regex", Regex)),
    known(&["foreignkeyfield", "foreignkeyjirafield", "foreignkeysearchfield"], Level("foreign_key_field", Field)),
    known(
        &["foreignkeysenderregexes", "foreignkeysenderregex", "foreignkeysenders"],
        Level("foreign_key_from", Addresses),
    ),
    known(
        &["foreignkeyassociation", "enableforeignkeyassociation", "foreignkeyenabled"],
        Switch(&["foreign_key_regex", "foreign_key_field", "foreign_key_from", "foreign_key_from_regex"]),
    ),
    known(&["emailthreading", "enableemailthreading", "threading"], Thread(&["in-reply-to", "references"])),
    known(&["useinreplytoheader", "inreplytoheader"], Thread(&["in-reply-to"])),
    known(&["usereferencesheader", "referencesheader"], Thread(&["references"])),
    noted(
        &[
            "allowuninvolvedsendersviathreading",
            "allowuninvolvedjirausersviathreading",
            "allowuninvolvedjirausersthroughthreading",
        ],
        In("threads", "strangers", Words(STRANGERS)),
        "one setting for people with and without an account",
    ),
    known(
        &["nonjirasecurity"],
        AlwaysOn(
            "without it anybody could add himself to an issue, so it is always on here; whoever writes to those who take part brings in whom he addresses",
        ),
    ),
    noted(
        &["jirasecurity"],
        Level("rights_of", Words(RIGHTS)),
        "of senders whose domain vouches for them; site[].account needs Administer projects to ask",
    ),
    known(
        &["strictjirapermissions", "strictpermissions"],
        NotTakenOver(
            "whatever is done is done with the rights of site[].account; default.rights_of = \"everybody\" asks for those of proved senders, \
             too",
        ),
    ),
    known(
        &["allowanonymouscommenting"],
        NotTakenOver(
            "a key can be guessed, so it lets nobody comment; threads.strangers = \"comment\" lets those in who answer a known message",
        ),
    ),
    known(
        &[
            "defaultreporteroverridesderived",
            "useemailsenderforsecuritychecks",
            "privilegeduser",
            "privilegedusername",
            "workarounduser",
        ],
        NotNeeded("site[].account does everything in the tracker, and a From field lends nobody rights"),
    ),
    known(
        &[
            "emailsenderaddress",
            "emailsenderaddressfield",
            "senderaddressfield",
            "senderaddresscustomfield",
            "emailsenderaddresscustomfield",
            "emailparticipants",
            "emailparticipantsfield",
            "emailparticipantscustomfield",
        ],
        PeopleField,
    ),
    known(
        &["emailsendername", "emailsendernamefield", "sendernamecustomfield", "emailsendernamecustomfield"],
        NotTakenOver(
            "nothing is written into such fields unless you say so, because Jira shows it to everybody who sees the issue; to go on \
             filling them write default.sender_name_field, sender_address_field and participants_field",
        ),
    ),
    known(
        &["senderheaders"],
        NotTakenOver("the author is whom From names; reply_to_from names web forms that write for others"),
    ),
    // When an issue takes no more comments.
    known(
        &["rejectcommentonstatus", "rejectcommentsonstatus", "rejectcommentonstatuses"],
        Level("reject_status", Texts),
    ),
    known(
        &[
            "rejectcommentonjqlmatch",
            "rejectcommentjql",
            "threadmatchinglimit",
            "threadmatchinglimitjql",
            "threadmatchrejectjql",
        ],
        Level("reject_search", Text),
    ),
    known(
        &["rejectcommentswhenissueresolvedformorethandays", "rejectresolveddays", "rejectwhenresolvedmorethandays"],
        Level("reject_resolved_days", Number),
    ),
    noted(
        &["issuecreationoncommentrejectionmatch", "createissueoncommentrejection"],
        Level("on_reject", Words(REFUSED)),
        "a new issue is linked to the one that took no comment",
    ),
    known(&["commentlimit", "commentcountlimit", "maxcomments", "commentlimitcount"], Level("comments_max", Number)),
    known(&["commentlimitaction", "commentcountlimitaction", "commentcountaction"], Level("on_reject", Words(REFUSED))),
    noted(
        &["commentratelimit", "maxcommentsperperiod"],
        Level("comments_per_hour", Number),
        "counted within one hour here, whatever the period was there",
    ),
    known(
        &["commentrateperiod", "commentratelimitperiod", "commentrateperiodhours"],
        NotTakenOver("comments are counted within one hour; divide comments_per_hour by these hours"),
    ),
    known(&["archivedissueaction"], NotTakenOver("name the status of archived issues in reject_status")),
    known(
        &["excludeemailifissueapplyjql", "excludeemailifissueapplyjqlaction"],
        NotTakenOver("reject_search with on_reject says what becomes of mail whose issue a search finds"),
    ),
    known(&["autolinking", "autolink"], NotNeeded("a new issue in place of a refused comment is always linked")),
    // Of what senders are told.
    known(&["notifysenderwhenissuecannotbecreated", "notifysenderissuecannotbecreated"], Cause("not_created")),
    known(&["notifysenderoncommentlimitexceeded", "notifysendercommentlimitexceeded"], Cause("comment_limit")),
    known(&["notifysendercreationrejectedduetocommentonlymode", "notifysendercommentonlymode"], Cause("comment_only")),
    known(&["notifysenderwhencommentrejectedonstatus", "notifysenderoncommentrejection"], Cause("status")),
    known(
        &["notifysendercannotcommentduetonotbeinginvolved", "notifysendernotinvolved"],
        NotNeeded("mail of somebody who takes no part becomes a new issue and is not rejected"),
    ),
    known(&["notifysenderofforward"], Cause("uncaught")),
    known(
        &[
            "messagerejectedtemplate",
            "messagerejectedtemplateset",
            "hintnotificationtemplate",
            "commentheadertemplate",
            "contentheadertemplate",
            "registrationtemplate",
        ],
        NotTakenOver(VELOCITY),
    ),
    // Subject and text.
    known(
        &[
            "subjectcleanupregex",
            "subjectcleanupregexes",
            "subjectcleanupexpressions",
            "prefieldprocessorsubjectcleanupregexes",
            "forwardedemailsubjectprefixes",
        ],
        Level("subject_cleanup_regex", Regex),
    ),
    known(&["defaultsummary"], Level("summary", PlainTemplate)),
    known(
        &["bodydelimiterregexes", "bodydelimiterregex", "bodydelimiters", "bodydelimiter"],
        ByOccasion { create: "create_delimiters_regex", comment: "comment_delimiters_regex", how: Regex },
    ),
    known(&["createbodydelimiterregexes", "createbodydelimiters"], Level("create_delimiters_regex", Regex)),
    known(&["commentbodydelimiterregexes", "commentbodydelimiters"], Level("comment_delimiters_regex", Regex)),
    known(
        &["bodydelimitertexts", "bodydelimitertext"],
        ByOccasion { create: "create_delimiters", comment: "comment_delimiters", how: Lines },
    ),
    known(
        &["prefieldprocessorbodycleanupregexes", "prefieldprocessorbodycleanupregex"],
        Level("text_cleanup_regex", Regex),
    ),
    noted(
        &[
            "bodycleanupregexes",
            "bodycleanupregex",
            "postfieldprocessorbodycleanupregexes",
            "cleanupexpressions",
            "bodycleanupexpressions",
        ],
        ByOccasion { create: "create_cleanup_regex", comment: "comment_cleanup_regex", how: Regex },
        "done after directives are read; in text_cleanup_regex it is done before",
    ),
    known(&["contenttypepreference"], NotNeeded("text and HTML are compared, and no word of either is lost")),
    known(&["commentheader", "commentheadertext"], Level("comment_header", PlainTemplate)),
    known(&["contentheader", "descriptionheader"], Level("description_header", PlainTemplate)),
    known(
        &["commentheadermode"],
        NotNeeded("the author stands above in any case, and {{to}} and {{cc}} in a header name all who got the mail"),
    ),
    noted(
        &["descriptionoverride", "description"],
        Level("description", PlainTemplate),
        "what the mail says goes along as a file; {{text}} in it puts it there",
    ),
    known(
        &[
            "descriptionlimit",
            "commentlimitchars",
            "characterlimit",
            "descriptioncharlimit",
            "commentcharlimit",
            "lengthlimit",
            "descriptioncommentcharlimit",
        ],
        Level("text_max", Number),
    ),
    known(&["characterlimitaction", "lengthlimitaction", "charlimitaction"], Level("text_overflow", Words(OVERFLOW))),
    known(&["commentvisibility", "commentvisibilityrole", "viewable"], Level("viewable", Text)),
    known(
        &["commentvisibilityoptional"],
        NotNeeded(
            "site[].account writes all comments; one that it may not limit is refused and never open to everybody",
        ),
    ),
    known(&["htmlformat", "convertembeddedimages"], NotNeeded("the layout of mail is kept")),
    known(&["regextester", "preprocessingtasks"], NotNeeded("malformed mail is mended by itself")),
    // Fields.
    known(&["priority"], Level("priority", Text)),
    known(&["labels", "label"], Level("labels", Texts)),
    known(&["components", "component"], Level("components", Texts)),
    known(&["securitylevel", "issuesecuritylevel", "issuesecurity"], Level("security_level", Text)),
    known(&["duedate", "due"], Level("due", Due)),
    known(
        &["usemailheaderpriority"],
        NotTakenOver(
            "make a [[rule]] with header = [\"X-Priority: 1*\", \"X-Priority: 2*\", \"Importance: high\"] and priority = \"High\", \
             and one for 4*, 5* and low",
        ),
    ),
    known(&["assigneestrategy", "defaultassigneestrategy"], Level("assignee", Words(ASSIGNEE))),
    known(&["assigneename", "assignee"], Level("assignee_name", Text)),
    known(&["enableautomaticassignee", "automaticassignee"], NotNeeded("the tracker chooses where nothing is said")),
    known(&["epiclabel", "epiclink", "board", "sprint"], NotTakenOver("set the field by its name in default.fields")),
    known(&["requesttype", "requesttypename", "customerrequesttype"], Level("request_type", Text)),
    noted(
        &["defaultreporter", "reportername", "reporter"],
        Level("reporter_name", Text),
        "an address or account; a proved sender who has an account reports his issue himself",
    ),
    known(&["addsenderaswatcher", "addjirasenderaswatcher"], Sides("watchers", &["sender"])),
    known(&["addparticipantsaswatchers", "addjiraparticipantsaswatchers"], Sides("watchers", &["to", "cc"])),
    known(
        &["watchers"],
        NotTakenOver(
            "default.watchers says which of a mail's people watch (\"sender\", \"to\", \"cc\"); somebody who watches every issue is \
             set in Jira",
        ),
    ),
    known(&["torecipientsfield", "torecipientsmultiuserfield"], Level("to_field", Field)),
    known(&["ccrecipientsfield", "ccrecipientsmultiuserfield"], Level("cc_field", Field)),
    known(
        &["multiuserfield"],
        NotTakenOver(
            "it does not say whose it is: name the field in default.to_field, or in default.cc_field, or in both",
        ),
    ),
    known(
        &[
            "autocreateusers",
            "autocreatejirausers",
            "requiresignupemail",
            "notifyusers",
            "autojoingroups",
            "joingroupfromemaildomain",
            "userdirectory",
        ],
        NotTakenOver(ACCOUNTS),
    ),
    known(&["autocreatecustomers", "autocreatejsmcustomers"], Sides("customers", &["sender"])),
    known(&["autocreatecustomersallowregex", "customerallowregex"], Level("customers_allow", Addresses)),
    known(&["autocreatecustomersblockregex", "customerblockregex"], Level("customers_block", Addresses)),
    known(&["addcustomertoorganizations", "addtoorganizations"], Level("customer_organisations", Names)),
    known(&["notifyautocreatedcustomer", "notifyautocreatedcustomers"], Cause("customer")),
    known(&["addjirasenderasrequestparticipant"], Sides("request_participants", &["sender"])),
    known(
        &["requestparticipants", "addjiraparticipantsasrequestparticipants"],
        Sides("request_participants", &["to", "cc"]),
    ),
    known(
        &["sharecreatedrequestswithorganization", "sharecreatedrequestswithorganizations"],
        Level("organisations", Names),
    ),
    // Directives.
    noted(
        &["directiveprocessingbehaviour", "applyfieldprocessors", "fieldprocessorbehaviour"],
        Level("directives", Words(APPLY)),
        "directives count for senders whose domain vouches for them",
    ),
    known(&["fieldprocessors", "enabledfieldprocessors", "fieldprocessor", "enabledprocessors"], Processors),
    known(&["allowlisteddirectives", "whitelisteddirectives", "allowlistdirectives"], In("directives", "allow", Texts)),
    known(&["blocklisteddirectives", "blacklisteddirectives", "blocklistdirectives"], In("directives", "block", Texts)),
    known(&["directivegroups", "directivegroup"], In("directives", "groups", Texts)),
    known(&["usetranslatedfieldnames"], NotTakenOver("name fields as the tracker shows them, or by id")),
    known(&["aliases", "alias"], NotTakenOver("make a [[directive]] whose value is an expression")),
    known(
        &["scriptfieldprocessor", "script", "preprocessingscript", "javascript", "recipientsscript", "scriptcondition"],
        NotTakenOver(SCRIPT),
    ),
    known(
        &["directivesets", "directiveset"],
        NotTakenOver(
            "write each as a [[directive_set]] with its name and directives = { key = \"value\" }; {{set:NAME}} in the text of a \
             [[notice]] offers it",
        ),
    ),
    known(
        &["dateformat", "directivedateformat", "duedateformat"],
        NotTakenOver("write dates as 2026-12-24, +3d or +2w"),
    ),
    // Machines, loops, floods.
    known(&["precedencebulk", "precedencebulkaction"], In("automatic", "bulk", Words(MACHINE))),
    known(&["precedencejunk", "precedencejunkaction"], In("automatic", "bulk", Words(MACHINE))),
    known(&["precedencelist", "precedencelistaction"], In("automatic", "list", Words(MACHINE))),
    known(
        &["autosubmitted", "autosubmittedaction", "autoreply", "autoreplyaction"],
        In("automatic", "auto_reply", Words(MACHINE)),
    ),
    known(
        &["nondelivery", "nondeliveryaction", "nondeliveryreports"],
        NotNeeded("reports never become issues or comments"),
    ),
    known(
        &["xjirafingerprint", "xjirafingerprintaction", "jirafingerprint"],
        NotNeeded("a tracker's own mail is known as such, and automatic.bulk says what becomes of it"),
    ),
    known(&["xspamflag", "xspamflagaction"], To::Rule(Stop::Spam)),
    known(
        &["customheaderfilterdrop", "dropheaders", "customheadersdrop", "headerdrop"],
        To::Rule(Stop::Headers("ignore")),
    ),
    known(
        &["customheaderfilterforward", "forwardheaders", "customheadersforward", "headerforward"],
        To::Rule(Stop::Headers("forward")),
    ),
    known(&["excludedsubjects", "excludesubjects", "subjectblocklist", "subjectblacklist"], To::Rule(Stop::Subjects)),
    known(
        &["excludedsenders", "blocklist", "blacklist", "senderblocklist", "senderblacklist", "blockedsenders"],
        To::Rule(Stop::BlockedSenders),
    ),
    known(
        &["includedsenders", "allowlist", "whitelist", "senderallowlist", "senderwhitelist", "allowedsenders"],
        To::Rule(Stop::AllowedSenders),
    ),
    known(
        &["excludedrecipients", "recipientblocklist", "excludedinboundrecipients"],
        In("threads", "never", Addresses),
    ),
    known(&["senderisbulkthreshold", "bulkthreshold", "senderbulkthreshold"], In("limits", "sender_per_hour", Number)),
    known(&["senderisbulkaction", "bulkaction"], In("limits", "on_flood", Words(FLOOD))),
    // Files.
    known(
        &["winmaildatfilter", "ignorewinmaildat"],
        NotNeeded("winmail.dat is opened, and its files go along in its place"),
    ),
    known(&["signatureascfilter"], NotNeeded("signatures of the mail are left out")),
    known(&["excludedimageurls", "imageurlexclusions"], To::Pictures),
    known(&["jiraimageexclusion", "automaticjiraimageexclusion"], NotNeeded(JIRA_PICTURES)),
    // What says nothing about mail.
    known(
        &[
            "id",
            "uuid",
            "profileid",
            "mappingid",
            "ruleid",
            "version",
            "created",
            "createdat",
            "createddate",
            "updated",
            "updatedat",
            "modified",
            "lastmodified",
            "author",
            "exportdate",
            "exportedat",
            "exportversion",
            "appversion",
            "pluginversion",
            "schemaversion",
            "class",
            "order",
            "sortorder",
            "position",
            "enabled",
            "active",
            "name",
            "profilename",
            "title",
            "clienturl",
            "tenant",
            "clientkey",
            "api",
            "apienabled",
            "profileauditing",
            "auditing",
            "isdefault",
            "default",
            "defaultmapping",
        ],
        NotNeeded("it says nothing about what becomes of mail"),
    ),
    known(&["applyon", "apply", "applyto", "applies", "applieson"], NotNeeded("it says when the lines beside it hold")),
    known(
        &["groupkey", "grouporder", "defaultprofile", "profilegroup"],
        NotTakenOver("one profile holds for a mailbox; put the rules of the group's profiles into one, in their order"),
    ),
];
