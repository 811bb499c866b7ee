//! The marks that mail programs leave in HTML around what they quote, sign or forward: one row per mark.

use super::fate::Fate;
use super::language;
use crate::history::History;
use crate::page::{Content, Page, PageNode};
use crate::tag::Tag;
use std::ops::Range;
use std::sync::LazyLock;

/// What a page element is by its mark, and whose mark it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub zone: Zone,
    /// The mail program that leaves this mark, in one lower-case word.
    pub by: &'static str,
}

/// What a page element is by its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    Quote,
    Forward,
    Signature,
    /// A blockquote without any mark: a quote if an attribution stands before or in it, else the sender's indenting.
    Indent,
}

/// How far a mark reaches.
#[derive(Clone, Copy)]
enum Reach {
    /// The element itself.
    Element,
    /// Gmail and Yahoo let people answer inside their quote: only its quotes and what stands before the first one.
    Quotes,
    /// From the element to the end of the page.
    Tail,
}

struct Rule {
    mark: Mark,
    reach: Reach,
    fits: fn(&PageNode) -> bool,
}

const RULES: &[Rule] = &[
    // Signatures first: they are found inside quotes too, where the quote wins because it is wider.
    signature("gmail", |n| {
        has_class(n, "gmail_signature")
            || has_class(n, "gmail_signature_prefix")
            || n.attribute("data-smartmail") == Some("gmail_signature")
    }),
    signature("outlook", |n| has_id(n, "Signature") || has_id(n, "ms-outlook-mobile-signature")),
    signature("apple_mail", |n| has_id(n, "AppleMailSignature") || has_class(n, "apple-signature")),
    signature("thunderbird", |n| has_class(n, "moz-signature") || has_class(n, "moz-txt-sig")),
    signature("proton", |n| has_class(n, "protonmail_signature_block")),
    signature("yahoo", |n| has_id(n, "ymail_android_signature") || has_id(n, "ymail_ios_signature")),
    signature("spark", |n| n.attribute("name") == Some("messageSignatureSection")),
    signature("front", |n| has_class(n, "front-signature")),
    signature("newton", |n| has_id(n, "cm_footer") || has_id(n, "cm_signature")),
    signature("zoho", |n| id_of(n).is_some_and(|id| id.starts_with("Zm-_Id_-Sgn"))),
    signature("samsung", |n| has_id(n, "composer_signature")),
    // Gmail, also through its groups and old versions. Its containers stand around the sender's answers too.
    quote("gmail", Reach::Quotes, |n| {
        n.name() == "div" && has_class(n, "gmail_quote") || has_class(n, "gmail_quote_container")
    }),
    quote("gmail", Reach::Element, |n| has_class(n, "gmail_attr")),
    // Outlook: web, new, telephone; the classic one for Windows draws a line; the one for Mac has its own sections.
    quote("outlook", Reach::Tail, |n| {
        has_id(n, "divRplyFwdMsg") || has_id(n, "appendonsend") || has_id(n, "mail-editor-reference-message-container")
    }),
    quote("outlook", Reach::Tail, |n| has_class(n, "OutlookMessageHeader") || has_id(n, "OLK_SRC_BODY_SECTION")),
    quote("outlook", Reach::Tail, is_outlook_line),
    quote("outlook", Reach::Tail, is_outlook_rule),
    quote("spark", Reach::Tail, |n| n.name() == "div" && n.attribute("name") == Some("messageReplySection")),
    quote("windows_mail", Reach::Tail, |n| {
        n.name() == "div" && style_of(n).is_some_and(|s| s.contains("border-top-color:rgb(229,229,229)"))
    }),
    quote("windows_mail", Reach::Tail, |n| {
        n.attribute("data-signatureblock") == Some("true") && style_of(n).is_some_and(|s| s.contains("border-top"))
    }),
    quote("thunderbird", Reach::Element, |n| {
        has_class(n, "moz-cite-prefix") || has_class(n, "moz-email-headers-table")
    }),
    Rule {
        mark: Mark { zone: Zone::Forward, by: "thunderbird" },
        reach: Reach::Tail,
        fits: |n| has_class(n, "moz-forward-container"),
    },
    quote("apple_mail", Reach::Element, |n| has_class(n, "apple-mail-quote")),
    quote("yahoo", Reach::Element, |n| {
        n.attribute("class").is_some_and(|class| class.contains("yahoo_quoted"))
            || id_of(n).is_some_and(|id| id.contains("yahoo_quoted"))
    }),
    quote("proton", Reach::Element, |n| has_class(n, "protonmail_quote")),
    quote("zimbra", Reach::Tail, |n| n.attribute("data-marker") == Some("__DIVIDER__")),
    quote("zimbra", Reach::Element, |n| n.attribute("data-marker") == Some("__QUOTED_TEXT__")),
    quote("front", Reach::Element, |n| has_class(n, "front-blockquote")),
    quote("zoho", Reach::Element, |n| has_class(n, "zmail_extra")),
    quote("tuta", Reach::Element, |n| has_class(n, "tutanota_quote")),
    quote("gmx", Reach::Element, |n| n.name() == "div" && n.attribute("name") == Some("quote")),
    quote("newton", Reach::Element, |n| id_of(n).is_some_and(|id| id.starts_with("cm_replymail"))),
    quote("netease_or_qq", Reach::Element, |n| has_id(n, "isReplyContent") || has_class(n, "ntes-mailmaster-quote")),
    quote("roundcube", Reach::Element, |n| has_id(n, "reply-intro")),
    quote("mail_ru", Reach::Element, |n| has_class(n, "mail-quote-collapse")),
    quote("blackberry", Reach::Tail, |n| has_id(n, "_originalContent")),
    quote("missive", Reach::Element, |n| has_class(n, "missive_quote")),
    quote("help_desk", Reach::Element, |n| {
        has_class(n, "quoted-printable-reply") || has_class(n, "freshdesk_quote") || has_class(n, "zendesk_quote")
    }),
    // Apple Mail and all who mark quotes as drafts of HTML 4 did.
    quote("cite", Reach::Element, |n| {
        n.name() == "blockquote" && n.attribute("type").is_some_and(|t| t.eq_ignore_ascii_case("cite"))
    }),
    // Gmail and Outlook indent with blockquotes too: those are the sender's own.
    Rule {
        mark: Mark { zone: Zone::Indent, by: "indentation" },
        reach: Reach::Element,
        fits: |n| {
            n.name() == "blockquote"
                && !has_class(n, "gmail_quote")
                && !style_of(n).is_some_and(|s| s.contains("border:none"))
        },
    },
];

const fn quote(by: &'static str, reach: Reach, fits: fn(&PageNode) -> bool) -> Rule {
    Rule { mark: Mark { zone: Zone::Quote, by }, reach, fits }
}

const fn signature(by: &'static str, fits: fn(&PageNode) -> bool) -> Rule {
    Rule { mark: Mark { zone: Zone::Signature, by }, reach: Reach::Element, fits }
}

fn id_of<'p>(node: &'p PageNode) -> Option<&'p str> {
    node.attribute("id")
}

/// A name without the prefixes that pages on the web put before those of a mail they quote: Outlook `x_`, Hotmail `ecx`;
/// once per round.
pub(crate) fn without_prefixes(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("x_").or_else(|| name.strip_prefix("ecx")) {
        name = rest;
    }
    name
}

fn has_id(node: &PageNode, id: &str) -> bool {
    id_of(node).is_some_and(|own| without_prefixes(own).eq_ignore_ascii_case(id))
}

fn has_class(node: &PageNode, class: &str) -> bool {
    node.attribute("class").is_some_and(|own| own.split_ascii_whitespace().any(|c| without_prefixes(c) == class))
}

/// The rule above what is quoted: Hotmail's, that of Outlook on the web, and Outlook 2003's.
fn is_outlook_rule(node: &PageNode) -> bool {
    if node.name() != "hr" {
        return false;
    }
    let has = |key: &str, value: &str| node.attribute(key).is_some_and(|v| v.eq_ignore_ascii_case(value));
    has_id(node, "stopSpelling")
        || has("tabindex", "-1")
            && (node.attribute("style").is_some_and(|s| s.contains("98%"))
                || has("width", "100%") && has("align", "center"))
}

fn style_of(node: &PageNode) -> Option<String> {
    node.attribute("style").map(|s| s.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase())
}

/// The line above the quoted header: `border-top` in one of Outlook's two colours and a padding of 3 points.
fn is_outlook_line(node: &PageNode) -> bool {
    if !matches!(node.name(), "div" | "td") {
        return false;
    }
    style_of(node).is_some_and(|style| {
        let is_line = [
            "border-top:solid#e1e1e11.0pt",
            "border-top:solid#b5c4df1.0pt",
            "border-top:#e1e1e11ptsolid",
            "border-top:#b5c4df1ptsolid",
        ];
        let is_padded = ["padding:3.0pt0in0in0in", "padding:3.0pt0cm0cm0cm", "padding:3pt0in0in", "padding:3pt0cm0cm"];
        is_line.iter().any(|l| style.contains(l)) && is_padded.iter().any(|p| style.contains(p))
    })
}

/// The mark of each node of the page; an element's mark holds for everything in it. Marks of our own letters are known
/// by the keys of the history.
pub(crate) fn marks(page: &Page, history: Option<&History>) -> Vec<Option<Mark>> {
    let mut marks: Vec<Option<Mark>> = vec![None; page.nodes.len()];
    let mut at = 0;
    while at < page.nodes.len() {
        let node = &page.nodes[at];
        let Some((mark, reach)) = mark_of(node, history) else {
            at += 1;
            continue;
        };
        let zone = if mark.zone == Zone::Quote && is_forward(page, at) { Zone::Forward } else { mark.zone };
        let mark = Mark { zone, ..mark };
        match reach {
            Reach::Tail => {
                marks[at..].fill(Some(mark));
                hide_lead(page, at, mark, &mut marks);
                break;
            }
            Reach::Quotes if zone == Zone::Quote => mark_quotes(page, at, mark, &mut marks),
            Reach::Quotes | Reach::Element => marks[at..node.end].fill(Some(mark)),
        }
        at = node.end;
    }
    if let Some(history) = history {
        name_letters(page, history, &mut marks);
    }
    marks
}

/// Letters of ours within what a program quotes are known as such.
fn name_letters(page: &Page, history: &History, marks: &mut [Option<Mark>]) {
    let mut at = 0;
    while let Some(node) = page.nodes.get(at) {
        let is_letter =
            matches!(&node.content, Content::Element { attributes, .. } if history.is_own_letter(attributes));
        if is_letter {
            let quoted = marks[at..node.end].iter_mut().flatten().filter(|mark| mark.zone == Zone::Quote);
            quoted.for_each(|mark| mark.by = Fate::OWN_LETTER.why);
        }
        at = if is_letter { node.end } else { at + 1 };
    }
}

fn mark_of(node: &PageNode, history: Option<&History>) -> Option<(Mark, Reach)> {
    let Content::Element { attributes, .. } = &node.content else { return None };
    if attributes.is_empty() && node.name() != "blockquote" {
        return None;
    }
    if history.is_some_and(|h| h.is_own_letter(attributes)) {
        return Some((Mark { zone: Zone::Quote, by: Fate::OWN_LETTER.why }, Reach::Tail));
    }
    RULES.iter().find(|rule| (rule.fits)(node)).map(|rule| (rule.mark, rule.reach))
}

/// Bytes at the start of a quote in which a forward says that it is one.
const FORWARD_LEAD_BYTES: usize = 120;

fn is_forward(page: &Page, index: usize) -> bool {
    static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| language::all(|l| l.forwarded));
    let lead = page.text_of(index..page.nodes[index].end, FORWARD_LEAD_BYTES).to_lowercase();
    let lead: String = lead.chars().take(FORWARD_LEAD_BYTES).collect();
    WORDS.iter().any(|words| lead.contains(words))
}

/// Within a container: everything up to the end of its first quote, and its further outermost quotes.
fn mark_quotes(page: &Page, container: usize, mark: Mark, marks: &mut [Option<Mark>]) {
    let end = page.nodes[container].end;
    let first = (container..end).find(|&i| page.nodes[i].name() == "blockquote");
    let Some(first) = first else {
        marks[container..end].fill(Some(mark));
        return;
    };
    marks[container + 1..page.nodes[first].end].fill(Some(mark));
    let mut at = page.nodes[first].end;
    while at < end {
        if page.nodes[at].name() == "blockquote" {
            marks[at..page.nodes[at].end].fill(Some(mark));
            at = page.nodes[at].end;
        } else {
            at += 1;
        }
    }
}

/// A line drawn before a tail belongs to it.
fn hide_lead(page: &Page, tail: usize, mark: Mark, marks: &mut [Option<Mark>]) {
    const NODES_LOOKED_AT: usize = 6;
    for index in (tail.saturating_sub(NODES_LOOKED_AT)..tail).rev() {
        match &page.nodes[index].content {
            Content::Text(text) if !text.trim().is_empty() => return,
            Content::Element { tag: Tag::Hr, .. } => {
                marks[Range { start: index, end: index + 1 }].fill(Some(mark));
                return;
            }
            _ => {}
        }
    }
}
