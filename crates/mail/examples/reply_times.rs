//! How long the reply reader takes on 100 kB of each repeated fragment that may introduce a quote: `cargo run --release -p mail --example reply_times`.

use mail::{Format, History};
use std::time::{Duration, Instant};

const BYTES: usize = 100_000;
/// Rounds of which the quickest counts: other programs use the machine too.
const ROUNDS: usize = 5;

const FRAGMENTS: &[&str] = &[
    "On ",
    "On x\n",
    "On a a a ",
    "On 1 May 2024, a@b.c wrote:\n",
    "On 1 May 2024 a@b.c wrote:\n> x\n",
    "Le a,",
    "Le 1 mai 2024, a <a@b.c> a \u{e9}crit :\n",
    "Am 1. Mai 2024 schrieb a <a@b.c>:\n",
    "El 1 may 2024, a <a@b.c> escribi\u{f3}:\n",
    "2024-05-03 10:00 GMT+02:00 a <a@b.c>:\n",
    "\u{5728} 2024\u{5e74}5\u{6708}3\u{65e5} \u{5199}\u{9053}\u{ff1a}\n",
    "From: a <a@b.c>\n",
    "Sent: 1\nTo: b\n",
    "-----Original Message-----\n",
    "---------- Forwarded message ----------\n",
    "-- \n",
    "> x\n",
    "| x\n",
    "\n",
    "short\n",
];

fn quickest(work: impl Fn()) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let begun = Instant::now();
        work();
        begun.elapsed()
    });
    rounds.min().unwrap_or_default()
}

fn main() {
    let mut history = History::new([1; 16]);
    history.add_text(&"Please switch the printer off and on again, then tell us what its display shows. ".repeat(1000));
    let mut slowest = Duration::ZERO;
    for fragment in FRAGMENTS {
        let text = fragment.repeat(BYTES / fragment.len());
        let alone = quickest(|| drop(mail::new_text(Format::Text, text.as_bytes())));
        let after = quickest(|| drop(mail::new_text_after(Format::Text, text.as_bytes(), &history)));
        slowest = slowest.max(alone).max(after);
        println!("{alone:>10.1?} alone {after:>10.1?} with a history  {fragment:?}");
    }
    println!("slowest: {slowest:.1?} for {BYTES} bytes");
}
