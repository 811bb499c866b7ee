//! Commands over many files: in order, several at a time, one JSON object per line, never stopped by a bad file.

use super::Failure;
use crate::wire;
use engine::cell::{Cells, Sandbox, Settings};
use futures_util::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};

/// Files above this size are refused before they are read.
const FILE_BYTES_MAX: u64 = 1 << 30;

/// The object that stands for a file that could not be worked on.
#[derive(Serialize)]
struct Refused<'a> {
    file: &'a str,
    error: &'a str,
}

/// Cells for commands: the same sandbox as the gateway's, reduced where this kernel offers no more.
pub async fn cells() -> Result<Cells, Failure> {
    let program = wire::own_program()?;
    let settings = Settings { sandbox: Sandbox::Reduced, ..Settings::default() };
    Ok(Cells::start(settings, program, vec!["cell".into()]).await?)
}

/// The bytes of a file, or of standard input for `-`.
pub fn bytes(file: &Path) -> Result<Vec<u8>, String> {
    if file.as_os_str() == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .take(FILE_BYTES_MAX)
            .read_to_end(&mut bytes)
            .map_err(|error| format!("cannot be read: {error}"))?;
        return Ok(bytes);
    }
    let about = std::fs::metadata(file).map_err(|error| format!("cannot be read: {error}"))?;
    if about.len() > FILE_BYTES_MAX {
        return Err(format!("is larger than {FILE_BYTES_MAX} bytes"));
    }
    std::fs::read(file).map_err(|error| format!("cannot be read: {error}"))
}

/// A text that a person wrote.
pub fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| Failure::new(format!("{}: cannot be read: {error}", file.display())))
}

/// Answers to questions, as JSON; `page` of the manual shows some.
pub fn facts<T: DeserializeOwned>(file: &Path, page: &str) -> Result<T, Failure> {
    let wrong = |error| Failure::new(format!("{}: are not facts: {error}; docs/{page}.md shows some", file.display()));
    serde_json::from_str(&text(file)?).map_err(wrong)
}

/// Works on each file and prints its line; fails in the end when one of them failed.
///
/// `work` gets the file's bytes and its shown name, and returns the line's object.
pub async fn each<W, T>(files: Vec<PathBuf>, work: W) -> Result<(), Failure>
where
    W: AsyncFn(Vec<u8>, &str) -> Result<T, String>,
    T: Serialize,
{
    each_as(files, work, line).await
}

/// The same for people: `work` returns what is printed below the file's name.
pub async fn each_in_words<W>(files: Vec<PathBuf>, work: W) -> Result<(), Failure>
where
    W: AsyncFn(Vec<u8>, &str) -> Result<String, String>,
{
    let told = |file: &str, done: Result<String, String>| match done {
        Ok(words) => (format!("{file}\n{words}"), true),
        Err(error) => (format!("{file}: {error}\n"), false),
    };
    each_as(files, work, told).await
}

/// Prints what `shape` makes of each result and of the file's shown name, and whether it is one.
async fn each_as<W, T>(
    files: Vec<PathBuf>,
    work: W,
    shape: impl Fn(&str, Result<T, String>) -> (String, bool),
) -> Result<(), Failure>
where
    W: AsyncFn(Vec<u8>, &str) -> Result<T, String>,
{
    let at_once = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    let lines = futures_util::stream::iter(files.iter()).map(|file| async {
        let shown = file.display().to_string();
        let done = match bytes(file) {
            Ok(bytes) => work(bytes, &shown).await,
            Err(why) => Err(why),
        };
        shape(&shown, done)
    });
    let mut lines = std::pin::pin!(lines.buffered(at_once));
    let mut refused = false;
    while let Some((line, well)) = lines.next().await {
        refused |= !well;
        super::print(&line)?;
    }
    if refused { Err(Failure::told()) } else { Ok(()) }
}

/// One line of JSON, and whether it holds a result.
fn line<T: Serialize>(file: &str, done: Result<T, String>) -> (String, bool) {
    let (text, well) = match &done {
        // For a person; programs read one line for each file.
        Ok(result) if std::io::stdout().is_terminal() => (serde_json::to_string_pretty(result), true),
        Ok(result) => (serde_json::to_string(result), true),
        Err(error) => (serde_json::to_string(&Refused { file, error }), false),
    };
    match text {
        Ok(text) => (text + "\n", well),
        Err(error) => (format!("{{\"error\":\"cannot be written as JSON: {error}\"}}\n"), false),
    }
}
