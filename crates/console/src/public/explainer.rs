//! What the API needs to say what rules for sealing would do with a mail. `sealpost` implements it over the engine.

use crate::reader::Answer;
use policy::sealing::{MailFacts, Question, SealingPlan};
use serde::Serialize;

/// Whoever knows rules and keys.
pub trait Explainer: Send + Sync + 'static {
    /// What would become of a mail for each recipient in `facts`, without any effect and with nobody asked outside: by the rules that the
    /// letters of its site are sealed with or, with `relay`, by those of that relay of the site. `None` where there are none. `mail` may end
    /// after its header, which takes the place of that in `facts`.
    fn explain<'a>(&'a self, relay: Option<&'a str>, facts: MailFacts, mail: &'a [u8])
    -> Answer<'a, Option<Explained>>;
}

/// The same object that `sealpost explain` prints for a mail, without the name of its file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What was asked for, in order.
    pub questions: Vec<Question>,
    #[serde(flatten)]
    pub plan: SealingPlan,
}

/// Where no gateway runs, nothing seals.
pub(crate) struct NoExplainer;

impl Explainer for NoExplainer {
    fn explain<'a>(&'a self, _: Option<&'a str>, _: MailFacts, _: &'a [u8]) -> Answer<'a, Option<Explained>> {
        Box::pin(async { Ok(None) })
    }
}
