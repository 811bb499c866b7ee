//! Reading a mail: from raw bytes to a [`Reading`], total and within limits.

use crate::address::{self, Budget};
use crate::body::Body;
use crate::document::LINES_MAX;
use crate::field::{self, Block};
use crate::history::History;
use crate::message::{Address, Attendee, AutomaticKind, FoundMark, Headers, Message, Part, PartClass};
use crate::pretence::{address_misleads, pretence};
use crate::reply::{Given, Html, Unsaid};
use crate::scan::Tree;
use crate::{
    Limits, Reading, Reply, attachment, automatic, body, bounce, calendar, date, encoded, forward, html, letter_mark,
    other_fields, page, reply, report, sealed, thread, tnef,
};
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

/// Different faults that are reported of one mail.
const FAULTS_MAX: usize = 50;

/// Reads a mail. Total: never fails, never panics; what was wrong stands in `faults`.
///
/// Time and memory are linear in the size of the mail. A mail over a limit yields its header only, a fault, and
/// `too_complex`.
pub fn read(raw: &[u8], limits: &Limits) -> Reading {
    read_after(raw, limits, None)
}

/// [`read`], with the reply in the light of what was said before.
pub(crate) fn read_after(raw: &[u8], limits: &Limits, history: Option<&History>) -> Reading {
    let tree = Tree::scan(raw, limits);
    let mut faults: Vec<String> = Vec::new();
    let block = tree.block(0);
    let headers = Headers { other: other_fields::read(&block), ..headers(&block, limits, &mut faults) };
    let mut message = Message { headers, ..Message::default() };
    message.automatic = automatic::from_header(&block);
    if let Some(why) = tree.too_complex {
        note(&mut faults, why);
        message.faults = faults;
        return Reading { message, reply: Reply::default(), too_complex: Some(why.to_owned()) };
    }
    fill_from_tnef(&tree, &mut message, &mut faults);
    let mut body = body::read(&tree, 0);
    let seals = sealed::read(&tree, &mut body);
    message.autocrypt = sealed::autocrypt(&block, &message.headers.from);
    message.sealed = seals.layers;
    message.parts = parts(&tree, &body.nodes);
    let page = body.html.as_deref().map(page::parse);
    let given = Given::of(&message.headers, history);
    let mut html = page.as_ref().map(|page| Html::read(page, given));
    message.html = page.as_ref().map(|page| html::safe(page, body.html.as_deref().map_or(0, str::len)));
    let is_cut = page.is_some_and(|page| page.is_cut);
    if is_cut {
        body.note_cut_pages(&tree);
    }
    let text = match (&body.text, &html) {
        (None, Some(html)) => html.text(),
        (Some(text), Some(_)) => text.clone(),
        // Nobody asks for it again.
        (_, None) => body.text.take().unwrap_or_default(),
    };
    read_reports(&tree, &text, &mut message);
    let invited = calendar::read(&tree);
    message.calendar = invited.calendar.or(message.calendar);
    let told = tree.faults.iter().chain(&body.faults).chain(&invited.faults).chain(&seals.faults);
    for fault in told.chain(&not_laid_out(is_cut, html.as_ref(), &text)) {
        note(&mut faults, fault);
    }
    let mut reply = match &mut html {
        Some(html) => html.reply(body.text.as_deref()),
        None => reply::of_text(&text, given),
    };
    let unsaid = html.as_ref().zip(body.text.as_deref()).filter(|_| is_of_a_person(&message));
    let unsaid = unsaid.and_then(|(html, plain)| html.unsaid(plain, &reply));
    if message.forward.as_ref().is_some_and(|f| f.before != text) {
        reply::fold_as_forward(&mut reply);
    }
    message.text = text;
    message.faults = faults;
    attachment::classify(&mut message, &tree, &reply, body.html.as_deref());
    send_along(unsaid, &body, &tree, &mut message);
    calendar::put_first(&mut message, &mut reply);
    message.letter_marks = letter_marks(&tree, &message, body.html.as_deref());
    Reading { message, reply, too_complex: None }
}

/// What resembles marks of our letters: in the text, in its page, and in every part that may be a text or a mail.
fn letter_marks(tree: &Tree, message: &Message, page: Option<&str>) -> Vec<FoundMark> {
    let mut found = Vec::new();
    let texts = [message.text.as_str(), message.forward.as_ref().map_or("", |forward| &forward.text)];
    for text in texts.into_iter().chain(page) {
        letter_mark::add_found(text.as_bytes(), "", &mut found);
    }
    for (index, node) in tree.nodes.iter().enumerate().filter(|(_, node)| node.leaf) {
        let name = node.name.as_deref().unwrap_or_default().to_lowercase();
        let kind = node.kind.essence.as_str();
        let is_text = kind.starts_with("text/") || kind.starts_with("message/");
        if is_text || [".eml", ".txt", ".htm", ".html", ".mht"].iter().any(|ending| name.ends_with(ending)) {
            letter_mark::add_found(&tree.body(index), &node.path, &mut found);
        }
    }
    found
}

/// What a mail tells of other mails: that they failed, were complained about, were read, or are passed on.
fn read_reports(tree: &Tree, text: &str, message: &mut Message) {
    message.bounce = bounce::read(tree, &message.headers, text);
    message.automatic = automatic::from_parts(tree, message.bounce.is_some()).or(message.automatic.take());
    if message.bounce.is_none() {
        message.feedback = report::feedback(tree);
        message.receipt = report::receipt(tree);
        message.forward = forward::read(tree, &message.headers.subject, text);
    }
}

/// What of a text is shown without its layout.
fn not_laid_out(is_page_cut: bool, html: Option<&Html>, text: &str) -> Vec<&'static str> {
    let is_long = memchr::memchr_iter(b'\n', text.as_bytes()).nth(LINES_MAX).is_some();
    let page = is_page_cut.then_some("the page has more elements than are laid out: the rest is shown as plain text");
    let lines = is_long.then_some("the text has more lines than are looked at: the rest is shown as it is");
    html.and_then(Html::fault).into_iter().chain(page).chain(lines).collect()
}

/// Versions that machines write say all sorts of things, and none of them is a person's.
fn is_of_a_person(message: &Message) -> bool {
    use AutomaticKind::*;
    let kind = message.automatic.as_ref().map(|automatic| automatic.kind);
    !matches!(kind, Some(Bulk | Bounce | FeedbackReport | ReadReceipt))
}

/// Makes files of the versions that say what is not shown, so that nobody's words are lost.
fn send_along(unsaid: Option<Unsaid>, body: &Body, tree: &Tree, message: &mut Message) {
    let mut nodes = body.partly_shown.clone();
    match unsaid {
        Some(Unsaid::Plain) => {
            note(&mut message.faults, "the plain version of the text has words that its HTML, which is shown, has not");
            nodes.extend(&body.twins.plain);
        }
        Some(Unsaid::Html) => {
            note(
                &mut message.faults,
                "the HTML version of the text has words that its plain version, which is shown, has not",
            );
            nodes.extend(&body.twins.html);
        }
        None => {}
    }
    for index in nodes {
        // The parts are told in the order of the tree.
        if let Some(part) = message.parts.get_mut(index) {
            let why = "a version of the text that says more than is shown: it goes along";
            part.body = false;
            (part.class, part.why) = (PartClass::File, Some(why.to_owned()));
            attachment::look(part, &tree.body(index));
        }
    }
}

/// What [`read`] yields as the reply, in the light of what was said before; `None` for a mail over a limit.
pub fn reply_after(raw: &[u8], limits: &Limits, history: &History) -> Option<Reply> {
    let reading = read_after(raw, limits, Some(history));
    reading.too_complex.is_none().then_some(reading.reply)
}

/// The transfer-decoded content of one part, by its path.
///
/// Of an attached message it is that message, of a multipart the bytes between its header and its end, as they were
/// transported; `None` when there is no
/// such part or the mail oversteps a limit before it.
pub fn part(raw: &[u8], limits: &Limits, path: &str) -> Option<Vec<u8>> {
    let tree = Tree::scan(raw, limits);
    let index = tree.nodes.iter().position(|n| n.path == path)?;
    Some(tree.body(index).into_owned())
}

/// What winmail.dat says and the header does not: who wrote, about what, which machine, which meeting.
fn fill_from_tnef(tree: &Tree, message: &mut Message, faults: &mut Vec<String>) {
    let Some((_, said)) = tree.streams_of(0).next() else { return };
    if message.headers.subject.is_empty() {
        message.headers.subject = said.subject.clone().unwrap_or_default();
    }
    if let (true, Some(from)) = (message.headers.from.is_empty(), &said.from) {
        message.headers.from.push(from.clone());
        note(faults, "the sender is named in winmail.dat only");
    }
    message.automatic = message.automatic.take().or_else(|| tnef::automatic(&said.class));
    message.calendar = said.meeting.clone();
    if let Some(meeting) = &mut message.calendar
        && meeting.attendees.is_empty()
        && matches!(meeting.method.as_str(), "REQUEST" | "CANCEL")
    {
        // Exchange leaves the recipients to the header: those in To are required, those in Cc are not.
        meeting.attendees = invited(&message.headers.to, "REQ-PARTICIPANT")
            .chain(invited(&message.headers.cc, "OPT-PARTICIPANT"))
            .take(calendar::ATTENDEES_MAX)
            .collect();
    }
}

fn invited<'a>(people: &'a [Address], role: &'a str) -> impl Iterator<Item = Attendee> + 'a {
    people.iter().map(move |person| Attendee {
        address: person.address.clone(),
        name: person.name.clone(),
        role: Some(role.to_owned()),
        ..Attendee::default()
    })
}

/// Adds a fault once; more than fifty different ones say nothing new.
pub(crate) fn note(faults: &mut Vec<String>, fault: &str) {
    if faults.len() < FAULTS_MAX && !faults.iter().any(|f| f == fault) {
        faults.push(fault.to_owned());
    }
}

/// The header fields of a message or of an attached one.
pub(crate) fn headers(block: &Block, limits: &Limits, faults: &mut Vec<String>) -> Headers {
    let mut budget = Budget::new(limits.addresses_max);
    let mut people =
        |name: &str| -> Vec<Address> { block.all(name).flat_map(|v| address::list(v, &mut budget)).collect() };
    let from = people("From");
    let sender = people("Sender").into_iter().next();
    let reply_to = people("Reply-To");
    let to = people("To");
    let cc = people("Cc");
    for fault in &budget.faults {
        note(faults, fault);
    }
    if budget.overrun {
        note(faults, "more addresses than the limit: the rest was not read");
    }
    if from.is_empty() {
        note(faults, "no sender address in From");
    }
    for fault in doubts(block, &from, sender.as_ref()) {
        note(faults, &fault);
    }
    if block.fields.is_empty() {
        note(faults, "no header");
    }
    let date = block.get("Date").map(|v| date::read(&field::text(v)));
    match &date {
        Some(None) => note(faults, "the date cannot be read"),
        Some(Some(date)) if date.mended => note(faults, "the date is not written as the standard asks"),
        _ => {}
    }
    for name in ["Subject", "From", "Sender", "Reply-To", "To", "Cc"] {
        block.all(name).filter_map(field::fault).for_each(|f| note(faults, f));
    }
    Headers {
        subject: block.text("Subject").unwrap_or_default(),
        from,
        sender,
        reply_to,
        to,
        cc,
        date: date.flatten().map(|d| d.moment),
        message_id: block.get("Message-ID").and_then(thread::id),
        in_reply_to: thread::newest(block.all("In-Reply-To").flat_map(thread::ids).collect()),
        references: thread::newest(block.all("References").flat_map(thread::ids).collect()),
        delivered_to: delivered_to(block),
        received_count: u32::try_from(block.all("Received").count()).unwrap_or(u32::MAX),
        other: Vec::new(),
    }
}

/// What makes it doubtful who wrote a mail (SEC-03): it is told of the mail, and nobody is taken for its author lightly.
fn doubts(block: &Block, from: &[Address], sender: Option<&Address>) -> Vec<String> {
    let mut doubts = Vec::new();
    if block.all("From").nth(1).is_some() {
        doubts.push("more than one From field".to_owned());
    } else if from.len() > 1 && sender.is_none() {
        // RFC 5322, section 3.6.2: several authors need a Sender.
        doubts.push("several authors in From and no Sender".to_owned());
    }
    for author in from.iter().chain(sender) {
        if let Some(pretence) = pretence(author) {
            doubts.push(format!("the sender's name {}", pretence.in_words()));
        }
        if address_misleads(&author.address) {
            doubts.push("the sender's address looks like another".to_owned());
        }
    }
    if block.all("From").any(hides_control) {
        doubts.push("the sender's name holds control characters".to_owned());
    }
    doubts
}

/// Control characters in an address field, as they stand or once its encoded words are decoded.
fn hides_control(value: &[u8]) -> bool {
    let bytes = field::utf8(value);
    let plain = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    let decoded = encoded::decode(&String::from_utf8_lossy(&bytes)).text;
    !decoded.chars().all(plain) || !String::from_utf8_lossy(&bytes).chars().all(plain)
}

/// Trace fields that name the mailbox, at most as many as a mail has hops before it is a loop.
fn delivered_to(block: &Block) -> Vec<String> {
    const TRACES_MAX: usize = 50;
    let is_trace = |name: &[u8]| {
        ["Delivered-To", "X-Original-To", "Envelope-To"].iter().any(|t| name.eq_ignore_ascii_case(t.as_bytes()))
    };
    let traces = block.fields.iter().filter(|f| is_trace(f.name)).take(TRACES_MAX);
    traces.filter_map(|f| address::first_in(&field::plain(f.value)).map(str::to_owned)).collect()
}

/// What is told of a leaf's content.
struct Content {
    size_bytes: u64,
    sha256: String,
    /// Where files and pictures say what they are.
    head: Vec<u8>,
}

impl Content {
    fn of(tree: &Tree, index: usize, is_body: bool) -> Content {
        const HEAD_BYTES_MAX: usize = 256 * 1024;
        let head_bytes_max = if is_body { 0 } else { HEAD_BYTES_MAX };
        let mut digest = digest::Context::new(&digest::SHA256);
        let (mut size_bytes, mut head) = (0, Vec::new());
        tree.body_pieces(index, |piece| {
            digest.update(piece);
            size_bytes += piece.len() as u64;
            let room = head_bytes_max - head.len();
            head.extend_from_slice(&piece[..piece.len().min(room)]);
        });
        Content { size_bytes, sha256: HEXLOWER.encode(digest.finish().as_ref()), head }
    }
}

/// How many attached messages hold a node. Those that are deeper are never files of their own.
fn messages_around(tree: &Tree, index: usize) -> usize {
    let parents = std::iter::successors(tree.nodes[index].parent, |&parent| tree.nodes[parent].parent);
    parents.filter(|&parent| tree.nodes[parent].kind.is_message()).count()
}

fn parts(tree: &Tree, body: &[usize]) -> Vec<Part> {
    let is_body = {
        let mut marks = vec![false; tree.nodes.len()];
        body.iter().for_each(|&i| marks[i] = true);
        marks
    };
    let mut found = Vec::with_capacity(tree.nodes.len());
    for (index, node) in tree.nodes.iter().enumerate() {
        let is_told = node.leaf || node.kind.is_message() && messages_around(tree, index) < 2;
        let content = is_told.then(|| Content::of(tree, index, is_body[index]));
        let mut part = Part {
            path: node.path.clone(),
            leaf: node.leaf,
            content_type: node.kind.essence.clone(),
            charset: node.kind.charset.clone(),
            disposition: node.disposition.clone(),
            name: node.name.clone(),
            content_id: node.content_id.clone(),
            size_bytes: content.as_ref().map_or(0, |content| content.size_bytes),
            sha256: content.as_ref().map(|content| content.sha256.clone()).unwrap_or_default(),
            body: is_body[index],
            ..Part::default()
        };
        // What the text is shows itself; only of files is it asked whether they are what they say.
        if let Some(content) = content.as_ref().filter(|_| node.leaf && !is_body[index]) {
            attachment::look(&mut part, &content.head);
        }
        found.push(part);
    }
    found
}
