//! The words of letters: each `cases/letters/THEME-LANGUAGE.txt` says in its first line why it exists and holds the subject and text of a
//! letter of each kind. `BLESS=1` writes what is found; look at the difference before committing it.

use crate::{html, letter, templated, text};
use policy::event::EventKind;
use policy::template::view::{Offer, Said};
use policy::template::{
    LANGUAGES, LOGO, MadeBy, Order, Part, REFUSED, Template, Templates, Theme, Trouble, View, render, samples,
};
use std::fmt::Write;
use std::path::Path;

#[test]
fn each_theme_says_its_letters_in_each_language() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/letters");
    for theme in Theme::ALL {
        for words in LANGUAGES {
            let path = folder.join(format!("{}-{}.txt", theme.word(), words.language));
            let case = std::fs::read_to_string(&path).unwrap_or_default();
            let why = case.lines().next().unwrap_or("What the letters of this theme say.");
            let mut found = format!("{why}\n");
            for kind in EventKind::ALL {
                let letter = letter(theme, samples::view(kind, words.language));
                let _ = write!(found, "=== {}\n{}\n\n{}", kind.word(), letter.subject.as_str(), letter.text);
            }
            if std::env::var_os("BLESS").is_some() {
                std::fs::write(&path, &found).unwrap();
            }
            assert_eq!(found, std::fs::read_to_string(&path).unwrap(), "{} (BLESS=1 writes it anew)", path.display());
        }
    }
}

#[test]
fn the_page_says_what_the_text_says() {
    for theme in Theme::ALL {
        for kind in EventKind::ALL {
            let letter = letter(theme, samples::view(kind, "en"));
            for words in
                ["NORTH-41", "Printer on the second floor", "No more mail about this issue", "Sent for North Support"]
            {
                assert!(letter.html.contains(words) && letter.text.contains(words), "{theme:?} {kind:?}: {words}");
            }
            assert!(letter.html.contains("href=\"https://mail.example.org/u/kq3f7v\""), "{theme:?}");
            assert!(letter.html.contains("prefers-color-scheme: dark"), "{theme:?} is light only");
            assert!(letter.html.contains("style=\"margin"), "{theme:?} has no style in its elements");
            assert_eq!(letter.made_by, MadeBy::Theme);
        }
    }
}

#[test]
fn what_one_click_does_stands_where_the_theme_or_a_template_puts_it() {
    let view = || samples::view(EventKind::Updated, "en");
    let (reopen, rate) =
        ("https://mail.example.org/links/reopen-kq3f7v", "https://mail.example.org/links/rate-5-kq3f7v");
    for theme in Theme::ALL {
        let made = letter(theme, view());
        assert!(made.text.contains(&format!("\nIt still happens: {reopen}\n")), "{}", made.text);
        assert!(made.html.contains(&format!("href=\"{reopen}\"")) && made.html.contains(">It still happens</a>"));
        let at = |words: &str| made.html.find(words).unwrap();
        assert!(at(reopen) < at(rate), "{theme:?}: in the order of the mapping");
        let without = letter(theme, View { offers: vec![], ..view() });
        assert!(!without.html.contains("class=\"offer") && !without.text.contains("/links/"), "{theme:?}");
    }
    let one = templated(
        html(
            "<p>{{ sets.reopen.question }} <a href=\"{{ sets.reopen.url }}\">{{ sets.reopen.label }}</a></p>{% if sets.gone %}x{% endif %}",
        ),
        view(),
    );
    assert_eq!(one.made_by, MadeBy::Template);
    assert!(
        one.html.contains("Open your request again? <a href=\"https://mail") && !one.html.contains(rate),
        "{}",
        one.html
    );
    let all =
        templated(text("{{ blocks.sets() }}{% for one in offers %}\n{{ sets[one.name].url }}{% endfor %}"), view());
    assert!(
        all.text.contains(&format!("\n{reopen}\n{rate}\n")) && all.text.contains("It still happens: "),
        "{}",
        all.text
    );
    let gone = templated(text("{{ sets.gone.url }}"), view());
    assert!(matches!(gone.made_by, MadeBy::ThemeInstead(_)), "a set that is not there gives way to the theme");
    let offers =
        vec![Offer { link: "javascript:alert(1)".into(), name: "x".into(), label: "x".into(), ..Offer::default() }];
    assert!(!letter(Theme::Desk, View { offers, ..view() }).html.contains("javascript"));
}

#[test]
fn pictures_that_are_shown_are_named_to_go_along() {
    let of = |theme: Theme, kind: EventKind| letter(theme, samples::view(kind, "en")).content_ids;
    let logo = [LOGO.content_id.as_ref()];
    assert_eq!(of(Theme::Tracker, EventKind::Commented), logo);
    assert_eq!(of(Theme::Desk, EventKind::Created), logo, "each once");
    assert_eq!(of(Theme::Plain, EventKind::Commented), [""; 0]);
}

/// A comment can name any picture; only what the view brings goes along because the HTML shows it.
#[test]
fn what_people_wrote_brings_no_part_along() {
    let mut view = samples::view(EventKind::Created, "en");
    view.brand.logo = None;
    let source = "<img src=\"cid:other@x.example\">{% for file in happenings[0].files %}<img src=\"cid:{{ file.picture }}\">{% endfor %}";
    let made = templated(html(source), view.clone());
    assert_eq!((made.made_by, made.content_ids), (MadeBy::Template, vec![LOGO.content_id.clone().into_owned()]));
    view.happenings[0].files.clear();
    assert_eq!(templated(html("<img src=\"cid:other@x.example\">"), view).content_ids, [""; 0]);
}

#[test]
fn a_template_takes_the_place_of_one_part_within_its_theme() {
    let view = || samples::view(EventKind::Commented, "de");
    let own = letter(Theme::Plain, view());
    let made = templated(html("<p class=\"quiet\">{{ issue.key|lower }}</p>{{ blocks.history() }}"), view());
    assert_eq!(made.made_by, MadeBy::Template);
    assert_eq!((&made.subject, &made.text), (&own.subject, &own.text));
    assert!(made.html.contains(">north-41</p>") && made.html.contains("Frühere Kommentare"), "{}", made.html);
    assert!(made.html.contains("color: #59636e") || made.html.contains("color:#59636e"), "its class has a colour");
    assert!(made.html.contains("Keine Mail mehr zu diesem Vorgang"), "the footer is the theme's");
    let made = templated(text("{% for h in happenings %}{{ h.who|upper }}{% endfor %}"), view());
    assert!(made.text.contains("\n\nADA LINDQVIST\n\n---"), "{}", made.text);
    let subject = Template { subject: Some("a\r\n {{ issue.key }}\tb\u{2028}".into()), ..Template::default() };
    assert_eq!(templated(subject, view()).subject.as_str(), "a NORTH-41 b");
}

#[test]
fn a_template_that_fails_or_says_nothing_gives_way_and_the_letter_says_so() {
    let view = || samples::view(EventKind::Commented, "en");
    let own = letter(Theme::Plain, view());
    let nothing = [html("  <p> </p>"), html("{% if false %}x{% endif %}"), text("{{ issue.priority and '' }}")];
    for (template, part) in nothing.into_iter().zip([Part::Html, Part::Html, Part::Text]) {
        let made = templated(template, view());
        assert_eq!(made.made_by, MadeBy::ThemeInstead(Trouble::Nothing { part }));
        assert_eq!((made.subject, made.text, made.html), (own.subject.clone(), own.text.clone(), own.html.clone()));
    }
    for (source, told) in [
        ("a\n{{ issue.kye.x }}", "line 2: undefined value"),
        ("{{ issue.kye }}", "undefined value"),
        ("{{ issue.key|safe }}", "unknown filter"),
        ("{{ issue.key", "syntax error"),
        ("{% if %}", "syntax error"),
        ("x\n{% macro a() %}{% endmacro %}", "line 2: {% macro %} is for themes alone"),
    ] {
        let MadeBy::ThemeInstead(trouble) = templated(html(source), view()).made_by else {
            panic!("{source} was made")
        };
        assert!(matches!(trouble, Trouble::Failed { part: Part::Html, .. }), "{trouble:?}");
        assert!(trouble.to_string().contains(told), "{source}: {trouble}");
    }
}

/// The footer says why somebody gets the letter and how to end it; a template may neither swallow it nor close what it stands in.
#[test]
fn a_template_does_not_reach_beyond_its_place() {
    let seen = |html: &str| {
        let mail = format!("From: a@example.org\r\nContent-Type: text/html; charset=utf-8\r\n\r\n{html}");
        mail::read(mail.as_bytes(), &mail::Limits::default()).message.text
    };
    for source in [
        "seen<!--",
        "seen<!-- [if mso]>",
        "seen<div title=\"",
        "seen<b",
        "seen</div></td></tr></table></div></body></html><!--",
        "seen<table><tr><td><div style=\"display:none\">",
        "seen<a href=x><font color=red><ul><li>",
        "seen<![CDATA[",
        "seen<?x ",
        "seen<!--[if mso]></td></tr></table><table style=\"display:none\"><tr><td><![endif]-->",
        "seen<i title=\"<!--\"></i><i title=\"-->\"></div></div></i>",
    ] {
        for theme in Theme::ALL {
            let view = samples::view(EventKind::Commented, "en");
            let made = render(Order { theme, template: Some(html(source)), view, ..Order::default() }).unwrap();
            assert_eq!(made.made_by, MadeBy::Template, "{source}");
            assert!(!made.html.contains("seen<!--"), "{source}: {}", made.html);
            let seen = seen(&made.html);
            assert!(seen.contains("seen") && seen.contains("No more mail about this issue"), "{source}: {seen}");
            assert!(seen.contains("Why you get this mail"), "{source}: {seen}");
        }
    }
    for name in REFUSED {
        let made = templated(html(&format!("x<{}>", name.to_uppercase())), samples::view(EventKind::Worked, "en"));
        let MadeBy::ThemeInstead(trouble) = made.made_by else { panic!("{name} was written") };
        assert!(trouble.to_string().contains(&format!("<{name}> may not stand in a letter")), "{trouble}");
    }
}

#[test]
fn the_tables_of_a_tenant_reach_the_kinds_that_they_name() {
    let templates = Templates::from_toml("[worked]\ntext = '{{ happenings|length }} worked'\n").unwrap();
    assert_eq!(templates.of(EventKind::Commented), None);
    let made = templated(templates.of(EventKind::Worked).unwrap().clone(), samples::view(EventKind::Worked, "en"));
    assert!(made.text.contains("1 worked"), "{}", made.text);
}

/// That a value is withheld is not that there is none.
#[test]
fn a_letter_that_withholds_says_that_something_changed_and_not_to_what() {
    for theme in Theme::ALL {
        let mut view = samples::view(EventKind::Updated, "en");
        view.happenings[0].changes.retain(|change| change.field == "assignee");
        view.withheld = true;
        let letter = letter(theme, view);
        for said in [&letter.text, &letter.html] {
            assert!(said.contains("Ada Lindqvist changed this issue"), "{theme:?}: {said}");
            assert!(!said.contains("removed the assignee") && !said.contains("empty"), "{theme:?}: {said}");
        }
        assert!(letter.text.contains("Assignee: Protected: read it in the issue. -> Protected"), "{}", letter.text);
    }
}

/// What came in sealed goes out by plain mail without a word of it (SEC-15).
#[test]
fn sec_15_a_letter_that_withholds_says_nothing_that_a_person_wrote() {
    const PLANTED: &str = "planted-secret";
    for theme in Theme::ALL {
        for kind in EventKind::ALL {
            let mut view = samples::view(kind, "en");
            let said = || Said { html: policy::template::SafeHtml::of(PLANTED), text: PLANTED.into() };
            view.issue.summary = PLANTED.into();
            view.issue.description = Some(said());
            view.earlier.iter_mut().for_each(|earlier| earlier.said = said());
            for happening in &mut view.happenings {
                happening.changes.iter_mut().for_each(|change| change.to = Some(PLANTED.into()));
                // That a letter did not arrive nobody wrote but we.
                if kind != EventKind::Returned {
                    happening.comment.iter_mut().for_each(|comment| comment.said = said());
                }
                happening.work.iter_mut().for_each(|work| work.said = Some(said()));
                happening.files.iter_mut().for_each(|file| file.name = PLANTED.into());
            }
            view.withheld = true;
            let letter = letter(theme, view);
            let whole = format!("{}{}{}", letter.subject.as_str(), letter.text, letter.html);
            assert!(!whole.contains(PLANTED), "{theme:?} {kind:?}: {whole}");
            assert!(whole.contains("Protected: read it in the issue."), "{theme:?} {kind:?}");
            assert_eq!(whole.contains("/browse/NORTH-41"), kind != EventKind::Deleted, "{theme:?} {kind:?}");
        }
    }
}
