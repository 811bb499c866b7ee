//! Sealpost, the program: reads the command line and hands each command to its file.

mod command;
mod settings;
mod wire;

use clap::{CommandFactory, Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// A self-hosted gateway between mail and Jira: no mail lost, none doubled, none leaked, every decision explained.
#[derive(Parser)]
#[command(name = "sealpost", version, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything on embedded defaults, feed the sample mails and say what became of each.
    Demo {
        /// The folder that holds the demo's data.
        #[arg(long, default_value = "sealpost-demo")]
        data: PathBuf,
        /// Begin anew: the folder's earlier demo is removed.
        #[arg(long)]
        fresh: bool,
        /// Leave what happens in the desk alone: for measuring.
        #[arg(long, hide = true)]
        inbound_only: bool,
    },
    /// Start the built-in tracker alone, with projects of your own, to try settings and profiles against it.
    Desk {
        /// The key of a project that it is to have; may be given several times.
        #[arg(long = "project", value_name = "KEY", required = true)]
        projects: Vec<String>,
        /// The folder that holds its data.
        #[arg(long, default_value = "sealpost-desk")]
        data: PathBuf,
        /// Its port on loopback; 0 takes any.
        #[arg(long, default_value_t = 8027)]
        port: u16,
        /// Speak as Jira Data Center does (REST API v2); without it, as Jira Cloud.
        #[arg(long)]
        data_center: bool,
    },
    /// Run the gateway.
    Serve {
        #[arg(long)]
        config: PathBuf,
        /// Parts to run in this process, separated by commas: intake, work, console, public. Default: all.
        #[arg(long, value_delimiter = ',')]
        role: Vec<wire::Role>,
    },
    /// Look at settings, keys, database, mailboxes and sites; say what works, what does not, and what to do.
    Check {
        #[arg(long)]
        config: PathBuf,
    },
    /// Print a link that signs a person in to the console, once and within a quarter of an hour.
    SignIn {
        #[arg(long)]
        config: PathBuf,
    },
    /// Hand mail to the gateway, as sendmail would.
    Deliver(command::deliver::Arguments),
    /// Say what a mail says: one JSON object per file.
    Read {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say what the sender newly wrote: one JSON object per file.
    Reply {
        /// What the files hold.
        #[arg(long, value_enum, default_value = "mail")]
        format: command::reply::Format,
        /// A text or mail that the issue said before; may be given several times.
        #[arg(long, value_name = "FILE")]
        history: Vec<PathBuf>,
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a file's HTML made safe.
    Sanitize { file: PathBuf },
    /// Say what would be done about a mail, without doing it.
    Try {
        #[arg(long)]
        profile: PathBuf,
        /// Answers to the questions, as JSON; unanswered ones count as "nothing known".
        #[arg(long)]
        facts: Option<PathBuf>,
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Say how a mail would be sealed for each recipient, and why, without doing it.
    Explain(command::explain::Arguments),
    /// Rules for sealing: check them, move in from another program that seals, and see whether both agree.
    Rules {
        #[command(subcommand)]
        what: command::rules::What,
    },
    /// The story of each mail.
    Message {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::message::What,
    },
    /// Files that the gateway keeps for issues: list them, make a link anew, delete one.
    File {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::file::What,
    },
    /// People of the support, who may look at flagged mails and nothing else.
    Support {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::support::What,
    },
    /// Mailboxes on other servers: test one, have one looked into at once, sign in for one.
    Mailbox {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::mailbox::What,
    },
    /// Sign in for a server that letters leave by; write again to an address from which they came back.
    Outgoing {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::outgoing::What,
    },
    /// Keys that sign letters: print what DNS has to hold for them.
    Dkim {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::dkim::What,
    },
    /// What happened in trackers, and what was decided about it.
    Event {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::event::What,
    },
    /// Sites: sign in for one, the fields that a tracker needs for people without an account, and its webhooks.
    Site {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::site::What,
    },
    /// Tokens for programs that hand mail in over HTTP.
    Token {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::token::What,
    },
    /// Profiles: check, compare and move them, and see what they kept back.
    Profile {
        #[command(subcommand)]
        what: command::profile::What,
    },
    /// Mappings: check them, and say who would be told of events.
    Notify {
        #[command(subcommand)]
        what: command::notify::What,
    },
    /// Letters about events: what they look like, and what became of each.
    Letter {
        /// The gateway's settings. Needed but for previews; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::letter::What,
    },
    /// Scheduled summaries: when each is due, who would get it now, what became of it; send one now.
    Summary {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::summary::What,
    },
    /// What administrators are told of the gateway itself: list it, test it, send one again.
    Bulletin {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::bulletin::What,
    },
    /// The mail that relays have stored because it waits for a key: list it, try it again, erase it.
    Relay {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::relay::What,
    },
    /// To whom the usage of a site and its plan are told: list, add, remove.
    Contact {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::contact::What,
    },
    /// What came in and went out, by month, site and kind.
    Usage {
        #[arg(long)]
        config: PathBuf,
        #[command(flatten)]
        asked: command::usage::Asked,
    },
    /// Shadow mode: compare plans that were not carried out with what another mail handler did.
    Shadow {
        /// The gateway's settings. Needed; may stand before or behind what is asked.
        #[arg(long, global = true)]
        config: Option<PathBuf>,
        #[command(subcommand)]
        what: command::shadow::What,
    },
    /// Keys and certificates for sealed mail, in a folder: make, take in, list, show, give out, remove.
    Key(command::key::Arguments),
    /// Sign and encrypt a mail with keys of a folder.
    Seal(command::seal::Arguments),
    /// Open a mail that came sealed, and print it.
    Open {
        #[command(flatten)]
        keys: command::key::Keys,
        /// Also open mail in ciphers that protect nothing any more (3DES, RC2).
        #[arg(long)]
        legacy: bool,
        /// Say what the mail was sealed in and what that proves, as JSON: on standard error, or into a file.
        #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
        #[allow(clippy::option_option)]
        verdict: Option<Option<PathBuf>>,
        /// The mail; - for standard input.
        file: PathBuf,
    },
    /// OpenPGP on the command line that public suites speak (Stateless OpenPGP): `sealpost sop help` names what it does.
    Sop {
        /// A subcommand of the draft with its options and files.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Measure this machine.
    Bench(command::bench::Arguments),
    /// Print a generated page of the manual: settings, profile, mappings, templates or faults.
    Manual { page: command::manual::Page },
    /// The sandboxed process that reads hostile bytes; started by the program itself.
    #[command(hide = true)]
    Cell,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if matches!(arguments.command, Command::Cell) {
        engine::cell::run_child();
    }
    wire::panics();
    if let Command::Sop { arguments } = arguments.command {
        return command::sop::run(arguments);
    }
    // Two providers compiled in would make the first handshake panic; naming ours first makes it the only one.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("sealpost: a TLS provider was installed before the program started; please report this");
        return ExitCode::FAILURE;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("sealpost: cannot start its threads: {error}");
            return ExitCode::FAILURE;
        }
    };
    let done = runtime.block_on(run(arguments.command));
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(command::Failure { text }) => {
            if !text.is_empty() {
                eprintln!("sealpost: {text}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), command::Failure> {
    match command {
        Command::Demo { data, fresh, inbound_only } => command::demo::run(&data, fresh, inbound_only).await,
        Command::Desk { projects, data, port, data_center } => {
            command::desk::run(&data, &projects, port, data_center).await
        }
        Command::Serve { config, role } => command::serve::run(&config, &role).await,
        Command::Check { config } => command::check::run(&config).await,
        Command::SignIn { config } => command::sign_in::run(&config).await,
        Command::Deliver(arguments) => command::deliver::run(arguments).await,
        Command::Read { files } => command::read::run(files).await,
        Command::Reply { format, history, files } => command::reply::run(format, history, files).await,
        Command::Sanitize { file } => command::sanitize::run(&file).await,
        Command::Try { profile, facts, files } => command::try_plan::run(&profile, facts.as_deref(), files).await,
        Command::Explain(arguments) => command::explain::run(arguments).await,
        Command::Rules { what } => command::rules::run(&what),
        Command::Message { config, what } => command::message::run(&given(config), what).await,
        Command::Support { config, what } => command::support::run(&given(config), what).await,
        Command::Mailbox { config, what } => command::mailbox::run(&given(config), &what).await,
        Command::Event { config, what } => command::event::run(&given(config), what).await,
        Command::Site { config, what } => command::site::run(&given(config), &what).await,
        Command::Outgoing { config, what } => command::outgoing::run(&given(config), &what).await,
        Command::Dkim { config, what } => command::dkim::run(&given(config), &what),
        Command::Token { config, what } => command::token::run(&given(config), &what).await,
        Command::Profile { what } => command::profile::run(what).await,
        Command::Notify { what } => command::notify::run(what).await,
        Command::File { config, what } => command::file::run(&given(config), what).await,
        Command::Letter { config, what } => command::letter::run(|| given(config), what).await,
        Command::Summary { config, what } => command::summary::run(&given(config), what).await,
        Command::Bulletin { config, what } => command::bulletin::run(&given(config), what).await,
        Command::Relay { config, what } => command::relay::run(&given(config), what).await,
        Command::Contact { config, what } => command::contact::run(&given(config), what).await,
        Command::Usage { config, asked } => command::usage::run(&config, &asked).await,
        Command::Shadow { config, what } => command::shadow::run(&given(config), what).await,
        Command::Key(arguments) => command::key::run(arguments).await,
        Command::Seal(arguments) => command::seal::run(arguments).await,
        Command::Open { keys, legacy, verdict, file } => command::open::run(&keys, legacy, verdict, &file).await,
        Command::Bench(arguments) => command::bench::run(arguments).await,
        Command::Manual { page } => command::manual::run(page),
        Command::Sop { .. } | Command::Cell => Ok(()),
    }
}

/// The settings' file. Without it the program ends as clap does for any other argument that is missing: clap lets no argument be
/// both global and needed.
fn given(config: Option<PathBuf>) -> PathBuf {
    config.unwrap_or_else(|| {
        let text = "the following required argument was not provided: --config <CONFIG>";
        Arguments::command().error(clap::error::ErrorKind::MissingRequiredArgument, text).exit()
    })
}
