//! A plain client for the desk on loopback: what it says is what the desk hears, and nothing is repeated.

use bytes::Bytes;
use engine::Voice;
use futures_util::future::BoxFuture;
use futures_util::stream::unfold;
use policy::{Fault, FaultCode};
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Client, Method};
use tokio::sync::mpsc;
use tracker::{Content, Request, Response};

pub struct Loopback {
    client: Client,
    url: String,
    account: String,
    token: String,
}

impl Loopback {
    pub fn new(url: &str, account: &str, token: &str) -> Loopback {
        // Another test of this process may have installed it before.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Loopback { client, url: url.into(), account: account.into(), token: token.into() }
    }

    fn builder(&self, request: &Request) -> reqwest::RequestBuilder {
        let method = match request.method {
            tracker::Method::Get => Method::GET,
            tracker::Method::Post => Method::POST,
            tracker::Method::Put => Method::PUT,
            tracker::Method::Delete => Method::DELETE,
        };
        let url = format!("{}{}", self.url, request.path);
        let builder = self.client.request(method, url).basic_auth(&self.account, Some(&self.token));
        request.headers.iter().fold(builder, |builder, (name, value)| builder.header(*name, value))
    }
}

impl Voice for Loopback {
    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let builder = self.builder(request);
            let builder = match &request.content {
                Content::Json(body) => builder.header("content-type", "application/json").body(body.to_string()),
                Content::Nothing | Content::File { .. } => builder,
            };
            hear(builder).await
        })
    }

    fn say_with_file<'a>(
        &'a self,
        request: &'a Request,
        size_bytes: u64,
        pieces: mpsc::Receiver<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let Content::File { name, content_type } = &request.content else { panic!("{request:?} has no file") };
            let pieces = unfold(pieces, |mut pieces| async move {
                pieces.recv().await.map(|piece| (Ok::<_, std::io::Error>(piece), pieces))
            });
            let part = Part::stream_with_length(Body::wrap_stream(pieces), size_bytes);
            let part = part.file_name(name.clone()).mime_str(content_type).unwrap();
            hear(self.builder(request).multipart(Form::new().part("file", part))).await
        })
    }
}

async fn hear(builder: reqwest::RequestBuilder) -> Result<Response, Fault> {
    let lost = |error: reqwest::Error| match error.is_connect() {
        true => Fault::temporary(FaultCode::TrackerUnreachable, error.to_string()),
        false => Fault::unknown(FaultCode::TrackerUnclear, error.to_string()),
    };
    let response = builder.send().await.map_err(lost)?;
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers = headers.map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned())).collect();
    let body = response.bytes().await.map_err(lost)?.to_vec();
    Ok(Response { status, headers, body })
}
