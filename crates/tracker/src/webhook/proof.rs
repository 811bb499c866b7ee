//! Who sent a webhook: HMAC over the raw bytes, or a JWT of the app that it was registered with. Decided before any of the
//! body is read.

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use serde::Deserialize;

/// Clocks may differ by this much, in seconds.
const SKEW_S: i64 = 60;
/// The longest token that is looked at.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// What the sender and we know.
#[derive(Clone)]
pub enum Secret {
    /// Of an admin webhook: signs the raw bytes (`X-Hub-Signature: sha256=…`).
    Shared(Vec<u8>),
    /// Of the OAuth app that a dynamic webhook was registered with: signs a JWT (RFC 7519) with HS256.
    Client(Vec<u8>),
}

/// What of a request's header says who sent it. Each value as often as it stands there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    pub signatures: &'a [&'a str],
    pub authorizations: &'a [&'a str],
    /// The path that was asked, below the address of this server, such as `/hooks/north`.
    pub path: &'a str,
}

/// Why a webhook is not believed; said to nobody but in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unproved {
    /// Neither signature nor token.
    Unsigned,
    /// Two of a kind, or one of each: whichever is looked at, the other may have been meant.
    Ambiguous,
    /// Another way to sign, or none at all (`alg: none`).
    Method,
    /// It does not fit.
    Wrong,
    /// A token that is over, not yet good, or of another request.
    Expired,
}

impl Unproved {
    /// The word that stands in the log.
    pub fn word(self) -> &'static str {
        match self {
            Unproved::Unsigned => "unsigned",
            Unproved::Ambiguous => "ambiguous",
            Unproved::Method => "method",
            Unproved::Wrong => "wrong",
            Unproved::Expired => "expired",
        }
    }
}

/// Whether somebody who knows one of the secrets sent these bytes. All are tried, so that a secret can be replaced; the comparison
/// takes the same time wherever it differs.
///
/// # Errors
/// Why not. An empty secret proves nothing.
pub fn prove(headers: Headers<'_>, body: &[u8], secrets: &[Secret], now_s: i64) -> Result<(), Unproved> {
    match (headers.signatures, headers.authorizations) {
        ([], []) => Err(Unproved::Unsigned),
        ([signature], []) => signed(signature, body, secrets),
        ([], [authorization]) => token(authorization, headers.path, secrets, now_s),
        _ => Err(Unproved::Ambiguous),
    }
}

/// `method=signature` of an admin webhook; only `sha256` and 64 lower-case hexadecimal digits.
fn signed(signature: &str, body: &[u8], secrets: &[Secret]) -> Result<(), Unproved> {
    let (method, hex) = signature.split_once('=').ok_or(Unproved::Method)?;
    if method != "sha256" {
        return Err(Unproved::Method);
    }
    let tag = HEXLOWER.decode(hex.as_bytes()).map_err(|_| Unproved::Wrong)?;
    let shared = secrets.iter().filter_map(|secret| match secret {
        Secret::Shared(secret) => Some(secret),
        Secret::Client(_) => None,
    });
    is_by_any(shared, body, &tag)
}

fn is_by_any<'a>(secrets: impl Iterator<Item = &'a Vec<u8>>, signed: &[u8], tag: &[u8]) -> Result<(), Unproved> {
    let fits = |secret: &Vec<u8>| {
        !secret.is_empty() && hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed, tag).is_ok()
    };
    match secrets.filter(|secret| fits(secret)).count() {
        0 => Err(Unproved::Wrong),
        _ => Ok(()),
    }
}

#[derive(Deserialize)]
struct Head {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    exp: i64,
    nbf: Option<i64>,
    /// The digest of the request that the token is for.
    qsh: Option<String>,
}

fn token(authorization: &str, path: &str, secrets: &[Secret], now_s: i64) -> Result<(), Unproved> {
    let (scheme, token) = authorization.split_once(' ').ok_or(Unproved::Method)?;
    let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("jwt");
    if !known || token.len() > TOKEN_BYTES_MAX {
        return Err(Unproved::Method);
    }
    let (signed, tag) = token.trim().rsplit_once('.').ok_or(Unproved::Wrong)?;
    let (head, claims) = signed.split_once('.').ok_or(Unproved::Wrong)?;
    let head: Head = part(head).ok_or(Unproved::Wrong)?;
    if head.alg != "HS256" {
        return Err(Unproved::Method);
    }
    let tag = BASE64URL_NOPAD.decode(tag.as_bytes()).map_err(|_| Unproved::Wrong)?;
    let clients = secrets.iter().filter_map(|secret| match secret {
        Secret::Client(secret) => Some(secret),
        Secret::Shared(_) => None,
    });
    is_by_any(clients, signed.as_bytes(), &tag)?;
    let claims: Claims = part(claims).ok_or(Unproved::Wrong)?;
    let is_now =
        claims.exp.saturating_add(SKEW_S) > now_s && claims.nbf.is_none_or(|nbf| nbf <= now_s.saturating_add(SKEW_S));
    let is_ours = claims.qsh.is_none_or(|qsh| qsh == of_request(path) || qsh == "context-qsh");
    if is_now && is_ours { Ok(()) } else { Err(Unproved::Expired) }
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_slice(&BASE64URL_NOPAD.decode(text.as_bytes()).ok()?).ok()
}

/// The query string hash of a POST without a query.
fn of_request(path: &str) -> String {
    let canonical = format!("POST&{path}&");
    HEXLOWER.encode(digest::digest(&digest::SHA256, canonical.as_bytes()).as_ref())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The test vector of Atlassian's page on securing admin webhooks.
    const SECRET: &[u8] = b"It's a Secret to Everybody";
    const BODY: &[u8] = b"Hello World!";
    const SIGNATURE: &str = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
    const NOW_S: i64 = 1_700_000_000;

    fn by_signature(signatures: &[&str], body: &[u8], secret: &[u8]) -> Result<(), Unproved> {
        let headers = Headers { signatures, path: "/hooks/north", ..Headers::default() };
        prove(headers, body, &[Secret::Shared(secret.to_vec())], NOW_S)
    }

    #[test]
    fn sec_38_only_the_right_signature_of_the_right_bytes_is_believed() {
        assert_eq!(by_signature(&[SIGNATURE], BODY, SECRET), Ok(()));
        let changed = SIGNATURE.replace("a477", "a577");
        let upper = format!("sha256={}", SIGNATURE[7..].to_uppercase());
        let sha1 = "sha1=0123456789abcdef0123456789abcdef01234567";
        for (signature, why) in [
            (changed.as_str(), Unproved::Wrong),
            (&upper, Unproved::Wrong),
            (&SIGNATURE[..SIGNATURE.len() - 2], Unproved::Wrong),
            ("sha256=", Unproved::Wrong),
            (sha1, Unproved::Method),
            (&SIGNATURE[7..], Unproved::Method),
            ("", Unproved::Method),
        ] {
            assert_eq!(by_signature(&[signature], BODY, SECRET), Err(why), "{signature}");
        }
        for bit in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(by_signature(&[SIGNATURE], &body, SECRET), Err(Unproved::Wrong), "bit {bit}");
        }
        assert_eq!(by_signature(&[SIGNATURE], BODY, b"of another site"), Err(Unproved::Wrong));
        assert_eq!(by_signature(&[], BODY, SECRET), Err(Unproved::Unsigned));
        assert_eq!(by_signature(&[SIGNATURE, SIGNATURE], BODY, SECRET), Err(Unproved::Ambiguous));
        let of_empty = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b""), BODY);
        let of_empty = format!("sha256={}", HEXLOWER.encode(of_empty.as_ref()));
        assert_eq!(by_signature(&[&of_empty], BODY, b""), Err(Unproved::Wrong), "an empty secret is everybody's");
    }

    #[test]
    fn a_secret_can_be_replaced() {
        let headers = Headers { signatures: &[SIGNATURE], ..Headers::default() };
        let both = [Secret::Shared(b"the new one".to_vec()), Secret::Shared(SECRET.to_vec())];
        assert_eq!(prove(headers, BODY, &both, NOW_S), Ok(()));
        assert_eq!(prove(headers, BODY, &[Secret::Client(SECRET.to_vec())], NOW_S), Err(Unproved::Wrong));
        assert_eq!(prove(headers, BODY, &[], NOW_S), Err(Unproved::Wrong));
    }

    fn jwt(head: &str, claims: &str, secret: &[u8]) -> String {
        let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
        let signed = format!("{}.{}", encode(head), encode(claims));
        let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), signed.as_bytes());
        format!("Bearer {signed}.{}", BASE64URL_NOPAD.encode(tag.as_ref()))
    }

    #[test]
    fn sec_38_only_a_token_of_the_app_that_is_good_now_is_believed() {
        let by_token = |authorization: &str| {
            let authorizations = [authorization];
            let headers = Headers { authorizations: &authorizations, path: "/hooks/north", signatures: &[] };
            prove(headers, BODY, &[Secret::Client(SECRET.to_vec()), Secret::Shared(b"x".to_vec())], NOW_S)
        };
        const HS256: &str = r#"{"typ":"JWT","alg":"HS256"}"#;
        let good = format!(r#"{{"exp":{}}}"#, NOW_S + 100);
        assert_eq!(by_token(&jwt(HS256, &good, SECRET)), Ok(()));
        let ours = format!(r#"{{"exp":{},"qsh":"{}"}}"#, NOW_S + 100, of_request("/hooks/north"));
        assert_eq!(by_token(&jwt(HS256, &ours, SECRET)), Ok(()));
        let theirs = format!(r#"{{"exp":{},"qsh":"{}"}}"#, NOW_S + 100, of_request("/hooks/south"));
        let unsigned = jwt(r#"{"alg":"none"}"#, &good, SECRET);
        let (unsigned, _) = unsigned.rsplit_once('.').unwrap();
        for (authorization, why) in [
            (jwt(HS256, &theirs, SECRET), Unproved::Expired),
            (jwt(HS256, &format!(r#"{{"exp":{}}}"#, NOW_S - SKEW_S), SECRET), Unproved::Expired),
            (jwt(HS256, &format!(r#"{{"exp":{},"nbf":{}}}"#, NOW_S + 900, NOW_S + 800), SECRET), Unproved::Expired),
            (jwt(HS256, r#"{"iat":1}"#, SECRET), Unproved::Wrong),
            (jwt(HS256, &good, b"x"), Unproved::Wrong),
            (jwt(r#"{"alg":"RS256"}"#, &good, SECRET), Unproved::Method),
            (jwt(r#"{"alg":"none"}"#, &good, SECRET), Unproved::Method),
            (format!("{unsigned}."), Unproved::Method),
            (format!("{}x", jwt(HS256, &good, SECRET)), Unproved::Wrong),
            ("Bearer a.b".to_owned(), Unproved::Wrong),
            ("Basic eDp5".to_owned(), Unproved::Method),
            ("Bearer".to_owned(), Unproved::Method),
        ] {
            assert_eq!(by_token(&authorization), Err(why), "{authorization}");
        }
    }
}
