//! Bulletins: what administrators are told of the gateway itself, found out, posted once, and delivered by mail or by a channel.

mod mails;

use crate::billing;
use crate::deliver::hand_over::{Content, hand_over};
use crate::deliver::message::Saying;
use crate::deliver::once::{Ends, Handed, Parcel, once};
use crate::deliver::shelf::{Condition, Turn};
use crate::deliver::{Outgoing, composed, message_id, nowhere};
use crate::gateway::Shared;
use crate::held::Held;
use crate::key_ends::WatchedFolders;
use crate::metrics::Metrics;
use crate::sealing::letters::LetterNature;
use crate::site::Site;
use crate::speak::Route;
use crate::stop::Stop;
use mail::Envelope;
use policy::Fault;
use policy::bulletin::channel::{Kind, Message};
use policy::bulletin::{Bulletin, Connected, Connection, Facts, KEYS_SOON_DAYS, Rule, bulletins};
use policy::meter::{Metered, Month};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use store::{BulletinTarget, Micros, PostedBulletin};
use tokio_util::sync::CancellationToken;
use url::{Host, Url};

const DAY: Micros = 86_400 * 1_000_000;

/// Who is told of what, and by which ways.
#[derive(Clone, Default)]
pub struct Bulletins {
    pub rules: Vec<Rule>,
    pub channels: Vec<Channel>,
    /// Where the console is, for links.
    pub console_url: Option<String>,
    /// Folders of keys whose ends are told.
    pub folders: WatchedFolders,
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
    /// The sites whose mappings may tell it; bulletins may in any case.
    pub sites: Vec<String>,
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
        if let Err(fault) = look_once(&shared, &told_by).await {
            tracing::warn!(code = %fault.code, detail = fault.logged(), "it was not found out what administrators are to be told");
        }
        if let Err(fault) = billing::write(&shared).await {
            tracing::warn!(code = %fault.code, detail = fault.logged(), "billing records could not be written yet");
        }
        tokio::select! {
            () = tokio::time::sleep(shared.settings.bulletins_every) => {}
            () = stop.cancelled() => return,
        }
    }
}

async fn look_once(shared: &Shared, told_by: &Bulletins) -> Result<(), Fault> {
    let rules = &told_by.rules;
    let contacts = shared.store.contacts(None).await?;
    if rules.is_empty() && contacts.is_empty() {
        return Ok(());
    }
    let facts = facts(shared, told_by).await?;
    for rule in rules {
        let targets: Vec<BulletinTarget> = targets(rule).collect();
        let of_mails = mails::mails(shared, rule, facts.now).await?.into_iter();
        let of_mails = of_mails.filter(|bulletin| facts.sites.contains(&bulletin.site));
        for bulletin in bulletins(rule, &facts).into_iter().chain(of_mails) {
            for target in &targets {
                if let Some(outage) = bulletin.ends()
                    && !shared.store.was_told(&bulletin.site, outage, target).await?
                {
                    continue;
                }
                if shared.store.post_bulletin(&bulletin, target).await? {
                    note(shared, &bulletin, 1);
                }
            }
        }
    }
    for site in facts.sites.iter().filter(|site| contacts.iter().any(|contact| contact.site == **site)) {
        for bulletin in bulletins(&Rule::of_contacts(site), &facts) {
            let told = shared.store.post_to_contacts(&bulletin, &contacts).await?;
            note(shared, &bulletin, told);
        }
    }
    let passed_on = shared.store.pass_on(&contacts).await?;
    shared.metrics.bulletins.fetch_add(passed_on, Ordering::Relaxed);
    Ok(())
}

fn note(shared: &Shared, bulletin: &Bulletin, told: u64) {
    if told > 0 {
        shared.metrics.bulletins.fetch_add(told, Ordering::Relaxed);
        tracing::info!(site = bulletin.site, kind = bulletin.cause.word(), "administrators are told");
    }
}

/// To whom the bulletins of a rule go.
pub fn targets(rule: &Rule) -> impl Iterator<Item = BulletinTarget> {
    let addresses = rule.to.iter().cloned().map(BulletinTarget::Address);
    addresses.chain(rule.channels.iter().cloned().map(BulletinTarget::Channel))
}

async fn facts(shared: &Shared, told_by: &Bulletins) -> Result<Facts, Fault> {
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
    // A way out is better than none; channels need none.
    let has_way_out = |name: &&String| shared.sites().get(*name).is_some_and(|site| site.outgoing.is_some());
    let carrier = sites.iter().find(has_way_out).or(sites.first()).cloned();
    let from = Month::of_day(now.div_euclid(DAY)).before().first_day();
    Ok(Facts {
        now,
        plans,
        held: store.held_events().await?,
        counted: store.counted(None, from, i64::MAX).await?,
        connections: connections(shared, &sites).await?,
        told_offline: store.told_offline().await?,
        returned: store.came_back_today().await?.into_iter().filter(|(site, _)| sites.contains(site)).collect(),
        unsealed: store.unsealed().await?.into_iter().filter(|(site, _)| sites.contains(site)).collect(),
        stuck: store.stuck().await?.into_iter().filter(|(site, ..)| sites.contains(site)).collect(),
        keys: told_by.folders.ending().await,
        people_keys: people_keys(shared, told_by, (now, &sites)).await?,
        carrier,
        sites,
    })
}

/// Of each site how many keys of people, in its folders and in its register, end soon.
async fn people_keys(
    shared: &Shared,
    told_by: &Bulletins,
    (now, sites): (Micros, &[String]),
) -> Result<Vec<(String, u64)>, Fault> {
    let of_folders = told_by.folders.people_ending(now.div_euclid(1_000_000).unsigned_abs()).await;
    let mut all = Vec::new();
    for site in sites {
        let ended = shared.store.person_key_figures(site, now).await?.ending;
        let ending = shared.store.person_key_figures(site, now.saturating_add(KEYS_SOON_DAYS * DAY)).await?.ending;
        let of_folder = of_folders.get(site).copied().unwrap_or(0);
        all.push((site.clone(), of_folder + ending.saturating_sub(ended)));
    }
    Ok(all)
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
    let text = text_of(shared, posted);
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
        has_other_form: false,
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
        if let Some(signer) = site.signer(outgoing, &outgoing.from.address) {
            let signatures = signer.signatures_of(&composed.before, date_s)?;
            composed.before.splice(0..0, signatures);
        }
        // That a contact's letter came back has to be known, so that the next one is told.
        let mail_from = Some(outgoing.from.address.clone()).filter(|_| posted.is_to_contact);
        let envelope = Envelope { mail_from, rcpt_to: vec![to.to_owned()], ..Envelope::default() };
        let is_ascii = composed.before.is_ascii();
        let nature = LetterNature { site: site.name.clone(), kind: "bulletin", ..LetterNature::default() };
        hand_over(shared, (site, &nature), &turn, held, &envelope, Content { composed, stored: None, is_ascii }).await
    };
    match once(shared, held, parcel, send).await? {
        Handed::Failed(fault) | Handed::TooLarge(fault) => Err(Stop::GiveUp(fault)),
        Handed::Now | Handed::Before => Ok(()),
    }
}

/// What is written, with where to look and, for a contact, why it is told him.
fn text_of(shared: &Shared, posted: &PostedBulletin) -> String {
    let console = shared.bulletins().console_url.clone();
    let mut text = posted.bulletin.text.clone();
    if let Some(url) = &console {
        text.push_str(&format!("\n{}\n", posted.bulletin.link(url)));
    }
    if posted.is_to_contact {
        let site = &posted.bulletin.site;
        text.push_str(&format!("\nYou are told as a contact of the site {site}; its administrators change that on the page Contacts of the console.\n"));
    }
    text
}

async fn by_channel(
    shared: &Shared,
    held: &Held,
    site: &Site,
    posted: &PostedBulletin,
    name: &str,
) -> Result<(), Stop> {
    let told_by = shared.bulletins();
    let saying = Saying {
        key: &posted.key,
        kind: "bulletin",
        channel: told_by.channels.iter().find(|channel| channel.name == name).ok_or(name),
        message: Message::of(&posted.bulletin, told_by.console_url.as_deref()),
        metered: None,
        ends: Ends::Parcel,
    };
    match saying.say(shared, held, site).await {
        Err(Stop::GiveUp(fault)) => {
            Metrics::add(&shared.metrics.bulletins_failed);
            Err(Stop::GiveUp(fault))
        }
        said => said,
    }
}
