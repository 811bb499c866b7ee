//! The voice of a site without a tracker: nothing is ever sent, and whatever asks is told so.

use super::{Go, Voice};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use tokio::sync::mpsc;
use tracker::{Request, Response};

/// Refuses each request for good.
pub struct NoTracker {
    site: String,
}

impl NoTracker {
    pub fn new(site: &str) -> NoTracker {
        NoTracker { site: site.to_owned() }
    }

    fn refused(&self) -> BoxFuture<'_, Result<Response, Fault>> {
        let site = &self.site;
        let fault = Fault::permanent(FaultCode::SettingsWrong, "the site has no tracker").with_public(format!(
            "The site `{site}` has no tracker (`dialect = \"none\"`), so there are no issues to ask about."
        ));
        Box::pin(async move { Err(fault) })
    }
}

impl Voice for NoTracker {
    fn say<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        self.refused()
    }

    fn say_if<'a>(&'a self, _: &'a Request, _: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>> {
        self.refused()
    }

    fn say_for_file<'a>(
        &'a self,
        _: &'a Request,
        _: u64,
        _: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        self.refused()
    }

    fn is_parked(&self) -> bool {
        false
    }

    fn say_with_file<'a>(
        &'a self,
        _: &'a Request,
        _: u64,
        _: mpsc::Receiver<Bytes>,
        _: Go<'a>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        self.refused()
    }
}
