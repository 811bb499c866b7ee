//! Templates in cells (SEC-31): a bomb costs its own cell at most, and its letter goes out in the theme's words.

use crate::{Test, run};
use engine::cell::{MEMORY_BYTES_MAX, Renderer, Sandbox, TEMPLATE_CPU_MS_MAX};
use policy::event::EventKind;
use policy::template::{MadeBy, Order, Template, Theme, Trouble, render, samples};
use std::time::{Duration, Instant};

pub const TESTS: &[Test] = &[
    ("a_cell_renders_what_the_library_renders", a_cell_renders_what_the_library_renders),
    ("sec_31_a_bomb_ends_and_its_letter_goes_out", sec_31_a_bomb_ends_and_its_letter_goes_out),
    ("sec_31_a_deep_source_costs_one_cell_at_most", sec_31_a_deep_source_costs_one_cell_at_most),
    ("a_template_that_is_wrong_costs_no_cell", a_template_that_is_wrong_costs_no_cell),
    ("a_letter_that_grows_too_long_goes_out_in_its_themes_words", a_letter_that_grows_too_long),
    ("an_order_of_any_size_is_carried_out", an_order_of_any_size_is_carried_out),
];

/// Far above what the bounds come to, because on a busy machine 100 ms of CPU time can take seconds.
const PATIENCE: Duration = Duration::from_secs(20);

async fn start() -> Renderer {
    let program = std::env::current_exe().unwrap();
    Renderer::new(1, Sandbox::Full, program, vec!["cell".to_owned()])
}

fn order(source: &str) -> Order {
    let template = Some(Template { html: Some(source.to_owned()), ..Template::default() });
    Order { theme: Theme::Tracker, template, view: samples::view(EventKind::Commented, "en"), ..Order::default() }
}

fn a_cell_renders_what_the_library_renders() {
    run(async {
        let renderer = start().await;
        for theme in Theme::ALL {
            for kind in EventKind::ALL {
                let order = Order { theme, template: None, view: samples::view(kind, "de"), ..Order::default() };
                assert_eq!(renderer.render(order.clone()).await.unwrap(), render(order).unwrap());
            }
        }
        let (figures, letters) = (renderer.figures(), Theme::ALL.len() * EventKind::ALL.len());
        assert_eq!((figures.started, figures.died, figures.calls), (1, 0, letters as u64));
    });
}

/// What only a cell stops: little source, little output, and memory or time without end.
fn bombs() -> Vec<(&'static str, String)> {
    let doubled = |step: &str, times: usize| format!("{{% set s = 'aaaa' %}}{}x", step.repeat(times));
    let ten = "[1,2,3,4,5,6,7,8,9,0]";
    vec![
        ("doubled by ~", doubled("{% set s = s ~ s %}", 30)),
        ("doubled by +", doubled("{% set s = s + s %}", 30)),
        ("doubled by capture", doubled("{% set s %}{{ s }}{{ s }}{% endset %}", 30)),
        ("nested lists", doubled("{% set s = [s, s] %}", 30) + "{% set t %}{{ s }}{% endset %}"),
        ("one long text", "{% set s = 'x' * 90000000 %}x".to_owned()),
        (
            "many long texts",
            format!("{}x", (0..20).map(|n| format!("{{% set s{n} = 'x' * 9000000 %}}")).collect::<String>()),
        ),
        (
            "long texts, compared again and again",
            format!(
                "{{% set s = 'x' * 4000000 %}}{0}{0}{0}{{% if s ~ 'a' == s ~ 'b' %}}y{{% endif %}}{1}{1}{1}x",
                format!("{{% for a in {ten} %}}"),
                "{% endfor %}"
            ),
        ),
    ]
}

fn sec_31_a_bomb_ends_and_its_letter_goes_out() {
    run(async {
        let renderer = start().await;
        let own = renderer.render(Order { template: None, ..order("") }).await.unwrap();
        for (name, source) in bombs() {
            let died = renderer.figures().died;
            let begun = Instant::now();
            let letter = renderer.render(order(&source)).await.unwrap();
            assert!(begun.elapsed() < PATIENCE, "{name} took {:?}", begun.elapsed());
            assert_eq!(letter.made_by, MadeBy::ThemeInstead(Trouble::Died), "{name}");
            assert_eq!((&letter.subject, &letter.text, &letter.html), (&own.subject, &own.text, &own.html), "{name}");
            assert_eq!(renderer.figures().died, died + 1, "{name} costs one cell");
            let next = renderer.render(order("<p>{{ issue.key }}</p>")).await.unwrap();
            assert_eq!(next.made_by, MadeBy::Template, "after {name}");
        }
        assert_eq!((MEMORY_BYTES_MAX, TEMPLATE_CPU_MS_MAX), (64 * 1024 * 1024, 100));
    });
}

fn sec_31_a_deep_source_costs_one_cell_at_most() {
    run(async {
        let renderer = start().await;
        for (one, times) in [("-", 60_000), ("not ", 16_000), ("1 + ", 16_000), ("1 if 1 else ", 5_000), ("[", 60_000)]
        {
            let died = renderer.figures().died;
            let letter = renderer.render(order(&format!("{{{{ {}1 }}}}", one.repeat(times)))).await.unwrap();
            let has_died = letter.made_by == MadeBy::ThemeInstead(Trouble::Died);
            assert_eq!(renderer.figures().died, died + u64::from(has_died), "{one}: {:?}", letter.made_by);
            let next = renderer.render(order("<p>{{ issue.key }}</p>")).await.unwrap();
            assert_eq!(next.made_by, MadeBy::Template, "after {one}");
        }
    });
}

fn a_template_that_is_wrong_costs_no_cell() {
    run(async {
        let renderer = start().await;
        for source in ["{{ nothing.at.all }}", "", "{% for", "{% for a in [1] recursive %}{{ loop([1]) }}{% endfor %}"]
        {
            let letter = renderer.render(order(source)).await.unwrap();
            assert!(matches!(letter.made_by, MadeBy::ThemeInstead(_)), "{source:?}: {:?}", letter.made_by);
        }
        assert_eq!((renderer.figures().started, renderer.figures().died), (1, 0));
    });
}

/// What a template writes is within its bound; with the styles of its classes it is not.
fn a_letter_that_grows_too_long() {
    run(async {
        let renderer = start().await;
        let ten = "[1,2,3,4,5,6,7,8,9,0]";
        let loops = format!("{{% for a in {ten} %}}").repeat(4);
        let ends = "{% endfor %}".repeat(4);
        let source = format!("{loops}{}{ends}", "<i class=old>x</i>".repeat(10));
        let letter = renderer.render(order(&source)).await.unwrap();
        assert!(matches!(letter.made_by, MadeBy::ThemeInstead(Trouble::Died | Trouble::TooMuch { .. })));
        assert!(letter.text.contains("NORTH-41"));
    });
}

fn an_order_of_any_size_is_carried_out() {
    run(async {
        let renderer = start().await;
        let mut order = Order { template: None, ..order("") };
        let happening = order.view.happenings[0].clone();
        order.view.happenings = vec![happening; 3_000];
        let wide = "wide ".repeat(1_000_000);
        order.view.issue.summary.clone_from(&wide);
        order.view.site.url = format!("https://{wide}");
        order.view.reason = policy::template::view::Reason::Group(wide.clone());
        order.view.recipient.zone.clone_from(&wide);
        order.view.brand.logo.iter_mut().for_each(|logo| logo.alt.clone_from(&wide));
        order.view.mark = Some(wide);
        let letter = renderer.render(order).await.unwrap();
        assert!(letter.text.contains("2950 more: see the issue."));
        assert_eq!(renderer.figures().died, 0);
    });
}
