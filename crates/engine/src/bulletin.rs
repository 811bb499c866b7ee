//! Bulletins: what administrators are told of the gateway itself, found out, posted once, and delivered by mail or by a channel.

use crate::crash_point::crash_point;
use crate::deliver::hand_over::{Content, hand_over};
use crate::deliver::once::{Ends, Handed, Parcel, once};
use crate::deliver::shelf::{Condition, Turn};
use crate::deliver::{Outgoing, composed, message_id, nowhere};
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::Site;
use crate::speak::{Route, post_to_channel};
use crate::stop::Stop;
use mail::Envelope;
use policy::bulletin::channel::{self, Kind};
use policy::bulletin::{Connected, Connection, Facts, Rule, bulletins};
use policy::meter::{Metered, Month};
use policy::{Fault, FaultCode, FaultKind, Receipt};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{Begun, BulletinTarget, Micros, PostedBulletin};
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

/// After so many lost answers of a channel a person is asked: what was said may have been said already.
const LOST_ANSWERS_MAX: u32 = 3;

const DAY: Micros = 86_400 * 1_000_000;

/// Who is told of what, and by which ways.
#[derive(Clone, Default)]
pub struct Bulletins {
    pub rules: Vec<Rule>,
    pub channels: Vec<Channel>,
    /// Where the console is, for links.
    pub console_url: Option<String>,
}

/// Another way out than mail.
#[derive(Clone)]
pub struct Channel {
    pub name: String,
    pub kind: Kind,
    /// A secret: whoever knows it may speak there.
    pub url: Url,
    pub route: Route,
    /// The value of the `Authorization` header, where the other end wants one.
    pub authorization: Option<String>,
}

/// The address of a channel, when it is one that may be spoken to: encrypted, or on this machine where that is allowed; without a user,
/// who would be shown.
pub fn channel_url(text: &str, allow_private: bool) -> Option<Url> {
    let url: Url = text.parse().ok()?;
    let is_here = match url.host()? {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(ip) => ip.is_loopback(),
        Host::Ipv6(ip) => ip.is_loopback(),
    };
    let is_bare = url.username().is_empty() && url.password().is_none();
    let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here && allow_private);
    (is_bare && is_safe).then_some(url)
}

/// Looks for something to tell, for ever.
pub(crate) async fn look(shared: Arc<Shared>, stop: CancellationToken) {
    loop {
        let told_by = shared.bulletins();
        if !told_by.rules.is_empty()
            && let Err(fault) = look_once(&shared, &told_by.rules).await
        {
            tracing::warn!(code = %fault.code, detail = fault.detail, "it was not found out what administrators are to be told");
        }
        tokio::select! {
            () = tokio::time::sleep(shared.settings.bulletins_every) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn look_once(shared: &Shared, rules: &[Rule]) -> Result<(), Fault> {
    let facts = facts(shared).await?;
    for rule in rules {
        let targets: Vec<BulletinTarget> = targets(rule).collect();
        for bulletin in bulletins(rule, &facts) {
            for target in &targets {
                if shared.store.post_bulletin(&bulletin, target).await? {
                    shared.metrics.bulletins.fetch_add(1, Ordering::Relaxed);
                    tracing::info!(site = bulletin.site, kind = bulletin.cause.word(), "administrators are told");
                }
            }
        }
    }
    Ok(())
}

/// To whom the bulletins of a rule go.
pub fn targets(rule: &Rule) -> impl Iterator<Item = BulletinTarget> {
    let addresses = rule.to.iter().cloned().map(BulletinTarget::Address);
    addresses.chain(rule.channels.iter().cloned().map(BulletinTarget::Channel))
}

async fn facts(shared: &Shared) -> Result<Facts, Fault> {
    let store = &shared.store;
    let now = store.now().await?;
    let mut sites: Vec<String> = shared.sites().keys().cloned().collect();
    sites.sort();
    let mut plans = Vec::new();
    for plan in shared.meter.plans().iter() {
        plans.push((plan.clone(), shared.look_at(plan).await?));
    }
    for site in shared.sites().values().filter(|site| site.is_parked()) {
        store.note_outage(&site.name).await?;
    }
    for one in shared.outgoings().into_iter().filter(|one| one.condition != Condition::Works) {
        store.note_outage(&outage_of(&one.name)).await?;
    }
    let from = Month::of_day(now.div_euclid(DAY)).before().first_day();
    Ok(Facts {
        now,
        plans,
        counted: store.counted(None, from, i64::MAX).await?,
        connections: connections(shared, &sites).await?,
        told_offline: store.told_offline().await?,
        returned: store.came_back_today().await?.into_iter().filter(|(site, _)| sites.contains(site)).collect(),
        stuck: store.stuck().await?.into_iter().filter(|(site, ..)| sites.contains(site)).collect(),
        sites,
    })
}

/// What is spoken to, as all processes together know it.
async fn connections(shared: &Shared, sites: &[String]) -> Result<Vec<Connection>, Fault> {
    let outages = shared.store.outages().await?;
    let of_sites = sites.iter().map(|site| Connection {
        what: Connected::Site,
        name: site.clone(),
        site: site.clone(),
        fails_since: outages.iter().find(|(of, _)| of == site).map(|(_, since)| *since),
        says_no: false,
    });
    let of_outgoings = shared.outgoings().into_iter().flat_map(|one| {
        let since = outages.iter().find(|(of, _)| *of == outage_of(&one.name)).map(|(_, since)| *since);
        let says_no = one.condition == Condition::Halted;
        let connection = move |site| Connection {
            what: Connected::Outgoing,
            name: one.name.clone(),
            site,
            fails_since: since,
            says_no,
        };
        one.sites.clone().into_iter().map(connection).collect::<Vec<_>>()
    });
    let fetching = shared.store.fetching().await?;
    let mailboxes = shared.mailboxes();
    let is_fetched = |name: &str| mailboxes.get(name).is_some_and(|mailbox| mailbox.fetching.is_some());
    let of_mailboxes =
        fetching.into_iter().filter(|(_, mailbox, _)| is_fetched(mailbox)).map(|(site, name, fails_since)| {
            Connection { what: Connected::Mailbox, name, site, fails_since, says_no: false }
        });
    Ok(of_sites.chain(of_mailboxes).chain(of_outgoings).collect())
}

/// Under which name the outage of an outgoing server is noted: no site has a slash in its name.
fn outage_of(outgoing: &str) -> String {
    format!("outgoing/{outgoing}")
}

/// The `Bulletin` job.
pub(crate) async fn deliver(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let posted = shared.store.posted_bulletin(&held.lease).await?;
    match &posted.target {
        BulletinTarget::Address(to) => by_mail(shared, held, &site, &posted, to).await?,
        BulletinTarget::Channel(name) => by_channel(shared, held, &site, &posted, name).await?,
    }
    Ok(shared.store.complete(&held.lease).await?)
}

async fn by_mail(shared: &Shared, held: &Held, site: &Site, posted: &PostedBulletin, to: &str) -> Result<(), Stop> {
    let message_id = message_id(shared, site, &posted.key).await?;
    let text = match &shared.bulletins().console_url {
        Some(url) => format!("{}\n{url}\n", posted.bulletin.text),
        None => posted.bulletin.text.clone(),
    };
    let parcel = Parcel {
        key: &posted.key,
        metered: Metered::AdminLetter,
        kind: "bulletin",
        receipt_id: message_id.clone(),
        message_id,
        to,
        outgoing: site.outgoing.as_ref(),
        nowhere: nowhere(site),
        ends: Ends::Parcel,
    };
    let date_s = posted.posted_at.div_euclid(1_000_000);
    let send = async |outgoing: &Outgoing, turn: Turn<'_>, message_id: String| {
        let mut composed = composed(&mail::compose::Letter {
            from: &outgoing.from,
            to,
            subject: &posted.bulletin.subject,
            text: &text,
            message_id: &message_id,
            date_s,
            answers: None,
            with_original: false,
        });
        if let Some(signer) = site.signers.of(&outgoing.from.address) {
            let signatures = signer.signatures_of(&composed.before, date_s)?;
            composed.before.splice(0..0, signatures);
        }
        let envelope = Envelope { mail_from: None, rcpt_to: vec![to.to_owned()], ..Envelope::default() };
        let is_ascii = composed.before.is_ascii();
        hand_over(&turn, held, &envelope, Content { composed, stored: None, is_ascii }).await
    };
    match once(shared, held, parcel, send).await? {
        Handed::Failed(fault) => Err(Stop::GiveUp(fault)),
        Handed::Now | Handed::Before => Ok(()),
    }
}

/// At least once: what is said again has the same id.
async fn by_channel(
    shared: &Shared,
    held: &Held,
    site: &Site,
    posted: &PostedBulletin,
    name: &str,
) -> Result<(), Stop> {
    let (store, key) = (&shared.store, &posted.key);
    match store.begin(&held.lease, key, "bulletin", "").await? {
        Begun::Fresh => {}
        Begun::Done(_) => return Ok(()),
        Begun::Failed(fault) => return Err(Stop::GiveUp(fault)),
        Begun::InDoubt { looked, .. } if looked >= LOST_ANSWERS_MAX => return Err(Stop::Hold(in_doubt())),
        Begun::InDoubt { .. } => {
            store.looked(&held.lease, key).await?;
        }
    }
    crash_point("bulletin_begun");
    let dead_end = site.outgoing.as_ref().is_some_and(|outgoing| outgoing.target.is_none());
    let said = if dead_end { Ok(()) } else { say(shared, held, posted, name).await };
    crash_point("bulletin_said");
    match said {
        Ok(()) => {
            let receipt = Receipt::Letter { message_id: held.lease.subject.clone(), dead_end };
            Ok(store.finish(&held.lease, key, &receipt).await?)
        }
        Err(fault) => match fault.kind {
            FaultKind::Permanent => {
                store.fail(&held.lease, key, &fault).await?;
                Metrics::add(&shared.metrics.bulletins_failed);
                Err(Stop::GiveUp(fault))
            }
            FaultKind::Temporary => {
                // Surely nothing was said.
                store.not_done(&held.lease, key, "").await?;
                Err(fault.into())
            }
            FaultKind::Unknown => Err(Stop::Retry(fault)),
        },
    }
}

async fn say(shared: &Shared, held: &Held, posted: &PostedBulletin, name: &str) -> Result<(), Fault> {
    let bulletins = shared.bulletins();
    let gone = || {
        Fault::permanent(FaultCode::SettingsWrong, "the bulletin's channel is not in the settings").with_public(
            format!("The channel `{name}` is not in the settings; add it again, then send the bulletin once more."),
        )
    };
    let channel = bulletins.channels.iter().find(|channel| channel.name == name).ok_or_else(gone)?;
    let now_s = held.now().div_euclid(1_000_000);
    let link = bulletins.console_url.as_deref();
    let post = channel::post(&channel.kind, &posted.bulletin, &held.lease.subject, now_s, link);
    let saying = post_to_channel(&channel.url, &channel.route, channel.authorization.as_deref(), post);
    held.while_ours(saying).await
}

fn in_doubt() -> Fault {
    let public = "It is not known whether this bulletin arrived: its answer was lost several times. Look in the channel; sending it \
                  again says it once more.";
    Fault::permanent(FaultCode::InDoubt, "several answers of a channel were lost").with_public(public)
}
