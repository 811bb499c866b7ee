//! Measures bodies: `cargo run --release -p mail --example bodies -- FOLDER [SECONDS]` reads every mail of FOLDER.
//!
//! Per step it prints MB per second of processor time over all HTML bodies, taken together, and over a generated mix; and
//! what reading plain mails of 20 kB costs.

use mail::{Document, Format, Limits};
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

/// Larger files are attachments.
const FILE_BYTES_MAX: u64 = 2 * 1024 * 1024;

fn pages(folder: &Path, found: &mut Vec<String>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            pages(&path, found);
            continue;
        }
        if !path.metadata().is_ok_and(|data| data.len() <= FILE_BYTES_MAX) {
            continue;
        }
        let Ok(raw) = std::fs::read(&path) else { continue };
        if path.extension().is_some_and(|end| end == "html" || end == "htm") {
            found.push(String::from_utf8_lossy(&raw).into_owned());
            continue;
        }
        let message = mail::read(&raw, &Limits::default()).message;
        for part in message.parts.iter().filter(|part| part.body && part.content_type == "text/html") {
            let bytes = mail::part(&raw, &Limits::default(), &part.path).unwrap_or_default();
            found.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

/// A page as mail programs write it: a styled head, paragraphs with spans, a table, a list, a quote.
fn generated(bytes: usize) -> String {
    let mut html =
        String::from("<html><head><style>p.MsoNormal{margin:0cm;font-size:11.0pt}</style></head><body lang=DE>");
    let mut n = 0;
    while html.len() < bytes {
        n += 1;
        html.push_str(&format!(
            "<p class=MsoNormal style='margin-bottom:12.0pt'><span lang=EN-US style='font-family:\"Calibri\",sans-serif'>The \
             printer &amp; its fan (number {n}) stopped <b>again</b> this morning, see <a href=\"https://example.org/t/{n}?a=1&amp;b=2\">the \
             report</a>.&nbsp;Nobody touched it.<o:p></o:p></span></p><div dir=ltr><ul><li>one</li><li>two <i>more</i></li></ul></div>"
        ));
        if n % 10 == 0 {
            html.push_str(
                "<table border=1><tr><th>Part</th><th>State</th></tr><tr><td>Fan</td><td>hot</td></tr></table><hr>",
            );
            html.push_str("<blockquote type=cite><div>On Tuesday somebody wrote something of middling length.<br>And more.</div></blockquote>");
        }
    }
    html + "</body></html>"
}

/// Time on the processor so far, where the system tells it (Linux): others may use the machine too.
fn processor_time(since: Instant) -> Duration {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok();
    let ns = told.as_deref().and_then(|line| line.split_whitespace().next()?.parse().ok());
    ns.map_or_else(|| since.elapsed(), Duration::from_nanos)
}

/// MB/s of `work` over all inputs.
fn rate<T>(inputs: &[String], time: Duration, work: impl Fn(&str) -> T) -> f64 {
    let bytes: usize = inputs.iter().map(String::len).sum();
    let begun = Instant::now();
    let before = processor_time(begun);
    let mut rounds = 0;
    while processor_time(begun) - before < time {
        inputs.iter().for_each(|input| drop(black_box(work(black_box(input)))));
        rounds += 1;
    }
    (bytes * rounds) as f64 / 1e6 / (processor_time(begun) - before).as_secs_f64()
}

fn measure(name: &str, inputs: &[String], time: Duration) {
    let bytes: usize = inputs.iter().map(String::len).sum();
    println!("{name}: {} pages, {:.1} MB", inputs.len(), bytes as f64 / 1e6);
    println!("  to safe HTML              {:7.1} MB/s", rate(inputs, time, mail::sanitize));
    println!("  to the document           {:7.1} MB/s", rate(inputs, time, Document::from_html));
    let both = rate(inputs, time, |html| (mail::sanitize(html), Document::from_html(html)));
    println!("  to both, parsed twice     {both:7.1} MB/s");
    println!("  to the document and text  {:7.1} MB/s", rate(inputs, time, |html| Document::from_html(html).text()));
    println!("  to the document and HTML  {:7.1} MB/s", rate(inputs, time, |html| Document::from_html(html).html()));
    println!(
        "  to the new text of a reply{:7.1} MB/s",
        rate(inputs, time, |html| mail::new_text(Format::Html, html.as_bytes()))
    );
    let mails: Vec<String> =
        inputs.iter().map(|html| format!("Content-Type: text/html; charset=utf-8\r\n\r\n{html}")).collect();
    println!(
        "  read as a mail            {:7.1} MB/s",
        rate(&mails, time, |raw| mail::read(raw.as_bytes(), &Limits::default()))
    );
}

fn main() {
    let mut words = std::env::args().skip(1);
    let folder = words.next().unwrap_or_default();
    let seconds = words.next().and_then(|word| word.parse().ok()).unwrap_or(1.0);
    let time = Duration::from_secs_f64(seconds);
    let mut found = Vec::new();
    pages(Path::new(&folder), &mut found);
    if !found.is_empty() {
        measure("corpora", &found, time);
    }
    let mix: Vec<String> = [2_000, 2_000, 2_000, 10_000, 10_000, 50_000, 200_000, 2_000_000].map(generated).to_vec();
    measure("generated", &mix, time);
    let sentence = "The printer on the third floor stopped again, and nobody has touched it since then.\r\n";
    let body =
        format!("{}> It worked before.\r\n> Truly.\r\n\r\n", sentence.repeat(4)).repeat(20_000 / (4 * sentence.len()));
    let mail =
        format!("From: a@example.org\r\nSubject: Printer\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}");
    let plain = rate(std::slice::from_ref(&mail), time, |raw| mail::read(raw.as_bytes(), &Limits::default()));
    println!("plain mail of {} bytes: {plain:.1} MB/s, {:.0} µs each", mail.len(), mail.len() as f64 / plain);
}
