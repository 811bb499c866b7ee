//! Single mails that somebody is told of: those that wait for a person, were handed on, or stopped.

use crate::gateway::Shared;
use policy::bulletin::{Bulletin, Cause, MailTold, Rule, of_mail};
use policy::{Fault, Outcome};
use store::{JobState, MessageFilter, Micros};

const DAY: Micros = 86_400 * 1_000_000;
/// Mails that came earlier were told of, or came before anybody wanted to be.
const LOOKED_BACK_DAYS: i64 = 6;
/// The newest so many of each kind are looked at; they are looked for every minute.
const AT_ONCE: u32 = 100;

/// What a rule tells of mails as they are now, whether it was told before or not.
pub(super) async fn mails(shared: &Shared, rule: &Rule, now: Micros) -> Result<Vec<Bulletin>, Fault> {
    let mut found = Vec::new();
    for cause in Cause::OF_MAIL.into_iter().filter(|cause| rule.causes.contains(cause)) {
        for filter in filters(cause, rule) {
            let filter = MessageFilter { received_from: Some(now - LOOKED_BACK_DAYS * DAY), limit: AT_ONCE, ..filter };
            let page = shared.store.message_page(&filter).await?;
            for line in page.lines {
                // What only looks at its mail holds none back.
                if shared.is_shadow(&line.mailbox) {
                    continue;
                }
                let mail = MailTold {
                    reason: Some(line.reason).filter(|reason| rule.mail_reasons && !reason.is_empty()),
                    id: line.id,
                    site: line.site,
                    mailbox: line.mailbox,
                    rule: line.rule,
                };
                found.push(of_mail(cause, &mail));
            }
        }
    }
    Ok(found)
}

/// One for all, or one for each that is named.
fn of_each(names: &[String]) -> Vec<Option<String>> {
    match names {
        [] => vec![None],
        names => names.iter().cloned().map(Some).collect(),
    }
}

/// What is looked for, of each site and project that the rule names.
fn filters(cause: Cause, rule: &Rule) -> Vec<MessageFilter> {
    let of = |outcome| MessageFilter { outcome: Some(outcome), ..MessageFilter::default() };
    let kinds = match cause {
        Cause::MailHeld => vec![of(Outcome::Hold)],
        Cause::MailQuarantined => vec![of(Outcome::Quarantine)],
        Cause::MailForwarded => vec![of(Outcome::Forward)],
        Cause::MailStopped => [JobState::Held, JobState::Dead]
            .map(|job| MessageFilter { job: Some(job), ..MessageFilter::default() })
            .to_vec(),
        _ => Vec::new(),
    };
    let mut all = Vec::new();
    for kind in kinds {
        for site in of_each(&rule.sites) {
            for project in of_each(&rule.projects) {
                all.push(MessageFilter { site: site.clone(), project, ..kind.clone() });
            }
        }
    }
    all
}
