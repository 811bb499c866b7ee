//! Parses the desk's subset of JQL; what it does not know is refused in words, never ignored.

use crate::custom_fields::{self, CustomField};

/// Longer queries are refused.
const LENGTH_MAX: usize = 20_000;
/// Brackets and NOTs inside each other.
const DEPTH_MAX: usize = 32;
/// Jira's limit of fields to order by.
const ORDER_FIELDS_MAX: usize = 7;
/// Values in one list.
const VALUES_MAX: usize = 1000;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    /// `None`: every issue, which Jira's search refuses.
    pub(crate) condition: Option<Clause>,
    /// Field and whether it descends.
    pub(crate) order: Vec<(Field, bool)>,
}

/// A condition.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Clause {
    All(Vec<Clause>),
    Any(Vec<Clause>),
    Not(Box<Clause>),
    Test { field: Field, operator: Operator, values: Vec<Operand> },
}

/// What can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    Project,
    Key,
    Id,
    Status,
    StatusCategory,
    Creator,
    Reporter,
    Assignee,
    Created,
    Updated,
    Labels,
    IssueType,
    Priority,
    Parent,
    Summary,
    Text,
    Resolution,
    Resolved,
    /// A further field, by its place in the catalogue.
    Other(usize),
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Is,
    IsNot,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Contains,
    ContainsNot,
}

/// With what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Operand {
    Text(String),
    Empty,
    CurrentUser,
    Now,
    StartOfDay,
}

const FIELDS: [(&str, Field); 22] = [
    ("project", Field::Project),
    ("key", Field::Key),
    ("issuekey", Field::Key),
    ("issue", Field::Key),
    ("id", Field::Id),
    ("status", Field::Status),
    ("statuscategory", Field::StatusCategory),
    ("creator", Field::Creator),
    ("reporter", Field::Reporter),
    ("assignee", Field::Assignee),
    ("created", Field::Created),
    ("updated", Field::Updated),
    ("labels", Field::Labels),
    ("issuetype", Field::IssueType),
    ("type", Field::IssueType),
    ("priority", Field::Priority),
    ("parent", Field::Parent),
    ("summary", Field::Summary),
    ("text", Field::Text),
    ("resolution", Field::Resolution),
    ("resolved", Field::Resolved),
    ("resolutiondate", Field::Resolved),
];

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// Unquoted.
    Word(String),
    Quoted(String),
    /// An operator, a bracket or a comma.
    Sign(&'static str),
}

/// Longest first, so that `<=` is not read as `<`.
const SIGNS: [&str; 12] = ["!=", "!~", "<=", ">=", "=", "~", "<", ">", "(", ")", ",", "!"];

/// Parses a query, or says in Jira's manner what is wrong.
pub(crate) fn parse(text: &str) -> Result<Query, String> {
    if text.len() > LENGTH_MAX {
        return Err(format!("The JQL query is too long; the limit is {LENGTH_MAX} bytes."));
    }
    let mut parser = Parser { tokens: read_tokens(text)?, position: 0 };
    let at_order = parser.at_word("order");
    let condition = if parser.peek().is_none() || at_order { None } else { Some(parser.any(0)?) };
    let order = parser.order()?;
    match parser.peek() {
        None => Ok(Query { condition, order }),
        Some(token) => Err(format!(
            "Error in the JQL Query: Expecting operator, 'AND', 'OR' or 'ORDER BY' but got {}.",
            spell(Some(token))
        )),
    }
}

fn spell(token: Option<&Token>) -> String {
    match token {
        Some(Token::Word(text) | Token::Quoted(text)) => format!("'{text}'"),
        Some(Token::Sign(sign)) => format!("'{sign}'"),
        None => "the end of the query".to_owned(),
    }
}

fn read_tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if first == '"' || first == '\'' {
            let (quoted, after) = read_quoted(&rest[1..], first)?;
            tokens.push(Token::Quoted(quoted));
            rest = after;
        } else {
            let ends =
                |c: char| c.is_whitespace() || c == '"' || c == '\'' || SIGNS.iter().any(|sign| sign.starts_with(c));
            let end = rest.find(ends).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if let Some(odd) = word.chars().find(|c| !(c.is_alphanumeric() || "-_.@:/+[]".contains(*c))) {
                return Err(format!("Error in the JQL Query: The character '{odd}' must be in a quoted string."));
            }
            tokens.push(Token::Word(word.to_owned()));
            rest = after;
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn read_quoted(text: &str, quote: char) -> Result<(String, &str), String> {
    let mut words = String::new();
    let mut letters = text.char_indices();
    while let Some((position, letter)) = letters.next() {
        match letter {
            '\\' => match letters.next() {
                Some((_, escaped @ ('"' | '\'' | '\\'))) => words.push(escaped),
                Some((_, 'n')) => words.push('\n'),
                Some((_, other)) => {
                    return Err(format!("Error in the JQL Query: '\\{other}' is an illegal JQL escape sequence."));
                }
                None => break,
            },
            end if end == quote => return Ok((words, &text[position + end.len_utf8()..])),
            other => words.push(other),
        }
    }
    Err("Error in the JQL Query: The quoted string has not been completed.".to_owned())
}

/// A further field as `cf[10101]`, by id or by name.
fn further(name: &str) -> Option<Field> {
    let lower = name.to_lowercase();
    let number = lower.strip_prefix("cf[").and_then(|rest| rest.strip_suffix(']'));
    let id = number.map_or_else(|| lower.clone(), |number| format!("customfield_{number}"));
    let is_it = |field: &CustomField| field.id.eq_ignore_ascii_case(&id) || field.name.to_lowercase() == lower;
    custom_fields::ALL.iter().position(is_it).map(Field::Other)
}

struct Parser {
    tokens: Vec<Token>,
    position: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.position)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.position).cloned();
        self.position += 1;
        token
    }

    fn at_word(&self, word: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(found)) if found.eq_ignore_ascii_case(word))
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.at_word(word);
        self.position += usize::from(found);
        found
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(found)) if *found == sign);
        self.position += usize::from(found);
        found
    }

    fn expect_sign(&mut self, sign: &str) -> Result<(), String> {
        if self.take_sign(sign) {
            return Ok(());
        }
        Err(format!("Error in the JQL Query: Expecting '{sign}' but got {}.", spell(self.peek())))
    }

    fn any(&mut self, depth: usize) -> Result<Clause, String> {
        if depth > DEPTH_MAX {
            return Err(format!("Error in the JQL Query: conditions are nested deeper than {DEPTH_MAX}."));
        }
        let mut clauses = vec![self.all(depth)?];
        while self.take_word("or") {
            clauses.push(self.all(depth)?);
        }
        Ok(if clauses.len() == 1 { clauses.remove(0) } else { Clause::Any(clauses) })
    }

    fn all(&mut self, depth: usize) -> Result<Clause, String> {
        let mut clauses = vec![self.negated(depth)?];
        while self.take_word("and") {
            clauses.push(self.negated(depth)?);
        }
        Ok(if clauses.len() == 1 { clauses.remove(0) } else { Clause::All(clauses) })
    }

    fn negated(&mut self, depth: usize) -> Result<Clause, String> {
        if depth > DEPTH_MAX {
            return Err(format!("Error in the JQL Query: conditions are nested deeper than {DEPTH_MAX}."));
        }
        if self.take_word("not") || self.take_sign("!") {
            return Ok(Clause::Not(Box::new(self.negated(depth + 1)?)));
        }
        if self.take_sign("(") {
            let inner = self.any(depth + 1)?;
            self.expect_sign(")")?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Clause, String> {
        let field = self.field()?;
        let mut list = false;
        let operator = match self.next() {
            Some(Token::Sign("=")) => Operator::Is,
            Some(Token::Sign("!=")) => Operator::IsNot,
            Some(Token::Sign("<")) => Operator::Less,
            Some(Token::Sign("<=")) => Operator::LessOrEqual,
            Some(Token::Sign(">")) => Operator::Greater,
            Some(Token::Sign(">=")) => Operator::GreaterOrEqual,
            Some(Token::Sign("~")) => Operator::Contains,
            Some(Token::Sign("!~")) => Operator::ContainsNot,
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("in") => {
                list = true;
                Operator::Is
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("not") && self.take_word("in") => {
                list = true;
                Operator::IsNot
            }
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("is") => {
                return self.emptiness(field);
            }
            other => {
                return Err(format!(
                    "Error in the JQL Query: Expecting an operator but got {}.",
                    spell(other.as_ref())
                ));
            }
        };
        let values = if list { self.values()? } else { vec![self.value()?] };
        Ok(Clause::Test { field, operator, values })
    }

    /// After `IS`.
    fn emptiness(&mut self, field: Field) -> Result<Clause, String> {
        let operator = if self.take_word("not") { Operator::IsNot } else { Operator::Is };
        match self.value()? {
            Operand::Empty => Ok(Clause::Test { field, operator, values: vec![Operand::Empty] }),
            _ => {
                Err("Error in the JQL Query: The operators 'is' and 'is not' go with 'EMPTY' or 'NULL' only."
                    .to_owned())
            }
        }
    }

    fn field(&mut self) -> Result<Field, String> {
        let name = match self.next() {
            Some(Token::Word(name) | Token::Quoted(name)) => name,
            other => {
                return Err(format!(
                    "Error in the JQL Query: Expecting a field name but got {}.",
                    spell(other.as_ref())
                ));
            }
        };
        let known = FIELDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
        known
            .map(|(_, field)| *field)
            .or_else(|| further(&name))
            .ok_or_else(|| format!("Field '{name}' does not exist or you do not have permission to view it."))
    }

    fn values(&mut self) -> Result<Vec<Operand>, String> {
        self.expect_sign("(")?;
        let mut values = vec![self.value()?];
        while self.take_sign(",") {
            values.push(self.value()?);
        }
        self.expect_sign(")")?;
        if values.len() > VALUES_MAX {
            return Err(format!("Error in the JQL Query: a list has more than {VALUES_MAX} values."));
        }
        Ok(values)
    }

    fn value(&mut self) -> Result<Operand, String> {
        let word = match self.next() {
            Some(Token::Quoted(text)) => return Ok(Operand::Text(text)),
            Some(Token::Word(word)) => word,
            other => {
                return Err(format!("Error in the JQL Query: Expecting a value but got {}.", spell(other.as_ref())));
            }
        };
        if self.take_sign("(") {
            self.expect_sign(")")?;
            return match word.to_ascii_lowercase().as_str() {
                "currentuser" => Ok(Operand::CurrentUser),
                "now" => Ok(Operand::Now),
                "startofday" => Ok(Operand::StartOfDay),
                _ => Err(format!("Unable to find JQL function '{word}()'.")),
            };
        }
        let empty = word.eq_ignore_ascii_case("empty") || word.eq_ignore_ascii_case("null");
        if ["and", "or", "not", "in", "is", "order", "by"].iter().any(|reserved| word.eq_ignore_ascii_case(reserved)) {
            return Err(format!(
                "Error in the JQL Query: '{word}' is a reserved JQL word. You must surround it in quotation marks to use it in a query."
            ));
        }
        Ok(if empty { Operand::Empty } else { Operand::Text(word) })
    }

    fn order(&mut self) -> Result<Vec<(Field, bool)>, String> {
        let mut order = Vec::new();
        if !self.take_word("order") {
            return Ok(order);
        }
        if !self.take_word("by") {
            return Err(format!("Error in the JQL Query: Expecting 'BY' but got {}.", spell(self.peek())));
        }
        loop {
            let field = self.field()?;
            if matches!(field, Field::Text | Field::Labels) {
                return Err("Not a field that issues can be ordered by.".to_owned());
            }
            let descends = self.take_word("desc");
            if !descends {
                self.take_word("asc");
            }
            order.push((field, descends));
            if !self.take_sign(",") {
                break;
            }
        }
        if order.len() > ORDER_FIELDS_MAX {
            return Err(format!("The maximum number of fields to order by is {ORDER_FIELDS_MAX}."));
        }
        Ok(order)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever somebody types into the search box is answered with a query or a reason.
        #[test]
        fn parse_is_total(text in "([a-z]{1,8}|[=!~<>(),\"'\\\\ ]|order by|not|and|in|\\PC){0,40}") {
            if let Err(why) = parse(&text) {
                prop_assert!(!why.is_empty());
            }
        }

        /// A quoted value comes out as it was, whatever stands in it.
        #[test]
        fn quoted_values_survive(value in "\\PC{0,40}") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let query = parse(&format!("summary ~ \"{quoted}\"")).map_err(TestCaseError::fail)?;
            let values = vec![Operand::Text(value)];
            let expected = Clause::Test { field: Field::Summary, operator: Operator::Contains, values };
            prop_assert_eq!(query.condition, Some(expected));
        }
    }

    #[test]
    fn deep_nesting_is_refused_and_does_no_harm() {
        assert!(parse(&"(".repeat(10_000)).is_err());
        assert!(parse(&"not ".repeat(4_000)).is_err());
    }
}
