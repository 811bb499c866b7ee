//! The `oauth…` keys of a `[[site]]`: a person who signs in (OAuth 2.0 3LO), or a service account with a client of its own.

use super::super::Oauth;
use super::super::written::Section;
use super::Reader;
use courier::oauth::{AuthorizationEndpoint, Client, ConsentBy, Proof};
use engine::speak::Route;
use engine::tokens::{Authorization, By};
use std::time::Duration;
use tracker::Dialect;
use zeroize::Zeroizing;

/// Where the API of all sites of Jira Cloud is; the site's id follows.
pub const GATEWAY: &str = "https://api.atlassian.com/ex/jira";
const TOKEN_URL: &str = "https://auth.atlassian.com/oauth/token";
const AUTHORIZE_URL: &str = "https://auth.atlassian.com/authorize";
const SITES_URL: &str = "https://api.atlassian.com/oauth/token/accessible-resources";
/// Atlassian compares it letter by letter with what was registered, the port too.
const REDIRECT_URL: &str = "http://localhost:8028/signed-in";

/// Atlassian forgets a refresh token that was not used for so long.
const IDLE_MAX: Duration = Duration::from_secs(90 * 24 * 3600);

/// What only sites with such tokens have.
const OF_OAUTH: &[&str] = &[
    "oauth_client",
    "oauth_client_secret",
    "oauth_secret_expires",
    "oauth_scopes",
    "oauth_token_url",
    "oauth_authorize_url",
    "oauth_redirect_url",
    "oauth_sites_url",
    "oauth_gateway",
    "oauth_service_management",
];
/// What only sites have for which somebody signs in.
const OF_A_PERSON: &[&str] = &["oauth_authorize_url", "oauth_redirect_url", "oauth_sites_url", "oauth_gateway"];

/// What each function needs of Jira Cloud (its classic scopes), and nothing else is ever asked for (PRIV-33).
mod scopes {
    /// To read issues and fields, to write issues, comments and files, and to find who has an address.
    pub const MAIL: [&str; 3] = ["read:jira-work", "write:jira-work", "read:jira-user"];
    /// To read request types, to share requests, to make customers and participants.
    pub const SERVICE_MANAGEMENT: [&str; 3] =
        ["read:servicedesk-request", "write:servicedesk-request", "manage:servicedesk-customer"];
    /// To go on without the person who signed in.
    pub const OFFLINE: &str = "offline_access";
}

impl Reader {
    /// `None` when the site has a token of its own.
    pub(super) fn site_oauth(&mut self, section: &Section, dialect: Dialect) -> Option<Oauth> {
        let Some(word) = self.optional_text(section, "oauth") else {
            self.refuse_keys(section, OF_OAUTH, "is for sites with oauth", "set site.oauth, or remove it");
            return None;
        };
        self.refuse_keys(
            section,
            &["account", "token", "token_expires"],
            "stands beside oauth",
            "remove one of the two",
        );
        if dialect != Dialect::JiraCloud {
            self.wrong(section, "oauth", "is for Jira Cloud", "use a personal access token, as site.token");
        }
        let is_person = word == "person";
        if is_person {
            let remedy = "remove it: the site is found by its browse_base when somebody signs in";
            self.refuse_keys(section, &["api_base"], "stands beside oauth = \"person\"", remedy);
        } else {
            let remedy = "remove it, or write oauth = \"person\"";
            self.refuse_keys(section, OF_A_PERSON, "is for sites for which a person signs in", remedy);
        }
        let text = |found: Option<String>, usual: &str| found.unwrap_or_else(|| usual.to_owned());
        let secret = self.needed_secret(section, "oauth_client_secret", "a reference to the client's secret");
        let serves = self.truth(section, "oauth_service_management");
        let client = Client {
            id: self.needed(section, "oauth_client", "the client's id, from the developer console"),
            proof: Proof::Secret(Zeroizing::new(secret.0)),
            scopes: text(self.optional_text(section, "oauth_scopes"), &usual_scopes(is_person, serves)),
            token_url: text(self.optional_text(section, "oauth_token_url"), TOKEN_URL),
        };
        let endpoint = AuthorizationEndpoint {
            url: text(self.optional_text(section, "oauth_authorize_url"), AUTHORIZE_URL),
            parameters: vec![("audience".into(), "api.atlassian.com".into()), ("prompt".into(), "consent".into())],
            issuer: None,
            redirect_url: self.redirect_url(section, REDIRECT_URL),
        };
        let by = if is_person { By::Person } else { By::ClientCredentials };
        Some(Oauth {
            authorization: Authorization { client, by, route: self.route(section) },
            consent_by: is_person.then_some(ConsentBy::Browser(endpoint)),
            secret_ends: self.date(section, "oauth_secret_expires"),
            certificate_ends: None,
            idle_max: Some(IDLE_MAX),
        })
    }

    /// Where it is told which sites a token is good for.
    pub(super) fn sites_url(&mut self, section: &Section) -> String {
        self.optional_text(section, "oauth_sites_url").unwrap_or_else(|| SITES_URL.to_owned())
    }

    /// The token server is reached as the site is.
    fn route(&mut self, section: &Section) -> Route {
        let authorities = self.texts(section, "certificate_authorities");
        Route {
            allow_private: self.truth(section, "allow_private"),
            authorities: authorities.iter().map(|file| self.folder.join(file)).collect(),
            // One that is no URL is told when the site itself is connected to.
            proxy: self.optional_text(section, "proxy").and_then(|proxy| proxy.parse().ok()),
        }
    }

    /// The base of the API; behind the gateway the site's id follows when it is known.
    pub(super) fn api_base(&mut self, section: &Section, browse_base: &str) -> String {
        if self.optional_text(section, "oauth").is_some_and(|word| word == "person") {
            return self.optional_text(section, "oauth_gateway").unwrap_or_else(|| GATEWAY.into());
        }
        let base = match self.optional_text(section, "api_base") {
            Some(base) => base,
            None => self.needed(section, "api_base", "the base of the site's REST API"),
        };
        let account = self.optional_text(section, "account").unwrap_or_default();
        let is_service = account.ends_with("@serviceaccount.atlassian.com");
        let at_the_site = base.trim_end_matches('/').ends_with(".atlassian.net");
        let host = browse_base.trim_end_matches('/');
        let remedy = format!("write \"{GATEWAY}/CLOUD-ID\"; {host}/_edge/tenant_info tells the id");
        if base.starts_with("https://api.atlassian.com") && !base.starts_with(&format!("{GATEWAY}/")) {
            self.wrong(section, "api_base", "is the gateway without the site", &remedy);
        } else if is_service && at_the_site {
            self.wrong(section, "api_base", "is the site itself, where service accounts are refused", &remedy);
        }
        base
    }
}

fn usual_scopes(is_person: bool, serves: bool) -> String {
    let served = scopes::SERVICE_MANAGEMENT.iter().filter(|_| serves);
    let offline = std::iter::once(&scopes::OFFLINE).filter(|_| is_person);
    scopes::MAIL.iter().chain(served).chain(offline).copied().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priv_33_a_site_is_asked_only_for_what_its_functions_need() {
        let mail = "read:jira-work write:jira-work read:jira-user";
        let service = "read:servicedesk-request write:servicedesk-request manage:servicedesk-customer";
        let table = [
            (false, false, mail.to_owned()),
            (true, false, format!("{mail} offline_access")),
            (false, true, format!("{mail} {service}")),
            (true, true, format!("{mail} {service} offline_access")),
        ];
        for (is_person, serves, scopes) in table {
            assert_eq!(usual_scopes(is_person, serves), scopes);
        }
        assert!(!usual_scopes(true, true).contains("manage:jira"), "nothing of ours configures a Jira");
    }
}
