//! The certificate that a mail brings of its sender, in its head (Autocrypt 1.1).

use super::cert::Certificate;
use crate::Trouble;
use crate::entity::Entity;
use data_encoding::BASE64;

/// Bytes of one such field that are looked at; certificates with many names are longer than anybody's.
const FIELD_BYTES_MAX: usize = 64 << 10;
const NAME: &str = "autocrypt";

/// What a sender says about himself.
#[derive(Debug, PartialEq, Eq)]
pub struct Autocrypt {
    /// In small letters.
    pub address: String,
    /// He wants to be written to encrypted whenever both sides can.
    pub prefers_encrypted: bool,
    pub certificate: Certificate,
}

/// What the head of a mail says about its sender, whose address is `from`; nothing where it says it twice, of somebody else, or in words
/// that are not understood (Autocrypt 1.1, section 2.1).
///
/// Nobody has proved it: it is as good as the mail's own proof of its sender.
pub fn autocrypt(mail: &[u8], from: &str) -> Option<Autocrypt> {
    let entity = Entity::read(mail);
    let mut found = None;
    for field in entity.fields() {
        let Some((name, value)) = field.split_at_checked(NAME.len()) else { continue };
        if !name.eq_ignore_ascii_case(NAME.as_bytes()) || value.first() != Some(&b':') {
            continue;
        }
        if let Some(said) = said(&value[1..]).filter(|said| said.address == from.to_lowercase()) {
            if found.is_some() {
                return None;
            }
            found = Some(said);
        }
    }
    found
}

fn said(value: &[u8]) -> Option<Autocrypt> {
    if value.len() > FIELD_BYTES_MAX {
        return None;
    }
    let text = std::str::from_utf8(value).ok()?;
    let (mut address, mut prefers_encrypted, mut key) = (None, false, None);
    for attribute in text.split(';').filter(|one| !one.trim().is_empty()) {
        let (name, value) = attribute.split_once('=')?;
        match name.trim() {
            "addr" => address = Some(value.trim().to_lowercase()),
            "prefer-encrypt" => prefers_encrypted = value.trim() == "mutual",
            "keydata" => {
                let letters: String = value.chars().filter(|letter| !letter.is_ascii_whitespace()).collect();
                key = Some(BASE64.decode(letters.as_bytes()).ok()?);
            }
            // Words with an underscore may be left out; any other changes what the field means.
            other if other.starts_with('_') => {}
            _ => return None,
        }
    }
    let mut all = Certificate::read_all(&key?).ok()?;
    let certificate = all.pop().filter(|_| all.is_empty())?;
    Some(Autocrypt { address: address?, prefers_encrypted, certificate })
}

/// The field for mail of ours, folded, with its line's end.
///
/// # Errors
/// Those of [`Certificate::to_bytes`]; [`Trouble::Unsupported`] for an address that would not be one within it.
pub fn autocrypt_field(address: &str, prefers_encrypted: bool, certificate: &Certificate) -> Result<String, Trouble> {
    if address.chars().any(|letter| letter.is_control() || letter.is_whitespace() || letter == ';') {
        return Err(Trouble::Unsupported("this address"));
    }
    let wish = if prefers_encrypted { " prefer-encrypt=mutual;" } else { "" };
    let mut field = format!("Autocrypt: addr={};{wish} keydata=", address.to_lowercase());
    for line in BASE64.encode(&certificate.to_bytes()?).as_bytes().chunks(76) {
        field.push_str("\r\n ");
        field.push_str(&String::from_utf8_lossy(line));
    }
    Ok(field + "\r\n")
}
