//! Mail of Nagios and its descendants: the notification that their sample configuration writes.

use super::Directive;

/// How severe each state is, as the usual scheme of priorities names it.
const PRIORITIES: &[(&str, &str)] = &[
    ("CRITICAL", "High"),
    ("DOWN", "High"),
    ("UNREACHABLE", "High"),
    ("WARNING", "Medium"),
    ("UNKNOWN", "Medium"),
    ("OK", "Low"),
    ("UP", "Low"),
];

/// Summary, environment, priority and label of a notification; nothing of any other mail.
pub(super) fn read(text: &str) -> Vec<Directive> {
    let field = |name: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let (Some(kind), Some(host), Some(state)) = (field("Notification Type"), field("Host"), field("State")) else {
        return Vec::new();
    };
    let place = match field("Service") {
        Some(service) => format!("{host}/{service}"),
        None => host.clone(),
    };
    let environment = match field("Address") {
        Some(address) => format!("{host} ({address})"),
        None => host,
    };
    let priority = PRIORITIES.iter().find(|(known, _)| state.eq_ignore_ascii_case(known)).map(|(_, name)| *name);
    let set = |key: &str, value: String| Directive { key: key.to_owned(), value };
    let mut found = vec![
        set("summary", format!("{kind}: {place} is {state}")),
        set("environment", environment),
        set("labels", "nagios".to_owned()),
    ];
    found.extend(priority.map(|priority| set("priority", priority.to_owned())));
    found
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_notification_is_read_and_nothing_else() {
        let mail = "***** Nagios *****\n\nNotification Type: PROBLEM\n\nService: HTTP\nHost: web1\nAddress: 192.0.2.7\nState: CRITICAL\n";
        let found: Vec<(String, String)> = read(mail).into_iter().map(|one| (one.key, one.value)).collect();
        let expected = [
            ("summary", "PROBLEM: web1/HTTP is CRITICAL"),
            ("environment", "web1 (192.0.2.7)"),
            ("labels", "nagios"),
            ("priority", "High"),
        ];
        assert_eq!(found, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(read("Host: web1\nState: fine\n").is_empty());
    }
}
