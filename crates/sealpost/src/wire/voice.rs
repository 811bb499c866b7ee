//! Stands in for the one HTTP client until engine::speak has landed.
#![allow(dead_code)]
use bytes::Bytes;
use engine::Voice;
use futures_util::future::BoxFuture;
use policy::{Fault, FaultCode};
use std::path::PathBuf;
use tokio::sync::mpsc;
use tracker::{Content, Method, Request, Response};
use url::Url;

pub struct SiteConnection {
    pub name: String,
    pub api_base: Url,
    pub account: String,
    pub token: String,
    pub allow_private: bool,
    pub proxy: Option<Url>,
    pub extra_certificate_authorities: Vec<PathBuf>,
    pub requests_at_once: usize,
}
impl SiteConnection {
    pub fn new(name: &str, api_base: Url, account: &str, token: &str) -> Self {
        Self {
            name: name.into(),
            api_base,
            account: account.into(),
            token: token.into(),
            allow_private: false,
            proxy: None,
            extra_certificate_authorities: vec![],
            requests_at_once: 8,
        }
    }
}
pub struct Speaker {
    client: reqwest::Client,
    c: SiteConnection,
}
impl Speaker {
    pub fn new(c: SiteConnection) -> Result<Speaker, Fault> {
        Ok(Speaker {
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .map_err(|e| Fault::permanent(FaultCode::SettingsWrong, e.to_string()))?,
            c,
        })
    }
    async fn go(&self, request: &Request, form: Option<reqwest::multipart::Form>) -> Result<Response, Fault> {
        let url = format!("{}{}", self.c.api_base.as_str().trim_end_matches('/'), request.path);
        let m = match request.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
            Method::Put => reqwest::Method::PUT,
            Method::Delete => reqwest::Method::DELETE,
        };
        let mut b = self.client.request(m, url).basic_auth(&self.c.account, Some(&self.c.token));
        for (n, v) in &request.headers {
            b = b.header(*n, v);
        }
        if let Content::Json(v) = &request.content {
            b = b.header("content-type", "application/json").body(v.to_string());
        }
        if let Some(f) = form {
            b = b.multipart(f);
        }
        let r = b.send().await.map_err(|e| {
            if e.is_connect() {
                Fault::temporary(FaultCode::TrackerUnreachable, e.to_string())
            } else {
                Fault::unknown(FaultCode::TrackerUnclear, e.to_string())
            }
        })?;
        let status = r.status().as_u16();
        let headers = r
            .headers()
            .iter()
            .map(|(n, v)| (n.as_str().to_string(), v.to_str().unwrap_or_default().to_string()))
            .collect();
        let body = r.bytes().await.map_err(|e| Fault::unknown(FaultCode::TrackerUnclear, e.to_string()))?.to_vec();
        Ok(Response { status, headers, body })
    }
    pub async fn say(&self, request: &Request) -> Result<Response, Fault> {
        self.go(request, None).await
    }
}
impl Voice for Speaker {
    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(self.go(request, None))
    }
    fn say_with_file<'a>(
        &'a self,
        request: &'a Request,
        size_bytes: u64,
        mut pieces: mpsc::Receiver<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>> {
        Box::pin(async move {
            let Content::File { name, content_type } = &request.content else {
                return Err(Fault::permanent(FaultCode::Internal, "no file"));
            };
            let s =
                futures_util::stream::poll_fn(move |cx| pieces.poll_recv(cx).map(|o| o.map(Ok::<_, std::io::Error>)));
            let p = reqwest::multipart::Part::stream_with_length(reqwest::Body::wrap_stream(s), size_bytes)
                .file_name(name.clone())
                .mime_str(content_type)
                .map_err(|e| Fault::permanent(FaultCode::Internal, e.to_string()))?;
            self.go(request, Some(reqwest::multipart::Form::new().part("file", p))).await
        })
    }
}
