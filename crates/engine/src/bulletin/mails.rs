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
    let sites = of_each(&rule.sites);
    let projects = of_each(&rule.projects);
    for cause in Cause::OF_MAIL.into_iter().filter(|cause| rule.causes.contains(cause)) {
        for filter in filters(cause) {
            for (site, project) in sites.iter().flat_map(|site| projects.iter().map(move |project| (site, project))) {
                let filter = MessageFilter {
                    site: site.clone(),
                    project: project.clone(),
                    received_from: Some(now - LOOKED_BACK_DAYS * DAY),
                    limit: AT_ONCE,
                    ..filter.clone()
                };
                let page = shared.store.message_page(&filter).await?;
                // What only looks at its mail holds none back.
                let lines = page.lines.into_iter().filter(|line| !shared.is_shadow(&line.mailbox));
                found.extend(lines.map(|line| {
                    let mail = MailTold {
                        reason: Some(line.reason).filter(|reason| rule.mail_reasons && !reason.is_empty()),
                        id: line.id,
                        site: line.site,
                        mailbox: line.mailbox,
                        rule: line.rule,
                    };
                    of_mail(cause, &mail)
                }));
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

fn filters(cause: Cause) -> Vec<MessageFilter> {
    let outcome = |outcome| vec![MessageFilter { outcome: Some(outcome), ..MessageFilter::default() }];
    match cause {
        Cause::MailHeld => outcome(Outcome::Hold),
        Cause::MailQuarantined => outcome(Outcome::Quarantine),
        Cause::MailForwarded => outcome(Outcome::Forward),
        Cause::MailStopped => [JobState::Held, JobState::Dead]
            .map(|job| MessageFilter { job: Some(job), ..MessageFilter::default() })
            .to_vec(),
        _ => Vec::new(),
    }
}
