//! `sealpost bench`: measures this machine, each figure beside a limit or a peer taken in the same run.

mod answers;
mod child;
mod dovecot;
mod hook;
mod hostile;
mod intake;
mod load;
mod machine;
mod mailbox;
mod peers;
mod postfix;
mod read;
mod relay;
mod seal;
mod send;
mod sink;
mod smtp_peers;
mod walk;

use super::Failure;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Mails over SMTP until each is durable: rate, latency, CPU per mail and peak memory, beside the machine's own
    /// fsync and group-commit rates and beside Postfix where it is installed.
    Intake(Load),
    /// Webhooks until each is durable, in plain, over TLS and with a TLS session for each, beside a minimal receiver of Node's where
    /// it is installed.
    Hook(hook::Hooks),
    /// Letters about events, from what happened until a server of its own has taken them, in plain and over STARTTLS, beside Python's
    /// smtplib, and Postfix's smtp-source where it is installed.
    Send(send::Letters),
    /// The server for `send`: takes every mail and keeps none.
    #[command(hide = true)]
    Sink(sink::Sink),
    /// Mailboxes on a Dovecot: mails fetched over IMAP and POP3 until each is durable, beside mbsync where it is installed; the
    /// memory of idle mailboxes; how long a mailbox of old mails takes to open.
    Mailbox(mailbox::Mailboxes),
    /// Mails through the relay into a server that takes every mail, sealed and as they come, beside the same mails straight to it.
    Relay(relay::Relayed),
    /// Mails until each is an issue in the desk; desk, database and cells included.
    Walk(Load),
    /// One mail of 50 MB, from SMTP to an attachment in the desk: memory outside the cells.
    Large {
        /// The attachment's size.
        #[arg(long, default_value_t = 50)]
        size_mb: usize,
    },
    /// The cost of the pipe to a cell beside the work of reading.
    Cells,
    /// Reading whole mails in this process, over corpora and over a generated mix of 2 kB to 2 MB, beside Python's email
    /// package and GMime where they are installed.
    Read(read::Mails),
    /// Mails signed and encrypted, and opened and checked, in one thread, beside the machine's own signatures, Bouncy Castle in a warm
    /// JVM, and processes of openssl and gpg, where they are installed.
    Seal(seal::Seals),
    /// Finding the new text of short replies.
    Reply,
    /// Reading mails that were made to hurt, and every file of the corpora, each in a process of its own: fails where one
    /// takes longer than 2 s, holds more than 64 MiB beyond its size, or ends badly.
    Hostile(hostile::Mails),
}

/// What is sent.
#[derive(Debug, Clone, clap::Args)]
pub struct Load {
    /// How many mails.
    #[arg(long, default_value_t = 4000)]
    mails: usize,
    /// The size of each.
    #[arg(long, default_value_t = 20_000)]
    size_bytes: usize,
    /// How many connections send at the same time.
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

/// Measures and prints.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.what {
        What::Intake(load) => intake::run(&load).await,
        What::Hook(hooks) => hook::run(&hooks).await,
        What::Send(letters) => send::run(&letters).await,
        What::Sink(sink) => sink::run(&sink).await,
        What::Mailbox(mailboxes) => mailbox::run(&mailboxes).await,
        What::Relay(relayed) => relay::run(&relayed).await,
        What::Walk(load) => walk::run(&load).await,
        What::Large { size_mb } => walk::run_large(size_mb).await,
        What::Cells => cells().await,
        What::Read(mails) => tokio::task::block_in_place(|| read::run(&mails)),
        What::Seal(seals) => tokio::task::block_in_place(|| seal::run(&seals)),
        What::Reply => tokio::task::block_in_place(read::run_reply),
        What::Hostile(mails) => tokio::task::block_in_place(|| hostile::run(&mails)),
    }
}

async fn cells() -> Result<(), Failure> {
    const MAILS: usize = 200;
    const ROUNDS: usize = 25;
    let cells = super::files::cells().await?;
    let mails: Vec<Vec<u8>> = (0..MAILS).map(|number| load::mail(number, 20_000)).collect();
    eprintln!("sealpost: reading {MAILS} mails {ROUNDS} times in this process, singly in cells and in batches …");
    let bench = engine::cell::bench(&cells, &mails, ROUNDS).await?;
    super::print(&format!(
        "{MAILS} mails of 20 kB, {ROUNDS} rounds\n\
         CPU microseconds per mail: {:.0} read in this process, {:.0} singly in cells, {:.0} in batches\n\
         the pipe's share of the work: {:.1} % singly, {:.1} % in batches\n",
        bench.direct_us,
        bench.single_us,
        bench.batched_us,
        bench.single_share() * 100.0,
        bench.batched_share() * 100.0
    ))
}
