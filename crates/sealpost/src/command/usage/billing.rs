//! `sealpost usage --billing`: what sites with a capacity plan are charged by, as it was written down then.

use super::quoted;
use policy::meter::Metered;
use policy::meter::billing::Said;
use serde_json::{Value, json};
use std::fmt::Write;
use store::BillingLine;

/// The records as a table, as one JSON object a line, or as values.
pub(super) fn text(lines: &[BillingLine], as_json: bool, as_csv: bool) -> String {
    match (as_json, as_csv) {
        (true, _) => lines.iter().map(|line| format!("{}\n", line_json(line))).collect(),
        (_, true) => values(lines),
        _ => table(lines),
    }
}

fn line_json(line: &BillingLine) -> Value {
    let mut object = json!(line.record.said);
    object["site"] = json!(line.record.site);
    object["written_at"] = json!(super::super::time(line.written_at));
    object
}

/// One line for each kind that was counted in a month, and one for each pack.
fn values(lines: &[BillingLine]) -> String {
    let mut text = String::from("record,site,plan,from,until,kind,direction,class,messages,bytes\r\n");
    for BillingLine { record, .. } in lines {
        let (word, site) = (record.word(), quoted(&record.site));
        // Writing to a String cannot fail.
        let _ = match &record.said {
            Said::Month(of) => of.lines.iter().try_for_each(|line| {
                let direction = Metered::of_word(&line.kind).map_or("", |what| what.direction().word());
                let (plan, month, kind, class) = (quoted(&of.plan), &of.month, &line.kind, &line.class);
                let (messages, bytes) = (line.messages, line.bytes);
                write!(text, "{word},{site},{plan},{month},{month},{kind},{direction},{class},{messages},{bytes}\r\n")
            }),
            Said::Pack(of) => {
                let kind = if of.every_month { "upgrade" } else { "pack" };
                let (plan, from, until) = (quoted(&of.plan), &of.from, &of.until);
                let (messages, bytes) = (of.messages, of.bytes);
                write!(text, "{word},{site},{plan},{from},{until},{kind},,,{messages},{bytes}\r\n")
            }
        };
    }
    text
}

fn table(lines: &[BillingLine]) -> String {
    if lines.is_empty() {
        return "no billing records: they are written for sites with a [[plan]], for each month on its third day after\n".to_owned();
    }
    let mut text = String::new();
    for BillingLine { record, .. } in lines {
        let _ = writeln!(text, "{:<16} {}", record.site, record.in_words());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::meter::Amount;
    use policy::meter::billing::{Line, OfMonth, OfPack, Record};

    #[test]
    fn records_are_told_as_a_table_as_values_and_as_json() {
        let used = Amount { messages: 3, bytes: 4_500 };
        let counted = Line { kind: "event_letter".into(), class: "standard".into(), messages: 3, bytes: 4_500 };
        let month = OfMonth {
            month: "2026-11".into(),
            plan: "=small".into(),
            sites: vec!["north".into()],
            messages_max: Some(100),
            bytes_max: None,
            plan_used: used,
            used,
            lines: vec![counted],
        };
        let pack = OfPack {
            plan: "small".into(),
            sites: vec!["north".into()],
            messages: 50,
            bytes: 0,
            every_month: true,
            from: "2026-11-10".into(),
            until: "2027-01-31".into(),
        };
        let line = |said| BillingLine {
            record: Record { site: "north".into(), name: "n".into(), day: 1, said },
            written_at: 0,
        };
        let lines = [line(Said::Month(month)), line(Said::Pack(pack))];
        let csv: Vec<String> = text(&lines, false, true).lines().skip(1).map(str::to_owned).collect();
        assert_eq!(csv[0], "month,north,\"'=small\",2026-11,2026-11,event_letter,out,standard,3,4500");
        assert_eq!(csv[1], "pack,north,small,2026-11-10,2027-01-31,upgrade,,,50,0");
        let table = text(&lines, false, false);
        assert!(table.contains("north            2026-11: 3 messages, 4.5 kB of the plan =small"), "{table}");
        let json: Value =
            serde_json::from_str(text(&lines, true, false).lines().next().unwrap_or_default()).unwrap_or_default();
        assert_eq!(
            (&json["record"], &json["messages_max"], &json["site"]),
            (&json!("month"), &json!(100), &json!("north"))
        );
        assert!(text(&[], false, false).contains("no billing records"));
    }
}
