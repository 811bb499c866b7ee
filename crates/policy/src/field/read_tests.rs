//! What words mean for each kind of field, and what is said when they mean nothing.
#![allow(clippy::unwrap_used)]

use super::*;

fn allowed(id: &str, name: &str, children: &[(&str, &str)]) -> Allowed {
    let children = children.iter().map(|(id, name)| allowed(id, name, &[])).collect();
    Allowed { id: id.to_owned(), name: name.to_owned(), children }
}

fn meta(kind: FieldKind) -> FieldMeta {
    let allowed = vec![
        allowed("10", "Hardware", &[("101", "Printer"), ("102", "Key > Lock")]),
        allowed("20", "Soft - ware", &[]),
        allowed("30", "10", &[]),
    ];
    FieldMeta {
        id: "customfield_1".to_owned(),
        name: "Kind".to_owned(),
        kind,
        required: false,
        has_default: false,
        allowed,
        allowed_all: true,
    }
}

fn read_as(kind: FieldKind, words: &str) -> Result<serde_json::Value, String> {
    let ann = Account { id: "5b1:ann".to_owned(), ..Account::default() };
    let accounts = [("Ann@Example.org".to_owned(), Some(ann)), ("bob@example.org".to_owned(), None)];
    read(&meta(kind), words, &accounts).map(|value| serde_json::to_value(value).unwrap()["value"].clone())
}

#[test]
fn words_become_typed_values() {
    use FieldKind::*;
    for (kind, words, expected) in [
        (Text, " a\n  b ", r#""a b""#),
        (LongText, "a\nb", r#""a\nb""#),
        (Number, "12", "12"),
        (Number, "-1.5", "-1.5"),
        (Number, "1,5", "1.5"),
        (Date, "2026-02-28", r#""2026-02-28""#),
        (Date, "2026-02-28T10:00", r#""2026-02-28""#),
        (DateTime, "2026-02-28 10:00:00+01:00", r#""2026-02-28T09:00:00Z""#),
        (DateTime, "2026-02-28", r#""2026-02-28T00:00:00Z""#),
        (Url, "https://example.org/?a=b", r#""https://example.org/?a=b""#),
        (Option, "hardware", r#"{"id":"10","name":"Hardware"}"#),
        (Option, "20", r#"{"id":"20","name":"Soft - ware"}"#),
        // A name counts before an id that looks the same.
        (Option, "10", r#"{"id":"30","name":"10"}"#),
        (Options, "Hardware, 20,hardware", r#"[{"id":"10","name":"Hardware"},{"id":"20","name":"Soft - ware"}]"#),
        (Cascade, "Hardware > Printer", r#"[{"id":"10","name":"Hardware"},{"id":"101","name":"Printer"}]"#),
        (Cascade, "hardware>key > lock", r#"[{"id":"10","name":"Hardware"},{"id":"102","name":"Key > Lock"}]"#),
        (Cascade, "Soft - ware", r#"[{"id":"20","name":"Soft - ware"},null]"#),
        (User, "ann@example.org", r#"{"id":"5b1:ann"}"#),
        (Users, "ANN@example.org", r#"[{"id":"5b1:ann"}]"#),
        (Groups, "a b, c", r#"["a b","c"]"#),
        (Labels, "new urgent new", r#"["new","urgent"]"#),
        (Labels, "two words, one", r#"["two_words","one"]"#),
        (Components, "Hardware", r#"[{"id":"10","name":"Hardware"}]"#),
        (Priority, "hardware", r#"{"id":"10","name":"Hardware"}"#),
        (SecurityLevel, "30", r#"{"id":"30","name":"10"}"#),
        (Parent, "demo-7", r#""DEMO-7""#),
        (TimeEstimate, "1w7d12h30m", r#"{"original":"1w 7d 12h 30m","remaining":null}"#),
        (TimeEstimate, "90", r#"{"original":"90m","remaining":null}"#),
        (Sprint, "17", "17"),
        (RequestType, "hardware", r#""10""#),
        (Organisations, "Example, Other", r#"["Example","Other"]"#),
        (Number, "", "null"),
    ] {
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(read_as(kind.clone(), words), Ok(expected), "{kind:?} {words:?}");
    }
}

#[test]
fn what_means_nothing_is_refused_with_the_reason() {
    use FieldKind::*;
    for (kind, words, said) in [
        (Number, "many", "takes a number"),
        (Number, "1,234", "takes a number"),
        (Number, "NaN", "takes a number"),
        (Number, "infinity", "takes a number"),
        (Date, "28.02.2026", "2026-11-26"),
        (Date, "2026-02-30", "2026-11-26"),
        (Date, "2026-02-2é", "2026-11-26"),
        (DateTime, "tomorrow", "15:30"),
        (Url, "javascript:alert(1)", "a web address"),
        (Url, "https://a b", "a web address"),
        (Option, "Furniture", "only Hardware, Soft - ware, 10"),
        (Cascade, "Hardware > Ladder", "does not allow \"Ladder\""),
        (Cascade, "Furniture", "does not allow"),
        (User, "bob@example.org", "knows nobody"),
        (User, "eve@example.org", "not known who"),
        (Parent, "DEMO-7 OR project = X", "takes an issue"),
        (Parent, "DEMO", "takes an issue"),
        (TimeEstimate, "soon", "an estimate"),
        (TimeEstimate, "h", "an estimate"),
        (Sprint, "next", "a sprint"),
        (ReadOnly("rank".to_owned()), "1", "seen and not written"),
        (Unknown("app:field".to_owned()), "1", "not known here (app:field)"),
    ] {
        let refused = read_as(kind.clone(), words).unwrap_err();
        assert!(refused.contains(said), "{kind:?} {words:?}: {refused}");
    }
}

#[test]
fn a_list_that_the_tracker_does_not_tell_is_judged_by_the_tracker() {
    let open = FieldMeta { allowed: Vec::new(), allowed_all: false, ..meta(FieldKind::Cascade) };
    let value = read(&open, "One > Two", &[]).unwrap();
    assert_eq!(value, FieldValue::Cascade(Choice::named("One"), Some(Choice::named("Two"))));
}

#[test]
fn a_request_type_leads_to_an_id_or_stands_as_the_field_holds_it() {
    let allowed = |id: &str, name: &str| super::Allowed { id: id.into(), name: name.into(), children: Vec::new() };
    let told = FieldMeta {
        allowed: vec![allowed("25", "Get help"), allowed("26", "Twin"), allowed("27", "twin"), allowed("28", "a/b")],
        allowed_all: true,
        ..meta(FieldKind::RequestType)
    };
    let value = |meta: &FieldMeta, words: &str| match read(meta, words, &[]) {
        Ok(FieldValue::RequestType(value)) => value,
        Ok(other) => panic!("{other:?}"),
        Err(why) => why,
    };
    for (words, is) in [("get HELP", "25"), ("27", "27"), ("sd/get-help", "sd/get-help"), ("A/b", "28")] {
        assert_eq!(value(&told, words), is);
    }
    assert!(value(&told, "Twin").contains("by its id: 26, 27"));
    assert!(value(&told, "Get hepl").contains("only Get help"));
    let untold = FieldMeta { allowed: Vec::new(), allowed_all: false, ..meta(FieldKind::RequestType) };
    assert_eq!([value(&untold, "25"), value(&untold, "sd/a_b")], ["25", "sd/a_b"]);
    for bare in ["Get help", "sd/", "a/b/c", "a b/c"] {
        assert!(value(&untold, bare).contains("so write the id of"), "{bare}");
    }
}

#[test]
fn lists_and_texts_have_a_limit() {
    let many = (0..=LIST_MAX).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert!(read_as(FieldKind::Labels, &many).unwrap_err().contains("more than 100"));
    assert!(read_as(FieldKind::LongText, &"x".repeat(WORDS_MAX + 1)).is_err());
    assert_eq!(read_as(FieldKind::Text, &"x".repeat(300)).unwrap().as_str().unwrap().len(), LINE_CHARS_MAX);
}

#[test]
fn fields_are_found_by_id_or_name_and_never_guessed() {
    let named = |id: &str, name: &str| FieldMeta { id: id.to_owned(), name: name.to_owned(), ..meta(FieldKind::Text) };
    let fields = [named("customfield_1", "Kind"), named("customfield_2", "kind "), named("summary", "Summary")];
    assert_eq!(super::super::find(&fields, "SUMMARY").unwrap().id, "summary");
    assert_eq!(super::super::find(&fields, "customfield_2").unwrap().id, "customfield_2");
    assert!(super::super::find(&fields, "Kind").unwrap_err().contains("customfield_1, customfield_2"));
    assert!(super::super::find(&fields, "Nothing").unwrap_err().contains("no field"));
}
