//! What letters about events look like: the preview of every theme, kind and language in a real browser, light and dark, wide and narrow.

use super::world::{PROGRAM, lines, told};
use data_encoding::BASE64;
use rig::webdriver::Browser;
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

/// A folder that is given here gets a picture of every letter.
const PICTURES: &str = "SEALPOST_PICTURES";
const LOOKS: [(u32, &str); 4] = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")];

fn preview(folder: &Path, words: &[&str]) -> Output {
    Command::new(PROGRAM).args(["letter", "preview", "--out"]).arg(folder).args(words).output().unwrap()
}

/// Words whose contrast with the ground behind them is below that of WCAG 2.2, 1.4.3 (level AA).
const FAINT: &str = "
    const parts = text => (text.match(/[\\d.]+/g) ?? []).map(Number);
    const ground = at => {
        for (; at; at = at.parentElement) {
            const [r, g, b, a] = parts(getComputedStyle(at).backgroundColor);
            if (a !== 0) return [r, g, b];
        }
        return [255, 255, 255];
    };
    const channel = c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b) + 0.05;
    const faint = [];
    const words = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
        const at = words.currentNode.parentElement;
        if (!words.currentNode.data.trim() || !at.getClientRects().length) continue;
        const [ink, paper] = [light(parts(getComputedStyle(at).color)), light(ground(at))];
        const contrast = Math.max(ink, paper) / Math.min(ink, paper);
        if (contrast < 4.5) faint.push(`${words.currentNode.data.trim().slice(0, 40)}: ${contrast.toFixed(2)}`);
    }
    return faint";

/// What a letter lacks for those who do not see it, or see it with pictures off.
const LACKS: &str = "
    const lacks = [];
    if (!document.documentElement.lang) lacks.push('language');
    if (document.querySelectorAll('h1').length !== 1) lacks.push('one main heading');
    for (const image of document.querySelectorAll('img')) {
        if (!image.hasAttribute('alt')) lacks.push('words for ' + image.src);
        if (!image.naturalWidth) lacks.push('the picture ' + image.src);
    }
    for (const table of document.querySelectorAll('table')) if (!table.getAttribute('role')) lacks.push('role of a table');
    for (const link of document.querySelectorAll('a')) if (!link.innerText.trim()) lacks.push('words of ' + link.href);
    if (document.scripts.length) lacks.push('peace: it has scripts');
    return lacks";

#[tokio::test]
async fn every_letter_can_be_read_in_light_and_dark_wide_and_narrow() {
    let folder = tempfile::tempdir().unwrap();
    let output = preview(folder.path(), &[]);
    assert!(output.status.success(), "{}", told(&output));
    let letters = lines(&output);
    assert_eq!(letters.len(), 3 * 12 * 2, "themes, kinds, languages");
    let browser = Browser::start().await;
    for letter in &letters {
        let file = letter["files"][2].as_str().unwrap();
        let name = Path::new(file).file_stem().unwrap().to_str().unwrap();
        for (width, scheme) in LOOKS {
            browser.look(width, scheme).await;
            browser.open(&format!("file://{file}")).await;
            assert_looks_right(&browser, width, &format!("{name}-{width}-{scheme}")).await;
        }
        assert_eq!(browser.run(LACKS).await, json!([]), "{name}");
        let shown = browser.run("return document.body.innerText").await;
        assert!(shown.as_str().unwrap().contains("NORTH-41"), "{name}: {shown}");
    }
    browser.close().await;
}

/// Whether whatever the browser shows fits and can be read; a picture of it is kept as those of letters are.
pub async fn assert_looks_right(browser: &Browser, width: u32, name: &str) {
    let wide = browser.run("return document.documentElement.scrollWidth").await.as_u64().unwrap();
    assert!(wide <= u64::from(width), "{name} is {wide} wide in {width}");
    assert_eq!(browser.run(FAINT).await, json!([]), "{name}");
    keep_picture(browser, name).await;
}

async fn keep_picture(browser: &Browser, name: &str) {
    if let Some(folder) = std::env::var_os(PICTURES) {
        let picture = BASE64.decode(browser.picture().await.as_bytes()).unwrap();
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
    }
}

/// Words without a space, wide tables and many of everything: what people write is no sample.
#[tokio::test]
async fn a_letter_of_wide_words_fits_a_telephone() {
    let folder = tempfile::tempdir().unwrap();
    let mut view = policy::template::samples::view(policy::event::EventKind::Updated, "de");
    let wide = "unbroken".repeat(40);
    let html =
        format!("<p>{wide}</p><pre>{wide}</pre><table><tr><td>{wide}</td><td>a</td><td>{wide}</td></tr></table>");
    let said = policy::template::view::Said { html: policy::template::SafeHtml::of(&html), text: wide.clone() };
    for text in [&mut view.issue.summary, &mut view.issue.kind, &mut view.issue.status, &mut view.brand.name] {
        wide.clone_into(text);
    }
    view.issue.assignee = Some(wide.clone());
    view.offers[0].label.clone_from(&wide);
    view.reason = policy::template::view::Reason::Role(wide.clone());
    view.earlier[0].said = said.clone();
    view.earlier[0].who.clone_from(&wide);
    let happening = &mut view.happenings[0];
    happening.comment = Some(policy::template::view::Comment { said, internal: true });
    happening.who.clone_from(&wide);
    for change in &mut happening.changes {
        (change.name, change.from, change.to) = (wide.clone(), Some(wide.clone()), Some(wide.clone()));
    }
    let file = folder.path().join("view.json");
    std::fs::write(&file, serde_json::to_string(&view).unwrap()).unwrap();
    let output = preview(folder.path(), &["--view", &file.display().to_string()]);
    assert!(output.status.success(), "{}", told(&output));
    let browser = Browser::start().await;
    for letter in lines(&output) {
        let theme = letter["theme"].as_str().unwrap();
        browser.open(&format!("file://{}", letter["files"][2].as_str().unwrap())).await;
        for (width, scheme) in LOOKS {
            browser.look(width, scheme).await;
            let found = browser.run("return document.documentElement.scrollWidth").await.as_u64().unwrap();
            assert!(found <= u64::from(width), "{theme} is {found} wide in {width}");
            assert_eq!(browser.run(FAINT).await, json!([]), "{theme} {width} {scheme}");
            keep_picture(&browser, &format!("wide-{theme}-{width}-{scheme}")).await;
        }
    }
    browser.close().await;
}

#[test]
fn a_preview_is_made_of_ones_own_template_and_view() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let template = file("mine.toml", "[commented]\ntext = \"{{ (happenings|first).who }} wrote\"\n");
    let view = file(
        "view.json",
        r#"{"issue": {"key": "EAST-7", "summary": "{{ 7*7 }}"}, "happenings": [{"kind": "commented", "who": "Ann",
            "comment": {"said": {"html": "<p onclick=x()>hi</p><script>y()</script>", "text": "hi"}}}]}"#,
    );
    let words = ["--theme", "desk", "--template", &template, "--view", &view];
    let out = folder.path().join("out/deep");
    let output = preview(&out, &words);
    assert!(output.status.success(), "{}", told(&output));
    let [line] = lines(&output).try_into().unwrap();
    assert_eq!((&line["made_by"], &line["subject"]), (&json!("template"), &json!("[EAST-7] {{ 7*7 }}")));
    let read = |at: usize| std::fs::read_to_string(line["files"][at].as_str().unwrap()).unwrap();
    assert_eq!(read(0), "[EAST-7] {{ 7*7 }}\n");
    assert!(read(1).contains("\nAnn wrote\n"), "{}", read(1));
    assert!(read(2).contains("hi</p>") && !read(2).contains("onclick") && !read(2).contains("<script"), "{}", read(2));
}

#[test]
fn the_examples_of_the_manual_are_a_template_and_a_view() {
    let manual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/templates.md");
    let manual = std::fs::read_to_string(manual).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let example = |form: &str| {
        let file = folder.path().join(format!("example.{form}"));
        let text = manual.split(&format!("```{form}\n")).nth(1).unwrap().split("```").next().unwrap();
        std::fs::write(&file, text).unwrap();
        file
    };
    let view = example("json");
    let output = preview(folder.path(), &["--theme", "desk", "--view", &view.display().to_string()]);
    assert!(output.status.success(), "{}", told(&output));
    assert_eq!(lines(&output)[0]["kind"], "updated");
    let template = example("toml");
    let output = preview(folder.path(), &["--theme", "tracker", "--template", &template.display().to_string()]);
    assert!(output.status.success(), "{}", told(&output));
    let made: Vec<Value> = lines(&output).into_iter().filter(|line| line["made_by"] == "template").collect();
    assert_eq!(made.len(), 2, "one for each language: {made:?}");
    assert!(made.iter().all(|line| line["kind"] == "commented" && line["subject"] == "NORTH-41: Ada Lindqvist"));
}

#[test]
fn a_preview_tells_of_a_template_that_gave_way() {
    let folder = tempfile::tempdir().unwrap();
    let template = folder.path().join("mine.toml");
    let with = |text: &str| {
        std::fs::write(&template, text).unwrap();
        preview(folder.path(), &["--theme", "plain", "--template", &template.display().to_string()])
    };
    let output = with("[worked]\nhtml = \"\"\"\n{% if false %}x{% endif %}\"\"\"\n");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let gave_way: Vec<Value> = lines(&output).into_iter().filter(|line| line["made_by"] == "theme_instead").collect();
    assert_eq!(gave_way.len(), 2, "one for each language");
    assert_eq!(gave_way[0]["why"], "[worked]: the html of the template is empty");
    let output = with("[worked]\nhtml = '{% include \"x\" %}'\n");
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(told(&output).contains("{% include %} is for themes alone"), "{}", told(&output));
    assert_eq!(preview(folder.path(), &["--theme", "fancy"]).status.code(), Some(2));
}
