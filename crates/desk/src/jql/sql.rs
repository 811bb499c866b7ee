//! Turns a parsed query into SQL. Whatever came from outside goes in as a bound value, never as text.

use super::parse::{Clause, Field, Operand, Operator};
use crate::custom_fields::{self, Kind};
use crate::records::fold;
use crate::{Desk, catalogue, clock};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// A condition on a row of `issue i`, with a `?` for each bound value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) text: String,
    pub(crate) binds: Vec<Bind>,
}

/// A bound value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bind {
    Text(String),
    Number(i64),
}

/// What a query may depend on beside its text.
pub(crate) struct Surroundings<'d> {
    pub(crate) desk: &'d Desk,
    pub(crate) actor: &'d str,
    pub(crate) now_ms: i64,
    /// Comments younger than this are not searched.
    pub(crate) until_ms: i64,
}

impl Condition {
    fn new(text: impl Into<String>, binds: Vec<Bind>) -> Condition {
        Condition { text: text.into(), binds }
    }

    fn join(parts: Vec<Condition>, word: &str) -> Condition {
        let texts: Vec<String> = parts.iter().map(|part| format!("({})", part.text)).collect();
        Condition { text: texts.join(word), binds: parts.into_iter().flat_map(|part| part.binds).collect() }
    }
}

/// The condition for a clause, or what is wrong with it.
pub(crate) fn condition(around: &Surroundings<'_>, clause: &Clause) -> Result<Condition, String> {
    match clause {
        Clause::All(clauses) => join(around, clauses, " AND "),
        Clause::Any(clauses) => join(around, clauses, " OR "),
        Clause::Not(inner) => {
            let inner = condition(around, inner)?;
            Ok(Condition::new(format!("NOT ({})", inner.text), inner.binds))
        }
        Clause::Test { field, operator, values } => test(around, *field, *operator, values),
    }
}

fn join(around: &Surroundings<'_>, clauses: &[Clause], word: &str) -> Result<Condition, String> {
    let parts: Result<Vec<_>, _> = clauses.iter().map(|clause| condition(around, clause)).collect();
    Ok(Condition::join(parts?, word))
}

fn test(around: &Surroundings<'_>, field: Field, operator: Operator, values: &[Operand]) -> Result<Condition, String> {
    let negative = matches!(operator, Operator::IsNot | Operator::ContainsNot);
    let mut parts = Vec::new();
    for value in values {
        parts.push(match (operator, value) {
            (Operator::Is | Operator::IsNot, Operand::Empty) => emptiness(field)?,
            (Operator::Is | Operator::IsNot, value) => equality(around, field, value)?,
            (Operator::Contains | Operator::ContainsNot, value) => containment(around, field, value)?,
            (operator, value) => comparison(around, field, operator, value)?,
        });
    }
    let any = Condition::join(parts, " OR ");
    if !negative {
        return Ok(any);
    }
    // As in JQL, what is empty is not found by "is not this"; "is not empty" finds all the rest.
    let text = match column(field) {
        Some(column) if !values.contains(&Operand::Empty) => {
            format!("{column} IS NOT NULL AND NOT ({})", any.text)
        }
        _ => format!("NOT ({})", any.text),
    };
    Ok(Condition::new(text, any.binds))
}

/// The column of a field that is one.
fn column(field: Field) -> Option<&'static str> {
    Some(match field {
        Field::Project => "i.project_id",
        Field::Id | Field::Key => "i.id",
        Field::Status | Field::StatusCategory => "i.status_id",
        Field::Creator => "i.creator",
        Field::Reporter => "i.reporter",
        Field::Assignee => "i.assignee",
        Field::Created => "i.created_ms",
        Field::Updated => "i.updated_ms",
        Field::IssueType => "i.type_id",
        Field::Priority => "i.priority_id",
        Field::Parent => "i.parent_id",
        Field::Summary => "i.folded_summary",
        Field::Resolution | Field::Resolved => "i.resolved_ms",
        Field::Labels | Field::Text | Field::Other(_) => return None,
    })
}

fn emptiness(field: Field) -> Result<Condition, String> {
    match (field, column(field)) {
        (Field::Other(place), _) => {
            let path = Bind::Text(format!("$.{}", custom_fields::ALL[place].id));
            Ok(Condition::new("json_extract(i.other, ?) IS NULL", vec![path]))
        }
        (Field::Labels, _) => Ok(Condition::new("i.labels = '[]'", Vec::new())),
        (_, Some(column)) => Ok(Condition::new(format!("{column} IS NULL"), Vec::new())),
        _ => Err("The field 'text' cannot be compared with EMPTY.".to_owned()),
    }
}

fn equality(around: &Surroundings<'_>, field: Field, value: &Operand) -> Result<Condition, String> {
    let missing = |name: &str, value: &str| format!("The value '{value}' does not exist for the field '{name}'.");
    let number = |column: &str, id: i64| Condition::new(format!("{column} = ?"), vec![Bind::Number(id)]);
    if let (Field::Created | Field::Updated, Some(column)) = (field, column(field)) {
        let from_ms = time(around, value)?;
        let binds = vec![Bind::Number(from_ms), Bind::Number(from_ms + MINUTE_MS)];
        return Ok(Condition::new(format!("{column} >= ? AND {column} < ?"), binds));
    }
    if let (Field::Creator | Field::Reporter | Field::Assignee, Some(column)) = (field, column(field)) {
        return Ok(Condition::new(format!("{column} = ?"), vec![Bind::Text(account(around, value)?)]));
    }
    let text = plain(value)?;
    match field {
        Field::Project => {
            let projects = around.desk.inner.directory.projects();
            let fits = |name: &str| name.eq_ignore_ascii_case(text);
            let found = projects.iter().find(|one| text.parse() == Ok(one.id) || fits(&one.key) || fits(&one.name));
            found.map(|one| number("i.project_id", one.id)).ok_or_else(|| missing("project", text))
        }
        Field::Status => {
            let found = catalogue::STATUSES.iter().find(|one| catalogue::means(text, one.id, one.name));
            found.map(|one| number("i.status_id", one.id)).ok_or_else(|| missing("status", text))
        }
        Field::StatusCategory => {
            let fits = |one: &catalogue::StatusCategory| {
                catalogue::means(text, one.id, one.name) || one.key.eq_ignore_ascii_case(text)
            };
            let found = catalogue::STATUSES.iter().find(|one| fits(&one.category));
            found.map(|one| number("i.status_id", one.id)).ok_or_else(|| missing("statusCategory", text))
        }
        Field::IssueType => {
            let found = catalogue::ISSUE_TYPES.iter().find(|one| catalogue::means(text, one.id, one.name));
            found.map(|one| number("i.type_id", one.id)).ok_or_else(|| missing("issuetype", text))
        }
        Field::Priority => {
            let found = catalogue::PRIORITIES.iter().find(|one| catalogue::means(text, one.id, one.name));
            found.map(|one| number("i.priority_id", one.id)).ok_or_else(|| missing("priority", text))
        }
        Field::Labels => {
            // Labels are stored as a JSON array, in which each stands between quotation marks.
            let quoted = serde_json::Value::from(text).to_string();
            Ok(Condition::new("instr(i.labels, ?) > 0", vec![Bind::Text(quoted)]))
        }
        Field::Other(place) => other_is(place, text),
        Field::Key | Field::Id => Ok(by_key("i.id", text)),
        Field::Parent => Ok(by_key("i.parent_id", text)),
        _ => Err("The operator '=' is not supported by this field; use '~'.".to_owned()),
    }
}

/// Fields of words take no `=`, as in Jira; any other is compared by what it shows and by its id.
fn other_is(place: usize, text: &str) -> Result<Condition, String> {
    let field = &custom_fields::ALL[place];
    if matches!(field.kind, Kind::Line | Kind::Text | Kind::Url) {
        return Err(format!("The operator '=' is not supported by the '{}' field.", field.name));
    }
    let binds = vec![Bind::Text(format!("$.{}", field.id)), Bind::Text(text.to_owned()), Bind::Text(text.to_owned())];
    let values = "SELECT 1 FROM json_tree(i.other, ?) t WHERE t.atom = ? OR CAST(t.atom AS TEXT) = ?";
    Ok(Condition::new(format!("EXISTS ({values})"), binds))
}

/// A phrase between quotes, or words; every one may be part of a longer one.
fn other_contains(place: usize, text: &str) -> Result<Condition, String> {
    let field = &custom_fields::ALL[place];
    let words = fold(text.trim_matches('"'));
    let binds = vec![Bind::Text(format!("$.{}", field.id)), Bind::Text(words)];
    Ok(Condition::new("instr(lower(COALESCE(json_extract(i.other, ?), '')), ?) > 0", binds))
}

/// An issue by id or key, also one that it had before it was moved.
fn by_key(column: &str, text: &str) -> Condition {
    if let Ok(id) = text.parse() {
        return Condition::new(format!("{column} = ?"), vec![Bind::Number(id)]);
    }
    let key = Bind::Text(text.to_ascii_uppercase());
    let keys = "SELECT id FROM issue WHERE key = ? UNION SELECT issue_id FROM old_key WHERE key = ?";
    Condition::new(format!("{column} IN ({keys})"), vec![key.clone(), key])
}

fn containment(around: &Surroundings<'_>, field: Field, value: &Operand) -> Result<Condition, String> {
    if let Field::Other(place) = field {
        return other_contains(place, plain(value)?);
    }
    let words = fold(plain(value)?);
    // Jira's stars stand for the rest of a word; here every word may be part of a longer one anyway.
    let words = words.split_whitespace().map(|word| word.trim_matches('*')).filter(|word| !word.is_empty());
    let mut parts = Vec::new();
    for word in words {
        parts.push(match field {
            Field::Summary => Condition::new("instr(i.folded_summary, ?) > 0", vec![Bind::Text(word.to_owned())]),
            Field::Text => {
                let comments = "SELECT 1 FROM comment c WHERE c.issue_id = i.id AND c.created_ms <= ? \
                                AND instr(c.folded_text, ?) > 0";
                let word = Bind::Text(word.to_owned());
                let binds = vec![word.clone(), Bind::Number(around.until_ms), word];
                Condition::new(format!("instr(i.folded_text, ?) > 0 OR EXISTS ({comments})"), binds)
            }
            _ => return Err("The operator '~' is supported by the fields 'summary' and 'text' only.".to_owned()),
        });
    }
    if parts.is_empty() {
        return Err("The operator '~' needs at least one word.".to_owned());
    }
    Ok(Condition::join(parts, " AND "))
}

fn comparison(
    around: &Surroundings<'_>,
    field: Field,
    operator: Operator,
    value: &Operand,
) -> Result<Condition, String> {
    let sign = match operator {
        Operator::Less => "<",
        Operator::LessOrEqual => "<=",
        Operator::Greater => ">",
        _ => ">=",
    };
    match field {
        Field::Created | Field::Updated => {
            let column = if field == Field::Created { "i.created_ms" } else { "i.updated_ms" };
            // Minutes are the smallest unit: "at most this minute" includes all of it, "after it" none.
            let from_ms = time(around, value)?;
            let (sign, bound_ms) = match operator {
                Operator::LessOrEqual => ("<", from_ms + MINUTE_MS),
                Operator::Greater => (">=", from_ms + MINUTE_MS),
                _ => (sign, from_ms),
            };
            Ok(Condition::new(format!("{column} {sign} ?"), vec![Bind::Number(bound_ms)]))
        }
        Field::Key | Field::Id => {
            let text = plain(value)?;
            if let Ok(id) = text.parse() {
                return Ok(Condition::new(format!("i.id {sign} ?"), vec![Bind::Number(id)]));
            }
            let (project, number) = text.rsplit_once('-').ok_or("Keys look like 'ABC-1'.")?;
            let number: i64 = number.parse().map_err(|_| "Keys look like 'ABC-1'.")?;
            let project = around.desk.inner.directory.project(project);
            let project =
                project.ok_or_else(|| format!("An issue with key '{text}' does not exist for field 'key'."))?;
            let binds = vec![Bind::Number(project.id), Bind::Number(number)];
            Ok(Condition::new(format!("i.project_id = ? AND i.number {sign} ?"), binds))
        }
        Field::Priority => {
            let text = plain(value)?;
            let found = catalogue::PRIORITIES.iter().find(|one| catalogue::means(text, one.id, one.name));
            let id = found.ok_or_else(|| format!("The value '{text}' does not exist for the field 'priority'."))?.id;
            // The most urgent one has the smallest id.
            let sign = sign.replace(['<', '>'], if sign.starts_with('<') { ">" } else { "<" });
            Ok(Condition::new(format!("i.priority_id {sign} ?"), vec![Bind::Number(id)]))
        }
        _ => Err(format!("The operator '{sign}' is not supported by this field.")),
    }
}

fn plain(value: &Operand) -> Result<&str, String> {
    match value {
        Operand::Text(text) => Ok(text),
        _ => Err("This field takes text, not a function.".to_owned()),
    }
}

fn account(around: &Surroundings<'_>, value: &Operand) -> Result<String, String> {
    match value {
        Operand::CurrentUser => Ok(around.actor.to_owned()),
        // Data Center names people by user name.
        Operand::Text(name) if around.desk.inner.settings.data_center => {
            Ok(crate::rest::account_named(around.desk, name).unwrap_or_else(|| name.clone()))
        }
        Operand::Text(id) => Ok(id.clone()),
        _ => Err("Users are named by account id or 'currentUser()'.".to_owned()),
    }
}

/// The beginning of the minute that is meant, in milliseconds.
fn time(around: &Surroundings<'_>, value: &Operand) -> Result<i64, String> {
    let exact_ms = match value {
        Operand::Now => around.now_ms,
        Operand::StartOfDay => around.now_ms - around.now_ms.rem_euclid(DAY_MS),
        Operand::Text(text) => match relative_ms(text) {
            Some(distance_ms) => around.now_ms.saturating_add(distance_ms),
            None => clock::parse_query_time(text).ok_or_else(|| {
                format!(
                    "Date value '{text}' is invalid. Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', \
                     'yyyy/MM/dd', 'yyyy-MM-dd', or a period format e.g. '-5d', '4w 2d'."
                )
            })?,
        },
        _ => return Err("This field takes a date.".to_owned()),
    };
    Ok(exact_ms - exact_ms.rem_euclid(MINUTE_MS))
}

/// A distance from now: `-5m`, `4w 2d`. A number without a unit is minutes.
fn relative_ms(text: &str) -> Option<i64> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut total_ms: i64 = 0;
    for word in rest.split_whitespace() {
        let (digits, unit) = word.split_at(word.find(|c: char| !c.is_ascii_digit()).unwrap_or(word.len()));
        let unit_ms = match unit {
            "" | "m" => MINUTE_MS,
            "h" => 60 * MINUTE_MS,
            "d" => DAY_MS,
            "w" => 7 * DAY_MS,
            _ => return None,
        };
        total_ms = total_ms.checked_add(digits.parse::<i64>().ok()?.checked_mul(unit_ms)?)?;
    }
    (!rest.trim().is_empty()).then_some(sign * total_ms)
}

/// The `ORDER BY` of a query; the newest issue comes first where it says nothing, and ties are always broken alike.
pub(crate) fn order(fields: &[(Field, bool)]) -> String {
    let named = fields.iter().map(|(field, descends)| {
        let column = match field {
            Field::Key => "i.project_id, i.number",
            // In Jira a rising order of priority begins with the least urgent.
            Field::Priority => {
                return format!("i.priority_id {}", if *descends { "ASC" } else { "DESC" });
            }
            field => column(*field).unwrap_or("i.id"),
        };
        let direction = if *descends { "DESC" } else { "ASC" };
        column.split(", ").map(|column| format!("{column} {direction}")).collect::<Vec<_>>().join(", ")
    });
    named.chain(["i.id DESC".to_owned()]).collect::<Vec<_>>().join(", ")
}
