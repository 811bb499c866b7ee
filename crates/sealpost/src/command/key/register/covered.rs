//! Who of those to whom a site writes can be reached by encrypted mail: for `sealpost key coverage`, and for the page of the console.

use super::super::super::{Failure, print_object, site_named, with_store};
use super::{OfSite, sealer, sealer_in};
use crate::settings::Settings;
use console::hands::{CoverageNow, KeyLine, PersonLine, Reached};
use engine::cell::Cells;
use engine::register::{Readers, readers, readers_by_project};
use engine::sealing::Covering;
use policy::sealing::{Coverage, KeyReach, Reach};
use serde_json::json;
use store::Store;

/// Projects that are told one by one.
const PROJECTS_MAX: usize = 200;

fn not_sealed(site: &str) -> String {
    format!("letters of site {site} are not sealed; set seal, rules and keys on the site")
}

/// How many of those to whom a site writes can be reached by encrypted mail; with `addresses` also who the others are.
pub async fn coverage(of: &OfSite, project: Option<&str>, addresses: bool) -> Result<(), Failure> {
    with_store(&of.config, async |settings, store| {
        let site = site_named(settings, &of.site)?;
        let sealing = site.sealing.as_ref().ok_or_else(|| Failure::new(not_sealed(&of.site)))?;
        let sealer = sealer(settings, sealing, store).await?;
        let people = readers(store, &of.site, project).await?;
        if let Some(project) = project.filter(|_| people.is_empty()) {
            let site = &of.site;
            eprintln!("sealpost: nobody of project {project} is known: no letter of {site} is about it; check its key");
        }
        let coverage = sealer.coverage(&of.site, project.unwrap_or_default(), &people).await?;
        let mut told = json!({
            "site": of.site, "project": project, "people": people.len(), "percent": coverage.percent(),
            "reachable": coverage.reachable.len(), "expiring": coverage.expiring.len(), "revoked": coverage.revoked.len(),
            "weak": coverage.weak.len(), "unusable": coverage.unusable.len(), "without_key": coverage.without_key.len(),
        });
        if addresses {
            let named = |numbers: &[u32]| -> Vec<&String> {
                numbers.iter().filter_map(|number| people.get(usize::try_from(*number).ok()?)).collect()
            };
            told["addresses"] = json!({
                "expiring": named(&coverage.expiring), "revoked": named(&coverage.revoked), "weak": named(&coverage.weak),
                "unusable": named(&coverage.unusable), "without_key": named(&coverage.without_key),
            });
        }
        print_object(&told)
    })
    .await
}

/// The same for the site as a whole and each of its projects, with who they are in one of them (or in all where none is asked for).
///
/// # Errors
/// When letters of the site are not sealed, it is no site, or somebody's keys cannot be read.
pub async fn coverage_now(
    (settings, store, cells): (&Settings, &Store, &Cells),
    site: &str,
    project: Option<&str>,
) -> Result<CoverageNow, Failure> {
    let of = site_named(settings, site)?;
    let sealing = of.sealing.as_ref().ok_or_else(|| Failure::new(not_sealed(site)))?;
    let sealer = sealer_in(cells, sealing, (settings, store)).await?;
    let Readers { all, projects, is_cut } = readers_by_project(store, site).await?;
    let covering = sealer.covering(site, &all).await?;
    let everybody = 0..u32::try_from(all.len()).unwrap_or(u32::MAX);
    let people = match project {
        Some(key) => {
            let of_project = projects.get(&key.to_ascii_uppercase()).cloned().unwrap_or_default();
            people(&covering, key, of_project)
        }
        None => people(&covering, "", everybody.clone()),
    };
    let of_project =
        |(key, people): (&String, &Vec<u32>)| (key.clone(), reached(&covering.coverage(key, people.iter().copied())));
    Ok(CoverageNow {
        site: reached(&covering.coverage("", everybody)),
        projects: projects.iter().take(PROJECTS_MAX).map(of_project).collect(),
        further_projects: projects.len().saturating_sub(PROJECTS_MAX),
        people,
        is_cut,
    })
}

fn people(covering: &Covering, project: &str, of: impl IntoIterator<Item = u32>) -> Vec<PersonLine> {
    let line = |(address, reach, keys): (&str, Reach, Vec<KeyReach<'_>>)| PersonLine {
        address: address.to_owned(),
        standing: reach,
        keys: keys.into_iter().map(key).collect(),
    };
    covering.each(project, of).into_iter().map(line).collect()
}

fn key(of: KeyReach<'_>) -> KeyLine {
    KeyLine {
        scheme: of.scheme,
        fingerprint: of.key.fingerprint.clone(),
        ends_s: of.key.not_after_s,
        why_not: of.why_not,
    }
}

fn reached(coverage: &Coverage) -> Reached {
    Reached {
        people: coverage.people(),
        percent: coverage.percent(),
        reachable: coverage.reachable.len(),
        expiring: coverage.expiring.len(),
        revoked: coverage.revoked.len(),
        weak: coverage.weak.len(),
        unusable: coverage.unusable.len(),
        without_key: coverage.without_key.len(),
    }
}
