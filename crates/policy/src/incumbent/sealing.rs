//! Moving in from another program that seals the mail of trackers: what its pages show, as rules and settings of ours.
//!
//! S/Notify writes its settings into no file and publishes no form for one. So what its pages show is copied by a person into [`FORM`], which has
//! a line for each of them, and the form is translated. What has no counterpart is listed, never dropped.

mod form;
mod written;

pub use form::FORM;

use super::{Left, Why};
use crate::{Fault, FaultCode};
use form::Form;

/// What became of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedSealing {
    /// A file of rules for sealing.
    pub rules: String,
    /// Sections for the gateway's settings, in which words in capitals stand for what the form does not say.
    pub settings: String,
    /// What has to be run for the key stores, in order.
    pub commands: Vec<String>,
    pub left: Vec<Left>,
}

/// Translates a form that was filled in. `origin` is named in errors.
///
/// # Errors
/// Permanent `SealingRulesWrong` when it is no TOML, or a line has a value that the other program's page does not offer.
pub fn import_sealing(text: &str, origin: &str) -> Result<MovedSealing, Fault> {
    let wrong = |why: String| {
        Fault::permanent(FaultCode::SealingRulesWrong, "a form of another program's settings")
            .with_public(format!("{origin}: {why}; `sealpost rules form` prints the form with what each line may say"))
    };
    let form: Form = toml::from_str(text).map_err(|error| wrong(error.to_string().trim_end().to_owned()))?;
    let mut left = form.unknown();
    left.extend(form.not_taken_over());
    Ok(MovedSealing {
        rules: written::rules(&form),
        settings: written::settings(&form),
        commands: written::commands(&form),
        left,
    })
}

fn left(key: &str, at: &str, value: Option<String>, why: Why, remedy: &str) -> Left {
    Left { key: key.to_owned(), at: at.to_owned(), value, why, remedy: remedy.to_owned() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::SealingRules;

    fn moved(text: &str) -> MovedSealing {
        import_sealing(text, "form.toml").unwrap()
    }

    #[test]
    fn the_form_as_it_is_printed_becomes_rules_that_hold() {
        let moved = moved(FORM);
        SealingRules::from_toml(&moved.rules, "sealing.toml").unwrap();
        assert!(moved.left.is_empty(), "{:?}", moved.left);
        assert!(moved.rules.contains("encrypt = \"always\"") && moved.rules.contains("fallback = \"problem_report\""));
        assert!(moved.settings.contains("[[relay]]") && moved.settings.contains("seal = \"compare\""));
    }

    #[test]
    fn each_choice_of_its_pages_has_one_of_ours() {
        for (line, ours) in [
            ("[encryption]\ntype = \"S/MIME only\"", "scheme = \"smime_only\""),
            ("[encryption]\ntype = \"PGP preferred\"", "scheme = \"pgp_preferred\""),
            ("[encryption]\nwithout_key = \"allow unencrypted\"", "encrypt = \"when_possible\""),
            ("[encryption]\nwithout_key = \"do not send\"", "fallback = \"do_not_send\""),
            ("[encryption]\nencrypt_to_sender = true", "encrypt_to_self = true"),
            ("[signing]\nsign = false", "sign = \"never\""),
            ("[signing]\nopaque = true", "opaque = true"),
            ("[[project]]\nkeys = [\"HR\"]\nwithout_key = \"do not send\"", "keys = [\"HR\"]"),
        ] {
            let moved = moved(line);
            assert!(moved.rules.contains(ours), "{line}: {}", moved.rules);
            SealingRules::from_toml(&moved.rules, "sealing.toml").unwrap();
        }
    }

    #[test]
    fn account_mails_are_exempt_only_where_something_tells_them_apart() {
        let moved = moved("[encryption]\nexempt_account_mails = true\n[platform]\nname = \"jira\"");
        let rules = SealingRules::from_toml(&moved.rules, "sealing.toml");
        assert!(rules.is_ok() && !moved.rules.contains("\n[[exemption]]"), "{}", moved.rules);
        assert!(moved.left.iter().any(|left| left.key == "exempt_account_mails" && left.why == Why::NotTakenOver));
    }

    #[test]
    fn key_stores_and_directories_become_commands_and_sections() {
        let moved = moved(
            "[server_keys]\nsmime = \"it's/server.p12\"\npgp = \"own.asc\"\n[user_keys]\nstore = [\"users.p7b\"]\n\
             [[ldap]]\nurl = \"ldaps://ldap.example.org\"\nbase = \"ou=p\\\"eople\"\n[key_servers]\nhkp = [\"https://keys.example\"]\n",
        );
        assert!(moved.commands[0].starts_with("(umask 077; cat > keys.password)"), "{:?}", moved.commands);
        assert_eq!(
            moved.commands[1],
            r"sealpost key import --keys seal-keys --as own --password file:keys.password 'it'\''s/server.p12'"
        );
        assert!(moved.commands.iter().any(|line| line.contains("--as people 'users.p7b'")), "{:?}", moved.commands);
        let settings: toml::Table = toml::from_str(&moved.settings).unwrap();
        let sources = settings["key_source"].as_array().unwrap();
        assert_eq!(sources[0]["base"].as_str(), Some("ou=p\"eople"), "{}", moved.settings);
        assert_eq!(sources[1]["kind"].as_str(), Some("hkp"));
        let relay = &settings["relay"].as_array().unwrap()[0];
        assert_eq!(relay["key_password"].as_str(), Some("file:keys.password"), "the one that commands keep keys under");
    }

    #[test]
    fn keys_that_are_made_anew_need_no_password_in_commands_or_settings() {
        let moved = moved("[platform]\nfrom = [\"jira@example.org\"]\n[incoming]\nopen = true\n");
        assert!(moved.commands[0].starts_with("sealpost key generate "), "{:?}", moved.commands);
        let all = moved.commands.join("\n") + &moved.settings;
        assert!(!all.contains("password"), "{all}");
    }

    #[test]
    fn what_is_not_known_is_listed_and_what_is_wrong_is_refused() {
        let moved = moved("[encryption]\nkind_of = \"x\"\n[advanced]\npgpBinaryRegex = \"x\"\n[other]\na = 1\n");
        let left: Vec<(&str, Why)> = moved.left.iter().map(|left| (left.at.as_str(), left.why)).collect();
        assert!(
            left.contains(&("encryption.kind_of", Why::Unknown)) && left.contains(&("other", Why::Unknown)),
            "{left:?}"
        );
        assert!(left.contains(&("advanced.pgpBinaryRegex", Why::NotTakenOver)), "{left:?}");
        let refused = import_sealing("[encryption]\ntype = \"both\"", "form.toml").unwrap_err();
        assert!(refused.public.contains("form.toml") && refused.public.contains("type"), "{}", refused.public);
    }
}
