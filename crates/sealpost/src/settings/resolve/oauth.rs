//! The `oauth…` keys of a `[[mailbox]]` or `[[outgoing]]`: how the tokens of its account come about.

use super::super::Oauth;
use super::super::presets::{self, Preset};
use super::super::written::Section;
use super::Reader;
use aws_lc_rs::digest;
use courier::certificate::not_after;
use courier::oauth::{AuthorizationEndpoint, Client, ConsentBy, Loopback, Proof};
use engine::speak::Route;
use engine::tokens::{Authorization, By};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::time::Duration;
use zeroize::Zeroizing;

/// What only accounts with tokens have.
pub(super) const OF_OAUTH: &[&str] = &[
    "oauth_client",
    "oauth_client_secret",
    "oauth_secret_expires",
    "oauth_certificate",
    "oauth_key",
    "oauth_tenant",
    "oauth_scopes",
    "oauth_token_url",
    "oauth_sign_in",
    "oauth_device_url",
    "oauth_authorize_url",
    "oauth_redirect_url",
    "oauth_issuer",
    "oauth_allow_private",
];

/// What only accounts have for which somebody signs in.
const OF_A_PERSON: &[&str] =
    &["oauth_sign_in", "oauth_device_url", "oauth_authorize_url", "oauth_redirect_url", "oauth_issuer"];

/// The rights that suffice to fetch a mailbox, or to send.
pub(super) struct Scopes {
    pub(super) person: String,
    /// Of the gateway itself; its administrator grants them beforehand.
    pub(super) program: String,
}

impl Reader {
    /// `None` without `oauth`: then the account has a password. `usual` is what is asked for when nothing else is written.
    pub(super) fn oauth(&mut self, section: &Section, preset: Option<&Preset>, usual: Option<Scopes>) -> Option<Oauth> {
        let Some(word) = self.optional_text(section, "oauth") else {
            self.refuse_keys(section, OF_OAUTH, "is for accounts with tokens", "set oauth beside it, or remove it");
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
        let consent_by = match is_person {
            true => self.consent_by(section, known, &tenant),
            false => {
                let remedy = "remove it, or write oauth = \"person\"";
                self.refuse_keys(section, OF_A_PERSON, "is for accounts for which a person signs in", remedy);
                None
            }
        };
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
        let (proof, certificate_ends) = self.proof(section, key, &by);
        let idle_max = known.map(|known| Duration::from_secs(u64::from(known.idle_days_max) * 24 * 3600));
        let secret_ends = self.date(section, "oauth_secret_expires");
        let client = Client { id: client, proof, scopes, token_url };
        let allow_private = self.truth(section, "oauth_allow_private");
        let authorities = self.path(section, "authorities").filter(|_| allow_private).into_iter().collect();
        let route = Route { allow_private, authorities, proxy: None };
        let authorization = Authorization { client, by, route };
        Some(Oauth { authorization, consent_by, secret_ends, certificate_ends, idle_max })
    }

    /// How a person is asked: as the settings say, or else as the provider can.
    fn consent_by(&mut self, section: &Section, known: Option<presets::Oauth>, tenant: &str) -> Option<ConsentBy> {
        let url = |text: &str| Some(text.replace("{tenant}", tenant)).filter(|text| !text.is_empty());
        let device_url =
            self.optional_text(section, "oauth_device_url").or(known.and_then(|known| url(known.device_url)));
        let authorize_url = self.optional_text(section, "oauth_authorize_url");
        let in_a_browser = match self.optional_text(section, "oauth_sign_in") {
            Some(word) => word == "browser",
            None => device_url.is_none() || authorize_url.is_some(),
        };
        if !in_a_browser {
            let url = device_url.unwrap_or_else(|| {
                self.needed(
                    section,
                    "oauth_device_url",
                    "where codes to type are asked for; not every provider has them",
                )
            });
            return Some(ConsentBy::DeviceCode(url));
        }
        let authorize_url = authorize_url.or(known.and_then(|known| url(known.authorize_url)));
        let url = authorize_url.unwrap_or_else(|| {
            self.needed(section, "oauth_authorize_url", "the page on which somebody signs in, or a preset")
        });
        let mut parameters: Vec<(String, String)> = Vec::new();
        if let Some(known) = known {
            parameters.extend(known.authorize_parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())));
            // Whoever has several accounts is led to the right one.
            parameters.push(("login_hint".into(), self.text(section, "user")));
        }
        let issuer =
            self.optional_text(section, "oauth_issuer").or(known.and_then(|known| known.issuer.map(str::to_owned)));
        let redirect_url = self.redirect_url(section, known.map_or("http://127.0.0.1", |known| known.redirect_url));
        Some(ConsentBy::Browser(AuthorizationEndpoint { url, parameters, issuer, redirect_url }))
    }

    /// On this machine, or a page of whoever runs the gateway, from which the address is pasted. A token server whose usual address
    /// has a port compares the port, too.
    pub(super) fn redirect_url(&mut self, section: &Section, usual: &str) -> String {
        let text = self.optional_text(section, "oauth_redirect_url").unwrap_or_else(|| usual.to_owned());
        let compares_port = Loopback::of(usual).is_some_and(|usual| usual.port.is_some());
        let is_here = Loopback::of(&text).is_some_and(|at| at.port.is_some() || !compares_port);
        if !is_here && (!text.starts_with("https://") || text.contains('#')) {
            let port = if compares_port { " with its port" } else { "" };
            let why = format!("is neither on this machine{port} nor https");
            let remedy = "write for example \"http://127.0.0.1:8028/\", as the token server knows it";
            self.wrong(section, "oauth_redirect_url", &why, remedy);
        }
        text
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

    /// How the client proves itself, and when its certificate ends.
    fn proof(
        &mut self,
        section: &Section,
        key: Option<Zeroizing<String>>,
        by: &By,
    ) -> (Proof, Option<jiff::Timestamp>) {
        let secret = self.secret(section, "oauth_client_secret").map(|secret| Zeroizing::new(secret.0));
        let certificate = self.path(section, "oauth_certificate");
        let proof = match (by, secret, certificate, key) {
            (By::Service { .. }, None, None, _) => Proof::Nothing,
            (_, Some(secret), None, None) => Proof::Secret(secret),
            (_, None, Some(file), Some(key_pem)) => match CertificateDer::from_pem_file(&file) {
                Ok(certificate) => {
                    let mut sha256 = [0; 32];
                    sha256.copy_from_slice(digest::digest(&digest::SHA256, &certificate).as_ref());
                    let end = not_after(&certificate).and_then(|end| jiff::Timestamp::try_from(end).ok());
                    return (Proof::Certificate { key_pem, sha256 }, end);
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
        };
        (proof, None)
    }
}
