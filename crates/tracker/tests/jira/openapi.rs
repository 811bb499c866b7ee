//! Jira's published OpenAPI document as a judge of our requests and of the responses in our cases.

use jsonschema::Draft;
use serde_json::{Map, Value, json};
use std::path::Path;
use tracker::{Content, Method, Request, Response};

pub struct Document {
    json: Value,
}

/// The document, where the shared folder is.
pub fn document() -> Option<Document> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let path = rig::shared::folder(&root, &rig::shared::this_test())?.join("openapi/jira-platform-v3.json");
    let mut json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    spell_out_nullable(&mut json);
    Some(Document { json })
}

/// OpenAPI 3.0 says `nullable: true` where JSON Schema lists `null` among the types.
fn spell_out_nullable(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(spell_out_nullable),
        Value::Object(object) => {
            object.values_mut().for_each(spell_out_nullable);
            if object.get("nullable") == Some(&Value::Bool(true)) {
                let schema = Value::Object(std::mem::take(object));
                object.insert("anyOf".to_owned(), json!([{"type": "null"}, without_nullable(schema)]));
            }
        }
        _ => {}
    }
}

fn without_nullable(mut schema: Value) -> Value {
    schema.as_object_mut().unwrap().remove("nullable");
    schema
}

impl Document {
    /// The route exists, every query parameter is one of it, and a JSON body is of its schema.
    pub fn check_request(&self, name: &str, request: &Request) {
        let operation = self.operation(name, request);
        let query = request.path.split_once('?').map(|(_, query)| query).unwrap_or_default();
        for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
            let key = parameter.split('=').next().unwrap();
            let declared = operation["parameters"].as_array().unwrap();
            let known = declared.iter().any(|known| known["in"] == "query" && known["name"] == key);
            assert!(known, "{name}: the route has no query parameter {key}");
        }
        if let Content::Json(body) = &request.content {
            let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
            self.check(&format!("{name}: request"), schema, body);
        }
    }

    /// A response in JSON is of the schema that the document gives for its status, where it gives one.
    pub fn check_response(&self, name: &str, request: &Request, response: &Response) {
        let operation = self.operation(name, request);
        let described = &operation["responses"][response.status.to_string()];
        let schema = &described["content"]["application/json"]["schema"];
        let Ok(body) = serde_json::from_slice::<Value>(&response.body) else { return };
        // Cases of answers that are wrong on purpose say so in their name.
        if schema.is_null() || name.starts_with("odd_") {
            return;
        }
        self.check(&format!("{name}: response"), schema, &body);
    }

    /// The document's operation for the request's method and path.
    fn operation(&self, name: &str, request: &Request) -> &Value {
        let path = request.path.split('?').next().unwrap();
        let paths = self.json["paths"].as_object().unwrap();
        let exact = paths.keys().find(|template| *template == path);
        let template = exact.or_else(|| paths.keys().find(|template| fits(template, path)));
        let template = template.unwrap_or_else(|| panic!("{name}: Jira has no route {path}"));
        let method = match request.method {
            Method::Get => "get",
            Method::Post => "post",
            Method::Put => "put",
            Method::Delete => "delete",
        };
        paths[template].get(method).unwrap_or_else(|| panic!("{name}: Jira has no {method} {path}"))
    }

    fn check(&self, what: &str, schema: &Value, instance: &Value) {
        assert!(schema.is_object(), "{what}: the document has no schema");
        let mut whole = Map::new();
        whole.insert("allOf".to_owned(), json!([schema]));
        whole.insert("components".to_owned(), self.json["components"].clone());
        // Formats are not judged: the document claims `date-time` where Jira writes `+0100` without a colon.
        let options = jsonschema::options().with_draft(Draft::Draft4).should_validate_formats(false);
        let validator = options.build(&Value::Object(whole)).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(instance).map(|error| format!("{} at {}", error, error.instance_path())).collect();
        assert!(errors.is_empty(), "{what}: {errors:#?}");
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (mut theirs, mut ours) = (template.split('/'), path.split('/'));
    loop {
        match (theirs.next(), ours.next()) {
            (None, None) => return true,
            (Some(their), Some(our)) if their == our || (their.starts_with('{') && !our.is_empty()) => {}
            _ => return false,
        }
    }
}

#[test]
fn the_judge_refuses_what_jira_does_not_speak() {
    let Some(document) = document() else { return };
    let comment = json!({"$ref": "#/components/schemas/Comment"});
    let refused = |instance: Value| {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| document.check("probe", &comment, &instance))).is_err()
    };
    assert!(!refused(json!({"id": "1", "properties": [{"key": "a", "value": 1}]})));
    assert!(refused(json!({"id": 1})));
    assert!(refused(json!({"properties": [{"name": "a"}]})));
}
