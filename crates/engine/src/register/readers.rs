//! Everybody whom a site is known to write to.

use policy::Fault;
use std::collections::{BTreeMap, BTreeSet};
use store::{LETTERS_PAGE_MAX, LetterFilter, PersonKeyFilter, Store};

/// Addresses of one site that are looked at.
const PEOPLE_MAX: usize = 20_000;
/// Letters that are looked at for all projects of a site at once, the newest.
const LETTERS_MAX: usize = 50_000;

/// Everybody whom a site writes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Readers {
    /// Addresses, normalised, in order, each once. At most 20,000.
    pub all: Vec<String>,
    /// By the key of a project in capitals: those of letters about its issues, as their places in `all`, in order.
    pub projects: BTreeMap<String, Vec<u32>>,
    /// There are more letters or people than were looked at.
    pub is_cut: bool,
}

/// Whoever has a letter of a site that is still kept, and whoever has a key in the register; normalised, each once. With a project those of
/// letters about its issues alone. At most 20,000.
///
/// # Errors
/// Those of the store.
pub async fn readers(store: &Store, site: &str, project: Option<&str>) -> Result<Vec<String>, Fault> {
    let mut all = BTreeSet::new();
    each_letter(store, site, |of, address| {
        if project.is_none_or(|key| of.is_some_and(|of| of.eq_ignore_ascii_case(key))) {
            all.insert(address);
        }
        all.len() < PEOPLE_MAX
    })
    .await?;
    if project.is_none() {
        add_those_with_a_key(store, site, &mut all).await?;
    }
    Ok(all.into_iter().take(PEOPLE_MAX).collect())
}

/// The same for the site as a whole and for each of its projects, from one look at its letters.
///
/// # Errors
/// Those of the store.
pub async fn readers_by_project(store: &Store, site: &str) -> Result<Readers, Fault> {
    let mut all = BTreeSet::new();
    let mut projects: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let (mut looked_at, mut is_cut) = (0, false);
    each_letter(store, site, |of, address| {
        if let Some(of) = of {
            projects.entry(of.to_ascii_uppercase()).or_default().insert(address.clone());
        }
        all.insert(address);
        looked_at += 1;
        is_cut = all.len() >= PEOPLE_MAX || looked_at >= LETTERS_MAX;
        !is_cut
    })
    .await?;
    add_those_with_a_key(store, site, &mut all).await?;
    is_cut |= all.len() > PEOPLE_MAX;
    let all: Vec<String> = all.into_iter().take(PEOPLE_MAX).collect();
    let place = |address: &String| u32::try_from(all.binary_search(address).ok()?).ok();
    let projects = projects.into_iter().map(|(key, people)| (key, people.iter().filter_map(place).collect())).collect();
    Ok(Readers { all, projects, is_cut })
}

/// Has each letter looked at, the newest first, with the key of its project and its reader, until `look` says no.
async fn each_letter(
    store: &Store,
    site: &str,
    mut look: impl FnMut(Option<&str>, String) -> bool,
) -> Result<(), Fault> {
    let mut letters = LetterFilter { site: Some(site.to_owned()), limit: LETTERS_PAGE_MAX, ..LetterFilter::default() };
    loop {
        let page = store.letters_that_fit(&letters).await?;
        let about = page.lines.iter().filter_map(|line| line.about.as_ref());
        for about in about.filter(|about| about.message.is_none()) {
            let project = about.issue_key.rsplit_once('-').map(|(project, _)| project);
            if !look(project, mail::normalised(&about.to)) {
                return Ok(());
            }
        }
        match page.next {
            Some(next) => letters.before = Some(next),
            None => return Ok(()),
        }
    }
}

async fn add_those_with_a_key(store: &Store, site: &str, all: &mut BTreeSet<String>) -> Result<(), Fault> {
    let mut keys = PersonKeyFilter { site: site.to_owned(), ..PersonKeyFilter::default() };
    while all.len() < PEOPLE_MAX {
        let page = store.person_keys(&keys).await?;
        let Some(last) = page.last() else { break };
        keys.after = Some((last.changed_at, last.id.clone()));
        all.extend(page.iter().map(|kept| mail::normalised(&kept.key.address)));
    }
    Ok(())
}
