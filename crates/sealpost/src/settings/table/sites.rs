//! Settings of sites.

use super::Kind::*;
use super::Missing::*;
use super::{Setting, setting};

pub(super) const SETTINGS: &[Setting] = &[
    setting("site[].name", Text, Refused, "The name of this Jira in rows, logs and the console."),
    setting(
        "site[].environment",
        Text,
        Empty,
        "A label such as `production` or `trial`. Where a profile has one of its own (`environment`), it has to be the same: a profile \
         that is still being tried does not come to work by mistake.",
    ),
    setting("site[].region", Text, Means("local"), "The region that this site is pinned to; `check` shows it."),
    setting(
        "site[].dialect",
        Choice(&["jira_cloud", "jira_data_center", "none"]),
        Means("jira_cloud"),
        "How the tracker speaks; `sealpost check` compares it with what the tracker says it is. `none` is a site without one, which keeps \
         [keys of people](sealing.md#a-site-without-jira) for its relays, has a portal and tells of itself; no mailbox may name it.",
    ),
    setting(
        "site[].api_base",
        Url,
        Empty,
        "Needed, but with `oauth = \"person\"` or `dialect = \"none\"`: the base of its REST API: `https://NAME.atlassian.net`, or `https://api.atlassian.com/ex/jira/CLOUD-ID` for scoped tokens and service accounts; on Data Center with its context path, such as `https://jira.example.com/jira`.",
    ),
    setting(
        "site[].webhook_secret",
        Secret,
        Empty,
        "What the site signs its webhooks with; they come to `/hooks/NAME` at `public.url`. Without it none is awaited, but those of an \
         app that a person signed in with. See [events](events.md).",
    ),
    setting(
        "site[].webhook_secret_before",
        Secret,
        Empty,
        "The secret before that one, believed as well until the tracker knows the new one.",
    ),
    setting(
        "site[].letters_per_hour",
        Integer { min: 1, max: 100_000 },
        Means("as many as there are"),
        "Letters about events to one address within an hour; the others wait, and go when there is room.",
    ),
    setting(
        "site[].seal",
        Choice(&["nothing", "rules"]),
        Means("nothing"),
        "How the letters of this site leave: `rules` seals each as `rules` says, with keys from `keys`; `nothing` sends them as they are. See \
         [the letters of Sealpost](sealing.md#the-letters-of-sealpost).",
    ),
    setting(
        "site[].rules",
        Path,
        Empty,
        "The file of [rules for sealing](sealing-rules.md); needed by `seal = \"rules\"`. Looked at every 30 s and read again when it changed; one that \
         is wrong leaves the rules before it in force, and where there are none yet no letter leaves. Relays and other sites may name the same.",
    ),
    setting(
        "site[].keys",
        Path,
        Empty,
        "The folder of keys that `sealpost key` fills; needed by `seal = \"rules\"`. Looked at every 30 s, as `rules` is.",
    ),
    setting("site[].key_password", Secret, Empty, "What opens the private keys in that folder."),
    setting("site[].key_sources", Texts, Empty, "As `relay[].key_sources`, for its letters."),
    setting("site[].fetch_revocation", Bool, Means("false"), "As `relay[].fetch_revocation`, for its letters."),
    setting("site[].revocation_hosts", Texts, Empty, "As `relay[].revocation_hosts`."),
    setting("site[].revocation_proxy", Url, Empty, "As `relay[].revocation_proxy`."),
    setting("site[].trust_system", Bool, Means("false"), "As `relay[].trust_system`, for its letters."),
    setting(
        "site[].portal",
        Bool,
        Means("false"),
        "Let people without an account prove their address by a letter and see, bring and remove their keys at `/portal/NAME` of `public.url`. See \
         [the portal](sealing.md#the-portal).",
    ),
    setting(
        "site[].portal_remind_days",
        Integer { min: 0, max: 90 },
        Means("14"),
        "With `portal`: so many days before a key that the site keeps for somebody ends, a letter tells its owner, once for each key and end. 0 for \
         never.",
    ),
    setting(
        "site[].history_poll_s",
        Integer { min: 0, max: 86_400 },
        Means("0"),
        "How often what happened there is read in the history of its issues: for a site that cannot reach `public.url`, and beside its \
         webhooks. 0 for never. See [events](events.md#read-the-history).",
    ),
    setting(
        "site[].mappings",
        Path,
        Empty,
        "Who is told of what happens there: a file of mappings, as `sealpost notify check` takes it. Without it nobody is. See \
         [outbound](outbound.md).",
    ),
    setting(
        "site[].templates",
        Path,
        Empty,
        "The site's own templates of letters about events, in TOML, a table for each kind. Pictures that they show stand in the \
         folder `resources` beside it. Without it letters are their theme's. See [templates](templates.md).",
    ),
    setting(
        "site[].browse_base",
        Url,
        Empty,
        "Needed, but with `dialect = \"none\"`: the base of links that people open.",
    ),
    setting(
        "site[].account",
        Text,
        Empty,
        "The address of the account that the gateway uses. Without it the token is sent as a bearer token, as personal access tokens of Data Center are.",
    ),
    setting(
        "site[].token",
        Secret,
        Empty,
        "That account's API token, or the personal access token. Needed without `oauth`.",
    ),
    setting(
        "site[].token_expires",
        Text,
        Empty,
        "The day on which that token ends, such as `2027-01-31`, because Jira does not tell; it is told ahead.",
    ),
    setting(
        "site[].oauth",
        Choice(&["person", "client_credentials"]),
        Empty,
        "The site is opened with tokens that come and go (OAuth 2.0) instead: those of a person who signs in once (3LO), or \
         those of a service account. See [Jira](jira.md#oauth-20).",
    ),
    setting("site[].oauth_client", Text, Empty, "The client's id, from Atlassian's developer console."),
    setting("site[].oauth_client_secret", Secret, Empty, "The client's secret."),
    setting(
        "site[].oauth_secret_expires",
        Text,
        Empty,
        "The day on which that secret ends, such as `2027-01-31`; it is told ahead.",
    ),
    setting(
        "site[].oauth_service_management",
        Bool,
        Means("false"),
        "Its projects are service projects: also ask for the right to read request types and to add participants and customers.",
    ),
    setting(
        "site[].oauth_scopes",
        Text,
        Empty,
        "What is asked for, separated by spaces. Default: what the functions need.",
    ),
    setting(
        "site[].oauth_redirect_url",
        Url,
        Empty,
        "Where the browser is sent after a sign-in, exactly as the developer console has it. Default: \
         `http://localhost:8028/signed-in`.",
    ),
    setting("site[].oauth_token_url", Url, Empty, "The token server. Default: Atlassian's."),
    setting("site[].oauth_authorize_url", Url, Empty, "The page on which a person signs in. Default: Atlassian's."),
    setting(
        "site[].oauth_sites_url",
        Url,
        Empty,
        "Where it is told which sites a token is good for. Default: Atlassian's.",
    ),
    setting(
        "site[].oauth_gateway",
        Url,
        Empty,
        "The API of all sites; the id of this one follows. Default: `https://api.atlassian.com/ex/jira`.",
    ),
    setting(
        "site[].allow_private",
        Bool,
        Means("false"),
        "Let requests to this site go to private and loopback addresses.",
    ),
    setting("site[].proxy", Url, Empty, "The HTTP proxy for this site."),
    setting("site[].certificate_authorities", Paths, Empty, "Further certificate authorities for this site, in PEM."),
    setting(
        "site[].requests_per_s",
        Integer { min: 0, max: 100_000 },
        Means("50"),
        "Requests to this site in a second at most; more wait. Jira Cloud allows 50 to 100 of each kind. 0 for no limit of ours.",
    ),
    setting(
        "site[].requests_at_once",
        Integer { min: 1, max: 100 },
        Means("8"),
        "How many requests this site gets at the same time.",
    ),
    setting(
        "site[].keep_content_days",
        Integer { min: 0, max: 3650 },
        Empty,
        "How long the content of this site's mail is kept; without it `store.keep_content_days` holds. 0 keeps nothing of the site: mail, letters and, without `site[].keep_events_days`, events are erased within a minute after their work is done. A change is noted in the audit trail.",
    ),
    setting(
        "site[].keep_events_days",
        Integer { min: 0, max: 90 },
        Empty,
        "How long what this site's tracker told is kept; without it `store.keep_events_days` holds, or 0 where `site[].keep_content_days` is 0.",
    ),
    setting(
        "site[].keep_usage_days",
        Integer { min: 62, max: 3660 },
        Empty,
        "How long it is kept what came in and went out of this site; without it `store.keep_usage_days` holds.",
    ),
    setting(
        "site[].keep_billing_days",
        Integer { min: 366, max: 36_600 },
        Empty,
        "How long billing records of this site are kept; without it `store.keep_billing_days` holds.",
    ),
    setting(
        "site[].keep_flags_days",
        Integer { min: 1, max: 30 },
        Empty,
        "How long a flag on a mail of this site may be; without it `store.keep_flags_days` holds.",
    ),
    setting(
        "site[].dead_end",
        Bool,
        Means("true"),
        "A new site is a dead end: its letters are kept where an administrator can look at them, and none leaves. Set `false` \
         to release it.",
    ),
    setting(
        "site[].outgoing",
        Text,
        Empty,
        "The name of the `[[outgoing]]` server that this site's letters are handed to.",
    ),
    setting("site[].from", Text, Empty, "In whose name its letters leave: `Support <support@example.org>`."),
];
