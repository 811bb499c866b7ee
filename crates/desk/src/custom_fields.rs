//! The fields beyond the fixed columns of an issue: one of each kind that Jira knows, on every screen of every project.

use crate::{Desk, adf, catalogue, clock};
use serde_json::{Map, Value, json};

/// Jira's limit of a single-line text, in characters.
const LINE_LENGTH_MAX: usize = 255;

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Line,
    Text,
    Number,
    Day,
    Moment,
    Url,
    Option,
    Options,
    Cascade,
    Person,
    Persons,
    Group,
    Groups,
    Words,
    Named,
    NamedList,
    Estimate,
    RequestType,
    Organisations,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CustomField {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Type, type of the items of a list, and what made it; empty for Jira's own fields.
    schema: (&'static str, &'static str, &'static str),
    /// What can be chosen, and below each, parted by `>`.
    options: &'static [&'static str],
}

const PLAIN: &str = "com.atlassian.jira.plugin.system.customfieldtypes";
const SERVICE: &str = "com.atlassian.servicedesk";

macro_rules! fields {
    ($($id:literal $name:literal $kind:ident ($type:literal, $items:literal, $custom:literal) [$($option:literal),*];)*) => {
        /// All of them. Two are called alike, as fields of Jira may be.
        pub(crate) const ALL: &[CustomField] = &[$(CustomField {
            id: $id, name: $name, kind: Kind::$kind, schema: ($type, $items, $custom), options: &[$($option),*],
        }),*];
    };
}

fields! {
    "components" "Components" NamedList ("array", "component", "") ["Printers", "Network"];
    "versions" "Affects versions" NamedList ("array", "version", "") ["1.0", "2.0"];
    "fixVersions" "Fix versions" NamedList ("array", "version", "") ["1.0", "2.0"];
    "security" "Security Level" Named ("securitylevel", "", "") ["Internal", "Confidential"];
    "timetracking" "Time tracking" Estimate ("timetracking", "", "") [];
    "customfield_10101" "Customer number" Line ("string", "", "textfield") [];
    "customfield_10102" "Details" Text ("string", "", "textarea") [];
    "customfield_10103" "Cost" Number ("number", "", "float") [];
    "customfield_10104" "Wanted by" Day ("date", "", "datepicker") [];
    "customfield_10105" "Happened at" Moment ("datetime", "", "datetime") [];
    "customfield_10106" "Page" Url ("string", "", "url") [];
    "customfield_10107" "Level" Option ("option", "", "select") ["Gold", "Silver"];
    "customfield_10108" "Channel" Option ("option", "", "radiobuttons") ["Mail", "Telephone"];
    "customfield_10109" "Colours" Options ("array", "option", "multiselect") ["Red", "Blue", "Green"];
    "customfield_10110" "Devices" Options ("array", "option", "multicheckboxes") ["Printer", "Telephone"];
    "customfield_10111" "Category" Cascade ("option-with-child", "", "cascadingselect") ["Hardware", "Hardware>Printer", "Hardware>Screen", "Software"];
    "customfield_10112" "Contact" Person ("user", "", "userpicker") [];
    "customfield_10113" "Contacts" Persons ("array", "user", "multiuserpicker") [];
    "customfield_10114" "Team" Group ("group", "", "grouppicker") [];
    "customfield_10115" "Teams" Groups ("array", "group", "multigrouppicker") [];
    "customfield_10116" "Tags" Words ("array", "string", "labels") [];
    "customfield_10117" "Request Type" RequestType ("sd-customerrequesttype", "", "vp-origin") [];
    "customfield_10118" "Request participants" Persons ("array", "user", "sd-request-participants") [];
    "customfield_10119" "Organizations" Organisations ("array", "sd-customerorganization", "sd-customer-organizations") [];
    "customfield_10120" "Twin" Line ("string", "", "textfield") [];
    "customfield_10121" "Twin" Line ("string", "", "textfield") [];
    "customfield_10122" "Approvers" Persons ("array", "user", "multiuserpicker") [];
}

/// The participants of a request.
pub(crate) const PARTICIPANTS: &str = "customfield_10118";

/// Who is to approve a request.
pub(crate) const APPROVERS: &str = "customfield_10122";

/// A field that was made later; its names live as long as the program.
pub(crate) fn made(id: &'static str, name: &'static str, kind: Kind) -> CustomField {
    let custom = if kind == Kind::Text { "textarea" } else { "textfield" };
    CustomField { id, name, kind, schema: ("string", "", custom), options: &[] }
}

/// All fields that can be filled in: those that every desk has, and those that were made and put on the screen.
pub(crate) fn on_screen(desk: &Desk) -> Vec<CustomField> {
    ALL.iter().copied().chain(desk.inner.made_fields.on_screen()).collect()
}

/// The field with this id, where it can be filled in.
pub(crate) fn find(desk: &Desk, id: &str) -> Option<CustomField> {
    ALL.iter().copied().find(|field| field.id == id).or_else(|| desk.inner.made_fields.find(id))
}

impl CustomField {
    pub(crate) fn is_list(&self) -> bool {
        self.schema.0 == "array"
    }

    /// What Jira tells of its type.
    pub(crate) fn schema(&self) -> Value {
        let (kind, items, custom) = self.schema;
        let mut schema = json!({ "type": kind });
        if !items.is_empty() {
            schema["items"] = json!(items);
        }
        match self.id.strip_prefix("customfield_").and_then(|number| number.parse::<i64>().ok()) {
            Some(number) => {
                let made_by = if custom.contains('-') { SERVICE } else { PLAIN };
                schema["custom"] = json!(format!("{made_by}:{custom}"));
                schema["customId"] = json!(number);
            }
            None => schema["system"] = json!(self.id),
        }
        schema
    }

    /// What can be chosen, as createmeta tells it; `None` where anything goes.
    pub(crate) fn allowed(&self) -> Option<Value> {
        if self.options.is_empty() {
            return None;
        }
        let top = self.options.iter().filter(|option| !option.contains('>'));
        Some(top.map(|option| self.option(option, true)).collect())
    }

    /// An option with its id, and in lists with what is below it.
    fn option(&self, path: &str, with_children: bool) -> Value {
        let position = self.options.iter().position(|option| *option == path).unwrap_or_default();
        let id = (10_000 + position + 100 * ALL.iter().position(|field| field.id == self.id).unwrap_or_default())
            .to_string();
        let name = path.rsplit('>').next().unwrap_or(path);
        let mut shown = match self.kind {
            Kind::Named | Kind::NamedList => json!({ "id": id, "name": name }),
            _ => json!({ "id": id, "value": name }),
        };
        let below = format!("{path}>");
        let children: Vec<&&str> = self.options.iter().filter(|option| option.starts_with(&below)).collect();
        if with_children && !children.is_empty() {
            shown["children"] = children.into_iter().map(|child| self.option(child, false)).collect();
        }
        shown
    }

    /// The option that a request names by id, value or name, under `above`.
    fn chosen(&self, value: &Value, above: &str) -> Result<(&'static str, Value), String> {
        let named = crate::fields::named(value, &["id", "value", "name"]).unwrap_or_default();
        let found = self.options.iter().find(|option| {
            let (parent, name) = option.rsplit_once('>').unwrap_or(("", option));
            let shown = self.option(option, false);
            parent == above && (shown["id"] == named || name == named)
        });
        let found = found.ok_or_else(|| format!("Option value '{named}' is not valid"))?;
        Ok((*found, self.option(found, false)))
    }

    /// The value as it will be shown, or Jira's words for what is wrong. `Null` empties the field.
    pub(crate) fn check(&self, desk: &Desk, value: &Value) -> Result<Value, String> {
        if value.is_null() {
            return Ok(Value::Null);
        }
        if self.is_list() {
            let items = value.as_array().ok_or("data was not an array")?;
            let checked = items.iter().map(|item| self.check_one(desk, item)).collect::<Result<Vec<_>, _>>()?;
            let mut once: Vec<Value> = Vec::new();
            for one in checked {
                if !once.contains(&one) {
                    once.push(one);
                }
            }
            return Ok(Value::Array(once));
        }
        self.check_one(desk, value)
    }

    /// One value, or one item of a list.
    pub(crate) fn check_one(&self, desk: &Desk, value: &Value) -> Result<Value, String> {
        let text = || value.as_str().ok_or_else(|| "Operation value must be a string".to_owned());
        match self.kind {
            Kind::Line | Kind::Words => {
                let line = text()?;
                match line.chars().count() > LINE_LENGTH_MAX || line.contains('\n') {
                    true => Err(format!(
                        "The entered text is too long. It exceeds the allowed limit of {LINE_LENGTH_MAX} characters."
                    )),
                    false if self.kind == Kind::Words && line.contains(char::is_whitespace) => {
                        Err(format!("The label '{line}' contains spaces which is invalid."))
                    }
                    false => Ok(json!(line)),
                }
            }
            Kind::Text => adf::check(value).map(|()| value.clone()),
            Kind::Number => {
                value.is_number().then(|| value.clone()).ok_or_else(|| "Operation value must be a number".to_owned())
            }
            Kind::Day => clock::parse_day(text()?).map(|_| value.clone()).ok_or_else(bad_day),
            Kind::Moment => clock::parse_time(text()?).map(|_| value.clone()).ok_or_else(bad_day),
            Kind::Url => match text()?.starts_with("http") {
                true => Ok(value.clone()),
                false => Err("The URL is not valid.".to_owned()),
            },
            Kind::Option | Kind::Options | Kind::Named | Kind::NamedList => Ok(self.chosen(value, "")?.1),
            Kind::Cascade => {
                let (parent, mut shown) = self.chosen(value, "")?;
                if let Some(child) = value.get("child") {
                    shown["child"] = self.chosen(child, parent)?.1;
                }
                Ok(shown)
            }
            Kind::Person | Kind::Persons | Kind::Group | Kind::Groups => self.check_somebody(desk, value),
            Kind::Estimate => {
                let given = value.as_object().cloned().unwrap_or_else(Map::new);
                let fits = given.values().all(|one| one.as_str().is_some_and(is_duration));
                if fits {
                    Ok(Value::Object(given))
                } else {
                    Err("Time Tracking details were not in the right format.".to_owned())
                }
            }
            Kind::RequestType | Kind::Organisations => self.check_service(value),
        }
    }

    fn check_somebody(&self, desk: &Desk, value: &Value) -> Result<Value, String> {
        if matches!(self.kind, Kind::Person | Kind::Persons) {
            let id = value.get("accountId").and_then(Value::as_str).unwrap_or_default();
            let known = desk.inner.directory.person(id);
            let known = known.ok_or_else(|| format!("Account ID '{id}' does not exist."))?;
            return Ok(json!({ "accountId": known.account_id }));
        }
        let name = value.get("name").and_then(Value::as_str).unwrap_or_default();
        match desk.inner.directory.has_group(name) {
            true => Ok(json!({ "name": name })),
            false => Err(format!("Group '{name}' is not valid.")),
        }
    }

    fn check_service(&self, value: &Value) -> Result<Value, String> {
        if self.kind == Kind::RequestType {
            let named = value.as_str().unwrap_or_default();
            let known = catalogue::REQUEST_TYPES.iter().find(|one| one.id.to_string() == named);
            let known = known.ok_or("The request type is not valid.")?;
            return Ok(json!({ "requestType": { "id": known.id.to_string(), "name": known.name } }));
        }
        let id = value.as_i64().ok_or("Operation value must be a number")?;
        let known = catalogue::ORGANISATIONS.iter().find(|(known, _)| *known == id);
        let (id, name) = known.ok_or("The organization does not exist.")?;
        Ok(json!({ "id": id.to_string(), "name": name }))
    }
}

fn bad_day() -> String {
    "Error parsing date string.".to_owned()
}

/// `1w 2d 3h 4m`.
fn is_duration(text: &str) -> bool {
    let fits = |word: &str| {
        word.len() > 1 && word.ends_with(['w', 'd', 'h', 'm']) && word[..word.len() - 1].parse::<f64>().is_ok()
    };
    !text.is_empty() && text.split(' ').all(fits)
}
