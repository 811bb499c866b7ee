//! Who and which projects there are, kept in memory because every answer names them.

use crate::refusal::{Refusal, bad_request};
use crate::writer::Writer;
use sqlx::{Row, SqlitePool};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};

/// Somebody whom issues can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    /// 24 hexadecimal digits, as older accounts of Jira Cloud have.
    pub(crate) account_id: String,
    pub(crate) address: String,
    pub(crate) name: String,
    /// Known to service management alone.
    pub(crate) is_customer: bool,
}

/// Where issues live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Project {
    pub(crate) id: i64,
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) lead: String,
}

/// Projects are numbered from here, as Jira does.
const FIRST_PROJECT_ID: i64 = 10_000;

#[derive(Default)]
struct Entries {
    persons: HashMap<String, Arc<Person>>,
    /// Account ids by lower-case address.
    addresses: HashMap<String, String>,
    projects: Vec<Arc<Project>>,
    /// Groups and who is in them.
    groups: BTreeMap<String, BTreeSet<String>>,
    /// Project keys and the permissions that the account lacks there.
    denied: HashSet<(String, String)>,
    /// Project keys and the kinds of people who may see some of its issues.
    shown_to: BTreeSet<(String, String)>,
}

/// What a project lacks that has no service desk, beside permissions.
pub(crate) const SERVICE_DESK: &str = "service desk";

/// All persons and projects.
pub(crate) struct Directory {
    entries: RwLock<Entries>,
}

impl Directory {
    pub(crate) async fn load(readers: &SqlitePool) -> Result<Directory, sqlx::Error> {
        let directory = Directory { entries: RwLock::default() };
        for row in sqlx::query("SELECT account_id, address, name, kind FROM person").fetch_all(readers).await? {
            directory.remember_person(Person {
                account_id: row.try_get(0)?,
                address: row.try_get(1)?,
                name: row.try_get(2)?,
                is_customer: row.try_get::<String, _>(3)? == "customer",
            });
        }
        for row in sqlx::query("SELECT name, account_id FROM group_member").fetch_all(readers).await? {
            let (name, account_id) = (row.try_get(0)?, row.try_get(1)?);
            directory.write(|entries| entries.groups.entry(name).or_default().extend([account_id]));
        }
        for row in sqlx::query("SELECT id, key, name, lead FROM project ORDER BY id").fetch_all(readers).await? {
            let project =
                Project { id: row.try_get(0)?, key: row.try_get(1)?, name: row.try_get(2)?, lead: row.try_get(3)? };
            directory.write(|entries| entries.projects.push(Arc::new(project)));
        }
        Ok(directory)
    }

    fn read<T>(&self, look: impl FnOnce(&Entries) -> T) -> T {
        // Writers only push whole entries, so a panic elsewhere leaves nothing half done.
        look(&self.entries.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn write(&self, change: impl FnOnce(&mut Entries)) {
        change(&mut self.entries.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn remember_person(&self, person: Person) {
        self.write(|entries| {
            entries.addresses.insert(person.address.to_lowercase(), person.account_id.clone());
            entries.persons.insert(person.account_id.clone(), Arc::new(person));
        });
    }

    pub(crate) fn person(&self, account_id: &str) -> Option<Arc<Person>> {
        self.read(|entries| entries.persons.get(account_id).cloned())
    }

    pub(crate) fn by_address(&self, address: &str) -> Option<Arc<Person>> {
        self.read(|entries| entries.persons.get(entries.addresses.get(&address.to_lowercase())?).cloned())
    }

    /// Persons whose name or address holds the words, ordered by name.
    pub(crate) fn find_persons(&self, words: &str) -> Vec<Arc<Person>> {
        let words = words.to_lowercase();
        let fits = |person: &Person| {
            person.name.to_lowercase().contains(&words) || person.address.to_lowercase().contains(&words)
        };
        let mut found: Vec<_> =
            self.read(|entries| entries.persons.values().filter(|person| fits(person)).cloned().collect());
        found.sort_by(|a, b| (&a.name, &a.account_id).cmp(&(&b.name, &b.account_id)));
        found
    }

    pub(crate) fn projects(&self) -> Vec<Arc<Project>> {
        self.read(|entries| entries.projects.clone())
    }

    /// By numeric id or key, the key without regard to case.
    pub(crate) fn project(&self, id_or_key: &str) -> Option<Arc<Project>> {
        let fits = |project: &Project| crate::catalogue::means(id_or_key, project.id, &project.key);
        self.read(|entries| entries.projects.iter().find(|project| fits(project)).cloned())
    }

    pub(crate) fn project_by_id(&self, id: i64) -> Option<Arc<Project>> {
        self.read(|entries| entries.projects.iter().find(|project| project.id == id).cloned())
    }

    /// Whether anybody is in this group.
    pub(crate) fn has_group(&self, name: &str) -> bool {
        self.read(|entries| entries.groups.contains_key(name))
    }

    /// The groups that somebody is in, by name.
    pub(crate) fn groups_of(&self, account_id: &str) -> Vec<String> {
        let is_in = |members: &BTreeSet<String>| members.contains(account_id);
        self.read(|entries| entries.groups.iter().filter(|(_, it)| is_in(it)).map(|(name, _)| name.clone()).collect())
    }

    /// Who is in a group, by account id; `None` where nobody ever was.
    pub(crate) fn members_of(&self, name: &str) -> Option<Vec<String>> {
        self.read(|entries| entries.groups.get(name).map(|members| members.iter().cloned().collect()))
    }

    /// Takes a permission away in a project, until the desk is opened again.
    pub(crate) fn deny(&self, project_key: &str, permission: &str) {
        self.write(|entries| entries.denied.extend([(project_key.to_owned(), permission.to_owned())]));
    }

    pub(crate) fn allow(&self, project_key: &str, permission: &str) {
        self.write(|entries| {
            entries.denied.remove(&(project_key.to_owned(), permission.to_owned()));
        });
    }

    pub(crate) fn is_denied(&self, project_key: &str, permission: &str) -> bool {
        self.read(|entries| entries.denied.contains(&(project_key.to_owned(), permission.to_owned())))
    }

    /// Shows some issues of a project to people of a kind, until the desk is opened again.
    pub(crate) fn show_to(&self, project_key: &str, holder: &str) {
        self.write(|entries| entries.shown_to.extend([(project_key.to_owned(), holder.to_owned())]));
    }

    pub(crate) fn shown_to(&self, project_key: &str) -> Vec<String> {
        let of = |(key, holder): &(String, String)| (key == project_key).then(|| holder.clone());
        self.read(|entries| entries.shown_to.iter().filter_map(of).collect())
    }

    /// Puts somebody into a group.
    pub(crate) async fn add_to_group(&self, writer: &Writer, account_id: &str, group: &str) -> Result<(), Refusal> {
        let (id, name) = (account_id.to_owned(), group.to_owned());
        writer
            .write(move |connection| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO group_member (name, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING")
                        .bind(name)
                        .bind(id)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await?;
        let id = account_id.to_owned();
        self.write(|entries| entries.groups.entry(group.to_owned()).or_default().extend([id]));
        Ok(())
    }

    /// Gives the account id of the person with this address, who is made when missing.
    pub(crate) async fn add_person(&self, writer: &Writer, address: &str, name: &str) -> Result<String, Refusal> {
        match self.by_address(address) {
            Some(person) => Ok(person.account_id.clone()),
            None => self.insert_person(writer, address, name, false).await,
        }
    }

    /// Makes a customer's account; `None` when the address has an account already.
    pub(crate) async fn add_customer(
        &self,
        writer: &Writer,
        address: &str,
        name: &str,
    ) -> Result<Option<String>, Refusal> {
        match self.by_address(address) {
            Some(_) => Ok(None),
            None => self.insert_person(writer, address, name, true).await.map(Some),
        }
    }

    async fn insert_person(
        &self,
        writer: &Writer,
        address: &str,
        name: &str,
        is_customer: bool,
    ) -> Result<String, Refusal> {
        let account_id = uuid::Uuid::now_v7().simple().to_string()[8..].to_owned();
        let person =
            Person { account_id: account_id.clone(), address: address.to_owned(), name: name.to_owned(), is_customer };
        let row = person.clone();
        writer
            .write(move |connection| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO person (account_id, address, name, kind) VALUES (?, ?, ?, ?)")
                        .bind(row.account_id)
                        .bind(row.address)
                        .bind(row.name)
                        .bind(if is_customer { "customer" } else { "atlassian" })
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await?;
        self.remember_person(person);
        Ok(account_id)
    }

    /// Makes a project unless its key is taken.
    pub(crate) async fn add_project(&self, writer: &Writer, key: &str, name: &str, lead: &str) -> Result<(), Refusal> {
        let mut letters = key.bytes();
        let starts_well = letters.next().is_some_and(|first| first.is_ascii_uppercase());
        if !starts_well
            || !(2..=10).contains(&key.len())
            || !letters.all(|l| l.is_ascii_uppercase() || l.is_ascii_digit())
        {
            return Err(bad_request(
                "Project keys must start with an uppercase letter, followed by up to 9 letters or digits.",
            ));
        }
        if self.project(key).is_some() {
            return Ok(());
        }
        let id = FIRST_PROJECT_ID + self.read(|entries| entries.projects.len() as i64);
        let project = Project { id, key: key.to_owned(), name: name.to_owned(), lead: lead.to_owned() };
        let row = project.clone();
        writer
            .write(move |connection| {
                Box::pin(async move {
                    sqlx::query("INSERT INTO project (id, key, name, lead) VALUES (?, ?, ?, ?)")
                        .bind(row.id)
                        .bind(row.key)
                        .bind(row.name)
                        .bind(row.lead)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await?;
        self.write(|entries| entries.projects.push(Arc::new(project)));
        Ok(())
    }
}
