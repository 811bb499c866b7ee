//! What rules need of the folder of keys, for whoever looks before any mail comes.

use super::SealingRules;
use super::values::{Held, Values};
use super::words::{Demand, Priority};

/// What some mail needs, by the table that says so: `default`, `site[1]`, `place[2]`, `domain[1]` or `recipient[3]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    /// The first that demands a signature always: without a key of ours its mail is held, or goes as `no_signing_key` says.
    pub signs: Option<String>,
    /// The first by which mail is encrypted, always or when possible.
    pub encrypts: Option<String>,
    /// The first that lets S/MIME be used: without anchors no certificate of people is believed.
    pub smime: Option<String>,
}

impl SealingRules {
    /// What these rules need of keys.
    pub fn needs(&self) -> Needs {
        let mut needs = Needs::default();
        let default = Held::of("", &[&self.default]);
        needs.signs = (default.sign == Demand::Always).then(|| "default".to_owned());
        needs.encrypts = (default.encrypt != Demand::Never).then(|| "default".to_owned());
        needs.smime = (default.scheme != Priority::PgpOnly).then(|| "default".to_owned());
        let sites = numbered("site", self.sites.iter().map(|(_, values)| values));
        let places = numbered("place", self.places.iter().map(|place| &place.values));
        let others = numbered("domain", self.domains.iter()).chain(numbered("recipient", self.recipients.iter()));
        for (name, values) in sites.chain(places).chain(others) {
            let first = |place: &mut Option<String>, is_so: bool| {
                if is_so && place.is_none() {
                    *place = Some(name.clone());
                }
            };
            first(&mut needs.signs, values.sign == Some(Demand::Always));
            first(&mut needs.encrypts, values.encrypt.is_some_and(|demand| demand != Demand::Never));
            first(&mut needs.smime, values.scheme.is_some_and(|scheme| scheme != Priority::PgpOnly));
        }
        needs
    }
}

fn numbered<'r>(
    table: &'static str,
    all: impl Iterator<Item = &'r Values>,
) -> impl Iterator<Item = (String, &'r Values)> {
    all.enumerate().map(move |(at, values)| (format!("{table}[{}]", at + 1), values))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn needs(rules: &str) -> [Option<String>; 3] {
        let Needs { signs, encrypts, smime } =
            SealingRules::from_toml(&format!("version = 1\n{rules}"), "s.toml").unwrap().needs();
        [signs, encrypts, smime]
    }

    #[test]
    fn each_need_names_the_first_table_that_has_it() {
        let said = |one: &str| Some(one.to_owned());
        let off = "[default]\nsign = \"never\"\nencrypt = \"never\"\nscheme = \"pgp_only\"\n";
        assert_eq!(needs(off), [None, None, None]);
        let default = "[default]\nsign = \"always\"\nencrypt = \"when_possible\"\nscheme = \"pgp_preferred\"\n";
        assert_eq!(needs(default), [said("default"), said("default"), said("default")]);
        let deep = "[[domain]]\nnames = [\"a.example\"]\nsign = \"when_possible\"\n[[domain]]\nnames = [\"b.example\"]\nsign = \"always\"\n\
                    [[recipient]]\naddresses = [\"c@c.example\"]\nencrypt = \"always\"\nscheme = \"smime_only\"\n";
        assert_eq!(needs(&format!("{off}{deep}")), [said("domain[2]"), said("recipient[1]"), said("recipient[1]")]);
    }
}
