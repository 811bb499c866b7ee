//! SEC-01: whoever is not proved gains no account and none of its rights, whatever a profile lets accounts do.
#![allow(clippy::unwrap_used)]

use mail::authenticity::{Authenticity, Verdict};
use mail::{Address, Headers, Message, Reply};
use policy::field::{FieldKind, FieldMeta};
use policy::{Account, Facts, Origin, Plan, Profile, Question, StepKind, Told};

const ANN: &str = "ann@corp.example";

/// Everything that an account can bring its owner.
const GENEROUS: &str = r#"
default.project = "DEMO"
default.reporter = "sender"
default.rights_of = "everybody"
default.assignee = "sender"
default.watchers = ["sender", "to", "cc"]
default.request_participants = ["to", "cc"]
default.customers = ["sender", "to", "cc"]
default.to_field = "contacts"
default.directives = "create_or_comment"
directives.senders = "*"
directives.groups = ["staff"]
[[rule]]
name = "staff"
groups = ["staff"]
priority = "High"
"#;

/// Ways to write From, and whether it is one author's plain address.
fn writings() -> Vec<(Vec<Address>, bool)> {
    let one =
        |name: Option<&str>, address: &str| Address { name: name.map(str::to_owned), address: address.to_owned() };
    vec![
        (vec![one(None, ANN)], true),
        (vec![one(Some("Ann"), "Ann@Corp.Example")], true),
        (vec![one(None, ANN), one(None, "eve@evil.example")], false),
        (vec![one(None, "eve@evil.example"), one(None, ANN)], false),
        (vec![one(Some(ANN), "eve@evil.example")], false),
        (vec![one(None, "\"ann@corp.example\"@evil.example")], false),
        (vec![one(None, "ann@corp.example,eve@evil.example")], false),
        (vec![], false),
    ]
}

/// What vouches for the mail: the verdict, and the address that it is about.
fn proofs() -> Vec<(Verdict, Option<&'static str>)> {
    let verdicts = [Verdict::Authentic, Verdict::NotAuthentic, Verdict::Unknown];
    let addresses = [Some(ANN), Some("bob@corp.example"), Some("ann@corp.example.evil.example"), None];
    verdicts.into_iter().flat_map(|verdict| addresses.map(|address| (verdict, address))).collect()
}

/// The plan of a gateway that tells whatever is asked in Ann's favour.
fn plan(from: &[Address], verdict: Verdict, address: Option<&str>) -> (Plan, Vec<Question>) {
    let profile = Profile::from_toml("p", GENEROUS, "p.toml").unwrap();
    let bob = Address { name: None, address: "bob@corp.example".to_owned() };
    let text = "@labels=urgent\n\nIt burns.".to_owned();
    let headers = Headers { from: from.to_vec(), to: vec![bob], subject: "Printer".to_owned(), ..Headers::default() };
    let message = Message { headers, text: text.clone(), ..Message::default() };
    let reply = Reply { visible: text, hidden: Vec::new(), document: None };
    let proof = Authenticity { address: address.map(str::to_owned), ..Authenticity::without_checks(verdict, "drawn") };
    let mut facts = Facts { verifies_authors: true, authenticity: Some(proof), ..Facts::default() };
    let mut asked = Vec::new();
    for _ in 0..policy::ask::ROUNDS_MAX {
        for question in policy::ask(&message, &profile, &facts) {
            answer_in_her_favour(&question, &mut facts);
            asked.push(question);
        }
    }
    (policy::decide(&message, &reply, &profile, &facts, Origin::Message("m1".to_owned()), 1), asked)
}

fn answer_in_her_favour(question: &Question, facts: &mut Facts) {
    let field = |id: &str, kind| FieldMeta {
        id: id.to_owned(),
        name: id.to_owned(),
        kind,
        required: false,
        has_default: false,
        allowed: Vec::new(),
        allowed_all: false,
    };
    match question {
        Question::Account { address } => {
            let ann = Account { id: "a-1".to_owned(), name: "Ann".to_owned(), active: true, ..Account::default() };
            facts.accounts.push((address.clone(), Some(ann)));
        }
        Question::ServiceDesk { project } => {
            facts.service_desks.push((project.clone(), Told::Known(Some(policy::ServiceDesk::default()))));
        }
        Question::Groups { account } => facts.groups.push((account.clone(), Told::Known(vec!["staff".to_owned()]))),
        Question::May { account, project, act } => {
            facts.may.push((account.clone(), project.clone(), *act, Told::Known(true)));
        }
        Question::Fields { project, issue_type } => {
            let (person, persons) = (FieldKind::User, FieldKind::Users);
            let kinds = [("reporter", person.clone()), ("assignee", person), ("contacts", persons)];
            let more = [field("labels", FieldKind::Labels), field("priority", FieldKind::Priority)];
            let fields = kinds.into_iter().map(|(id, kind)| field(id, kind)).chain(more);
            facts.fields.push((project.clone(), issue_type.clone(), Told::Known(fields.collect())));
        }
        other => facts.answer_with_nothing(other),
    }
}

#[test]
fn sec_01_who_is_not_proved_gains_no_account_and_no_right() {
    let mut proved_rows = 0;
    for (from, is_plain) in writings() {
        for (verdict, address) in proofs() {
            let (plan, asked) = plan(&from, verdict, address);
            let row = format!("{from:?} {verdict:?} {address:?}: {plan:#?}");
            let StepKind::CreateIssue { set, body, .. } = &plan.steps[0].kind else { panic!("{row}") };
            let names: Vec<&str> = set.iter().map(|setting| setting.id.as_str()).collect();
            if is_plain && verdict == Verdict::Authentic && address == Some(ANN) {
                assert_eq!(names, ["priority", "assignee", "reporter", "contacts", "labels"], "{row}");
                assert!(body.author_reports && plan.rule.as_deref() == Some("staff"), "{row}");
                assert_eq!(plan.steps.len(), 4, "two watch and one takes part in the request: {row}");
                proved_rows += 1;
                continue;
            }
            assert!(names.is_empty() && plan.steps.len() == 1 && !body.author_reports && plan.rule.is_none(), "{row}");
            let looked_up = |question: &Question| {
                matches!(question, Question::Account { .. } | Question::Groups { .. } | Question::May { .. })
            };
            assert!(!asked.iter().any(looked_up), "{asked:?} {row}");
        }
    }
    assert_eq!(proved_rows, 2);
}
