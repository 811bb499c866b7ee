//! Says a message to a channel, with the ledger before and after: at least once, and each time under the same id.
//!
//! Channels have no look-up and no way to tell a second copy; a message that is missing does more harm than one that comes twice.

use super::Outgoing;
use super::once::Ends;
use crate::bulletin::Channel;
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::sealing::letters::LetterNature;
use crate::site::Site;
use crate::speak::post_to_channel;
use crate::stop::Stop;
use mail::{Envelope, Headers};
use policy::bulletin::channel::{self, Message};
use policy::meter::Metered;
use policy::{Fault, FaultCode, FaultKind, Receipt, StepKey};
use store::{Begun, ChannelMessage, LetterLeft};

/// After so many lost answers of a channel a person is asked: what was said may have been said already.
const LOST_ANSWERS_MAX: u32 = 3;

/// A message that is to be said.
pub(crate) struct Saying<'a> {
    pub(crate) key: &'a StepKey,
    /// The word that the ledger has for it.
    pub(crate) kind: &'a str,
    /// The channel, or the name of one that is not in the settings, or may not be told by this site.
    pub(crate) channel: Result<&'a Channel, &'a str>,
    pub(crate) message: Message,
    /// As what it is counted, if it is.
    pub(crate) metered: Option<Metered>,
    /// What ends when it is said.
    pub(crate) ends: Ends,
}

impl Saying<'_> {
    /// Says it unless that was done. It has then ended what it ends, or its job is done already.
    ///
    /// # Errors
    /// Give up when the channel refuses it, hold when answers were lost again and again.
    pub(crate) async fn say(self, shared: &Shared, held: &Held, site: &Site) -> Result<(), Stop> {
        let (store, key) = (&shared.store, self.key);
        let mut again = false;
        match store.begin(&held.lease, key, self.kind, "").await? {
            Begun::Fresh => {}
            Begun::Done(_) => return self.was_said(shared, held).await,
            Begun::Failed(fault) => return Err(Stop::GiveUp(fault)),
            Begun::InDoubt { looked, .. } if looked >= LOST_ANSWERS_MAX => return Err(Stop::Hold(in_doubt())),
            Begun::InDoubt { .. } => {
                store.looked(&held.lease, key).await?;
                again = true;
            }
        }
        crash_point("bulletin_begun");
        let dead_end = site.outgoing.as_ref().is_some_and(Outgoing::is_dead_end);
        let said = if dead_end { Ok(0) } else { self.speak(held, site).await };
        crash_point("bulletin_said");
        match said {
            Ok(bytes) => {
                let receipt = Receipt::Letter { message_id: held.lease.subject.clone(), dead_end };
                let counted = self.metered.filter(|_| !dead_end).map(|metered| (metered, bytes));
                let left = LetterLeft { counted, dialogue: None };
                match self.ends {
                    Ends::Parcel => store.finish_letter(&held.lease, key, &receipt, left).await?,
                    Ends::Job => store.finish_last_letter(&held.lease, key, &receipt, left).await?,
                }
                if self.metered.is_some() {
                    let metrics = &shared.metrics;
                    Metrics::add(if dead_end { &metrics.letters_kept } else { &metrics.channel_messages_sent });
                }
                Ok(())
            }
            Err(fault) => match fault.kind {
                _ if fault.code == FaultCode::LeaseLost => Err(Stop::Lost),
                FaultKind::Permanent => {
                    store.fail(&held.lease, key, &fault).await?;
                    Err(Stop::GiveUp(fault))
                }
                FaultKind::Temporary => {
                    // Surely nothing was said this time; what was said before stays in doubt.
                    match again {
                        true => store.not_again(&held.lease, key).await?,
                        false => store.not_done(&held.lease, key, "").await?,
                    }
                    Err(fault.into())
                }
                FaultKind::Unknown => Err(Stop::Retry(fault)),
            },
        }
    }

    async fn was_said(&self, shared: &Shared, held: &Held) -> Result<(), Stop> {
        match self.ends {
            Ends::Parcel => Ok(()),
            Ends::Job => Ok(shared.store.complete(&held.lease).await?),
        }
    }

    /// How many bytes were said.
    async fn speak(&self, held: &Held, site: &Site) -> Result<u64, Fault> {
        let channel = self.channel.map_err(not_there)?;
        let now_s = held.now().div_euclid(1_000_000);
        let protected = match may_be_told(site, &self.message, now_s).await? {
            true => None,
            false => Some(self.message.protected()),
        };
        let message = protected.as_ref().unwrap_or(&self.message);
        let post = channel::post(&channel.kind, message, &held.lease.subject, now_s);
        let bytes = post.body.len() as u64;
        let saying = post_to_channel(&channel.url, &channel.route, channel.authorization.as_deref(), post);
        held.while_ours(saying).await.map(|()| bytes)
    }
}

/// Whether the rules for sealing let a message be told where nothing is sealed.
///
/// # Errors
/// Temporary where they cannot be asked: then nothing is told.
async fn may_be_told(site: &Site, message: &Message, now_s: i64) -> Result<bool, Fault> {
    let Some(sealer) = site.sealer() else { return Ok(true) };
    let is_of_issue = message.kind.starts_with(channel::ISSUE);
    let nature = LetterNature {
        site: site.name.clone(),
        kind: if is_of_issue { "channel" } else { "bulletin" },
        issue_key: if is_of_issue { message.name.clone() } else { String::new() },
        ..LetterNature::default()
    };
    let facts = nature.facts(Headers::default(), &Envelope::default(), now_s);
    sealer.may_be_told(&facts).await.map_err(|fault| Fault { kind: FaultKind::Temporary, ..fault })
}

/// The message that a mapping tells a channel about an issue.
pub(super) async fn of_mapping(
    shared: &Shared,
    held: &Held,
    site: &Site,
    key: &StepKey,
    told: ChannelMessage,
) -> Result<(), Stop> {
    let told_by = shared.bulletins();
    let ChannelMessage { channel: name, message } = told;
    let may_be_told = |channel: &&Channel| channel.name == name && channel.sites.contains(&site.name);
    let channel = told_by.channels.iter().find(may_be_told).ok_or(name.as_str());
    let metered = Some(Metered::ChannelMessage);
    let saying = Saying { key, kind: "message", channel, message, metered, ends: Ends::Job };
    let said = saying.say(shared, held, site).await;
    if let Err(Stop::GiveUp(fault)) = &said {
        Metrics::add(&shared.metrics.letters_failed);
        shared.metrics.fault(fault);
    }
    said
}

fn not_there(name: &str) -> Fault {
    let public = format!(
        "The channel `{name}` is not in the settings, or its `sites` do not name this site; put that right, then send it once more."
    );
    Fault::permanent(FaultCode::SettingsWrong, "the channel of a message may not be told").with_public(public)
}

fn in_doubt() -> Fault {
    let public = "It is not known whether this message arrived: its answer was lost several times. Look in the channel; sending it \
                  again says it once more.";
    Fault::permanent(FaultCode::InDoubt, "several answers of a channel were lost").with_public(public)
}
