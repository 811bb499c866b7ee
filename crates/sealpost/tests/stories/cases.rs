//! A mail becomes a test case of its profile, and a changed profile says which plans it changes.

use super::mails;
use super::world::{World, lines, told};
use rig::settings_file::quoted;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_14_an_anonymous_case_names_nobody_and_is_decided_alike() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let mail =
        mails::with_files("a@example.org", "Ann's printer", "It burns, says Ann <ann@example.org>.", &[("cat", 99)]);
    let id = world.hand_in(&mail).await.unwrap().id().unwrap().to_owned();
    gateway.wait_until_quiet();
    let export = ["message", "--config", "sealpost.toml", "export", &id, "--case", "cases/one", "--anonymous"];
    let output = world.run(&export);
    let said = told(&output);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("of 1 files") && !said.contains("decides otherwise"), "{said}");
    for (written, mode) in [("cases", 0o700), ("cases/one.eml", 0o600), ("cases/one.json", 0o600)] {
        let found = fs::metadata(world.home.file(written)).unwrap().permissions().mode() & 0o777;
        assert_eq!(found, mode, "{written} has mode {found:o}");
    }
    let eml = fs::read(world.home.file("cases/one.eml")).unwrap();
    let reading = mail::read(&eml, &mail::Limits::default());
    let json = fs::read_to_string(world.home.file("cases/one.json")).unwrap();
    let all = format!("{}{json}{:?}", String::from_utf8_lossy(&eml), reading.message).to_lowercase();
    for gone in ["ann@", "example.org", "\"ann\"", "ann's", "127.0.0.1"] {
        assert!(!all.contains(gone), "{gone}:\n{all}");
    }
    assert!(reading.message.text.contains("It burns, says Name1"), "{:?}", reading.message.text);
    let check = world.run(&["profile", "check", "profile.toml", "--cases", "cases"]);
    assert!(check.status.success() && lines(&check)[0]["unchanged"] == true, "{}", told(&check));
    let refused = world.run(&["message", "--config", "sealpost.toml", "export", &id, "--anonymous"]);
    assert_eq!(refused.status.code(), Some(2), "only cases are anonymous: {}", told(&refused));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_14_what_a_file_says_and_what_nobody_knows_is_in_no_anonymous_case() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    let text = "It burns.\nbegin 644 a.csv\n&<V5C<F5T\n`\nend";
    let mail = mails::with_files("a@example.org", "printer", text, &[("secret.txt", 99)]);
    let more = "--cut\r\nContent-Type: text/html\r\n\r\n<p>It burns.<img src='data:image/png;base64,c2VjcmV0'></p>\r\n\
        --cut\r\nContent-Type: text/csv; name=a.csv\r\n\r\nsecret;secret\r\n--cut--";
    let mail = String::from_utf8(mail).unwrap().replace("--cut--", more);
    let mail = mail.replace("MIME-Version", "X-Tenant: secret\r\nX-Gm-State: secret\r\nMIME-Version");
    let id = world.hand_in(mail.as_bytes()).await.unwrap().id().unwrap().to_owned();
    gateway.wait_until_quiet();
    let export = ["message", "--config", "sealpost.toml", "export", &id, "--case", "case", "--anonymous"];
    let said = told(&world.run(&export));
    assert!(said.contains("of 2 files") && said.contains("same shape: X-Tenant"), "{said}");
    let eml = fs::read(world.home.file("case.eml")).unwrap();
    let reading = mail::read(&eml, &mail::Limits::default());
    let contents = reading.message.parts.iter().filter_map(|p| mail::part(&eml, &mail::Limits::default(), &p.path));
    let contents: Vec<u8> = contents.flatten().collect();
    let json = fs::read_to_string(world.home.file("case.json")).unwrap();
    let all = format!("{}{json}{}", String::from_utf8_lossy(&eml), String::from_utf8_lossy(&contents));
    for gone in ["secret", "c2VjcmV0", "<V5C", "X-Gm-State"] {
        assert!(!all.contains(gone), "{gone}:\n{all}");
    }
    assert!(all.contains("It burns.") && all.contains("data:image/png;base64,AAAA"), "{all}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_becomes_a_case_that_notices_other_rules() {
    let world = World::start().await;
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
    world.hand_in(&mails::reply("b@example.org", "a@example.org", "Re: printer", "Still.", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    let folder = world.home.file("cases");
    fs::create_dir(&folder).unwrap();
    for (number, message) in world.messages().iter().enumerate() {
        let id = message["id"].as_str().unwrap();
        let output =
            world.run(&["message", "--config", "sealpost.toml", "export", id, "--case", &format!("cases/{number}")]);
        assert!(output.status.success(), "{}", told(&output));
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 4, "a mail and what is known of it, twice");
    let check = |words: &[&str]| {
        let output = world.run(&[&["profile", "check", "profile.toml", "--cases", "cases"], words].concat());
        (output.status.code(), lines(&output), told(&output))
    };
    let (code, said, told_all) = check(&[]);
    assert_eq!((code, said.len()), (Some(0), 2), "{told_all}");
    assert!(said.iter().all(|case| case["unchanged"] == true), "{said:?}");

    let profile = world.home.file("profile.toml");
    fs::write(&profile, fs::read_to_string(&profile).unwrap().replace("DEMO", "OPS")).unwrap();
    let (code, said, told_all) = check(&[]);
    assert_eq!(code, Some(1), "{told_all}");
    // The reply belongs to its issue whatever the project of new ones is.
    let changed: Vec<_> = said.iter().filter(|case| case["unchanged"] == false).collect();
    assert_eq!(changed.len(), 1, "{said:?}");
    let difference = &changed[0]["changed"][0];
    assert_eq!((&difference["at"], &difference["now"]), (&"steps[0].project".into(), &"OPS".into()));
    assert!(told_all.contains("one plan changed"), "{told_all}");
    assert_eq!((check(&["--accept"]).0, check(&[]).0), (Some(0), Some(0)));

    fs::write(folder.join("broken.json"), "{}").unwrap();
    let (code, said, told_all) = check(&[]);
    assert!(code == Some(1) && told_all.contains("broken.json: is no case: missing field"), "{told_all}");
    assert_eq!(said.len(), 3, "the others are checked all the same");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cases_live_with_their_profile_and_all_run_at_once() {
    let mut world = World::start().await;
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "printer", "It burns.")).await.unwrap();
    gateway.wait_until_quiet();
    let id = world.messages()[0]["id"].as_str().unwrap().to_owned();
    for folder in ["profile.cases", "others"] {
        fs::create_dir(world.home.file(folder)).unwrap();
        let case = format!("{folder}/one");
        let output = world.run(&["message", "--config", "sealpost.toml", "export", &id, "--case", &case]);
        assert!(output.status.success(), "{}", told(&output));
    }
    drop(gateway);
    let profile = fs::read_to_string(world.home.file("profile.toml")).unwrap();
    fs::write(world.home.file("sales.toml"), profile.replace("DEMO", "SALES")).unwrap();
    fs::write(world.home.file("bare.toml"), &profile).unwrap();
    let named = |name: &str| vec![("name", quoted(name)), ("file", quoted(&format!("{name}.toml")))];
    let sales = [named("sales"), vec![("cases", quoted("others"))]].concat();
    world.home.settings.add("[[profile]]", &sales);
    world.home.settings.add("[[profile]]", &named("bare"));
    let output = world.run(&["profile", "check", "--config", "sealpost.toml"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let cases: Vec<serde_json::Value> = said.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let told_of: Vec<_> = cases.iter().map(|case| (case["profile"].as_str(), case["unchanged"].as_bool())).collect();
    assert_eq!(told_of, [(Some("support"), Some(true)), (Some("sales"), Some(false))], "{said}");
    assert!(said.contains("bare.toml: a profile without mistakes"), "{said}");
    assert!(told(&output).contains("one plan changed"), "{}", told(&output));
    let accepted = world.run(&["profile", "check", "--config", "sealpost.toml", "--accept"]);
    assert!(accepted.status.success(), "{}", told(&accepted));
    // A file by itself has its cases beside it; none is needed.
    let alone = world.run(&["profile", "check", "profile.toml", "bare.toml"]);
    assert!(alone.status.success() && told(&alone).contains("profile.cases/one.json"), "{}", told(&alone));
    assert_eq!(world.run(&["profile", "check"]).status.code(), Some(2), "nothing to check");
}
