//! What only the tracker knows: fields, accounts, groups, rights, searches and service desks.

use super::{Inquiry, issue_facts};
use crate::site::{Site, misunderstood};
use policy::field::{FieldKind, FieldMeta};
use policy::{Account, Act, Compare, Facts, Fault, FaultCode, FaultKind, IssueFacts, IssueSearch, Question, Told};
use std::borrow::Borrow;
use tracker::{Answer, Operation, Person};

/// Answers one of these questions into `facts`. An outage stops the job; a refusal is an answer of its own, because it would be
/// the same at every try.
pub(super) async fn find_out(inquiry: &Inquiry<'_>, question: Question, facts: &mut Facts) -> Result<(), Fault> {
    let site = inquiry.site;
    match question {
        Question::Fields { project, issue_type } => {
            let known = told(site.create_fields(&project, &issue_type).await)?;
            facts.fields.push((project, issue_type, map(known, |fields| fields.as_ref().clone())));
        }
        Question::EditFields { issue_id } => {
            let known = told(site.edit_fields(&issue_id).await)?;
            facts.edit_fields.push((issue_id, known));
        }
        Question::FieldTexts { issue_id, fields } => field_texts(inquiry, issue_id, fields, facts).await?,
        Question::CommentCount { issue_id } => {
            let count = match site.read(&Operation::ReadComments { issue_id: issue_id.clone(), start_at: 0 }).await? {
                Answer::Comments { total, .. } => total,
                other => return Err(misunderstood(&other)),
            };
            facts.comment_counts.push((issue_id, count));
        }
        Question::Account { address } => {
            let known = account(site, &address).await?;
            facts.accounts.push((address, known));
        }
        Question::Groups { account } => {
            let groups = told(site.read(&Operation::ReadGroups { account: account.clone() }).await)?;
            let known = match groups {
                Told::Known(Answer::Names(names)) => Told::Known(names),
                other => not_so(other)?,
            };
            facts.groups.push((account, known));
        }
        Question::May { account, project, act } => {
            let known = may(site, &account, &project, act).await?;
            facts.may.push((account, project, act, known));
        }
        Question::FindIssue { search } => {
            let known = told(found(inquiry, &search).await)?;
            facts.found_issues.push((search, known));
        }
        Question::Matches { issue_id, search } => {
            let known = matches(site, &issue_id, &search).await?;
            facts.matches.push((issue_id, search, known));
        }
        Question::ServiceDesk { project } => {
            let known = told(site.service_desk(&project).await)?;
            facts.service_desks.push((project, map(known, |desk| desk.as_ref().clone())));
        }
        Question::UploadMax => facts.upload_max = Some(told(site.upload_max().await)?),
        _ => return Err(Fault::permanent(FaultCode::Internal, "a question to the store was put to a tracker")),
    }
    Ok(())
}

/// A permanent refusal becomes an answer, anything else stays a fault.
pub(crate) fn told<T>(result: Result<T, Fault>) -> Result<Told<T>, Fault> {
    match result {
        Ok(known) => Ok(Told::Known(known)),
        Err(fault) if is_refusal(&fault) => Ok(Told::Untold(format!("{} ({})", fault.public, fault.detail))),
        Err(fault) => Err(fault),
    }
}

/// Whether this is the tracker's own word, the same at every try. A mistake of ours is no answer.
pub(crate) fn is_refusal(fault: &Fault) -> bool {
    fault.kind == FaultKind::Permanent && fault.code != FaultCode::Internal
}

/// An answer of another form than was asked for, or none.
pub(crate) fn not_so<T>(told: Told<impl Borrow<Answer>>) -> Result<Told<T>, Fault> {
    match told {
        Told::Known(other) => Err(misunderstood(other.borrow())),
        Told::Untold(why) => Ok(Told::Untold(why)),
    }
}

/// Whether this search finds the issue.
pub(crate) async fn matches(site: &Site, issue_id: &str, search: &str) -> Result<Told<bool>, Fault> {
    let operation = Operation::Match { issue_id: issue_id.to_owned(), search: search.to_owned() };
    match told(site.read(&operation).await)? {
        Told::Known(Answer::Found { items, .. }) => Ok(Told::Known(items.iter().any(|item| item.id == issue_id))),
        other => not_so(other),
    }
}

/// What stands in these fields of an issue, each with its id.
pub(crate) async fn texts(
    site: &Site,
    issue_id: &str,
    fields: &[String],
) -> Result<Told<Vec<(String, String)>>, Fault> {
    let operation = Operation::ReadFieldTexts { issue_id: issue_id.to_owned(), fields: fields.to_vec() };
    match told(site.read(&operation).await)? {
        Told::Known(Answer::FieldTexts(texts)) => Ok(Told::Known(texts)),
        other => not_so(other),
    }
}

fn map<T, U>(told: Told<T>, with: impl FnOnce(T) -> U) -> Told<U> {
    match told {
        Told::Known(known) => Told::Known(with(known)),
        Told::Untold(why) => Told::Untold(why),
    }
}

async fn field_texts(
    inquiry: &Inquiry<'_>,
    issue_id: String,
    fields: Vec<String>,
    facts: &mut Facts,
) -> Result<(), Fault> {
    match texts(inquiry.site, &issue_id, &fields).await? {
        Told::Known(texts) => {
            let texts = texts.into_iter().map(|(field, text)| (issue_id.clone(), field, Told::Known(text)));
            facts.field_texts.extend(texts);
        }
        Told::Untold(why) => {
            let texts = fields.into_iter().map(|field| (issue_id.clone(), field, Told::Untold(why.clone())));
            facts.field_texts.extend(texts);
        }
    }
    Ok(())
}

/// An address leads to the account that shows it, or to the only person whom a search by it finds and who hides it. Programs are
/// nobody, and so is our own account: mail in its name must not be taken for its own.
pub(crate) async fn account(site: &Site, named: &str) -> Result<Option<Account>, Fault> {
    let own = site.account_id().await?;
    if !named.contains('@') {
        let found = match site.read(&Operation::ReadAccount { account: named.to_owned() }).await {
            Ok(Answer::Account(person)) => Some(person),
            Ok(other) => return Err(misunderstood(&other)),
            Err(fault) if fault.kind == FaultKind::Permanent => None,
            Err(fault) => return Err(fault),
        };
        return Ok(found.filter(|person| person.account_id != own).map(|person| of_person(person, false)));
    }
    let people = match site.read(&Operation::FindAccounts { query: named.to_owned() }).await? {
        Answer::Accounts(people) => people,
        other => return Err(misunderstood(&other)),
    };
    Ok(the_one(people, named, own))
}

fn the_one(people: Vec<Person>, address: &str, own: &str) -> Option<Account> {
    let is_it = |person: &Person| person.address.as_deref().is_some_and(|shown| super::same_address(shown, address));
    let mut people: Vec<Person> =
        people.into_iter().filter(|person| !person.is_program && person.account_id != own).collect();
    if let Some(at) = people.iter().position(is_it) {
        return Some(of_person(people.swap_remove(at), true));
    }
    // Whoever shows another address is another person. Whoever hides his own and has this one in his name may have been found by
    // the name, which he chose himself.
    let wanted = address.trim().to_lowercase();
    people.retain(|person| person.address.is_none() && !person.name.to_lowercase().contains(&wanted));
    match people.len() {
        1 => people.pop().map(|person| of_person(person, false)),
        _ => None,
    }
}

/// The account to which whoever writes to this address writes. Our own is one too. Where several accounts hide their addresses it may be
/// any of theirs, which is not the same as nobody's.
pub(crate) async fn owner(site: &Site, address: &str) -> Result<Told<Option<String>>, Fault> {
    let own = site.account_id().await?;
    match told(site.read(&Operation::FindAccounts { query: address.to_owned() }).await)? {
        Told::Known(Answer::Accounts(people)) => Ok(owner_among(people, address, own)),
        other => not_so(other),
    }
}

fn owner_among(people: Vec<Person>, address: &str, own: &str) -> Told<Option<String>> {
    let shows = |person: &Person, address: &str| {
        person.address.as_deref().is_some_and(|shown| super::same_address(shown, address))
    };
    if let Some(person) = people.iter().find(|person| shows(person, address)) {
        return Told::Known(Some(person.account_id.clone()));
    }
    let hides = |person: &&Person| person.address.is_none() && !person.is_program && person.account_id != own;
    match people.iter().filter(hides).count() {
        0 => Told::Known(None),
        1 => Told::Known(the_one(people, address, own).map(|account| account.id)),
        several => Told::Untold(format!("{several} accounts hide their addresses, and it may be any of theirs")),
    }
}

fn of_person(person: Person, address_shown: bool) -> Account {
    Account {
        id: person.account_id,
        name: person.name,
        active: !person.inactive,
        address_shown,
        is_customer: person.is_customer,
    }
}

/// Whether an account may do this in a project, as far as the tracker tells.
pub(crate) async fn may(site: &Site, account: &str, project: &str, act: Act) -> Result<Told<bool>, Fault> {
    let (account, project) = (account.to_owned(), project.to_owned());
    let operation = Operation::FindPermitted { account: account.clone(), project, act };
    match told(site.read(&operation).await)? {
        Told::Known(Answer::Accounts(people)) => {
            Ok(Told::Known(people.iter().any(|person| person.account_id == account)))
        }
        other => not_so(other),
    }
}

/// The first unresolved issue, else the newest resolved one.
async fn found(inquiry: &Inquiry<'_>, search: &IssueSearch) -> Result<Option<IssueFacts>, Fault> {
    let field = match inquiry.site.field(&search.field).await? {
        Ok(field) => field,
        Err(why) => {
            // A mail may name the field: it stands in the story and in no log.
            let detail = "the field that is searched is not known";
            return Err(Fault::permanent(FaultCode::TrackerRefused, detail).with_public(format!("{why}.")));
        }
    };
    let as_words = search.how == Compare::Contains || holds_words(&field);
    let wanted = IssueSearch { field: field.id.clone(), ..search.clone() };
    for resolved in [false, true] {
        let operation = Operation::FindIssues { search: wanted.clone(), as_words, resolved };
        let issues = match inquiry.site.read(&operation).await? {
            Answer::Issues(issues) => issues,
            other => return Err(misunderstood(&other)),
        };
        let is_it = |texts: &[(String, String)]| {
            search.how == Compare::Contains
                || !as_words
                || texts.iter().any(|(_, text)| same_words(text, &search.value))
        };
        if let Some(issue) = issues.into_iter().find(|issue| is_it(&issue.texts)) {
            return Ok(Some(issue_facts(issue)));
        }
    }
    Ok(None)
}

fn holds_words(field: &FieldMeta) -> bool {
    matches!(field.kind, FieldKind::Text | FieldKind::LongText | FieldKind::Url)
}

fn same_words(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: &str, address: Option<&str>) -> Person {
        Person { account_id: id.to_owned(), address: address.map(str::to_owned), ..Person::default() }
    }

    fn id_of(people: &[Person]) -> Option<(String, bool)> {
        the_one(people.to_vec(), "ann@example.org", "own").map(|account| (account.id, account.address_shown))
    }

    #[test]
    fn sec_01_an_address_leads_to_one_account_or_to_none() {
        let (ann, hidden) = (person("1", Some("Ann@Example.org")), person("2", None));
        assert_eq!(id_of(&[hidden.clone(), ann]), Some(("1".to_owned(), true)));
        assert_eq!(id_of(std::slice::from_ref(&hidden)), Some(("2".to_owned(), false)));
        assert_eq!(id_of(&[hidden.clone(), person("3", None)]), None, "it may be either");
        assert_eq!(id_of(&[person("4", Some("ann@example.org.test"))]), None, "a longer address is another one");
        assert_eq!(id_of(&[hidden, person("4", Some("ann@example.org.test"))]), Some(("2".to_owned(), false)));
        assert_eq!(id_of(&[person("own", Some("ann@example.org"))]), None, "nobody writes in our name");
        let named = Person { name: "Ann <ann@Example.org>".to_owned(), ..person("6", None) };
        assert_eq!(id_of(std::slice::from_ref(&named)), None, "anybody can call himself so");
        assert_eq!(id_of(&[named, person("2", None)]), Some(("2".to_owned(), false)));
        let program = Person { is_program: true, ..person("5", None) };
        assert_eq!(id_of(&[program]), None);
    }

    #[test]
    fn a_mistake_of_ours_is_no_answer_of_the_tracker() {
        let told = |fault| told::<()>(Err(fault));
        assert!(matches!(told(Fault::permanent(FaultCode::TrackerRefused, "no")), Ok(Told::Untold(_))));
        assert!(told(misunderstood(&Answer::Internal(true))).is_err());
        assert!(told(Fault::temporary(FaultCode::TrackerUnreachable, "away")).is_err());
        assert!(not_so::<()>(Told::Known(Answer::Internal(true))).is_err());
    }

    #[test]
    fn an_address_that_may_be_anybodys_is_not_nobodys() {
        let owner = |people: &[Person]| owner_among(people.to_vec(), "ann@example.org", "own");
        assert_eq!(owner(&[]), Told::Known(None));
        assert_eq!(owner(&[person("own", Some("Ann@example.org"))]), Told::Known(Some("own".to_owned())));
        assert_eq!(owner(&[person("2", None), person("own", None)]), Told::Known(Some("2".to_owned())));
        assert!(matches!(owner(&[person("2", None), person("3", None)]), Told::Untold(_)));
    }
}
