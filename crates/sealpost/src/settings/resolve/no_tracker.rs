//! A `[[site]]` with `dialect = "none"`: it keeps keys of people and has letters, and no issues.

use super::super::Settings;
use super::super::written::{Section, Written};
use super::Reader;

/// What only a site with a tracker has.
const OF_TRACKERS: &[&str] = &[
    "api_base",
    "browse_base",
    "account",
    "token",
    "token_expires",
    "oauth",
    "webhook_secret",
    "webhook_secret_before",
    "history_poll_s",
    "mappings",
    "templates",
];

impl Reader {
    /// Whether the site has a tracker. Without one it says nothing of how one is spoken to.
    pub(super) fn has_tracker(&mut self, section: &Section) -> bool {
        let has_tracker = self.text(section, "dialect") != "none";
        if !has_tracker {
            let why = "is about a tracker, and its site has none (dialect = \"none\")";
            self.refuse_keys(section, OF_TRACKERS, why, "leave it out, or say in dialect which tracker it is");
        }
        has_tracker
    }

    /// Mail becomes issues, so no mailbox belongs to a site without a tracker.
    pub(super) fn check_trackers(&mut self, settings: &Settings, written: &Written) {
        for (mailbox, section) in settings.mailboxes.iter().zip(written.all("mailbox[]")) {
            if settings.site(&mailbox.site).is_some_and(|site| !site.has_tracker) {
                let why = "has no tracker (dialect = \"none\"), and mail becomes issues";
                self.wrong(
                    section,
                    "site",
                    why,
                    "name a site with a tracker; a relay with direction = \"in\" opens mail without one",
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    const SITE: &str = "[[site]]\nname = \"wiki\"\ndialect = \"none\"\n";
    const MAILBOX: &str = "[[mailbox]]\nname = \"in\"\nsite = \"wiki\"\nprofile = \"p\"\nlisten = \"127.0.0.1:2525\"\n";

    /// What is wrong with the site, or with what names it.
    fn wrong(text: &str) -> Vec<String> {
        let problems = crate::settings::resolve(text, Path::new("a.toml"), &[]).err().unwrap_or_default();
        let of_sites = problems.into_iter().filter(|problem| problem.key.contains("site"));
        of_sites.map(|problem| problem.key).collect()
    }

    #[test]
    fn a_site_without_a_tracker_says_nothing_of_one_and_takes_no_mail_in() {
        assert_eq!(wrong(SITE), Vec::<String>::new());
        assert_eq!(wrong(&format!("{SITE}{MAILBOX}")), ["mailbox[].site"]);
        let tracker = "api_base = \"https://jira.example\"\ntoken = \"env:PATH\"\nmappings = \"none.toml\"\n";
        let keys = wrong(&format!("{SITE}{tracker}"));
        for key in ["site[].api_base", "site[].token", "site[].mappings"] {
            assert!(keys.iter().any(|one| one == key), "{key}: {keys:?}");
        }
        let of_jira = wrong(&SITE.replace("none", "jira_cloud"));
        assert_eq!(of_jira, ["site[].browse_base", "site[].api_base", "site[].token"], "they are needed as ever");
    }
}
