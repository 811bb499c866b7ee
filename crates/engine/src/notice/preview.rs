//! What a letter about a captured event says to one of its readers as things are now: decided and asked as for a letter that goes out, and
//! nothing is posted, sent or had of the tracker's files.

use super::Decided;
use super::letters::{brand, links, order, sender};
use crate::gateway::{Parts, Shared};
use crate::sealing::letters::LetterNature;
use crate::set_link::of_event as set_link;
use crate::site::Site;
use crate::stop::Stop;
use mail::{Address, Envelope, Headers, normalised};
use policy::notify::{About, Fate, Files, LeftOut, Notification, Own};
use policy::sealing::RecipientPlan;
use policy::template::{Order, view};
use policy::{Fault, FaultCode};
use std::collections::HashSet;
use store::EventLine;

/// A letter as it would be made.
#[derive(Debug, Clone)]
pub struct Previewed {
    /// The mapping that tells of the event.
    pub mapping: String,
    /// One sentence: why he gets it.
    pub reason: String,
    /// The address that it is from.
    pub from: String,
    /// The table of the site's templates whose words they are; `None` where its theme has them.
    pub template: Option<String>,
    /// What makes its words.
    pub order: Order,
    /// What the rules for sealing would make of it, with the whole trace; `None` where its site seals nothing.
    pub sealing: Option<RecipientPlan>,
}

/// What would be told of an event.
#[derive(Debug, Clone, Default)]
pub struct Preview {
    /// The letters of the reader who was chosen; none where he is told nothing.
    pub letters: Vec<Previewed>,
    /// The addresses of all who would be told.
    pub told: Vec<String>,
    pub left_out: Vec<LeftOut>,
    /// Each question, its answer, and what it decided.
    pub trace: Vec<String>,
}

/// Looks at letters without a running gateway: it has no workers, and nothing waits for it.
pub struct Previews(Shared);

impl Previews {
    pub fn new(parts: Parts) -> Previews {
        Previews(Shared::new(parts))
    }

    /// What the letter about this event alone, without others of its window, would say to whoever has this address.
    ///
    /// # Errors
    /// Those of asking the tracker, `SettingsWrong` without mappings, `NothingThere` when what the event says is erased.
    pub async fn preview(&self, line: &EventLine, to: &str) -> Result<Preview, Fault> {
        let previewed = preview(&self.0, line, to).await;
        self.0.tokens.settle().await;
        previewed
    }
}

async fn preview(shared: &Shared, line: &EventLine, to: &str) -> Result<Preview, Fault> {
    let erased = || {
        Fault::permanent(FaultCode::NothingThere, "what the event says is erased")
            .with_public("What the event says is erased, so nobody can say what a letter would tell of it.")
    };
    let event = line.event.clone().ok_or_else(erased)?;
    let site = shared.site(&line.site)?;
    let no_mappings = || {
        Fault::permanent(FaultCode::SettingsWrong, "the site of the event has no mappings")
            .with_public(format!("The site `{}` tells nobody of events; name its file of mappings.", line.site))
    };
    let mappings = site.mappings.as_ref().ok_or_else(no_mappings)?;
    let events = vec![event].into();
    let decided = super::decide(shared, &site, &events, mappings, (&line.issue_id, Vec::new())).await.map_err(why)?;
    let Decided { notified, issue, contents, .. } = decided;
    let told = notified.notifications.iter().map(|one| one.recipient.address.clone()).collect();
    let mut letters = Vec::new();
    // A channel has a name and no address, and hears less than a letter says.
    let is_his = |address: &str| normalised(address) == normalised(to);
    let his = notified.notifications.iter();
    let his = his.filter(|one| one.recipient.channel.is_none() && is_his(&one.recipient.address));
    for (notification, issue) in his.zip(issue.iter().cycle()) {
        let from = sender(&site, notification)?;
        let of = view::Site { name: site.name.clone(), url: site.browse_base.clone() };
        let (entries, earlier) = (&contents.entries, contents.earlier.as_slice());
        let about = About { site: &of, issue, said: &contents.issue, entries, earlier };
        // A link to unsubscribe and a mark are those of a letter that was sent.
        let own = Own {
            links: links(&site, notification, &from, None),
            offers: set_link::preview(shared, &site.name, &notification.style.sets),
            brand: brand(&site, &from),
            mark: None,
            files: beside(notification.files(&about, &HashSet::new())),
        };
        let order = order(&site, notification, notification.view(&about, own));
        let (mapping, reason) = (notification.mapping.clone(), notification.reason.clone());
        let template = match site.templates.named.contains_key(&notification.template) {
            true => Some(format!("written.{}", notification.template)),
            false => site.templates.table_of(order.view.kind()).map(str::to_owned),
        };
        let sealing = sealing(shared, &site, notification, &from).await?;
        letters.push(Previewed { mapping, reason, from: from.address, template, order, sealing });
    }
    Ok(Preview { letters, told, left_out: notified.left_out, trace: notified.trace })
}

/// What would become of the letter, by the rules and keys as they are.
async fn sealing(
    shared: &Shared,
    site: &Site,
    notification: &Notification,
    from: &Address,
) -> Result<Option<RecipientPlan>, Fault> {
    let Some(sealer) = site.sealer() else { return Ok(None) };
    let nature = LetterNature {
        site: site.name.clone(),
        kind: "event",
        issue_key: notification.issue_key.clone(),
        mapping: notification.mapping.clone(),
        came_sealed: notification.style.must_be_sealed,
        ..LetterNature::default()
    };
    let headers = Headers { from: vec![from.clone()], ..Headers::default() };
    let envelope = Envelope { rcpt_to: vec![notification.recipient.address.clone()], ..Envelope::default() };
    let now_s = shared.store.now().await?.div_euclid(1_000_000);
    let planned = sealer.plan(&nature.facts(headers, &envelope, now_s)).await?;
    Ok(Some(planned.plan))
}

/// The tracker is asked for no file, so that none can be shown within the letter.
fn beside(mut files: Files) -> Files {
    for going in &mut files.0 {
        going.has_thumbnail = false;
        if going.fate == Fate::Shown {
            going.fate = Fate::Along;
        }
    }
    files
}

fn why(stop: Stop) -> Fault {
    match stop {
        Stop::Retry(fault)
        | Stop::Wait(fault, _)
        | Stop::Halted(fault, _)
        | Stop::Aside(fault, _)
        | Stop::Hold(fault)
        | Stop::GiveUp(fault) => fault,
        Stop::Lost => Fault::temporary(FaultCode::Internal, "a look at a letter has no lease that it could lose"),
    }
}
