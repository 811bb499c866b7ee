//! What is said to a channel: one request, and whether the other end took it.

use super::connection::SiteConnection;
use super::parking::quiet_s;
use super::speaker::client;
use super::token_server::Route;
use super::troubles;
use jiff::Timestamp;
use policy::bulletin::channel::Post;
use policy::{Fault, FaultCode, FaultKind};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use tracker::Method;
use url::Url;

/// Says it there. `https` only, or `http` on this machine where private addresses are allowed; redirects are not followed.
///
/// # Errors
/// `ChannelUnreachable`, temporary when nothing was said and unknown when the answer was lost; `ChannelRefused` for good;
/// `SettingsWrong` or `AddressRefused` when the URL cannot be used. None of them holds the URL.
pub(crate) async fn post_to_channel(
    url: &Url,
    route: &Route,
    authorization: Option<&str>,
    post: Post,
) -> Result<(), Fault> {
    let mut base = url.clone();
    base.set_path("/");
    base.set_query(None);
    base.set_fragment(None);
    let mut connection = SiteConnection::new("a channel", base, "", "");
    connection.allow_private = route.allow_private;
    connection.extra_certificate_authorities = route.authorities.clone();
    connection.proxy = route.proxy.clone();
    let client = client(&connection, connection.reach()?)?;
    let mut request = client.post(url.clone()).timeout(connection.answer_timeout);
    request = request.header(CONTENT_TYPE, post.content_type);
    for (name, value) in post.headers {
        request = request.header(name, value);
    }
    if let Some(authorization) = authorization {
        let wrong = |_| Fault::permanent(FaultCode::SettingsWrong, "a channel's authorization fits in no header");
        let mut value = HeaderValue::from_str(authorization).map_err(wrong)?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    let response = request.body(post.body).send().await.map_err(|error| lost(&error))?;
    let status = response.status().as_u16();
    judge(status, quiet_s(status, response.headers(), Timestamp::now()))
}

/// The client tells of trackers; here the same means a channel.
fn lost(error: &reqwest::Error) -> Fault {
    let fault = troubles::fault(error, Method::Post);
    if fault.code == FaultCode::AddressRefused {
        return fault;
    }
    match fault.kind {
        FaultKind::Unknown => Fault::unknown(FaultCode::ChannelUnreachable, "the answer of a channel was lost"),
        _ => Fault::temporary(FaultCode::ChannelUnreachable, "a channel could not be reached"),
    }
}

/// What a status means.
fn judge(status: u16, retry_after_s: Option<u64>) -> Result<(), Fault> {
    let detail = format!("status {status}");
    match status {
        200..=299 => Ok(()),
        429 | 503 => {
            let fault = Fault::temporary(FaultCode::ChannelUnreachable, detail);
            Err(fault.with_retry_after_s(retry_after_s.unwrap_or(60)))
        }
        408 | 500..=599 => Err(Fault::unknown(FaultCode::ChannelUnreachable, detail)),
        _ => Err(Fault::permanent(FaultCode::ChannelRefused, detail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        let kind = |status| judge(status, Some(7)).err().map(|fault| (fault.kind, fault.retry_after_s));
        assert_eq!([200, 202, 204].map(kind), [None; 3]);
        assert_eq!([429, 503].map(kind), [Some((FaultKind::Temporary, Some(7))); 2]);
        assert_eq!([408, 500, 502].map(kind), [Some((FaultKind::Unknown, None)); 3]);
        assert_eq!([301, 400, 401, 403, 404, 410].map(kind), [Some((FaultKind::Permanent, None)); 6]);
    }
}
