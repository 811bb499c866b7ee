//! What the console tells of the running gateway beside what is stored: sites and mailboxes as they are at this moment.

/// Whatever knows the running gateway. It answers from memory, at once.
pub trait Now: Send + Sync + 'static {
    /// Each site, by name.
    fn sites(&self) -> Vec<SiteNow>;

    /// Each mailbox, by name.
    fn mailboxes(&self) -> Vec<MailboxNow>;

    /// Outgoing mail servers that let us in no more or take no more letters, by name.
    fn halted(&self) -> Vec<String> {
        Vec::new()
    }

    /// Outgoing mail servers that cannot be reached, by name.
    fn away(&self) -> Vec<String> {
        Vec::new()
    }

    /// Each capacity plan, as it was when it was looked at last.
    fn plans(&self) -> Vec<PlanNow> {
        Vec::new()
    }
}

/// A capacity plan at this moment.
#[derive(Debug, Clone, Default)]
pub struct PlanNow {
    pub name: String,
    /// The sites that share it.
    pub sites: Vec<String>,
    /// What was used of what, in a sentence.
    pub used: String,
    /// How much of it, where there is a limit.
    pub percent: Option<u32>,
    /// Why nothing more goes; empty as long as it does.
    pub why_not: String,
    /// How long events wait for room, in days.
    pub hold_days: u32,
}

/// A site at this moment.
#[derive(Debug, Clone, Default)]
pub struct SiteNow {
    pub name: String,
    /// It is left alone, because it is out of order or asked for quiet.
    pub is_parked: bool,
    /// Its letters are kept here.
    pub is_dead_end: bool,
    /// A token server gives no tokens for it.
    pub is_refused: bool,
    /// The tracker's limits in words, and how often each bit since the process began.
    pub limited: Vec<(&'static str, u64)>,
}

/// A mailbox at this moment.
#[derive(Debug, Clone, Default)]
pub struct MailboxNow {
    pub name: String,
    /// The last round in which it was fetched failed.
    pub fails: bool,
    /// Mails that lie there and could not be fetched, how many of them are too large, and since when.
    pub not_fetched: u64,
    pub too_large: u64,
    pub not_fetched_since: Option<store::Micros>,
    /// A token server gives no tokens for it.
    pub is_refused: bool,
    /// No mail came for longer than its settings say.
    pub is_silent: bool,
    /// It is fetched, and for too long no round through it has got to its end.
    pub is_stalled: bool,
}

/// Where no gateway runs, nothing is known of one.
pub(crate) struct Nothing;

impl Now for Nothing {
    fn sites(&self) -> Vec<SiteNow> {
        Vec::new()
    }

    fn mailboxes(&self) -> Vec<MailboxNow> {
        Vec::new()
    }
}
