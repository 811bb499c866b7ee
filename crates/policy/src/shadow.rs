//! Shadow mode: whether a plan that was not carried out agrees with what another mail handler did about the same mail.

use crate::{IssueTarget, Outcome, Plan, StepKind};
use serde::Serialize;

/// Microseconds since the Unix epoch.
type Micros = i64;

/// An issue that the other one made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenIssue {
    pub id: String,
    pub key: String,
    pub project: String,
    pub issue_type: String,
    pub summary: String,
    pub created_at: Micros,
    pub files: usize,
}

/// A comment that the other one made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenComment {
    pub issue_id: String,
    pub issue_key: String,
    pub id: String,
    pub created_at: Micros,
    pub text: String,
}

/// Everything that the other one is known to have done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    pub issues: Vec<SeenIssue>,
    pub comments: Vec<SeenComment>,
}

/// A mail that was only looked at.
#[derive(Debug, Clone, Copy)]
pub struct Looked<'a> {
    pub plan: &'a Plan,
    pub subject: &'a str,
    pub received_at: Micros,
    /// The other one may have acted so much before and after the mail came in here.
    pub before: Micros,
    pub after: Micros,
}

/// What a comparison comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    Agrees,
    /// Both acted, or one of them, and not alike.
    Differs,
    /// The plan acts, and nothing of the other one's was found: it did nothing, or nothing that can be recognised.
    NotFound,
}

/// One thing in which they differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    pub what: &'static str,
    pub ours: String,
    pub theirs: String,
}

/// The comparison of one mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Judgement {
    pub agreement: Agreement,
    /// The other one's issue, by key.
    pub issue: Option<String>,
    /// The other one's comment, by id.
    pub comment: Option<String>,
    pub differences: Vec<Difference>,
}

/// The shortest text by which a comment is recognised, in characters: less stands in many.
const WORDS_CHARS_MIN: usize = 8;
/// As much of a text has to stand in a comment.
const WORDS_CHARS_MAX: usize = 200;

/// Compares one plan with what was seen. An issue is recognised by its summary, a comment by its first words, both by their
/// time; of several the nearest in time counts.
pub fn judge(mail: &Looked<'_>, seen: &Seen) -> Judgement {
    let issue = issue_of(mail, seen);
    let comment = comment_of(mail, seen);
    let mut differences = Vec::new();
    let agreement = match (mail.plan.outcome, issue, comment) {
        (Outcome::Create, Some(issue), None) => {
            differences = compared(mail.plan, issue);
            agrees_without(&differences)
        }
        // An issue of that summary may be the one that it commented on.
        (Outcome::Create, _, Some(comment)) => {
            differences.push(difference("outcome", "create", &format!("comment on {}", comment.issue_key)));
            Agreement::Differs
        }
        (Outcome::Comment, _, Some(comment)) => {
            let ours = target(mail.plan).unwrap_or_default();
            if ours != comment.issue_id {
                differences.push(difference("issue", ours, &format!("{} ({})", comment.issue_id, comment.issue_key)));
            }
            agrees_without(&differences)
        }
        (Outcome::Comment, Some(issue), None) => {
            differences.push(difference("outcome", "comment", &format!("create {}", issue.key)));
            Agreement::Differs
        }
        (Outcome::Create | Outcome::Comment, None, None) => Agreement::NotFound,
        (outcome, Some(issue), _) => {
            differences.push(difference("outcome", outcome.word(), &format!("create {}", issue.key)));
            Agreement::Differs
        }
        (_, None, _) => Agreement::Agrees,
    };
    let is_about_comment = mail.plan.outcome == Outcome::Comment || issue.is_none();
    Judgement {
        agreement,
        issue: issue.map(|issue| issue.key.clone()),
        comment: comment.filter(|_| is_about_comment).map(|comment| comment.id.clone()),
        differences,
    }
}

fn agrees_without(differences: &[Difference]) -> Agreement {
    if differences.is_empty() { Agreement::Agrees } else { Agreement::Differs }
}

fn difference(what: &'static str, ours: &str, theirs: &str) -> Difference {
    Difference { what, ours: ours.to_owned(), theirs: theirs.to_owned() }
}

fn issue_of<'s>(mail: &Looked<'_>, seen: &'s Seen) -> Option<&'s SeenIssue> {
    let wanted: Vec<String> =
        [Some(mail.subject), planned_summary(mail.plan)].into_iter().flatten().map(plain).collect();
    let is_it = |issue: &&SeenIssue| mail.is_near(issue.created_at) && wanted.contains(&plain(&issue.summary));
    seen.issues.iter().filter(is_it).min_by_key(|issue| mail.distance(issue.created_at))
}

fn comment_of<'s>(mail: &Looked<'_>, seen: &'s Seen) -> Option<&'s SeenComment> {
    let words = squeezed(planned_text(mail.plan)?);
    let words: String = words.chars().take(WORDS_CHARS_MAX).collect();
    if words.chars().count() < WORDS_CHARS_MIN {
        return None;
    }
    let is_it = |comment: &&SeenComment| mail.is_near(comment.created_at) && squeezed(&comment.text).contains(&words);
    seen.comments.iter().filter(is_it).min_by_key(|comment| mail.distance(comment.created_at))
}

impl Looked<'_> {
    fn is_near(&self, time: Micros) -> bool {
        time >= self.received_at.saturating_sub(self.before) && time <= self.received_at.saturating_add(self.after)
    }

    fn distance(&self, time: Micros) -> u64 {
        self.received_at.abs_diff(time)
    }
}

/// What an issue that both made says otherwise.
fn compared(plan: &Plan, theirs: &SeenIssue) -> Vec<Difference> {
    let mut differences = Vec::new();
    for step in &plan.steps {
        let StepKind::CreateIssue { project, issue_type, summary, .. } = &step.kind else { continue };
        let pairs = [
            ("project", project.as_str(), theirs.project.as_str()),
            ("issue_type", issue_type.as_str(), theirs.issue_type.as_str()),
        ];
        let other = pairs.into_iter().filter(|(_, ours, theirs)| !ours.eq_ignore_ascii_case(theirs));
        differences.extend(other.map(|(what, ours, theirs)| difference(what, ours, theirs)));
        if plain(summary) != plain(&theirs.summary) {
            differences.push(difference("summary", summary, &theirs.summary));
        }
    }
    let is_file = |kind: &StepKind| matches!(kind, StepKind::Attach { .. } | StepKind::AttachForCustomers { .. });
    let files = plan.steps.iter().filter(|step| is_file(&step.kind)).count();
    if files != theirs.files {
        differences.push(difference("files", &files.to_string(), &theirs.files.to_string()));
    }
    differences
}

fn planned_summary(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match &step.kind {
        StepKind::CreateIssue { summary, .. } => Some(summary.as_str()),
        _ => None,
    })
}

fn planned_text(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match &step.kind {
        StepKind::CreateIssue { body, .. } | StepKind::AddComment { body, .. } => Some(body.visible.as_str()),
        _ => None,
    })
}

/// The numeric id of the issue that the plan comments on.
fn target(plan: &Plan) -> Option<&str> {
    plan.steps.iter().find_map(|step| match &step.kind {
        StepKind::AddComment { issue: IssueTarget::Id(id), .. } => Some(id.as_str()),
        _ => None,
    })
}

/// A subject as summaries are compared: without what programs put before it, whatever its case.
fn plain(subject: &str) -> String {
    squeezed(&crate::decide::of_subject(subject))
}

/// Letters and digits alone, in lower case: markup, quotes and line ends differ.
fn squeezed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;

    const MINUTE: Micros = 60_000_000;

    fn body(text: &str) -> Body {
        Body { visible: text.into(), ..Body::default() }
    }

    fn create(project: &str) -> Plan {
        let kind = StepKind::CreateIssue {
            project: project.into(),
            issue_type: "Task".into(),
            summary: "Printer burns".into(),
            body: body("It burns since noon."),
            fields: Default::default(),
            set: vec![],
        };
        Plan::of_steps(Outcome::Create, vec![kind])
    }

    fn comment(issue: &str) -> Plan {
        let issue = IssueTarget::Id(issue.into());
        let kind = StepKind::AddComment { issue, body: body("Still *burns*, help!"), visibility: None };
        Plan::of_steps(Outcome::Comment, vec![kind])
    }

    fn issue(minutes: i64) -> SeenIssue {
        SeenIssue {
            id: "7".into(),
            key: "SUP-7".into(),
            project: "SUP".into(),
            issue_type: "task".into(),
            summary: "RE: printer  burns".into(),
            created_at: minutes * MINUTE,
            ..SeenIssue::default()
        }
    }

    fn their_comment(text: &str) -> SeenComment {
        SeenComment {
            issue_id: "7".into(),
            issue_key: "SUP-7".into(),
            id: "c".into(),
            created_at: 2 * MINUTE,
            text: text.into(),
        }
    }

    fn told(plan: &Plan, seen: &Seen) -> (Agreement, Vec<(&'static str, String)>) {
        let mail =
            Looked { plan, subject: "Printer burns", received_at: MINUTE, before: 5 * MINUTE, after: 60 * MINUTE };
        let judged = judge(&mail, seen);
        (judged.agreement, judged.differences.into_iter().map(|one| (one.what, one.theirs)).collect())
    }

    #[test]
    fn the_same_issue_agrees_and_another_project_differs() {
        let seen = Seen { issues: vec![issue(2)], comments: vec![] };
        assert_eq!(told(&create("SUP"), &seen), (Agreement::Agrees, vec![]));
        assert_eq!(told(&create("OPS"), &seen), (Agreement::Differs, vec![("project", "SUP".to_owned())]));
        let with_file = Seen { issues: vec![SeenIssue { files: 1, ..issue(2) }], comments: vec![] };
        assert_eq!(told(&create("SUP"), &with_file), (Agreement::Differs, vec![("files", "1".to_owned())]));
    }

    #[test]
    fn what_was_made_at_another_time_or_of_another_mail_is_not_found() {
        for other in [issue(-9), issue(90), SeenIssue { summary: "Another".into(), ..issue(2) }] {
            assert_eq!(told(&create("SUP"), &Seen { issues: vec![other], comments: vec![] }).0, Agreement::NotFound);
        }
        assert_eq!(told(&comment("7"), &Seen::default()).0, Agreement::NotFound);
    }

    #[test]
    fn a_comment_is_known_by_its_words_and_its_issue() {
        let seen = Seen { issues: vec![], comments: vec![their_comment("From Ann:\nStill burns,  help! -- Ann")] };
        assert_eq!(told(&comment("7"), &seen), (Agreement::Agrees, vec![]));
        assert_eq!(told(&comment("8"), &seen).0, Agreement::Differs);
        let other = Seen { issues: vec![], comments: vec![their_comment("Thank you")] };
        assert_eq!(told(&comment("7"), &other).0, Agreement::NotFound);
    }

    #[test]
    fn an_issue_against_a_comment_differs_both_ways() {
        let commented = Seen { issues: vec![], comments: vec![their_comment("It burns since noon.")] };
        assert_eq!(
            told(&create("SUP"), &commented),
            (Agreement::Differs, vec![("outcome", "comment on SUP-7".to_owned())])
        );
        let created = Seen { issues: vec![issue(2)], comments: vec![] };
        assert_eq!(told(&comment("8"), &created), (Agreement::Differs, vec![("outcome", "create SUP-7".to_owned())]));
    }

    #[test]
    fn mail_that_is_left_alone_agrees_unless_the_other_one_made_an_issue() {
        let ignored = Plan::of_steps(Outcome::Ignore, vec![]);
        assert_eq!(told(&ignored, &Seen::default()).0, Agreement::Agrees);
        let seen = Seen { issues: vec![issue(2)], comments: vec![] };
        assert_eq!(told(&ignored, &seen), (Agreement::Differs, vec![("outcome", "create SUP-7".to_owned())]));
    }
}
