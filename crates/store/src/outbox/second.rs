//! The second form of a letter, without its files: taken once, in place of the first, when a server does not take that.

use super::{LetterAbout, about_place};
use crate::Store;
use crate::content::erased;
use crate::database::{execute, one};
use crate::job::check_lease;
use crate::rows::Lease;
use crate::sealed;
use policy::{Fault, FaultCode, StepKey};

/// Longer answers of a server are cut.
const SAID_LETTERS_MAX: usize = 500;

impl Store {
    /// From now on the letter of this job is the one without its files, because the server said this of it with them. Its step is to be begun
    /// again, and is in as much doubt as it was before the try that was refused: one unit of work says both.
    ///
    /// # Errors
    /// `Internal` when it has no second form, or that was taken before.
    pub async fn take_second_form(&self, lease: &Lease, key: &StepKey, said: &str) -> Result<(), Fault> {
        const KNOWN: &str = "SELECT wrapped_key, sealed_letter FROM outbox WHERE id = $1";
        const FORM: &str = "UPDATE outbox SET sealed_letter = $1 WHERE id = $2 AND wrapped_key IS NOT NULL";
        // What was tried again may have arrived the first time; what was not, surely did not.
        const FRESH: &str = "UPDATE ledger SET state = 'open' WHERE key = $1 AND state = 'begun' AND looked = 0";
        const DOUBTFUL: &str =
            "UPDATE ledger SET looked = looked - 1 WHERE key = $1 AND state = 'begun' AND looked > 0";
        let id = lease.subject.clone();
        let work = self
            .inner
            .db
            .read(move |conn| Box::pin(async move { one!(conn, (Option<Vec<u8>>, Option<Vec<u8>>), KNOWN, &id) }));
        let Some((Some(wrapped), Some(about))) = work.await? else { return Err(erased()) };
        let sealing = self.inner.vault.message_key(&lease.site, &lease.subject, &wrapped).await?;
        let place = || about_place(&lease.site, &lease.subject);
        let about: LetterAbout = sealed::open(&sealing, place(), &about)?;
        let sealed = sealed::seal(&sealing, place(), &without_files(about, said)?)?;
        let (lease, step) = (lease.clone(), key.0.clone());
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                check_lease(conn, &lease).await?;
                if execute!(conn, FORM, sealed, &lease.subject)? == 0 {
                    return Err(erased());
                }
                match execute!(conn, FRESH, &step)? + execute!(conn, DOUBTFUL, &step)? {
                    0 => {
                        Err(Fault::permanent(FaultCode::Internal, "a letter that was not begun takes its second form"))
                    }
                    _ => Ok(()),
                }
            })
        });
        work.await
    }
}

fn without_files(mut about: LetterAbout, said: &str) -> Result<LetterAbout, Fault> {
    let no_form = || Fault::permanent(FaultCode::Internal, "a letter has no second form that it could take");
    let why = about.other_form().ok_or_else(no_form)?.why.clone();
    for file in about.files.iter_mut().filter(|file| file.why_not.is_none()) {
        (file.why_not, file.gap, file.size_bytes) = (Some(why.clone()), None, 0);
    }
    about.refused_with_files = Some(said.chars().take(SAID_LETTERS_MAX).collect());
    Ok(about)
}
