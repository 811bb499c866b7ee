//! Where a Web Key Directory has the key of an address (draft-koch-openpgp-webkey-service, section 3.1).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use data_encoding::{Encoding, Specification};
use std::sync::LazyLock;
use url::Url;

/// z-base-32 (RFC 6189, section 5.1.6).
static Z_BASE_32: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut of = Specification::new();
    of.symbols.push_str("ybndrfg8ejkmcpqxot1uwisza345h769");
    of.encoding().ok()
});

/// The address of somebody whose domain is a name: local part, and domain in ASCII and small letters.
pub fn parted(address: &str) -> Option<(&str, String)> {
    let (local, domain) = address.trim().rsplit_once('@')?;
    // As URLs have it: international names in their ASCII form. What is an address of a machine, or a port, is no name.
    let url = Url::parse(&format!("https://{domain}/")).ok()?;
    let is_name = url.path() == "/" && url.port().is_none() && url.username().is_empty() && url.query().is_none();
    match url.host()? {
        url::Host::Domain(name) if is_name && url.fragment().is_none() && !local.is_empty() => {
            Some((local, name.trim_end_matches('.').to_owned()))
        }
        _ => None,
    }
}

/// What names the local part: SHA-1 of it with ASCII letters made small.
pub(crate) fn hash(local: &str) -> Option<String> {
    let digest = digest(&SHA1_FOR_LEGACY_USE_ONLY, local.to_ascii_lowercase().as_bytes());
    Some(Z_BASE_32.as_ref()?.encode(digest.as_ref()))
}

/// The place by the advanced method; `server` stands for the one of the domain.
pub(super) fn advanced(local: &str, domain: &str, server: Option<&Url>) -> Option<Url> {
    let base = match server {
        Some(server) => server.as_str().trim_end_matches('/').to_owned(),
        None => format!("https://openpgpkey.{domain}"),
    };
    with_local(&format!("{base}/.well-known/openpgpkey/{domain}/hu/{}", hash(local)?), local)
}

/// The place by the direct method, which counts only where there is no host for the advanced one.
pub(super) fn direct(local: &str, domain: &str) -> Option<Url> {
    with_local(&format!("https://{domain}/.well-known/openpgpkey/hu/{}", hash(local)?), local)
}

fn with_local(place: &str, local: &str) -> Option<Url> {
    let mut url = Url::parse(place).ok()?;
    url.query_pairs_mut().append_pair("l", local);
    Some(url)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// The example of the draft, section 3.1.
    #[test]
    fn the_example_of_the_draft_is_found_where_it_says() {
        let (local, domain) = parted("Joe.Doe@Example.ORG").unwrap();
        assert_eq!(
            advanced(local, &domain, None).unwrap().as_str(),
            "https://openpgpkey.example.org/.well-known/openpgpkey/example.org/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe"
        );
        assert_eq!(
            direct(local, &domain).unwrap().as_str(),
            "https://example.org/.well-known/openpgpkey/hu/iy9q119eutrkn8s1mk4r39qejnbu3n5q?l=Joe.Doe"
        );
        let house = Url::parse("https://keys.house.example:8443/").unwrap();
        let there = advanced(local, &domain, Some(&house)).unwrap();
        assert!(
            there.as_str().starts_with("https://keys.house.example:8443/.well-known/openpgpkey/example.org/hu/iy9q")
        );
    }

    #[test]
    fn sec_36_only_domains_that_are_names_are_asked() {
        for wrong in [
            "ann@127.0.0.1",
            "ann@[127.0.0.1]",
            "ann@[::1]",
            "ann@a.example:8443",
            "ann@a.example/x",
            "ann@a.example?x",
            "ann@a.example#x",
            "ann",
            "@a.example",
            "ann@",
            "ann@0x7f.1",
        ] {
            assert_eq!(parted(wrong), None, "{wrong}");
        }
        assert_eq!(parted("ann@bücher.example").unwrap().1, "xn--bcher-kva.example");
        assert_eq!(
            parted("a b&c@a.example").and_then(|(local, domain)| advanced(local, &domain, None)).unwrap().query(),
            Some("l=a+b%26c")
        );
        // What stands before the last @ names nobody's host.
        assert_eq!(parted("ann@inner.example@a.example").unwrap().1, "a.example");
    }
}
