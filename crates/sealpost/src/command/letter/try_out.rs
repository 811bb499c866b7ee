//! `sealpost letter test`: a letter about nothing, made and sent as those are that go out, with what the server says to it.

use super::super::{Failure, no_such, print_object, site_named, with_store};
use crate::settings::{self, Settings, Site};
use crate::wire::{self, Dialogue};
use engine::cell::{Renderer, Sandbox};
use engine::sealing::letters::{self, LetterNature};
use mail::compose::{Content, Notification, Picture};
use mail::{Address, Envelope};
use policy::event::EventKind;
use policy::notify::Manner;
use policy::outbound::Format;
use policy::template::view::{Brand, Links, Reason};
use policy::template::{Form, Order, Rendered, Templates, Words, samples};
use policy::{Mappings, is_plain_address};
use serde_json::json;
use std::path::Path;
use std::time::Duration;
use store::Store;
use uuid::Uuid;

/// What stands before the subject, so that nobody takes it for a letter about an issue.
const TEST: &str = "[Test]";

/// Which letter is sent, and to whom.
pub struct Wanted<'a> {
    pub site: &'a str,
    /// A mapping of the site; without it, as `[default]` says.
    pub mapping: Option<&'a str>,
    pub to: &'a str,
}

/// Sends the letter and tells what was said on the way. The receiving server may still refuse it later; that comes back to the address that
/// it is from.
///
/// # Errors
/// When there is no such site, mapping or way out, and when the letter was not taken.
pub async fn run(config: &Path, wanted: &Wanted<'_>) -> Result<(), Failure> {
    if !is_plain_address(wanted.to) {
        return Err(Failure::new(format!("{:?} is not an address; write one such as ann@example.org", wanted.to)));
    }
    with_store(config, async |settings, store| send(settings, store, wanted).await).await
}

async fn send(settings: &Settings, store: &Store, wanted: &Wanted<'_>) -> Result<(), Failure> {
    let site = site_named(settings, wanted.site)?;
    let manner = manner(site, wanted.mapping)?;
    let (outgoing, from) = way(settings, site, &manner)?;
    let rendered = rendered(site, &manner, &from).await?;
    let domain = from.address.rsplit('@').next().unwrap_or("localhost");
    let message_id = format!("test-{}@{domain}", Uuid::now_v7().simple());
    let to = Address { name: None, address: wanted.to.to_owned() };
    let date_s = store.now().await?.div_euclid(1_000_000);
    let (mut bytes, _) = mail::compose::notification(&Notification {
        from: &from,
        to: std::slice::from_ref(&to),
        reply_to: None,
        subject: rendered.subject.as_str(),
        text: &rendered.text,
        html: Some(rendered.html.as_str()).filter(|_| manner.style.format == Format::Html),
        message_id: &message_id,
        thread: None,
        answers: &[],
        date_s,
        list: None,
        unsubscribe: None,
        language: Some(Words::of(&manner.language).language),
        pictures: &pictures(site, &rendered.content_ids),
        files: &[],
    });
    let envelope =
        Envelope { mail_from: Some(from.address.clone()), rcpt_to: vec![to.address.clone()], ..Envelope::default() };
    let sealing = match &site.sealing {
        Some(sealing) => Some(sealed((settings, store), site, sealing, (&envelope, date_s), &mut bytes).await?),
        None => None,
    };
    let signers = settings.signers(&site.name);
    // Microsoft Graph writes letters anew, and signs for itself.
    let signer = signers.of(&from.address).filter(|_| outgoing.graph.is_none());
    let signatures = signer.map(|signer| signer.signatures_of(&bytes, date_s)).transpose()?;
    let is_signed = signatures.is_some();
    bytes.splice(0..0, signatures.unwrap_or_default());
    let Dialogue { greeting, tls, logged_in, answer } = wire::hand_over(store, outgoing, &envelope, &bytes).await;
    let trouble = rendered.trouble();
    let (answer, error) = match answer {
        Ok(answer) => (Some(answer), None),
        Err(why) => (None, Some(why)),
    };
    print_object(&json!({
        "to": to.address, "from": from.address, "subject": rendered.subject.as_str(), "message_id": message_id,
        "outgoing": outgoing.name, "server": format!("{}:{}", outgoing.host, outgoing.port), "greeting": greeting, "tls": tls,
        "logged_in": logged_in, "signed": is_signed, "sealing": sealing, "answer": answer, "error": error, "template_trouble": trouble,
    }))?;
    if error.is_none() { Ok(()) } else { Err(Failure::told()) }
}

/// Seals the letter as the rules of its site say: in its words, which are told.
///
/// # Errors
/// When it has to wait, or is not sent.
async fn sealed(
    (settings, store): (&Settings, &Store),
    site: &Site,
    sealing: &settings::Sealing,
    (envelope, now_s): (&Envelope, i64),
    bytes: &mut Vec<u8>,
) -> Result<String, Failure> {
    let cells = wire::cells(settings).await?;
    let outside = wire::Outsiders::default().of(sealing, settings, &cells)?;
    let sealer = wire::letter_sealer(sealing, (store, wire::openers(settings, store).await?), &cells, outside);
    let nature = LetterNature { site: site.name.clone(), kind: "test", ..LetterNature::default() };
    let letter = letters::sealed(&sealer, &nature, envelope, (now_s, Duration::ZERO), bytes).await?;
    if let Some(mail) = letter.mail {
        *bytes = mail;
    }
    Ok(letter.plan.fate.in_words())
}

fn manner(site: &Site, mapping: Option<&str>) -> Result<Manner, Failure> {
    let mappings = Mappings::from_toml(site.mappings.as_deref().unwrap_or_default(), "mappings")?;
    mappings.manner(mapping).map_err(|known| no_such("mapping", mapping.unwrap_or_default(), known.into_iter()))
}

/// The server by which letters of this manner leave, and in whose name.
fn way<'s>(settings: &'s Settings, site: &Site, manner: &Manner) -> Result<(&'s settings::Outgoing, Address), Failure> {
    let name = &site.name;
    if site.letters.dead_end {
        let why =
            format!("nothing leaves from site {name}, which is a dead end; write dead_end = false to send letters");
        return Err(Failure::new(why));
    }
    let own = Some(&manner.style.outgoing).filter(|named| !named.is_empty());
    let named = own.or(site.letters.outgoing.as_ref()).and_then(|named| settings.outgoing(named));
    let outgoing = named.ok_or_else(|| {
        Failure::new(format!("site {name} has no outgoing mail server; name one with outgoing on the site"))
    })?;
    let nobody =
        || Failure::new(format!("nobody is named whom letters of site {name} are from; write from on the site"));
    let site_from = site.letters.from.clone();
    let style = &manner.style;
    let address = match style.from_address.is_empty() {
        true => site_from.as_ref().ok_or_else(nobody)?.address.clone(),
        false => style.from_address.clone(),
    };
    let from_name = Some(style.from_name.clone()).filter(|name| !name.is_empty());
    Ok((outgoing, Address { name: from_name.or(site_from.and_then(|from| from.name)), address }))
}

/// The site's own pictures that the letter shows.
fn pictures<'s>(site: &'s Site, content_ids: &[String]) -> Vec<Picture<'s>> {
    let resources = site.templates.iter().flat_map(|templates| &templates.resources);
    let shown = resources.filter(|resource| content_ids.iter().any(|id| *id == resource.content_id));
    shown
        .map(|one| Picture {
            content_id: &one.content_id,
            content_type: &one.content_type,
            content: Content::Bytes(&one.bytes),
        })
        .collect()
}

/// A sample, made by the theme or the site's template in a cell of its own.
async fn rendered(site: &Site, manner: &Manner, from: &Address) -> Result<Rendered, Failure> {
    let language = Words::of(&manner.language).language;
    let mut view = samples::view(EventKind::Commented, language);
    view.brand = Brand { name: from.name.clone().unwrap_or_default(), logo: None };
    view.links = Links { complain: Some(format!("mailto:{}", from.address)), ..Links::default() };
    view.reason = Reason::Named;
    view.recipient.zone.clone_from(&manner.time_zone);
    view.subject_prefix = format!("{TEST} {}", manner.style.subject_prefix).trim_end().to_owned();
    let template = site.templates.as_ref().and_then(|templates| templates.of_view(&view)).cloned();
    let renderer = Renderer::new(1, Sandbox::Reduced, wire::own_program()?, vec!["cell".into()]);
    let resources = site.templates.as_ref().map(Templates::offered).unwrap_or_default();
    Ok(renderer.render(Order { theme: manner.style.theme, template, view, resources, form: Form::Letter }).await?)
}
