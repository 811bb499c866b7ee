//! Settings of the servers that letters leave by.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting("outgoing[].name", Text, Refused, "The name by which sites refer to this server."),
    setting(
        "outgoing[].preset",
        Choice(super::super::presets::NAMES),
        Empty,
        "A provider whose server and scopes are known.",
    ),
    setting(
        "outgoing[].host",
        Text,
        Empty,
        "The server's name, which its certificate must bear. Needed without `preset`.",
    ),
    setting(
        "outgoing[].tls",
        Choice(&["starttls", "implicit", "none"]),
        Means("starttls"),
        "Encryption, demanded and never given up; `none` only to a server on this machine.",
    ),
    setting(
        "outgoing[].port",
        Integer { min: 1, max: 65_535 },
        Empty,
        "Its port; without it 587 for `starttls`, 465 for `implicit`, 25 for `none`.",
    ),
    setting(
        "outgoing[].authorities",
        Path,
        Empty,
        "A PEM file of certificate authorities to trust instead of the system's.",
    ),
    setting("outgoing[].user", Text, Empty, "The account's name on the server, when it wants one."),
    setting("outgoing[].password", Secret, Empty, "That account's password."),
    setting(
        "outgoing[].oauth",
        Choice(&["client_credentials", "person", "service_account"]),
        Empty,
        "The account is opened with tokens (OAuth 2.0) instead of a password: the gateway's own, those of a person who signs in once \
         (`sealpost outgoing sign-in`), or those of a Google service that may speak for the user. The grant is one of its own, for \
         sending alone.",
    ),
    setting(
        "outgoing[].oauth_client",
        Text,
        Empty,
        "The id under which the token server knows this gateway; that of a service stands in its key.",
    ),
    setting("outgoing[].oauth_client_secret", Secret, Empty, "The client's secret; or a certificate and its key."),
    setting(
        "outgoing[].oauth_secret_expires",
        Text,
        Empty,
        "The day on which that secret ends, such as `2027-01-31`; it is told ahead.",
    ),
    setting(
        "outgoing[].oauth_certificate",
        Path,
        Empty,
        "The client's certificate in PEM, which the token server knows.",
    ),
    setting(
        "outgoing[].oauth_key",
        Secret,
        Empty,
        "The private key of that certificate in PEM, or the key of a Google service as JSON.",
    ),
    setting(
        "outgoing[].oauth_tenant",
        Text,
        Empty,
        "The organisation, for Microsoft's presets; needed with `client_credentials`, else `organizations`.",
    ),
    setting(
        "outgoing[].oauth_scopes",
        Text,
        Empty,
        "What is asked for, separated by spaces. Default: the preset's, to send and nothing else.",
    ),
    setting("outgoing[].oauth_token_url", Url, Empty, "The token server. Default: the preset's."),
    setting(
        "outgoing[].oauth_sign_in",
        Choice(&["browser", "device_code"]),
        Empty,
        "How a person signs in: on a page in a browser, or by a code that is typed elsewhere. Default: the code where the \
         provider has one for mail, unless `oauth_authorize_url` is set.",
    ),
    setting(
        "outgoing[].oauth_device_url",
        Url,
        Empty,
        "Where codes for signing in are asked for. Default: the preset's.",
    ),
    setting(
        "outgoing[].oauth_authorize_url",
        Url,
        Empty,
        "The page on which a person signs in. Default: the preset's.",
    ),
    setting(
        "outgoing[].oauth_redirect_url",
        Url,
        Empty,
        "Where the browser is sent afterwards, as the token server knows it: on this machine, with a fixed port or any free one, \
         or a page of yours from which the address is pasted. Default: the preset's, or `http://127.0.0.1`.",
    ),
    setting(
        "outgoing[].oauth_issuer",
        Text,
        Empty,
        "Who must have answered, where the token server says so (RFC 9207). Default: the preset's.",
    ),
    setting(
        "outgoing[].oauth_allow_private",
        Bool,
        Means("false"),
        "Let requests for tokens go to private and loopback addresses.",
    ),
    setting("outgoing[].hostname", Text, Means("localhost"), "What we call ourselves in EHLO."),
];
