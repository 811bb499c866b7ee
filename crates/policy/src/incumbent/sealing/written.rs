//! Rules, settings and commands, as text.

use super::form::{Form, Ldap, PlatformName, Type, WithoutKey};
use std::fmt::Write;

/// The folder of keys that all of it names.
const KEYS: &str = "seal-keys";
/// Where the password stands under which the server's keys are: commands and settings name the same, because keys stay under it.
const PASSWORD: &str = "file:keys.password";

/// Writing to a String cannot fail.
macro_rules! line {
    ($out:expr, $($what:tt)*) => { let _ = writeln!($out, $($what)*); };
}

pub(super) fn rules(form: &Form) -> String {
    let mut out = String::from("version = 1\n\n[default]\n");
    let encryption = &form.encryption;
    kind(&mut out, encryption.kind);
    without_key(&mut out, encryption.without_key.or(Some(WithoutKey::Report)));
    let sign = form.signing.sign.unwrap_or(true);
    line!(
        out,
        "# it signs all that it sends, and sends without where it has no key\nsign = {}",
        text(if sign { "when_possible" } else { "never" })
    );
    if encryption.encrypt_to_sender {
        line!(out, "encrypt_to_self = true");
    }
    if form.signing.opaque {
        line!(out, "opaque = true");
    }
    line!(out, "# it leaves the subject readable; here it stands inside unless this line is taken out of its comment");
    line!(out, "# protect_header = false");
    if encryption.exempt_account_mails {
        exemption(&mut out, form.platform.name);
    }
    for project in form.project.iter().filter(|project| !project.keys.is_empty()) {
        line!(out, "\n[[place]]\nkeys = {}", list(&project.keys));
        kind(&mut out, project.kind);
        without_key(&mut out, project.without_key);
    }
    out
}

fn kind(out: &mut String, kind: Option<Type>) {
    let Some(kind) = kind else { return };
    let scheme = match kind {
        Type::SmimeOnly => "smime_only",
        Type::SmimePreferred => "smime_preferred",
        Type::PgpPreferred => "pgp_preferred",
        Type::PgpOnly => "pgp_only",
    };
    line!(out, "scheme = {}", text(scheme));
}

fn without_key(out: &mut String, chosen: Option<WithoutKey>) {
    let (encrypt, fallback) = match chosen {
        None => return,
        Some(WithoutKey::Plain) => ("when_possible", None),
        Some(WithoutKey::Report) => ("always", Some("problem_report")),
        Some(WithoutKey::Nothing) => ("always", Some("do_not_send")),
    };
    line!(out, "encrypt = {}", text(encrypt));
    if let Some(fallback) = fallback {
        line!(out, "fallback = {}", text(fallback));
    }
}

/// As a comment: it would spare nothing, or too much, before somebody says what tells such mails apart.
fn exemption(out: &mut String, platform: PlatformName) {
    let preset = match platform {
        PlatformName::Jira => "jira_account_mail",
        PlatformName::Confluence => "confluence_account_mail",
        PlatformName::Bitbucket => "bitbucket_account_mail",
    };
    line!(out, "\n# [[exemption]]\n# name = \"account mails\"\n# preset = {}", text(preset));
    line!(out, "# accounts = [\"THE ACCOUNT BY WHICH THEY ARE SUBMITTED\"]");
}

pub(super) fn settings(form: &Form) -> String {
    let mut out = String::new();
    let mut sources: Vec<String> = Vec::new();
    for (at, ldap) in form.ldap.iter().enumerate() {
        let name = format!("ldap{}", at + 1);
        directory(&mut out, &name, ldap);
        sources.push(name);
    }
    let servers = form.key_servers.hkp.iter().map(|url| ("hkp", url));
    for (at, (kind, url)) in servers.chain(form.key_servers.vks.iter().map(|url| ("vks", url))).enumerate() {
        let name = format!("{kind}{}", at + 1);
        line!(out, "[[key_source]]\nname = {}\nkind = {}\nurl = {}", text(&name), text(kind), text(&https(url)));
        if kind == "hkp" {
            line!(out, "# it took whatever such a server had; here somebody has to vouch for what is in it");
            line!(out, "# vouches = true");
        } else {
            sources.push(name);
        }
        out.push('\n');
    }
    let name = match form.platform.name {
        PlatformName::Jira => "jira",
        PlatformName::Confluence => "confluence",
        PlatformName::Bitbucket => "bitbucket",
    };
    line!(
        out,
        "# It hands each mail on as it came and writes down what the rules would have done; then set seal to \"rules\"."
    );
    line!(
        out,
        "[[relay]]\nname = {}\nseal = \"compare\"\nrecord = \"compared.jsonl\"\nrules = \"sealing.toml\"",
        text(name)
    );
    line!(out, "keys = {}", text(KEYS));
    if has_stores(form) {
        line!(out, "key_password = {}", text(PASSWORD));
    }
    line!(out, "outgoing = \"THE SERVER BY WHICH IT SENDS TODAY\"");
    line!(out, "listen = \"127.0.0.1:2587\"\ntls = \"none\"\nclients = [\"127.0.0.1\"]");
    if !sources.is_empty() {
        line!(out, "key_sources = {}", list(&sources));
    }
    if form.incoming.open {
        line!(out, "\n# In the [[mailbox]] that takes its mail in:\n# keys = {}", text(KEYS));
        if has_stores(form) {
            line!(out, "# key_password = {}", text(PASSWORD));
        }
        if form.incoming.take_keys {
            line!(out, "# harvest = \"authentic\"");
        }
    }
    out
}

fn directory(out: &mut String, name: &str, ldap: &Ldap) {
    line!(
        out,
        "[[key_source]]\nname = {}\nkind = \"ldap\"\nurl = {}\nbase = {}",
        text(name),
        text(&ldap.url),
        text(&ldap.base)
    );
    if !ldap.bind_dn.is_empty() {
        line!(out, "bind_dn = {}\npassword = \"file:{name}.password\"", text(&ldap.bind_dn));
    }
    if !ldap.address_attribute.is_empty() && ldap.address_attribute != "mail" {
        line!(out, "address_attributes = {}", list(std::slice::from_ref(&ldap.address_attribute)));
    }
    if ldap.pgp_key_server {
        line!(out, "# keys of OpenPGP in it count once somebody vouches for them\n# vouches = true");
    }
    out.push('\n');
}

/// Key servers were asked readably as well.
fn https(url: &str) -> String {
    let bare = ["hkps://", "hkp://", "http://", "https://"].iter().find_map(|scheme| url.strip_prefix(scheme));
    format!("https://{}", bare.unwrap_or(url))
}

/// The server's keys come out of files, which are under a password; those that are made anew are under none.
fn has_stores(form: &Form) -> bool {
    !form.server_keys.smime.is_empty() || !form.server_keys.pgp.is_empty()
}

pub(super) fn commands(form: &Form) -> Vec<String> {
    let mut all = Vec::new();
    let mut password = String::new();
    if has_stores(form) {
        let file = PASSWORD.trim_start_matches("file:");
        all.push(format!(
            "(umask 077; cat > {file})   # the password of the server's key stores, Enter, Ctrl-D; its keys stay under it"
        ));
        password = format!(" --password {PASSWORD}");
    }
    let mut import = |shelf: &str, password: &str, file: &str| {
        if !file.is_empty() {
            all.push(format!("sealpost key import --keys {KEYS} --as {shelf}{password} {}", quoted(file)));
        }
    };
    import("own", &password, &form.server_keys.smime);
    import("own", &password, &form.server_keys.pgp);
    form.user_keys.store.iter().for_each(|file| import("people", "", file));
    if form.signing.sign.unwrap_or(true) && !has_stores(form) {
        for address in &form.platform.from {
            all.push(format!("sealpost key generate --keys {KEYS} --address {}", quoted(address)));
        }
    }
    all.push(format!("sealpost key list --keys {KEYS}{password}"));
    all
}

/// A word of a shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A string of TOML.
fn text(value: &str) -> String {
    let mut out = String::from('"');
    for letter in value.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            letter if letter.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out + "\""
}

fn list(values: &[String]) -> String {
    let all: Vec<String> = values.iter().map(|value| text(value)).collect();
    format!("[{}]", all.join(", "))
}
