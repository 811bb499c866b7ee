//! Limits of the tracker: each stops what it is about, and nothing else.

use super::changes::{Stage, create, set};
use super::world::{Database, quick, receipts};
use ::desk::{Fault as Trouble, RouteKind, When};
use engine::Settings;
use policy::{Body, FieldSetting, FieldValue, How, IssueTarget, StepKind};
use std::time::{Duration, Instant};
use store::JobState;

impl Stage {
    async fn two_issues(&mut self) -> Vec<String> {
        let made = self.done(1, vec![create(vec![]), create(vec![])]).await;
        receipts(&made).iter().map(|receipt| receipt.issue_id().unwrap().to_owned()).collect()
    }

    /// Begins comments on two issues, of which Jira refuses the first by this limit.
    async fn one_refused(&mut self, reason: &str, retry_after_s: u64) -> [String; 2] {
        let ids = self.two_issues().await;
        let (refused, free) = (self.plan(2, vec![comment(&ids[0])]).await, self.plan(3, vec![comment(&ids[1])]).await);
        self.faults.add(Trouble::Limited { retry_after_s, reason: reason.into() }, RouteKind::Comment, When::Next(1));
        // One job at a time, so that the first is refused before the second is begun.
        self.work(&Settings { jobs_max: 1, ..quick() });
        [refused, free]
    }

    /// How often this limit of the tracker bit.
    async fn limited(&self, limit: &str) -> u64 {
        let metrics = self.working.as_ref().unwrap().metrics().await;
        let name = format!("sealpost_site_limited_total{{site=\"acme\",limit=\"{limit}\"}} ");
        metrics.lines().find_map(|line| line.strip_prefix(&name)).map_or(0, |value| value.parse().unwrap())
    }
}

/// Many writes of one issue wait for the issue's own limit; another issue of the site does not.
pub async fn fault_15_the_limit_of_one_issue_keeps_no_other_waiting(database: &Database) {
    const SPAN: Duration = Duration::from_secs(6);
    let mut stage = Stage::start(database).await;
    let ids = stage.two_issues().await;
    let label = |issue: &str, n: usize| StepKind::EditIssue {
        issue: IssueTarget::Id(issue.into()),
        set: vec![FieldSetting { how: How::Add, ..set("labels", FieldValue::Labels(vec![format!("n{n}")])) }],
    };
    let busy = stage.plan(2, (0..5).map(|n| label(&ids[0], n)).collect()).await;
    let free = stage.plan(3, vec![label(&ids[1], 0)]).await;
    let begun = Instant::now();
    // Few in long, so that a slow machine meets the limit as a fast one does.
    stage.work(&Settings { issue_writes: [(3, SPAN), (100, 10 * SPAN)], ..quick() });
    assert_eq!(stage.carry_on(&free).await.line.job, JobState::Done);
    assert_ne!(stage.story(&busy).await.line.job, JobState::Done, "the other one still waits");
    assert_eq!(stage.carry_on(&busy).await.line.job, JobState::Done);
    assert!(begun.elapsed() >= SPAN, "three writes in that time and no more");
    assert_eq!(stage.issue(&ids[0]).await.labels.len(), 5);
    assert!(stage.limited("issue").await >= 1);
    stage.end().await;
}

fn comment(issue: &str) -> StepKind {
    StepKind::AddComment {
        issue: IssueTarget::Id(issue.into()),
        body: Body { visible: "More.".into(), ..Body::default() },
        visibility: None,
    }
}

/// What Jira refuses by the limit of one issue waits, and everything else of the site goes on.
pub async fn fault_15_a_refusal_of_one_issue_stops_no_other(database: &Database) {
    let mut stage = Stage::start(database).await;
    let [refused, free] = stage.one_refused("jira-per-issue-on-write", 600).await;
    assert_eq!(stage.carry_on(&free).await.line.job, JobState::Done);
    assert_ne!(stage.story(&refused).await.line.job, JobState::Done);
    assert_eq!((stage.desk.counts().comments_created, stage.limited("issue").await), (1, 1));
    stage.end().await;
}

/// What Jira refuses by a quota stops the site, for as long as it says.
pub async fn fault_15_a_refusal_by_a_quota_stops_the_site(database: &Database) {
    let mut stage = Stage::start(database).await;
    let begun = Instant::now();
    let [refused, free] = stage.one_refused("jira-quota-tenant-based", 2).await;
    for message in [free, refused] {
        assert_eq!(stage.carry_on(&message).await.line.job, JobState::Done);
        assert!(begun.elapsed() >= Duration::from_secs(2), "never before Retry-After");
    }
    assert_eq!((stage.desk.counts().comments_created, stage.limited("quota").await), (2, 1));
    stage.end().await;
}
