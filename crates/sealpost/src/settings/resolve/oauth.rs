//! The `oauth…` keys of a `[[mailbox]]`: how the tokens of its account come about.

use super::super::presets::Preset;
use super::super::written::Section;
use super::Reader;
use aws_lc_rs::digest;
use courier::oauth::{Client, Proof};
use engine::fetch::tokens::{Authorization, By};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroizing;

/// What only accounts with tokens have.
pub(super) const OF_OAUTH: &[&str] = &[
    "oauth_client",
    "oauth_client_secret",
    "oauth_certificate",
    "oauth_key",
    "oauth_tenant",
    "oauth_scopes",
    "oauth_token_url",
    "oauth_device_url",
    "oauth_allow_private",
];

/// The rights that suffice to fetch a mailbox.
pub(super) struct Scopes {
    pub(super) person: String,
    /// Of the gateway itself; its administrator grants them beforehand.
    pub(super) program: String,
}

/// Tokens, and where a code for signing in is asked for.
pub(super) struct Found {
    pub(super) authorization: Authorization,
    pub(super) device_url: Option<String>,
}

impl Reader {
    /// `None` without `oauth`: then the account has a password. `usual` is what is asked for when nothing else is written.
    pub(super) fn oauth(&mut self, section: &Section, preset: Option<&Preset>, usual: Option<Scopes>) -> Option<Found> {
        let Some(word) = self.optional_text(section, "oauth") else {
            self.refuse_keys(section, OF_OAUTH, "is for accounts with tokens", "set mailbox.oauth, or remove it");
            return None;
        };
        self.refuse_keys(section, &["password"], "stands beside oauth", "remove one of the two");
        let known = preset.and_then(|preset| preset.oauth);
        let tenant = self.optional_text(section, "oauth_tenant");
        if tenant.as_ref().is_some_and(|text| !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))) {
            self.wrong(
                section,
                "oauth_tenant",
                "is neither an id nor a domain",
                "copy it from the directory's overview",
            );
        }
        let is_person = word == "person";
        // A program belongs to one organisation; a person's may be any.
        if !is_person && tenant.is_none() && known.is_some_and(|known| known.token_url.contains("{tenant}")) {
            self.needed(section, "oauth_tenant", "the id of the organisation");
        }
        let tenant = tenant.unwrap_or_else(|| "organizations".into());
        let url = |text: Option<&str>| text.map(|text| text.replace("{tenant}", &tenant));
        let written = self.optional_text(section, "oauth_token_url");
        let token_url = written.or_else(|| url(known.map(|known| known.token_url)));
        let written = self.optional_text(section, "oauth_device_url");
        let device_url = written.or_else(|| url(known.map(|known| known.device_url)));
        let usual = usual.map(|usual| if is_person { usual.person } else { usual.program });
        let scopes = self.optional_text(section, "oauth_scopes").or(usual);
        let key = self.secret(section, "oauth_key").map(|secret| Zeroizing::new(secret.0));
        let (client, by) = match word.as_str() {
            "service_account" => self.service_account(section, key.as_ref()),
            "client_credentials" => (self.oauth_client(section), By::ClientCredentials),
            _ => (self.oauth_client(section), By::Person),
        };
        let token_url =
            token_url.unwrap_or_else(|| self.needed(section, "oauth_token_url", "the token server's URL, or a preset"));
        let scopes = scopes.unwrap_or_else(|| self.needed(section, "oauth_scopes", "what is asked for, or a preset"));
        let proof = self.proof(section, key, &by);
        let client = Client { id: client, proof, scopes, token_url };
        let allow_private = self.truth(section, "oauth_allow_private");
        let authorities = self.path(section, "authorities").filter(|_| allow_private);
        Some(Found { authorization: Authorization { client, by, allow_private, authorities }, device_url })
    }

    fn oauth_client(&mut self, section: &Section) -> String {
        self.needed(section, "oauth_client", "the id under which the token server knows this gateway")
    }

    /// Google gives a service's key as JSON, with the service's name in it.
    fn service_account(&mut self, section: &Section, key: Option<&Zeroizing<String>>) -> (String, By) {
        let user = self.text(section, "user");
        let Some(key) = key else {
            self.needed(section, "oauth_key", "a reference to the service's key, as JSON or PEM");
            return (String::new(), By::Service { key_pem: Zeroizing::default(), user });
        };
        let json: Option<serde_json::Value> = serde_json::from_str(key).ok();
        let of_json = |name: &str| json.as_ref().and_then(|json| json[name].as_str()).map(str::to_owned);
        let client = match self.optional_text(section, "oauth_client").or(of_json("client_email")) {
            Some(client) => client,
            None => self.oauth_client(section),
        };
        let key_pem = of_json("private_key").map_or_else(|| key.clone(), Zeroizing::new);
        (client, By::Service { key_pem, user })
    }

    fn proof(&mut self, section: &Section, key: Option<Zeroizing<String>>, by: &By) -> Proof {
        let secret = self.secret(section, "oauth_client_secret").map(|secret| Zeroizing::new(secret.0));
        let certificate = self.path(section, "oauth_certificate");
        match (by, secret, certificate, key) {
            (By::Service { .. }, None, None, _) => Proof::Nothing,
            (_, Some(secret), None, None) => Proof::Secret(secret),
            (_, None, Some(file), Some(key_pem)) => match CertificateDer::from_pem_file(&file) {
                Ok(certificate) => {
                    let mut sha256 = [0; 32];
                    sha256.copy_from_slice(digest::digest(&digest::SHA256, &certificate).as_ref());
                    Proof::Certificate { key_pem, sha256 }
                }
                Err(_) => {
                    self.wrong(section, "oauth_certificate", "holds no certificate in PEM", "name a PEM file");
                    Proof::Nothing
                }
            },
            (By::Person, None, None, None) => Proof::Nothing,
            _ => {
                let remedy = "set oauth_client_secret, or oauth_certificate and oauth_key";
                self.wrong(section, "oauth", "needs exactly one proof of the client", remedy);
                Proof::Nothing
            }
        }
    }
}
