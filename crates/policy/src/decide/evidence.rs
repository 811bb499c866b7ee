//! All that a decision looks at, with what many rooms need of it worked out once.

use super::{routing, summary};
use crate::expression::Scene;
use crate::profile::Mapping;
use crate::{Facts, Profile};
use mail::{Address, HiddenKind, Message};

/// How much of a subject is searched: many times what a person writes, and too little to keep a thousand patterns busy.
const SUBJECT_CHARS_MAX: usize = 1000;
/// How much of a text is searched for directives.
const WRITTEN_CHARS_MAX: usize = 16 * 1024;

/// What quoting, comments, groups and routes are made of (RFC 5322, section 3.2.3).
const MARKS: &str = "<>()[],;:\\\"";

/// The inputs of a decision and what follows from them alone.
pub(super) struct Evidence<'a> {
    pub(super) message: &'a Message,
    pub(super) profile: &'a Profile,
    pub(super) facts: &'a Facts,
    pub(super) sender: Sender,
    /// Normalised, each once: the envelope's recipients, then To, Cc and Delivered-To.
    pub(super) recipients: Vec<String>,
    /// What rules and issue keys are looked for in: the beginning of the subject.
    pub(super) subject: String,
    /// What conditions can name; made when the first of them asks.
    pub(super) scene: std::cell::OnceCell<Scene>,
    /// See [`Evidence::written`].
    written: std::cell::OnceCell<String>,
}

/// Who the mail says it is from. Nothing here is proof: an identity only ever grants what an outsider may do (SEC-01).
pub(super) struct Sender {
    /// The normalised address of the only author; `None` when there is none, several, or one that can be read in two
    /// ways (SEC-03).
    pub(super) identity: Option<String>,
    /// The only author, without a name that shows another address.
    pub(super) author: Option<Address>,
    /// Every address that stands in From, as it stood.
    pub(super) claimed: Vec<String>,
    /// Why the author cannot be taken at his word, in words.
    pub(super) doubt: Option<String>,
}

impl<'a> Evidence<'a> {
    pub(super) fn new(message: &'a Message, profile: &'a Profile, facts: &'a Facts) -> Evidence<'a> {
        let subject = message.headers.subject.chars().take(SUBJECT_CHARS_MAX).collect();
        let recipients = recipients(message, profile, facts);
        let (scene, written) = (std::cell::OnceCell::new(), std::cell::OnceCell::new());
        let sender = behind_a_form(sender(message), message, profile, facts);
        Evidence { message, profile, facts, sender, recipients, subject, scene, written }
    }

    /// The beginning of what the sender wrote himself: what stands before all that he quotes or hands on, whose words are another's.
    ///
    /// What the issue said before is not known here, so only marks tell a quote; what stands below one may be part of it.
    pub(super) fn written(&self) -> &str {
        self.written.get_or_init(|| {
            let forward = self.message.forward.as_ref();
            let text = forward.map_or(self.message.text.as_str(), |forward| forward.before.as_str());
            let text: String = text.chars().take(WRITTEN_CHARS_MAX).collect();
            let reply = mail::new_text(mail::Format::Text, text.as_bytes());
            let of_others =
                reply.hidden.iter().find(|piece| matches!(piece.kind, HiddenKind::Quote | HiddenKind::Forward));
            let end = of_others.map_or(reply.visible.len(), |piece| piece.at_bytes.min(reply.visible.len()));
            let own = reply.visible.get(..end).unwrap_or_default().split_inclusive('\n');
            own.take_while(|line| !line.trim_start().starts_with('>')).collect()
        })
    }

    /// Whether it answers or hands on a mail, so that its subject may be another's words.
    pub(super) fn is_answer(&self) -> bool {
        let headers = &self.message.headers;
        let refers = !headers.in_reply_to.is_empty() || !headers.references.is_empty();
        refers || self.message.forward.is_some() || summary::is_answer(&self.subject)
    }

    /// The sender, unless it is one of our own addresses, which is nobody.
    pub(super) fn person(&self) -> Option<&str> {
        self.sender.identity.as_deref().filter(|address| !self.is_ours(address))
    }

    /// Whether it is proved that the only author wrote the mail, or at least that his domain let him. The proof has to be
    /// of the very address that is taken for the author's (SEC-03).
    pub(super) fn is_authentic(&self) -> bool {
        let proof = self.facts.authenticity.as_ref();
        let by_domain =
            proof.is_some_and(|proof| self.sender.identity.as_deref().is_some_and(|identity| proof.proves(identity)));
        by_domain || self.is_authentic_by_signature()
    }

    /// Whether a signature proves it, where the profile lets one. It is about the address in From, and not about him for whom a form writes;
    /// and it counts only where the fields stood within what is signed: else anybody could put other words for a subject, and other people,
    /// around a content that was signed once (SEC-08).
    pub(super) fn is_authentic_by_signature(&self) -> bool {
        let author = self.message.headers.from.first().map(Address::normalised);
        self.profile.signed_is_authentic
            && self.signed() == mail::Signed::Trusted
            && self.message.opened.as_ref().is_some_and(|opened| opened.has_fields_within && !opened.other_author)
            && self.sender.identity.is_some()
            && self.sender.identity == author
    }

    /// Why a trusted signature does not prove the author, where the profile lets signatures.
    pub(super) fn signature_left_out(&self) -> Option<&'static str> {
        let is_let = self.profile.signed_is_authentic && self.signed() == mail::Signed::Trusted;
        let has_fields = self.message.opened.as_ref().is_some_and(|opened| opened.has_fields_within);
        (is_let && !has_fields).then_some("its signature is trusted, but its fields stood outside of what it covers")
    }

    /// Whether it came encrypted and was opened here.
    pub(super) fn came_sealed(&self) -> bool {
        self.message.opened.as_ref().is_some_and(mail::Opened::came_sealed)
    }

    /// What its signatures are worth.
    pub(super) fn signed(&self) -> mail::Signed {
        self.message.opened.as_ref().map(mail::Opened::signed).unwrap_or_default()
    }

    /// The sender whose address is proved: nobody else has an account (SEC-01).
    pub(super) fn proved_person(&self) -> Option<&str> {
        self.person().filter(|_| self.is_authentic())
    }

    /// Those whom the mail addresses, normalised, as far as they join by it. Where authors are verified a mail that nobody vouches for lets
    /// nobody in but whoever it says it is from (SEC-05).
    pub(super) fn addressed(&self) -> impl Iterator<Item = String> {
        let headers = &self.message.headers;
        let lets_in = !self.facts.verifies_authors || self.is_authentic();
        let all = headers.to.iter().chain(&headers.cc).filter(move |_| lets_in);
        all.map(Address::normalised)
    }

    /// Whether a normalised address is one of ours: the profile names it, or this very mail came in by it.
    pub(super) fn is_ours(&self, address: &str) -> bool {
        let envelope = self.facts.envelope.rcpt_to.iter();
        let mut came_by = envelope.chain(&self.message.headers.delivered_to);
        self.profile.is_own_address(address) || came_by.any(|ours| ours.trim().to_lowercase() == address)
    }

    /// The other header fields as `name: value`, as conditions look at them.
    pub(super) fn fields(&self) -> Vec<String> {
        self.message.headers.other.iter().map(|field| format!("{}: {}", field.name, field.value)).collect()
    }

    /// Whether a normalised address can take part in an issue: one of ours cannot, nor one that an expression catches or
    /// that the profile names.
    pub(super) fn may_take_part(&self, address: &str) -> bool {
        let never = self.profile.never.iter().any(|pattern| pattern.matches(address));
        !never && !self.is_ours(address) && !self.profile.is_caught_by_pattern(address)
    }

    /// The same under a mapping, which may name others who never do; what is the place of a project or an issue is no person either.
    pub(super) fn may_join(&self, address: &str, mapping: &Mapping) -> bool {
        let never = mapping.never.iter().any(|pattern| pattern.matches(address));
        !never && self.may_take_part(address) && !routing::is_place(self, address)
    }
}

/// Reads From; a doubtful one is never settled by picking one of several.
fn sender(message: &Message) -> Sender {
    let from = &message.headers.from;
    let claimed = from.iter().map(|author| author.address.clone()).collect();
    let nobody = |doubt: &str| Sender { identity: None, author: None, claimed, doubt: Some(doubt.to_owned()) };
    match from.as_slice() {
        [] => nobody("the mail names no author"),
        [author] if !is_plain_address(&author.address) => {
            nobody("the author's address can be read in more than one way")
        }
        [author] => of_author(author),
        _ => nobody("the mail names more than one author"),
    }
}

/// The only author, whose address can be read in one way.
fn of_author(author: &Address) -> Sender {
    let pretence = mail::pretence(author);
    let name = author.name.clone().filter(|_| pretence.is_none());
    Sender {
        author: Some(Address { name, address: author.address.trim().to_owned() }),
        identity: Some(author.normalised()),
        claimed: Vec::new(),
        doubt: pretence.map(|p| format!("the author's name {}, so the name is left out", p.in_words())),
    }
}

/// For whom a form writes: its only Reply-To, where the profile trusts the form and the form's own address is proved. Nobody vouches for
/// what stands there, so he is an outsider whatever proves the form (SEC-01).
fn behind_a_form(form: Sender, message: &Message, profile: &Profile, facts: &Facts) -> Sender {
    let Some(address) = form.identity.as_deref() else { return form };
    let is_proved = facts.authenticity.as_ref().is_some_and(|proof| proof.proves(address));
    if !is_proved || !profile.reply_to_from.iter().any(|pattern| pattern.matches(address)) {
        return form;
    }
    match message.headers.reply_to.as_slice() {
        [one] if is_plain_address(&one.address) && one.normalised() != address => {
            let told = format!("he stands in Reply-To of {address} (reply_to_from)");
            Sender { doubt: Some(told), ..of_author(one) }
        }
        _ => form,
    }
}

/// The envelope's recipients, then those of each header field that the profile names, in its order.
fn recipients(message: &Message, profile: &Profile, facts: &Facts) -> Vec<String> {
    let headers = &message.headers;
    let of_people = |people: &[Address]| people.iter().map(|person| person.address.clone()).collect::<Vec<_>>();
    let named = profile.recipient_headers.iter().flat_map(|name| match name.as_str() {
        "to" => of_people(&headers.to),
        "cc" => of_people(&headers.cc),
        "delivered-to" => headers.delivered_to.clone(),
        name => headers
            .other
            .iter()
            .filter(|field| field.name == name)
            .flat_map(|f| addresses_in(&f.value))
            .map(str::to_owned)
            .collect(),
    });
    let mut known = std::collections::HashSet::new();
    let all = facts.envelope.rcpt_to.iter().cloned().chain(named).map(|address| address.trim().to_lowercase());
    all.filter(|address| !address.is_empty() && known.insert(address.clone())).collect()
}

/// The addresses that stand in a text of another form: whatever looks like one.
pub fn addresses_in(value: &str) -> impl Iterator<Item = &str> {
    let pieces = value.split(|c: char| c.is_whitespace() || MARKS.contains(c));
    pieces.filter(|piece| is_plain_address(piece))
}

/// Whether an address can be read in one way only: one `@` with something on both sides, and no character that quoting, comments, groups
/// or routes are made of (RFC 5322, section 3.4). Space around it does not count.
pub fn is_plain_address(address: &str) -> bool {
    let address = address.trim();
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !MARKS.contains(c);
    match address.split_once('@') {
        Some((local, domain)) => {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@') && address.chars().all(plain)
        }
        None => false,
    }
}
