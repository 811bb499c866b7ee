//! Says what a mail says: `say read FILE..`, `say reply --format mail|text|html FILE..`, `say sanitize FILE`.

use mail::{Format, Limits};
use serde_json::{Value, json};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let mut out = std::io::stdout().lock();
    let done = match words.as_slice() {
        ["read", files @ ..] => each(files, &mut out, |raw| json!(mail::read(raw, &Limits::default()).message)),
        ["reply", "--format", format, files @ ..] => match named(format) {
            Some(format) => each(files, &mut out, |raw| json!(mail::new_text(format, raw))),
            None => return usage(),
        },
        ["sanitize", file] => {
            std::fs::read(file).and_then(|raw| out.write_all(mail::sanitize(&String::from_utf8_lossy(&raw)).as_bytes()))
        }
        _ => return usage(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("say: {why}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> ExitCode {
    eprintln!("say read FILE.. | say reply --format mail|text|html FILE.. | say sanitize FILE");
    ExitCode::from(2)
}

fn named(format: &str) -> Option<Format> {
    match format {
        "mail" => Some(Format::Mail),
        "text" => Some(Format::Text),
        "html" => Some(Format::Html),
        _ => None,
    }
}

/// One JSON object per file and line, in order; an unreadable file becomes an object with `error`.
fn each(files: &[&str], out: &mut impl Write, say: impl Fn(&[u8]) -> Value) -> std::io::Result<()> {
    for file in files {
        let mut object = match std::fs::read(file) {
            Ok(raw) => say(&raw),
            Err(why) => json!({ "error": why.to_string() }),
        };
        if let Some(fields) = object.as_object_mut() {
            fields.insert("file".to_owned(), json!(file));
        }
        writeln!(out, "{object}")?;
    }
    Ok(())
}
