//! The desk alone: projects of one's own, and what a gateway needs to reach them.

use super::world::{PROGRAM, World, told};
use rig::settings_file::quoted;
use rig::web;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(60);

/// A running desk; killed when the test ends.
struct Alone(Child);

impl Drop for Alone {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn program(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.arg("desk").args(words).current_dir(folder).stdin(Stdio::null());
    command
}

/// Starts it at any port and waits until it has said everything.
fn start(folder: &Path, words: &[&str]) -> (Alone, String) {
    let out = folder.join("out");
    let mut command = program(folder, words);
    let child = command.args(["--port", "0"]).stdout(File::create(&out).unwrap()).stderr(Stdio::null()).spawn();
    let mut desk = Alone(child.unwrap());
    let since = Instant::now();
    loop {
        let text = fs::read_to_string(&out).unwrap();
        if text.contains("Stop with Ctrl-C") {
            return (desk, text);
        }
        assert!(desk.0.try_wait().unwrap().is_none(), "the desk ended: {text}");
        assert!(since.elapsed() < PATIENCE, "the desk does not come up: {text}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The value of a key in what it printed.
fn printed(text: &str, key: &str) -> String {
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap();
    line.split('"').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_tried_against_a_desk_with_projects_of_ones_own() {
    let folder = tempfile::tempdir().unwrap();
    let (desk, text) = start(folder.path(), &["--project", "HR", "--project", "IT"]);
    let mut world = World::start().await;
    for key in ["api_base", "browse_base", "account", "token"] {
        world.home.settings.set("[[site]]", key, quoted(&printed(&text, key)));
    }
    let profile = world.home.file("profile.toml");
    let of = |key: &str| format!("[default]\nproject = {key:?}\nissue_type = \"Task\"\n");
    fs::write(&profile, of("HR") + "[[mapping]]\nname = \"it\"\nproject = \"IT\"\n").unwrap();
    let check = || world.run(&["check", "--config", "sealpost.toml"]);
    let checked = check();
    let said = told(&checked);
    assert!(checked.status.success() && said.contains("project HR: ") && said.contains("project IT: "), "{said}");
    fs::write(&profile, of("DEMO")).unwrap();
    assert!(told(&check()).contains("DOES NOT    site demo, project DEMO: it is not there"), "it has no other project");

    let second = program(folder.path(), &["--project", "HR"]).output().unwrap();
    assert_eq!(second.status.code(), Some(1), "{}", told(&second));
    drop(desk);
    let wrong = program(folder.path(), &["--project", "hr", "--port", "0"]).output().unwrap();
    assert!(wrong.status.code() == Some(1) && told(&wrong).contains("--project \"hr\": "), "{}", told(&wrong));
    assert_eq!(
        program(folder.path(), &[]).output().unwrap().status.code(),
        Some(2),
        "a desk without projects is of no use"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_desk_plays_data_center_and_somebody_works_there() {
    let folder = tempfile::tempdir().unwrap();
    let (_desk, text) = start(folder.path(), &["--project", "HR", "--data-center"]);
    assert!(!text.contains("account = "), "its token goes alone: {text}");
    let mut world = World::start().await;
    for key in ["dialect", "api_base", "browse_base", "token"] {
        world.home.settings.set("[[site]]", key, quoted(&printed(&text, key)));
    }
    world.home.settings.remove("[[site]]", "account");
    fs::write(world.home.file("profile.toml"), "[default]\nproject = \"HR\"\nissue_type = \"Task\"\n").unwrap();
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(checked.status.success() && told(&checked).contains("project HR: "), "{}", told(&checked));
    let token = printed(&text, "token");
    let token = fs::read_to_string(token.trim_start_matches("file:")).unwrap();
    let authorization = format!("Authorization: Bearer {}", token.trim());
    let page = web::get(
        &format!("{}/rest/api/2/group/member?groupname=agents", printed(&text, "api_base")),
        &[authorization.as_str()],
    );
    assert!(page.status == 200 && page.body.contains("Desk agent"), "{}", page.body);

    let demo = program_demo(folder.path());
    assert!(told(&demo).contains("the desk (`sealpost desk`) is running in sealpost-desk"), "{}", told(&demo));
}

/// A demo in the folder of the desk.
fn program_demo(folder: &Path) -> std::process::Output {
    let words = ["demo", "--data", "sealpost-desk"];
    Command::new(PROGRAM).args(words).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}
