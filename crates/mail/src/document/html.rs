//! A document as HTML: a fixed point of the sanitizer, so it can be shown wherever a page of a mail can.

use super::{Block, Cell, Document, Inline, Style};
use crate::{escape, link, page};

/// Signs of emphasis, outermost first.
const TAGS: [(Style, &str); 5] = [
    (Style::STRONG, "strong"),
    (Style::EMPHASIS, "em"),
    (Style::STRIKE, "s"),
    (Style::UNDERLINE, "u"),
    (Style::CODE, "code"),
];

pub(super) fn written(document: &Document) -> String {
    let mut out = String::new();
    blocks(&document.blocks, &mut out);
    out
}

/// The document of a page.
pub(super) fn read(html: &str) -> Document {
    super::build::<()>(&page::parse(html), &[]).document
}

fn blocks(all: &[Block], out: &mut String) {
    all.iter().for_each(|one| block(one, out));
}

fn block(block: &Block, out: &mut String) {
    match block {
        Block::Paragraph(content) => element("p", out, |out| inlines(content, out)),
        Block::Heading { level, content } => {
            let name = ["h1", "h2", "h3", "h4", "h5", "h6"][usize::from((*level).clamp(1, 6)) - 1];
            element(name, out, |out| inlines(content, out));
        }
        Block::List { first: None, items } => element("ul", out, |out| list_items(items, out)),
        Block::List { first: Some(first), items } => {
            match first {
                1 => out.push_str("<ol>"),
                first => out.push_str(&format!("<ol start=\"{first}\">")),
            }
            list_items(items, out);
            out.push_str("</ol>");
        }
        Block::Quote(inner) => element("blockquote", out, |out| blocks(inner, out)),
        Block::Code { text, .. } => element("pre", out, |out| escape::text(text.trim_start_matches(['\n', '\r']), out)),
        Block::Table(rows) if rows.is_empty() => {}
        Block::Table(rows) => {
            out.push_str("<table><tbody>");
            for row in rows {
                element("tr", out, |out| row.iter().for_each(|one| cell(one, out)));
            }
            out.push_str("</tbody></table>");
        }
        Block::Rule => out.push_str("<hr>"),
        Block::Foreign(foreign) => element("p", out, |out| {
            for (n, line) in foreign.text.lines().enumerate() {
                if n > 0 {
                    out.push_str("<br>");
                }
                escape::text(line, out);
            }
        }),
    }
}

fn element(name: &str, out: &mut String, inside: impl FnOnce(&mut String)) {
    out.push('<');
    out.push_str(name);
    out.push('>');
    inside(out);
    out.push_str("</");
    out.push_str(name);
    out.push('>');
}

fn list_items(items: &[Vec<Block>], out: &mut String) {
    items.iter().for_each(|item| element("li", out, |out| close_blocks(item, out)));
}

fn cell(cell: &Cell, out: &mut String) {
    element(if cell.header { "th" } else { "td" }, out, |out| close_blocks(&cell.blocks, out));
}

/// The words of an item or a cell stand in it without a paragraph of their own where they are the only ones.
fn close_blocks(all: &[Block], out: &mut String) {
    match all {
        [Block::Paragraph(content), rest @ ..] if rest.iter().all(|block| matches!(block, Block::List { .. })) => {
            inlines(content, out);
            blocks(rest, out);
        }
        all => blocks(all, out),
    }
}

fn inlines(content: &[Inline], out: &mut String) {
    for inline in content {
        match inline {
            Inline::Text { text, style, link } | Inline::Elsewhere { words: text, style, link, .. } => {
                let target = link.as_deref().and_then(link::target);
                if let Some(target) = &target {
                    out.push_str("<a href=\"");
                    escape::value(target, out);
                    out.push_str("\" rel=\"noopener noreferrer nofollow\">");
                }
                let tags = || TAGS.iter().filter(|(has, _)| style.has(*has)).map(|(_, name)| name);
                tags().for_each(|name| out.push_str(&format!("<{name}>")));
                escape::text(text, out);
                tags().rev().for_each(|name| out.push_str(&format!("</{name}>")));
                if target.is_some() {
                    out.push_str("</a>");
                }
            }
            Inline::Break => out.push_str("<br>"),
            Inline::Picture { content_id, words } => picture(content_id, words, out),
            Inline::Foreign(foreign) => escape::text(&foreign.text, out),
        }
    }
}

fn picture(content_id: &str, words: &str, out: &mut String) {
    let source = format!("cid:{content_id}");
    match link::picture(&source) {
        Some(source) => {
            out.push_str("<img src=\"");
            escape::value(&source, out);
            out.push_str("\" alt=\"");
            escape::value(words, out);
            out.push_str("\">");
        }
        None => escape::text(words, out),
    }
}
