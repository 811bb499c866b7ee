//! A gateway in a network that holds nothing but loopback works, and tries to reach nothing else (PRIV-32).

use super::mails;
use super::world::World;
use std::process::{Command, Stdio};

/// Says that this process is the one inside the empty network.
const INSIDE: &str = "RIG_INSIDE_EMPTY_NETWORK";
const THIS_TEST: &str = "stories::seclusion::priv_32_nothing_is_reached_but_the_site";

/// Starts itself again in a network of its own in which only loopback is up, and tells the story there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_32_nothing_is_reached_but_the_site() {
    if std::env::var_os(INSIDE).is_some() {
        return inside().await;
    }
    let may_unshare = Command::new("unshare").args(["-n", "true"]).stderr(Stdio::null()).status();
    if !may_unshare.is_ok_and(|status| status.success()) {
        rig::shared::not_run(THIS_TEST, "unshare -n, which needs root");
        return;
    }
    let mut again = Command::new("unshare");
    again.args(["-n", "sh", "-c", "ip link set lo up && exec \"$0\" --exact \"$1\" --nocapture"]);
    again.arg(std::env::current_exe().unwrap()).arg(THIS_TEST).env(INSIDE, "1");
    let output = again.output().unwrap();
    assert!(output.status.success(), "{}", super::world::told(&output));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{}", super::world::told(&output));
}

async fn inside() {
    let interfaces = std::fs::read_dir("/sys/class/net").map(Iterator::count);
    let routes = std::fs::read_to_string("/proc/net/route").unwrap();
    assert_eq!(routes.lines().count(), 1, "only the heading: {routes} ({interfaces:?} interfaces)");
    let world = World::start().await;
    let mut gateway = world.home.start();
    let mail =
        mails::with_files("a@example.org", "The printer burns", "See http://pictures.example/1.png", &[("f", 9)]);
    world.hand_in(&mail).await.unwrap();
    gateway.wait_until_quiet();
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(checked.status.success(), "{}", super::world::told(&checked));
    assert_eq!(world.issues().len(), 1);
    assert_eq!(no_routes(), 0, "somebody tried to reach an address outside");

    // The counter is one that counts: an attempt of our own is seen.
    assert!(std::net::TcpStream::connect("192.0.2.1:80").is_err());
    assert!(no_routes() > 0);
}

/// Packets of this network that had nowhere to go, IPv4 and IPv6 (RFC 4293, `ipSystemStatsOutNoRoutes`).
fn no_routes() -> u64 {
    let text = std::fs::read_to_string("/proc/net/snmp").unwrap();
    let mut lines = text.lines().filter(|line| line.starts_with("Ip:"));
    let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
    let mut pairs = names.split(' ').zip(values.split(' '));
    let (_, v4) = pairs.find(|(name, _)| *name == "OutNoRoutes").unwrap();
    let six = std::fs::read_to_string("/proc/net/snmp6").unwrap_or_default();
    let v6 = six.lines().find_map(|line| line.strip_prefix("Ip6OutNoRoutes")).map_or("0", str::trim);
    v4.parse::<u64>().unwrap() + v6.parse::<u64>().unwrap()
}
