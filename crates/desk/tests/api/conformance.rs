//! Validates requests and responses against Jira Cloud's OpenAPI document, so that the desk stays Jira's API and not ours.

use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The document with OpenAPI 3.0's `nullable` turned into JSON Schema.
pub struct Document {
    document: Value,
    /// `METHOD path status` of everything that was validated.
    pub seen: BTreeSet<String>,
}

/// The shared folder, where it is.
pub fn shared_folder() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    rig::shared::folder(&root, &rig::shared::this_test())
}

impl Document {
    pub fn load() -> Option<Document> {
        let file = shared_folder()?.join("openapi/jira-platform-v3.json");
        let mut document: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        to_json_schema(&mut document["components"]["schemas"]);
        Some(Document { document, seen: BTreeSet::new() })
    }

    /// Finds the operation of a request; `path` is below `/rest/api/3`, without the query.
    fn operation(&self, method: &str, path: &str) -> (String, Value) {
        let parts: Vec<&str> = path.split('/').collect();
        let paths = self.document["paths"].as_object().unwrap();
        let fits = |template: &&String| {
            let template: Vec<&str> = template.trim_start_matches("/rest/api/3").split('/').collect();
            let same = |(known, found): (&&str, &&str)| known.starts_with('{') || known == found;
            template.len() == parts.len() && template.iter().zip(&parts).all(same)
        };
        // `/issue/bulk` also fits `/issue/{id}`: the template with the fewest holes is meant.
        let template = paths.keys().filter(fits).min_by_key(|template| template.matches('{').count());
        let template = template.unwrap_or_else(|| panic!("Jira has no {path}"));
        let operation = paths[template].get(method.to_lowercase()).cloned();
        (template.clone(), operation.unwrap_or_else(|| panic!("Jira has no {method} {template}")))
    }

    fn validate(&self, schema: &Value, value: &Value, what: &str) {
        let mut schema = schema.clone();
        to_json_schema(&mut schema);
        let whole = json!({ "components": self.document["components"], "allOf": [schema] });
        let validator = jsonschema::options().with_draft(jsonschema::Draft::Draft4).build(&whole).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{what} does not fit the document: {errors:#?}\n{value:#}");
    }

    /// Validates a request's body, when it is JSON and the document has a schema for it.
    pub fn check_request(&self, method: &str, path: &str, body: Option<&Value>) {
        let (template, operation) = self.operation(method, path);
        let schema = operation.pointer("/requestBody/content/application~1json/schema");
        if let (Some(schema), Some(body)) = (schema, body) {
            self.validate(schema, body, &format!("the request {method} {template}"));
        }
    }

    /// Validates a response; its status must be one that the document knows, or one that every operation can have.
    pub fn check_response(&mut self, method: &str, path: &str, status: u16, body: &Value) {
        let (template, operation) = self.operation(method, path);
        let response = operation["responses"].get(status.to_string());
        let everywhere = matches!(status, 400 | 401 | 403 | 404 | 409 | 410 | 413 | 429 | 500);
        assert!(response.is_some() || everywhere, "{method} {template} cannot answer {status}");
        let schema = response.and_then(|response| response.pointer("/content/application~1json/schema"));
        match schema {
            Some(schema) => self.validate(schema, body, &format!("the answer {status} of {method} {template}")),
            // The document has no schema for most errors; all of them are ErrorCollections.
            None if status >= 400 => {
                let schema = json!({ "$ref": "#/components/schemas/ErrorCollection" });
                self.validate(&schema, body, &format!("the answer {status} of {method} {template}"));
            }
            None => assert!(body.is_null(), "{method} {template} answers {status} without a body, not {body}"),
        }
        self.seen.insert(format!("{method} {} {status}", template.trim_start_matches("/rest/api/3")));
    }
}

/// `nullable` becomes a second type, and formats that Jira itself does not keep to (`+0000` is not RFC 3339) are dropped.
///
/// Jira's document also leaves `nullable` away where real answers hold null, in the fields of linked issues; those are
/// not made lenient here, because the desk fills them.
fn to_json_schema(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            convert(map);
            map.values_mut().for_each(to_json_schema);
        }
        Value::Array(items) => items.iter_mut().for_each(to_json_schema),
        _ => (),
    }
}

fn convert(map: &mut Map<String, Value>) {
    // A property may be called like this too; then its value is a schema.
    if map.get("format").is_some_and(Value::is_string) {
        map.remove("format");
    }
    if map.get("nullable") == Some(&Value::Bool(true)) {
        map.remove("nullable");
        if let Some(kind) = map.get("type").cloned().filter(Value::is_string) {
            map.insert("type".to_owned(), json!([kind, "null"]));
        }
    }
    map.retain(|key, value| !(key == "example" || key == "examples" || (key == "readOnly" && value.is_boolean())));
}
