//! What the pipe costs, measured against the work that it carries.

use crate::cell::pool::Cells;
use policy::Fault;
use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;

/// Mails that go into one call of [`Cells::read_many`] in this measurement.
pub const BATCH: usize = 16;

/// CPU time per mail in microseconds, of this process and the cells together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bench {
    pub mails: usize,
    /// Reading in this process, without any cell.
    pub direct_us: f64,
    /// One call per mail.
    pub single_us: f64,
    /// [`BATCH`] mails per call.
    pub batched_us: f64,
}

impl Bench {
    /// The pipe's share with one call per mail; 0.1 is a tenth of the work.
    pub fn single_share(&self) -> f64 {
        self.single_us / self.direct_us - 1.0
    }

    /// The pipe's share with batched calls.
    pub fn batched_share(&self) -> f64 {
        self.batched_us / self.direct_us - 1.0
    }
}

/// Reads the mails directly, singly and in batches, `rounds` times each. Nothing else should run in this process meanwhile.
pub async fn bench(cells: &Cells, mails: &[Vec<u8>], rounds: usize) -> Result<Bench, Fault> {
    let limits = mail::Limits::default();
    let readings = (mails.len() * rounds).max(1);
    let per_mail = |cpu_us: u64| cpu_us as f64 / readings as f64;
    // Once in advance, so that neither side pays for what is set up on first use.
    for mail in mails {
        black_box(mail::read(mail, &limits));
        black_box(cells.read(mail.as_slice(), &limits).await?);
    }
    let begun = own_cpu_us();
    for mail in mails.iter().cycle().take(readings) {
        black_box(mail::read(mail, &limits));
    }
    let direct_us = per_mail(own_cpu_us() - begun);

    let begun = own_cpu_us() + cells.figures().cpu_us;
    for mail in mails.iter().cycle().take(readings) {
        black_box(cells.read(mail.as_slice(), &limits).await?);
    }
    let single_us = per_mail(own_cpu_us() + cells.figures().cpu_us - begun);

    let begun = own_cpu_us() + cells.figures().cpu_us;
    for _ in 0..rounds {
        for batch in mails.chunks(BATCH) {
            black_box(cells.read_many(batch, &limits).await?);
        }
    }
    let batched_us = per_mail(own_cpu_us() + cells.figures().cpu_us - begun);
    Ok(Bench { mails: readings, direct_us, single_us, batched_us })
}

fn own_cpu_us() -> u64 {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    used.tv_sec.unsigned_abs() * 1_000_000 + used.tv_nsec.unsigned_abs() / 1000
}
