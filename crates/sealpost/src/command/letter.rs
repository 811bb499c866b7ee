//! `sealpost letter`: what letters about events look like, before anybody gets one.

pub mod manual;
mod preview;

use super::Failure;
use policy::template::Theme;
use std::path::PathBuf;

#[derive(Debug, clap::Subcommand)]
pub enum What {
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
pub async fn run(what: What) -> Result<(), Failure> {
    match what {
        What::Preview { theme, template, view, out } => {
            let themes = theme.map_or_else(|| Theme::ALL.to_vec(), |theme| vec![theme]);
            preview::run(&themes, template.as_deref(), view.as_deref(), &out).await
        }
    }
}
