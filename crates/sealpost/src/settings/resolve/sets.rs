//! Directive sets across files: what mappings offer stands in one profile, has somewhere to lead to, and no set stands in no letter at all.

use super::super::written::{Section, Written};
use super::super::{Problem, Settings, Site};
use super::Reader;
use policy::profile::{profile_of_set, set_named};
use policy::{Mappings, Profile};
use std::collections::BTreeSet;

impl Reader {
    pub(super) fn check_sets(&mut self, settings: &Settings, written: &Written) {
        // What is wrong with a profile by itself is told elsewhere.
        let files = settings.profiles.iter().filter(|profile| profile.is_whole);
        let read = files.filter_map(|file| Profile::from_toml(&file.name, &file.text, "").ok());
        let profiles: Vec<Profile> = read.collect();
        let mut offered = BTreeSet::new();
        for (site, section) in settings.sites.iter().zip(written.all("site[]")) {
            let Some(mappings) = site.mappings.as_ref().and_then(|text| Mappings::from_toml(text, "").ok()) else {
                continue;
            };
            let sets = mappings.sets();
            if !sets.is_empty() {
                self.check_ground_of_sets(settings, site, section);
            }
            for name in sets {
                let takes_clicks = |profile: &&Profile| {
                    let of_it = |mailbox: &super::super::Mailbox| {
                        mailbox.site == site.name && mailbox.profile == profile.name && !mailbox.shadow
                    };
                    settings.mailboxes.iter().any(of_it)
                };
                match profile_of_set(&name, profiles.iter().filter(takes_clicks)) {
                    Ok(profile) => {
                        offered.insert((profile.name.clone(), set_named(&name).1.to_owned()));
                    }
                    Err(why) => {
                        let why = format!("offers the directive set {name:?}, which {why}");
                        let remedy = "write a [[directive_set]] of this name into the profile of a mailbox of the site that is not in shadow, or take it \
                                      out of sets";
                        self.wrong(section, "mappings", &why, remedy);
                    }
                }
            }
        }
        self.refuse_idle_sets(settings, &profiles, &offered);
    }

    /// Where links would lead nowhere, or end before anybody can use them.
    fn check_ground_of_sets(&mut self, settings: &Settings, site: &Site, section: &Section) {
        if settings.public.is_none() {
            self.problems.push(Problem {
                key: "public.listen".into(),
                value: String::new(),
                place: self.file.clone(),
                why: format!("is missing, and the mappings of site {:?} put links into letters", site.name),
                remedy: "set public.listen and public.url, or take sets out of the mappings".into(),
            });
        }
        if site.keep_content_days.unwrap_or(settings.store.keep_content_days) == 0 {
            let why = format!(
                "is 0 for site {:?}, whose mappings put links into letters; they would end when the letter has left",
                site.name
            );
            self.wrong(
                section,
                "keep_content_days",
                &why,
                "keep content for as many days as links live, or take sets out of the mappings",
            );
        }
    }

    fn refuse_idle_sets(&mut self, settings: &Settings, profiles: &[Profile], offered: &BTreeSet<(String, String)>) {
        for profile in profiles {
            let is_idle = |set: &&str| {
                !profile.offers_in_notices(set) && !offered.contains(&(profile.name.clone(), (*set).to_owned()))
            };
            let file = settings.profile(&profile.name).map(|file| file.file.display().to_string()).unwrap_or_default();
            for set in profile.sets().filter(is_idle) {
                self.problems.push(Problem {
                    key: "directive_set[].name".into(),
                    value: format!("{set:?}"),
                    place: file.clone(),
                    why: "stands in no letter".into(),
                    remedy: format!(
                        "write {{{{set:{set}}}}} into the text of a [[notice]], or name it in sets of a site's mappings"
                    ),
                });
            }
        }
    }
}
