//! Keys of people in DNS: OPENPGPKEY (RFC 7929) and SMIMEA (RFC 8162), with whether their zones have signed them (DNSSEC).
//!
//! Signatures are checked here, from a trust anchor down, whatever the resolver that is asked says of them.

use crate::dns_auth::server;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use mail_auth::hickory_resolver::config::{ResolveHosts, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::net::runtime::TokioRuntimeProvider;
use mail_auth::hickory_resolver::net::{DnsError, NetError, NoRecords};
use mail_auth::hickory_resolver::proto::dnssec::{Proof, TrustAnchors};
use mail_auth::hickory_resolver::proto::op::ResponseCode;
use mail_auth::hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use mail_auth::hickory_resolver::proto::rr::{Name, RData, Record as Row, RecordType};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::hickory_resolver::{Resolver, TokioResolver};
use policy::{Fault, FaultCode};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Octets of the hash that names the part before the `@` (RFC 7929, section 3; RFC 8162, section 3).
const HASH_BYTES: usize = 28;
/// Records of one answer that are looked at.
const RECORDS_MAX: usize = 16;
/// Aliases of one answer that are followed.
const ALIASES_MAX: usize = 8;
/// Whose keys every resolver has that is of use here.
const ROOT: &str = ".";

/// How DNS is asked for keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Resolvers; none means those of the system.
    pub servers: Vec<SocketAddr>,
    /// DNSKEY records in the form of a zone, by which signatures are checked; without it those of the root that came with the program.
    pub trust_anchor: Option<PathBuf>,
    /// From the first question to the last answer.
    pub timeout: Duration,
}

/// Keys of an address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Signed by its zone, from the trust anchor down.
    pub is_proved: bool,
    pub keys: Vec<Record>,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A transferable public key.
    Pgp(Vec<u8>),
    /// A whole certificate in DER. It needs an authority unless it stands for itself (usage 3, DANE-EE).
    Certificate { der: Vec<u8>, stands_for_itself: bool },
}

/// Why nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    Late,
    /// No server answered, or it said that it failed.
    Lost,
    /// The answer is not what its zone signed.
    Bogus,
}

/// Asks DNS for keys.
pub struct DnsKeys {
    resolver: TokioResolver,
    timeout: Duration,
    /// The zone of the trust anchor, whose keys are asked for to see whether anybody answers.
    anchored: String,
}

impl DnsKeys {
    /// Nothing is asked yet. Has to be called within a Tokio runtime.
    ///
    /// # Errors
    /// Permanent `SettingsWrong` when the system's servers or the trust anchor cannot be read.
    pub fn new(settings: &Settings) -> Result<DnsKeys, Fault> {
        let wrong = |public: String| Fault::permanent(FaultCode::SettingsWrong, "keys in DNS").with_public(public);
        let config = if settings.servers.is_empty() {
            let system = read_system_conf().map_err(|error| {
                wrong(format!("The system's DNS servers cannot be read ({error}); name them in `key_source.servers`."))
            });
            system?.0
        } else {
            ResolverConfig::from_parts(None, Vec::new(), settings.servers.iter().map(server).collect())
        };
        let mut options = ResolverOpts::default();
        options.timeout = settings.timeout;
        options.validate = true;
        // What was said is remembered elsewhere, and no longer than the settings let.
        options.cache_size = 64;
        options.use_hosts_file = ResolveHosts::Never;
        let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default()).with_options(options);
        let mut anchored = ROOT.to_owned();
        if let Some(file) = &settings.trust_anchor {
            anchored = std::fs::read_to_string(file).ok().and_then(|text| first_name(&text)).unwrap_or(anchored);
            let anchors = TrustAnchors::from_file(file).map_err(|error| {
                wrong(format!("{} holds no DNSKEY records ({error}); see `key_source.trust_anchor`.", file.display()))
            });
            builder = builder.with_trust_anchor(Arc::new(anchors?));
        }
        let resolver = builder.build().map_err(|error| wrong(format!("DNS cannot be asked: {error}.")))?;
        Ok(DnsKeys { resolver, timeout: settings.timeout, anchored })
    }

    /// The keys of OpenPGP of an address; the domain is in ASCII.
    ///
    /// # Errors
    /// [`Trouble`] when nobody can say that there are none.
    pub async fn openpgp(&self, local: &str, domain: &str) -> Result<Records, Trouble> {
        let name = openpgp_name(local, domain);
        let pgp = |data: &RData| match data {
            RData::OPENPGPKEY(key) => Some(Record::Pgp(key.public_key.clone())),
            _ => None,
        };
        self.ask(&name, RecordType::OPENPGPKEY, pgp).await
    }

    /// The whole certificates of S/MIME of an address: of those that DNS has for an end entity (usages 1 and 3), not those of which it has a
    /// key or a digest alone.
    ///
    /// # Errors
    /// [`Trouble`] when nobody can say that there are none.
    pub async fn smimea(&self, local: &str, domain: &str) -> Result<Records, Trouble> {
        let name = smimea_name(local, domain);
        let certificate = |data: &RData| match data {
            RData::SMIMEA(record) if record.selector == Selector::Full && record.matching == Matching::Raw => {
                let stands_for_itself = match record.cert_usage {
                    CertUsage::PkixEe => false,
                    CertUsage::DaneEe => true,
                    _ => return None,
                };
                Some(Record::Certificate { der: record.cert_data.clone(), stands_for_itself })
            }
            _ => None,
        };
        self.ask(&name, RecordType::SMIMEA, certificate).await
    }

    /// Whether a server answers with something that the trust anchor proves.
    ///
    /// # Errors
    /// [`Trouble`], as for a question.
    pub async fn greet(&self) -> Result<bool, Trouble> {
        let answer = timeout(self.timeout, self.resolver.lookup(self.anchored.as_str(), RecordType::DNSKEY)).await;
        let answer = answer.map_err(|_| Trouble::Late)?.map_err(|error| trouble(&error))?;
        Ok(answer.answers().iter().any(|record| record.proof == Proof::Secure))
    }

    async fn ask(
        &self,
        name: &str,
        kind: RecordType,
        read: impl Fn(&RData) -> Option<Record>,
    ) -> Result<Records, Trouble> {
        let asked = Name::from_utf8(name).map_err(|_| Trouble::Lost)?;
        let answer = match timeout(self.timeout, self.resolver.lookup(asked.clone(), kind)).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(NetError::Dns(DnsError::NoRecordsFound(none)))) => {
                // Whoever is on the way may lead the question to a name of his own; an alias without an end is rather no answer.
                let is_of_it = *none.query.name() == asked;
                return if is_of_it && says_none(&none) { Ok(Records::default()) } else { Err(Trouble::Bogus) };
            }
            Ok(Err(error)) => return Err(trouble(&error)),
            Err(_) => return Err(Trouble::Late),
        };
        let named = end_of(answer.answers(), &asked);
        let records = || answer.answers().iter().filter(|record| record.record_type() == kind && record.name == *named);
        // What is signed elsewhere says nothing of this name.
        if records().next().is_none() {
            return Err(Trouble::Bogus);
        }
        // An alias on the way has to be signed as well.
        let proofs =
            || answer.answers().iter().filter(|record| !record.record_type().is_dnssec()).map(|record| record.proof);
        if proofs().any(|proof| matches!(proof, Proof::Bogus | Proof::Indeterminate)) {
            return Err(Trouble::Bogus);
        }
        let keys = records().take(RECORDS_MAX).filter_map(|record| read(&record.data)).collect();
        Ok(Records { is_proved: proofs().all(|proof| proof == Proof::Secure), keys })
    }
}

/// Whether somebody who may say so said that there is no such record: the signatures of a signed zone (RFC 4035, section 5.4), which were held
/// against the name that was asked for; or a zone that has the name in it and that is proved to be unsigned. An unsigned zone elsewhere may be
/// put into every answer by whoever is on the way, and says nothing.
fn says_none(none: &NoRecords) -> bool {
    let says = |record: &Row| match (record.proof, record.record_type()) {
        (Proof::Secure, RecordType::NSEC | RecordType::NSEC3) => true,
        (Proof::Insecure, RecordType::SOA | RecordType::NS) => record.name.zone_of(none.query.name()),
        _ => false,
    };
    let is_none = matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
    is_none && none.authorities.iter().flat_map(|all| all.iter()).any(says)
}

/// Where the aliases of an answer lead from the name that was asked for.
fn end_of<'a>(answers: &'a [Row], asked: &'a Name) -> &'a Name {
    let mut end = asked;
    for _ in 0..ALIASES_MAX {
        let next = answers.iter().find_map(|record| match &record.data {
            RData::CNAME(alias) if record.name == *end => Some(&alias.0),
            _ => None,
        });
        let Some(next) = next else { break };
        end = next;
    }
    end
}

fn trouble(error: &NetError) -> Trouble {
    match error {
        NetError::Dns(DnsError::DnssecBogus | DnsError::Nsec { .. }) => Trouble::Bogus,
        NetError::Timeout => Trouble::Late,
        _ => Trouble::Lost,
    }
}

/// The name of the first record of a file.
fn first_name(text: &str) -> Option<String> {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(';'))?;
    line.split_whitespace().next().map(str::to_owned)
}

/// The name of the records with keys of OpenPGP of an address; the domain is in ASCII (RFC 7929, section 3).
pub fn openpgp_name(local: &str, domain: &str) -> String {
    name(local, "_openpgpkey", domain)
}

/// The name of the records with certificates of S/MIME of an address; the domain is in ASCII (RFC 8162, section 3).
pub fn smimea_name(local: &str, domain: &str) -> String {
    name(local, "_smimecert", domain)
}

/// The name of an address's records of one kind.
fn name(local: &str, kind: &str, domain: &str) -> String {
    let hash = digest(&SHA256, local.as_bytes());
    format!("{}.{kind}.{domain}.", HEXLOWER.encode(&hash.as_ref()[..HASH_BYTES]))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 7929, section 3, which RFC 8162 repeats.
    #[test]
    fn the_example_of_the_standard_is_found_where_it_says() {
        let hash = "c93f1e400f26708f98cb19d936620da35eec8f72e57f9eec01c1afd6";
        assert_eq!(openpgp_name("hugh", "example.com"), format!("{hash}._openpgpkey.example.com."));
        assert_eq!(smimea_name("hugh", "example.com"), format!("{hash}._smimecert.example.com."));
    }
}
