//! Requests that are let in by tokens: what happens when the site refuses one before its time, and when there is none.

use super::server::{Act, Server, answer};
use super::{connection, get, post};
use courier::oauth::{Client, Proof};
use engine::speak::{Route, Speaker};
use engine::tokens::{Authorization, By, Tokens, TokensOfSite};
use policy::{FaultCode, FaultKind};
use rig::token_server::TokenServer;
use store::{Settings, Store};
use tempfile::TempDir;
use zeroize::Zeroizing;

async fn speaker(site: &Server, tokens: &TokenServer) -> (Speaker, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings::in_folder(folder.path());
    store::create_master_key(&settings.master_key).unwrap();
    let store = Store::open(&settings).await.unwrap();
    let client = Client {
        id: "service".into(),
        proof: Proof::Secret(Zeroizing::new("secret".into())),
        scopes: "read".into(),
        token_url: format!("{}/token", tokens.url),
    };
    let route = Route { allow_private: true, ..Route::default() };
    let authorization = Authorization { client, by: By::ClientCredentials, route };
    let of_site = TokensOfSite::new(Tokens::new(store), "demo", authorization);
    (Speaker::with_tokens(connection(&site.url), of_site).unwrap(), folder)
}

fn let_in_by(site: &Server) -> Vec<String> {
    site.seen().iter().map(|seen| seen.header("authorization").unwrap()).collect()
}

#[tokio::test]
async fn a_token_that_ends_before_its_time_is_replaced_once() {
    let refused = || answer(401, "", "{}");
    let site = Server::start(move |n| if [0, 2, 4, 5].contains(&n) { refused() } else { answer(200, "", "{}") }).await;
    let tokens = TokenServer::start();
    let (speaker, _folder) = speaker(&site, &tokens).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(speaker.say(&get()).await.unwrap().status);
    }
    assert_eq!(statuses, [401, 200, 401, 200, 401, 401], "nothing is repeated here; the job comes again");
    let numbers: Vec<char> = let_in_by(&site).iter().map(|header| header.chars().last().unwrap()).collect();
    assert_eq!(numbers, ['1', '2', '2', '3', '3', '4'], "{:?}", let_in_by(&site));
    speaker.say(&get()).await.unwrap();
    assert_eq!(tokens.script().asked.len(), 4, "a new token that is refused as well is no reason for the next");
}

#[tokio::test]
async fn fault_33_without_a_token_nothing_is_sent_and_mail_waits() {
    let site = Server::start(|_| Act::Close).await;
    let tokens = TokenServer::start();
    let (speaker, _folder) = speaker(&site, &tokens).await;
    tokens.script().client_secret = "another".into();
    for (request, trouble, code) in [
        (post(), None, FaultCode::TokenServerRefused),
        (get(), None, FaultCode::TokenServerRefused),
        (post(), Some(503), FaultCode::TokenServerRefused),
    ] {
        tokens.script().trouble = trouble;
        let fault = speaker.say(&request).await.err().unwrap();
        assert_eq!((fault.code, fault.kind), (code, FaultKind::Temporary));
    }
    assert_eq!((site.seen().len(), tokens.script().asked.len()), (0, 1));
}
