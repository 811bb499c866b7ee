//! What each part is to its mail: its true type by content, and its class with the reason in words.

use crate::message::{HiddenKind, Message, Part, PartClass, Pixels, Reply};
use crate::parse::note;
use crate::reply::{self, PicturePlace};
use crate::scan::Tree;
use crate::{picture, sealed};
use std::collections::{HashMap, HashSet};

/// Bytes at the start of a file by which its type is told.
const HEAD_BYTES: usize = 8 * 1024;

/// A picture of at most so many pixels each way shows nothing.
const PIXEL_SIDE_MAX: u32 = 2;
/// More bytes than that are more than such a picture needs.
const PIXEL_BYTES_MAX: u64 = 4 * 1024;
/// Icons of social networks and the like.
const ICON_SIDE_MAX: u32 = 48;
/// Logos: about 300 by 130. What people paste to show something is larger.
const LOGO_AREA_MAX: u64 = 40_000;
/// A picture that comes more than once in a mail may be a wider banner.
const REPEATED_AREA_MAX: u64 = 120_000;
/// Words below a logo: a telephone number, an address, a register.
const WORDS_BELOW_LOGO_MAX: usize = 30;

/// Pictures that are looked for in one text.
const NAMED_MAX: usize = 1000;

/// Types by content that run when they are opened.
const PROGRAMS: &[&str] = &[
    "application/vnd.microsoft.portable-executable",
    "application/x-executable",
    "application/x-mach-binary",
    "application/java",
    "application/vnd.android.dex",
    "application/x-ms-shortcut",
    "application/x-google-chrome-extension",
    "text/x-shellscript",
];

/// Endings under which people expect a program.
const PROGRAM_ENDINGS: &[&str] = &[
    "exe", "dll", "scr", "com", "sys", "ocx", "cpl", "drv", "msi", "msp", "so", "o", "bin", "elf", "run", "out",
    "dylib", "class", "jar", "dex", "lnk", "crx", "sh", "bash", "ksh", "zsh", "command", "bat", "cmd", "ps1", "vbs",
    "vbe", "js", "jse", "wsf", "wsh", "hta", "pif", "reg", "py", "pl", "rb", "appimage",
];

/// Endings that programs hide behind.
const HARMLESS_ENDINGS: &[&str] = &[
    "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "rtf", "txt", "csv", "jpg", "jpeg", "png", "gif",
    "zip", "html", "htm", "mp3", "mp4", "eml", "msg",
];

/// Notes down what the content of a leaf says of itself: its type and, of a picture, its size.
pub(crate) fn look(part: &mut Part, content: &[u8]) {
    let head = &content[..content.len().min(HEAD_BYTES)];
    part.true_type = true_type(head).map(str::to_owned);
    if part.true_type.as_deref().is_some_and(|t| t.starts_with("image/")) {
        part.pixels = picture::pixels(content);
    }
}

/// The media type that the first bytes tell. Text counts as what it is even where its first letters are the mark of a
/// binary format (`BM`, `MZ`).
pub(crate) fn true_type(head: &[u8]) -> Option<&'static str> {
    const SHORTCUT: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
    if head.starts_with(SHORTCUT) {
        return Some("application/x-ms-shortcut");
    }
    if sealed::cms::form(head).is_some() {
        return Some("application/pkcs7-mime");
    }
    let found = infer::get(head)?.mime_type();
    let may_be_text =
        found.starts_with("text/") || matches!(found, "application/pdf" | "application/rtf" | "application/postscript");
    (may_be_text || !is_text(head)).then_some(found)
}

/// Whether bytes are UTF-8 without control characters; the last character may be cut.
pub(crate) fn is_text(head: &[u8]) -> bool {
    let whole = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => {
            let (whole, _) = head.split_at(error.valid_up_to());
            std::str::from_utf8(whole).unwrap_or("\0")
        }
        Err(_) => return false,
    };
    !whole.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r' | '\u{c}' | '\u{1b}'))
}

/// Gives every part its class. `html` is the body as it was sent.
///
/// Linear in the parts and the page. The classes only tell; whoever leaves a file out because of one has to say so.
pub(crate) fn classify(message: &mut Message, tree: &Tree, reply: &Reply, html: Option<&str>) {
    let paths: HashMap<&str, usize> = tree.nodes.iter().enumerate().map(|(i, n)| (n.path.as_str(), i)).collect();
    let has_pictures = message.parts.iter().any(|p| p.leaf && is_picture(p));
    let places = if has_pictures { Places::of(html, reply) } else { Places::default() };
    let copies = mark_copies(&mut message.parts);
    let calendar = message.calendar.as_ref().map(|c| c.part.clone());
    let seals: Vec<String> = message.sealed.iter().map(|s| s.part.clone()).collect();
    let mut faults = Vec::new();
    for part in &mut message.parts {
        let node = paths.get(part.path.as_str()).copied();
        let is_of_mail = node.is_some_and(|i| !tree.is_inside_message(i));
        let (class, why) = if !part.leaf {
            (PartClass::Container, None)
        } else if node.is_some_and(|i| tree.nodes[i].is_unpacked) {
            (PartClass::Unpacked, Some("what it holds is listed in its place".to_owned()))
        } else if part.body {
            (PartClass::Body, None)
        } else if part.content_type == "text/calendar" || calendar.as_deref() == Some(&part.path) {
            (PartClass::Calendar, None)
        } else if let Some((class, why)) = node.filter(|_| is_of_mail).and_then(|i| seal(tree, i, &seals)) {
            (class, Some(why.to_owned()))
        } else if is_picture(part) {
            let copies = copies.get(&part.sha256).copied().unwrap_or(1);
            picture_class(part, places.of_part(part), copies)
        } else {
            (PartClass::File, None)
        };
        (part.class, part.why) = (class, why);
        faults.extend(disguise(part).map(|fault| format!("part {}: {fault}", part.path)));
    }
    faults.iter().for_each(|fault| note(&mut message.faults, fault));
}

/// Points each part to the first one with the same content; how often each content comes.
fn mark_copies(parts: &mut [Part]) -> HashMap<String, usize> {
    let mut first: HashMap<String, String> = HashMap::new();
    let mut copies: HashMap<String, usize> = HashMap::new();
    for part in parts.iter_mut().filter(|p| p.leaf && p.size_bytes > 0 && !p.body) {
        *copies.entry(part.sha256.clone()).or_default() += 1;
        match first.get(&part.sha256) {
            Some(path) => part.same_as = Some(path.clone()),
            None => drop(first.insert(part.sha256.clone(), part.path.clone())),
        }
    }
    copies
}

/// Signatures, keys and sealed contents.
fn seal(tree: &Tree, index: usize, seals: &[String]) -> Option<(PartClass, &'static str)> {
    let node = &tree.nodes[index];
    if sealed::is_nothing_but_proof(tree, index) {
        return Some((PartClass::Signature, "its content is the signature of the mail"));
    }
    if sealed::is_signature_of_mail(tree, index) {
        return Some((PartClass::File, "a signature that may be a file of the sender's: it goes along"));
    }
    match node.kind.essence.as_str() {
        "application/pgp-keys" => return Some((PartClass::Key, "application/pgp-keys")),
        "application/pgp-encrypted" => return Some((PartClass::Sealed, "the control part of an encrypted mail")),
        _ => {}
    }
    let is_named = |path: &str| seals.iter().any(|s| s == path);
    let parent = node.parent.map(|p| &tree.nodes[p]);
    let is_payload = parent.is_some_and(|p| {
        let is_sealed_container = p.kind.essence == "multipart/encrypted" || is_named(&p.path);
        is_sealed_container && sealed::armour::begins(&sealed::head(tree, index), "BEGIN PGP MESSAGE")
    });
    (is_payload || is_named(&node.path)).then_some((PartClass::Sealed, "it holds what was sealed"))
}

fn is_picture(part: &Part) -> bool {
    part.true_type.as_deref().unwrap_or(&part.content_type).starts_with("image/")
}

/// Where the text shows the pictures of the mail, by their Content-ID.
#[derive(Default)]
struct Places {
    by_content_id: HashMap<String, Place>,
    /// What the reply shows, and what it cut.
    shown: HashSet<String>,
    cut: HashMap<String, HiddenKind>,
}

/// Where one picture is shown first.
#[derive(Clone, Copy)]
struct Place {
    within: Option<HiddenKind>,
    words_before: usize,
    words_after: usize,
}

impl Places {
    fn of(html: Option<&str>, reply: &Reply) -> Places {
        let mut by_content_id = HashMap::new();
        for PicturePlace { content_id, within, words_before, words_after } in
            html.map(reply::pictures).unwrap_or_default()
        {
            by_content_id.entry(content_id).or_insert(Place { within, words_before, words_after });
        }
        let shown = named(&reply.visible).map(str::to_owned).collect();
        let mut cut = HashMap::new();
        for hidden in &reply.hidden {
            named(&hidden.text).for_each(|id| {
                cut.entry(id.to_owned()).or_insert(hidden.kind);
            });
        }
        Places { by_content_id, shown, cut }
    }

    /// `None` for a picture that no text shows. What the reply reader cut counts beside the marks of the page.
    fn of_part(&self, part: &Part) -> Option<Place> {
        let id = part.content_id.as_deref()?;
        let is_shown = self.shown.contains(id);
        let cut = self.cut.get(id).copied().filter(|_| !is_shown);
        match self.by_content_id.get(id) {
            Some(place) => Some(Place { within: place.within.or(cut), ..*place }),
            None if is_shown || cut.is_some() => Some(Place { within: cut, words_before: 0, words_after: usize::MAX }),
            None => None,
        }
    }
}

/// The Content-IDs that a text names as `[cid:…]` or `![](cid:…)`.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let ends = |id: &str| id.find(|c: char| c.is_whitespace() || "()[]<>\"".contains(c));
    text.split("cid:").skip(1).take(NAMED_MAX).map(move |id| &id[..ends(id).unwrap_or(id.len())])
}

fn picture_class(part: &Part, place: Option<Place>, copies: usize) -> (PartClass, Option<String>) {
    let size = part.pixels.map(|Pixels { width, height }| format!("{width}×{height}")).unwrap_or_default();
    let side = part.pixels.map(|p| p.width.max(p.height));
    let area = part.pixels.map(|p| u64::from(p.width) * u64::from(p.height));
    // What no text shows and has a name was sent by somebody, unless a page gave it an id to be shown by.
    let is_named = part.content_id.is_none() && part.name.is_some();
    let is_sent_as_file = place.is_none() && (part.disposition.as_deref() == Some("attachment") || is_named);
    if side.is_some_and(|s| s <= PIXEL_SIDE_MAX) && part.size_bytes <= PIXEL_BYTES_MAX && !is_sent_as_file {
        return (PartClass::TrackingPixel, Some(format!("a picture of {size} pixels shows nothing")));
    }
    let Some(place) = place else { return (PartClass::File, None) };
    let signature = |why: String| (PartClass::SignaturePicture, Some(why));
    match place.within {
        Some(HiddenKind::Signature) => return signature("it stands in the signature".to_owned()),
        Some(HiddenKind::Quote) => return (PartClass::QuotedPicture, Some("it stands in the quoted text".to_owned())),
        Some(HiddenKind::Forward | HiddenKind::Disclaimer) | None => {}
    }
    if copies > 1 && area.is_some_and(|a| a <= REPEATED_AREA_MAX) {
        return signature(format!("the same picture of {size} pixels comes {copies} times in the mail"));
    }
    let is_below = place.words_before > 0 && place.words_after <= WORDS_BELOW_LOGO_MAX;
    if is_below && side.is_some_and(|s| s <= ICON_SIDE_MAX) {
        return signature(format!("an icon of {size} pixels below the text"));
    }
    if is_below && area.is_some_and(|a| a <= LOGO_AREA_MAX) {
        return signature(format!("a small picture of {size} pixels below the text"));
    }
    (PartClass::InlinePicture, Some("the text shows it".to_owned()))
}

/// What is dangerous about a file that seems to be something else, in words.
fn disguise(part: &Part) -> Option<&'static str> {
    if !part.leaf || part.body {
        return None;
    }
    let name = part.name.as_deref().unwrap_or("").trim().to_lowercase();
    if name.contains(crate::name::is_direction_mark) {
        return Some("its name hides its ending behind characters that turn the direction of writing");
    }
    let mut endings = name.rsplit('.').map(str::trim);
    let ending = endings.next().filter(|ending| ending.len() < name.len()).unwrap_or("");
    let is_program_name = PROGRAM_ENDINGS.contains(&ending);
    if is_program_name && endings.next().is_some_and(|before| HARMLESS_ENDINGS.contains(&before)) {
        return Some("its name has two endings, and the last one is that of a program");
    }
    let true_type = part.true_type.as_deref()?;
    if PROGRAMS.contains(&true_type) {
        let is_open = is_program_name || ending.is_empty() && !is_claimed(&part.content_type);
        return (!is_open).then_some("it is a program under the name or type of something else");
    }
    let is_page =
        matches!(true_type, "text/html") && !matches!(ending, "html" | "htm" | "xhtml" | "xht" | "mht" | "txt" | "");
    let is_shown_otherwise = is_claimed(&part.content_type) && !part.content_type.starts_with("text/");
    (is_page && is_shown_otherwise).then_some("it is a page of HTML under the name and type of something else")
}

/// Whether a declared type claims anything.
fn is_claimed(content_type: &str) -> bool {
    !matches!(content_type, "" | "application/octet-stream" | "application/x-msdownload" | "application/x-executable")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, content_type: &str, content: &[u8]) -> Part {
        let mut part = Part {
            leaf: true,
            name: Some(name.to_owned()).filter(|n| !n.is_empty()),
            content_type: content_type.to_owned(),
            size_bytes: content.len() as u64,
            ..Part::default()
        };
        look(&mut part, content);
        part
    }

    #[test]
    fn true_types() {
        let told = |content: &[u8]| true_type(content);
        assert_eq!(told(b"%PDF-1.7\nx"), Some("application/pdf"));
        assert_eq!(told(b"MZ\x90\0\x03\0\0\0"), Some("application/vnd.microsoft.portable-executable"));
        assert_eq!(told(b"MZ is the sign of programs, this is none"), None);
        assert_eq!(told(b"BMW has answered"), None);
        assert_eq!(told(b"#!/bin/sh\nrm"), Some("text/x-shellscript"));
        assert_eq!(told(b"<html><p>"), Some("text/html"));
        assert_eq!(told(b""), None);
    }

    #[test]
    fn disguises() {
        const PROGRAM: &[u8] = b"MZ\x90\0\x03\0\0\0";
        assert!(disguise(&part("offer.pdf", "application/pdf", PROGRAM)).is_some());
        assert!(disguise(&part("", "image/png", PROGRAM)).is_some());
        assert!(disguise(&part("offer.pdf.exe", "application/octet-stream", b"x")).is_some());
        assert!(disguise(&part("offer\u{202e}fdp.exe", "application/octet-stream", b"x")).is_some());
        assert!(disguise(&part("scan.png", "image/png", b"<html><script>")).is_some());
        assert!(disguise(&part("setup.exe", "application/octet-stream", PROGRAM)).is_none());
        assert!(disguise(&part("", "application/octet-stream", PROGRAM)).is_none());
        assert!(disguise(&part("page.html", "text/html", b"<html><p>")).is_none());
        assert!(disguise(&part("offer.v2.pdf", "application/pdf", b"%PDF-1.7")).is_none());
        assert!(disguise(&part("a.tar.gz", "application/gzip", b"\x1f\x8b\x08")).is_none());
    }

    #[test]
    fn pictures_by_size_place_and_copies() {
        let sized =
            |width, height, size_bytes| Part { pixels: Some(Pixels { width, height }), size_bytes, ..Part::default() };
        let place = |words_before, words_after| Some(Place { within: None, words_before, words_after });
        let class = |part: &Part, place, copies| picture_class(part, place, copies).0;
        assert_eq!(class(&sized(1, 1, 43), None, 1), PartClass::TrackingPixel);
        assert_eq!(class(&sized(1, 1, 90_000), place(5, 0), 1), PartClass::SignaturePicture);
        let sent = Part { disposition: Some("attachment".to_owned()), ..sized(1, 1, 43) };
        assert_eq!(class(&sent, None, 1), PartClass::File);
        let named = Part { name: Some("dot.gif".to_owned()), ..sized(1, 1, 43) };
        assert_eq!(class(&named, None, 1), PartClass::File);
        assert_eq!(class(&named, place(5, 0), 1), PartClass::TrackingPixel);
        let of_page = Part { content_id: Some("a@b".to_owned()), ..named };
        assert_eq!(class(&of_page, None, 1), PartClass::TrackingPixel);
        assert_eq!(class(&sized(200, 60, 9_000), place(20, 12), 1), PartClass::SignaturePicture);
        assert_eq!(class(&sized(200, 60, 9_000), place(0, 12), 1), PartClass::InlinePicture);
        assert_eq!(class(&sized(200, 60, 9_000), place(20, 90), 1), PartClass::InlinePicture);
        assert_eq!(class(&sized(1200, 800, 90_000), place(20, 0), 1), PartClass::InlinePicture);
        assert_eq!(class(&sized(600, 150, 9_000), place(20, 90), 2), PartClass::SignaturePicture);
        assert_eq!(class(&Part::default(), place(20, 0), 1), PartClass::InlinePicture);
        let quoted = Some(Place { within: Some(HiddenKind::Quote), words_before: 9, words_after: 9 });
        assert_eq!(class(&sized(1200, 800, 90_000), quoted, 1), PartClass::QuotedPicture);
    }
}
