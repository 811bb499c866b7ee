//! Reads XML into a tree: no document types, no entities of its own, nothing from outside (SEC-28).

use super::tree::{DEPTH_MAX, NODES_MAX, Node};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::collections::{HashMap, HashSet};

/// An element whose end is still to come; until the document's end `at` holds only its line.
struct Open {
    node: Node,
    text: String,
}

/// The document's one element.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { text, at: 0, line: 1 };
    let mut open: Vec<Open> = Vec::new();
    let mut root = None;
    let mut nodes = 0;
    loop {
        let line = lines.of(reader.buffer_position());
        let wrong = |why: &str| format!("line {line} is not XML that can be used: {why}");
        let event = reader.read_event().map_err(|error| wrong(&error.to_string()))?;
        match event {
            Event::Start(tag) => {
                if root.is_some() && open.is_empty() {
                    return Err(wrong("a second element at the top; leave one"));
                }
                let element = begun(&tag, line, &mut nodes).map_err(|why| wrong(&why))?;
                open.push(element);
                if open.len() > DEPTH_MAX {
                    return Err(wrong(&format!("elements stand more than {DEPTH_MAX} deep")));
                }
            }
            Event::Empty(tag) => {
                let element = begun(&tag, line, &mut nodes).map_err(|why| wrong(&why))?;
                close(element, &mut open, &mut root);
            }
            Event::End(_) => {
                // The reader holds ends against their starts.
                let element = open.pop().ok_or_else(|| wrong("an end without a start"))?;
                close(element, &mut open, &mut root);
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.xml10_content()),
            Event::GeneralRef(entity) => {
                let known = match entity.resolve_char_ref().map_err(|error| wrong(&error.to_string()))? {
                    Some(character) => character.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&entity)
                        .ok_or_else(|| {
                            wrong("it names an entity; only &lt; &gt; &amp; &quot; &apos; and numbers are read")
                        })?
                        .to_owned(),
                };
                append(&mut open, &known);
            }
            Event::DocType(_) => {
                return Err(wrong("it has a document type (DOCTYPE), which is not read; take that line out"));
            }
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof => break,
        }
    }
    match (root, open.last()) {
        (Some(mut root), None) => {
            root.at = format!("{}{}", root.name, root.at);
            place(&mut root);
            Ok(root)
        }
        (_, Some(Open { node, .. })) => Err(format!("is not whole: {}{} has no end", node.name, node.at)),
        (None, None) => Err("holds no XML element".to_owned()),
    }
}

/// Counts lines as the reader goes on, each byte once.
struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl Lines<'_> {
    fn of(&mut self, position: u64) -> usize {
        let end = usize::try_from(position).unwrap_or(usize::MAX).min(self.text.len());
        let passed = self.text.as_bytes().get(self.at..end).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count();
        self.at = end.max(self.at);
        self.line
    }
}

/// An element with its attributes as children.
fn begun(tag: &BytesStart, line: usize, nodes: &mut usize) -> Result<Open, String> {
    let name = tag.local_name().into_inner().to_owned();
    let at = format!(" (line {line})");
    let mut element = Open { node: Node { name, at: at.clone(), ..Node::default() }, text: String::new() };
    *nodes += 1;
    let mut attributes = tag.attributes();
    // The reader's own look for names that stand twice compares each with each.
    attributes.with_checks(false);
    let mut seen = HashSet::new();
    for attribute in attributes {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.local_name().into_inner().to_owned();
        let is_namespace = attribute.key.as_namespace_binding().is_some();
        if is_namespace {
            continue;
        }
        *nodes += 1;
        if *nodes > NODES_MAX {
            break;
        }
        if !seen.insert(name.clone()) {
            return Err(format!("its attribute {name} stands twice; leave one"));
        }
        let value =
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?.into_owned();
        let (at, name) = (at.clone(), format!("@{name}"));
        element.node.children.push(Node { name, at, value: Some(value), children: Vec::new() });
    }
    if *nodes > NODES_MAX {
        return Err(format!("it has more than {NODES_MAX} elements and attributes"));
    }
    Ok(element)
}

/// Says of everything inside where it stands; names that repeat are counted.
fn place(outside: &mut Node) {
    let path = path(&outside.at).to_owned();
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    for child in &outside.children {
        counts.entry(child.name.clone()).or_default().1 += 1;
    }
    for child in &mut outside.children {
        let (before, all) = counts.entry(child.name.clone()).or_default();
        *before += 1;
        let number = if *all > 1 { format!("[{before}]") } else { String::new() };
        child.at = format!("{path}/{}{number}{}", child.name, child.at);
        child.name = child.name.trim_start_matches('@').to_owned();
        place(child);
    }
}

/// Where something stands, without the line.
fn path(at: &str) -> &str {
    at.split(" (line ").next().unwrap_or(at)
}

fn append(open: &mut [Open], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

fn close(element: Open, open: &mut [Open], root: &mut Option<Node>) {
    let Open { mut node, text, .. } = element;
    node.value = Some(text).filter(|text| !text.trim().is_empty());
    match open.last_mut() {
        Some(outside) => outside.node.children.push(node),
        None => *root = Some(node),
    }
}
