//! Providers whose servers everybody shares: where they are, and what they call the right to read mail.

/// A provider.
#[derive(Debug, Clone, Copy)]
pub struct Preset {
    pub name: &'static str,
    pub imap_host: &'static str,
    pub pop3_host: &'static str,
    /// Where mail is handed over, by STARTTLS at port 587.
    pub smtp_host: &'static str,
    pub graph: Option<Graph>,
    pub oauth: Option<Oauth>,
}

/// A provider's Microsoft Graph.
#[derive(Debug, Clone, Copy)]
pub struct Graph {
    pub host: &'static str,
    /// Whether it tells what changed in a folder (delta queries).
    pub tells_changes: bool,
}

/// A provider's token server. `{tenant}` stands for the organisation.
#[derive(Debug, Clone, Copy)]
pub struct Oauth {
    pub token_url: &'static str,
    /// Where a code to type is asked for; empty where the provider gives none for mail.
    pub device_url: &'static str,
    pub authorize_url: &'static str,
    /// What the provider wants to hear with it.
    pub authorize_parameters: &'static [(&'static str, &'static str)],
    pub issuer: Option<&'static str>,
    /// Where the browser is sent after a sign-in; both providers let a program choose the port.
    pub redirect_url: &'static str,
    /// A sign-in that was not used for so many days is forgotten.
    pub idle_days_max: u32,
    /// What a person allows: to read this one mailbox.
    pub imap_scopes: &'static str,
    pub pop3_scopes: &'static str,
    /// To send as this one account.
    pub smtp_scopes: &'static str,
    /// What a program of its own right asks for; its administrator narrows it to mailboxes.
    pub program_scopes: &'static str,
}

macro_rules! microsoft {
    ($name:literal, $host:literal, $smtp:literal, $login:literal, $resource:literal, $graph:literal, $tells_changes:literal) => {
        Preset {
            name: $name,
            imap_host: $host,
            pop3_host: $host,
            smtp_host: $smtp,
            graph: Some(Graph { host: $graph, tells_changes: $tells_changes }),
            oauth: Some(Oauth {
                token_url: concat!("https://", $login, "/{tenant}/oauth2/v2.0/token"),
                device_url: concat!("https://", $login, "/{tenant}/oauth2/v2.0/devicecode"),
                authorize_url: concat!("https://", $login, "/{tenant}/oauth2/v2.0/authorize"),
                authorize_parameters: &[("prompt", "select_account")],
                issuer: None,
                redirect_url: "http://localhost",
                idle_days_max: 90,
                imap_scopes: concat!("https://", $resource, "/IMAP.AccessAsUser.All offline_access"),
                pop3_scopes: concat!("https://", $resource, "/POP.AccessAsUser.All offline_access"),
                smtp_scopes: concat!("https://", $resource, "/SMTP.Send offline_access"),
                program_scopes: concat!("https://", $resource, "/.default"),
            }),
        }
    };
}

const fn password(
    name: &'static str,
    imap_host: &'static str,
    pop3_host: &'static str,
    smtp_host: &'static str,
) -> Preset {
    Preset { name, imap_host, pop3_host, smtp_host, graph: None, oauth: None }
}

/// All of them. Sources: the providers' own pages for other mail programs, and for Graph the pages on national clouds and on
/// delta queries of messages, which 21Vianet does not have.
pub const PRESETS: &[Preset] = &[
    microsoft!(
        "microsoft365",
        "outlook.office365.com",
        "smtp.office365.com",
        "login.microsoftonline.com",
        "outlook.office365.com",
        "graph.microsoft.com",
        true
    ),
    microsoft!(
        "microsoft365_us",
        "outlook.office365.us",
        "smtp.office365.us",
        "login.microsoftonline.us",
        "outlook.office365.us",
        "graph.microsoft.us",
        true
    ),
    microsoft!(
        "microsoft365_dod",
        "outlook-dod.office365.us",
        "outlook-dod.office365.us",
        "login.microsoftonline.us",
        "outlook-dod.office365.us",
        "dod-graph.microsoft.us",
        true
    ),
    microsoft!(
        "microsoft365_china",
        "partner.outlook.cn",
        "smtp.partner.outlook.cn",
        "login.partner.microsoftonline.cn",
        "partner.outlook.cn",
        "microsoftgraph.chinacloudapi.cn",
        false
    ),
    Preset {
        name: "gmail",
        imap_host: "imap.gmail.com",
        pop3_host: "pop.gmail.com",
        smtp_host: "smtp.gmail.com",
        graph: None,
        oauth: Some(Oauth {
            token_url: "https://oauth2.googleapis.com/token",
            device_url: "",
            authorize_url: "https://accounts.google.com/o/oauth2/v2/auth",
            // Without both there is a refresh token only at the very first sign-in.
            authorize_parameters: &[("access_type", "offline"), ("prompt", "consent")],
            issuer: Some("https://accounts.google.com"),
            redirect_url: "http://127.0.0.1",
            idle_days_max: 180,
            // Google knows no smaller one for IMAP, POP3 and SMTP.
            imap_scopes: "https://mail.google.com/",
            pop3_scopes: "https://mail.google.com/",
            smtp_scopes: "https://mail.google.com/",
            program_scopes: "https://mail.google.com/",
        }),
    },
    password("fastmail", "imap.fastmail.com", "pop.fastmail.com", "smtp.fastmail.com"),
    password("icloud", "imap.mail.me.com", "", "smtp.mail.me.com"),
    password("yahoo", "imap.mail.yahoo.com", "pop.mail.yahoo.com", "smtp.mail.yahoo.com"),
];

/// The names, for the table of settings.
pub const NAMES: &[&str] = &[
    "microsoft365",
    "microsoft365_us",
    "microsoft365_dod",
    "microsoft365_china",
    "gmail",
    "fastmail",
    "icloud",
    "yahoo",
];

/// The provider of this name.
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_settings_names_all_of_them() {
        assert_eq!(PRESETS.iter().map(|preset| preset.name).collect::<Vec<_>>(), NAMES);
    }

    #[test]
    fn priv_33_a_grant_for_sending_asks_only_for_the_right_to_send() {
        for preset in PRESETS {
            assert!(!preset.smtp_host.is_empty(), "{}", preset.name);
            let Some(oauth) = preset.oauth else { continue };
            for scope in oauth.smtp_scopes.split(' ') {
                let is_one =
                    ["offline_access", "https://mail.google.com/"].contains(&scope) || scope.ends_with("/SMTP.Send");
                assert!(is_one, "{}: {scope}", preset.name);
            }
        }
    }

    #[test]
    fn each_grant_asks_only_for_the_right_to_read() {
        for preset in PRESETS {
            let Some(oauth) = preset.oauth else { continue };
            for scopes in [oauth.imap_scopes, oauth.pop3_scopes, oauth.program_scopes] {
                for scope in scopes.split(' ') {
                    let reads = ["/IMAP.AccessAsUser.All", "/POP.AccessAsUser.All", "/.default", "mail.google.com/"];
                    let is_one = scope == "offline_access" || reads.iter().any(|ending| scope.ends_with(ending));
                    assert!(is_one && !scope.contains("Send") && !scope.contains("SMTP"), "{}: {scope}", preset.name);
                }
            }
            assert!(!oauth.imap_scopes.contains("POP.") && !oauth.pop3_scopes.contains("IMAP."), "{}", preset.name);
            let urls = [oauth.token_url, oauth.authorize_url, oauth.device_url];
            assert!(urls.iter().all(|url| url.is_empty() || url.starts_with("https://")), "{}", preset.name);
        }
    }
}
