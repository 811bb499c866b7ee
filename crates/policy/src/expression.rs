//! Conditions as administrators write them: a part of the Common Expression Language, bounded in size, depth and time.
//!
//! The language is that of CEL (github.com/google/cel-spec, "Language Definition") without what can grow or be asked of the
//! world: texts, whole numbers, truths, lists and maps; the operators; `size`, `contains`, `startsWith`, `endsWith`,
//! `matches`, `lowerAscii`, `upperAscii`, `trim`, `has`, and `exists`, `exists_one`, `all`, `filter` and `map` over lists.

mod evaluate;
mod parse;
mod token;
mod value;

pub(crate) use value::Value;

use crate::profile::Pattern;

/// The longest source, in bytes (SEC-32).
pub(crate) const SOURCE_BYTES_MAX: usize = 4096;
/// How deep expressions may stand in each other.
const DEPTH_MAX: usize = 32;
/// What one evaluation may cost: about one for each value looked at and for each 64 bytes of text.
const COST_MAX: u64 = 100_000;
/// The longest text that an evaluation may make.
const MADE_BYTES_MAX: usize = 64 * 1024;
/// The largest list that an evaluation may make, with all that stands in it and in the units of costs: at most 1 MiB of text.
const MADE_WEIGHT_MAX: u64 = 16 * 1024;

/// An expression that has been read, ready to be evaluated.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    root: Node,
}

/// One node of an expression; the depth of the tree is bounded where it is made.
#[derive(Debug, Clone)]
enum Node {
    Literal(Value),
    /// A name that stands for a value of the scene, or for the entry that a macro looks at.
    Name(String),
    List(Vec<Node>),
    /// All hold, or one of them does; `None` of the operands is evaluated that cannot matter.
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Minus(Box<Node>),
    Binary(Operator, Box<Node>, Box<Node>),
    Choice(Box<Node>, Box<Node>, Box<Node>),
    Field(Box<Node>, String),
    Index(Box<Node>, Box<Node>),
    Has(Box<Node>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Pattern),
    Macro(Macro, Box<Node>, String, Box<Node>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    Plus,
    Minus,
    Times,
    Over,
    Rest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    Text,
    Number,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Macro {
    Exists,
    ExistsOne,
    All,
    Filter,
    Map,
}

/// What an expression can name: each name once, with its value.
#[derive(Debug, Default)]
pub(crate) struct Scene(pub(crate) Vec<(&'static str, Value)>);

impl Expression {
    /// Reads a source. The names that are known are given, so that a mistyped one is found when the profile is read.
    ///
    /// The error says what is wrong, in words, with the place in characters from 1.
    pub(crate) fn read(source: &str, known: &[&str]) -> Result<Expression, String> {
        if source.len() > SOURCE_BYTES_MAX {
            return Err(format!("it is longer than {SOURCE_BYTES_MAX} bytes"));
        }
        let root = parse::parse(source, known)?;
        Ok(Expression { root })
    }

    /// The value in this scene, or why there is none. Time and memory are bounded whatever the scene holds.
    pub(crate) fn evaluate(&self, scene: &Scene) -> Result<Value, String> {
        evaluate::evaluate(&self.root, scene)
    }

    /// Whether it holds; anything but a truth is an error.
    pub(crate) fn holds(&self, scene: &Scene) -> Result<bool, String> {
        match self.evaluate(scene)? {
            Value::Truth(truth) => Ok(truth),
            other => Err(format!("it yields {}, not a truth", other.kind())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Expression, Scene, Value};
    use rig::clock::Stopwatch;

    fn scene() -> Scene {
        let many = (0..1000).map(Value::Number).collect::<Vec<_>>();
        let headers = vec![("x-prio".to_owned(), Value::text("1")), ("list-id".to_owned(), Value::text("news"))];
        Scene(vec![
            ("subject", Value::text("Printer on FIRE")),
            ("to", Value::list(["a@x.example", "b@y.example"].map(Value::text).to_vec())),
            ("authentic", Value::Truth(true)),
            ("hops", Value::Number(3)),
            ("many", Value::list(many)),
            ("headers", Value::map(headers)),
            ("long", Value::text(&"a".repeat(16 * 1024))),
        ])
    }

    const KNOWN: &[&str] = &["subject", "to", "authentic", "hops", "many", "headers", "long"];

    fn value(source: &str) -> Result<Value, String> {
        Expression::read(source, KNOWN)?.evaluate(&scene())
    }

    #[test]
    fn expressions_mean_what_cel_says() {
        for source in [
            "1 + 2 * 3 == 7 && -4 / 2 == -2 && 7 % 4 == 3 && !(1 > 2)",
            "subject.contains('FIRE') && subject.startsWith(\"Printer\") && !subject.endsWith('x')",
            "subject.lowerAscii().matches('fire$') && size(subject) == 15 && subject.size() == 15",
            "to.exists(x, x.endsWith('@y.example')) && to.all(x, x.contains('@')) && !to.exists(x, x == '')",
            "to.exists_one(x, x.startsWith('a')) && 'a@x.example' in to && !('c' in to)",
            "to.filter(x, x.startsWith('b')).map(x, x + '!') == ['b@y.example!']",
            "has(headers.x_none) == false && headers['list-id'] == 'news' && 'x-prio' in headers",
            "int(headers['x-prio']) + hops == 4 && string(hops) == '3'",
            "(hops > 2 ? 'many' : 'few') == 'many' && to[1] == 'b@y.example'",
            "'a\\n\\'b\\u00e9' == \"a\\n'b\\u00e9\" && r'\\d' == '\\\\d'",
        ] {
            assert_eq!(value(source), Ok(Value::Truth(true)), "{source}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        for (source, why) in [
            ("", "it is empty"),
            ("subjekt == ''", "\"subjekt\" at 1 is not known; did you mean \"subject\"?"),
            ("subject = ''", "\"=\" at 9 is no operator; did you mean \"==\"?"),
            ("subject.matches(subject)", "matches at 9 takes one text that stands there as it is"),
            ("subject.matches('(')", "unclosed group"),
            ("subject.upper()", "\"upper\" at 9 is no function"),
            ("(1", "something is missing at 3"),
            ("1 2", "\"2\" at 3 is too much"),
            ("'abc", "the text that begins at 1 does not end"),
            ("99999999999999999999", "the number at 1 is too large"),
            ("to.exists(1, true)", "exists at 4 takes a name and a condition"),
        ] {
            let said = Expression::read(source, KNOWN).unwrap_err();
            assert!(said.contains(why), "{source}: {said}");
        }
    }

    #[test]
    fn what_has_no_value_is_an_error_and_no_panic() {
        for source in [
            "9223372036854775807 + 1",
            "-9223372036854775807 - 2",
            "1 / 0",
            "1 % 0",
            "to[5]",
            "to[-1]",
            "headers.none == ''",
            "subject + 1 == ''",
            "subject && true",
            "subject < 1",
            "int('x') == 1",
            "size(1) == 1",
        ] {
            assert!(value(source).is_err(), "{source}");
        }
        assert!(Expression::read("1", KNOWN).unwrap().holds(&scene()).is_err());
    }

    #[test]
    fn sec_32_expressions_are_bounded_in_size_depth_time_and_memory() {
        assert!(Expression::read(&"1+".repeat(3000), KNOWN).unwrap_err().contains("4096 bytes"));
        for deep in [
            format!("{}1{}", "(".repeat(100), ")".repeat(100)),
            format!("{}1{}", "[".repeat(100), "]".repeat(100)),
            format!("{}true", "!".repeat(1000)),
            format!("1{}", "+1".repeat(1000)),
            format!("{}1", "true?1:".repeat(300)),
            format!("to{}", "[0]".repeat(300)),
        ] {
            assert!(Expression::read(&deep, KNOWN).unwrap_err().contains("deeper than 32"), "{deep}");
        }
        // A long chain of alternatives is no depth.
        let chain = vec!["subject == 'x'"; 200].join(" || ");
        assert_eq!(value(&chain), Ok(Value::Truth(false)));
        for costly in [
            "many.map(a, many.map(b, many.map(c, a))).size() > 0".to_owned(),
            format!("['aaaaaaaaaa']{} == []", ".map(x, x + x)".repeat(25)),
            "many.all(a, long.contains('b') == false)".to_owned(),
            "many.all(a, long.matches('a*b') == false)".to_owned(),
        ] {
            let said = value(&costly).unwrap_err();
            let known = ["costs too much", "too long", "too large"];
            assert!(known.iter().any(|known| said.contains(known)), "{costly}: {said}");
        }
    }

    /// Lists share what stands in them: made in 25 steps this one would hold 8 to the power of 25 numbers.
    #[test]
    fn sec_32_lists_of_lists_are_too_large_before_they_are_looked_through() {
        let eightfold = ".map(a, [a, a, a, a, a, a, a, a])";
        for steps in [5, 8, 9, 25] {
            let list = format!("[1]{}", eightfold.repeat(steps));
            let shared = format!("[[1]]{}", ".map(a, a + a)".repeat(steps));
            let added = format!("[1]{}", ".map(a, [a, a] + [a, a] + [a, a, a])".repeat(steps));
            for costly in [list.clone(), format!("{list} == {list}"), format!("{list}.size()"), added] {
                let begun = Stopwatch::start();
                let said = value(&costly).unwrap_err();
                assert!(said.contains("too large"), "{costly}: {said}");
                assert!(begun.elapsed().as_millis() < 50, "{costly}: {:?}", begun.elapsed());
            }
            assert_eq!(value(&shared).is_err(), steps > 13, "{shared}");
        }
        assert_eq!(value(&format!("[1]{0} == [1]{0}", eightfold.repeat(4))), Ok(Value::Truth(true)));
    }
}
