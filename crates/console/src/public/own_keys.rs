//! Our own public keys for everybody: the Web Key Directory (draft-koch-openpgp-webkey-service), and certificates of S/MIME.

use super::{Room, page, pages};
use axum::Router;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use std::sync::Arc;

/// What all addresses of a Web Key Directory begin with. They are asked for by the names of mail domains, and hold nothing that is not for
/// everybody, so the wall lets every name through to them.
pub const WKD_PATH: &str = "/.well-known/openpgpkey/";
/// The host of the advanced method is this, a full stop, and the domain (section 3.1).
const ADVANCED_HOST: &str = "openpgpkey.";
/// No domain or hash is longer.
const NAME_BYTES_MAX: usize = 255;

/// Who knows our own keys; `sealpost` implements it over the engine. Domains are in small ASCII letters.
pub trait OwnKeys: Send + Sync + 'static {
    /// The key of OpenPGP under this hash, as packets.
    fn key<'a>(&'a self, domain: &'a str, hash: &'a str, local: Option<&'a str>) -> BoxFuture<'a, Option<Vec<u8>>>;

    /// Whether there is a directory for this domain.
    fn has_domain<'a>(&'a self, domain: &'a str) -> BoxFuture<'a, bool>;

    /// Certificates for this address of ours, in PEM.
    fn certificates<'a>(&'a self, address: &'a str) -> BoxFuture<'a, Option<String>>;
}

/// The local part, as the request says it once more.
#[derive(Deserialize)]
struct Named {
    l: Option<String>,
}

/// The room of the directory, by its advanced and its direct method, and of `/certificates/ADDRESS`.
pub fn room(keys: Arc<dyn OwnKeys>) -> Room {
    let room = Router::new()
        .route(&format!("{WKD_PATH}{{domain}}/hu/{{hash}}"), get(advanced))
        .route(&format!("{WKD_PATH}{{domain}}/policy"), get(advanced_policy))
        .route(&format!("{WKD_PATH}hu/{{hash}}"), get(direct))
        .route(&format!("{WKD_PATH}policy"), get(direct_policy))
        .route("/certificates/{address}", get(certificates));
    pages(room.with_state(keys))
}

type Keys = State<Arc<dyn OwnKeys>>;

async fn advanced(
    State(keys): Keys,
    path: Result<Path<(String, String)>, PathRejection>,
    named: Result<Query<Named>, QueryRejection>,
) -> Response {
    let (Ok(Path((domain, hash))), Ok(Query(named))) = (path, named) else { return nothing().await };
    key(&*keys, &domain, &hash, named).await
}

async fn direct(
    State(keys): Keys,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    named: Result<Query<Named>, QueryRejection>,
) -> Response {
    let (Ok(Path(hash)), Ok(Query(named)), Some(domain)) = (path, named, domain_of(&headers)) else {
        return nothing().await;
    };
    key(&*keys, &domain, &hash, named).await
}

async fn key(keys: &dyn OwnKeys, domain: &str, hash: &str, named: Named) -> Response {
    let (domain, hash) = (domain.to_ascii_lowercase(), hash.to_ascii_lowercase());
    if domain.len() > NAME_BYTES_MAX || hash.len() > NAME_BYTES_MAX {
        return nothing().await;
    }
    match keys.key(&domain, &hash, named.l.as_deref()).await {
        Some(bytes) => open("application/octet-stream", bytes),
        None => nothing().await,
    }
}

async fn advanced_policy(State(keys): Keys, path: Result<Path<String>, PathRejection>) -> Response {
    match path {
        Ok(Path(domain)) => policy(&*keys, &domain.to_ascii_lowercase()).await,
        Err(_) => nothing().await,
    }
}

async fn direct_policy(State(keys): Keys, headers: HeaderMap) -> Response {
    match domain_of(&headers) {
        Some(domain) => policy(&*keys, &domain).await,
        None => nothing().await,
    }
}

/// A directory has such a file, which may be empty (section 4.5).
async fn policy(keys: &dyn OwnKeys, domain: &str) -> Response {
    match keys.has_domain(domain).await {
        true => open("text/plain; charset=utf-8", Vec::new()),
        false => nothing().await,
    }
}

async fn certificates(State(keys): Keys, path: Result<Path<String>, PathRejection>) -> Response {
    let Ok(Path(address)) = path else { return page::not_found().await };
    match keys.certificates(&address).await {
        Some(text) => open("application/x-pem-file", text.into_bytes()),
        None => page::not_found().await,
    }
}

/// The mail domain of the host that was asked.
fn domain_of(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_ascii_lowercase();
    let domain = name.strip_prefix(ADVANCED_HOST).unwrap_or(&name);
    Some(domain.trim_end_matches('.').to_owned()).filter(|domain| !domain.is_empty())
}

/// What every page of others may read, too (section 3.1).
fn open(content_type: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = ([(header::CONTENT_TYPE, content_type)], bytes).into_response();
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}

async fn nothing() -> Response {
    let mut response = StatusCode::NOT_FOUND.into_response();
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    response
}
