//! The page of the manual on letters about events, written from the tables that templates are held to.

use policy::event::EventKind;
use policy::template::view::SUMMARY;
use policy::template::{
    BLOCKS, CHANGES_MAX, DEPTH_MAX, EARLIER_MAX, FIELDS, FILES_MAX, FILTERS, FUEL, HAPPENINGS_MAX, HTML_BYTES_MAX,
    LANGUAGES, NAME_CHARS_MAX, NAMES_BYTES_MAX, REFUSED, RESOURCE_BYTES_MAX, RESOURCES_BYTES_MAX, RESOURCES_MAX,
    SAID_BYTES_MAX, SOURCE_BYTES_MAX, STATEMENTS, SUBJECT_BYTES_MAX, TEXT_BYTES_MAX, Theme, WEIGHTIEST_FIRST, samples,
};
use std::fmt::Write;

const OPENING: &str = "\
# Templates: what a letter about events looks like

A letter about events has a subject, a text and an HTML page; the text says in plain words what the page says. A **theme** makes all three; a
**template** of your own takes the place of one or more of them for one kind of letter, and then text and page say what you write into each. Around the text and the HTML the theme always writes the line above
which people answer, why somebody gets the letter, and the links to unsubscribe and to complain: no template can leave them out.

    sealpost letter preview                                    # every theme, kind and language into letter-preview/
    sealpost letter preview --theme desk --template mine.toml  # with templates of your own
    sealpost letter preview --view letter.json --out folder    # with what you want said
    sealpost letter preview --event ID --to ann@example.org    # of an event that was captured, as ann would get it

Each letter becomes `THEME-KIND-LANGUAGE.subject`, `.txt` and `.html`; on standard output there is one JSON object per letter with `theme`,
`kind`, `language`, `subject`, `made_by`, `why` and `files`. `made_by` is `theme`, `template`, or `theme_instead`: then the template was wrong
or wrote nothing, the theme's own words were used for the whole letter, `why` says what was wrong, with the table, the part and the line of the file, and the command ends with 1. A
letter that goes out is treated alike, so no letter is lost because of a template. `sealpost check` makes letters of samples of every kind with each site's templates, by every theme
that its mappings name and in every language, also where an issue has no assignee and a reader no access, and says which template is of no use, before the first letter is sent.

`--event` takes an event as `sealpost event list` shows it and decides about it as things are now, this event by itself: the tracker is asked, the site's mappings,
theme and templates count, and nothing is written down, sent or had of the issue's files. Who is told nothing of it has no letter: then the command says who would be
told, and why others are left out, and ends with 1. A link to unsubscribe is there only in a letter that is sent, and buttons of directive sets lead to
nothing. Each such look is noted in the audit trail. The page of the event in the console shows the same.

This page is generated from the program's tables; a test keeps it true.
";

const TEMPLATES: &str = "
## Templates of your own

A file has a table for each kind, and `[default]` for the kinds that have none; `[channel]`, with `subject` and `text` alone, makes the messages to
[channels](outbound.md#by-channels), whatever their kind, and they have nothing of the theme around them. `[written.NAME]` are those that whoever
[writes a letter on purpose](written.md#templates) may choose:

```toml
[commented]
subject = \"{{ issue.key }}: {{ (happenings|first).who }}\"
html = \"\"\"
<h1>{{ issue.summary }}</h1>
{% for happening in happenings %}{{ blocks.happening(happening) }}{% endfor %}
{{ blocks.history() }}
\"\"\"
```

They are written in [MiniJinja](https://docs.rs/minijinja), a Jinja2. What a mail or an issue says is put in as it is and is never read as a
template; in HTML it is escaped. Only the fields called `html` are not: they were made safe before, and belong between elements, not into
an attribute. The classes of a theme can be used; its colours for light and dark then come along, written into each element.
";

const RESOURCES: &str = "
## Pictures of your own

What stands in the folder `resources` beside the file of templates can be shown in their HTML by the name of its file:

```html
<img src=\"cid:banner.png@resources\" alt=\"Example\" width=\"600\" height=\"80\">
```

The one that is called `logo.png`, `logo.jpg` or `logo.gif` stands at the head of the themes tracker and desk, beside the name in From, within 40 pixels of
height and 240 of width and at most in half its own size, so that it is sharp on fine screens; templates have it as `brand.logo`. Without it there is none.

It goes along in each letter that shows it, so that nothing is fetched when the letter is opened. PNG, JPEG and GIF are taken, known by the name's ending
and by the bytes alike; SVG is refused. Names are of letters, digits, dots, hyphens and underscores. A template that shows what is not there is refused
with the settings.
";

const BOUNDS: &str = "
## Bounds

A letter is made in a process without files and network, which may take 64 MiB of memory and, with a template of yours, 100 ms of
CPU time. Of what is beyond these numbers the theme's letter tells how much was left out; of happenings the
oldest are left out, but never the newest of those that give the letter its kind.

| what | at most |
|---|---|
";

const VIEW: &str = "
## A view

What `--view` reads, here the sample of `updated` in English. What is left out is empty. `reason` is `reporter`, `assignee`, `watcher`,
`participant`, `organisation`, `approver`, `project_lead`, `component_lead`, `named`, or a table with `role`, `group` or `field` and its name.
With `withheld` nothing that a person wrote is said; `mark` is the mark by which our reply reader knows its own letters.

```json
";

/// The whole page.
pub fn page() -> String {
    let mut page = OPENING.to_owned();
    page.push_str("\n## Themes\n\n| theme | what it is like |\n|---|---|\n");
    for theme in Theme::ALL {
        let _ = writeln!(page, "| `{}` | {} |", theme.word(), theme.about());
    }
    let languages = LANGUAGES.iter().map(|words| format!("{} (`{}`)", words.name, words.language));
    let _ = writeln!(
        page,
        "\nAll are made for light and dark, for narrow and wide windows, and of tables for programs that know nothing else. The words are\n\
         in {}; who reads another language gets English.",
        languages.collect::<Vec<_>>().join(", ")
    );
    page.push_str("\n## Kinds\n\nA letter about several things has the kind of the weightiest, which is the first of these that happened: ");
    let kinds = WEIGHTIEST_FIRST.map(|kind| format!("`{}`", kind.word()));
    let _ = writeln!(
        page,
        "{}. [Summaries](summaries.md) have a kind of their own, `{SUMMARY}`, for which `[default]` does not stand.",
        kinds.join(", ")
    );
    page.push_str(TEMPLATES);
    let statements = STATEMENTS.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        page,
        "\nStatements: {statements}. Macros, blocks, includes and turning escaping off are for themes alone."
    );
    let refused = REFUSED.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let _ = writeln!(
        page,
        "\nElements that no template writes: {refused}. What it opens is closed, and what it closes without having opened it is left out, as comments are."
    );
    table(&mut page, "Fields", "`[]` stands for each of several.", "field", FIELDS);
    table(&mut page, "Blocks", "What the theme has ready, in HTML and, but for the look, in text.", "block", BLOCKS);
    table(&mut page, "Filters", "There are no others.", "filter", FILTERS);
    page.push_str(RESOURCES);
    page.push_str(BOUNDS);
    bounds(&mut page);
    page.push_str(VIEW);
    let sample = samples::view(EventKind::Updated, "en");
    // A view has no keys but texts, which is all that JSON asks for.
    let _ = writeln!(page, "{}\n```", serde_json::to_string_pretty(&sample).unwrap_or_default());
    page
}

fn table(page: &mut String, title: &str, about: &str, column: &str, rows: &[(&str, &str)]) {
    let _ = writeln!(page, "\n## {title}\n\n{about}\n\n| {column} | what it is |\n|---|---|");
    for (name, meaning) in rows {
        let _ = writeln!(page, "| `{name}` | {meaning} |");
    }
}

fn bounds(page: &mut String) {
    let rows = [
        ("source of one part, bytes", SOURCE_BYTES_MAX),
        ("steps of one part", FUEL as usize),
        ("calls and loops inside one another", DEPTH_MAX),
        (
            "what a subject's template writes, bytes (the subject itself is one line of 250 characters)",
            SUBJECT_BYTES_MAX,
        ),
        ("what a text's template writes, bytes", TEXT_BYTES_MAX),
        ("what the HTML's template writes, bytes", HTML_BYTES_MAX),
        ("happenings", HAPPENINGS_MAX),
        ("changes", CHANGES_MAX),
        ("files", FILES_MAX),
        ("earlier comments", EARLIER_MAX),
        ("characters of a name or a value", NAME_CHARS_MAX),
        ("bytes of all names and values", NAMES_BYTES_MAX),
        ("bytes of all that people wrote", SAID_BYTES_MAX),
        ("pictures of your own", RESOURCES_MAX),
        ("bytes of one of them", RESOURCE_BYTES_MAX),
        ("bytes of all of them", RESOURCES_BYTES_MAX),
    ];
    for (what, most) in rows {
        let _ = writeln!(page, "| {what} | {most} |");
    }
}
