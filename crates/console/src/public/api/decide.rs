//! `POST /api/sealing/decide`: what rules for sealing would do with a mail, and why; nothing comes of it.

use super::pieces::Pieces;
use super::{Api, Limits, Problem, request};
use crate::public::explainer::Explained;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::{Extension, Json};
use policy::FaultCode;
use policy::sealing::MailFacts;
use store::Token;

/// So much of a mail is kept while it is asked about. Rules see its header alone, of which cells read 256 KiB at most: what ends here before
/// its header does is too long for them, too.
const KEPT_BYTES_MAX: usize = 512 * 1024;

/// What is said of the mail in the query.
#[derive(Debug, Default, PartialEq, Eq)]
struct Named {
    /// Whose rules are meant; `None` for those of the site's letters.
    relay: Option<String>,
    /// Empty for the null reverse-path, as without it.
    from: Option<String>,
    account: Option<String>,
    came_sealed: bool,
    rcpt: Vec<String>,
}

/// Says what would become of the mail for each recipient. It tells whose keys are there, so it needs the right to write to people.
pub(super) async fn decide(
    State(api): State<Api>,
    token: Extension<Token>,
    named: Result<Query<Vec<(String, String)>>, QueryRejection>,
    request: Request,
) -> Result<Json<Explained>, Problem> {
    if !token.letters {
        return Err(Problem::of(FaultCode::LettersForbidden));
    }
    let Ok(Query(pairs)) = named else { return Err(Problem::wrong("The query cannot be read.")) };
    let named = Named::read(pairs)?;
    request::content(request.headers(), api.limits.size_bytes_max)?;
    let mail = beginning(request.into_body(), &api.limits).await?;
    let relay = named.relay.clone();
    let told = api.explainer.explain(relay.as_deref(), named.facts(&token.site), &mail).await;
    match told {
        Ok(Some(explained)) => Ok(Json(explained)),
        Ok(None) if relay.is_some() => Err(Problem::no_rules_of_relay()),
        Ok(None) => Err(Problem::no_rules_of_letters()),
        Err(fault) if fault.code == FaultCode::TooComplex => Err(Problem::header_too_long()),
        Err(fault) => Err(fault.into()),
    }
}

impl Named {
    /// Reads pairs of names and values; a name that is not known is a mistake that would be answered for another mail.
    fn read(pairs: Vec<(String, String)>) -> Result<Named, Problem> {
        let (mut named, mut came_sealed) = (Named::default(), None);
        for (name, value) in pairs {
            let before = match name.as_str() {
                "relay" => named.relay.replace(value),
                "from" if value.is_empty() => named.from.replace(value),
                "from" => named.from.replace(request::address("from", value)?),
                "account" => named.account.replace(value),
                "came_sealed" => came_sealed.replace(value),
                "rcpt" => {
                    named.rcpt.push(request::address("rcpt", value)?);
                    None
                }
                other => {
                    let known = "from, rcpt, account, came_sealed and relay";
                    return Err(request::not_known(other, known, "How a mail would be sealed"));
                }
            };
            if before.is_some() {
                return Err(request::twice(&name));
            }
        }
        named.came_sealed = match came_sealed.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Problem::wrong("`came_sealed` is true or false.")),
        };
        request::not_too_many(&named.rcpt)?;
        match named.rcpt.is_empty() {
            true => Err(Problem::wrong("Nobody is named; say for whom with rcpt=ADDRESS.")),
            false => Ok(named),
        }
    }

    /// The header is read of the mail.
    fn facts(self, site: &str) -> MailFacts {
        MailFacts {
            now_s: jiff::Timestamp::now().as_second(),
            site: site.to_owned(),
            envelope_from: self.from.filter(|from| !from.is_empty()),
            account: self.account,
            recipients: self.rcpt,
            came_sealed: self.came_sealed,
            ..MailFacts::default()
        }
    }
}

/// The mail up to where it is kept; the rest is read and dropped, so that the same mail is refused here that is refused elsewhere.
async fn beginning(body: Body, limits: &Limits) -> Result<Vec<u8>, Problem> {
    let (mut pieces, mut kept) = (Pieces::of(body, limits), Vec::new());
    while let Some(piece) = pieces.take().await? {
        let room = KEPT_BYTES_MAX - kept.len();
        kept.extend_from_slice(&piece[..piece.len().min(room)]);
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Named, Problem> {
        Named::read(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn what_is_asked_names_somebody_and_nothing_twice() {
        let whole = [("from", "a@x"), ("rcpt", "b@x"), ("rcpt", "c@x"), ("account", "wiki"), ("came_sealed", "true")];
        let facts = read(&whole).unwrap().facts("north");
        assert_eq!((facts.site.as_str(), facts.envelope_from.as_deref()), ("north", Some("a@x")));
        assert_eq!((facts.recipients.len(), facts.account.as_deref(), facts.came_sealed), (2, Some("wiki"), true));
        for null in [&[("rcpt", "b@x")][..], &[("from", ""), ("rcpt", "b@x")]] {
            assert_eq!(read(null).unwrap().facts("north").envelope_from, None);
        }
        for wrong in [
            &[("from", "a@x")][..],
            &[],
            &[("rcpt", "nobody")],
            &[("from", "nobody"), ("rcpt", "b@x")],
            &[("rcpt", "b@x"), ("from", "a@x"), ("from", "a@x")],
            &[("rcpt", "b@x"), ("relay", "a"), ("relay", "b")],
            &[("rcpt", "b@x"), ("came_sealed", "yes")],
            &[("rcpt", "b@x"), ("site", "south")],
        ] {
            read(wrong).unwrap_err();
        }
        let many: Vec<_> = (0..101).map(|_| ("rcpt", "b@x")).collect();
        read(&many).unwrap_err();
    }
}
