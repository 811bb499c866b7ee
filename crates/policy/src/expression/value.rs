//! The values of expressions; copying one costs nothing, whatever it holds.

use std::sync::Arc;

/// A value. Texts, lists and maps are shared, so that no expression can multiply what it looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Nothing,
    Truth(bool),
    Number(i64),
    Text(Arc<str>),
    List(Arc<[Value]>),
    Map(Arc<[(String, Value)]>),
}

impl Value {
    pub(crate) fn text(text: &str) -> Value {
        Value::Text(Arc::from(text))
    }

    pub(crate) fn list(entries: Vec<Value>) -> Value {
        Value::List(Arc::from(entries))
    }

    pub(crate) fn map(entries: Vec<(String, Value)>) -> Value {
        Value::Map(Arc::from(entries))
    }

    /// What it is, in words.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Value::Nothing => "null",
            Value::Truth(_) => "a truth",
            Value::Number(_) => "a number",
            Value::Text(_) => "a text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    /// How much there is to compare or to copy, in the units of costs.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Value::Nothing | Value::Truth(_) | Value::Number(_) => 1,
            Value::Text(text) => 1 + text.len() as u64 / 64,
            Value::List(entries) => 1 + entries.iter().map(Value::weight).sum::<u64>(),
            Value::Map(entries) => {
                1 + entries.iter().map(|(name, value)| 1 + name.len() as u64 / 64 + value.weight()).sum::<u64>()
            }
        }
    }
}
