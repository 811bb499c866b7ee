//! Whether an issue has got something of a mail that came encrypted (SEC-15). Asked when all else is known: what was read before a mail was
//! decided on says nothing of it.

use super::inquiry::{Inquiry, message_of};
use crate::facts::told::told;
use crate::site::misunderstood;
use policy::notify::{Facts, summary};
use policy::{Fault, Told};
use tracker::{Answer, Operation};

impl Inquiry<'_> {
    /// Says so of each issue that the facts know, and whether letters can be sealed.
    pub(crate) async fn look_whether_sealed(&self, facts: &mut Facts) -> Result<(), Fault> {
        facts.letters_are_sealed = self.site.sealer().is_some();
        let mut issues = summary::listed(facts);
        issues.extend(facts.issues.iter().map(|(id, _)| id.clone()));
        for issue in issues {
            if self.came_sealed(&issue).await? {
                facts.came_sealed.push(issue);
            }
        }
        summary::mark_sealed(facts);
        Ok(())
    }

    /// The tracker tells of an issue that a mail made before it is written down here that the mail made it; then its marker names the mail.
    async fn came_sealed(&self, issue_id: &str) -> Result<bool, Fault> {
        let (store, site) = (&self.shared.store, &self.site.name);
        // In this order: between the two looks the mail may be tied to its issue.
        let may_be_new = store.sealed_mail_without_issue(site).await?;
        if store.issue_came_sealed(site, issue_id).await? {
            return Ok(true);
        }
        if !may_be_new {
            return Ok(false);
        }
        let marker = match told(self.site.read(&Operation::ReadIssueMarker { issue_id: issue_id.to_owned() }).await)? {
            Told::Known(Answer::Found { items, .. }) => items.into_iter().next().and_then(|item| item.marker),
            Told::Known(other) => return Err(misunderstood(&other)),
            // Nobody knows, so nothing is said.
            Told::Untold(_) => return Ok(true),
        };
        match marker.as_ref().and_then(message_of) {
            Some(message) => store.message_came_sealed(site, message).await,
            None => Ok(false),
        }
    }
}
