//! Templates that would never end or write without end: what the machine itself stops. What only a cell stops is tried there.

use crate::{html, letter, templated, text};
use policy::event::EventKind;
use policy::template::view::{Comment, Said};
use policy::template::{HTML_BYTES_MAX, MadeBy, SafeHtml, Theme, Trouble, samples};

/// Each of these ends by itself, and the letter is the theme's.
#[test]
fn sec_31_loops_and_floods_end() {
    let view = samples::view(EventKind::Commented, "en");
    let ten = "[1,2,3,4,5,6,7,8,9,0]";
    let loops = |depth: usize, inner: &str| {
        let open: String = (0..depth).map(|n| format!("{{% for a{n} in {ten} %}}")).collect();
        format!("{open}{inner}{}", "{% endfor %}".repeat(depth))
    };
    for (source, is_too_much) in [
        (loops(9, ""), true),
        (loops(4, &"{{ words.marker }}".repeat(8)), true),
        (loops(3, &"x".repeat(4000)), true),
        ("{{ range(1000000000) }}".to_owned(), false),
        ("{{ '%0999999999d'|format(1) }}".to_owned(), false),
        ("{{ 'a'|indented(999999999) }}".to_owned(), false),
        ("{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}".to_owned(), false),
        (format!("{}x{}", "{% if true %}".repeat(2000), "{% endif %}".repeat(2000)), false),
        (format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000)), false),
    ] {
        for template in [html(&source), text(&source)] {
            let made = templated(template, view.clone());
            let MadeBy::ThemeInstead(trouble) = made.made_by else { panic!("{source:.60} was made") };
            assert_eq!(matches!(trouble, Trouble::TooMuch { .. }), is_too_much, "{source:.60}: {trouble:?}");
            assert!(matches!(trouble, Trouble::TooMuch { .. } | Trouble::Failed { .. }), "{source:.60}: {trouble:?}");
        }
    }
}

#[test]
fn a_letter_of_everything_at_once_stays_within_its_bounds() {
    let mut view = samples::view(EventKind::Commented, "en");
    let mut happening = view.happenings[0].clone();
    happening.changes = vec![samples::view(EventKind::Updated, "en").happenings[0].changes[0].clone(); 300];
    happening.changes.iter_mut().for_each(|change| change.to = Some("\"".repeat(5_000)));
    happening.files = vec![happening.files[0].clone(); 300];
    let said = Said { html: SafeHtml::of(&"<p>a&lt;</p>".repeat(20_000)), text: "a<\n".repeat(50_000) };
    happening.comment = Some(Comment { said, internal: true });
    view.happenings = vec![happening; 300];
    for (theme, wide) in Theme::ALL.into_iter().flat_map(|theme| ["wide ", "ä", "漢", "𝄞"].map(|wide| (theme, wide)))
    {
        let mut view = view.clone();
        view.subject_prefix = wide.repeat(10_000);
        view.issue.key = wide.repeat(10_000);
        view.issue.summary = wide.repeat(10_000);
        let letter = letter(theme, view);
        assert!(letter.html.len() < HTML_BYTES_MAX && letter.text.len() < HTML_BYTES_MAX / 4, "{}", letter.html.len());
        assert!(letter.text.contains("more: see the issue.") && letter.html.contains("more: see the issue."));
        assert!(letter.subject.as_str().chars().count() <= 251);
    }
}
