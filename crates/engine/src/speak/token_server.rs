//! Requests for tokens: forms out, small answers back, to one server that the settings name.

use super::connection::SiteConnection;
use super::speaker::client;
use policy::{Fault, FaultCode};
use std::fmt::Write;
use std::path::PathBuf;
use url::Url;
use zeroize::Zeroizing;

/// A token is a few kilobytes; some servers add an identity.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Sends a form to this URL (RFC 6749, section 4) and brings back the status and the body. `https` only, or `http` on this
/// machine; private addresses only where that is allowed.
///
/// # Errors
/// `MailboxUnreachable`, temporary, when there is no answer; `SettingsWrong` or `AddressRefused` when the URL cannot be used.
/// None of them repeats the form.
pub async fn ask_token_server(
    url: &Url,
    allow_private: bool,
    authorities: Option<PathBuf>,
    form: &[(&'static str, Zeroizing<String>)],
) -> Result<(u16, Zeroizing<Vec<u8>>), Fault> {
    let mut connection = SiteConnection::new("a token server", url.clone(), "", "");
    connection.allow_private = allow_private;
    connection.extra_certificate_authorities = authorities.into_iter().collect();
    let reach = connection.reach()?;
    let client = client(&connection, reach)?;
    let lost = |what: &str| Fault::temporary(FaultCode::MailboxUnreachable, format!("the token server {what}"));
    let request = client
        .post(url.clone())
        .timeout(connection.answer_timeout)
        .header(reqwest::header::ACCEPT, "application/json")
        .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(written(form).to_string());
    let mut response = request.send().await.map_err(|error| match error.is_timeout() {
        true => lost("does not answer in time"),
        false => lost("cannot be reached"),
    })?;
    let status = response.status().as_u16();
    let mut body = Zeroizing::new(Vec::new());
    while let Some(piece) = response.chunk().await.map_err(|_| lost("breaks off its answer"))? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(lost("says more than a token"));
        }
        body.extend_from_slice(&piece);
    }
    Ok((status, body))
}

/// `application/x-www-form-urlencoded` with every octet escaped that is not plainly a letter or a digit.
fn written(form: &[(&'static str, Zeroizing<String>)]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => text.push(char::from(byte)),
                // Writing to a String cannot fail.
                _ => drop(write!(text, "%{byte:02X}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_escaped() {
        let form = [("scope", Zeroizing::new("a b&c=d".to_owned())), ("x", Zeroizing::new("\u{e9}".to_owned()))];
        assert_eq!(written(&form).as_str(), "scope=a%20b%26c%3Dd&x=%C3%A9");
    }
}
