//! The manual's page of settings, written from the table.

use super::table::{Kind, Missing, Setting, settings};
use super::written::section_of;
use std::fmt::Write;

const OPENING: &str = "# Settings

One TOML file, given with `--config`. Paths are relative to its folder. A key that is not in this list is refused with the
nearest one that is. Secrets are references, never values: `file:PATH`, `env:NAME`, or `credential:NAME` for a file that the
service manager provides. An environment variable overrides the file: `SEALPOST_STORE_DATABASE` for `store.database`, and
`SEALPOST_SITE_MAIN_TOKEN` for the `token` of the `[[site]]` with the name `main`; lists are separated by commas. SIGHUP reads
the file again, checks it whole and then swaps profiles, sites, certificates and fetched mailboxes, which are looked into at
once; listeners, store and cells need a restart.

This page is generated from the program's table of settings; a test keeps it true.
";

/// The whole page, in Markdown.
pub fn page() -> String {
    let mut page = String::from(OPENING);
    let mut section = "";
    for setting in settings() {
        if section_of(setting.key) != section {
            section = section_of(setting.key);
            let title = section.strip_suffix("[]").map_or(format!("[{section}]"), |many| format!("[[{many}]]"));
            let _ = write!(page, "\n## `{title}`\n\n| key | value | default | meaning |\n|---|---|---|---|\n");
        }
        let _ = writeln!(page, "{}", row(setting));
    }
    page
}

fn row(setting: &Setting) -> String {
    let default = match setting.missing {
        Missing::Refused => "must be set".to_string(),
        Missing::Empty => "none".to_string(),
        Missing::Means(value) => format!("`{value}`"),
    };
    format!("| `{}` | {} | {default} | {} |", setting.key, form(setting.kind), setting.meaning)
}

fn form(kind: Kind) -> String {
    match kind {
        Kind::Text => "text".into(),
        Kind::Choice(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        Kind::Integer { min, max } => format!("{min} to {max}"),
        Kind::Bool => "`true`, `false`".into(),
        Kind::Path => "path".into(),
        Kind::Address => "`HOST:PORT`".into(),
        Kind::Url => "URL".into(),
        Kind::Secret => "reference to a secret".into(),
        Kind::Texts => "list of texts".into(),
        Kind::Paths => "list of paths".into(),
    }
}
