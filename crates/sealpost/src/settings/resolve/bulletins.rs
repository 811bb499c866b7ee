//! The `[[bulletin]]` and `[[channel]]` sections: who is told of the gateway itself, and by which ways.

use super::super::written::{Section, Written};
use super::super::{Secret, Settings, Site};
use super::Reader;
use data_encoding::BASE64;
use engine::Channel;
use engine::speak::Route;
use policy::bulletin::channel::{Kind, TEXT};
use policy::bulletin::{Cause, Rule, THRESHOLDS_MAX};
use policy::{Mappings, is_plain_address};

impl Reader {
    pub(super) fn bulletin(&mut self, section: &Section) -> Rule {
        let words = self.texts(section, "causes");
        let causes: Vec<Cause> = words.iter().filter_map(|word| Cause::of_word(word)).collect();
        if causes.len() != words.len() {
            let known = Cause::ALL.map(Cause::word).join(", ");
            self.wrong(section, "causes", "names a cause that there is not", &format!("write some of {known}"));
        }
        let (why, remedy) = ("holds what is no part of a plan", "write for example [\"80\", \"95\"]");
        let usage_percent: Vec<u32> = self.parsed(section, "usage_percent", why, remedy);
        if usage_percent.len() > THRESHOLDS_MAX || usage_percent.iter().any(|part| !(1..=100).contains(part)) {
            self.wrong(section, "usage_percent", "has more than five parts, or one that is not from 1 to 100", remedy);
        }
        let (to, channels) = (self.texts(section, "to"), self.texts(section, "channels"));
        if to.iter().any(|address| !address.is_ascii() || !is_plain_address(address)) {
            self.wrong(section, "to", "holds what is not an address", "write for example [\"ops@example.org\"]");
        }
        if to.is_empty() && channels.is_empty() {
            let remedy = "name addresses, or channels";
            self.wrong(section, "to", "and channels are both empty, so nobody is told", remedy);
        }
        Rule {
            name: self.text(section, "name"),
            sites: self.texts(section, "sites"),
            projects: self.texts(section, "projects"),
            mail_reasons: self.truth(section, "mail_reasons"),
            causes,
            usage_percent,
            offline_minutes: self.integer(section, "offline_minutes") as u32,
            unsealed_minutes: self.integer(section, "unsealed_minutes") as u32,
            busy_day_times: self.integer(section, "busy_day_times") as u32,
            ahead_days: self.integer(section, "ahead_days") as u32,
            to,
            channels,
        }
    }

    /// `None` for one that cannot be used; then it is told why.
    pub(super) fn channel(&mut self, section: &Section) -> Option<Channel> {
        let kind = self.kind_of_channel(section);
        let allow_private = self.truth(section, "allow_private");
        let Secret(url) = self.secret(section, "url")?;
        let url = match engine::bulletin::channel_url(url.trim(), allow_private) {
            Some(url) => url,
            None => {
                let remedy =
                    "put an address with https:// into it; http:// is for this machine, with allow_private = true";
                self.wrong(section, "url", "leads to no address that may be spoken to", remedy);
                return None;
            }
        };
        let proxy = self.optional_text(section, "proxy").and_then(|proxy| proxy.parse().ok());
        let authorities = self.texts(section, "certificate_authorities");
        let authorities = authorities.iter().map(|file| self.folder.join(file)).collect();
        Some(Channel {
            name: self.text(section, "name"),
            kind,
            url,
            route: Route { allow_private, authorities, proxy },
            sites: self.texts(section, "sites"),
            authorization: self.secret(section, "authorization").map(|Secret(value)| value.trim().to_owned()),
        })
    }

    fn kind_of_channel(&mut self, section: &Section) -> Kind {
        let secret = self.secret(section, "secret");
        let template = self.optional_text(section, "body");
        match self.text(section, "kind").as_str() {
            "teams" => Kind::Teams,
            "webhook" => {
                let Secret(secret) = secret.unwrap_or_else(|| {
                    let remedy = "make one of 32 random bytes, and let the other end know it";
                    self.wrong(section, "secret", "is missing, so nobody could tell our webhooks from others", remedy);
                    Secret(String::new())
                });
                let secret = secret.trim();
                let decoded = secret.strip_prefix("whsec_").and_then(|text| BASE64.decode(text.as_bytes()).ok());
                Kind::Webhook { secret: decoded.unwrap_or_else(|| secret.as_bytes().to_vec()) }
            }
            "sms" => {
                let template = template.filter(|template| template.contains(TEXT)).unwrap_or_else(|| {
                    let remedy = "write for example \"to=%2B491711234567&text={{text}}\"";
                    self.wrong(section, "body", "has no {{text}}, so nothing would be said", remedy);
                    String::new()
                });
                Kind::Sms { template, as_json: self.text(section, "content") == "json" }
            }
            // The table of settings knows no other word.
            _ => Kind::Slack,
        }
    }

    /// Whatever channels the mappings of a site name are there, and may be told by it.
    pub(super) fn check_channels(&mut self, settings: &Settings, site: &Site, section: &Section, mappings: &Mappings) {
        for name in mappings.channels() {
            let known = settings.channels.iter().find(|channel| channel.name == name);
            let (why, remedy) = match known {
                Some(channel) if channel.sites.contains(&site.name) => continue,
                Some(_) => ("whose sites do not name this one", format!("add {:?} to the channel's sites", site.name)),
                None => {
                    ("which is not there", "write a [[channel]] of this name, or name another in the file".to_owned())
                }
            };
            self.wrong(section, "mappings", &format!("names the channel {name:?}, {why}"), &remedy);
        }
    }

    /// What a rule names is there, and a site that is to write has a way out.
    pub(super) fn check_bulletins(&mut self, settings: &Settings, written: &Written) {
        for section in written.all("channel[]") {
            for site in self.texts(section, "sites").iter().filter(|site| settings.site(site).is_none()) {
                let why = format!("names the site {site:?}, which is not there");
                self.wrong(section, "sites", &why, "name some of the [[site]] sections");
            }
        }
        for (rule, section) in settings.bulletins.iter().zip(written.all("bulletin[]")) {
            for site in rule.sites.iter().filter(|site| settings.site(site).is_none()) {
                let why = format!("names the site {site:?}, which is not there");
                self.wrong(section, "sites", &why, "name some of the [[site]] sections");
            }
            for name in &rule.channels {
                if !written.all("channel[]").any(|channel| self.text(channel, "name") == *name) {
                    let why = format!("names the channel {name:?}, which is not there");
                    self.wrong(section, "channels", &why, "name some of the [[channel]] sections");
                }
            }
            let is_about = |name: &String| rule.sites.is_empty() || rule.sites.contains(name);
            let mute = settings
                .sites
                .iter()
                .find(|site| is_about(&site.name) && !site.letters.dead_end && site.letters.outgoing.is_none());
            if let Some(site) = mute.filter(|_| !rule.to.is_empty()) {
                let why = format!("names addresses, and the site {:?} has no server to write by", site.name);
                self.wrong(section, "to", &why, "name an [[outgoing]] server on the site, or set dead_end = true");
            }
        }
    }
}
