//! From words to a tree, by precedence; every level of depth is counted.

use super::token::{self, Token, Word};
use super::{DEPTH_MAX, Function, Macro, Node, Operator, Value};
use crate::profile::{Pattern, meant};

/// The functions that are called on a value, with how many arguments each takes beside it.
const METHODS: &[(&str, Function, usize)] = &[
    ("size", Function::Size, 0),
    ("contains", Function::Contains, 1),
    ("startsWith", Function::StartsWith, 1),
    ("endsWith", Function::EndsWith, 1),
    ("lowerAscii", Function::LowerAscii, 0),
    ("upperAscii", Function::UpperAscii, 0),
    ("trim", Function::Trim, 0),
];

/// Those that are called by themselves.
const FUNCTIONS: &[(&str, Function)] =
    &[("size", Function::Size), ("string", Function::Text), ("int", Function::Number)];

const MACROS: &[(&str, Macro)] = &[
    ("exists", Macro::Exists),
    ("exists_one", Macro::ExistsOne),
    ("all", Macro::All),
    ("filter", Macro::Filter),
    ("map", Macro::Map),
];

/// A node and how deep it is.
type Built = (Node, usize);

struct Parser<'a> {
    words: std::iter::Peekable<std::vec::IntoIter<Token>>,
    /// One after the last character.
    end: usize,
    known: &'a [&'a str],
    /// The names that stand for entries in the macros around.
    entries: Vec<String>,
}

/// Reads a whole expression.
pub(super) fn parse(source: &str, known: &[&str]) -> Result<Node, String> {
    let words = token::read(source)?;
    if words.is_empty() {
        return Err("it is empty".to_owned());
    }
    let end = source.chars().count() + 1;
    let mut parser = Parser { words: words.into_iter().peekable(), end, known, entries: Vec::new() };
    let (root, _) = parser.choice(0)?;
    match parser.words.next() {
        None => Ok(root),
        Some(token) => Err(format!("{:?} at {} is too much", token.word.shown(), token.at)),
    }
}

fn too_deep(depth: usize) -> Result<(), String> {
    if depth > DEPTH_MAX {
        Err(format!("it is deeper than {DEPTH_MAX} levels; write it in a flatter way"))
    } else {
        Ok(())
    }
}

impl Parser<'_> {
    /// `a ? b : c`. `around` is how many expressions this one stands in.
    fn choice(&mut self, around: usize) -> Result<Built, String> {
        too_deep(around)?;
        let (condition, depth) = self.chain(around, "||")?;
        if !self.takes("?") {
            return Ok((condition, depth));
        }
        let (yes, yes_depth) = self.choice(around + 1)?;
        self.expect(":")?;
        let (no, no_depth) = self.choice(around + 1)?;
        let node = Node::Choice(Box::new(condition), Box::new(yes), Box::new(no));
        Ok((node, 1 + depth.max(yes_depth).max(no_depth)))
    }

    /// Alternatives and conjunctions of any number: they stand beside each other and add no depth.
    fn chain(&mut self, around: usize, sign: &'static str) -> Result<Built, String> {
        let mut operands = Vec::new();
        let mut deepest = 0;
        loop {
            let (operand, depth) = if sign == "||" { self.chain(around, "&&")? } else { self.binary(around, 0)? };
            operands.push(operand);
            deepest = deepest.max(depth);
            if !self.takes(sign) {
                break;
            }
        }
        match (operands.len(), sign) {
            (1, _) => Ok((operands.remove(0), deepest)),
            (_, "||") => Ok((Node::Any(operands), deepest + 1)),
            _ => Ok((Node::All(operands), deepest + 1)),
        }
    }

    /// Comparisons, then sums, then products.
    fn binary(&mut self, around: usize, level: usize) -> Result<Built, String> {
        const LEVELS: usize = 3;
        if level == LEVELS {
            return self.unary(around);
        }
        let (mut left, mut depth) = self.binary(around, level + 1)?;
        while let Some(operator) = self.operator(level) {
            let (right, right_depth) = self.binary(around, level + 1)?;
            depth = 1 + depth.max(right_depth);
            too_deep(depth)?;
            left = Node::Binary(operator, Box::new(left), Box::new(right));
        }
        Ok((left, depth))
    }

    fn operator(&mut self, level: usize) -> Option<Operator> {
        let operator = match (level, &self.words.peek()?.word) {
            (0, Word::Name(name)) if name == "in" => Operator::In,
            (0, Word::Sign("==")) => Operator::Equal,
            (0, Word::Sign("!=")) => Operator::Unequal,
            (0, Word::Sign("<")) => Operator::Less,
            (0, Word::Sign("<=")) => Operator::LessOrEqual,
            (0, Word::Sign(">")) => Operator::Greater,
            (0, Word::Sign(">=")) => Operator::GreaterOrEqual,
            (1, Word::Sign("+")) => Operator::Plus,
            (1, Word::Sign("-")) => Operator::Minus,
            (2, Word::Sign("*")) => Operator::Times,
            (2, Word::Sign("/")) => Operator::Over,
            (2, Word::Sign("%")) => Operator::Rest,
            _ => return None,
        };
        self.words.next();
        Some(operator)
    }

    fn unary(&mut self, around: usize) -> Result<Built, String> {
        too_deep(around)?;
        for (sign, wrap) in [("!", Node::Not as fn(Box<Node>) -> Node), ("-", Node::Minus)] {
            if self.takes(sign) {
                let (inner, depth) = self.unary(around + 1)?;
                return Ok((wrap(Box::new(inner)), depth + 1));
            }
        }
        let (mut node, mut depth) = self.primary(around)?;
        loop {
            if self.takes(".") {
                (node, depth) = self.member((node, depth), around)?;
            } else if self.takes("[") {
                let (index, index_depth) = self.choice(around + 1)?;
                self.expect("]")?;
                (node, depth) = (Node::Index(Box::new(node), Box::new(index)), 1 + depth.max(index_depth));
            } else {
                return Ok((node, depth));
            }
            too_deep(depth)?;
        }
    }

    fn primary(&mut self, around: usize) -> Result<Built, String> {
        let token = self.next()?;
        match token.word {
            Word::Number(number) => Ok((Node::Literal(Value::Number(number)), 1)),
            Word::Text(text) => Ok((Node::Literal(Value::text(&text)), 1)),
            Word::Sign("(") => {
                let inner = self.choice(around + 1)?;
                self.expect(")")?;
                Ok(inner)
            }
            Word::Sign("[") => {
                let (entries, depth) = self.arguments("]", around)?;
                Ok((Node::List(entries), depth + 1))
            }
            Word::Name(name) => self.named(&name, token.at, around),
            Word::Sign(sign) => Err(format!("{sign:?} at {} stands where a value should", token.at)),
        }
    }

    fn named(&mut self, name: &str, at: usize, around: usize) -> Result<Built, String> {
        match name {
            "true" | "false" => return Ok((Node::Literal(Value::Truth(name == "true")), 1)),
            "null" => return Ok((Node::Literal(Value::Nothing), 1)),
            _ => {}
        }
        if !self.takes("(") {
            if self.entries.iter().any(|entry| entry == name) || self.known.contains(&name) {
                return Ok((Node::Name(name.to_owned()), 1));
            }
            let hint = meant(name, self.known.iter().copied());
            return Err(format!("{name:?} at {at} is not known{hint}"));
        }
        let (mut arguments, depth) = self.arguments(")", around)?;
        if name == "has" {
            return match (arguments.pop(), arguments.is_empty()) {
                (Some(Node::Field(of, field)), true) => Ok((Node::Has(Box::new(Node::Field(of, field))), depth + 1)),
                _ => Err(format!("has at {at} takes one field, such as headers.x_priority")),
            };
        }
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let hint = meant(name, FUNCTIONS.iter().map(|(known, _)| *known));
            return Err(format!("{name:?} at {at} is no function{hint}"));
        };
        if arguments.len() != 1 {
            return Err(format!("{name} at {at} takes one value"));
        }
        Ok((Node::Call(*function, arguments), depth + 1))
    }

    /// What follows a dot: a field, a function or a macro.
    fn member(&mut self, (node, depth): Built, around: usize) -> Result<Built, String> {
        let token = self.next()?;
        let Word::Name(name) = token.word else {
            return Err(format!("{:?} at {} is no name of a field", token.word.shown(), token.at));
        };
        if !self.takes("(") {
            return Ok((Node::Field(Box::new(node), name), depth + 1));
        }
        if let Some((_, which)) = MACROS.iter().find(|(known, _)| *known == name) {
            return self.over_entries(*which, (node, depth), &name, token.at, around);
        }
        let (mut arguments, arguments_depth) = self.arguments(")", around)?;
        let depth = 1 + depth.max(arguments_depth);
        if name == "matches" {
            return match (arguments.pop(), arguments.is_empty()) {
                (Some(Node::Literal(Value::Text(pattern))), true) => {
                    let pattern =
                        Pattern::regex(&pattern).map_err(|why| format!("{pattern:?} at {}: {why}", token.at))?;
                    Ok((Node::Matches(Box::new(node), pattern), depth))
                }
                _ => Err(format!("matches at {} takes one text that stands there as it is", token.at)),
            };
        }
        let Some((_, function, number)) = METHODS.iter().find(|(known, ..)| *known == name) else {
            let known = METHODS.iter().map(|(known, ..)| *known).chain(MACROS.iter().map(|(known, _)| *known));
            let hint = meant(&name, known);
            return Err(format!("{name:?} at {} is no function{hint}", token.at));
        };
        if arguments.len() != *number {
            return Err(format!("{name} at {} takes {number} values", token.at));
        }
        arguments.insert(0, node);
        Ok((Node::Call(*function, arguments), depth))
    }

    fn over_entries(
        &mut self,
        which: Macro,
        (list, depth): Built,
        name: &str,
        at: usize,
        around: usize,
    ) -> Result<Built, String> {
        let token = self.next()?;
        let (Word::Name(entry), true) = (token.word, self.takes(",")) else {
            return Err(format!("{name} at {at} takes a name and a condition"));
        };
        self.entries.push(entry.clone());
        let inner = self.choice(around + 1);
        self.entries.pop();
        let (inner, inner_depth) = inner?;
        self.expect(")")?;
        Ok((Node::Macro(which, Box::new(list), entry, Box::new(inner)), 1 + depth.max(inner_depth)))
    }

    fn arguments(&mut self, end: &'static str, around: usize) -> Result<(Vec<Node>, usize), String> {
        let mut arguments = Vec::new();
        let mut deepest = 0;
        if self.takes(end) {
            return Ok((arguments, deepest));
        }
        loop {
            let (argument, depth) = self.choice(around + 1)?;
            arguments.push(argument);
            deepest = deepest.max(depth);
            if self.takes(end) {
                return Ok((arguments, deepest));
            }
            self.expect(",")?;
        }
    }

    fn next(&mut self) -> Result<Token, String> {
        self.words.next().ok_or_else(|| format!("something is missing at {}", self.end))
    }

    fn takes(&mut self, sign: &'static str) -> bool {
        self.words.next_if(|token| token.word == Word::Sign(sign)).is_some()
    }

    fn expect(&mut self, sign: &'static str) -> Result<(), String> {
        if self.takes(sign) {
            return Ok(());
        }
        let token = self.next()?;
        Err(format!("{:?} at {} stands where {sign:?} should", token.word.shown(), token.at))
    }
}
