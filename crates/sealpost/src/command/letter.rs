//! `sealpost letter`: what letters about events look like, before anybody gets one, and what became of each.

pub mod captured;
mod listen;
pub mod manual;
pub mod outbox;
mod preview;
mod try_out;
mod write;

use super::Failure;
use policy::template::Theme;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// One JSON object per letter, newest first.
    List {
        #[command(flatten)]
        filter: outbox::Filter,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// What is known of one letter, as one JSON object; on a terminal over several lines.
    Show { id: String },
    /// Send a letter once more that failed, was given up or waits for a person; or one that was sent, to the same recipient as it is.
    Again { id: String },
    /// The letter as it is sent, as a mail on standard output; the look is noted in the audit trail.
    Export { id: String },
    /// Erase what a letter says; that it was there stays.
    Erase { id: String },
    /// Write again to somebody who wanted no more letters, about one issue or about all.
    Listen {
        /// The address, as in `ann@example.org`.
        address: String,
        /// The site whose letters it wanted no more.
        #[arg(long)]
        site: String,
        /// The issue, by its key or numeric id; without it, all of them.
        #[arg(long, value_name = "ISSUE")]
        issue: Option<String>,
    },
    /// Write a letter about an issue on purpose, to anybody, and print its id.
    Write(Box<write::Arguments>),
    /// What became of letters that people wrote: of one, or one JSON object per letter, newest first.
    Written {
        id: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Send a letter that was written with --preview and waits for somebody's word.
    Send { id: String },
    /// Do not send it.
    Drop { id: String },
    /// Send a letter that tells of nothing through the outgoing server, and print what was said on the way as one JSON object.
    Test {
        /// The site whose server and templates are tried.
        #[arg(long)]
        site: String,
        /// To whom, as in `ann@example.org`.
        #[arg(long, value_name = "ADDRESS")]
        to: String,
        /// The mapping whose sender, server, theme and language are tried; without it, those of `[default]`.
        #[arg(long, value_name = "NAME")]
        mapping: Option<String>,
    },
    /// Write letters into a folder: subject, text and HTML of each; print one JSON object per letter.
    Preview {
        /// plain, tracker or desk; without it, each of them.
        #[arg(long, value_parser = theme)]
        theme: Option<Theme>,
        /// Templates of one's own, as TOML.
        #[arg(long, value_name = "FILE.toml")]
        template: Option<PathBuf>,
        /// What a letter says, as JSON; without it, a sample for each kind and language.
        #[arg(long, value_name = "FILE.json")]
        view: Option<PathBuf>,
        /// A captured event, whose letter is made as it would go out now; nothing is sent.
        #[arg(long, value_name = "ID", requires = "to", conflicts_with = "view")]
        event: Option<String>,
        /// To whom the letter about the event would go, as in `ann@example.org`.
        #[arg(long, value_name = "ADDRESS", requires = "event")]
        to: Option<String>,
        /// The folder; it is made where there is none.
        #[arg(long, default_value = "letter-preview")]
        out: PathBuf,
    },
}

fn theme(word: &str) -> Result<Theme, String> {
    Theme::from_word(word).ok_or_else(|| {
        let known = Theme::ALL.map(Theme::word).join(", ");
        format!("there is no such theme; there are {known}")
    })
}

/// Does what was asked.
pub async fn run(config: impl FnOnce() -> PathBuf, what: What) -> Result<(), Failure> {
    match what {
        What::List { filter, limit } => outbox::list(&config(), filter, limit).await,
        What::Show { id } => outbox::show(&config(), &id).await,
        What::Again { id } => outbox::again(&config(), &id).await,
        What::Export { id } => outbox::export(&config(), &id).await,
        What::Erase { id } => outbox::erase(&config(), &id).await,
        What::Write(arguments) => write::run(&config(), *arguments).await,
        What::Written { id, limit } => write::written(&config(), id.as_deref(), limit).await,
        What::Send { id } => write::send(&config(), &id).await,
        What::Drop { id } => write::drop(&config(), &id).await,
        What::Listen { address, site, issue } => listen::again(&config(), &address, &site, issue.as_deref()).await,
        What::Test { site, to, mapping } => {
            let wanted = try_out::Wanted { site: &site, mapping: mapping.as_deref(), to: &to };
            try_out::run(&config(), &wanted).await
        }
        What::Preview { theme, template, event: Some(event), to, out, .. } => {
            let wanted = captured::Wanted { event, to: to.unwrap_or_default(), theme, template };
            captured::run(&config(), &wanted, &out).await
        }
        What::Preview { theme, template, view, out, .. } => {
            let themes = theme.map_or_else(|| Theme::ALL.to_vec(), |theme| vec![theme]);
            preview::run(&themes, template.as_deref(), view.as_deref(), &out).await
        }
    }
}
