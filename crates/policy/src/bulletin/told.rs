//! What is told beside what a rule looks for in facts: single mails, and what goes to the contacts of a site.

use super::{Bulletin, Cause, Rule};

/// What the contacts of a site are told of its plan.
const USAGE_PERCENT: [u32; 2] = [80, 95];
const AHEAD_DAYS: u32 = 14;

/// A mail that waits for a person, or was handed on to one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MailTold {
    /// The id of its story.
    pub id: String,
    pub site: String,
    pub mailbox: String,
    /// The rule of the profile that held.
    pub rule: Option<String>,
    /// Why, where the rule wants that said; it may name addresses.
    pub reason: Option<String>,
}

impl Cause {
    /// Those that are about single mails.
    pub const OF_MAIL: [Cause; 4] = [Cause::MailHeld, Cause::MailQuarantined, Cause::MailForwarded, Cause::MailStopped];

    fn of_mail_in_words(self) -> &'static str {
        match self {
            Cause::MailQuarantined => "was put into quarantine",
            Cause::MailForwarded => "was not taken in and handed on",
            Cause::MailStopped => "could not be worked on to its end",
            _ => "is held for a person",
        }
    }
}

impl Rule {
    /// What the contacts of a site are told.
    pub fn of_contacts(site: &str) -> Rule {
        Rule {
            name: "contacts".to_owned(),
            sites: vec![site.to_owned()],
            projects: Vec::new(),
            mail_reasons: false,
            causes: vec![Cause::Usage, Cause::PlanEnd, Cause::EventsHeld, Cause::Monthly],
            usage_percent: USAGE_PERCENT.to_vec(),
            offline_minutes: 0,
            unsealed_minutes: 0,
            busy_day_times: 0,
            ahead_days: AHEAD_DAYS,
            to: Vec::new(),
            channels: Vec::new(),
        }
    }
}

/// What is told of a mail for this cause: once, by its story. Nothing of what it says.
pub fn of_mail(cause: Cause, mail: &MailTold) -> Bulletin {
    let MailTold { id, site, mailbox, rule, reason } = mail;
    let what = cause.of_mail_in_words();
    let rule = rule.as_ref().map(|rule| format!(" The rule {rule} decided so.")).unwrap_or_default();
    let reason = reason.as_ref().map(|reason| format!(" Why: {reason}.")).unwrap_or_default();
    Bulletin {
        name: format!("mail/{}/{id}", cause.word()),
        cause,
        site: site.clone(),
        subject: format!("A mail to the mailbox {mailbox} {what}"),
        text: format!(
            "A mail to the mailbox {mailbox} of the site {site} {what}.{rule}{reason} Its story says the rest.\n"
        ),
    }
}

impl Bulletin {
    /// The page of the console that it is about; `console` is where the console is.
    pub fn link(&self, console: &str) -> String {
        match self.name.strip_prefix("mail/").and_then(|name| name.split_once('/')) {
            Some((_, id)) => format!("{}/messages/{id}", console.trim_end_matches('/')),
            None => console.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_told_by_its_story_and_says_why_only_where_that_is_wanted() {
        let mail = MailTold { id: "7a".into(), site: "north".into(), mailbox: "desk".into(), ..MailTold::default() };
        let told = of_mail(Cause::MailForwarded, &mail);
        assert_eq!(told.name, "mail/mail_forwarded/7a");
        assert_eq!(told.subject, "A mail to the mailbox desk was not taken in and handed on");
        assert!(!told.text.contains("Why"), "{}", told.text);
        assert_eq!(told.link("https://console.example/"), "https://console.example/messages/7a");
        let reason = Some("no project takes it".to_owned());
        let told = of_mail(Cause::MailHeld, &MailTold { reason, rule: Some("vip".into()), ..mail });
        assert!(told.text.contains("The rule vip decided so. Why: no project takes it."), "{}", told.text);
        let other = Bulletin { name: "stuck/north/1".into(), ..told };
        assert_eq!(other.link("https://console.example/"), "https://console.example/");
    }
}
