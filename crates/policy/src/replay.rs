//! Replaying a mail: which effects of its earlier plans a new plan takes over, so that nothing happens twice.

use crate::{IssueTarget, Letter, Plan, Receipt, StepKey, StepKind};
use serde::{Deserialize, Serialize};

/// A step of a new plan that is done already, by a step of an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// Of the new plan.
    pub ordinal: u32,
    /// The earlier step.
    pub by: StepKey,
    pub receipt: Receipt,
}

/// An earlier plan with the receipts of those of its steps that were done, by ordinal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Past {
    pub plan: Plan,
    pub done: Vec<(u32, Receipt)>,
    /// Ordinals of those of its letters that were posted, whatever became of them.
    pub posted: Vec<u32>,
}

/// What a new plan would come to beside what was done before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comparison {
    /// In the order of the new plan.
    pub adopted: Vec<Adoption>,
    /// Ordinals of the new plan's steps that would happen.
    pub fresh: Vec<u32>,
    /// Ordinals of the new plan's letters that would be sent: of each kind an address gets one about one mail, ever.
    pub letters: Vec<u32>,
    /// What was done before, is no part of the new plan, and stays as it is: a replay takes nothing back.
    pub stays: Vec<Receipt>,
}

/// Compares a new plan with the earlier ones, the newest first. Each effect is adopted at most once.
///
/// An issue is taken over when it was made in the same project; a comment when it stands on the same issue; a file when it
/// has the same bytes and hangs on the same issue, be it attached or kept; anything else when it is equal and about the same issue. That its text
/// would now be another one makes no new effect: whoever wants the text changed changes it in the tracker.
pub fn compare(past: &[Past], new: &Plan) -> Comparison {
    let mut left: Vec<(&Past, &StepKind, StepKey, &Receipt)> = past.iter().flat_map(done_steps).collect();
    let mut comparison = Comparison::default();
    for step in &new.steps {
        let target = step.kind.issue().and_then(|target| numeric(target, &comparison.adopted));
        let found = left.iter().position(|(_, earlier, _, receipt)| {
            is_same(earlier, &step.kind) && (target.is_none() || receipt.issue_id() == target.as_deref())
                // What hangs on an issue that would only be made now cannot have been done before.
                && (target.is_some() || step.kind.issue().is_none())
        });
        match found {
            Some(at) => {
                let (_, _, by, receipt) = left.remove(at);
                comparison.adopted.push(Adoption { ordinal: step.ordinal, by, receipt: receipt.clone() });
            }
            None => comparison.fresh.push(step.ordinal),
        }
    }
    let is_new = |letter: &&Letter| !past.iter().any(|past| was_posted(past, letter));
    comparison.letters = new.letters.iter().filter(is_new).map(|letter| letter.ordinal).collect();
    comparison.stays = left.into_iter().map(|(_, _, _, receipt)| receipt.clone()).collect();
    comparison
}

fn was_posted(past: &Past, letter: &Letter) -> bool {
    let posted = past.plan.letters.iter().filter(|earlier| past.posted.contains(&earlier.ordinal));
    posted.into_iter().any(|earlier| earlier.kind == letter.kind && earlier.to.eq_ignore_ascii_case(&letter.to))
}

fn done_steps(past: &Past) -> impl Iterator<Item = (&Past, &StepKind, StepKey, &Receipt)> {
    past.done.iter().filter_map(move |(ordinal, receipt)| {
        let step = past.plan.steps.iter().find(|step| step.ordinal == *ordinal)?;
        Some((past, &step.kind, past.plan.step_key(*ordinal), receipt))
    })
}

/// The numeric id of a target, when the issue is there already.
fn numeric(target: &IssueTarget, adopted: &[Adoption]) -> Option<String> {
    match target {
        IssueTarget::Id(id) => Some(id.clone()),
        IssueTarget::CreatedBy(ordinal) => {
            let made = adopted.iter().find(|adoption| adoption.ordinal == *ordinal)?;
            made.receipt.issue_id().map(str::to_owned)
        }
    }
}

/// Equal in kind and, but for the issue that they are about, in what they aim at.
fn is_same(earlier: &StepKind, new: &StepKind) -> bool {
    match (earlier, new) {
        (StepKind::CreateIssue { project: one, .. }, StepKind::CreateIssue { project: other, .. }) => one == other,
        (StepKind::AddComment { .. }, StepKind::AddComment { .. })
        | (StepKind::Remark { .. }, StepKind::Remark { .. }) => true,
        (StepKind::Attach { file: one, .. }, StepKind::Attach { file: other, .. })
        | (StepKind::AttachForCustomers { file: one, .. }, StepKind::AttachForCustomers { file: other, .. }) => {
            one.sha256 == other.sha256
        }
        // Which of the two it is hangs on limits that may have changed since; either way the issue has the file.
        (StepKind::Attach { file: one, .. }, StepKind::KeepFile { file: other, .. })
        | (StepKind::KeepFile { file: one, .. }, StepKind::Attach { file: other, .. }) => one.sha256 == other.sha256,
        (StepKind::KeepFile { id: one, .. }, StepKind::KeepFile { id: other, .. }) => one == other,
        (one, other) => nowhere(one) == nowhere(other),
    }
}

/// The same step about no issue: issues are compared by the receipts, because a plan may name one by the step that makes it.
fn nowhere(kind: &StepKind) -> StepKind {
    kind.clone().about(IssueTarget::Id(String::new()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Body, File, Outcome};

    fn plan(revision: u32, kinds: Vec<StepKind>) -> Plan {
        Plan { revision, ..Plan::of_steps(Outcome::Create, kinds) }
    }

    fn create(project: &str) -> StepKind {
        StepKind::CreateIssue {
            project: project.into(),
            issue_type: "Task".into(),
            summary: "s".into(),
            body: Body::default(),
            fields: Default::default(),
            set: vec![],
        }
    }

    fn comment(issue: IssueTarget) -> StepKind {
        StepKind::AddComment { issue, body: Body::default(), visibility: None }
    }

    fn of_bytes(sha256: &str) -> File {
        File {
            part: "1.2".into(),
            name: "a.txt".into(),
            content_type: "text/plain".into(),
            size_bytes: 1,
            sha256: sha256.into(),
        }
    }

    fn attach(issue: IssueTarget, sha256: &str) -> StepKind {
        StepKind::Attach { issue, file: of_bytes(sha256) }
    }

    fn keep(issue: IssueTarget, sha256: &str) -> StepKind {
        StepKind::KeepFile { issue, file: of_bytes(sha256), id: "k".into() }
    }

    fn issue(id: &str) -> Receipt {
        Receipt::Issue { id: id.into(), key: format!("K-{id}"), left_out: vec![] }
    }

    fn file(issue_id: &str) -> Receipt {
        Receipt::Attachment { issue_id: issue_id.into(), id: "f".into() }
    }

    /// A plan with an issue 7 and a file, both done.
    fn done() -> Past {
        let plan = plan(1, vec![create("NORTH"), attach(IssueTarget::CreatedBy(1), "aa")]);
        Past { plan, done: vec![(1, issue("7")), (2, file("7"))], posted: vec![] }
    }

    #[test]
    fn the_same_plan_happens_no_second_time() {
        let again = plan(2, vec![create("NORTH"), attach(IssueTarget::CreatedBy(1), "aa")]);
        let comparison = compare(&[done()], &again);
        assert_eq!((comparison.fresh.len(), comparison.stays.len()), (0, 0), "{comparison:?}");
        assert_eq!(comparison.adopted[1].by, StepKey("message:m/1/2".into()));
    }

    #[test]
    fn an_issue_in_another_project_is_new_and_so_is_what_hangs_on_it() {
        let moved = plan(2, vec![create("SOUTH"), attach(IssueTarget::CreatedBy(1), "aa")]);
        let comparison = compare(&[done()], &moved);
        assert_eq!((comparison.fresh.as_slice(), comparison.adopted.len()), (&[1, 2][..], 0));
        assert_eq!(comparison.stays, [issue("7"), file("7")]);
    }

    #[test]
    fn a_further_file_is_new_and_the_rest_is_not() {
        let more = plan(
            2,
            vec![
                create("NORTH"),
                attach(IssueTarget::CreatedBy(1), "aa"),
                attach(IssueTarget::CreatedBy(1), "bb"),
                attach(IssueTarget::CreatedBy(1), "aa"),
            ],
        );
        let comparison = compare(&[done()], &more);
        assert_eq!(comparison.fresh, [3, 4], "two files with the same bytes are two effects");
    }

    #[test]
    fn a_file_that_was_attached_is_not_kept_too_nor_the_other_way_round() {
        let made = || IssueTarget::CreatedBy(1);
        let lower = plan(2, vec![create("NORTH"), keep(made(), "aa"), keep(made(), "bb")]);
        assert_eq!(compare(&[done()], &lower).fresh, [3], "the limit was lowered");
        let kept = Receipt::Kept { issue_id: "7".into(), id: "k".into() };
        let first = plan(1, vec![create("NORTH"), keep(made(), "aa")]);
        let past = Past { plan: first, done: vec![(1, issue("7")), (2, kept)], posted: vec![] };
        let higher = plan(2, vec![create("NORTH"), attach(made(), "aa"), attach(made(), "bb")]);
        assert_eq!(compare(&[past], &higher).fresh, [3], "the limit was raised");
    }

    #[test]
    fn a_comment_counts_on_its_own_issue_only() {
        let past = Past {
            plan: plan(1, vec![comment(IssueTarget::Id("7".into()))]),
            done: vec![(1, Receipt::Comment { issue_id: "7".into(), id: "c".into() })],
            posted: vec![],
        };
        let on =
            |id: &str| compare(std::slice::from_ref(&past), &plan(2, vec![comment(IssueTarget::Id(id.into()))])).fresh;
        assert_eq!((on("7").len(), on("8").len()), (0, 1));
    }

    #[test]
    fn what_a_workflow_said_is_no_comment_of_the_mail_and_is_said_once() {
        let remark = |words: &str| StepKind::Remark {
            issue: IssueTarget::CreatedBy(1),
            body: Body { visible: words.into(), ..Body::default() },
            visibility: None,
        };
        let said = Receipt::Comment { issue_id: "7".into(), id: "c".into() };
        let first = plan(1, vec![create("NORTH"), remark("We look at it.")]);
        let past = Past { plan: first, done: vec![(1, issue("7")), (2, said)], posted: vec![] };
        let on_it = plan(2, vec![comment(IssueTarget::Id("7".into()))]);
        assert_eq!(compare(std::slice::from_ref(&past), &on_it).fresh, [1], "the mail has not been said yet");
        let in_other_words = plan(2, vec![create("NORTH"), remark("Soon.")]);
        assert_eq!(compare(&[past], &in_other_words).fresh, [0; 0]);
    }

    #[test]
    fn what_an_earlier_replay_left_behind_is_found_again() {
        let second = Past { plan: plan(2, vec![create("SOUTH")]), done: vec![(1, issue("8"))], posted: vec![] };
        let back = plan(3, vec![create("NORTH")]);
        let comparison = compare(&[second, done()], &back);
        assert_eq!(comparison.adopted[0].receipt, issue("7"));
        assert_eq!(comparison.stays, [issue("8"), file("7")]);
    }
}
