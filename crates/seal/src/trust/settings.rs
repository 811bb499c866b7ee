//! What is asked about a certificate, by which rules, and what is known of its revocation.

/// What a certificate's key is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To check a signature under mail.
    Signing,
    /// To encrypt mail for its holder.
    Encrypting,
}

/// What is asked about a certificate.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub purpose: Purpose,
    /// The mail address that it has to speak for; `None` where that does not matter.
    pub address: Option<&'a str>,
    /// Seconds since 1970.
    pub now: u64,
}

/// What becomes of a certificate of which nobody says whether it was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unknown {
    /// Hard: it is not trusted.
    Refused,
    /// Soft: it is trusted, and that it is unknown is said.
    Accepted,
}

/// By which rules certificates are judged.
#[derive(Debug, Clone)]
pub struct Settings {
    /// RSA keys with fewer bits are refused, anywhere in the path. What is below 2,048 counts as 2,048.
    pub rsa_bits_min: usize,
    /// A certificate for any usage is one for mail.
    pub any_usage_counts: bool,
    /// Where the alternative names hold no address, those in the subject count (as before RFC 8550).
    pub subject_address_counts: bool,
    /// The part before the `@` is compared without regard to case.
    pub folds_local_part: bool,
    /// Policies, as dotted numbers, of which the path must have one; none means that it need not have any.
    pub policies: Vec<String>,
    pub unknown: Unknown,
    /// A list or an answer counts until so many days after the time that it names for the next one.
    pub stale_days_max: u32,
    /// One that names no such time counts for so many hours.
    pub undated_hours_max: u32,
    /// An answer must repeat the nonce that it was asked with; else it may leave it out.
    pub is_nonce_required: bool,
    /// Where something was fetched from less than so many seconds ago, it is not asked for again.
    pub ask_again_after_s: u64,
}

impl Settings {
    /// The usual ones; what becomes of the unknown has no usual one.
    pub fn new(unknown: Unknown) -> Settings {
        Settings {
            rsa_bits_min: 2048,
            any_usage_counts: true,
            subject_address_counts: false,
            folds_local_part: false,
            policies: Vec::new(),
            unknown,
            stale_days_max: 0,
            undated_hours_max: 24,
            is_nonce_required: false,
            ask_again_after_s: 3600,
        }
    }
}

/// Of which kind something about revocation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerKind {
    /// A list of revoked certificates (RFC 5280, section 5).
    Crl,
    /// An answer about one certificate (RFC 6960).
    Ocsp,
}

/// Something about revocation that was fetched.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub kind: AnswerKind,
    /// Empty when nothing came.
    pub bytes: &'a [u8],
    /// The URL that it was fetched from.
    pub from: &'a str,
    /// In seconds since 1970.
    pub fetched_at: u64,
    /// The nonce of the question, if it had one.
    pub nonce: Option<&'a [u8]>,
}

/// What is known of revocation.
#[derive(Debug, Clone, Copy, Default)]
pub struct Revocation<'a> {
    pub answers: &'a [Answer<'a>],
    /// Up to 32 bytes drawn by chance, which go into questions; `None` for questions without a nonce.
    pub nonce: Option<&'a [u8]>,
}
