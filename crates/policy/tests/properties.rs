//! What holds for every message, profile and fact: decisions are total and repeatable, keys are stable, asking ends.
#![allow(clippy::unwrap_used)]

use mail::authenticity::{Authenticity, Verdict as AuthorVerdict};
use mail::{Address, Automatic, AutomaticKind, Envelope, Headers, Hidden, HiddenKind, Message, Part, Reply};
use policy::ask::ROUNDS_MAX;
use policy::decide::SUMMARY_UNITS_MAX;
use policy::{Facts, IssueFacts, Origin, Outcome, Plan, Profile, Question, SeenBefore, StepKind, Thread, TokenGrant};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

const TOKEN: &str = "aeaayayaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[ -~\r\n\t\u{0}\u{202e}]{0,40}",
        Just("Re: [DEMO-1] UTF-8 DEMO-2".to_owned()),
        Just("verify your mail".to_owned()),
        Just("#issueKey=DEMO-1 @priority=High".to_owned()),
        Just("@issueKey=DEMO-1\n@linkto=DEMO-2\n@watchers=a@b.example\n\nrest".to_owned())
    ]
}

fn address() -> impl Strategy<Value = String> {
    let known =
        ["ann@customer.example", "support@example.com", "no-reply@chat.example", "a@b@c", "", "nobody", "\"a@b\"@c"];
    let known = known
        .into_iter()
        .map(str::to_owned)
        .chain([format!("reply+{TOKEN}@example.com"), format!("REPLY+{TOKEN}@Example.com")]);
    prop_oneof![4 => select(known.collect::<Vec<_>>()), 1 => text()]
}

fn ids() -> impl Strategy<Value = Vec<String>> {
    vec(prop_oneof![Just("old@customer.example".to_owned()), Just(format!("{TOKEN}@example.com")), text()], 0..30)
}

fn addresses() -> impl Strategy<Value = Vec<Address>> {
    vec((proptest::option::of(address()), address()).prop_map(|(name, address)| Address { name, address }), 0..4)
}

prop_compose! {
    fn headers()(
        subject in text(), from in addresses(), to in addresses(), cc in addresses(), message_id in ids(), in_reply_to in ids(),
        references in ids(), delivered_to in vec(address(), 0..3), received_count in prop_oneof![Just(3u32), any::<u32>()],
    ) -> Headers {
        let message_id = message_id.into_iter().next();
        Headers { subject, from, to, cc, message_id, in_reply_to, references, delivered_to, received_count, ..Headers::default() }
    }
}

prop_compose! {
    fn part()(path in "1(\\.[1-9]){0,3}", leaf: bool, body: bool, name in proptest::option::of(prop_oneof![text(), Just("a.pdf".to_owned())]), content_id in proptest::option::of(text())) -> Part {
        Part { path, leaf, body, name, content_id, content_type: "image/png".to_owned(), ..Part::default() }
    }
}

fn automatic() -> impl Strategy<Value = Option<Automatic>> {
    use AutomaticKind::{AutoReply, Bounce, Bulk, FeedbackReport, List, ReadReceipt};
    let kinds = select(vec![AutoReply, Bulk, List, Bounce, FeedbackReport, ReadReceipt]);
    proptest::option::weighted(0.3, kinds.prop_map(|kind| Automatic { kind, why: "a sign".to_owned() }))
}

prop_compose! {
    fn message()(headers in headers(), parts in vec(part(), 0..6), text in text(), automatic in automatic(), faults in vec(text(), 0..2)) -> Message {
        Message { headers, parts, text, automatic, faults, ..Message::default() }
    }
}

prop_compose! {
    fn reply()(visible in text(), texts in vec((select(vec![HiddenKind::Quote, HiddenKind::Signature, HiddenKind::Forward, HiddenKind::Disclaimer]), text()), 0..4)) -> Reply {
        let hidden = texts.into_iter().map(|(kind, text)| Hidden { kind, text, ..Hidden::default() }).collect();
        Reply { visible, hidden, document: None }
    }
}

prop_compose! {
    fn issue()(id in select(vec!["10001", "10002", "", "x"]), key in select(vec!["DEMO-1", "DEMO-2", "", "-"]), done: bool, people in vec(address(), 0..3)) -> IssueFacts {
        let status_category = if done { "done" } else { "new" }.to_owned();
        IssueFacts { id: id.to_owned(), key: key.to_owned(), status_category, people, ..IssueFacts::default() }
    }
}

prop_compose! {
    fn seen()(mailbox in select(vec!["smtp", "sales"]), project in select(vec![None, Some("DEMO".to_owned())]), same_message_id: bool, same_digest: bool) -> SeenBefore {
        SeenBefore { mailbox: mailbox.to_owned(), outcome: None, project, issue_id: None, same_message_id, same_digest }
    }
}

/// Answers drawn at random to every question that may come.
#[derive(Debug, Clone)]
struct Answers {
    envelope: Envelope,
    verifies_authors: bool,
    authenticity: Authenticity,
    granted: Vec<bool>,
    thread: Option<usize>,
    seen: Vec<SeenBefore>,
    issues: Vec<Option<IssueFacts>>,
    involved: Vec<bool>,
}

prop_compose! {
    fn answers()(
        mail_from in proptest::option::of(address()), rcpt_to in vec(address(), 0..3), granted in vec(any::<bool>(), 1..6), thread in proptest::option::of(0usize..20),
        seen in vec(seen(), 0..3), issues in vec(proptest::option::of(issue()), 1..6), involved in vec(any::<bool>(), 1..4),
        verifies_authors: bool, verdict in select(vec![AuthorVerdict::Authentic, AuthorVerdict::NotAuthentic, AuthorVerdict::Unknown]), author in proptest::option::of(address()),
    ) -> Answers {
        let authenticity = Authenticity { address: author, ..Authenticity::without_checks(verdict, "it was drawn") };
        Answers { envelope: Envelope { mail_from, rcpt_to, client: None }, verifies_authors, authenticity, granted, thread, seen, issues, involved }
    }
}

impl Answers {
    fn start(&self) -> Facts {
        let now = "2026-11-22T10:00:00Z".to_owned();
        Facts {
            now,
            site: "main".to_owned(),
            mailbox: "smtp".to_owned(),
            envelope: self.envelope.clone(),
            verifies_authors: self.verifies_authors,
            ..Facts::default()
        }
    }

    fn answer(&self, question: &Question, facts: &mut Facts) {
        match question {
            Question::Authenticity => facts.authenticity = Some(self.authenticity.clone()),
            Question::ReplyTokens { addresses } => {
                let granted = addresses.iter().zip(self.granted.iter().cycle()).filter(|(_, granted)| **granted);
                let grant = |address: &String| TokenGrant {
                    address: address.clone(),
                    issue_id: "10001".to_owned(),
                    letter_id: "7".to_owned(),
                    is_path: false,
                };
                facts.reply_tokens = Some(granted.map(|(address, _)| grant(address)).collect());
            }
            Question::Thread { message_ids } => {
                let known = self.thread.and_then(|place| message_ids.get(place % message_ids.len()));
                facts.thread = Some(known.map_or(Thread::Unknown, |id| Thread::Issue {
                    message_id: id.clone(),
                    issue_id: "10002".to_owned(),
                }));
            }
            Question::SeenBefore => facts.seen_before = Some(self.seen.clone()),
            Question::Issue { issue } => {
                let answer = self.issues[facts.issues.len() % self.issues.len()].clone();
                facts.issues.push((issue.clone(), answer));
            }
            Question::Involved { issue_id, address } => {
                let answer = self.involved[facts.involved.len() % self.involved.len()];
                facts.involved.push((issue_id.clone(), address.clone(), answer));
            }
            Question::Letters { address } => {
                let address_day = facts.issues.len() as u32;
                let traffic = policy::LetterTraffic { address_day, ..policy::LetterTraffic::default() };
                facts.letters.push((address.clone(), traffic));
            }
            Question::History { issue_id } => {
                let known = policy::IssueHistory::Known { texts: facts.issues.len(), all: false };
                facts.histories.push((issue_id.clone(), known));
            }
            Question::Account { address } => {
                let (id, n) = (format!("a-{}", address.len()), address.len());
                let account =
                    policy::Account { id, active: n % 5 > 0, is_customer: n % 3 == 0, ..policy::Account::default() };
                facts.accounts.push((address.clone(), (n % 4 > 0).then_some(account)));
            }
            Question::ServiceDesk { project } => {
                let desk = Some(policy::ServiceDesk::default()).filter(|_| self.verifies_authors);
                facts.service_desks.push((project.clone(), policy::Told::Known(desk)));
            }
            Question::May { account, project, act } => {
                let may = policy::Told::Known(self.granted[account.len() % self.granted.len()]);
                facts.may.push((account.clone(), project.clone(), *act, may));
            }
            Question::FieldTexts { issue_id, fields } => {
                let text =
                    |field: &String| (issue_id.clone(), field.clone(), policy::Told::Known("a@b.example".to_owned()));
                facts.field_texts.extend(fields.iter().map(text));
            }
            other => facts.answer_with_nothing(other),
        }
    }
}

/// Nearly everything at once.
const FULL: &str = r#"
default.issue_addresses = true
default.foreign_key_regex = '\S+'
default.foreign_key_field = "Ticket"
default.reject_status = ["Closed"]
default.comments_max = 1
default.comments_per_hour = 1
default.subject_cleanup_regex = "[a-z ]+"
default.create_delimiters = "*a*"
default.comment_delimiters_regex = "."
default.create_cleanup_regex = '\w'
default.comment_cleanup_regex = "(?s).+"
default.description_header = "{{sender.name}} {{header.X}}"
default.comment_header = "{{subject}}"
default.text_max = 3
default.priority = "High"
default.labels = ["a b"]
default.security_level = ""
default.due = "+3d"
default.assignee = "first_recipient"
default.fields = { Channel = "{{subject}}" }
default.comment_fields = { Channel = "{{to}}" }
default.directives = "create_or_comment"
default.rights_of = "everybody"
default.watchers = ["sender", "to", "cc"]
default.request_participants = ["sender", "to"]
default.customers = ["sender", "cc"]
default.customers_block = "*no*"
default.organisations = "Example"
default.to_field = "Contacts"
default.sender_address_field = "Address"
default.sender_name_field = "Name"
default.participants_field = "Others"
projects.plus_address = true
projects.local_part = true
projects.keys = ["SUPPORT"]
directives.processors = ["headers", "subject", "at", "colon", "rules", "nagios"]
directives.senders = "*"
incumbent = { message_ids = true, people_fields = ["Participants"] }
limits = { sender_per_hour = 1, issues_per_hour = 1, pair_per_hour = 1 }
[[rule]]
name = "condition"
when = "to.exists(x, x.contains('support')) || size(subject) > 3"
groups = ["staff"]
[[directive]]
field = "summary"
value = "subject + text"
[[workflow]]
name = "w"
on = "both"
transitions = ["x"]
"#;

fn profile() -> impl Strategy<Value = Profile> {
    let extras = [
        "",
        "catch = [\"support@example.com\"]\nuncaught = \"hold\"\n",
        "default.mode = \"create\"\n",
        "default.mode = \"comment\"\nduplicates = \"keep\"\n",
        "threads = { strangers = \"comment\", verification = \"accept\" }\nautomatic = { auto_reply = \"comment\", bulk = \"accept\", bounce = \"hold\" }\n",
        "attachments_max = 2\nloops = \"ignore\"\nreply.prefix = \"\"\n",
        "threads.require_authentic = true\n[[rule]]\nname = \"forged\"\nauthentic = false\nfrom = \"*x*\"\noutcome = \"hold\"\n",
        "[[rule]]\nname = \"stop\"\nfrom = \"*example*\"\noutcome = \"quarantine\"\n[[rule]]\nname = \"go\"\nsubject_regex = \".\"\noutcome = \"accept\"\nproject = \"OPS\"\n",
        FULL,
        "forward_to = \"boss@example.net\"\nuncaught = \"forward\"\ncatch_regex = \"example\\\\.com$\"\ndefault.mode = \"comment\"\ndefault.unplaced = \"reject\"\ndefault.reject_resolved_days = 1\ndefault.on_reject = \"forward\"\ndefault.text_max = 5\ndefault.text_overflow = \"reject\"\ndefault.reject_search = \"x\"\n",
    ];
    let read =
        |extra: &&str| Profile::from_toml("p", &format!("default.project = \"DEMO\"\n{extra}"), "p.toml").unwrap();
    select(extras.iter().map(read).collect::<Vec<_>>())
}

/// What every plan promises, whatever it was made from.
fn well_formed(plan: &Plan) -> Result<(), TestCaseError> {
    let ordinals: Vec<u32> = plan.steps.iter().map(|step| step.ordinal).collect();
    prop_assert_eq!(&ordinals, &(1..=u32::try_from(plan.steps.len()).unwrap()).collect::<Vec<_>>());
    prop_assert!(!plan.reason.is_empty() && !plan.trace.is_empty());
    prop_assert!(plan.steps.iter().all(|step| !step.reason.is_empty()));
    let acts = matches!(plan.outcome, Outcome::Create | Outcome::Comment);
    prop_assert_eq!(acts, !plan.steps.is_empty());
    let mut names = std::collections::HashSet::new();
    for step in &plan.steps {
        match &step.kind {
            StepKind::CreateIssue { summary, body, .. } => {
                prop_assert!(!summary.is_empty() && summary.encode_utf16().count() <= SUMMARY_UNITS_MAX);
                prop_assert!(!summary.contains(char::is_control));
                prop_assert!(!body.visible.trim().is_empty());
            }
            StepKind::AddComment { body, .. } => prop_assert!(!body.visible.trim().is_empty()),
            StepKind::Attach { file, .. }
            | StepKind::AttachForCustomers { file, .. }
            | StepKind::KeepFile { file, .. } => {
                prop_assert!(
                    !file.name.is_empty() && file.name.len() <= 255 && !file.name.contains(['/', '\\', '\0', '\n'])
                );
                prop_assert!(names.insert(file.name.to_lowercase()), "{} twice", file.name);
            }
            other => {
                let is_about_one = other.issue().is_some() || matches!(other, StepKind::AddCustomer { .. });
                prop_assert!(is_about_one, "{other:?}");
            }
        }
    }
    Ok(())
}

fn decide(message: &Message, reply: &Reply, profile: &Profile, facts: &Facts) -> Plan {
    policy::decide(message, reply, profile, facts, Origin::Message("m1".to_owned()), 1)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn asking_ends_within_its_rounds_and_then_the_plan_is_no_longer_open(message in message(), reply in reply(), profile in profile(), answers in answers()) {
        let mut facts = answers.start();
        let mut rounds = 0;
        loop {
            let questions = policy::ask(&message, &profile, &facts);
            if questions.is_empty() {
                break;
            }
            rounds += 1;
            prop_assert!(rounds <= ROUNDS_MAX, "still open: {questions:?}");
            let early = decide(&message, &reply, &profile, &facts);
            prop_assert_eq!(early.outcome, Outcome::Hold);
            prop_assert!(early.reason.starts_with("not yet known: "));
            let before = facts.clone();
            for question in &questions {
                answers.answer(question, &mut facts);
            }
            prop_assert_ne!(&before, &facts, "asked what was known");
        }
        let plan = decide(&message, &reply, &profile, &facts);
        prop_assert!(!plan.reason.starts_with("not yet known"));
        well_formed(&plan)?;
    }

    #[test]
    fn the_same_inputs_make_the_same_plan_and_keys(message in message(), reply in reply(), profile in profile(), answers in answers()) {
        let facts = answers.start();
        let plan = decide(&message, &reply, &profile, &facts);
        prop_assert_eq!(&plan, &decide(&message, &reply, &profile, &facts));
        let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        prop_assert_eq!(&plan, &again);
        for step in &plan.steps {
            prop_assert_eq!(plan.step_key(step.ordinal).0, format!("message:m1/1/{}", step.ordinal));
        }
    }

    /// SEC-01, SEC-02: without a signed token, and for a sender who takes no part, nothing becomes a comment.
    #[test]
    fn sec_02_a_stranger_without_a_token_never_comments(message in message(), reply in reply(), mut answers in answers()) {
        let profile = Profile::from_toml("p", "default.project = \"DEMO\"\ncatch = [\"support@example.com\"]\n", "p.toml").unwrap();
        answers.granted = vec![false];
        answers.involved = vec![false];
        for issue in answers.issues.iter_mut().flatten() {
            issue.people = vec!["support@example.com".to_owned()];
        }
        let mut facts = answers.start();
        for _ in 0..ROUNDS_MAX {
            for question in policy::ask(&message, &profile, &facts) {
                answers.answer(&question, &mut facts);
            }
        }
        prop_assert_ne!(decide(&message, &reply, &profile, &facts).outcome, Outcome::Comment);
    }

    /// SEC-01: where proof is asked for, nobody without one joins a thread by what his header says.
    #[test]
    fn sec_01_without_proof_no_header_joins_a_thread(message in message(), reply in reply(), mut answers in answers()) {
        let profile = Profile::from_toml("p", "default.project = \"DEMO\"\nthreads = { require_authentic = true, strangers = \"comment\" }\n", "p.toml").unwrap();
        answers.granted = vec![false];
        answers.verifies_authors = true;
        answers.authenticity.address = Some("somebody@else.example".to_owned());
        let mut facts = answers.start();
        for _ in 0..ROUNDS_MAX {
            for question in policy::ask(&message, &profile, &facts) {
                answers.answer(&question, &mut facts);
            }
        }
        prop_assert_ne!(decide(&message, &reply, &profile, &facts).outcome, Outcome::Comment);
    }

    /// Nothing that the sender wrote is missing from the issue, whatever was folded.
    #[test]
    fn a_new_issue_holds_every_piece_of_text(message in message(), reply in reply(), answers in answers()) {
        let profile = Profile::from_toml("p", "default = { project = \"DEMO\", mode = \"create\" }\nduplicates = \"keep\"\n", "p.toml").unwrap();
        let plan = decide(&message, &reply, &profile, &answers.start());
        for step in &plan.steps {
            if let StepKind::CreateIssue { body, .. } = &step.kind {
                let held: String = std::iter::once(&body.visible).chain(body.hidden.iter().map(|piece| &piece.text)).cloned().collect();
                prop_assert!(held.contains(reply.visible.trim()));
                prop_assert!(reply.hidden.iter().all(|piece| held.contains(piece.text.trim())));
            }
        }
    }

    #[test]
    fn sec_02_our_own_addresses_never_take_part(message in message(), reply in reply()) {
        let profile = Profile::from_toml("p", "default.project = \"DEMO\"\ncatch = [\"support@example.com\"]\nduplicates = \"keep\"\ndefault.mode = \"create\"\n", "p.toml").unwrap();
        let facts = Facts { reply_tokens: Some(Vec::new()), ..Facts::default() };
        let plan = decide(&message, &reply, &profile, &facts);
        let everybody = policy::participants(&message, &profile, &facts, &plan);
        prop_assert!(everybody.is_empty() || plan.outcome == Outcome::Create);
        prop_assert!(everybody.iter().all(|address| address != "support@example.com" && !address.contains(TOKEN)));
        prop_assert_eq!(everybody.iter().collect::<std::collections::HashSet<_>>().len(), everybody.len());
    }

    #[test]
    fn reading_a_profile_is_total(text in "\\PC{0,200}") {
        let _ = Profile::from_toml("p", &text, "p.toml").map_err(|fault| fault.public.lines().count());
    }
}

#[test]
fn a_mail_that_cannot_be_read_is_quarantined_with_the_reason() {
    let profile = Profile::from_toml("p", "default.project = \"DEMO\"\n", "p.toml").unwrap();
    let plan = policy::quarantine(Origin::Message("m1".to_owned()), 2, &profile, "more than 1000 parts");
    assert_eq!((plan.outcome, plan.revision, plan.steps.len()), (Outcome::Quarantine, 2, 0));
    assert_eq!(plan.reason, "it cannot be read within its limits: more than 1000 parts");
    well_formed(&plan).unwrap();
}

/// A header may hold 256 KiB of subject or address; a thousand patterns and the trace stay bounded all the same.
#[test]
fn sec_32_a_hostile_header_costs_little_and_leaves_a_short_story() {
    let rules: String =
        (0..1000).map(|n| format!("[[rule]]\nname = \"r{n}\"\nsubject_regex = '(a+)+{n}$'\n")).collect();
    let profile =
        Profile::from_toml("p", &format!("default.project = \"DEMO\"\nduplicates = \"keep\"\n{rules}"), "p.toml")
            .unwrap();
    let long = "a".repeat(256 * 1024);
    let author = Address { name: None, address: format!("{long}@evil.example") };
    let headers = Headers { subject: long, from: vec![author.clone()], to: vec![author; 1000], ..Headers::default() };
    let message = Message { headers, ..Message::default() };
    let plan = decide(&message, &Reply::default(), &profile, &Facts::default());
    assert_eq!(plan.outcome, Outcome::Create);
    assert!(plan.trace.iter().chain([&plan.reason]).all(|line| line.chars().count() <= 1001));
    well_formed(&plan).unwrap();
}
