//! The form: a line for each thing that the pages of S/Notify show.

use super::super::{Left, Why};
use super::left;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The form, with what its lines may say, filled in with what the other program does where nobody chose anything.
pub const FORM: &str = include_str!("form.toml");

type Rest = BTreeMap<String, toml::Value>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Form {
    pub(super) platform: Platform,
    pub(super) encryption: Encryption,
    pub(super) signing: Signing,
    pub(super) server_keys: ServerKeys,
    pub(super) user_keys: UserKeys,
    pub(super) ldap: Vec<Ldap>,
    pub(super) key_servers: KeyServers,
    pub(super) incoming: Incoming,
    pub(super) project: Vec<Project>,
    pub(super) advanced: Rest,
    #[serde(flatten)]
    pub(super) rest: Rest,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum PlatformName {
    #[default]
    Jira,
    Confluence,
    Bitbucket,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Platform {
    pub(super) name: PlatformName,
    /// Whom its mail is from.
    pub(super) from: Vec<String>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Type {
    #[serde(rename = "S/MIME only")]
    SmimeOnly,
    #[serde(rename = "S/MIME preferred")]
    SmimePreferred,
    #[serde(rename = "PGP preferred")]
    PgpPreferred,
    #[serde(rename = "PGP only")]
    PgpOnly,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum WithoutKey {
    #[serde(rename = "allow unencrypted")]
    Plain,
    #[serde(rename = "problem report")]
    Report,
    #[serde(rename = "do not send")]
    Nothing,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Encryption {
    #[serde(rename = "type")]
    pub(super) kind: Option<Type>,
    pub(super) without_key: Option<WithoutKey>,
    pub(super) encrypt_to_sender: bool,
    pub(super) exempt_account_mails: bool,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Signing {
    pub(super) sign: Option<bool>,
    pub(super) opaque: bool,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServerKeys {
    pub(super) smime: String,
    pub(super) pgp: String,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct UserKeys {
    pub(super) store: Vec<String>,
    pub(super) upload: bool,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ldap {
    pub(super) url: String,
    pub(super) base: String,
    pub(super) bind_dn: String,
    pub(super) address_attribute: String,
    pub(super) pgp_key_server: bool,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct KeyServers {
    pub(super) hkp: Vec<String>,
    pub(super) vks: Vec<String>,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Incoming {
    pub(super) open: bool,
    pub(super) take_keys: bool,
    #[serde(flatten)]
    rest: Rest,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Project {
    pub(super) keys: Vec<String>,
    #[serde(rename = "type")]
    pub(super) kind: Option<Type>,
    pub(super) without_key: Option<WithoutKey>,
    #[serde(flatten)]
    rest: Rest,
}

impl Form {
    /// Lines that the form does not have.
    pub(super) fn unknown(&self) -> Vec<Left> {
        let mut all = Vec::new();
        let mut of = |section: String, rest: &Rest| {
            let remedy = "the form has no such line; look in docs/sealing.md for what does it here";
            let named = |key: &String| if section.is_empty() { key.clone() } else { format!("{section}.{key}") };
            // A value may be a secret.
            all.extend(rest.keys().map(|key| left(key, &named(key), None, Why::Unknown, remedy)));
        };
        of(String::new(), &self.rest);
        of("platform".into(), &self.platform.rest);
        of("encryption".into(), &self.encryption.rest);
        of("signing".into(), &self.signing.rest);
        of("server_keys".into(), &self.server_keys.rest);
        of("user_keys".into(), &self.user_keys.rest);
        of("key_servers".into(), &self.key_servers.rest);
        of("incoming".into(), &self.incoming.rest);
        self.ldap.iter().enumerate().for_each(|(at, one)| of(format!("ldap[{}]", at + 1), &one.rest));
        self.project.iter().enumerate().for_each(|(at, one)| of(format!("project[{}]", at + 1), &one.rest));
        all
    }

    /// Lines that have no counterpart, with what to do.
    pub(super) fn not_taken_over(&self) -> Vec<Left> {
        let mut all = Vec::new();
        if self.encryption.exempt_account_mails {
            let remedy = "nothing but the subject of such mails tells what they are, so none is exempt by itself: give the platform an account \
                          of its own for them, or a field, and name it in the [[exemption]] that stands as a comment in the rules";
            let at = "encryption.exempt_account_mails";
            all.push(left("exempt_account_mails", at, Some("true".into()), Why::NotTakenOver, remedy));
        }
        if self.user_keys.upload {
            let remedy = "keys that people uploaded stand in the other program's database, which has no way out: people bring them once more, by the \
                          portal or to an administrator";
            all.push(left("upload", "user_keys.upload", Some("true".into()), Why::NotTakenOver, remedy));
        }
        for key in self.advanced.keys() {
            let at = format!("advanced.{key}");
            all.push(match key.as_str() {
                "reportAdditionalText" => {
                    let remedy = "write what that file says into `text` of a [[report]] in the rules, as text";
                    left(key, &at, None, Why::NotTakenOver, remedy)
                }
                "pgpBinaryRegex" => {
                    let remedy = "not carried over: a mail that is encrypted as a whole is opened by what stands in it, and a sealed part or \
                                  file beside others stays a file of the issue, whatever its name";
                    left(key, &at, None, Why::NotTakenOver, remedy)
                }
                _ => left(key, &at, None, Why::Unknown, "look in docs/sealing.md for what does it here"),
            });
        }
        all
    }
}
