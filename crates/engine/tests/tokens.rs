//! Tokens against a token server that rotates them and notices a theft: several processes, refusals, outages, wrong clocks
//! (FAULT-33).
#![allow(clippy::unwrap_used)]

use courier::oauth::{Client, Proof, Token};
use engine::speak::Route;
use engine::tokens::{Authorization, By, Pass, Tokens, keep_new};
use policy::{Fault, FaultCode, FaultKind};
use rig::token_server::TokenServer;
use std::collections::BTreeSet;
use std::time::Duration;
use store::{GrantOf, Settings, Store};
use tempfile::TempDir;
use zeroize::Zeroizing;

/// A token server, and a store in which somebody has signed in there for a mailbox.
struct World {
    server: TokenServer,
    settings: Settings,
    store: Store,
    authorization: Authorization,
    _folder: TempDir,
}

impl World {
    async fn start() -> World {
        let server = TokenServer::start();
        let folder = tempfile::tempdir().unwrap();
        let settings = Settings::in_folder(folder.path());
        store::create_master_key(&settings.master_key).unwrap();
        let store = Store::open(&settings).await.unwrap();
        let client = Client {
            id: "gateway".into(),
            proof: Proof::Nothing,
            scopes: "read".into(),
            token_url: format!("{}/token", server.url),
        };
        let route = Route { allow_private: true, ..Route::default() };
        let authorization = Authorization { client, by: By::Person, route };
        let world = World { server, settings, store, authorization, _folder: folder };
        world.sign_in("first").await;
        world
    }

    /// Somebody allows it, with an access token that has ended by now.
    async fn sign_in(&self, refresh: &str) {
        self.server.script().refresh = refresh.to_owned();
        let token = Token {
            access: Zeroizing::new("ended".into()),
            expires_in_s: 0,
            refresh: Some(Zeroizing::new(refresh.into())),
            scopes: None,
            refresh_expires_in_s: None,
        };
        keep_new(&self.store, &of(), &token, None).await.unwrap();
    }

    /// The tokens of a process, with a store of its own.
    async fn process(&self) -> Tokens {
        Tokens::new(Store::open(&self.settings).await.unwrap())
    }

    async fn pass(&self, tokens: &Tokens) -> Result<Pass, Fault> {
        tokens.pass(&of(), &self.authorization).await
    }

    fn asked(&self) -> usize {
        self.server.script().asked.len()
    }

    /// What is durable, read as another process would.
    async fn durable(&self) -> String {
        let grant = Store::open(&self.settings).await.unwrap().grant(&of()).await.unwrap().unwrap();
        grant.refresh.to_string()
    }
}

fn of() -> GrantOf {
    GrantOf::mailbox("acme", "post")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_however_many_want_a_token_one_asks() {
    let world = World::start().await;
    world.server.script().pause = Duration::from_millis(100);
    let (one, other) = (world.process().await, world.process().await);
    let wanted = (0..40).map(|number| world.pass(if number % 2 == 0 { &one } else { &other }));
    let passes = futures_util::future::join_all(wanted).await;
    let different: BTreeSet<String> = passes.into_iter().map(|pass| pass.unwrap().access.to_string()).collect();
    assert_eq!(different.len(), 1, "both processes share one: {different:?}");
    assert_eq!(world.asked(), 1);
    let later = world.process().await;
    assert_eq!(world.pass(&later).await.unwrap().access.as_str(), different.first().unwrap());
    assert_eq!(world.asked(), 1, "a process that starts takes what is there");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_no_refresh_token_is_handed_in_twice_by_two_processes() {
    let world = World::start().await;
    // They end so soon that each request wants a new one.
    world.server.script().expires_in_s = 1;
    let (one, other) = (world.process().await, world.process().await);
    let busy = |tokens| {
        let world = &world;
        async move {
            for _ in 0..6 {
                world.pass(tokens).await.unwrap();
            }
        }
    };
    tokio::join!(busy(&one), busy(&other), busy(&one), busy(&other));
    let script = world.server.script();
    assert_eq!(script.reused, 0);
    let used: Vec<String> = script.asked.iter().map(|form| form["refresh_token"].clone()).collect();
    assert_eq!(used.iter().collect::<BTreeSet<_>>().len(), used.len(), "{used:?}");
    assert_eq!(used.len(), 24, "{used:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_the_new_refresh_token_is_durable_before_the_access_token_is_used() {
    let world = World::start().await;
    world.server.script().expires_in_s = 1;
    let tokens = world.process().await;
    for _ in 0..3 {
        world.pass(&tokens).await.unwrap();
        assert_eq!(world.durable().await, world.server.script().refresh);
    }
    // Whoever wanted it goes away while the server has changed it already.
    world.server.script().pause = Duration::from_millis(300);
    let given_up = tokio::time::timeout(Duration::from_millis(100), world.pass(&tokens)).await;
    assert!(given_up.is_err());
    world.pass(&tokens).await.unwrap();
    let durable = world.durable().await;
    let script = world.server.script();
    assert_eq!((&durable, script.reused), (&script.refresh, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_what_was_taken_back_is_asked_for_once_and_again_after_a_sign_in() {
    let world = World::start().await;
    let tokens = world.process().await;
    // Atlassian says it with 403.
    world.server.script().error_status = 403;
    world.server.script().revoke();
    for _ in 0..5 {
        let fault = world.pass(&tokens).await.err().unwrap();
        assert_eq!((fault.code, fault.kind), (FaultCode::SignInNeeded, FaultKind::Permanent));
        assert!(fault.public.contains("run `sealpost mailbox sign-in post`"), "{}", fault.public);
        assert!(fault.detail.contains("invalid_grant") && !fault.detail.contains("planted"), "{}", fault.detail);
    }
    assert_eq!(world.asked(), 1, "a server that has said no is not asked at each look");
    assert_eq!(tokens.refusals(), [(of(), true)]);
    assert_eq!(world.durable().await, "first", "nothing is thrown away: servers err");
    world.sign_in("anew").await;
    world.pass(&tokens).await.unwrap();
    assert_eq!((world.asked(), tokens.refusals()), (2, vec![(of(), false)]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_a_token_server_that_is_down_costs_nothing() {
    let world = World::start().await;
    let tokens = world.process().await;
    for trouble in [503, 0, 502] {
        world.server.script().trouble = Some(trouble);
        let fault = world.pass(&tokens).await.err().unwrap();
        assert_eq!((fault.code, fault.kind), (FaultCode::TokenServerUnreachable, FaultKind::Temporary), "{trouble}");
        assert!(!fault.detail.contains("planted"), "{}", fault.detail);
    }
    assert_eq!(tokens.refusals(), [(of(), false)], "an outage is no refusal");
    world.server.script().trouble = None;
    world.pass(&tokens).await.unwrap();
    assert_eq!(world.server.script().reused, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_a_token_that_a_server_refuses_before_its_time_is_replaced_for_all() {
    let world = World::start().await;
    let (one, other) = (world.process().await, world.process().await);
    let pass = world.pass(&one).await.unwrap();
    let theirs = world.pass(&other).await.unwrap();
    assert_eq!(pass.access, theirs.access);
    one.forget(&of(), &pass).await;
    let next = world.pass(&one).await.unwrap();
    assert_ne!(next.access, pass.access);
    // The other one finds out too, and takes what is there.
    other.forget(&of(), &theirs).await;
    assert_eq!(world.pass(&other).await.unwrap().access, next.access);
    assert_eq!(world.asked(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_a_wrong_clock_is_told_and_does_not_lock_the_gateway_out() {
    let world = World::start().await;
    let tokens = world.process().await;
    let service = Authorization {
        by: By::Service { key_pem: Zeroizing::new(key()), user: "desk@example.org".into() },
        ..world.authorization.clone()
    };
    for ahead_s in [0, 7200, -7200] {
        world.server.script().clock_ahead_s = ahead_s;
        tokens.forget_all();
        tokens.pass(&of(), &service).await.unwrap();
    }
    assert_eq!(world.asked(), 5, "with a right clock it is asked once");
    // A key that is refused whatever the time is stays refused, and nobody can sign in for it.
    world.server.script().client_secret = "another".into();
    tokens.forget_all();
    let fault = tokens.pass(&of(), &service).await.err().unwrap();
    assert_eq!((fault.code, fault.kind), (FaultCode::TokenServerRefused, FaultKind::Permanent));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_has_signed_in_yet() {
    let world = World::start().await;
    let tokens = world.process().await;
    let fault = tokens.pass(&GrantOf::site("acme"), &world.authorization).await.err().unwrap();
    assert_eq!(fault.code, FaultCode::SignInNeeded);
    assert!(fault.public.contains("Nobody has signed in") && fault.public.contains("sealpost site sign-in acme"));
    assert_eq!(world.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_asked_for_through_the_proxy() {
    let world = World::start().await;
    let tokens = world.process().await;
    let mut behind = world.authorization.clone();
    behind.client.token_url = "http://127.0.0.1:9/token".into();
    behind.route.proxy = Some(world.server.url.parse().unwrap());
    let fault = tokens.pass(&of(), &behind).await.err().unwrap();
    assert!(fault.detail.contains("status 404"), "the proxy knows no such place: {}", fault.detail);
    assert_eq!(world.asked(), 1);
}

/// An RSA key in PEM.
fn key() -> String {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    let key = aws_lc_rs::signature::RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let der: Pkcs8V1Der<'_> = key.as_der().unwrap();
    let text = data_encoding::BASE64.encode(der.as_ref());
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}
