//! Who can be reached by encrypted mail, on its page: in numbers and one by one, each look noted.

use crate::front::Troubled;
use crate::hands::Busy;
use crate::house::*;
use axum::Router;
use console::Console;
use console::hands::{CoverageNow, KeyLine, PersonLine, Reached};
use policy::sealing::{Reach, Scheme};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Look;

/// What a hand has counted: 60 people of the site, two of a project; nobody can say of the other site.
pub fn counted(site: &str, project: Option<&str>) -> Result<CoverageNow, String> {
    if site == "south" {
        return Err("letters of site south are not sealed <i>".to_owned());
    }
    let whole =
        Reached { people: 60, percent: Some(98), reachable: 59, expiring: 1, without_key: 1, ..Reached::default() };
    let of_north = Reached { people: 2, percent: Some(0), revoked: 1, unusable: 1, ..Reached::default() };
    let key = |scheme, ends_s, why_not: Option<&str>| KeyLine {
        scheme,
        fingerprint: "00ff".repeat(16),
        ends_s,
        why_not: why_not.map(str::to_owned),
    };
    let person = |address: String, standing, keys| PersonLine { address, standing, keys };
    let people = match project {
        Some("NORTH") => vec![
            person("gone@people.example".into(), Reach::Revoked, vec![key(Scheme::Pgp, None, Some("it is revoked"))]),
            person(
                format!("{}@people.example", "unbroken".repeat(7)),
                Reach::Unusable,
                vec![key(Scheme::Smime, Some(1_900_000_000), Some("nobody vouches <i>")); 9],
            ),
        ],
        Some(_) => Vec::new(),
        None => (0..60)
            .map(|number| match number {
                0 => person("a@people.example".into(), Reach::WithoutKey, Vec::new()),
                _ => person(
                    format!("b{number:02}@people.example"),
                    if number == 1 { Reach::Expiring } else { Reach::Reachable },
                    vec![key(Scheme::Smime, Some(1_900_000_000), None)],
                ),
            })
            .collect(),
    };
    let projects = vec![("NORTH".to_owned(), of_north), (format!("LONG{}", "LONG".repeat(20)), of_north)];
    Ok(CoverageNow { site: whole, projects, further_projects: 3, people, is_cut: true })
}

fn router(house: &House) -> Router {
    let console = Console::new(house.store.clone(), Arc::new(crate::reading::Direct), BTreeMap::new(), ORIGIN);
    console.watching(Arc::new(Troubled)).acting_by(Arc::new(Busy)).router()
}

#[tokio::test]
async fn priv_20_who_can_be_reached_is_told_and_the_look_is_noted() {
    let house = House::open().await;
    let session = house.session().await;
    let page = async |path: &str| send(router(&house), with(get(path), "cookie", &session)).await.text;
    let says = |page: &str, texts: &[&str]| {
        for text in texts {
            assert!(page.contains(text), "{text}: {page}");
        }
    };
    let all = page("/keys/coverage").await;
    says(&all, &["98 %", "59 of 60 can be reached", "ends soon 1", "NORTH", "0 of 2 can be reached", "1 to 50 of 60"]);
    says(&all, &["Of 3 further projects", "There are more letters or people", "a@people.example", "No key is known."]);
    assert!(!all.contains("b50@people.example"), "it is bounded");
    let (_, next) = all.split_once("rel=\"next\" href=\"").unwrap();
    let second = page(&next.split('"').next().unwrap().replace("&#38;", "&")).await;
    says(&second, &["51 to 60 of 60", "b59@people.example", "rel=\"prev\""]);
    let north = page("/keys/coverage?site=north&project=north").await;
    says(
        &north,
        &["Who has letters about NORTH", "gone@people.example", "may not be used: it is revoked", "without an end"],
    );
    says(&north, &["ends <time datetime=\"2030-03-17", "nobody vouches &#60;i&#62;", "Of 1 further keys"]);
    let unusable = page("/keys/coverage?project=NORTH&standing=unusable&from=99").await;
    assert!(unusable.contains("1 to 1 of 1") && !unusable.contains("gone@people"), "{unusable}");
    says(&page("/keys/coverage?project=NONE").await, &["Nobody fits."]);
    assert!(page("/keys").await.contains("href=\"/keys/coverage?site=north\""));
    let looks = house.store.looks("person_keys").await.unwrap();
    let of_coverage = looks.iter().filter(|look| look.place.as_deref() == Some("coverage"));
    assert_eq!((of_coverage.count(), looks.len()), (5, 6));
    assert!(looks.iter().all(|look| look.look == Look::Keys && !look.who.is_empty()));
}

#[tokio::test]
async fn where_nobody_can_say_who_is_reached_the_page_says_why() {
    let house = House::open().await;
    let session = house.session().await;
    let page = send(router(&house), with(get("/keys/coverage?site=south"), "cookie", &session)).await;
    assert!(page.text.contains("letters of site south are not sealed &#60;i&#62;"), "{}", page.text);
    assert!(!page.text.contains("can be reached</span>"), "no number is told: {}", page.text);
}
