//! Makes somebody a customer of a service desk, with an account where the address has none.

use super::Run;
use crate::site::misunderstood;
use policy::{Fault, FaultCode, FaultKind, Receipt, ServiceDesk};
use tracker::{Answer, Operation, Person};

/// Adds somebody to the project's service desk and to organisations. Whoever is one already stays one.
pub(super) async fn add(
    run: &Run<'_>,
    project: &str,
    address: &str,
    name: Option<&str>,
    organisations: &[String],
) -> Result<Receipt, Fault> {
    let desk = run.site.service_desk(project).await?;
    let no_desk = || refused(format!("The project {project} has no service desk, so it can have no customers"));
    let desk = desk.as_ref().as_ref().ok_or_else(no_desk)?;
    let organisation_ids = organisation_ids(desk, organisations)?;
    // Never the address itself: an account whose name holds an address is nobody's by that.
    let local_part = address.split('@').next().unwrap_or(address);
    let account = account(run, address, name.unwrap_or(local_part)).await?;
    run.write(&Operation::AddToDesk { desk_id: desk.id.clone(), account: account.clone() }).await?;
    for organisation_id in organisation_ids {
        run.write(&Operation::AddToOrganisation { organisation_id, account: account.clone() }).await?;
    }
    Ok(Receipt::Account { id: account })
}

/// The ids of these organisations, which may be named by id or name.
pub(super) fn organisation_ids(desk: &ServiceDesk, named: &[String]) -> Result<Vec<String>, Fault> {
    let find = |wanted: &String| {
        let lower = wanted.trim().to_lowercase();
        let found = desk.organisations.iter().find(|(id, name)| *id == wanted.trim() || name.to_lowercase() == lower);
        found.map(|(id, _)| id.clone()).ok_or_else(|| {
            refused(format!("The service desk has no organisation called {wanted:?}, or the account may not see it"))
        })
    };
    named.iter().map(find).collect()
}

/// The account that shows the address, else a new one. Where the tracker says that the address has one already, the only person
/// whom a search by it finds and who hides it is meant.
async fn account(run: &Run<'_>, address: &str, name: &str) -> Result<String, Fault> {
    let people = match run.site.read(&Operation::FindAccounts { query: address.to_owned() }).await? {
        Answer::Accounts(people) => people,
        other => return Err(misunderstood(&other)),
    };
    let shows_it = |person: &&Person| {
        person.address.as_deref().is_some_and(|shown| shown.trim().to_lowercase() == address.trim().to_lowercase())
    };
    if let Some(person) = people.iter().find(shows_it) {
        return Ok(person.account_id.clone());
    }
    let create = Operation::CreateCustomer { address: address.to_owned(), name: name.to_owned() };
    match run.write(&create).await {
        Ok(Answer::Account(person)) => Ok(person.account_id),
        Ok(other) => Err(misunderstood(&other)),
        Err(fault) if fault.kind == FaultKind::Permanent && fault.code == FaultCode::TrackerRefused => {
            the_hidden_one(people, address).ok_or(fault)
        }
        Err(fault) => Err(fault),
    }
}

/// The only account that hides its address, once the tracker has said that there is one with this address. Whoever has the address in his
/// name was found by that, as everybody may call himself what he likes.
fn the_hidden_one(people: Vec<Person>, address: &str) -> Option<String> {
    let wanted = address.trim().to_lowercase();
    let hidden = people.into_iter().filter(|person| person.address.is_none() && !person.is_program);
    let found: Vec<Person> = hidden.filter(|person| !person.name.to_lowercase().contains(&wanted)).collect();
    match <[Person; 1]>::try_from(found) {
        Ok([person]) => Some(person.account_id),
        Err(_) => None,
    }
}

/// What is refused may be named by a mail: it stands in the story and in no log.
fn refused(what: String) -> Fault {
    let detail = "the service desk lacks what the step names";
    Fault::permanent(FaultCode::TrackerRefused, detail).with_public(format!("{what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_01_nobody_becomes_a_customer_in_anothers_name() {
        let person =
            |id: &str, name: &str| Person { account_id: id.to_owned(), name: name.to_owned(), ..Person::default() };
        let one = |people: &[Person]| the_hidden_one(people.to_vec(), "ann@example.org");
        let (ann, eve) = (person("1", "Ann"), person("2", "ann@example.org"));
        assert_eq!(one(&[ann.clone(), eve.clone()]).as_deref(), Some("1"));
        assert_eq!(one(std::slice::from_ref(&eve)), None, "everybody may call himself that");
        assert_eq!(one(&[ann.clone(), person("3", "Annie")]), None, "it may be either");
        let shown = Person { address: Some("bob@example.org".to_owned()), ..person("4", "Bob") };
        assert_eq!(one(&[shown]), None);
    }
}
