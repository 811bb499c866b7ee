//! The value of an expression; everything that is looked at or made costs, and the purse is small.

use super::{COST_MAX, Function, MADE_BYTES_MAX, MADE_WEIGHT_MAX, Macro, Node, Operator, Scene, Value};

struct Evaluation<'s> {
    scene: &'s Scene,
    /// What may still be spent.
    purse: u64,
    /// The entries that the macros around look at, innermost last.
    entries: Vec<(String, Value)>,
}

/// Evaluates a tree whose depth is bounded.
pub(super) fn evaluate(root: &Node, scene: &Scene) -> Result<Value, String> {
    Evaluation { scene, purse: COST_MAX, entries: Vec::new() }.value(root)
}

impl Evaluation<'_> {
    fn pay(&mut self, cost: u64) -> Result<(), String> {
        self.purse = self.purse.checked_sub(cost).ok_or("it costs too much to evaluate; make it simpler")?;
        Ok(())
    }

    fn value(&mut self, node: &Node) -> Result<Value, String> {
        self.pay(1)?;
        match node {
            Node::Literal(value) => Ok(value.clone()),
            Node::Name(name) => self.named(name),
            Node::List(nodes) => {
                let mut list = Made::default();
                for node in nodes {
                    list.push(self.value(node)?)?;
                }
                Ok(list.done())
            }
            Node::All(nodes) => self.chain(nodes, false),
            Node::Any(nodes) => self.chain(nodes, true),
            Node::Not(inner) => Ok(Value::Truth(!self.truth(inner)?)),
            Node::Minus(inner) => match self.value(inner)? {
                Value::Number(number) => number.checked_neg().map(Value::Number).ok_or_else(overflow),
                other => Err(format!("- of {} has no meaning", other.kind())),
            },
            Node::Binary(operator, left, right) => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                self.binary(*operator, left, right)
            }
            Node::Choice(condition, yes, no) => {
                if self.truth(condition)? {
                    self.value(yes)
                } else {
                    self.value(no)
                }
            }
            Node::Field(of, name) => {
                let of = self.value(of)?;
                self.entry(&of, name)?.ok_or_else(|| format!("there is no {name:?}"))
            }
            Node::Has(field) => match field.as_ref() {
                Node::Field(of, name) => {
                    let of = self.value(of)?;
                    Ok(Value::Truth(self.entry(&of, name)?.is_some()))
                }
                _ => Err("has takes a field".to_owned()),
            },
            Node::Index(of, index) => {
                let (of, index) = (self.value(of)?, self.value(index)?);
                self.index(&of, &index)
            }
            Node::Call(function, arguments) => {
                let arguments = arguments.iter().map(|node| self.value(node)).collect::<Result<Vec<_>, _>>()?;
                self.call(*function, &arguments)
            }
            Node::Matches(of, pattern) => match self.value(of)? {
                // A look of an automaton costs more for each byte than a comparison does.
                Value::Text(text) => {
                    self.pay(1 + text.len() as u64 / 16)?;
                    Ok(Value::Truth(pattern.matches(&text)))
                }
                other => Err(format!("matches of {} has no meaning", other.kind())),
            },
            Node::Macro(which, list, entry, inner) => self.over_entries(*which, list, entry, inner),
        }
    }

    fn truth(&mut self, node: &Node) -> Result<bool, String> {
        match self.value(node)? {
            Value::Truth(truth) => Ok(truth),
            other => Err(format!("{} stands where a truth should", other.kind())),
        }
    }

    fn named(&self, name: &str) -> Result<Value, String> {
        let entry = self.entries.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value);
        let known = || self.scene.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value);
        entry.or_else(known).cloned().ok_or_else(|| format!("{name:?} has no value here"))
    }

    /// The first operand that settles it ends it.
    fn chain(&mut self, nodes: &[Node], settles: bool) -> Result<Value, String> {
        for node in nodes {
            if self.truth(node)? == settles {
                return Ok(Value::Truth(settles));
            }
        }
        Ok(Value::Truth(!settles))
    }

    fn binary(&mut self, operator: Operator, left: Value, right: Value) -> Result<Value, String> {
        self.pay(left.weight().saturating_add(right.weight()))?;
        match (operator, &left, &right) {
            (Operator::Equal, ..) => Ok(Value::Truth(left == right)),
            (Operator::Unequal, ..) => Ok(Value::Truth(left != right)),
            (Operator::In, _, Value::List(entries, _)) => Ok(Value::Truth(entries.contains(&left))),
            (Operator::In, Value::Text(name), Value::Map(..)) => Ok(Value::Truth(self.entry(&right, name)?.is_some())),
            (Operator::Plus, Value::Text(left), Value::Text(right)) => {
                fits(left.len() + right.len())?;
                Ok(Value::text(&format!("{left}{right}")))
            }
            (Operator::Plus, Value::List(left, _), Value::List(right, _)) => {
                let mut list = Made::default();
                left.iter().chain(right.iter()).try_for_each(|value| list.push(value.clone()))?;
                Ok(list.done())
            }
            (_, Value::Number(left), Value::Number(right)) => number(operator, *left, *right),
            (_, Value::Text(left), Value::Text(right)) => match operator {
                Operator::Less => Ok(Value::Truth(left < right)),
                Operator::LessOrEqual => Ok(Value::Truth(left <= right)),
                Operator::Greater => Ok(Value::Truth(left > right)),
                Operator::GreaterOrEqual => Ok(Value::Truth(left >= right)),
                _ => Err("texts can be compared and joined, no more".to_owned()),
            },
            _ => Err(format!("{} and {} do not go together", left.kind(), right.kind())),
        }
    }

    /// The entry of a map; field names of mails hold dashes, for which a name in an expression has underscores.
    fn entry(&mut self, of: &Value, name: &str) -> Result<Option<Value>, String> {
        let Value::Map(entries, _) = of else { return Err(format!("{} has no fields", of.kind())) };
        // Only names of the same length are compared, and each no further than they are alike.
        self.pay(1 + (entries.len() as u64).saturating_mul(1 + name.len() as u64 / 64) / 4)?;
        let same = |known: &str| {
            known.len() == name.len()
                && known
                    .bytes()
                    .zip(name.bytes())
                    .all(|(known, asked)| known == asked || known == b'-' && asked == b'_')
        };
        Ok(entries.iter().find(|(known, _)| same(known)).map(|(_, value)| value.clone()))
    }

    fn index(&mut self, of: &Value, index: &Value) -> Result<Value, String> {
        match (of, index) {
            (Value::List(entries, _), Value::Number(number)) => {
                let entry = usize::try_from(*number).ok().and_then(|number| entries.get(number));
                entry.cloned().ok_or_else(|| format!("there is no entry {number}"))
            }
            (Value::Map(..), Value::Text(name)) => self.entry(of, name)?.ok_or_else(|| format!("there is no {name:?}")),
            _ => Err(format!("{} has no entry by {}", of.kind(), index.kind())),
        }
    }

    fn call(&mut self, function: Function, arguments: &[Value]) -> Result<Value, String> {
        self.pay(arguments.iter().map(Value::weight).fold(0, u64::saturating_add))?;
        let count = |number: usize| Ok(Value::Number(i64::try_from(number).unwrap_or(i64::MAX)));
        match (function, arguments) {
            (Function::Size, [Value::Text(text)]) => count(text.chars().count()),
            (Function::Size, [Value::List(entries, _)]) => count(entries.len()),
            (Function::Size, [Value::Map(entries, _)]) => count(entries.len()),
            (Function::Contains, [Value::Text(text), Value::Text(part)]) => Ok(Value::Truth(text.contains(&**part))),
            (Function::StartsWith, [Value::Text(text), Value::Text(part)]) => {
                Ok(Value::Truth(text.starts_with(&**part)))
            }
            (Function::EndsWith, [Value::Text(text), Value::Text(part)]) => Ok(Value::Truth(text.ends_with(&**part))),
            (Function::LowerAscii, [Value::Text(text)]) => Ok(Value::text(&text.to_ascii_lowercase())),
            (Function::UpperAscii, [Value::Text(text)]) => Ok(Value::text(&text.to_ascii_uppercase())),
            (Function::Trim, [Value::Text(text)]) => Ok(Value::text(text.trim())),
            (Function::Text, [Value::Text(text)]) => Ok(Value::Text(text.clone())),
            (Function::Text, [Value::Number(number)]) => Ok(Value::text(&number.to_string())),
            (Function::Text, [Value::Truth(truth)]) => Ok(Value::text(&truth.to_string())),
            (Function::Number, [Value::Number(number)]) => Ok(Value::Number(*number)),
            (Function::Number, [Value::Text(text)]) => {
                text.trim().parse().map(Value::Number).map_err(|_| "the text is no whole number".to_owned())
            }
            (_, arguments) => {
                let kinds: Vec<&str> = arguments.iter().map(Value::kind).collect();
                Err(format!("{function:?} of {} has no meaning", kinds.join(" and ")))
            }
        }
    }

    fn over_entries(&mut self, which: Macro, list: &Node, entry: &str, inner: &Node) -> Result<Value, String> {
        let list = self.value(list)?;
        let Value::List(values, _) = &list else { return Err(format!("{} has no entries to go over", list.kind())) };
        let (mut made, mut held) = (Made::default(), 0usize);
        for value in values.iter() {
            self.entries.push((entry.to_owned(), value.clone()));
            let inner_value = self.value(inner);
            self.entries.pop();
            let inner_value = inner_value?;
            if which == Macro::Map {
                made.push(inner_value)?;
                continue;
            }
            let Value::Truth(holds) = inner_value else {
                return Err(format!("{} stands where a truth should", inner_value.kind()));
            };
            match (which, holds) {
                (Macro::Exists, true) => return Ok(Value::Truth(true)),
                (Macro::All, false) => return Ok(Value::Truth(false)),
                (Macro::Filter, true) => made.push(value.clone())?,
                _ => {}
            }
            held += usize::from(holds);
        }
        Ok(match which {
            Macro::Map | Macro::Filter => made.done(),
            Macro::Exists => Value::Truth(false),
            Macro::All => Value::Truth(true),
            Macro::ExistsOne => Value::Truth(held == 1),
        })
    }
}

/// A list in the making; it ends with an error before it is larger than anybody may have to look through.
#[derive(Default)]
struct Made {
    entries: Vec<Value>,
    weight: u64,
}

impl Made {
    fn push(&mut self, value: Value) -> Result<(), String> {
        self.weight = self.weight.saturating_add(value.weight());
        if self.weight > MADE_WEIGHT_MAX {
            return Err("what it makes is too large".to_owned());
        }
        self.entries.push(value);
        Ok(())
    }

    fn done(self) -> Value {
        Value::list(self.entries)
    }
}

fn number(operator: Operator, left: i64, right: i64) -> Result<Value, String> {
    let made = match operator {
        Operator::Less => return Ok(Value::Truth(left < right)),
        Operator::LessOrEqual => return Ok(Value::Truth(left <= right)),
        Operator::Greater => return Ok(Value::Truth(left > right)),
        Operator::GreaterOrEqual => return Ok(Value::Truth(left >= right)),
        Operator::Plus => left.checked_add(right),
        Operator::Minus => left.checked_sub(right),
        Operator::Times => left.checked_mul(right),
        Operator::Over => left.checked_div(right),
        Operator::Rest => left.checked_rem(right),
        Operator::Equal | Operator::Unequal | Operator::In => return Err("numbers have no entries".to_owned()),
    };
    made.map(Value::Number).ok_or_else(overflow)
}

fn overflow() -> String {
    "a number is too large, or divided by 0".to_owned()
}

fn fits(bytes: usize) -> Result<(), String> {
    if bytes > MADE_BYTES_MAX { Err("what it makes is too long".to_owned()) } else { Ok(()) }
}
