//! Who belongs to a part of an audience, as the tracker tells it.

use super::inquiry::Inquiry;
use crate::facts::told::{not_so, texts, told};
use crate::site::misunderstood;
use policy::notify::{Audience, IssueNow, PEOPLE_MAX, Whom};
use policy::{Fault, FieldKind, Told, addresses_in};
use std::collections::HashSet;
use std::sync::Arc;
use tracker::{Answer, Operation, Person};

/// The most pages that one list of people is read from; Jira's pages hold 50. The last of them shows that there are too many.
const PAGES_MAX: usize = PEOPLE_MAX / 50 + 1;

impl Inquiry<'_> {
    /// The people of one part; why they cannot be had.
    pub(super) async fn who(
        &mut self,
        issue_id: &str,
        issue: &IssueNow,
        audience: &Audience,
    ) -> Result<Told<Vec<Whom>>, Fault> {
        let project = &issue.project;
        let found = match audience {
            Audience::Watchers => self.watchers(issue_id).await?,
            Audience::RequestParticipants => self.participants(issue_id).await?,
            Audience::ProjectLead => self.named(Operation::ReadProjectLead { project: project.clone() }).await?,
            Audience::ComponentLeads if issue.components.is_empty() => Told::Known(Vec::new()),
            Audience::ComponentLeads => {
                let components = issue.components.clone();
                self.named(Operation::ReadComponentLeads { project: project.clone(), components }).await?
            }
            Audience::Role(name) => self.with_role(project, name).await?,
            Audience::Group(name) => self.members(name).await?,
            Audience::UserField(field) => self.in_user_field(issue_id, field).await?,
            Audience::GroupField(field) => self.in_group_field(issue_id, field).await?,
            Audience::AddressField(field) => return self.in_address_field(issue_id, field).await,
            Audience::MailPeople => return self.mail_people(issue_id).await,
            Audience::Organisations => self.people_of_organisations(issue_id).await?,
            Audience::Approvers => self.approvers(issue_id).await?,
        };
        Ok(match found {
            // One more than are looked at says that there are more.
            Told::Known(accounts) => {
                Told::Known(accounts.into_iter().take(PEOPLE_MAX + 1).map(Whom::Account).collect())
            }
            Told::Untold(why) => Told::Untold(why),
        })
    }

    async fn watchers(&mut self, issue_id: &str) -> Result<Told<Vec<String>>, Fault> {
        match told(self.site.read(&Operation::ReadWatchers { issue_id: issue_id.to_owned() }).await)? {
            Told::Known(Answer::People { people, all: true }) => Ok(Told::Known(ids(&people))),
            Told::Known(Answer::People { .. }) => {
                Ok(untold("the tracker does not show all of them to the gateway's account"))
            }
            other => not_so(other),
        }
    }

    /// Those who take part in a request of service management.
    pub(super) async fn participants(&mut self, issue_id: &str) -> Result<Told<Vec<String>>, Fault> {
        let page = |start_at| Operation::ReadParticipants { issue_id: issue_id.to_owned(), start_at };
        self.pages(page).await
    }

    /// Those who have still to decide about what is to be approved of a request.
    async fn approvers(&mut self, issue_id: &str) -> Result<Told<Vec<String>>, Fault> {
        let (mut all, mut start_at, mut read) = (Vec::new(), 0, 0);
        loop {
            let answer = match self.once(Operation::ReadApprovals { issue_id: issue_id.to_owned(), start_at }).await? {
                Told::Known(answer) => answer,
                Told::Untold(why) => return Ok(Told::Untold(why)),
            };
            let Answer::Approvers { approvers, approvals, all: is_last } = &*answer else {
                return Err(misunderstood(&answer));
            };
            all.extend(ids(approvers));
            all = each_once(all);
            start_at += approvals;
            read += 1;
            match goes_on(all.len(), read, *is_last) {
                Told::Known(true) => {}
                Told::Known(false) => return Ok(Told::Known(all)),
                Told::Untold(why) => return Ok(Told::Untold(why)),
            }
        }
    }

    /// Everybody of the organisations with which a request is shared.
    pub(super) async fn people_of_organisations(&mut self, issue_id: &str) -> Result<Told<Vec<String>>, Fault> {
        let fields = match told(self.site.fields_of_kind(&FieldKind::Organisations).await)? {
            Told::Known(fields) => fields,
            Told::Untold(why) => return Ok(Told::Untold(why)),
        };
        let mut all = Vec::new();
        for field in fields {
            let operation = Operation::ReadFieldOrganisations { issue_id: issue_id.to_owned(), field: field.id };
            let answer = match self.once(operation).await? {
                Told::Known(answer) => answer,
                Told::Untold(why) => return Ok(Told::Untold(why)),
            };
            let Answer::Page { items, .. } = &*answer else { return Err(misunderstood(&answer)) };
            for one in items {
                let page = |start_at| Operation::ReadOrganisationPeople { organisation_id: one.id.clone(), start_at };
                match self.pages(page).await? {
                    Told::Known(people) => all.extend(people),
                    Told::Untold(why) => return Ok(Told::Untold(why)),
                }
                all = each_once(all);
                if all.len() > PEOPLE_MAX {
                    return Ok(Told::Known(all));
                }
            }
        }
        Ok(Told::Known(all))
    }

    async fn members(&mut self, group: &str) -> Result<Told<Vec<String>>, Fault> {
        if group.is_empty() {
            return Ok(untold("the group has no name"));
        }
        self.pages(|start_at| Operation::ReadMembers { group: group.to_owned(), start_at }).await
    }

    /// Everybody on the pages of a list, as far as people of one part are looked at: more of them say that there are more. A list that
    /// is longer than what is read of it looks like a whole one, so it is none.
    async fn pages(&mut self, page: impl Fn(u64) -> Operation) -> Result<Told<Vec<String>>, Fault> {
        let (mut all, mut read) = (Vec::new(), 0);
        loop {
            let answer = match self.once(page(all.len() as u64)).await? {
                Told::Known(answer) => answer,
                Told::Untold(why) => return Ok(Told::Untold(why)),
            };
            let Answer::People { people, all: is_last } = &*answer else { return Err(misunderstood(&answer)) };
            all.extend(ids(people));
            read += 1;
            match goes_on(all.len(), read, *is_last) {
                Told::Known(true) => {}
                Told::Known(false) => return Ok(Told::Known(all)),
                Told::Untold(why) => return Ok(Told::Untold(why)),
            }
        }
    }

    async fn named(&mut self, operation: Operation) -> Result<Told<Vec<String>>, Fault> {
        let answer = match self.once(operation).await? {
            Told::Known(answer) => answer,
            Told::Untold(why) => return Ok(Told::Untold(why)),
        };
        let Answer::Accounts(people) = &*answer else { return Err(misunderstood(&answer)) };
        Ok(Told::Known(ids(people)))
    }

    /// Accounts and groups that have a role of the project, by its name: [`Answer::Actors`].
    async fn actors(&mut self, project: &str, role: &str) -> Result<Told<Arc<Answer>>, Fault> {
        let answer = match self.once(Operation::ReadRoles { project: project.to_owned() }).await? {
            Told::Known(answer) => answer,
            Told::Untold(why) => return Ok(Told::Untold(why)),
        };
        let Answer::Page { items, .. } = &*answer else { return Err(misunderstood(&answer)) };
        let Some(known) = items.iter().find(|known| known.name == role) else {
            return Ok(untold(&format!("{project} has no role {role:?}")));
        };
        self.once(Operation::ReadRoleActors { project: project.to_owned(), role_id: known.id.clone() }).await
    }

    /// Everybody who has a role, himself or through a group. A group that is not told leaves out all: half of a role looks like a whole one.
    async fn with_role(&mut self, project: &str, role: &str) -> Result<Told<Vec<String>>, Fault> {
        let answer = match self.actors(project, role).await? {
            Told::Known(answer) => answer,
            Told::Untold(why) => return Ok(Told::Untold(why)),
        };
        let Answer::Actors { accounts, groups } = &*answer else { return Err(misunderstood(&answer)) };
        self.with_members(accounts.clone(), groups).await
    }

    /// These accounts and those in these groups, each once.
    async fn with_members(&mut self, mut accounts: Vec<String>, groups: &[String]) -> Result<Told<Vec<String>>, Fault> {
        for group in groups {
            match self.members(group).await? {
                Told::Known(members) => accounts.extend(members),
                Told::Untold(why) => return Ok(Told::Untold(format!("the group {group:?}: {why}"))),
            }
            accounts = each_once(accounts);
            if accounts.len() > PEOPLE_MAX {
                break;
            }
        }
        Ok(Told::Known(accounts))
    }

    /// Whether the account has the role, himself or through one of his groups.
    pub(super) async fn has_role(&mut self, project: &str, role: &str, account: &str) -> Result<Told<bool>, Fault> {
        let answer = match self.actors(project, role).await? {
            Told::Known(answer) => answer,
            Told::Untold(why) => return Ok(Told::Untold(why)),
        };
        let Answer::Actors { accounts, groups } = &*answer else { return Err(misunderstood(&answer)) };
        if accounts.iter().any(|id| id == account) || groups.is_empty() {
            return Ok(Told::Known(accounts.iter().any(|id| id == account)));
        }
        Ok(match self.groups_of(account).await? {
            Told::Known(own) => Told::Known(own.iter().any(|group| groups.contains(group))),
            Told::Untold(why) => Told::Untold(why),
        })
    }

    pub(super) async fn groups_of(&mut self, account: &str) -> Result<Told<Vec<String>>, Fault> {
        let answer = match self.once(Operation::ReadGroups { account: account.to_owned() }).await? {
            Told::Known(answer) => answer,
            Told::Untold(why) => return Ok(Told::Untold(why)),
        };
        let Answer::Names(names) = &*answer else { return Err(misunderstood(&answer)) };
        Ok(Told::Known(names.clone()))
    }

    async fn in_user_field(&mut self, issue_id: &str, named: &str) -> Result<Told<Vec<String>>, Fault> {
        match self.field_id(named).await? {
            Told::Known(field) => self.named(Operation::ReadFieldPeople { issue_id: issue_id.to_owned(), field }).await,
            Told::Untold(why) => Ok(Told::Untold(why)),
        }
    }

    async fn in_group_field(&mut self, issue_id: &str, named: &str) -> Result<Told<Vec<String>>, Fault> {
        match self.field_text(issue_id, named).await? {
            Told::Known(text) => {
                let groups: Vec<String> = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
                self.with_members(Vec::new(), &groups).await
            }
            Told::Untold(why) => Ok(Told::Untold(why)),
        }
    }

    async fn in_address_field(&mut self, issue_id: &str, named: &str) -> Result<Told<Vec<Whom>>, Fault> {
        Ok(match self.field_text(issue_id, named).await? {
            Told::Known(text) => Told::Known(addresses(&text)),
            Told::Untold(why) => Told::Untold(why),
        })
    }

    /// Whoever takes part by mail is kept here as a keyed hash, which nobody can write to: only addresses that stand in the fields of the
    /// site's profiles are known.
    async fn mail_people(&mut self, issue_id: &str) -> Result<Told<Vec<Whom>>, Fault> {
        let mailboxes = self.shared.mailboxes();
        let of_site = mailboxes.values().filter(|mailbox| mailbox.site == self.site.name);
        let mut fields: Vec<String> = of_site.flat_map(|mailbox| mailbox.profile.people_fields()).collect();
        fields.sort_unstable();
        fields.dedup();
        if fields.is_empty() {
            return Ok(untold("no profile keeps their addresses in a field, and here they are kept as keyed hashes"));
        }
        let mut people = Vec::new();
        for field in fields {
            match self.in_address_field(issue_id, &field).await? {
                Told::Known(some) => people.extend(some),
                Told::Untold(why) => return Ok(Told::Untold(why)),
            }
        }
        let mut seen = HashSet::new();
        people.retain(|one| seen.insert(one.clone()));
        people.truncate(PEOPLE_MAX + 1);
        Ok(Told::Known(people))
    }

    async fn field_id(&self, named: &str) -> Result<Told<String>, Fault> {
        Ok(match told(self.site.field(named).await)? {
            Told::Known(Ok(field)) => Told::Known(field.id),
            Told::Known(Err(why)) | Told::Untold(why) => Told::Untold(why),
        })
    }

    async fn field_text(&mut self, issue_id: &str, named: &str) -> Result<Told<String>, Fault> {
        let field = match self.field_id(named).await? {
            Told::Known(field) => field,
            Told::Untold(why) => return Ok(Told::Untold(why)),
        };
        Ok(match texts(self.site, issue_id, &[field]).await? {
            Told::Known(texts) => Told::Known(texts.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("\n")),
            Told::Untold(why) => Told::Untold(why),
        })
    }
}

fn untold<T>(why: &str) -> Told<T> {
    Told::Untold(why.to_owned())
}

fn each_once(mut accounts: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    accounts.retain(|account| seen.insert(account.clone()));
    accounts
}

fn ids(people: &[Person]) -> Vec<String> {
    people.iter().map(|person| person.account_id.clone()).collect()
}

/// Whether more of a list is read after so many people on so many pages.
fn goes_on(people: usize, pages: usize, is_last: bool) -> Told<bool> {
    match is_last || people > PEOPLE_MAX {
        true => Told::Known(false),
        false if pages < PAGES_MAX => Told::Known(true),
        false => Told::Untold(format!("the tracker tells it in more than {PAGES_MAX} pages")),
    }
}

fn addresses(text: &str) -> Vec<Whom> {
    addresses_in(text).take(PEOPLE_MAX + 1).map(|address| Whom::Address(address.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_a_field_stand_between_anything() {
        let text = "ann@example.org, bob@example.org\nCarl <carl@example.org>; nobody, [Dora|mailto:dora@example.org] \
            (emil@example.org) \"fred@example.org\" a@b@c @";
        let found: Vec<String> = addresses(text).iter().map(Whom::to_string).collect();
        assert_eq!(found, ["ann", "bob", "carl", "dora", "emil", "fred"].map(|name| format!("{name}@example.org")));
    }

    #[test]
    fn a_list_is_told_whole_or_shows_that_it_is_not() {
        let read = |pages: usize, each: usize, whole: usize| {
            let ends = (1..=pages).map(|page| goes_on(page * each, page, page * each >= whole));
            ends.take_while(|end| *end == Told::Known(true)).count() + 1
        };
        assert_eq!(read(PAGES_MAX, 50, PEOPLE_MAX), PEOPLE_MAX / 50);
        assert_eq!(read(PAGES_MAX, 50, PEOPLE_MAX + 1), PAGES_MAX);
        assert_eq!(goes_on(PEOPLE_MAX, PEOPLE_MAX / 50, false), Told::Known(true), "one more page shows it");
        assert_eq!(goes_on(PEOPLE_MAX + 50, PAGES_MAX, false), Told::Known(false));
        assert!(matches!(goes_on(PAGES_MAX * 10, PAGES_MAX, false), Told::Untold(_)), "smaller pages end nothing");
        assert_eq!(goes_on(PAGES_MAX * 10, PAGES_MAX, true), Told::Known(false));
    }
}
