//! Which sites a token of Atlassian's is good for, and which of them is the one that is meant.

use policy::fault::{Fault, FaultCode};
use serde_json::Value;

/// More sites than a person can have.
const SITES_MAX: usize = 1000;

/// A site that a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloudSite {
    /// What stands in the path of the API gateway.
    pub cloud_id: String,
    /// The base of links that people open.
    pub url: String,
}

/// Reads the answer of `accessible-resources`.
///
/// # Errors
/// `SignInNeeded`, permanent, when the token is refused; `TokenServerUnreachable`, temporary, for everything else.
pub fn read_sites(status: u16, body: &[u8]) -> Result<Vec<CloudSite>, Fault> {
    let nonsense = || {
        let detail = format!("the list of sites is none, with status {status}");
        Fault::temporary(FaultCode::TokenServerUnreachable, detail)
    };
    if status == 401 || status == 403 {
        return Err(Fault::permanent(FaultCode::SignInNeeded, "the token is good for no list of sites"));
    }
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let list = answer.as_array().filter(|_| status == 200).ok_or_else(nonsense)?;
    let site = |one: &Value| {
        let url = one["url"].as_str()?.trim_end_matches('/').to_ascii_lowercase();
        Some(CloudSite { cloud_id: cloud_id(&one["id"])?, url })
    };
    list.iter().take(SITES_MAX).map(|one| site(one).ok_or_else(nonsense)).collect()
}

/// Reads a site's own word of its id (`/_edge/tenant_info`); `None` when it is none.
pub fn read_cloud_id(status: u16, body: &[u8]) -> Option<String> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    cloud_id(&answer["cloudId"]).filter(|_| status == 200)
}

/// An id becomes a part of the path of every request, so it holds nothing that means something there.
fn cloud_id(value: &Value) -> Option<String> {
    let plain =
        |id: &&str| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    value.as_str().filter(plain).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sites_have_plain_ids() {
        let body = br#"[{"id":"11223344-a1b2","url":"https://Example.atlassian.net/","name":"x","scopes":["read:jira-work"]}]"#;
        let site = CloudSite { cloud_id: "11223344-a1b2".into(), url: "https://example.atlassian.net".into() };
        assert_eq!(read_sites(200, body).unwrap(), [site]);
        assert_eq!(read_sites(200, b"[]").unwrap(), []);
        assert_eq!(read_sites(401, body).unwrap_err().code, FaultCode::SignInNeeded);
        for (status, body) in [
            (500, "[]"),
            (200, "{}"),
            (200, ""),
            (200, r#"[{"id":"../admin","url":"https://a.example"}]"#),
            (200, r#"[{"id":"","url":"https://a.example"}]"#),
            (200, r#"[{"id":"a"}]"#),
        ] {
            assert_eq!(
                read_sites(status, body.as_bytes()).unwrap_err().code,
                FaultCode::TokenServerUnreachable,
                "{body}"
            );
        }
        assert_eq!(read_cloud_id(200, br#"{"cloudId":"a-1"}"#).as_deref(), Some("a-1"));
        assert_eq!(read_cloud_id(404, br#"{"cloudId":"a-1"}"#), None);
        assert_eq!(read_cloud_id(200, br#"{"cloudId":"a/1"}"#), None);
    }
}
