//! The marks that mail programs leave in HTML around what they quote, sign or forward: one row per mark.

use super::language;
use crate::page::{Page, PageNode};
use crate::tag::Tag;
use std::ops::Range;

/// What a page element is by its mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
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
    rule(Mark::Signature, Reach::Element, |n| {
        n.has_class("gmail_signature") || n.attribute("data-smartmail") == Some("gmail_signature")
    }),
    rule(Mark::Signature, Reach::Element, |n| {
        has_id(n, "Signature") || has_id(n, "AppleMailSignature") || has_id(n, "ms-outlook-mobile-signature")
    }),
    rule(Mark::Signature, Reach::Element, |n| {
        n.has_class("moz-signature") || n.has_class("protonmail_signature_block")
    }),
    // Gmail, also through its groups and old versions.
    rule(Mark::Quote, Reach::Quotes, |n| {
        n.name() == "div" && n.has_class("gmail_quote") || n.has_class("gmail_quote_container")
    }),
    rule(Mark::Quote, Reach::Element, |n| n.has_class("gmail_attr")),
    // Outlook: web, new, telephone; the classic one for Windows draws a line; the one for Mac has its own sections.
    rule(Mark::Quote, Reach::Tail, |n| {
        has_id(n, "divRplyFwdMsg") || has_id(n, "appendonsend") || has_id(n, "mail-editor-reference-message-container")
    }),
    rule(Mark::Quote, Reach::Tail, |n| n.has_class("OutlookMessageHeader") || has_id(n, "OLK_SRC_BODY_SECTION")),
    rule(Mark::Quote, Reach::Tail, is_outlook_line),
    rule(Mark::Quote, Reach::Tail, |n| {
        n.name() == "hr"
            && (has_id(n, "stopSpelling")
                || n.attribute("tabindex") == Some("-1") && n.attribute("style").is_some_and(|s| s.contains("98%")))
    }),
    rule(Mark::Quote, Reach::Tail, |n| n.name() == "div" && n.attribute("name") == Some("messageReplySection")),
    // Windows Mail and Hotmail.
    rule(Mark::Quote, Reach::Tail, |n| {
        n.name() == "div" && style_of(n).is_some_and(|s| s.contains("border-top-color:rgb(229,229,229)"))
    }),
    rule(Mark::Quote, Reach::Tail, |n| {
        n.attribute("data-signatureblock") == Some("true") && style_of(n).is_some_and(|s| s.contains("border-top"))
    }),
    // Thunderbird, Apple Mail and all who mark quotes as HTML 4 drafts did.
    rule(Mark::Quote, Reach::Element, |n| n.has_class("moz-cite-prefix") || n.has_class("moz-email-headers-table")),
    rule(Mark::Forward, Reach::Tail, |n| n.has_class("moz-forward-container")),
    rule(Mark::Quote, Reach::Element, |n| {
        n.name() == "blockquote" && n.attribute("type").is_some_and(|t| t.eq_ignore_ascii_case("cite"))
    }),
    rule(Mark::Quote, Reach::Element, |n| n.has_class("apple-mail-quote")),
    // Yahoo, Proton, Zimbra, Spark, Front, Newton, QQ, GMX, Mail.ru, Yandex.
    rule(Mark::Quote, Reach::Element, |n| {
        n.has_class("yahoo_quoted") || id_of(n).is_some_and(|id| id.contains("yahoo_quoted"))
    }),
    rule(Mark::Quote, Reach::Element, |n| n.has_class("protonmail_quote")),
    rule(Mark::Quote, Reach::Tail, |n| n.attribute("data-marker") == Some("__DIVIDER__")),
    rule(Mark::Quote, Reach::Element, |n| n.attribute("data-marker") == Some("__QUOTED_TEXT__")),
    rule(Mark::Quote, Reach::Element, |n| {
        n.has_class("front-blockquote") || n.has_class("zmail_extra") || n.has_class("tutanota_quote")
    }),
    rule(Mark::Quote, Reach::Element, |n| n.name() == "div" && n.attribute("name") == Some("quote")),
    rule(Mark::Quote, Reach::Element, |n| {
        id_of(n).is_some_and(|id| id.starts_with("cm_replymail") || id == "isReplyContent" || id == "reply-intro")
    }),
    rule(Mark::Quote, Reach::Element, |n| {
        n.has_class("quoted-printable-reply") || n.has_class("freshdesk_quote") || n.has_class("zendesk_quote")
    }),
    // Gmail and Outlook indent with blockquotes too: those are the sender's own.
    rule(Mark::Indent, Reach::Element, |n| {
        n.name() == "blockquote"
            && !n.has_class("gmail_quote")
            && !style_of(n).is_some_and(|s| s.contains("border:none"))
    }),
];

const fn rule(mark: Mark, reach: Reach, fits: fn(&PageNode) -> bool) -> Rule {
    Rule { mark, reach, fits }
}

fn id_of<'p>(node: &'p PageNode) -> Option<&'p str> {
    node.attribute("id")
}

/// Outlook on the web prefixes the ids of pages that it quotes with `x_`, once per round.
fn has_id(node: &PageNode, id: &str) -> bool {
    id_of(node).is_some_and(|own| own.trim_start_matches("x_").eq_ignore_ascii_case(id))
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

/// The mark of each node of the page; an element's mark holds for everything in it.
pub(crate) fn marks(page: &Page) -> Vec<Option<Mark>> {
    let mut marks: Vec<Option<Mark>> = vec![None; page.nodes.len()];
    let mut at = 0;
    while at < page.nodes.len() {
        let node = &page.nodes[at];
        let Some(rule) = RULES.iter().find(|r| node.tag().is_some() && (r.fits)(node)) else {
            at += 1;
            continue;
        };
        let mark = if rule.mark == Mark::Quote && is_forward(page, at) { Mark::Forward } else { rule.mark };
        match rule.reach {
            Reach::Tail => {
                marks[at..].fill(Some(mark));
                hide_lead(page, at, mark, &mut marks);
                break;
            }
            Reach::Quotes if mark == Mark::Quote => mark_quotes(page, at, &mut marks),
            Reach::Quotes | Reach::Element => marks[at..node.end].fill(Some(mark)),
        }
        at = node.end;
    }
    marks
}

/// Bytes at the start of a quote in which a forward says that it is one.
const FORWARD_LEAD_BYTES: usize = 120;

fn is_forward(page: &Page, index: usize) -> bool {
    let lead = page.text_of(index..page.nodes[index].end, FORWARD_LEAD_BYTES).to_lowercase();
    let lead: String = lead.chars().take(FORWARD_LEAD_BYTES).collect();
    language::all(|l| l.forwarded).iter().any(|words| lead.contains(words))
}

/// Within a container: everything up to the end of its first quote, and its further outermost quotes.
fn mark_quotes(page: &Page, container: usize, marks: &mut [Option<Mark>]) {
    let end = page.nodes[container].end;
    let first = (container..end).find(|&i| page.nodes[i].name() == "blockquote");
    let Some(first) = first else {
        marks[container..end].fill(Some(Mark::Quote));
        return;
    };
    marks[container + 1..page.nodes[first].end].fill(Some(Mark::Quote));
    let mut at = page.nodes[first].end;
    while at < end {
        if page.nodes[at].name() == "blockquote" {
            marks[at..page.nodes[at].end].fill(Some(Mark::Quote));
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
            crate::page::Content::Text(text) if !text.trim().is_empty() => return,
            crate::page::Content::Element { tag: Tag::Hr, .. } => {
                marks[Range { start: index, end: index + 1 }].fill(Some(mark));
                return;
            }
            _ => {}
        }
    }
}
