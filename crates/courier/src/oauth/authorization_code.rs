//! The authorization code with PKCE (RFC 7636): the page that a person opens, and what comes back from there.

use super::form::{value, written};
use super::{Client, lasting, said};
use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use policy::fault::{Fault, FaultCode};
use zeroize::Zeroizing;

/// Where a person is asked in a browser (RFC 6749, section 3.1), and where the browser is sent afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationEndpoint {
    pub url: String,
    /// What the server wants to hear beside what every server does.
    pub parameters: Vec<(String, String)>,
    /// Who answers, where the server tells it in its answers (RFC 9207).
    pub issuer: Option<String>,
    /// `http` on loopback (RFC 8252, section 7.3), or a page of whoever runs the gateway. Without a port any free one is taken.
    pub redirect_url: String,
}

/// A redirect URL on this machine (RFC 8252, section 7.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loopback {
    /// `127.0.0.1`, `localhost` or `[::1]`.
    pub host: String,
    /// `None`: any free one.
    pub port: Option<u16>,
    /// May be empty, because servers compare letter by letter.
    pub path: String,
}

impl Loopback {
    /// `None` for a page elsewhere, and for what is no such URL.
    pub fn of(url: &str) -> Option<Loopback> {
        let rest = url.strip_prefix("http://")?;
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        // A colon stands in the address of IPv6 too, so the last one counts.
        let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
            Some((host, port)) => (host, Some(port.parse().ok().filter(|port| *port > 0)?)),
            None => (authority, None),
        };
        let right = ["127.0.0.1", "localhost", "[::1]"].contains(&host) && !path.contains(['?', '#']);
        right.then(|| Loopback { host: host.to_owned(), port, path: path.to_owned() })
    }

    /// The whole URL, with the port that is listened on.
    pub fn url(&self, port: u16) -> String {
        format!("http://{}:{port}{}", self.host, self.path)
    }
}

/// One sign-in under way, with what only this program knows of it.
pub struct SignIn {
    verifier: Zeroizing<String>,
    state: Zeroizing<String>,
    redirect_url: String,
}

/// An answer without a code.
#[derive(Debug)]
pub enum NoCode {
    /// It belongs to another sign-in, or somebody made it up (RFC 9700, section 4.7): the right one may still come.
    NotOurs,
    Failed(Fault),
}

impl SignIn {
    /// `random` is 64 octets that nobody can guess; `redirect_url` is whole, with its port.
    pub fn new(random: &[u8; 64], redirect_url: &str) -> SignIn {
        let (verifier, state) = random.split_at(32);
        let text = |bytes| Zeroizing::new(BASE64URL_NOPAD.encode(bytes));
        SignIn { verifier: text(verifier), state: text(state), redirect_url: redirect_url.to_owned() }
    }

    /// What the server gives the token for: it proves that the code is in the hands of who asked (RFC 7636, section 4.5).
    pub fn verifier(&self) -> &str {
        &self.verifier
    }

    pub fn redirect_url(&self) -> &str {
        &self.redirect_url
    }

    /// What the person opens. It holds no secret: the challenge is a hash (S256; RFC 9700, section 2.1.1).
    pub fn url(&self, client: &Client, endpoint: &AuthorizationEndpoint) -> String {
        let challenge = BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, self.verifier.as_bytes()).as_ref());
        let usual = [
            ("response_type", "code"),
            ("client_id", client.id.as_str()),
            ("redirect_uri", self.redirect_url.as_str()),
            ("scope", client.scopes.as_str()),
            ("state", self.state.as_str()),
            ("code_challenge", challenge.as_str()),
            ("code_challenge_method", "S256"),
        ];
        let more = endpoint.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let separator = if endpoint.url.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", endpoint.url, written(usual.into_iter().chain(more)).as_str())
    }

    /// The code in the address that the browser was sent to, or in its query alone.
    ///
    /// # Errors
    /// `SignInNeeded` when the person said no, or the answer is another server's (RFC 9207, section 2.4); `TokenServerRefused`
    /// when the server says what is wrong with the request.
    pub fn code(&self, answer: &str, endpoint: &AuthorizationEndpoint) -> Result<Zeroizing<String>, NoCode> {
        let query = answer.trim().split('#').next().unwrap_or_default();
        let query = query.split_once('?').map_or(query, |(_, query)| query);
        let state = value(query, "state").ok_or(NoCode::NotOurs)?;
        if state.as_str() != self.state.as_str() {
            return Err(NoCode::NotOurs);
        }
        let failed = |fault| Err(NoCode::Failed(fault));
        if let (Some(told), Some(issuer)) = (value(query, "iss"), &endpoint.issuer)
            && told.as_str() != issuer
        {
            let detail = "the answer is another server's than the one that was asked";
            return failed(Fault::permanent(FaultCode::SignInNeeded, detail));
        }
        match (value(query, "error"), value(query, "code")) {
            (Some(word), _) if lasting(&word).is_some() => failed(said(&word)),
            (None, Some(code)) if !code.is_empty() => Ok(code),
            _ => {
                let detail = "the token server answers without a code";
                failed(Fault::temporary(FaultCode::TokenServerUnreachable, detail))
            }
        }
    }
}

/// What was asked for and not given. A server that says nothing of it gave all (RFC 6749, section 5.1).
///
/// Servers write the same scope with and without the address of the resource and in other letters, so the last part counts.
/// What only says how tokens are given out is not a right, and no server lists it.
pub fn missing_scopes(asked: &str, given: Option<&str>) -> Vec<String> {
    const NO_RIGHTS: [&str; 5] = ["offline_access", "openid", "profile", "email", ".default"];
    let name = |scope: &str| scope.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let Some(given) = given else { return Vec::new() };
    let given: Vec<String> = given.split([' ', ',']).map(name).collect();
    let wanted = asked.split(' ').filter(|scope| !scope.is_empty());
    let missing = wanted.filter(|scope| !NO_RIGHTS.contains(&name(scope).as_str()) && !given.contains(&name(scope)));
    missing.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::Proof;
    use super::*;

    fn endpoint() -> AuthorizationEndpoint {
        AuthorizationEndpoint {
            url: "https://login.example/authorize".into(),
            parameters: vec![("access_type".into(), "offline".into())],
            issuer: Some("https://login.example".into()),
            redirect_url: "http://127.0.0.1".into(),
        }
    }

    fn sign_in() -> SignIn {
        let random: [u8; 64] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        SignIn::new(&random, "http://127.0.0.1:4711")
    }

    #[test]
    fn the_page_is_asked_for_with_state_and_a_hash_of_the_verifier() {
        let client = Client {
            id: "gateway".into(),
            proof: Proof::Secret(Zeroizing::new("planted".into())),
            scopes: "https://mail.google.com/".into(),
            token_url: String::new(),
        };
        let (sign_in, url) = (sign_in(), sign_in().url(&client, &endpoint()));
        let query = url.strip_prefix("https://login.example/authorize?").unwrap();
        let read = |name| value(query, name).unwrap().to_string();
        let hash = BASE64URL_NOPAD.encode(digest::digest(&digest::SHA256, sign_in.verifier().as_bytes()).as_ref());
        assert_eq!((read("code_challenge"), read("code_challenge_method")), (hash, "S256".into()));
        assert_eq!((read("redirect_uri"), read("access_type")), ("http://127.0.0.1:4711".into(), "offline".into()));
        assert_eq!((read("scope"), read("response_type")), (client.scopes.clone(), "code".into()));
        // RFC 7636, section 4.1.
        assert!((43..=128).contains(&sign_in.verifier().len()));
        assert!(!url.contains(sign_in.verifier()) && !url.contains("planted"));
    }

    /// RFC 7636, appendix B.
    #[test]
    fn the_challenge_is_that_of_the_standard() {
        let octets = [
            116, 24, 223, 180, 151, 153, 224, 37, 79, 250, 96, 125, 216, 173, 187, 186, 22, 212, 37, 77, 105, 214, 191,
            240, 91, 88, 5, 88, 83, 132, 141, 121,
        ];
        let mut random = [0; 64];
        random[..32].copy_from_slice(&octets);
        let client =
            Client { id: String::new(), proof: Proof::Nothing, scopes: String::new(), token_url: String::new() };
        let sign_in = SignIn::new(&random, "");
        assert_eq!(sign_in.verifier(), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        let url = sign_in.url(&client, &endpoint());
        assert_eq!(value(&url, "code_challenge").unwrap().as_str(), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }

    #[test]
    fn only_the_answer_to_this_sign_in_counts() {
        let (sign_in, endpoint) = (sign_in(), endpoint());
        let state = sign_in.state.to_string();
        let good = format!("code=abc%2Fd&state={state}");
        for answer in [
            good.clone(),
            format!("http://127.0.0.1:4711/?{good}"),
            format!(" http://127.0.0.1:4711?{good}&iss=https%3A%2F%2Flogin.example#x\n"),
        ] {
            assert_eq!(sign_in.code(&answer, &endpoint).unwrap().as_str(), "abc/d", "{answer}");
        }
        for answer in ["", "abc", "code=abc", "code=abc&state=", "code=abc&state=other", "favicon.ico"] {
            assert!(matches!(sign_in.code(answer, &endpoint), Err(NoCode::NotOurs)), "{answer}");
        }
        let doubled = format!("state={state}&{good}");
        assert!(matches!(sign_in.code(&doubled, &endpoint), Err(NoCode::NotOurs)));
        let table = [
            (format!("{good}&iss=https%3A%2F%2Fevil.example"), FaultCode::SignInNeeded),
            (format!("error=access_denied&state={state}"), FaultCode::SignInNeeded),
            (format!("error=invalid_scope&state={state}"), FaultCode::TokenServerRefused),
            (format!("error=planted&state={state}"), FaultCode::TokenServerUnreachable),
            (format!("code=&state={state}"), FaultCode::TokenServerUnreachable),
        ];
        for (answer, code) in table {
            let Err(NoCode::Failed(fault)) = sign_in.code(&answer, &endpoint) else { panic!("{answer}") };
            assert_eq!(fault.code, code, "{answer}");
            assert!(!fault.detail.contains("planted"));
        }
    }

    #[test]
    fn redirect_urls_on_this_machine() {
        let url = |text: &str| Loopback::of(text).map(|found| (found.port, found.url(found.port.unwrap_or(4711))));
        for (text, port, whole) in [
            ("http://127.0.0.1", None, "http://127.0.0.1:4711"),
            ("http://localhost/", None, "http://localhost:4711/"),
            ("http://localhost:8028/signed-in", Some(8028), "http://localhost:8028/signed-in"),
            ("http://[::1]", None, "http://[::1]:4711"),
            ("http://[::1]:80/a", Some(80), "http://[::1]:80/a"),
        ] {
            assert_eq!(url(text), Some((port, whole.to_owned())), "{text}");
        }
        for text in [
            "",
            "https://127.0.0.1",
            "http://example.org",
            "http://127.0.0.1.example.org/",
            "http://localhost:0/",
            "http://localhost:99999/",
            "http://localhost:x/",
            "http://u@localhost/",
            "http://localhost/?a=b",
        ] {
            assert_eq!(url(text), None, "{text}");
        }
    }

    #[test]
    fn what_was_not_given_is_named() {
        let imap = "https://outlook.office365.com/IMAP.AccessAsUser.All offline_access";
        let table = [
            (imap, None, vec![]),
            (imap, Some("https://outlook.office.com/imap.accessasuser.all"), vec![]),
            (imap, Some("User.Read"), vec!["https://outlook.office365.com/IMAP.AccessAsUser.All"]),
            ("https://mail.google.com/", Some("https://mail.google.com/ openid"), vec![]),
            ("read:jira-work write:jira-work offline_access", Some("read:jira-work"), vec!["write:jira-work"]),
            ("https://outlook.office365.com/.default", Some("whatever"), vec![]),
        ];
        for (asked, given, missing) in table {
            assert_eq!(missing_scopes(asked, given), missing, "{asked} {given:?}");
        }
    }
}
