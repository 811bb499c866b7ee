//! Settings of accounts that are opened with tokens: the same for whatever has one.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

/// The settings of one section's accounts; what `oauth` and `oauth_scopes` mean there.
macro_rules! oauth {
    ($section:literal, $oauth:literal, $scopes:literal $(,)?) => {
        &[
            setting(
                concat!($section, ".oauth"),
                Choice(&["client_credentials", "person", "service_account"]),
                Empty,
                $oauth,
            ),
            setting(
                concat!($section, ".oauth_client"),
                Text,
                Empty,
                "The id under which the token server knows this gateway; that of a service stands in its key.",
            ),
            setting(concat!($section, ".oauth_client_secret"), Secret, Empty, "The client's secret; or a certificate and its key."),
            setting(
                concat!($section, ".oauth_secret_expires"),
                Text,
                Empty,
                "The day on which that secret ends, such as `2027-01-31`; it is told ahead.",
            ),
            setting(
                concat!($section, ".oauth_certificate"),
                Path,
                Empty,
                "The client's certificate in PEM, which the token server knows.",
            ),
            setting(
                concat!($section, ".oauth_key"),
                Secret,
                Empty,
                "The private key of that certificate in PEM, or the key of a Google service as JSON.",
            ),
            setting(
                concat!($section, ".oauth_tenant"),
                Text,
                Empty,
                "The organisation, for Microsoft's presets; needed with `client_credentials`, else `organizations`.",
            ),
            setting(
                concat!($section, ".oauth_scopes"),
                Text,
                Empty,
                $scopes,
            ),
            setting(concat!($section, ".oauth_token_url"), Url, Empty, "The token server. Default: the preset's."),
            setting(
                concat!($section, ".oauth_sign_in"),
                Choice(&["browser", "device_code"]),
                Empty,
                "How a person signs in: on a page in a browser, or by a code that is typed elsewhere. Default: the code where the \
                 provider has one for mail, unless `oauth_authorize_url` is set.",
            ),
            setting(
                concat!($section, ".oauth_device_url"),
                Url,
                Empty,
                "Where codes for signing in are asked for. Default: the preset's.",
            ),
            setting(concat!($section, ".oauth_authorize_url"), Url, Empty, "The page on which a person signs in. Default: the preset's."),
            setting(
                concat!($section, ".oauth_redirect_url"),
                Url,
                Empty,
                "Where the browser is sent afterwards, as the token server knows it: on this machine, with a fixed port or any free one, \
                 or a page of yours from which the address is pasted. Default: the preset's, or `http://127.0.0.1`.",
            ),
            setting(
                concat!($section, ".oauth_issuer"),
                Text,
                Empty,
                "Who must have answered, where the token server says so (RFC 9207). Default: the preset's.",
            ),
            setting(
                concat!($section, ".oauth_allow_private"),
                Bool,
                Means("false"),
                "Let requests for tokens go to private and loopback addresses.",
            ),
        ]
    };
}

pub(super) const OF_OUTGOING: &[Setting] = oauth!(
    "outgoing[]",
    "The account is opened with tokens (OAuth 2.0) instead of a password: the gateway's own, those of a person who signs in once \
         (`sealpost outgoing sign-in`), or those of a Google service that may speak for the user. The grant is one of its own, for \
         sending alone.",
    "What is asked for, separated by spaces. Default: the preset's, to send and nothing else.",
);

pub(super) const OF_MAILBOXES: &[Setting] = oauth!(
    "mailbox[]",
    "Fetching: the account is opened with tokens (OAuth 2.0) instead of a password: the gateway's own, those of a person who \
         signs in once, or those of a Google service that may speak for the user.",
    "What is asked for, separated by spaces. Default: the preset's; with Graph what the mailbox needs.",
);
