//! `sealpost manual`: the generated pages of the manual.

use super::Failure;
use std::fmt::Write;

/// The pages that are written from tables in the program.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum Page {
    Settings,
    Profile,
    Mappings,
    SealingRules,
    Faults,
    Templates,
}

/// Prints a page as Markdown.
pub fn run(page: Page) -> Result<(), Failure> {
    let text = match page {
        Page::Settings => crate::settings::manual::page(),
        Page::Profile => profile_page(),
        Page::Mappings => mappings_page(),
        Page::SealingRules => sealing_rules_page(),
        Page::Faults => faults_page(),
        Page::Templates => super::letter::manual::page(),
    };
    super::print(&text)
}

fn profile_page() -> String {
    let mut page = String::from(
        "# Profiles\n\nA profile says how the mail of some mailboxes is treated. It is a TOML file; [examples/profile.toml](../examples/profile.toml)\n\
         is one to start from, [routing](routing.md) explains it. `sealpost profile check FILE` finds mistakes, `sealpost try --profile FILE MAIL`\n\
         shows what it would do. `[]` in a key stands for each of several tables: `rule[].from` is `from` in a `[[rule]]`.\n\n\
         A pattern is compared with the whole value, in upper or lower case: `*` stands for any characters, `?` for one, everything else\n\
         for itself, `[` too. `subject = [\"*: [IT]*\"]` finds `Fwd: [IT] printer` and not `[IT] printer`, before which nothing stands.\n\n\
         This page is generated from the program's tables; a test keeps it true.\n",
    );
    rooms(&mut page, policy::profile::ROOMS);
    page
}

fn mappings_page() -> String {
    let mut page = String::from(
        "# Mappings\n\nMappings say which events of which projects of a site become letters to whom. They are a TOML file, one for each site;\n\
         [outbound](outbound.md) explains it. `sealpost notify check FILE` finds mistakes, `sealpost notify try --mappings FILE EVENTS.json`\n\
         says who would be told. `[]` in a key stands for each of several tables: `mapping[].jql` is `jql` in a `[[mapping]]`.\n\n\
         This page is generated from the program's tables; a test keeps it true. The example at its end shows every setting.\n",
    );
    rooms(&mut page, policy::outbound::ROOMS);
    let _ = write!(page, "\n## Example\n\n```toml\n{}```\n", include_str!("../../../../examples/mappings.toml"));
    page
}

fn sealing_rules_page() -> String {
    let mut page = String::from(
        "# Rules of sealing\n\nRules of sealing say which mail is encrypted and signed for whom, and what becomes of it when that cannot be done. They are a TOML file;\n\
         [sealing](sealing.md) explains it. `sealpost explain --rules FILE --rcpt ADDRESS MAIL` finds mistakes in the rules, or says what they do with a mail.\n\
         `[]` in a key stands for each of several tables: `place[].keys` is `keys` in a `[[place]]`.\n\n\
         This page is generated from the program's tables; a test keeps it true. The example at its end shows every setting.\n",
    );
    rooms(&mut page, policy::sealing::ROOMS);
    let _ = write!(page, "\n## Example\n\n```toml\n{}```\n", include_str!("../../../../examples/sealing.toml"));
    page
}

/// A table of settings for each room.
fn rooms(page: &mut String, rooms: &[policy::profile::Room]) {
    for room in rooms {
        let _ = writeln!(page, "\n## {}\n", room.title);
        if !room.about.is_empty() {
            let _ = writeln!(page, "{}\n", room.about);
        }
        page.push_str("| key | value | default | meaning |\n|---|---|---|---|\n");
        for setting in room.settings {
            let default = match setting.default {
                policy::profile::Default::Required => "must be set".to_string(),
                policy::profile::Default::Unset => "none".to_string(),
                policy::profile::Default::Is("") => "empty".to_string(),
                policy::profile::Default::Is(value) => format!("`{value}`"),
            };
            let _ = writeln!(page, "| `{}` | {} | {default} | {} |", setting.key, form(setting.form), setting.meaning);
        }
    }
}

fn form(form: policy::profile::Form) -> String {
    use policy::profile::Form;
    let quoted = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    match form {
        Form::OneOf(words) => quoted(words),
        Form::SomeOf(words) => format!("list of {}", quoted(words)),
        Form::Text | Form::Line => "text".into(),
        Form::TimeZone => "name of a time zone".into(),
        Form::Language => "tag of a language".into(),
        Form::LongText => "text of several lines".into(),
        Form::Search => "search, at most 1000 characters".into(),
        Form::Texts => "texts".into(),
        Form::Digests => "SHA-256 digests".into(),
        Form::ProjectKey => "project key".into(),
        Form::ProjectKeys => "project keys".into(),
        Form::Addresses => "addresses, `*@domain` for all of a domain".into(),
        Form::Address => "address".into(),
        Form::People => "addresses".into(),
        Form::Domains => "domains".into(),
        Form::Fields => "names of header fields".into(),
        Form::Prefix => "prefix, at most 8 octets".into(),
        Form::Globs => "patterns with `*` and `?`".into(),
        Form::AddressGlobs => "addresses with `*` and `?`".into(),
        Form::FieldGlobs => "patterns with `*` and `?` for `Name: value`".into(),
        Form::Regexes => "regular expressions, at most 1 KiB each".into(),
        Form::Condition => "condition, at most 4 KiB".into(),
        Form::Networks => "addresses or networks".into(),
        Form::Template => "text with places, at most 4 KiB".into(),
        Form::Templates => "table of texts with places, by field".into(),
        Form::Due => "`+3d`, `+2w` or a day".into(),
        Form::Truth => "`true`, `false`".into(),
        Form::Number(max) => format!("0 to {max}"),
    }
}

fn faults_page() -> String {
    let mut page = String::from(
        "# Faults\n\nA fault keeps its code for ever. It stands in the story of a mail, in the logs and in `sealpost check`.\n\
         This page is generated from the program's table; a test keeps it true.\n\n| code | what happened | what to do |\n|---|---|---|\n",
    );
    for code in policy::FaultCode::ALL {
        let _ = writeln!(page, "| `{code}` | {} | {} |", code.meaning(), code.remedy());
    }
    page
}
