//! Whether a mail's author domain vouches for it, asked in DNS: SPF, DKIM, DMARC and ARC, each within bounds.
//!
//! The header is cut and its author read by `mail::authenticity`, so signatures and decisions speak of the same From; the
//! body streams through hashes, so no mail is ever whole in memory. What parses strangers' bytes here is bounded before
//! it begins, linear, and in a task of its own, so that a panic is a verdict of unknown and nothing more.

mod examination;
mod meter;
mod signatures;
mod spf;

pub use examination::Examination;
pub use meter::LOOK_UPS_MAX;
pub use signatures::{ARC_SETS_MAX, SIGNATURES_MAX};
pub use spf::VOID_LOOK_UPS_MAX;

use examination::Examined;
use mail::authenticity::{self, Authenticity, Check, Mechanism, Outcome, Verdict};
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ProtocolConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::{DkimOutput, DkimResult, DmarcResult, DnsError, Error, MessageAuthenticator, SpfOutput};
use meter::Meter;
use policy::{Fault, FaultCode};
use signatures::Signed;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// No answer is believed for longer, whatever its time to live (FAULT-29).
const ANSWER_AGE_MAX: Duration = Duration::from_secs(3600);

/// How DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The servers that are asked; none means those of the system (`/etc/resolv.conf`).
    pub servers: Vec<SocketAddr>,
    /// How long one server may take for one answer.
    pub timeout: Duration,
    /// How often a question is asked again that got no answer.
    pub retries: u32,
    /// How long all questions about one mail may take together.
    pub total_max: Duration,
    /// Answers that are remembered.
    pub answers_max: u64,
}

/// How a mail came to our listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrival {
    /// The client's address; `None` when it is not known, and then SPF proves nothing.
    pub ip: Option<IpAddr>,
    /// What the client called itself.
    pub hello: String,
    /// The reverse-path; `None` for the null one.
    pub mail_from: Option<String>,
    /// The name of the listener, for macros in SPF records.
    pub host: String,
}

/// Asks DNS about mails. Cheap to clone; clones share connections and remembered answers.
#[derive(Clone)]
pub struct DnsAuth {
    authenticator: Arc<MessageAuthenticator>,
    total_max: Duration,
}

impl DnsAuth {
    /// Nothing is asked yet. Has to be called within a Tokio runtime; fails when the system's servers cannot be read.
    pub fn new(settings: &Settings) -> Result<DnsAuth, Fault> {
        let wrong = |error: &dyn std::fmt::Display| {
            Fault::permanent(FaultCode::SettingsWrong, format!("DNS: {error}")).with_public(
                "The system's DNS servers cannot be read; name them in `dns.servers`, for example [\"127.0.0.1:53\"].",
            )
        };
        let config = if settings.servers.is_empty() {
            read_system_conf().map_err(|error| wrong(&error))?.0
        } else {
            ResolverConfig::from_parts(None, Vec::new(), settings.servers.iter().map(server).collect())
        };
        let mut options = ResolverOpts::default();
        options.timeout = settings.timeout;
        options.attempts = settings.retries as usize;
        options.cache_size = settings.answers_max;
        options.use_hosts_file = ResolveHosts::Never;
        options.positive_max_ttl = Some(ANSWER_AGE_MAX);
        options.negative_max_ttl = Some(ANSWER_AGE_MAX);
        let authenticator = MessageAuthenticator::new(config, options).map_err(|error| wrong(&error))?;
        Ok(DnsAuth { authenticator: Arc::new(authenticator), total_max: settings.total_max })
    }

    /// The verdict on a mail that was read by an [`Examination`]. Total: what cannot be found out is unknown.
    pub async fn verify(&self, examination: Examination, arrival: Arrival) -> Authenticity {
        let authenticator = self.authenticator.clone();
        let task = tokio::spawn(async move { verified(&authenticator, &examination.finish(), &arrival).await });
        let _stop = AbortOnDrop(task.abort_handle());
        match tokio::time::timeout(self.total_max, task).await {
            Ok(Ok(authenticity)) => authenticity,
            Ok(Err(_)) => Authenticity::without_checks(Verdict::Unknown, "verifying the mail ended badly"),
            Err(_) => {
                let why = format!("DNS took longer than {} s", self.total_max.as_secs_f32());
                Authenticity::without_checks(Verdict::Unknown, why)
            }
        }
    }
}

/// Ends the questions about a mail whose job has gone.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// One resolver, asked by UDP, and by TCP where an answer is cut.
pub(crate) fn server(address: &SocketAddr) -> NameServerConfig {
    let connection = |protocol| {
        let mut connection = ConnectionConfig::new(protocol);
        connection.port = address.port();
        connection
    };
    NameServerConfig::new(address.ip(), true, vec![connection(ProtocolConfig::Udp), connection(ProtocolConfig::Tcp)])
}

async fn verified(authenticator: &MessageAuthenticator, mail: &Examined, arrival: &Arrival) -> Authenticity {
    let author = match authenticity::author(&mail.head) {
        Ok(author) => author,
        Err(why) => return Authenticity::without_checks(Verdict::NotAuthentic, why),
    };
    let Some(fields) = authenticity::fields(&mail.head) else {
        return Authenticity::without_checks(Verdict::NotAuthentic, "the header is too large");
    };
    let domain = author.domain();
    let signed = signatures::of(fields, &author, mail);
    let meter = Meter::default();
    let dkim = authenticator.verify_dkim(meter.parameters(&signed.message)).await;
    let (spf, spf_domain) = spf::verified(authenticator, arrival).await;
    let mut checks: Vec<Check> = dkim.iter().filter_map(|output| dkim_check(output, &domain)).collect();
    checks.extend(spf::check(&spf, &spf_domain, &domain));
    checks.extend(dmarc(authenticator, &meter, &signed, &dkim, &spf, &spf_domain).await);
    checks.extend(arc(authenticator, &meter, &signed).await);
    let mut notes = signed.notes;
    if meter.is_exhausted() {
        notes.push(format!("more than {LOOK_UPS_MAX} look-ups in DNS would have been needed"));
    }
    Authenticity::of_checks(&author, checks, notes)
}

/// The result of one signature.
fn dkim_check(output: &DkimOutput<'_>, author_domain: &str) -> Option<Check> {
    let domain = authenticity::comparable(&output.signature()?.d);
    let aligned = authenticity::speaks_for(&domain, author_domain);
    let (outcome, detail) = signature_outcome(output.result());
    Some(Check { mechanism: Mechanism::Dkim, outcome, domain, aligned, detail })
}

fn signature_outcome(result: &DkimResult) -> (Outcome, String) {
    match result {
        DkimResult::Pass => (Outcome::Pass, String::new()),
        DkimResult::None => (Outcome::None, String::new()),
        DkimResult::TempError(error) => (Outcome::Unknown, in_words(error)),
        DkimResult::Neutral(error) | DkimResult::Fail(error) | DkimResult::PermError(error) => {
            (Outcome::Fail, in_words(error))
        }
    }
}

/// Why a check failed, without the resolver's own words, which may hold addresses of servers.
fn in_words(error: &Error) -> String {
    match error {
        Error::Dns(DnsError::Resolver(_)) => "DNS gave no answer".to_owned(),
        Error::Dns(DnsError::RecordNotFound(_)) => "there is no such key".to_owned(),
        other => other.to_string(),
    }
}

async fn dmarc(
    authenticator: &MessageAuthenticator,
    meter: &Meter,
    signed: &Signed<'_>,
    dkim: &[DkimOutput<'_>],
    spf: &SpfOutput,
    spf_domain: &str,
) -> Option<Check> {
    let parameters = DmarcParameters {
        message: &signed.message,
        dkim_output: dkim,
        dkim2_output: None,
        rfc5321_mail_from_domain: spf_domain,
        spf_output: spf,
    };
    let output = authenticator.verify_dmarc(meter.parameters(parameters)).await;
    let (outcome, detail) = match output.result() {
        DmarcResult::Pass => (Outcome::Pass, String::new()),
        DmarcResult::TempError(error) => (Outcome::Unknown, in_words(&error)),
        // Without a record nobody said what has to be so, and an error in finding it is the same.
        DmarcResult::Fail(_) | DmarcResult::PermError(_) if output.dmarc_record().is_some() => {
            (Outcome::Fail, "neither DKIM nor SPF passes for it".to_owned())
        }
        DmarcResult::Fail(_) | DmarcResult::PermError(_) | DmarcResult::None => (Outcome::None, String::new()),
    };
    let domain = authenticity::comparable(output.domain());
    Some(Check { mechanism: Mechanism::Dmarc, outcome, domain, aligned: true, detail })
}

async fn arc(authenticator: &MessageAuthenticator, meter: &Meter, signed: &Signed<'_>) -> Option<Check> {
    let sealer = signed.message.as_headers.last()?;
    let output = authenticator.verify_arc(meter.parameters(&signed.message)).await;
    let (outcome, detail) = signature_outcome(output.result());
    let domain = authenticity::comparable(&sealer.header.d);
    Some(Check { mechanism: Mechanism::Arc, outcome, domain, aligned: false, detail })
}
