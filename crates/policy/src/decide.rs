//! From a message, its new text, a profile and the facts to a plan.

mod association;
mod author;
mod automatic;
mod body;
mod directives;
mod effects;
mod evidence;
mod fields;
mod files;
mod filling;
mod flood;
mod history;
mod instead;
mod keeping;
mod letters;
mod lookups;
mod loop_guard;
mod moving;
mod people;
mod pictures;
mod rejection;
mod returned;
mod routing;
mod safeguards;
mod scene;
mod sealing_note;
mod sets;
mod signs;
mod steps;
mod summary;
mod trim;
mod verdict;
mod visibility;

pub(crate) use body::is_long;

pub use author::author;
pub(crate) use author::proved_author;
pub use body::LONG_TEXT_UNITS;
pub(crate) use directives::is_for_comments;
pub use evidence::{addresses_in, is_plain_address};
pub use letters::{ALERTS_DAY_MAX, UNVERIFIED_DAY_MAX};
pub use lookups::{THREAD_IDS_MAX, TOKENS_MAX};
pub use loop_guard::RECEIVED_MAX;
pub use sealing_note::{opened_in_words, unopened_in_words};
pub use signs::{FOREIGN_KEYS_MAX, SUBJECT_KEYS_MAX};
pub use summary::SUMMARY_UNITS_MAX;
pub(crate) use summary::of_subject;

use crate::profile::{Mapping, Mode, Rule, Word};
use crate::{
    Facts, IssueTarget, Letter, Origin, Outcome, Plan, Profile, Question, Rejection, RejectionCause, Step, StepKind,
};
use association::{Association, Refused};
use automatic::Course;
use evidence::Evidence;
use files::{Scope, Sorted};
use mail::authenticity::Verdict as AuthorVerdict;
use mail::{Message, Reply};
use returned::Returned;
use std::cell::OnceCell;
pub(crate) use verdict::Trace;
use verdict::{Place, Verdict, bounded_line, in_words};

/// The plan. Total: with a question still open it is a plan of outcome `hold` that names the question.
///
/// Whatever the mail says of its sender, the plan lets it do no more than an outsider may: make an issue where the profile
/// says, or comment on an issue that a signed token or its own past part in it opens to it (SEC-01, SEC-02).
pub fn decide(
    message: &Message,
    reply: &Reply,
    profile: &Profile,
    facts: &Facts,
    origin: Origin,
    revision: u32,
) -> Plan {
    let evidence = Evidence::new(message, profile, facts);
    let mut trace = Trace::default();
    let mut route = Route::new(profile);
    let weighed = weigh_all(&evidence, &mut route, &mut trace);
    let weighed = weighed.unwrap_or_else(|open| Weighed::unanswered(&open, &evidence, &mut trace));
    let Weighed { verdict, rejection, letters, returned } = weighed;
    let Returned { letters: returned, note } = returned;
    let verdict = Verdict { reason: bounded_line(&verdict.reason), ..verdict };
    let (mut steps, excluded) = steps::of(&evidence, reply, &verdict, &route, &origin, &mut trace);
    if let Some(kind) = note.filter(|_| matches!(verdict.place, Place::Nowhere(_))) {
        steps.push(Step {
            ordinal: 1,
            kind,
            reason: "a letter about the issue came back (automatic.bounce_note)".into(),
        });
    }
    let rule = route.rule.map(|rule| rule.name.clone());
    let mapping = route.mapping.name;
    let plan = plan(origin, revision, profile, &verdict, trace);
    Plan { steps, rule, mapping, rejection, letters, returned, excluded, ..plan }
}

/// What the profile says of a mail: the rule that holds, the values, and which parts go along.
struct Route<'a> {
    rule: Option<&'a Rule>,
    mapping: Mapping,
    directives: directives::Given,
    /// See [`Route::sorted`].
    sorted: OnceCell<Sorted<'a>>,
}

impl<'a> Route<'a> {
    fn new(profile: &'a Profile) -> Route<'a> {
        let mapping = profile.mapping(None, None, None);
        Route { rule: None, mapping, directives: directives::Given::default(), sorted: OnceCell::new() }
    }

    /// The parts of the mail, sorted for the place that it goes to. Asked once that is known: a walk finds one place, and every part is
    /// looked at with every exclusion.
    fn sorted(&self, evidence: &Evidence<'a>, place: &Place) -> &Sorted<'a> {
        self.sorted.get_or_init(|| files::sort(evidence, Scope::of(&self.mapping, place)))
    }
}

/// Where the walk ended, and who is written to because of that.
struct Weighed {
    verdict: Verdict,
    rejection: Option<Rejection>,
    letters: Vec<Letter>,
    returned: Returned,
}

impl Weighed {
    /// While answers are missing: nothing is done, and a person can see what was not found out.
    fn unanswered(open: &[Question], evidence: &Evidence, trace: &mut Trace) -> Weighed {
        let verdict = unanswered(open, trace);
        let letters = letters::alerts(evidence, &verdict, trace).unwrap_or_default();
        Weighed { verdict, rejection: None, letters: letters::numbered(letters), returned: Returned::default() }
    }
}

/// What letters about mail that is not taken in are made from.
fn rejection_of(profile: &Profile, mapping: &Mapping, verdict: &Verdict) -> Option<Rejection> {
    let outcome = verdict.outcome();
    if !matches!(outcome, Outcome::Reject | Outcome::Forward) {
        return None;
    }
    let forward_to = if outcome == Outcome::Forward { profile.forward_to.clone() } else { Vec::new() };
    let cause = verdict.cause.unwrap_or(RejectionCause::Rule);
    Some(Rejection {
        cause,
        told_as: cause.told_as(),
        issue: verdict.refused_on.as_ref().map(|issue| (issue.id.clone(), issue.key.clone())),
        notify_sender: mapping.notices.iter().any(|notice| notice == cause.told_as().word()),
        forward_to,
    })
}

/// The plan for a mail that cannot be read within its limits: nothing is done with it, and its raw bytes are kept.
pub fn quarantine(origin: Origin, revision: u32, profile: &Profile, why: &str) -> Plan {
    let mut trace = Trace::default();
    trace.note("Can the mail be read within its limits?", format!("no, {why}"), in_words(Outcome::Quarantine));
    let reason = bounded_line(&format!("it cannot be read within its limits: {why}"));
    let verdict = Verdict::nowhere(Outcome::Quarantine, reason);
    plan(origin, revision, profile, &verdict, trace)
}

/// Who takes part in the plan's issue from now on: the mail's only author and those it is addressed to, normalised, each once.
///
/// Taking part lets a person's later mail become a comment; it lets nobody read anything (SEC-05). Nobody is added by a mail
/// that came in by a token alone or as a stranger's: a token grants one comment and nothing more (SEC-02). Our own addresses are
/// left out, lest anybody could take part in everything by writing in their name.
pub fn participants(message: &Message, profile: &Profile, facts: &Facts, plan: &Plan) -> Vec<String> {
    if !matches!(plan.outcome, Outcome::Create | Outcome::Comment) {
        // A note about a letter that came back brings nobody along.
        return Vec::new();
    }
    let evidence = Evidence::new(message, profile, facts);
    let mapping = profile.mapping_under(&plan.mapping, plan.rule.as_deref());
    let kept = match plan.steps.iter().map(|step| &step.kind).find(|kind| kind.carries_the_mail()) {
        Some(StepKind::CreateIssue { .. }) => Vec::new(),
        Some(StepKind::AddComment { issue: IssueTarget::Id(id), .. })
            if association::is_known_to_take_part(&evidence, id) =>
        {
            people::kept_in_fields(&evidence, id).unwrap_or_default()
        }
        Some(_) | None => return Vec::new(),
    };
    let mut known = std::collections::HashSet::new();
    let everybody = evidence.sender.identity.iter().cloned().chain(evidence.addressed()).chain(kept);
    everybody.filter(|address| evidence.may_join(address, &mapping) && known.insert(address.clone())).collect()
}

/// What [`decide`] would still have to know: the same walk, and where it stops.
pub(crate) fn open_questions(message: &Message, profile: &Profile, facts: &Facts) -> Vec<Question> {
    let evidence = Evidence::new(message, profile, facts);
    weigh_all(&evidence, &mut Route::new(profile), &mut Trace::default()).err().unwrap_or_default()
}

/// The walk, and what follows from where it ends.
fn weigh_all<'a>(evidence: &Evidence<'a>, route: &mut Route<'a>, trace: &mut Trace) -> Result<Weighed, Vec<Question>> {
    let verdict = weigh(evidence, route, trace)?;
    let verdict = loop_guard::handed_on(evidence, &verdict, trace).unwrap_or(verdict);
    let rejection = rejection_of(evidence.profile, &route.mapping, &verdict);
    // Before the letters: what is asked here is what they would ask as well.
    let returned = returned::of(evidence, trace)?;
    let letters = letters::of(evidence, &verdict, &route.mapping, rejection.as_ref(), trace)?;
    Ok(Weighed { verdict, rejection, letters, returned })
}

/// The walk of every decision; it fails with the questions whose answers it lacks.
///
/// Loops and reports come first, so that nothing later, such as a rule or a refusal, can answer a machine (SEC-26).
fn weigh<'a>(evidence: &Evidence<'a>, route: &mut Route<'a>, trace: &mut Trace) -> Result<Verdict, Vec<Question>> {
    if let Some(click) = &evidence.facts.click {
        return sets::weigh(evidence, route, click, trace);
    }
    note_form(evidence, trace);
    let early = loop_guard::check(evidence, trace)
        .or_else(|| automatic::report(evidence, trace))
        .or_else(|| routing::catch(evidence, trace));
    if let Some(verdict) = early {
        return Ok(verdict);
    }
    if evidence.facts.verifies_authors && evidence.facts.authenticity.is_none() {
        return Err(vec![Question::Authenticity]);
    }
    route.rule = routing::rule(evidence, trace)?;
    route.mapping = routing::mapping(evidence, route.rule, trace);
    if let Some(verdict) = route.rule.and_then(routing::stopped_by) {
        return Ok(verdict);
    }
    let course = automatic::treat(evidence, route.rule, trace);
    route.directives = directives::find(evidence, &route.mapping, trace)?;
    routing::redirect(evidence, route, trace);
    let mapping = &route.mapping;
    let machine_only = match course {
        Course::Free => None,
        Course::Stopped(verdict) => return Ok(verdict),
        Course::CommentOnly(why) if mapping.mode == Mode::Create => return Ok(Verdict::nowhere(Outcome::Ignore, why)),
        Course::CommentOnly(why) => Some(why),
    };
    let open = lookups::open(evidence, mapping.mode);
    if !open.is_empty() {
        return Err(open);
    }
    if let Some(verdict) = loop_guard::own_letter(evidence, trace) {
        return Ok(verdict);
    }
    if let Some(verdict) = flood::sender(evidence, trace)? {
        return Ok(verdict);
    }
    let verdict = place(evidence, route, machine_only, trace)?;
    if let Some(verdict) = flood::place(evidence, &verdict.place, trace)? {
        return Ok(verdict);
    }
    if let Some(verdict) = people::rights::check(evidence, mapping, &verdict.place, trace)? {
        return Ok(verdict);
    }
    let sorted = route.sorted(evidence, &verdict.place);
    let stopped = safeguards::duplicate(evidence, &verdict.place, trace)
        .or_else(|| safeguards::verification(evidence, &verdict.place, trace))
        .or_else(|| safeguards::too_many_files(evidence, files::count(sorted), trace))
        .or_else(|| safeguards::too_long(evidence, &verdict.place, mapping, trace));
    if stopped.is_none() && !matches!(verdict.place, Place::Nowhere(_)) {
        files::note_left_out(sorted, trace);
        keeping::open(evidence, sorted, mapping)?;
    }
    let verdict = stopped.unwrap_or(verdict);
    history::open(evidence, &verdict.place, trace)?;
    let verdict = effects::added(evidence, route, verdict, trace)?;
    Ok(keeping::exposed(evidence, mapping, sorted, &verdict, trace).unwrap_or(verdict))
}

/// What is doubtful about the sender or malformed in the mail, neither of which stops it (SEC-03), and how it came sealed.
fn note_form(evidence: &Evidence, trace: &mut Trace) {
    let sender = &evidence.sender;
    let proof = proof_in_words(evidence);
    match (&sender.identity, &sender.doubt) {
        (Some(address), None) => trace.note("Who sent it?", format!("{address}, {proof}"), "an outsider"),
        (Some(address), Some(doubt)) => {
            trace.note("Who sent it?", format!("{address}, {proof}; {doubt}"), "an outsider")
        }
        (None, doubt) => trace.note(
            "Who sent it?",
            format!("unverified, {}", doubt.as_deref().unwrap_or("unknown")),
            "an outsider of no identity",
        ),
    }
    sealing_note::note(evidence, trace);
    let mut left_out = evidence.facts.authenticity.as_ref().map(|found| found.notes.clone()).unwrap_or_default();
    left_out.extend(evidence.signature_left_out().map(str::to_owned));
    if !left_out.is_empty() {
        trace.note("What vouches for it and does not count?", left_out.join("; "), "it proves nothing");
    }
    if !evidence.message.faults.is_empty() {
        trace.note(
            "Is the mail well formed?",
            format!("no, {}", evidence.message.faults.join("; ")),
            "it is taken as it could be read",
        );
    }
}

/// How far the author is proved; for an author of our own reading only.
fn proof_in_words(evidence: &Evidence) -> String {
    match &evidence.facts.authenticity {
        _ if evidence.is_authentic_by_signature() => "authentic (its signature is trusted)".to_owned(),
        Some(found) if evidence.is_authentic() => format!("authentic ({})", found.why),
        Some(found) if found.verdict == AuthorVerdict::NotAuthentic => format!("not authentic ({})", found.why),
        Some(found) if found.verdict == AuthorVerdict::Unknown => format!("unverified ({})", found.why),
        // A proof of another address than the one that was read here.
        Some(_) => "unverified (what vouches for it is about another address)".to_owned(),
        None => "unverified".to_owned(),
    }
}

/// Where the mail goes, by its association and the mapping's mode. `machine_only` says why it may be no new issue.
fn place(
    evidence: &Evidence,
    route: &Route,
    machine_only: Option<String>,
    trace: &mut Trace,
) -> Result<Verdict, Vec<Question>> {
    let mapping = &route.mapping;
    let refused = match mapping.mode {
        Mode::Create => {
            trace.note("Does it belong to an issue?", "not asked", "each mail is a new issue (mode = \"create\")");
            vec![Refused { why: "each mail is a new issue (mode = \"create\")".to_owned(), stranger: false }]
        }
        Mode::CreateOrComment | Mode::Comment => match association::find(evidence, route, trace) {
            Association::Issue(issue, reason) => {
                if let Some(verdict) = rejection::check(evidence, mapping, &issue, machine_only.as_deref(), trace)? {
                    return Ok(verdict);
                }
                if issue.status_category == "done" {
                    trace.note("Is the issue done?", "yes", "it is commented on all the same");
                }
                return Ok(Verdict::at(Place::Comment(issue), reason));
            }
            Association::Open(questions) => return Err(questions),
            Association::None(refused) => refused,
        },
    };
    if machine_only.is_none() && mapping.mode != Mode::Create && lookups::answers_a_summary(evidence) {
        return Ok(answers_nothing(&refused, trace));
    }
    let cause = match refused.iter().any(|refused| refused.stranger) {
        true => RejectionCause::NotInvolved,
        false => RejectionCause::CommentOnly,
    };
    let why = if refused.is_empty() {
        "no signed reply address, no known thread, no issue key in the subject".to_owned()
    } else {
        refused.into_iter().map(|refused| refused.why).collect::<Vec<_>>().join("; ")
    };
    Ok(unplaced(mapping, machine_only, cause, why, trace))
}

/// The verdict on an answer to a summary that says of no issue that its sender may write about: a new issue is not meant.
fn answers_nothing(refused: &[association::Refused], trace: &mut Trace) -> Verdict {
    let begin = "it answers a summary, which is about several issues; an answer begins with the key of one";
    let why: Vec<&str> = std::iter::once(begin).chain(refused.iter().map(|refused| refused.why.as_str())).collect();
    trace.note("What becomes of an answer to a summary that belongs to no issue?", begin, in_words(Outcome::Hold));
    Verdict::nowhere(Outcome::Hold, why.join("; "))
}

/// The verdict on mail that belongs to no issue.
fn unplaced(
    mapping: &Mapping,
    machine_only: Option<String>,
    cause: RejectionCause,
    why: String,
    trace: &mut Trace,
) -> Verdict {
    const QUESTION: &str = "What becomes of mail that belongs to no issue?";
    if let Some(reason) = machine_only {
        trace.note(QUESTION, "a machine sent it", in_words(Outcome::Ignore));
        return Verdict::nowhere(Outcome::Ignore, reason);
    }
    if mapping.mode == Mode::Comment {
        let setting = format!("mode = \"comment\", unplaced = {:?}", mapping.unplaced.word());
        let reason = format!("only comments are made ({setting}): {why}");
        if let Some(verdict) = Verdict::stopped(mapping.unplaced, reason) {
            trace.note(QUESTION, format!("only comments are made ({setting})"), in_words(verdict.outcome()));
            return verdict.because(cause);
        }
    }
    let Mapping { project, issue_type, .. } = mapping.clone();
    trace.note(QUESTION, format!("the mapping says {project}, {issue_type}"), in_words(Outcome::Create));
    Verdict::at(Place::NewIssue { project, issue_type, linked: None }, why)
}

/// The verdict while answers are missing: nothing is done, and a person can see what was not found out.
fn unanswered(open: &[Question], trace: &mut Trace) -> Verdict {
    let questions: Vec<String> = open.iter().map(in_plain_words).collect();
    for question in &questions {
        trace.note(question, "no answer", in_words(Outcome::Hold));
    }
    Verdict::nowhere(Outcome::Hold, format!("not yet known: {}", questions.join(" ")))
}

fn in_plain_words(question: &Question) -> String {
    match question {
        Question::Authenticity => "Does the author's domain vouch for it?".to_owned(),
        Question::ReplyTokens { addresses } => format!("Which of {} did we sign?", addresses.join(", ")),
        Question::Thread { message_ids } => {
            format!("To which issue does the first known of {} belong?", message_ids.join(", "))
        }
        Question::SeenBefore => "Did it come in by another way, too?".to_owned(),
        Question::Issue { issue } => format!("What is the state of issue {issue}?"),
        Question::Involved { issue_id, address } => format!("Has {address} taken part in issue {issue_id}?"),
        Question::Traffic { address, .. } => format!("How much mail of {address:?} was acted on lately?"),
        Question::Letters { address } => format!("How many letters went to {address} lately?"),
        Question::History { issue_id } => format!("What has issue {issue_id} said so far?"),
        Question::Fields { project, issue_type } => format!("Which fields has a new {issue_type} of {project}?"),
        Question::EditFields { issue_id } => format!("Which fields of issue {issue_id} can be written?"),
        Question::FieldTexts { issue_id, fields } => {
            format!("What stands in {} of issue {issue_id}?", fields.join(", "))
        }
        Question::CommentCount { issue_id } => format!("How many comments has issue {issue_id}?"),
        Question::Account { address } => format!("Has {address} an account?"),
        Question::Groups { account } => format!("In which groups is account {account}?"),
        Question::May { account, project, act } => format!("May account {account} {} in {project}?", act.word()),
        Question::FindIssue { search } => format!("Which issue has {:?} in {:?}?", search.value, search.field),
        Question::Matches { issue_id, search } => format!("Does {search:?} find issue {issue_id}?"),
        Question::ServiceDesk { project } => format!("What does the service desk of {project} offer?"),
        Question::UploadMax => "How large a file does the tracker take?".to_owned(),
    }
}

fn plan(origin: Origin, revision: u32, profile: &Profile, verdict: &Verdict, trace: Trace) -> Plan {
    Plan {
        origin,
        revision,
        profile: profile.name.clone(),
        profile_version: profile.version,
        environment: profile.environment().map(str::to_owned),
        mapping: "default".to_owned(),
        rule: None,
        outcome: verdict.outcome(),
        reason: verdict.reason.clone(),
        rejection: None,
        steps: Vec::new(),
        trace: trace.0,
        letters: Vec::new(),
        returned: Vec::new(),
        excluded: Vec::new(),
    }
}
