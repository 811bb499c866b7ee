//! Reads JSON into a tree, names that stand twice included.

use super::tree::{NODES_MAX, Node};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;

/// A value of the file before it has a name.
enum Value {
    Nothing,
    Text(String),
    List(Vec<Value>),
    Table(Vec<(String, Value)>),
}

/// The file's one value, under the name `profile`.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let wrong = |error: serde_json::Error| format!("is not JSON that can be used: {error}");
    let value: Value = serde_json::from_str(text).map_err(wrong)?;
    let left = Cell::new(NODES_MAX);
    let nodes = nodes("", &["profile".to_owned()], vec![value], &left);
    if left.get() == 0 {
        return Err(format!("holds more than {NODES_MAX} names and values"));
    }
    match <[Node; 1]>::try_from(nodes) {
        Ok([node]) => Ok(node),
        // A list at the top: several profiles, one after the other.
        Err(several) => Ok(Node { name: "profiles".to_owned(), children: several, ..Node::default() }),
    }
}

/// Values with their names as nodes; a list is as many nodes of its name. serde_json bounds the depth at 128.
fn nodes(outside: &str, names: &[String], values: Vec<Value>, left: &Cell<usize>) -> Vec<Node> {
    let mut flat: Vec<(String, Value)> = Vec::new();
    for (name, value) in names.iter().zip(values) {
        flatten(name, value, &mut flat);
    }
    // A name that stands alone has no number.
    let mut counts: HashMap<String, (usize, usize)> = HashMap::new();
    for (name, _) in &flat {
        counts.entry(name.clone()).or_default().1 += 1;
    }
    let slash = if outside.is_empty() { "" } else { "/" };
    let mut made = Vec::new();
    for (name, value) in flat {
        if left.get() == 0 {
            break;
        }
        left.set(left.get() - 1);
        let (before, all) = counts.entry(name.clone()).or_default();
        *before += 1;
        let number = if *all > 1 { format!("[{before}]") } else { String::new() };
        let at = format!("{outside}{slash}{name}{number}");
        made.push(match value {
            Value::Table(entries) => {
                let (names, values): (Vec<String>, Vec<Value>) = entries.into_iter().unzip();
                let children = nodes(&at, &names, values, left);
                Node { name, at, value: None, children }
            }
            Value::Text(text) => Node { name, at, value: Some(text), children: Vec::new() },
            Value::Nothing | Value::List(_) => Node { name, at, ..Node::default() },
        });
    }
    made
}

fn flatten(name: &str, value: Value, flat: &mut Vec<(String, Value)>) {
    match value {
        Value::List(values) => {
            for value in values {
                flatten(name, value, flat);
            }
        }
        value => flat.push((name.to_owned(), value)),
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(Seen)
    }
}

struct Seen;

impl<'de> Visitor<'de> for Seen {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Nothing)
    }

    fn visit_bool<E: Error>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::Text(truth.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Text(number.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Table(entries))
    }
}
