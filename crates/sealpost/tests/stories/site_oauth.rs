//! A site that is opened with a person's tokens (OAuth 2.0 3LO) behind an API gateway, or with those of a service account.

use super::browser::Waiting;
use super::mails;
use super::world::{TOKEN, World, told};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use rig::gateway::Gateway;
use rig::settings_file::quoted;
use rig::token_server::TokenServer;

/// The path of the site behind the gateway, and what its people open.
const PATH: &str = "/ex/jira/cloud-7";
const PAGES: &str = "https://demo.example";

/// A world whose desk stands behind a gateway, and a token server whose tokens it takes.
async fn start(oauth: &str) -> (World, TokenServer) {
    let mut world = World::start_at(PATH).await;
    let server = TokenServer::start();
    {
        let mut script = server.script();
        script.access = Box::new(|_| TOKEN.to_owned());
        script.client_secret = "planted-secret".into();
        script.error_status = 403;
        let sites =
            r#"[{"id":"cloud-1","url":"https://other.example"},{"id":"cloud-7","url":"https://DEMO.example/"}]"#;
        script.pages.insert("/sites".into(), sites.into());
    }
    world.home.write_secret("client.secret", "planted-secret");
    let settings = &mut world.home.settings;
    settings.remove("[[site]]", "account");
    settings.remove("[[site]]", "token");
    let token_url = format!("{}/token", server.url);
    for (key, value) in [
        ("oauth", oauth),
        ("oauth_client", "gateway"),
        ("oauth_client_secret", "file:client.secret"),
        ("oauth_token_url", token_url.as_str()),
        ("browse_base", PAGES),
    ] {
        settings.set("[[site]]", key, quoted(value));
    }
    if oauth == "person" {
        settings.remove("[[site]]", "api_base");
        let gateway = world.site.url.strip_suffix("/cloud-7").unwrap().to_owned();
        settings.set("[[site]]", "oauth_gateway", quoted(&gateway));
        settings.set("[[site]]", "oauth_sites_url", quoted(&format!("{}/sites", server.url)));
        settings.set("[[site]]", "oauth_authorize_url", quoted(&format!("{}/authorize", server.url)));
        settings.set("[[site]]", "oauth_redirect_url", quoted("https://gateway.example/signed-in"));
    }
    (world, server)
}

fn check(world: &World) -> String {
    told(&world.run(&["check", "--config", "sealpost.toml"]))
}

/// Somebody signs in and agrees; whether it went well, and what was said.
fn sign_in(world: &World, server: &TokenServer) -> (bool, String) {
    let mut waiting = Waiting::start(&world.home, &["site", "sign-in", "demo", "--config", "sealpost.toml"]);
    assert!(waiting.url.contains("audience=api.atlassian.com") && waiting.url.contains("prompt=consent"));
    waiting.paste(&server.agree(&waiting.url));
    waiting.end()
}

/// Does this on one day of UTC: begins again when midnight came in between.
fn on_one_day<T>(mut deed: impl FnMut(Date) -> T) -> T {
    let today = || jiff::Timestamp::now().to_zoned(TimeZone::UTC).date();
    loop {
        let day = today();
        let done = deed(day);
        if today() == day {
            return done;
        }
    }
}

async fn hand_in(world: &World, name: &str) {
    world.hand_in(&mails::request(&format!("{name}@example.org"), name, "It burns.")).await.unwrap();
}

fn wait_for_issues(gateway: &mut Gateway, world: &World, names: &[&str]) {
    gateway.wait_until_quiet();
    let mut found: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    found.sort();
    assert_eq!(found, names);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_waits_until_somebody_signs_in_for_the_site_and_again_when_it_is_taken_back() {
    let (world, server) = start("person").await;
    // The tokens end so soon that each request wants a new one.
    server.script().expires_in_s = 1;
    let said = check(&world);
    assert!(said.contains("SP-0420") && said.contains("sealpost site sign-in demo"), "{said}");
    let mut gateway = world.home.start();
    hand_in(&world, "printer").await;
    let refused = "sealpost_grant_refused";
    gateway.wait_until("refused", |metrics| metrics.sum(refused, &["site=\"demo\"", "mailbox=\"\""]) == 1);
    gateway.wait_until("parked", |metrics| metrics.sum("sealpost_site_parked", &[]) == 1);
    let (done, said) = sign_in(&world, &server);
    assert!(done && said.contains("signed in for demo") && !said.contains("planted-"), "{said}");
    wait_for_issues(&mut gateway, &world, &["printer"]);
    assert_eq!(gateway.metrics().sum(refused, &[]), 0);
    let said = check(&world);
    assert!(said.contains(&format!("{PAGES} answers (Jira ")), "{said}");

    server.script().revoke();
    hand_in(&world, "copier").await;
    hand_in(&world, "scanner").await;
    gateway.wait_until("refused", |metrics| metrics.sum(refused, &[]) == 1);
    let said = check(&world);
    assert!(said.contains("SP-0420") && said.contains("invalid_grant"), "{said}");
    assert!(gateway.metrics().open_jobs() >= 2 && gateway.metrics().sum("sealpost_jobs_dead_total", &[]) == 0);
    assert!(sign_in(&world, &server).0);
    wait_for_issues(&mut gateway, &world, &["copier", "printer", "scanner"]);
    let script = server.script();
    assert_eq!(script.reused, 0, "the gateway and `check` took turns");
    let scopes = "read:jira-work write:jira-work read:jira-user offline_access";
    assert!(script.asked.iter().filter_map(|form| form.get("scope")).all(|scope| scope == scopes));
    for written in [gateway.log(), gateway.output()] {
        assert!(!written.contains("planted-") && !written.contains(TOKEN), "{written}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_for_other_sites_keeps_nothing() {
    let (mut world, server) = start("person").await;
    world.home.settings.set("[[site]]", "browse_base", quoted("https://third.example"));
    let (done, said) = sign_in(&world, &server);
    assert!(!done && said.contains("is for https://other.example, https://demo.example, and not for"), "{said}");
    server.script().scope = Some("read:jira-work read:jira-user offline_access".into());
    world.home.settings.set("[[site]]", "browse_base", quoted(PAGES));
    let (done, said) = sign_in(&world, &server);
    assert!(!done && said.contains("not everything was allowed: write:jira-work is missing"), "{said}");
    assert!(check(&world).contains("Nobody has signed in for the site demo"));
    let said = told(&world.run(&["site", "sign-in", "nobody", "--config", "sealpost.toml"]));
    assert!(said.contains("nobody is not the name of a site"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_account_has_tokens_of_its_own() {
    let (world, server) = start("client_credentials").await;
    let said = told(&world.run(&["site", "sign-in", "demo", "--config", "sealpost.toml"]));
    assert!(said.contains("nobody signs in for demo"), "{said}");
    let mut gateway = world.home.start();
    hand_in(&world, "printer").await;
    wait_for_issues(&mut gateway, &world, &["printer"]);
    let asked = server.script().asked_by("client_credentials");
    assert_eq!(asked.len(), 1, "a token serves many requests");
    assert_eq!(asked[0]["scope"], "read:jira-work write:jira-work read:jira-user");
    // Its secret ends.
    server.script().client_secret = "another".into();
    let said = check(&world);
    assert!(said.contains("SP-0422") && said.contains("invalid_client"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_of_a_site_s_tokens_are_told() {
    let (mut world, _server) = start("person").await;
    let mut said = |key: &str, value: &str| {
        world.home.settings.set("[[site]]", key, quoted(value));
        let said = check(&world);
        world.home.settings.remove("[[site]]", key);
        said
    };
    assert!(said("api_base", "https://demo.example").contains("stands beside oauth = \"person\""));
    assert!(said("account", "bot@example.org").contains("stands beside oauth"));
    assert!(said("dialect", "jira_data_center").contains("is for Jira Cloud"));
    world.home.settings.remove("[[site]]", "oauth");
    assert!(check(&world).contains("is for sites with oauth"));

    let mut world = World::start().await;
    let mut said = |key: &str, value: &str| {
        world.home.settings.set("[[site]]", key, quoted(value));
        check(&world)
    };
    let gateway = "write \"https://api.atlassian.com/ex/jira/CLOUD-ID\"";
    let told = said("api_base", "https://api.atlassian.com/");
    assert!(told.contains("is the gateway without the site") && told.contains(gateway), "{told}");
    world.home.settings.set("[[site]]", "api_base", quoted("https://demo.atlassian.net"));
    world.home.settings.set("[[site]]", "browse_base", quoted("https://demo.atlassian.net/"));
    world.home.settings.set("[[site]]", "account", quoted("bot@serviceaccount.atlassian.com"));
    let told = check(&world);
    assert!(told.contains("where service accounts are refused"), "{told}");
    assert!(told.contains("https://demo.atlassian.net/_edge/tenant_info tells the id"), "{told}");
    world.home.settings.remove("[[site]]", "token");
    assert!(check(&world).contains("site[].token: is missing"), "{}", check(&world));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_names_the_gateway_when_a_token_is_refused_at_the_site() {
    let mut world = World::start().await;
    let site = TokenServer::start();
    site.script().pages.insert("/_edge/tenant_info".into(), r#"{"cloudId":"cloud-7"}"#.into());
    let info = r#"{"deploymentType":"Cloud","version":"1001.0.0","baseUrl":"https://demo.example"}"#;
    site.script().pages.insert("/rest/api/3/serverInfo".into(), info.into());
    world.home.settings.set("[[site]]", "api_base", quoted(&site.url));
    let said = check(&world);
    assert!(said.contains("write api_base = \"https://api.atlassian.com/ex/jira/cloud-7\""), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_is_told_ahead() {
    let mut world = World::start().await;
    let expiring = |world: &mut World, days: i64, look: &dyn Fn(&World) -> String| {
        on_one_day(|today| {
            let day = today + jiff::Span::new().days(days);
            world.home.settings.set("[[site]]", "token_expires", quoted(&day.to_string()));
            look(world)
        })
    };
    let said = expiring(&mut world, 5, &check);
    assert!(said.contains("works       site demo, token: it ends in 4 days; make a new one"), "{said}");
    let left = expiring(&mut world, 5, &|world| {
        let mut gateway = world.home.start();
        let labels = ["site=\"demo\"", "what=\"token\""];
        let name = "sealpost_credential_days_left";
        let metrics = gateway.wait_until("looked at", |metrics| metrics.0.contains(&format!("\n{name}{{")));
        gateway.wait_for_log("what lets the gateway in ends");
        metrics.sum(name, &labels).to_string()
    });
    assert_eq!(left, "4");
    let said = expiring(&mut world, -1, &check);
    assert!(said.contains("DOES NOT    site demo, token: it has ended"), "{said}");
    let said = expiring(&mut world, 400, &check);
    assert!(said.contains("it is good for 399 days"), "{said}");
    for wrong in ["soon", "2027-02-30", "2027-1-31", "2027-01-31T00:00:00"] {
        world.home.settings.set("[[site]]", "token_expires", quoted(wrong));
        assert!(check(&world).contains("is not a day"), "{wrong}: {}", check(&world));
    }
}

/// The site is an app's behind the token server itself, which shows the interface for webhooks of apps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_registers_its_own_webhook_for_the_projects_of_its_mappings() {
    let (mut world, server) = start("person").await;
    let url = super::public::listen(&mut world);
    world.home.settings.set("[[site]]", "oauth_gateway", quoted(&format!("{}/ex/jira", server.url)));
    let file = world.home.file("mappings.toml");
    let mappings = |projects: &str| {
        let text = format!("[[mapping]]\nname = \"m\"\n{projects}addresses = [\"ann@example.org\"]\n");
        std::fs::write(&file, text).unwrap();
    };
    mappings("");
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    assert!(sign_in(&world, &server).0);
    let page = |values: &str| {
        let path = format!("{PATH}/rest/api/3/webhook");
        let answer =
            format!(r#"{{"values":[{values}],"isLast":true,"webhookRegistrationResult":[{{"createdWebhookId":7}}]}}"#);
        let mut script = server.script();
        script.pages.insert(format!("{path}?startAt=0"), answer.clone());
        script.pages.insert(path, answer);
    };
    page("");
    let webhook = |more: &[&str]| {
        let said = world.run(&[&["site", "--config", "sealpost.toml", "webhook", "demo"], more].concat());
        (said.status.success(), told(&said))
    };
    let (well, said) = webhook(&["--register"]);
    assert!(!well && said.contains("--jql"), "Jira has no search for everything: {said}");
    mappings("projects = [\"HR\", \"HELP\"]\n");
    let (well, said) = webhook(&["--register"]);
    assert!(well && said.contains("project in (HELP, HR)") && said.contains("number 7"), "{said}");
    let events = r#"["jira:issue_created","jira:issue_updated","jira:issue_deleted","comment_created","comment_updated","comment_deleted"]"#;
    page(&format!(
        r#"{{"id":7,"url":"{url}/hooks/demo","jqlFilter":"project in (HELP, HR)","events":{events},"expirationDate":4102444800000}}"#
    ));
    let (well, said) = webhook(&[]);
    assert!(
        well && said.contains("is registered and tells of issues and comments of `project in (HELP, HR)`"),
        "{said}"
    );
    let (well, said) = webhook(&["--register"]);
    assert!(!well && said.contains("registered already"), "{said}");
    let (well, said) = webhook(&["--remove"]);
    assert!(well && said.contains("removed: 1"), "{said}");
}
