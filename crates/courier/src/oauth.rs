//! OAuth 2.0 (RFC 6749) as values: what a token server is asked for, and what its answer means. Nothing here speaks.

mod authorization_code;
mod cloud;
mod form;

pub use authorization_code::{AuthorizationEndpoint, Loopback, NoCode, SignIn, missing_scopes};
pub use cloud::{CloudSite, read_cloud_id, read_sites};
pub(crate) use form::write_escaped;
pub use form::written;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaEncoding, RsaKeyPair};
use data_encoding::BASE64URL_NOPAD;
use policy::fault::{Fault, FaultCode};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// How long an assertion is good; both Microsoft and Google take up to an hour, and clocks differ.
const ASSERTION_S: i64 = 300;
/// A token whose server does not say how long it is good for.
const EXPIRES_IN_S: u64 = 300;

/// A program that a token server knows.
#[derive(Clone)]
pub struct Client {
    pub id: String,
    pub proof: Proof,
    /// What is asked for, separated by spaces; only what the function that is switched on needs. Empty asks for whatever the
    /// server knows of the client.
    pub scopes: String,
    /// Where tokens are asked for; assertions are good there alone.
    pub token_url: String,
}

/// How a program proves that it is the one.
#[derive(Clone)]
pub enum Proof {
    /// A program on people's machines has no secret (RFC 8252, section 8.5).
    Nothing,
    Secret(Zeroizing<String>),
    /// A signed assertion (RFC 7523, section 2.2); the server knows the certificate by its SHA-256.
    Certificate {
        key_pem: Zeroizing<String>,
        sha256: [u8; 32],
    },
}

/// For what a token is asked.
#[derive(Clone, Copy)]
pub enum Grant<'g> {
    /// The program itself (RFC 6749, section 4.4).
    ClientCredentials,
    /// Somebody who signed in before (section 6).
    RefreshToken(&'g str),
    /// Somebody who types a code elsewhere (RFC 8628).
    DeviceCode(&'g str),
    /// Somebody who opened a page in a browser (section 4.1; RFC 7636, section 4.5).
    AuthorizationCode { code: &'g str, verifier: &'g str, redirect_url: &'g str },
    /// A service that speaks for a user (RFC 7523, section 2.1, as Google's domain-wide delegation wants it).
    Service { key_pem: &'g str, user: &'g str },
}

/// What a token server gave.
pub struct Token {
    pub access: Zeroizing<String>,
    pub expires_in_s: u64,
    /// In the place of the one that was handed in, which may be good no more.
    pub refresh: Option<Zeroizing<String>>,
    /// What it is good for, when the server says so; else for all that was asked (RFC 6749, section 5.1).
    pub scopes: Option<String>,
    /// How long the refresh token is good, where a server says so, as Google does of grants with an end.
    pub refresh_expires_in_s: Option<u64>,
}

/// How a person is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsentBy {
    /// By a code that is typed elsewhere; it is asked for at this URL.
    DeviceCode(String),
    /// By a page in a browser.
    Browser(AuthorizationEndpoint),
}

/// What a token server says to somebody who is to type a code (RFC 8628, section 3.2).
pub struct DeviceCode {
    pub device_code: Zeroizing<String>,
    pub user_code: String,
    pub verification_uri: String,
    pub interval_s: u64,
    pub expires_in_s: u64,
}

/// An answer without a token.
pub enum NoToken {
    /// The person has not finished (RFC 8628, section 3.5).
    Pending,
    SlowDown,
    Failed(Fault),
}

/// The fields of a request for a token. `now_s` is the time, `id` a random number, both for assertions.
///
/// # Errors
/// `SettingsWrong` for a key that cannot sign.
pub fn token_form(
    client: &Client,
    grant: Grant<'_>,
    now_s: i64,
    id: u128,
) -> Result<Vec<(&'static str, Zeroizing<String>)>, Fault> {
    let text = |text: &str| Zeroizing::new(text.to_owned());
    if let Grant::Service { key_pem, user } = grant {
        let claims = json!({
            "iss": client.id, "sub": user, "scope": client.scopes, "aud": client.token_url,
            "iat": now_s, "exp": now_s + ASSERTION_S,
        });
        let assertion = signed(&json!({"alg": "RS256", "typ": "JWT"}), &claims, key_pem, &RSA_PKCS1_SHA256)?;
        let kind = text("urn:ietf:params:oauth:grant-type:jwt-bearer");
        return Ok(vec![("grant_type", kind), ("assertion", assertion)]);
    }
    let mut form = vec![("client_id", text(&client.id))];
    match grant {
        Grant::RefreshToken(token) => {
            form.extend([("grant_type", text("refresh_token")), ("refresh_token", text(token))]);
        }
        Grant::DeviceCode(code) => {
            let kind = "urn:ietf:params:oauth:grant-type:device_code";
            form.extend([("grant_type", text(kind)), ("device_code", text(code))]);
        }
        Grant::AuthorizationCode { code, verifier, redirect_url } => form.extend([
            ("grant_type", text("authorization_code")),
            ("code", text(code)),
            ("code_verifier", text(verifier)),
            ("redirect_uri", text(redirect_url)),
        ]),
        Grant::ClientCredentials | Grant::Service { .. } => form.push(("grant_type", text("client_credentials"))),
    }
    // Without the field a server gives what it knows of the client (section 3.3).
    if !matches!(grant, Grant::DeviceCode(_) | Grant::AuthorizationCode { .. }) && !client.scopes.is_empty() {
        form.push(("scope", text(&client.scopes)));
    }
    match &client.proof {
        Proof::Nothing => {}
        Proof::Secret(secret) => form.push(("client_secret", secret.clone())),
        Proof::Certificate { key_pem, sha256 } => {
            let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": BASE64URL_NOPAD.encode(sha256)});
            let claims = json!({
                "iss": client.id, "sub": client.id, "aud": client.token_url, "jti": format!("{id:032x}"),
                "nbf": now_s, "iat": now_s, "exp": now_s + ASSERTION_S,
            });
            let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
            form.push(("client_assertion_type", text(kind)));
            form.push(("client_assertion", signed(&header, &claims, key_pem, &RSA_PSS_SHA256)?));
        }
    }
    Ok(form)
}

/// The fields of a request for a code that somebody types elsewhere.
pub fn device_form(client: &Client) -> Vec<(&'static str, Zeroizing<String>)> {
    vec![("client_id", Zeroizing::new(client.id.clone())), ("scope", Zeroizing::new(client.scopes.clone()))]
}

/// Reads the answer to a request for a token (RFC 6749, section 5).
///
/// # Errors
/// Permanent `SignInNeeded` when what somebody allowed is good no more, permanent `TokenServerRefused` when the gateway itself
/// is refused; `TokenServerUnreachable`, temporary, for everything else.
pub fn read_token(status: u16, body: &[u8]) -> Result<Token, NoToken> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| answer[key].as_str().filter(|text| !text.is_empty());
    match text("access_token") {
        Some(access) if status == 200 => Ok(Token {
            access: Zeroizing::new(access.to_owned()),
            expires_in_s: seconds(&answer["expires_in"]).unwrap_or(EXPIRES_IN_S),
            refresh: text("refresh_token").map(|token| Zeroizing::new(token.to_owned())),
            scopes: text("scope").map(str::to_owned),
            refresh_expires_in_s: seconds(&answer["refresh_token_expires_in"]),
        }),
        _ => Err(no_token(status, text("error").unwrap_or_default())),
    }
}

/// Reads the answer to a request for a code.
///
/// # Errors
/// As [`read_token`].
pub fn read_device_code(status: u16, body: &[u8]) -> Result<DeviceCode, Fault> {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |key: &str| answer[key].as_str().map(str::to_owned);
    // Google calls it a URL.
    let uri = text("verification_uri").or_else(|| text("verification_url"));
    match (text("device_code"), text("user_code"), uri) {
        (Some(device_code), Some(user_code), Some(verification_uri)) if status == 200 => Ok(DeviceCode {
            device_code: Zeroizing::new(device_code),
            user_code,
            verification_uri,
            interval_s: seconds(&answer["interval"]).unwrap_or(5).clamp(1, 60),
            expires_in_s: seconds(&answer["expires_in"]).unwrap_or(900).min(3600),
        }),
        _ => match no_token(status, answer["error"].as_str().unwrap_or_default()) {
            NoToken::Failed(fault) => Err(fault),
            _ => Err(Fault::temporary(FaultCode::TokenServerUnreachable, "the token server's answer makes no sense")),
        },
    }
}

/// A number, or a text that is one, as some servers write it.
fn seconds(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn no_token(status: u16, error: &str) -> NoToken {
    match error {
        "authorization_pending" => NoToken::Pending,
        "slow_down" => NoToken::SlowDown,
        "expired_token" => NoToken::Failed(Fault::permanent(FaultCode::SignInNeeded, "the code was not typed in time")),
        word if status < 500 && lasting(word).is_some() => NoToken::Failed(said(word)),
        _ => {
            let detail = format!("the token server answers with status {status} and without a token");
            NoToken::Failed(Fault::temporary(FaultCode::TokenServerUnreachable, detail))
        }
    }
}

/// What a server's word means when it means no for good. The word could hold anything; the lists of RFC 6749, sections 4.1.2.1
/// and 5.2, are closed.
fn lasting(word: &str) -> Option<FaultCode> {
    match word {
        "invalid_grant" | "access_denied" => Some(FaultCode::SignInNeeded),
        "invalid_request"
        | "invalid_client"
        | "unauthorized_client"
        | "unsupported_grant_type"
        | "unsupported_response_type"
        | "invalid_scope" => Some(FaultCode::TokenServerRefused),
        _ => None,
    }
}

/// The fault for one of the words that [`lasting`] knows.
fn said(word: &str) -> Fault {
    let code = lasting(word).unwrap_or(FaultCode::TokenServerRefused);
    Fault::permanent(code, format!("the token server says {word}"))
}

/// A JWT (RFC 7519) in its compact form.
fn signed(
    header: &Value,
    claims: &Value,
    key_pem: &str,
    padding: &'static dyn RsaEncoding,
) -> Result<Zeroizing<String>, Fault> {
    let wrong = |why: &str| {
        let text = format!("The key for OAuth cannot be used ({why}): give an RSA key in PEM, PKCS#8.");
        Fault::permanent(FaultCode::SettingsWrong, text.clone()).with_public(text)
    };
    let key = PrivateKeyDer::from_pem_slice(key_pem.as_bytes()).map_err(|_| wrong("no PEM"))?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(wrong("no RSA")),
    };
    let key = key.map_err(|_| wrong("no RSA key of 2048 bits or more"))?;
    let part = |value: &Value| BASE64URL_NOPAD.encode(value.to_string().as_bytes());
    let said = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(padding, &SystemRandom::new(), said.as_bytes(), &mut signature).map_err(|_| wrong("it does not sign"))?;
    Ok(Zeroizing::new(format!("{said}.{}", BASE64URL_NOPAD.encode(&signature))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use data_encoding::BASE64;

    fn client(proof: Proof) -> Client {
        let token_url = "https://login.example/token".into();
        Client { id: "gateway".into(), proof, scopes: "read".into(), token_url }
    }

    fn form(client: &Client, grant: Grant<'_>) -> Vec<(&'static str, String)> {
        let form = token_form(client, grant, 1000, 7).unwrap();
        form.into_iter().map(|(name, value)| (name, value.to_string())).collect()
    }

    fn key() -> (RsaKeyPair, String) {
        let key = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
        let text = BASE64.encode(der.as_ref());
        (key, format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n"))
    }

    fn claims(jwt: &str) -> (Value, Value) {
        let part = |at: usize| BASE64URL_NOPAD.decode(jwt.split('.').nth(at).unwrap().as_bytes()).unwrap();
        (serde_json::from_slice(&part(0)).unwrap(), serde_json::from_slice(&part(1)).unwrap())
    }

    #[test]
    fn each_grant_asks_for_the_scopes_of_reading_and_nothing_else() {
        let secret = client(Proof::Secret(Zeroizing::new("s".into())));
        let expected =
            [("client_id", "gateway"), ("grant_type", "client_credentials"), ("scope", "read"), ("client_secret", "s")];
        assert_eq!(form(&secret, Grant::ClientCredentials), expected.map(|(name, value)| (name, value.to_owned())));
        let public = client(Proof::Nothing);
        let refresh = form(&public, Grant::RefreshToken("r"));
        assert!(refresh.contains(&("scope", "read".into())) && refresh.contains(&("refresh_token", "r".into())));
        let typed = form(&public, Grant::DeviceCode("d"));
        assert!(typed.iter().all(|(name, _)| *name != "scope" && *name != "client_secret"), "{typed:?}");
        assert_eq!(
            device_form(&public).into_iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>(),
            ["gateway", "read"]
        );
    }

    #[test]
    fn assertions_are_signed_and_short_lived() {
        let (key, pem) = key();
        let proof = Proof::Certificate { key_pem: Zeroizing::new(pem.clone()), sha256: [1; 32] };
        let credentials = form(&client(proof), Grant::ClientCredentials);
        let service = form(&client(Proof::Nothing), Grant::Service { key_pem: &pem, user: "desk@example.org" });
        for (form, name, algorithm) in [
            (&credentials, "client_assertion", &RSA_PSS_2048_8192_SHA256),
            (&service, "assertion", &RSA_PKCS1_2048_8192_SHA256),
        ] {
            let jwt = &form.iter().find(|(found, _)| *found == name).unwrap().1;
            let (said, signature) = jwt.rsplit_once('.').unwrap();
            let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
            UnparsedPublicKey::new(algorithm, key.public_key().as_ref()).verify(said.as_bytes(), &signature).unwrap();
            let (_, claims) = claims(jwt);
            assert_eq!((&claims["aud"], &claims["exp"]), (&json!("https://login.example/token"), &json!(1300)));
        }
        let (_, claims) = claims(&service[1].1);
        assert_eq!((&claims["sub"], &claims["scope"]), (&json!("desk@example.org"), &json!("read")));
        let wrong = Grant::Service { key_pem: "no key", user: "" };
        assert_eq!(token_form(&client(Proof::Nothing), wrong, 0, 0).unwrap_err().code, FaultCode::SettingsWrong);
    }

    #[test]
    fn answers_of_token_servers() {
        let token = read_token(200, br#"{"access_token":"a","expires_in":"3599","refresh_token":"r"}"#).ok().unwrap();
        assert_eq!((token.access.as_str(), token.expires_in_s, token.refresh.unwrap().as_str()), ("a", 3599, "r"));
        let fault = |status, body: &str| match read_token(status, body.as_bytes()) {
            Err(NoToken::Failed(fault)) => fault,
            _ => panic!("{body}"),
        };
        let gone = fault(400, r#"{"error":"invalid_grant","error_description":"planted"}"#);
        assert_eq!((gone.code, gone.kind), (FaultCode::SignInNeeded, policy::FaultKind::Permanent));
        let client = fault(401, r#"{"error":"invalid_client"}"#);
        assert_eq!((client.code, client.kind), (FaultCode::TokenServerRefused, policy::FaultKind::Permanent));
        assert!(gone.detail.contains("invalid_grant") && !gone.detail.contains("planted"));
        for (status, body) in [
            (503, r#"{"error":"invalid_grant"}"#),
            (200, ""),
            (400, r#"{"error":"planted"}"#),
            (500, r#"{"access_token":"a"}"#),
        ] {
            let fault = fault(status, body);
            assert_eq!(
                (fault.code, fault.kind),
                (FaultCode::TokenServerUnreachable, policy::FaultKind::Temporary),
                "{body}"
            );
            assert!(!fault.detail.contains("planted"));
        }
        assert!(matches!(read_token(400, br#"{"error":"authorization_pending"}"#), Err(NoToken::Pending)));
        let code =
            br#"{"device_code":"d","user_code":"U-1","verification_url":"https://login.example/device","interval":0}"#;
        let code = read_device_code(200, code).unwrap();
        assert_eq!((code.user_code.as_str(), code.interval_s, code.expires_in_s), ("U-1", 1, 900));
        assert!(read_device_code(200, b"[]").is_err());
    }
}
