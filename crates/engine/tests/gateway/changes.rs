//! Steps that change issues and their people, planned by hand: each happens once, whatever becomes of its answer.

use super::reading::Direct;
use super::world::{
    Database, PATIENCE, ask, desk, mail_with_files, quick, receipts, send, start_gateway, store_settings, voice,
};
use ::desk::{Desk, Fault as Trouble, FaultSwitches, RouteKind, When};
use engine::{Gateway, Settings, Voice};
#[cfg(feature = "crash_points")]
use futures_util::{StreamExt, stream};
use policy::{
    AccountTarget, Body, Choice, FaultCode, FieldSetting, FieldValue, File, Goal, How, IssueTarget, Origin, Outcome,
    Plan, Receipt, Step, StepKind, Visibility,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Decision, JobKind, JobState, Store, Story};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tracker::{Answer, Dialect, IssueView, Operation};

/// A stage on which plans are carried out that a test wrote.
pub struct Stage {
    pub desk: Desk,
    pub faults: FaultSwitches,
    pub store: Store,
    voice: Arc<dyn Voice>,
    dialect: Dialect,
    pub working: Option<Gateway>,
    #[cfg_attr(not(feature = "crash_points"), expect(dead_code, reason = "only the sweep plays processes"))]
    url: String,
    _stop: oneshot::Sender<()>,
    #[cfg_attr(not(feature = "crash_points"), expect(dead_code, reason = "only the sweep looks into it"))]
    folder: TempDir,
}

impl Stage {
    pub async fn start(database: &Database) -> Stage {
        Stage::start_behind(database, |url| Some(url.to_owned())).await.unwrap()
    }

    /// With the desk behind what `before` puts in front of it; `None` where it cannot.
    async fn start_behind(database: &Database, before: impl FnOnce(&str) -> Option<String>) -> Option<Stage> {
        let (folder, dialect) = (tempfile::tempdir().unwrap(), database.dialect);
        let (desk, url, stop) = desk(folder.path(), 1 << 20, dialect).await;
        let url = before(&url)?;
        let store = Store::open(&store_settings(database, folder.path().to_owned())).await.unwrap();
        let (voice, faults) = (voice(&url, dialect), desk.faults());
        Some(Stage { desk, faults, store, voice, dialect, working: None, url, _stop: stop, folder })
    }

    /// Takes a mail in and writes this plan down for it, before anybody decides.
    pub async fn plan(&mut self, number: usize, steps: Vec<StepKind>) -> String {
        if let Some(working) = self.working.take() {
            working.shutdown().await;
        }
        let idle = Settings { jobs_max: 0, ..quick() };
        let intake = start_gateway(&self.store, (&self.voice, self.dialect), Arc::new(Direct::default()), &idle);
        let mail = mail_with_files(&format!("{number}@example.org"), &[("one.txt", "one")]);
        let message = send(&intake, "support", &mail).await.unwrap();
        let lease = self.store.claim("test", &[JobKind::Decide], 1, 60).await.unwrap().pop().unwrap();
        let step = |(ordinal, kind)| Step { ordinal, kind, reason: "a test".into() };
        let plan = Plan {
            origin: Origin::Message(message.clone()),
            revision: 1,
            profile: "support".into(),
            profile_version: 1,
            mapping: "default".into(),
            rule: None,
            outcome: Outcome::Create,
            reason: "a test".into(),
            steps: (1..).zip(steps).map(step).collect(),
            trace: vec![],
            environment: Default::default(),
            letters: Default::default(),
            returned: vec![],
            excluded: vec![],
            rejection: Default::default(),
        };
        let decision = Decision {
            plan,
            subject: "planned".into(),
            sender: "ann@example.org".into(),
            sender_name: String::new(),
            participants: vec![],
            faults: vec![],
            project: Some("DEMO".into()),
            issue_id: None,
            came_sealed: false,
            facts: None,
        };
        self.store.write_down(&lease, &decision).await.unwrap();
        intake.shutdown().await;
        message
    }

    /// Carries out what was planned until the message's job has ended.
    pub async fn carry(&mut self, message: &str) -> Story {
        self.work(&quick());
        self.carry_on(message).await
    }

    pub fn work(&mut self, settings: &Settings) {
        let tracker = (&self.voice, self.dialect);
        self.working = Some(start_gateway(&self.store, tracker, Arc::new(Direct::default()), settings));
    }

    pub async fn done(&mut self, number: usize, steps: Vec<StepKind>) -> Story {
        let message = self.plan(number, steps).await;
        let story = self.carry(&message).await;
        assert_eq!(story.line.job, JobState::Done, "{story:#?}");
        story
    }

    async fn ask(&self, operation: Operation) -> Answer {
        ask((&self.voice, self.dialect), operation).await
    }

    pub async fn issue(&self, issue_id: &str) -> IssueView {
        match self.ask(Operation::ReadIssue { issue: issue_id.to_owned() }).await {
            Answer::Issue(view) => *view,
            other => panic!("{other:?}"),
        }
    }

    async fn texts(&self, issue_id: &str, fields: &[&str]) -> Vec<String> {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        match self.ask(Operation::ReadFieldTexts { issue_id: issue_id.to_owned(), fields }).await {
            Answer::FieldTexts(texts) => texts.into_iter().map(|(_, text)| text).collect(),
            other => panic!("{other:?}"),
        }
    }

    /// The account that the tracker knows by this address.
    async fn account(&self, address: &str) -> String {
        self.desk.add_person(address, address.split('@').next().unwrap()).await.unwrap();
        match self.ask(Operation::FindAccounts { query: address.to_owned() }).await {
            Answer::Accounts(people) => people[0].account_id.clone(),
            other => panic!("{other:?}"),
        }
    }

    pub async fn end(mut self) {
        if let Some(working) = self.working.take() {
            working.shutdown().await;
        }
        self.store.close().await;
    }
}

pub fn create(set: Vec<FieldSetting>) -> StepKind {
    StepKind::CreateIssue {
        project: "DEMO".into(),
        issue_type: "Task".into(),
        summary: "planned".into(),
        body: Body { visible: "By hand.".into(), ..Body::default() },
        fields: Default::default(),
        set,
    }
}

pub fn set(id: &str, value: FieldValue) -> FieldSetting {
    FieldSetting { id: id.into(), name: id.to_uppercase(), how: How::Set, value, must: false }
}

pub fn made() -> IssueTarget {
    IssueTarget::CreatedBy(1)
}

pub fn issue_of(story: &Story) -> String {
    receipts(story)[0].issue_id().unwrap().to_owned()
}

/// What there is to change about an issue, all of it in one plan.
async fn everything(stage: &Stage) -> Vec<StepKind> {
    let ann = AccountTarget::Id(stage.account("ann@example.org").await);
    let labels = FieldSetting { how: How::Add, ..set("labels", FieldValue::Labels(vec!["late".into()])) };
    vec![
        create(vec![
            set("labels", FieldValue::Labels(vec!["mail".into()])),
            set("customfield_10107", FieldValue::Option(Choice::named("Gold"))),
            set("customfield_10113", FieldValue::Users(vec![ann.clone()])),
        ]),
        create(vec![]),
        StepKind::EditIssue {
            issue: made(),
            set: vec![labels, set("customfield_10102", FieldValue::LongText("two\n\nparts".into()))],
        },
        StepKind::Transition { issue: made(), goal: Goal::Status("in progress".into()), set: vec![] },
        StepKind::Transition { issue: made(), goal: Goal::Transition("Resolve".into()), set: vec![] },
        StepKind::Link { issue: made(), to: IssueTarget::CreatedBy(2), link_type: "is blocked by".into() },
        StepKind::Watch { issue: made(), account: ann.clone() },
        StepKind::AddCustomer {
            project: "DEMO".into(),
            address: "cleo@example.org".into(),
            name: Some("Cleo".into()),
            organisations: vec!["Example Ltd".into()],
        },
        StepKind::AddParticipants { issue: made(), accounts: vec![ann, AccountTarget::CreatedBy(8)] },
        StepKind::ShareWith { issue: made(), organisations: vec!["other ltd".into()] },
        StepKind::AttachForCustomers {
            issue: made(),
            file: File {
                part: "1.2".into(),
                name: "one.txt".into(),
                content_type: "text/plain".into(),
                size_bytes: 3,
                sha256: String::new(),
            },
        },
        StepKind::AddComment {
            issue: made(),
            body: Body { visible: "For us.".into(), ..Body::default() },
            visibility: Some(Visibility::Internal),
        },
        remark(),
    ]
}

fn remark() -> StepKind {
    StepKind::Remark {
        issue: made(),
        body: Body { visible: "It is moved.".into(), ..Body::default() },
        visibility: None,
    }
}

/// What must be so afterwards, once each.
async fn is_so(stage: &Stage, story: &Story) {
    assert_eq!(receipts(story).len(), 13, "{story:#?}");
    let files: Vec<&Receipt> = story.ledger.iter().filter_map(|line| line.receipt.as_ref()).collect();
    let attached = files.iter().find(|receipt| matches!(receipt, Receipt::Attachment { id, .. } if !id.is_empty()));
    assert!(attached.is_some(), "{files:?}");
    let issue_id = issue_of(story);
    let issue = stage.issue(&issue_id).await;
    assert_eq!((issue.status.as_str(), issue.labels.join(" ").as_str()), ("Done", "mail late"));
    let texts = stage.texts(&issue_id, &["customfield_10107", "customfield_10102", "customfield_10118"]).await;
    assert_eq!((texts[0].as_str(), texts[1].as_str()), ("Gold", "two\n\nparts"));
    assert_eq!(texts[2].lines().collect::<Vec<_>>(), ["ann@example.org", "cleo@example.org"]);
    assert_eq!(stage.texts(&issue_id, &["customfield_10119"]).await, ["Other Ltd"]);
    let Answer::Links(links) = stage.ask(Operation::ReadLinks { issue_id }).await else { panic!("no links") };
    assert_eq!(links.iter().map(|link| link.outward).collect::<Vec<_>>(), [false]);
    let names: Vec<String> = stage.issue(&issue_of(story)).await.files.into_iter().map(|file| file.name).collect();
    assert_eq!(names, ["one.txt"]);
    let counts = stage.desk.counts();
    assert_eq!((counts.issues_created, counts.comments_created, counts.transitions_made), (2, 2, 2));
}

/// All changes that need no service management, through a client that `wrap` watches. Whether there was a way to the desk.
pub async fn platform_changes(
    database: &Database,
    before: impl FnOnce(&str) -> Option<String>,
    wrap: impl FnOnce(Arc<dyn Voice>) -> Arc<dyn Voice>,
) -> bool {
    let Some(mut stage) = Stage::start_behind(database, before).await else { return false };
    stage.voice = wrap(stage.voice.clone());
    let mut steps = everything(&stage).await;
    // Prism hands the bare JSON string of a watcher on without its quotation marks.
    let left_out = |kind: &StepKind| {
        ["add_customer", "add_participants", "share_with", "attach_for_customers", "watch"].contains(&kind.word())
    };
    steps.retain(|kind| !left_out(kind));
    let story = stage.done(1, steps).await;
    for operation in [
        Operation::Myself,
        Operation::ServerInfo,
        Operation::ReadPermissions { project: "DEMO".into() },
        Operation::ReadIssueTypes { project: "DEMO".into(), start_at: 0 },
        Operation::ReadCreateFields { project: "DEMO".into(), issue_type_id: "10001".into(), start_at: 0 },
        Operation::ReadEditFields { issue_id: issue_of(&story) },
        Operation::ReadAllFields,
        Operation::ReadComments { issue_id: issue_of(&story), start_at: 0 },
        Operation::HighestKey { project: "DEMO".into() },
        Operation::FetchKeys { keys: vec!["DEMO-1".into(), "DEMO-99".into()] },
    ] {
        stage.ask(operation).await;
    }
    stage.end().await;
    true
}

pub async fn everything_about_an_issue_is_changed(database: &Database) {
    let mut stage = Stage::start(database).await;
    let steps = everything(&stage).await;
    let story = stage.done(1, steps).await;
    is_so(&stage, &story).await;
    stage.end().await;
}

pub async fn fault_14_lost_answers_of_changes_are_harmless(database: &Database) {
    let mut stage = Stage::start(database).await;
    let steps = everything(&stage).await;
    for route in [RouteKind::Write, RouteKind::Transition, RouteKind::Comment, RouteKind::Create] {
        stage.faults.add(Trouble::LostAnswer, route, When::Next(4));
    }
    let story = stage.done(1, steps).await;
    is_so(&stage, &story).await;
    assert!(stage.faults.shown(|fault| *fault == Trouble::LostAnswer) >= 9);
    stage.end().await;
}

pub async fn what_is_so_already_is_left_as_it_is(database: &Database) {
    let mut stage = Stage::start(database).await;
    let made_before = stage.done(1, vec![create(vec![]), create(vec![])]).await;
    let ids: Vec<IssueTarget> =
        receipts(&made_before).iter().map(|receipt| IssueTarget::Id(receipt.issue_id().unwrap().into())).collect();
    let link =
        |link_type: &str| StepKind::Link { issue: ids[0].clone(), to: ids[1].clone(), link_type: link_type.into() };
    let to_do = StepKind::Transition { issue: ids[0].clone(), goal: Goal::Status("To Do".into()), set: vec![] };
    let story = stage.done(2, vec![to_do, link("Blocks"), link("blocks"), link("Relates")]).await;
    let already: Vec<bool> =
        receipts(&story).iter().map(|receipt| matches!(receipt, Receipt::Changed { already: true, .. })).collect();
    assert_eq!(already, [true, false, true, false]);
    assert_eq!(stage.desk.counts().transitions_made, 0);
    stage.end().await;
}

pub async fn fault_16_a_refused_field_is_left_out_and_the_mail_is_not_lost(database: &Database) {
    let mut stage = Stage::start(database).await;
    let platinum = set("customfield_10107", FieldValue::Option(Choice::named("Platinum")));
    let labels = set("labels", FieldValue::Labels(vec!["mail".into()]));
    let story = stage.done(1, vec![create(vec![platinum.clone(), labels.clone()])]).await;
    let left_out: Vec<String> = receipts(&story)[0].left_out().iter().map(|one| one.name.clone()).collect();
    assert_eq!(left_out, ["CUSTOMFIELD_10107"]);
    assert_eq!(stage.issue(&issue_of(&story)).await.labels, ["mail"]);
    assert_eq!(stage.desk.counts().issues_created, 1);

    // Without a value that must be there, such as a security level, everybody would see what few should.
    let level = set("security", FieldValue::SecurityLevel(Choice::named("Nobody knows")));
    for (number, must) in [(2, FieldSetting { must: true, ..platinum }), (3, level)] {
        let message = stage.plan(number, vec![create(vec![must, labels.clone()])]).await;
        let story = stage.carry(&message).await;
        assert_eq!(story.line.job, JobState::Dead);
        assert_eq!(story.line.fault.map(|fault| fault.code), Some(FaultCode::TrackerRefused));
    }
    assert_eq!(stage.desk.counts().issues_created, 1);
    stage.end().await;
}

/// Somebody who has left cannot be given an issue; the mail becomes one all the same.
pub async fn fault_17_a_user_who_is_gone_is_left_out(database: &Database) {
    let mut stage = Stage::start(database).await;
    let gone = set("assignee", FieldValue::User(AccountTarget::Id("gone".into())));
    let story = stage.done(1, vec![create(vec![gone])]).await;
    let left_out: Vec<String> = receipts(&story)[0].left_out().iter().map(|one| one.name.clone()).collect();
    assert_eq!((left_out, stage.desk.counts().issues_created), (vec!["ASSIGNEE".to_owned()], 1));
    stage.end().await;
}

pub async fn fault_16_a_change_that_is_refused_does_not_stop_the_others(database: &Database) {
    let mut stage = Stage::start(database).await;
    let nowhere = StepKind::Transition { issue: made(), goal: Goal::Status("Approved".into()), set: vec![] };
    let nobody = StepKind::Watch { issue: made(), account: AccountTarget::Id("nobody".into()) };
    let comment = StepKind::AddComment {
        issue: made(),
        body: Body { visible: "All the same.".into(), ..Body::default() },
        visibility: None,
    };
    let message = stage.plan(1, vec![create(vec![]), nowhere, nobody, comment]).await;
    let story = stage.carry(&message).await;
    assert_eq!(story.line.job, JobState::Dead, "visible, and to be replayed");
    let fault = story.line.fault.clone().unwrap();
    assert!(fault.public.starts_with("2 of 4 steps failed"), "{}", fault.public);
    assert!(fault.public.contains("no way to \"Approved\" from the status \"To Do\""), "{}", fault.public);
    assert!(fault.public.contains("Start work (to In Progress)"), "{}", fault.public);
    assert!(
        !fault.detail.contains("Approved"),
        "what is wished for may be a mail's word, and details are logged: {}",
        fault.detail
    );
    assert_eq!(stage.desk.counts().comments_created, 1);
    stage.end().await;
}

/// What would be said of a move that did not come about is not said; where it did, it is said once.
pub async fn a_remark_goes_with_its_move(database: &Database) {
    let mut stage = Stage::start(database).await;
    let to = |name: &str| StepKind::Transition { issue: made(), goal: Goal::Transition(name.into()), set: vec![] };
    stage.faults.add(Trouble::LostAnswer, RouteKind::Comment, When::Next(1));
    stage.done(1, vec![create(vec![]), to("Resolve"), remark()]).await;
    assert_eq!(stage.desk.counts().comments_created, 1);
    let message = stage.plan(2, vec![create(vec![]), to("Approve"), remark()]).await;
    let story = stage.carry(&message).await;
    assert_eq!(story.line.job, JobState::Dead, "visible, and to be replayed");
    let said = story.ledger.last().and_then(|line| line.fault.clone()).unwrap();
    assert_eq!(said.public, "Nothing was said on the issue, because it was not moved.");
    assert_eq!(stage.desk.counts().comments_created, 1);
    stage.end().await;
}

/// Whether a transition that leads back to where it began was made cannot be told from the status, so a person is asked.
pub async fn fault_14_a_lost_transition_is_looked_for_by_status(database: &Database) {
    let mut stage = Stage::start(database).await;
    stage.faults.add(Trouble::ServerError { status: 500 }, RouteKind::Transition, When::Next(1));
    let resolve = StepKind::Transition { issue: made(), goal: Goal::Transition("31".into()), set: vec![] };
    let story = stage.done(1, vec![create(vec![]), resolve]).await;
    assert_eq!(stage.issue(&issue_of(&story)).await.status, "Done");
    assert_eq!(stage.desk.counts().transitions_made, 1, "it surely had not happened, so it was done again");
    stage.end().await;
}

/// A process that dies before, in and after each of these effects leaves every one of them done once.
#[cfg(feature = "crash_points")]
pub async fn killed_in_every_change(database: impl Fn() -> Database) {
    let points = ["carry_before_begin", "carry_begun", "carry_effect_done", "carry_finished"];
    // The first two effects are creates, whose points are swept elsewhere; the last one ends its job.
    let passings = points.iter().flat_map(|point| (3..=12).map(move |passing| format!("{point}:{passing}")));
    let rounds: Vec<_> = passings.chain(["carry_completed:1".to_owned()]).map(|crash| (crash, database())).collect();
    let rounds = stream::iter(rounds).map(|(crash, database)| async move {
        let mut stage = Stage::start(&database).await;
        let steps = everything(&stage).await;
        let message = stage.plan(1, steps).await;
        super::crash::play_planned(stage.folder.path(), &stage.url, &database, &message, &crash).await;
        let story = stage.store.story(&message).await.unwrap().unwrap();
        is_so(&stage, &story).await;
        stage.end().await;
    });
    rounds.buffer_unordered(8).collect::<Vec<()>>().await;
}

/// The issue and three of five files are there when the process dies, between two files and within one: each comes once.
#[cfg(feature = "crash_points")]
pub async fn killed_after_three_of_five_files(database: impl Fn() -> Database) {
    for crash in ["carry_effect_done:4", "carry_before_begin:5", "carry_begun:5"] {
        let database = database();
        let mut stage = Stage::start(&database).await;
        let attach = |number: u32| StepKind::Attach {
            issue: made(),
            file: File {
                part: "1.2".into(),
                name: format!("{number}.txt"),
                content_type: "text/plain".into(),
                size_bytes: 3,
                sha256: String::new(),
            },
        };
        let steps = std::iter::once(create(vec![])).chain((1..=5).map(attach)).collect();
        let message = stage.plan(1, steps).await;
        super::crash::play_planned(stage.folder.path(), &stage.url, &database, &message, crash).await;
        let story = stage.story(&message).await;
        let mut names: Vec<String> = stage.issue(&issue_of(&story)).await.files.into_iter().map(|it| it.name).collect();
        names.sort();
        assert_eq!(names, [1, 2, 3, 4, 5].map(|number| format!("{number}.txt")), "after {crash}");
        stage.end().await;
    }
}

impl Stage {
    pub async fn story(&self, message: &str) -> Story {
        self.store.story(message).await.unwrap().unwrap()
    }

    /// Waits for another message of the gateway that works already.
    pub async fn carry_on(&self, message: &str) -> Story {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let story = self.store.story(message).await.unwrap().unwrap();
            if matches!(story.line.job, JobState::Done | JobState::Held | JobState::Dead) {
                return story;
            }
            assert!(Instant::now() < deadline, "{story:#?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
