//! The values of expressions; copying one costs nothing, whatever it holds.

use std::sync::Arc;

/// A value. Texts, lists and maps are shared, and lists and maps know what they weigh: a list of eight times the same list of
/// eight costs little to make and much to look through, so nobody may have to look through it to learn so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Truth(bool),
    Number(i64),
    Text(Arc<str>),
    List(Arc<[Value]>, Weight),
    Map(Arc<[(String, Value)]>, Weight),
}

/// How much there is to compare or to copy in a list or a map with all that stands in it, in the units of costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Weight(u64);

impl Value {
    pub(crate) fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }

    pub(crate) fn list(entries: Vec<Value>) -> Value {
        let weight = entries.iter().map(Value::weight).fold(1, u64::saturating_add);
        Value::List(Arc::from(entries), Weight(weight))
    }

    pub(crate) fn map(entries: Vec<(String, Value)>) -> Value {
        let weights = entries.iter().map(|(name, value)| value.weight().saturating_add(1 + name.len() as u64 / 64));
        let weight = weights.fold(1, u64::saturating_add);
        Value::Map(Arc::from(entries), Weight(weight))
    }

    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Nothing => "null",
            Value::Truth(_) => "a truth",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(..) => "a list",
            Value::Map(..) => "a map",
        }
    }

    /// How much there is to compare or to copy, in the units of costs. It is known and not counted.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Value::Nothing | Value::Truth(_) | Value::Number(_) => 1,
            Value::Text(text) => 1 + text.len() as u64 / 64,
            Value::List(_, Weight(weight)) | Value::Map(_, Weight(weight)) => *weight,
        }
    }
}
