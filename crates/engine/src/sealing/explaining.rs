//! What rules would do with a mail that somebody only asks about: nothing is sealed or stored, and nobody outside learns whom it is for.

use super::ByRules;
use crate::gateway::Gateway;
use crate::outside::{KeySources, Outside};
use policy::Fault;
use policy::sealing::{MailFacts, Question, SealingPlan};

/// What was asked for about a mail, in order, and what would become of it for each of its recipients.
pub type Explained = (Vec<Question>, SealingPlan);

impl ByRules {
    /// The same that asks nobody beyond the folder and the register. What is read of the files is one and the same.
    pub fn asking_nobody(&self) -> ByRules {
        self.asking(Outside { keys: KeySources::nobody(self.inner.cells.clone()), news: None })
    }

    /// What would become of a mail that is handed in to the relay of these rules, by what is here alone. Of the mail the header is enough; what
    /// `facts` say of a header does not count.
    ///
    /// # Errors
    /// `TooComplex` for a header that is longer than is read, and those of cells and of the store.
    pub async fn explained_here(&self, facts: MailFacts, mail: &[u8]) -> Result<Explained, Fault> {
        let headers = self.headers_handed_in(mail).await?;
        let came_sealed = facts.came_sealed || self.tells_of_sealed(&facts.site, &headers).await?;
        Ok(self.asking_nobody().explained(&MailFacts { headers, came_sealed, ..facts }).await)
    }
}

impl Gateway {
    /// What would become of a mail by the rules that the letters of its site are sealed with, by what is here alone; `None` where none seal
    /// them. Of the mail the header is enough; fields by which rules know our letters count as they stand there.
    ///
    /// # Errors
    /// `TooComplex` for a header that is longer than is read; `SealingRulesWrong` where rules or keys cannot be read; those of cells.
    pub async fn explained(&self, facts: MailFacts, mail: &[u8]) -> Result<Option<Explained>, Fault> {
        let site = self.shared().sites().get(&facts.site).cloned();
        let Some(sealer) = site.as_ref().and_then(|site| site.sealer()) else { return Ok(None) };
        let facts = MailFacts { headers: sealer.headers(mail).await?, ..facts };
        sealer.explained(&facts).await
    }
}
