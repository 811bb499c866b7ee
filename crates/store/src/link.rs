//! Signed links: what a stranger's request names is only looked at when we have signed it, and only until it runs out.

use crate::Store;
use crate::rows::Micros;
use aws_lc_rs::{constant_time, hmac};
use data_encoding::BASE64URL_NOPAD;
use policy::Fault;

const SECOND: Micros = 1_000_000;
const ID_BYTES: usize = 16;
const UNTIL_BYTES: usize = 5;
/// HMAC-SHA-256 cut to 128 bits.
const TAG_BYTES: usize = 16;

/// What a link lets its holder do; each has a signature of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkUse {
    /// Fetch a kept file.
    Fetch,
    /// Add files to an issue.
    Upload,
    /// Prove an address, or a key that somebody brought.
    Prove,
    /// See and change the keys of an address that was proved.
    Visit,
}

impl LinkUse {
    fn word(self) -> &'static str {
        match self {
            LinkUse::Fetch => "fetch",
            LinkUse::Upload => "upload",
            LinkUse::Prove => "prove",
            LinkUse::Visit => "visit",
        }
    }

    /// What stands before a link in its address on the public listener.
    pub const fn path(self) -> &'static str {
        match self {
            LinkUse::Fetch => "/f/",
            LinkUse::Upload => "/u/",
            LinkUse::Prove => "/k/",
            // It stands in forms alone, and in no address.
            LinkUse::Visit => "",
        }
    }
}

/// What a link says of itself before anything is looked up.
struct Read {
    id: String,
    until_s: u64,
    tag: Vec<u8>,
}

/// The last part of a link: `id` (32 hexadecimal digits), the time until which it is good, and the signature over both, what it is
/// for, and the site. 50 letters of base64url.
pub(crate) fn sign(key: &hmac::Key, site: &str, of: LinkUse, id: &str, until: Micros) -> Option<String> {
    let until_s = u64::try_from(until / SECOND).ok()?;
    let mut bytes = data_encoding::HEXLOWER.decode(id.as_bytes()).ok().filter(|id| id.len() == ID_BYTES)?;
    bytes.extend_from_slice(&until_s.to_be_bytes()[8 - UNTIL_BYTES..]);
    bytes.extend_from_slice(&tag(key, site, of, id, until_s));
    Some(BASE64URL_NOPAD.encode(&bytes))
}

fn tag(key: &hmac::Key, site: &str, of: LinkUse, id: &str, until_s: u64) -> Vec<u8> {
    let signed = hmac::sign(key, format!("{}\0{site}\0{id}\0{until_s}", of.word()).as_bytes());
    signed.as_ref()[..TAG_BYTES].to_vec()
}

fn read(token: &str) -> Option<Read> {
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).ok()?;
    if bytes.len() != ID_BYTES + UNTIL_BYTES + TAG_BYTES {
        return None;
    }
    let (id, rest) = bytes.split_at(ID_BYTES);
    let (until, tag) = rest.split_at(UNTIL_BYTES);
    let until_s = until.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte));
    Some(Read { id: data_encoding::HEXLOWER.encode(id), until_s, tag: tag.to_vec() })
}

impl Store {
    /// The last part of a link that is good for `valid_s` from now. `None` when `id` is no id.
    pub async fn sign_link(&self, site: &str, of: LinkUse, id: &str, valid_s: u64) -> Result<Option<String>, Fault> {
        let valid = i64::try_from(valid_s).unwrap_or(i64::MAX / 2).saturating_mul(SECOND);
        let until = self.now().await?.saturating_add(valid);
        self.sign_link_until(site, of, id, until).await
    }

    /// The same up to a time, so that it is the same link whenever it is made.
    pub async fn sign_link_until(
        &self,
        site: &str,
        of: LinkUse,
        id: &str,
        until: Micros,
    ) -> Result<Option<String>, Fault> {
        Ok(sign(self.inner.vault.link_key(site).await?.as_ref(), site, of, id, until))
    }

    /// The id that a link names, when we signed it for one of `sites` and it has not run out. What is wrong with any other is told
    /// to nobody.
    pub async fn verify_link(
        &self,
        sites: &[String],
        of: LinkUse,
        token: &str,
    ) -> Result<Option<(String, String)>, Fault> {
        let Some(Read { id, until_s, tag: given }) = read(token) else { return Ok(None) };
        let now_s = u64::try_from(self.now().await? / SECOND).unwrap_or(0);
        let mut found = None;
        for site in sites {
            let key = self.inner.vault.link_key(site).await?;
            let expected = tag(&key, site, of, &id, until_s);
            // Every site is looked at, so that the time tells nothing of which.
            if constant_time::verify_slices_are_equal(&expected, &given).is_ok() {
                found = Some(site.clone());
            }
        }
        Ok(found.filter(|_| now_s < until_s).map(|site| (site, id)))
    }
}
