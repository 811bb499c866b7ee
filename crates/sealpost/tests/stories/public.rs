//! The public listener of the real program: off unless it is set, apart from everything else, and refused when it is not safe.

use super::world::{World, told};
use rig::settings_file::quoted;
use rig::{port, web};

/// Sets a public listener on loopback; its base.
pub fn listen(world: &mut World) -> String {
    let address = port::free().to_string();
    world.home.settings.set("[public]", "listen", quoted(&address));
    format!("http://{address}")
}

/// The token of the first link in a text that begins with this prefix. Panics when there is none.
pub fn token_behind<'t>(text: &'t str, prefix: &str) -> &'t str {
    let (_, rest) = text.split_once(prefix).unwrap_or_else(|| panic!("no {prefix} in {text}"));
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"-_".contains(c));
    &rest[..end.unwrap_or(rest.len())]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_listener_serves_nothing_of_the_console() {
    let mut world = World::start().await;
    let base = listen(&mut world);
    let gateway = world.home.start();
    assert_eq!(web::get(&format!("{base}/robots.txt"), &[]).status, 200);
    for path in ["", "messages", "sign-in", "metrics", "live", "ready"] {
        assert_eq!(web::get(&format!("{base}/{path}"), &[]).status, 404, "{path}");
    }
    drop(gateway);
    let console_alone = world.home.command(&["serve", "--config", "sealpost.toml", "--role", "console"]);
    let mut gateway = world.home.run(console_alone);
    gateway.wait_until_ready().unwrap();
    assert!(web::try_get(&format!("{base}/robots.txt"), &[]).is_err(), "another process has the public listener");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_public_listener_that_is_not_safe_is_refused() {
    for (values, key, words) in [
        (vec![("listen", "0.0.0.0:8443")], "public.listen", "no certificate"),
        (vec![("listen", "0.0.0.0:8443")], "public.url", "is missing"),
        (vec![("listen", "127.0.0.1:8443"), ("url", "http://mail.example.org")], "public.url", "in clear"),
        (vec![("listen", "127.0.0.1:8443"), ("url", "https://mail.example.org/x")], "public.url", "more than the name"),
        (vec![("listen", "127.0.0.1:8443"), ("url", "http://localhost.evil.example")], "public.url", "in clear"),
        (vec![("url", "https://mail.example.org")], "public.url", "without public.listen"),
    ] {
        let mut world = World::start().await;
        for (name, value) in &values {
            world.home.settings.set("[public]", name, quoted(value));
        }
        let checked = world.run(&["check", "--config", "sealpost.toml"]);
        assert_eq!(checked.status.code(), Some(1), "{}", told(&checked));
        let said = told(&checked);
        let line = said.lines().find(|line| line.contains(key) && line.contains(words));
        assert!(line.is_some(), "{key} {words}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn names_on_loopback_and_behind_a_proxy_are_right() {
    for url in
        ["https://mail.example.org", "https://mail.example.org:8443/", "http://localhost:8443", "http://[::1]:80"]
    {
        let mut world = World::start().await;
        listen(&mut world);
        world.home.settings.set("[public]", "url", quoted(url));
        world.home.settings.set("[public]", "proxies", "[\"127.0.0.1\"]");
        let checked = world.run(&["check", "--config", "sealpost.toml"]);
        assert!(checked.status.success(), "{url}: {}", told(&checked));
    }
}
