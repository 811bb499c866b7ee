//! Keys that a token keeps (PKCS#11: an HSM, a smart card), and which never leave it. A file of the folder names one by its URI (RFC 7512).

#[cfg(feature = "pkcs11")]
mod module;
#[cfg(feature = "pkcs11")]
mod speech;

use crate::cell::OwnKey;
use seal::smime::{Certificate, PublicKey};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What the files of such keys begin with.
const SCHEME: &str = "pkcs11:";
/// A file that names a key is one line.
const URI_BYTES_MAX: usize = 4096;
/// Bytes of `CKA_ID`.
const ID_BYTES_MAX: usize = 256;

/// A token that settings name.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenSettings {
    /// The label of the token.
    pub name: String,
    /// The library that speaks to it.
    pub module: PathBuf,
    /// Of its user; `None` where the reader asks for it, or none is needed.
    pub pin: Option<Zeroizing<String>>,
}

// Written by hand so that no log line can ever show the PIN.
impl fmt::Debug for TokenSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSettings").field("name", &self.name).field("module", &self.module).finish_non_exhaustive()
    }
}

/// Which key of which token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyUri {
    pub token: String,
    /// `CKA_LABEL`.
    pub object: Option<String>,
    /// `CKA_ID`.
    pub id: Option<Vec<u8>>,
}

/// Why a key of a token cannot be used; without PINs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenTrouble {
    /// The line is no URI that we read; why.
    Uri(&'static str),
    /// The settings name no token of this label.
    Unknown(String),
    /// This program was built without PKCS#11.
    NotBuilt,
    /// The library cannot be used, in its words.
    Module(String),
    /// No reader has a token of this label.
    Absent,
    /// The token refused the PIN, wants one, or has one try left. It is not tried again until a restart, because a token locks itself after a few.
    Pin,
    /// The token has no such private key.
    NoKey,
    /// Several of its keys are named so.
    Several,
    /// It wants a PIN for each signature, or is of a kind that we do not do.
    Kind(&'static str),
    /// The token did not do it, in words of PKCS#11.
    Failed(String),
    /// It went away while it was asked, or has not answered others yet.
    Ended(String),
}

impl fmt::Display for TokenTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TokenTrouble::Uri(why) => write!(f, "it names a key of a token, but {why}; write pkcs11:token=LABEL;object=NAME"),
            TokenTrouble::Unknown(name) => {
                write!(f, "it names a key of the token {name:?}, which no [[pkcs11]] section of the settings has; name them by --config")
            }
            TokenTrouble::NotBuilt => {
                f.write_str("it names a key of a token, and this program was built without PKCS#11; build it with --features pkcs11")
            }
            TokenTrouble::Module(why) => write!(f, "the module of its token cannot be used: {why}; name another in [[pkcs11]] module"),
            TokenTrouble::Absent => f.write_str("no reader has the token of this label now"),
            TokenTrouble::Pin => {
                f.write_str("its token refused the PIN, or has one try left; it is not tried again until a restart, so mend [[pkcs11]] pin and log in once by another program")
            }
            TokenTrouble::NoKey => f.write_str("its token has no private key of this name"),
            TokenTrouble::Several => f.write_str("its token has several private keys of this name; write their id, too"),
            TokenTrouble::Kind(why) => write!(f, "the key in the token cannot be used: {why}"),
            TokenTrouble::Failed(why) | TokenTrouble::Ended(why) => write!(f, "its token failed: {why}"),
        }
    }
}

impl TokenTrouble {
    /// Whether it may be over without anybody changing a file.
    pub fn may_pass(&self) -> bool {
        matches!(
            self,
            TokenTrouble::Absent | TokenTrouble::Failed(_) | TokenTrouble::Ended(_) | TokenTrouble::Module(_)
        )
    }
}

impl KeyUri {
    /// Whether a file is one.
    pub fn is_one(bytes: &[u8]) -> bool {
        bytes.trim_ascii_start().starts_with(SCHEME.as_bytes())
    }

    /// Reads one line of `token`, `object` and `id` (RFC 7512, section 2.3).
    ///
    /// # Errors
    /// [`TokenTrouble::Uri`], also for what would be believed silently: other attributes, and a PIN or a module in the URI.
    pub fn read(bytes: &[u8]) -> Result<KeyUri, TokenTrouble> {
        let wrong = |why: &'static str| TokenTrouble::Uri(why);
        if bytes.len() > URI_BYTES_MAX {
            return Err(wrong("it is longer than 4,096 bytes"));
        }
        let text = std::str::from_utf8(bytes.trim_ascii()).map_err(|_| wrong("it is no text"))?;
        let path = text.strip_prefix(SCHEME).ok_or(wrong("it does not begin with pkcs11:"))?;
        if path.contains('?') {
            return Err(wrong("PINs and modules stand in the settings alone ([[pkcs11]])"));
        }
        let mut uri = KeyUri { token: String::new(), object: None, id: None };
        let mut seen = Vec::new();
        for attribute in path.split(';') {
            let (name, value) = attribute.split_once('=').ok_or(wrong("an attribute has no value"))?;
            let value = decoded(value).ok_or(wrong("a value is not written as in URIs"))?;
            let text = || String::from_utf8(value.clone()).map_err(|_| wrong("a name is no text"));
            if seen.contains(&name) {
                return Err(wrong("an attribute stands there twice"));
            }
            seen.push(name);
            match name {
                "token" => uri.token = text()?,
                "object" => uri.object = Some(text()?),
                "id" if value.len() <= ID_BYTES_MAX => uri.id = Some(value),
                "type" if value == b"private" => {}
                _ => return Err(wrong("it has another attribute than token, object and id")),
            }
        }
        if uri.token.is_empty() {
            return Err(wrong("it names no token"));
        }
        if uri.object.is_none() && uri.id.is_none() {
            return Err(wrong("it names no key (object or id)"));
        }
        Ok(uri)
    }
}

/// A value with `%` and two digits for what may not stand there (RFC 3986, section 2.1).
fn decoded(value: &str) -> Option<Vec<u8>> {
    if !value.is_ascii()
        || value.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b' ' | b'"' | b'\\' | b'#' | b'<' | b'>'))
    {
        return None;
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(value.len()), value);
    while let Some((plain, behind)) = rest.split_once('%') {
        bytes.extend_from_slice(plain.as_bytes());
        let digits = behind.get(..2).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &behind[2..];
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

/// A key that a token keeps.
pub struct TokenKey {
    pub key: OwnKey,
    pub public: PublicKey,
    /// Those in the token under the same id.
    pub certificates: Vec<Certificate>,
}

/// The tokens that settings name. Cheap to clone; all clones share their sessions. Nothing is loaded before a key is looked for.
#[derive(Clone, Default)]
pub struct KeyTokens(Arc<Vec<Known>>);

struct Known {
    settings: TokenSettings,
    #[cfg(feature = "pkcs11")]
    opened: module::Opened,
    /// What it told of keys before.
    #[cfg(feature = "pkcs11")]
    told: std::sync::Mutex<Vec<(KeyUri, module::Found)>>,
}

impl fmt::Debug for KeyTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|known| &known.settings)).finish()
    }
}

impl KeyTokens {
    /// Whether this program speaks PKCS#11.
    pub const ARE_BUILT: bool = cfg!(feature = "pkcs11");

    pub fn new(all: Vec<TokenSettings>) -> KeyTokens {
        let known = |settings| Known {
            settings,
            #[cfg(feature = "pkcs11")]
            opened: module::Opened::default(),
            #[cfg(feature = "pkcs11")]
            told: std::sync::Mutex::default(),
        };
        KeyTokens(Arc::new(all.into_iter().map(known).collect()))
    }

    /// The key that a file names. It blocks, as long as the token takes.
    ///
    /// # Errors
    /// Why it cannot be used now.
    pub fn find(&self, uri: &KeyUri) -> Result<TokenKey, TokenTrouble> {
        let known = self.0.iter().find(|known| known.settings.name == uri.token);
        let Some(known) = known else {
            return Err(if KeyTokens::ARE_BUILT {
                TokenTrouble::Unknown(uri.token.clone())
            } else {
                TokenTrouble::NotBuilt
            });
        };
        known.find(uri)
    }
}

impl Known {
    #[cfg(feature = "pkcs11")]
    fn find(&self, uri: &KeyUri) -> Result<TokenKey, TokenTrouble> {
        let token = self.opened.token(&self.settings)?;
        let mut told = self.told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let known = told.iter().position(|(of, _)| of == uri);
        // While it is away its keys are those that it told of: other changes of the folder count meanwhile.
        let found = match (token.find(uri), known) {
            (Ok(found), _) => found,
            (Err(trouble), Some(known)) if trouble.may_pass() => told[known].1.clone(),
            (Err(trouble), _) => return Err(trouble),
        };
        match known {
            Some(known) => told[known].1 = found.clone(),
            None => told.push((uri.clone(), found.clone())),
        }
        drop(told);
        let key = Arc::new(module::KeptKey::new(token, uri.clone(), &found.public));
        Ok(TokenKey { key, public: found.public, certificates: found.certificates })
    }

    #[cfg(not(feature = "pkcs11"))]
    fn find(&self, _uri: &KeyUri) -> Result<TokenKey, TokenTrouble> {
        Err(TokenTrouble::NotBuilt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_a_key_of_a_token() {
        let read = |line: &str| KeyUri::read(line.as_bytes());
        let uri = read(" pkcs11:token=The%20HSM;object=wiki;id=%01%ff;type=private\n").expect("a line");
        assert_eq!(
            uri,
            KeyUri { token: "The HSM".to_owned(), object: Some("wiki".to_owned()), id: Some(vec![1, 255]) }
        );
        assert!(KeyUri::is_one(b"\npkcs11:") && !KeyUri::is_one(b"-----BEGIN"));
    }

    #[test]
    fn what_would_be_believed_silently_is_refused() {
        let lines = [
            "pkcs11:object=wiki",
            "pkcs11:token=a",
            "pkcs11:token=a;object=b?pin-value=1234",
            "pkcs11:token=a;object=b;serial=12",
            "pkcs11:token=a;object=b;object=c",
            "pkcs11:token=a;object=b;type=cert",
            "pkcs11:token=a;object=%zz",
            "pkcs11:token=a;object=%1",
            "pkcs11:token=a;object=b\npkcs11:token=a;object=c",
            "pkcs11:token=a;object=",
        ];
        for line in &lines[..9] {
            assert!(matches!(KeyUri::read(line.as_bytes()), Err(TokenTrouble::Uri(_))), "{line}");
        }
        let long = format!("pkcs11:token=a;object={}", "b".repeat(URI_BYTES_MAX));
        assert!(KeyUri::read(long.as_bytes()).is_err());
    }

    #[test]
    fn no_pin_is_ever_shown() {
        let settings =
            TokenSettings { name: "a".into(), module: "/m".into(), pin: Some(Zeroizing::new("4711".into())) };
        assert!(!format!("{:?}", KeyTokens::new(vec![settings])).contains("4711"));
    }
}
