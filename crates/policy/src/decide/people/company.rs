//! Whom a mail brings along: who of its people watches the issue, takes part in the request, or becomes a customer.

use super::super::association::{has_part, is_known_to_take_part, project};
use super::super::evidence::Evidence;
use super::super::fields::Wish;
use super::super::verdict::{Place, Trace};
use super::account;
use crate::profile::{Mapping, Pattern, Reporter};
use crate::{Account, AccountTarget, How, IssueFacts, IssueTarget, Question, StepKind, Told};

/// The most people of one mail who are looked up: a mail to more is a mailing, not a conversation.
const COMPANY_MAX: usize = 20;
const QUESTION: &str = "Whom does it bring along?";

/// What is done about the people of a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in super::super) struct Brought {
    /// Steps before the issue or comment, which can then name whom they make.
    pub(in super::super) lead: Vec<(StepKind, String)>,
    /// Steps after it.
    pub(in super::super) follow: Vec<(StepKind, String)>,
    /// For fields that hold persons.
    pub(in super::super) wishes: Vec<Wish>,
    /// Whether the sender becomes a customer who had no account.
    pub(in super::super) welcomes: bool,
    /// The new customer whom the sender becomes, who reports his issue.
    pub(in super::super) reporter: Option<AccountTarget>,
}

/// Somebody whom the mail names, and who may join.
struct Person<'e> {
    /// `sender`, `to` or `cc`.
    side: &'static str,
    address: String,
    name: Option<String>,
    account: Option<&'e Account>,
}

impl Person<'_> {
    fn is_one_of(&self, sides: &[String]) -> bool {
        sides.iter().any(|side| side == self.side)
    }

    /// Whether he can be named as one who works with issues, and not only as a customer.
    fn is_user(&self) -> bool {
        self.account.is_some_and(|account| account.active && !account.is_customer)
    }
}

/// Whom the mail brings to the place where it goes. Nobody, unless its author is proved and, for a comment, takes part himself: neither a
/// From field nor a token adds anybody (SEC-01, SEC-02, SEC-05).
pub(in super::super) fn brought(
    evidence: &Evidence,
    mapping: &Mapping,
    place: &Place,
    trace: &mut Trace,
) -> Result<Brought, Vec<Question>> {
    let (key, issue) = match place {
        Place::Nowhere(_) => return Ok(Brought::default()),
        Place::NewIssue { project, .. } => (project.as_str(), None),
        Place::Comment(issue) => (project(issue), Some(issue)),
    };
    let shares = issue.is_none() && !mapping.organisations.is_empty();
    let serves = shares || !mapping.customers.is_empty() || !mapping.request_participants.is_empty();
    let has_desk = if serves { has_desk(evidence, key, trace) } else { Ok(false) };
    let company = company(evidence, mapping, issue, trace);
    let (has_desk, company) = match (has_desk, company) {
        (Ok(has_desk), Ok(company)) => (has_desk, company),
        (one, other) => return Err([one.err(), other.err()].into_iter().flatten().flatten().collect()),
    };
    let mut brought = Brought::default();
    let customers = if has_desk { customers(mapping, key, issue, &company, trace) } else { Vec::new() };
    let made = || IssueTarget::created_after(customers.len());
    let target = issue.map_or_else(made, |issue| IssueTarget::Id(issue.id.clone()));
    let reports = |person: &Person| person.side == "sender" && issue.is_none() && mapping.reporter == Reporter::Sender;
    let mut participants = Vec::new();
    for person in &company {
        let step = (1..).zip(&customers).find(|(_, (address, ..))| *address == person.address).map(|(step, _)| step);
        let own = person.account.filter(|account| account.active).map(|account| AccountTarget::Id(account.id.clone()));
        let is_new = own.is_none() && step.is_some();
        let Some(account) = own.or(step.map(AccountTarget::CreatedBy)) else { continue };
        if person.is_user() && person.is_one_of(&mapping.watchers) {
            let watch = StepKind::Watch { issue: target.clone(), account: account.clone() };
            brought.follow.push((watch, format!("watchers names whom the mail has as {:?}", person.side)));
        }
        brought.welcomes |= is_new && person.side == "sender";
        if is_new && reports(person) {
            brought.reporter = Some(account.clone());
        }
        let stands = |id: &String| account == AccountTarget::Id(id.clone());
        let is_there = reports(person) || issue.is_some_and(|issue| issue.standing.accounts.iter().any(stands));
        if has_desk && !is_there && person.is_one_of(&mapping.request_participants) {
            participants.push(account);
        }
    }
    if !participants.is_empty() {
        let step = StepKind::AddParticipants { issue: target.clone(), accounts: participants };
        brought.follow.push((step, "request_participants names them".to_owned()));
    }
    if shares && has_desk {
        let step = StepKind::ShareWith { issue: target, organisations: mapping.organisations.clone() };
        brought.follow.push((step, "organisations names them".to_owned()));
    }
    brought.lead = customers.into_iter().map(|(_, step, reason)| (step, reason)).collect();
    brought.wishes = wishes(mapping, &company);
    Ok(brought)
}

/// Whether the project has a service desk.
fn has_desk(evidence: &Evidence, project: &str, trace: &mut Trace) -> Result<bool, Vec<Question>> {
    const QUESTION: &str = "Has the project a service desk?";
    const NOBODY: &str = "nobody becomes its customer or takes part in a request";
    match evidence.facts.service_desks.iter().find(|(one, _)| one == project) {
        Some((_, Told::Known(Some(_)))) => Ok(true),
        Some((_, Told::Known(None))) => {
            trace.note(QUESTION, format!("no, {project} has none"), NOBODY);
            Ok(false)
        }
        Some((_, Told::Untold(why))) => {
            trace.note(QUESTION, format!("not known, {why}"), NOBODY);
            Ok(false)
        }
        None => Err(vec![Question::ServiceDesk { project: project.to_owned() }]),
    }
}

/// The people of the mail of whom something is wanted and who may join; of a comment those who are new to the issue.
fn company<'e>(
    evidence: &'e Evidence,
    mapping: &Mapping,
    issue: Option<&IssueFacts>,
    trace: &mut Trace,
) -> Result<Vec<Person<'e>>, Vec<Question>> {
    if !["sender", "to", "cc"].iter().any(|side| is_wanted(mapping, side)) {
        return Ok(Vec::new());
    }
    if let Some(why) = refusal(evidence, issue) {
        trace.note(QUESTION, format!("nobody, {why}"), "nobody is added");
        return Ok(Vec::new());
    }
    let (mut people, mut open) = (Vec::new(), Vec::new());
    let mut known = std::collections::HashSet::new();
    for (side, one) in named(evidence) {
        let address = one.normalised();
        if !is_wanted(mapping, side) || !evidence.may_join(&address, mapping) || !known.insert(address.clone()) {
            continue;
        }
        if known.len() > COMPANY_MAX {
            trace.note(QUESTION, format!("more than {COMPANY_MAX} people"), "the others are left out");
            break;
        }
        match issue.map_or(Ok(false), |issue| has_part(evidence, issue, &address)) {
            Ok(true) => continue,
            Ok(false) => {}
            Err(questions) => open.extend(questions),
        }
        let name = one.name.clone().filter(|_| mail::pretence(one).is_none());
        match account(evidence, &address) {
            Ok(account) => people.push(Person { side, address, name, account }),
            Err(questions) => open.extend(questions),
        }
    }
    if open.is_empty() { Ok(people) } else { Err(open) }
}

/// Whether something is wanted of the people on this side of a mail.
fn is_wanted(mapping: &Mapping, side: &str) -> bool {
    let sides = [&mapping.watchers, &mapping.request_participants, &mapping.customers];
    let field = match side {
        "to" => mapping.to_field.as_str(),
        "cc" => mapping.cc_field.as_str(),
        _ => "",
    };
    !field.is_empty() || sides.into_iter().flatten().any(|named| named == side)
}

/// Why nobody is brought along.
fn refusal(evidence: &Evidence, issue: Option<&IssueFacts>) -> Option<&'static str> {
    if evidence.message.automatic.is_some() {
        Some("a machine sent it")
    } else if evidence.proved_person().is_none() {
        Some("nobody vouches for its author")
    } else if issue.is_some_and(|issue| !is_known_to_take_part(evidence, &issue.id)) {
        Some("its sender takes no part in the issue")
    } else {
        None
    }
}

/// The proved sender and those whom he addresses.
fn named<'e>(evidence: &'e Evidence) -> impl Iterator<Item = (&'static str, &'e mail::Address)> {
    let headers = &evidence.message.headers;
    let sender = evidence.sender.author.iter().map(|one| ("sender", one));
    let to = headers.to.iter().map(|one| ("to", one));
    sender.chain(to).chain(headers.cc.iter().map(|one| ("cc", one)))
}

/// The steps that make customers, each with the address that it is for. Who has another account stays as he is.
fn customers(
    mapping: &Mapping,
    project: &str,
    issue: Option<&IssueFacts>,
    company: &[Person],
    trace: &mut Trace,
) -> Vec<(String, StepKind, String)> {
    let mut steps = Vec::new();
    for person in company.iter().filter(|person| person.is_one_of(&mapping.customers)) {
        let joins = match person.account {
            None => true,
            // A customer of another desk; whoever is one of this desk already stays one.
            Some(account) => issue.is_none() && account.active && account.is_customer,
        };
        if !joins {
            continue;
        }
        let Person { side, address, name, .. } = person;
        if let Some(why) = not_a_customer(mapping, address) {
            trace.note("Does he become a customer?", format!("{address} does not, {why}"), "left out");
            continue;
        }
        let organisations = mapping.customer_organisations.clone();
        let (address, name) = (address.clone(), name.clone());
        let step = StepKind::AddCustomer { project: project.to_owned(), address: address.clone(), name, organisations };
        steps.push((address, step, format!("customers names whom the mail has as {side:?}")));
    }
    steps
}

fn not_a_customer(mapping: &Mapping, address: &str) -> Option<&'static str> {
    let is_in = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.matches(address));
    if is_in(&mapping.customers_block) {
        Some("customers_block names him")
    } else if !mapping.customers_allow.is_empty() && !is_in(&mapping.customers_allow) {
        Some("customers_allow does not name him")
    } else {
        None
    }
}

/// What fields of persons get: those who have an account.
fn wishes(mapping: &Mapping, company: &[Person]) -> Vec<Wish> {
    let of = |side: &str, field: &str| {
        let people = company.iter().filter(|person| person.side == side && person.is_user());
        let words = people.map(|person| person.address.as_str()).collect::<Vec<_>>().join(", ");
        Wish { how: How::Add, from_mail: true, ..Wish::set(field, words) }
    };
    let both = [of("to", &mapping.to_field), of("cc", &mapping.cc_field)];
    both.into_iter().filter(|wish| !wish.field.is_empty() && !wish.words.is_empty()).collect()
}
