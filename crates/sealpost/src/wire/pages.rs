//! The cells as what the console's pages read mails with, and the running engine as what they tell of.

use console::now::{MailboxNow, Now, PlanNow, SiteNow};
use console::reader::{Answer, Bytes, Part, Reader, View};
use engine::Condition;
use engine::Reader as _;
use engine::cell::MailReader;
use mail::PartClass;
use policy::meter::{Capacity, Standing};
use std::sync::Arc;
use store::{ContentReader, GrantOf};
use tokio::sync::mpsc;

/// What reads mails for the engine as well, and the limits that they are read within.
pub struct PageReader {
    pub mails: MailReader,
    pub limits: mail::Limits,
}

impl Reader for PageReader {
    fn view(&self, raw: ContentReader) -> Answer<'_, View> {
        Box::pin(async move {
            let message = self.mails.read(raw, &self.limits).await?.message;
            let parts = message.parts.into_iter().filter(|part| part.leaf).zip(1..);
            let from = message.headers.from.iter().map(|from| match &from.name {
                Some(name) => format!("{name} <{}>", from.address),
                None => from.address.clone(),
            });
            Ok(View {
                from: from.collect::<Vec<_>>().join(", "),
                text: message.text,
                html: message.html,
                parts: parts.map(|(part, number)| shown(part, number)).collect(),
            })
        })
    }

    fn part<'a>(&'a self, raw: ContentReader, path: &'a str, pieces: mpsc::Sender<Bytes>) -> Answer<'a, u64> {
        engine::Reader::part(&self.mails, raw, &self.limits, path, pieces)
    }
}

/// The engine of this process.
pub struct Watched {
    pub engine: Arc<engine::Gateway>,
}

impl Watched {
    /// The names of the outgoing mail servers in this condition.
    fn outgoings(&self, condition: Condition) -> Vec<String> {
        let of = self.engine.outgoings().into_iter().filter(|one| one.condition == condition);
        of.map(|one| one.name).collect()
    }
}

impl Now for Watched {
    fn sites(&self) -> Vec<SiteNow> {
        let refused = self.engine.refused_grants();
        let sites = self.engine.sites().into_iter();
        sites
            .map(|site| SiteNow {
                is_refused: refused.contains(&GrantOf::site(&site.name)),
                name: site.name,
                is_parked: site.is_parked,
                is_dead_end: site.is_dead_end,
                limited: site.limited.into_iter().map(|(limit, times)| (limit_in_words(limit), times)).collect(),
            })
            .collect()
    }

    fn mailboxes(&self) -> Vec<MailboxNow> {
        let refused = self.engine.refused_grants();
        let mailboxes = self.engine.mailboxes().into_iter();
        mailboxes
            .map(|mailbox| MailboxNow {
                is_refused: refused.iter().any(|of| of.mailbox == mailbox.name),
                name: mailbox.name,
                fails: mailbox.fails,
                not_fetched: mailbox.not_fetched.mails,
                too_large: mailbox.not_fetched.too_large,
                not_fetched_since: mailbox.not_fetched.since,
                is_silent: mailbox.is_silent,
                is_stalled: mailbox.is_stalled,
            })
            .collect()
    }

    fn halted(&self) -> Vec<String> {
        self.outgoings(Condition::Halted)
    }

    fn away(&self) -> Vec<String> {
        self.outgoings(Condition::Away)
    }

    fn plans(&self) -> Vec<PlanNow> {
        self.engine.plans().into_iter().map(|(plan, standing)| plan_now(plan, &standing)).collect()
    }
}

/// What a page tells of a plan.
fn plan_now(plan: Capacity, standing: &Standing) -> PlanNow {
    PlanNow {
        name: plan.name,
        sites: plan.sites,
        used: standing.in_words(),
        percent: standing.percent(),
        why_not: standing.why_not(),
        hold_days: plan.hold_days,
    }
}

/// The words of the metric `sealpost_site_limited_total` for people.
fn limit_in_words(limit: &str) -> &'static str {
    match limit {
        "burst" => "requests in a second",
        "issue" => "changes of one issue",
        "quota" => "requests in an hour",
        _ => "a limit without a name",
    }
}

fn shown(part: mail::message::Part, number: usize) -> Part {
    Part {
        name: part.name.as_deref().map(|name| mail::safe_name(name, number)),
        class: in_words(part.class).to_owned(),
        path: part.path,
        content_type: part.content_type,
        true_type: part.true_type,
        content_id: part.content_id,
        size_bytes: part.size_bytes,
    }
}

fn in_words(class: PartClass) -> &'static str {
    match class {
        PartClass::Container => "container",
        PartClass::Body => console::reader::BODY,
        PartClass::File => "file",
        PartClass::InlinePicture => "picture in the text",
        PartClass::QuotedPicture => "picture of the quoted text",
        PartClass::SignaturePicture => "picture of the signature",
        PartClass::TrackingPixel => "tracking pixel",
        PartClass::Signature => "signature",
        PartClass::Calendar => "calendar object",
        PartClass::Sealed => "sealed",
        PartClass::Key => "key or certificate",
        PartClass::Unpacked => "unpacked into other parts",
    }
}
