//! Mail addresses of certificates: how they are read and compared (RFC 5280, section 4.2.1.6; RFC 9598).

use super::certificate::Parsed;
use crate::Trouble;
use crate::asn1::oid;
use der::Tagged;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::GeneralName;

/// Whether two addresses are the same: domains without regard to case, the part before the `@` exactly unless `folds_local_part`.
pub fn is_same(one: &str, other: &str, folds_local_part: bool) -> bool {
    let (Some((one_local, one_domain)), Some((other_local, other_domain))) =
        (one.rsplit_once('@'), other.rsplit_once('@'))
    else {
        return false;
    };
    let folds = |one: &str, other: &str| one.to_lowercase() == other.to_lowercase();
    !one_local.is_empty()
        && !one_domain.is_empty()
        && folds(one_domain, other_domain)
        && (one_local == other_local || (folds_local_part && folds(one_local, other_local)))
}

/// The addresses of the alternative names that may have other than ASCII before the `@` (RFC 9598, section 3).
pub(super) fn mailboxes(certificate: &Parsed) -> Result<Vec<String>, Trouble> {
    let mut found = Vec::new();
    for name in certificate.extension::<SubjectAltName>()?.map(|names| names.0).unwrap_or_default() {
        if let GeneralName::OtherName(other) = name
            && other.type_id == oid::SMTP_UTF8_MAILBOX
        {
            let text =
                std::str::from_utf8(other.value.value()).ok().filter(|_| other.value.tag() == der::Tag::Utf8String);
            found.push(text.ok_or(Trouble::Malformed("an address of a certificate is none"))?.to_owned());
        }
    }
    Ok(found)
}

/// All addresses that a certificate speaks for.
pub(super) fn addresses(certificate: &Parsed, subject_counts: bool) -> Result<Vec<String>, Trouble> {
    let mut found = mailboxes(certificate)?;
    for name in certificate.extension::<SubjectAltName>()?.map(|names| names.0).unwrap_or_default() {
        if let GeneralName::Rfc822Name(address) = name {
            found.push(address.as_str().to_owned());
        }
    }
    if found.is_empty() && subject_counts {
        let of_subject = certificate.tbs().subject().iter().filter(|part| part.oid == oid::EMAIL_ADDRESS);
        found.extend(of_subject.filter_map(|part| String::from_utf8(part.value.value().to_vec()).ok()));
    }
    // A zero byte ends a string elsewhere: nobody is to read half of an address.
    found.retain(|address| !address.chars().any(char::is_control));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn domains_fold_and_local_parts_do_not() {
        assert!(is_same("Ann@Example.COM", "Ann@example.com", false));
        assert!(!is_same("ann@example.com", "Ann@example.com", false));
        assert!(is_same("ann@example.com", "Ann@example.com", true));
        assert!(is_same("jürgen@example.com", "jürgen@EXAMPLE.com", false));
        assert!(!is_same("ann@example.com", "ann@example.com.attacker.example", true));
        assert!(!is_same("ann@example.com", "ann@example.co", true));
        assert!(is_same("\"a@b\"@example.com", "\"a@b\"@example.com", false));
    }

    #[test]
    fn what_is_no_address_is_the_same_as_none() {
        for one in ["", "@", "ann", "ann@", "@example.com"] {
            assert!(!is_same(one, one, true), "{one}");
        }
    }
}
