//! What an exported file holds: values under names, inside each other, and where each stands.

/// How deep names may stand inside each other.
pub(super) const DEPTH_MAX: usize = 64;
/// The most names of one file.
pub(super) const NODES_MAX: usize = 100_000;

/// Elements that only carry an option whose name they hold: `<option name="…" value="…"/>`.
const CARRIERS: &[&str] = &[
    "option",
    "options",
    "property",
    "properties",
    "entry",
    "entries",
    "setting",
    "settings",
    "parameter",
    "parameters",
    "param",
    "params",
    "attribute",
    "attributes",
    "item",
    "items",
    "value",
    "values",
    "field",
    "fields",
    "config",
    "configs",
];

/// One name with its value, with what stands inside it, or with both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) name: String,
    /// Unique within the file.
    pub(super) at: String,
    pub(super) value: Option<String>,
    pub(super) children: Vec<Node>,
}

impl Node {
    /// The name in lower case, without anything but letters and digits: `Catch Email-Addresses` is `catchemailaddresses`.
    pub(super) fn plain(&self) -> String {
        plain(&self.name)
    }

    /// The value without space around it; `None` when there is none or it is empty.
    pub(super) fn said(&self) -> Option<&str> {
        self.value.as_deref().map(str::trim).filter(|value| !value.is_empty())
    }

    /// All names that have a value, this one too.
    pub(super) fn values(&self) -> Vec<&Node> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(node) = open.pop() {
            if node.said().is_some() {
                found.push(node);
            }
            open.extend(node.children.iter().rev());
        }
        found
    }

    /// The children of one of these plain names that have a value.
    pub(super) fn named<'n>(&'n self, names: &'n [&str]) -> impl Iterator<Item = &'n Node> {
        self.children.iter().filter(|child| child.said().is_some() && names.contains(&child.plain().as_str()))
    }

    /// Whether it only holds others of its own kind: `<rules>` around several `<rule>`.
    pub(super) fn is_wrapper(&self) -> bool {
        let one = self.plain();
        let one = one.strip_suffix('s').unwrap_or(&one).to_owned();
        let is_one = |child: &Node| {
            let name = child.plain();
            !child.children.is_empty()
                && (CARRIERS.contains(&name.as_str()) || one.ends_with(&name) || name.ends_with(&one))
        };
        self.said().is_none() && !self.children.is_empty() && self.children.iter().all(is_one)
    }

    /// The same with each option under its own name, where the file has carriers for them.
    pub(super) fn folded(mut self) -> Node {
        self.children = self.children.into_iter().map(Node::folded).collect();
        if !CARRIERS.contains(&self.plain().as_str()) {
            return self;
        }
        let names: Vec<usize> = positions(&self, &["name", "key", "id", "option"]);
        let values: Vec<usize> = positions(&self, &["value", "text"]);
        match (names.as_slice(), values.as_slice(), self.children.len(), self.said().is_some()) {
            ([name], [value], 2, false) => {
                let (named, valued) = (self.children[*name].clone(), self.children[*value].clone());
                Node { name: named.value.unwrap_or_default(), at: self.at, ..valued }
            }
            ([name], [], 1, true) => {
                let named = self.children[*name].clone();
                Node { name: named.value.unwrap_or_default(), children: Vec::new(), ..self }
            }
            _ => self,
        }
    }
}

fn positions(node: &Node, names: &[&str]) -> Vec<usize> {
    let is_named = |child: &Node| names.contains(&child.plain().as_str());
    node.children.iter().enumerate().filter(|(_, child)| is_named(child)).map(|(at, _)| at).collect()
}

/// See [`Node::plain`].
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
