//! The sample mails as they are read and decided on, one after the other, with a memory in place of store and tracker.
#![allow(clippy::unwrap_used)]

use mail::{Envelope, Limits, Reading};
use policy::{Facts, IssueFacts, IssueHistory, Origin, Outcome, Plan, Profile, Question, Thread};
use std::collections::HashMap;
use std::path::Path;

/// What became of earlier mails: Message-ID to issue number, and who takes part in which issue.
#[derive(Default)]
struct Memory {
    threads: HashMap<String, u64>,
    involved: Vec<(u64, String)>,
    issues: u64,
}

impl Memory {
    fn answer(&self, question: Question, facts: &mut Facts) {
        match question {
            Question::Authenticity => panic!("no author is verified here"),
            Question::ReplyTokens { .. } => facts.reply_tokens = Some(Vec::new()),
            Question::SeenBefore => facts.seen_before = Some(Vec::new()),
            Question::Thread { message_ids } => {
                let known = message_ids.into_iter().find_map(|id| Some((self.threads.get(&id)?.to_string(), id)));
                let thread = known.map(|(issue_id, message_id)| Thread::Issue { message_id, issue_id });
                facts.thread = Some(thread.unwrap_or(Thread::Unknown));
            }
            Question::Issue { issue } => {
                let found = issue.parse::<u64>().is_ok_and(|id| id <= self.issues);
                let known = IssueFacts {
                    id: issue.clone(),
                    key: format!("DEMO-{issue}"),
                    project: "DEMO".to_owned(),
                    ..IssueFacts::default()
                };
                facts.issues.push((issue, found.then_some(known)));
            }
            Question::Involved { issue_id, address } => {
                let took_part = self.involved.contains(&(issue_id.parse().unwrap(), address.clone()));
                facts.involved.push((issue_id, address, took_part));
            }
            Question::Letters { address } => facts.letters.push((address, policy::LetterTraffic::default())),
            Question::History { issue_id } => {
                facts.histories.push((issue_id, IssueHistory::Known { texts: 1, all: true }))
            }
            other => facts.answer_with_nothing(&other),
        }
    }

    fn remember(&mut self, reading: &Reading, profile: &Profile, facts: &Facts, plan: &Plan) {
        let issue = match plan.outcome {
            Outcome::Create => {
                self.issues += 1;
                self.issues
            }
            Outcome::Comment => match &facts.thread {
                Some(Thread::Issue { issue_id, .. }) => issue_id.parse().unwrap(),
                _ => return,
            },
            _ => return,
        };
        self.threads.extend(reading.message.headers.message_id.clone().map(|id| (id, issue)));
        let people = policy::participants(&reading.message, profile, facts, plan);
        self.involved.extend(people.into_iter().map(|address| (issue, address)));
    }
}

#[test]
fn the_eight_sample_mails_come_to_what_their_names_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let profile =
        Profile::from_toml("p", "catch = [\"support@desk.example\"]\ndefault.project = \"DEMO\"\n", "p.toml").unwrap();
    let mut memory = Memory::default();
    let expected = [
        ("1-new-request", "create", 1),
        ("2-reply", "comment", 1),
        ("3-html-with-image", "create", 2),
        ("4-outlook-reply", "comment", 1),
        ("5-forward", "create", 1),
        ("6-auto-reply", "ignore", 0),
        ("7-bounce", "ignore", 0),
        ("8-broken-mime", "create", 1),
    ];
    for (name, outcome, least_steps) in expected {
        let raw = std::fs::read(folder.join(format!("{name}.eml"))).unwrap();
        let reading = mail::read(&raw, &Limits::default());
        let envelope = Envelope {
            mail_from: Some("a@b.example".to_owned()),
            rcpt_to: vec!["support@desk.example".to_owned()],
            client: None,
        };
        let mut facts = Facts { now: "2026-11-22T10:00:00Z".to_owned(), envelope, ..Facts::default() };
        for _ in 0..policy::ask::ROUNDS_MAX {
            for question in policy::ask(&reading.message, &profile, &facts) {
                memory.answer(question, &mut facts);
            }
        }
        let origin = Origin::Message(name.to_owned());
        let plan = policy::decide(&reading.message, &reading.reply, &profile, &facts, origin, 1);
        assert_eq!(plan.outcome.word(), outcome, "{name}: {plan:#?}");
        assert!(plan.steps.len() >= least_steps, "{name}: {plan:#?}");
        memory.remember(&reading, &profile, &facts, &plan);
    }
    assert_eq!(memory.issues, 4);
}
