//! The commands of the binary `office`.

mod ca;
mod import;
mod kiosk;
mod technician;
mod update;

use std::io::{IsTerminal, Read};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::{Args, Parser, Subcommand};
use exchange::{HolderName, Iin, Language, PhoneNumber, Secret, SubmissionId};
use tokio_util::sync::CancellationToken;

use crate::{
    authority::{Locations, Reason},
    config::Configuration,
    db::Database,
    desk::{self, Desk, Opener, Verdict},
    init, issue, keys,
    layout::Layout,
    objects::LocalObjects,
    receive, serve,
    services::{Person, StandInRegistry},
    status,
};

/// The central office of Qoltanba.
#[derive(Parser)]
#[command(name = "office", version)]
struct CommandLine {
    /// State folder for commands that do not name it; else $OFFICE_DIR, else the
    /// current folder.
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the state folder with all keys.
    Init(Init),
    /// Run receive, desk and issue, and supervise them.
    Serve {
        dir: PathBuf,
        /// Print the addresses as one line of JSON.
        #[arg(long)]
        json: bool,
    },
    /// The public listener alone.
    Receive(PartArguments),
    /// The desk alone.
    Desk(PartArguments),
    /// The issuing part alone.
    Issue(PartArguments),
    /// What says which certificates are good, alone.
    Status(PartArguments),
    /// The certificate authority's own certificates.
    #[command(subcommand)]
    Ca(ca::CaCommand),
    /// End a citizen's certificate before its time.
    Revoke {
        /// Hexadecimal, as the desk or `openssl x509 -serial` shows it.
        serial: String,
        #[arg(long)]
        reason: Reason,
    },
    /// Kiosks: add, list, confirm, revoke.
    #[command(subcommand)]
    Kiosk(kiosk::KioskCommand),
    /// The words of this office's own keys, as a provisioned kiosk shows them to compare.
    Words {
        #[arg(long)]
        json: bool,
    },
    /// Software updates of kiosks.
    #[command(subcommand)]
    Update(update::UpdateCommand),
    /// Who may maintain kiosks.
    #[command(subcommand)]
    Technician(technician::TechnicianCommand),
    /// Messages of the built-in gateway.
    #[command(subcommand)]
    Sms(SmsCommand),
    /// List what was received.
    Submissions {
        #[arg(long)]
        json: bool,
    },
    /// Take in what a technician exported from kiosks onto a drive; as the user of
    /// `office receive`, also while it runs. The kiosk hears of it at its next upload.
    Import {
        /// The drive, or a folder of it.
        folder: PathBuf,
        #[arg(long)]
        json: bool,
    },
    /// List what an operator must look at.
    Alarms {
        #[arg(long)]
        json: bool,
    },
    Approve {
        id: SubmissionId,
    },
    Reject {
        id: SubmissionId,
        /// Shown to the citizen.
        #[arg(long)]
        reason: String,
    },
    /// Ask the citizen to come again.
    AskAgain {
        id: SubmissionId,
        /// What to come with; shown to the citizen.
        #[arg(long)]
        what: String,
    },
    /// Open every part of a submission into a new folder.
    Open {
        id: SubmissionId,
        folder: PathBuf,
        /// Another identity than the desk's: the escrow identity.
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
    },
    /// Operators of the desk.
    #[command(subcommand)]
    Operator(OperatorCommand),
    /// The built-in register of persons and phone numbers.
    #[command(subcommand)]
    Registry(RegistryCommand),
}

#[derive(Args)]
struct Init {
    dir: PathBuf,
    /// The office's name, shown to operators and part of its certificates.
    #[arg(long, default_value = "Qoltanba")]
    name: String,
    /// Public listener; port 0: any free one.
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// The desk's pages; a loopback address.
    #[arg(long)]
    desk_listen: Option<SocketAddr>,
    /// The plain-HTTP listener for everybody who checks a certificate; absent: none.
    #[arg(long)]
    status_listen: Option<SocketAddr>,
    /// Its address as certificates name it, such as http://pki.example.kz; absent:
    /// they name none.
    #[arg(long, value_name = "URL")]
    status_url: Option<String>,
    /// A folder of an issuing CA made by `office ca init`; absent: made here.
    #[arg(long, value_name = "FOLDER")]
    issuing: Option<PathBuf>,
    /// A host name or address under which kiosks reach the office; repeatable.
    #[arg(long = "host")]
    hosts: Vec<String>,
    /// First operator; the password is read from standard input, or made and printed
    /// once when nothing is given there.
    #[arg(long)]
    operator: Option<String>,
    /// Certificates of states that sign documents (CSCA): a file or a folder.
    #[arg(long)]
    csca: Option<PathBuf>,
    /// Add synthetic citizens to the built-in register.
    #[arg(long)]
    demo_citizens: bool,
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct PartArguments {
    dir: PathBuf,
    /// End when this process, the parent, ends.
    #[arg(long, hide = true)]
    supervisor: Option<u32>,
}

#[derive(Subcommand)]
enum SmsCommand {
    List {
        #[arg(long)]
        json: bool,
        #[arg(long)]
        phone: Option<String>,
    },
}

#[derive(Subcommand)]
enum OperatorCommand {
    /// Add an operator or set a new password (as for `init --operator`).
    Add { name: String },
}

#[derive(Subcommand)]
enum RegistryCommand {
    AddCitizen {
        #[arg(long)]
        iin: String,
        #[arg(long)]
        phone: Option<String>,
        #[arg(long)]
        surname: String,
        #[arg(long, default_value = "")]
        given_name: String,
        #[arg(long, default_value = "")]
        patronymic: String,
        /// kk, ru or en
        #[arg(long)]
        language: Option<Language>,
    },
}

pub fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("office: {e:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: CommandLine) -> Result<()> {
    let dir = arguments
        .dir
        .or_else(|| std::env::var_os("OFFICE_DIR").map(PathBuf::from))
        .unwrap_or_else(|| ".".into());
    let layout = Layout::new(dir);
    match arguments.command {
        Command::Init(wishes) => make(&wishes),
        Command::Serve { dir, json } => {
            let layout = Layout::new(dir);
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(serve::serve(&layout, json))
        }
        Command::Receive(part) => run_part(&part, async |l, s| receive::run(l, s).await),
        Command::Desk(part) => run_part(&part, async |l, s| desk::run(l, s).await),
        Command::Issue(part) => run_part(&part, async |l, s| issue::run(l, s).await),
        Command::Status(part) => run_part(&part, async |l, s| status::run(l, s).await),
        Command::Ca(command) => ca::run(&layout, command),
        Command::Revoke { serial, reason } => {
            desk_of(&layout)?.order_revocation(&serial, reason, COMMAND_LINE)?;
            println!("ordered; done within a second where `office issue` runs");
            Ok(())
        }
        Command::Kiosk(command) => kiosk::run(&layout, command),
        Command::Words { json } => words(&layout, json),
        Command::Update(command) => update::run(&layout, command),
        Command::Technician(command) => technician::run(&layout, command),
        Command::Sms(SmsCommand::List { json, phone }) => sms(&layout, json, phone.as_deref()),
        Command::Submissions { json } => submissions(&layout, json),
        Command::Import { folder, json } => import::run(&layout, &folder, json),
        Command::Alarms { json } => alarms(&layout, json),
        Command::Approve { id } => decide(&layout, id, Verdict::Approve),
        Command::Reject { id, reason } => decide(&layout, id, Verdict::Reject { reason }),
        Command::AskAgain { id, what } => decide(&layout, id, Verdict::AskAgain { what }),
        Command::Open {
            id,
            folder,
            identity,
        } => open(&layout, id, &folder, identity),
        Command::Operator(OperatorCommand::Add { name }) => {
            existing(&layout)?;
            add_operator(&layout, &name)
        }
        Command::Registry(command) => registry(&layout, command),
    }
}

fn run_part(
    part: &PartArguments,
    run: impl AsyncFnOnce(&Layout, CancellationToken) -> Result<()>,
) -> Result<()> {
    if let Some(supervisor) = part.supervisor {
        serve::follow_supervisor(supervisor)?;
    }
    let layout = Layout::new(&part.dir);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let ended = runtime.block_on(async { run(&layout, serve::stop_on_signals()?).await });
    // A blocking write that hangs must not keep the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    ended
}

/// A mistyped folder must not become an empty office.
fn existing(layout: &Layout) -> Result<()> {
    if !layout.configuration().exists() {
        bail!(
            "{} is no office's state folder (see `office init`)",
            layout.root().display()
        );
    }
    Ok(())
}

fn database(layout: &Layout) -> Result<Arc<Database>> {
    existing(layout)?;
    Ok(Arc::new(Database::open(&layout.database())?))
}

fn desk_of(layout: &Layout) -> Result<Desk> {
    existing(layout)?;
    Desk::open(layout)
}

fn make(wishes: &Init) -> Result<()> {
    let mut configuration = Configuration {
        name: wishes.name.clone(),
        ..Configuration::default()
    };
    if let Some(listen) = wishes.listen {
        configuration.receive.listen = listen;
    }
    if let Some(listen) = wishes.desk_listen {
        configuration.desk.listen = listen;
    }
    if let Some(csca) = &wishes.csca {
        // The office may be started from another folder.
        let absolute = csca
            .canonicalize()
            .with_context(|| csca.display().to_string())?;
        configuration.document.csca = Some(absolute);
    }
    configuration.status.listen = wishes.status_listen;
    if let Some(url) = &wishes.status_url {
        configuration.issue.locations = Locations::below(url);
    }
    configuration.check()?;
    let listen = configuration.receive.listen.ip();
    let mut names = wishes.hosts.clone();
    names.extend(["localhost".to_owned(), "127.0.0.1".to_owned()]);
    if !listen.is_unspecified() && !listen.is_loopback() {
        names.push(listen.to_string());
    }
    let layout = Layout::new(&wishes.dir);
    init::init(
        &layout,
        &init::Wishes {
            configuration,
            names,
            demo_citizens: wishes.demo_citizens,
            issuing: wishes.issuing.clone(),
        },
    )?;
    if let Some(name) = &wishes.operator {
        add_operator(&layout, name)?;
    }
    let fingerprint = init::tls_fingerprint(&layout.tls_ca_certificate())?;
    if wishes.json {
        let made = serde_json::json!({ "dir": wishes.dir, "tls_fingerprint": fingerprint });
        println!("{made}");
    } else {
        println!("made {}", wishes.dir.display());
        println!("fingerprint: {fingerprint}");
        println!("move away and keep offline: {}", layout.escrow().display());
        if wishes.issuing.is_none() {
            println!(
                "move away and keep offline: {}",
                layout.root().join(init::ROOT_FOLDER).display()
            );
        }
    }
    Ok(())
}

/// Takes the password from standard input; makes one when there is none.
fn add_operator(layout: &Layout, name: &str) -> Result<()> {
    let mut given = zeroize::Zeroizing::new(String::with_capacity(256));
    if !std::io::stdin().is_terminal() {
        std::io::stdin()
            .take(256)
            .read_to_string(&mut given)
            .context("reading the password")?;
    }
    let given = given.trim_end_matches(['\r', '\n']);
    if given.is_empty() {
        let made = zeroize::Zeroizing::new(keys::random_hex::<10>()?);
        desk::add_operator(&layout.operators(), name, &Secret::from(made.as_str()))?;
        // On standard error: standard output may be JSON for a program.
        eprintln!("password of {name}: {}", *made);
        Ok(())
    } else {
        desk::add_operator(&layout.operators(), name, &Secret::from(given))
    }
}

fn words(layout: &Layout, json: bool) -> Result<()> {
    existing(layout)?;
    let words = init::office_words(layout)?;
    if json {
        println!("{}", serde_json::json!({ "words": words }));
    } else {
        println!("{}", words.join(" "));
    }
    Ok(())
}

fn sms(layout: &Layout, json: bool, phone: Option<&str>) -> Result<()> {
    let phone = phone
        .map(PhoneNumber::parse)
        .transpose()?
        .map(|p| p.expose());
    for message in desk::messages(&*database(layout)?, phone.as_deref())? {
        if json {
            println!("{}", serde_json::to_string(&message)?);
        } else {
            println!("{}  {}", message.phone, message.text);
        }
    }
    Ok(())
}

fn submissions(layout: &Layout, json: bool) -> Result<()> {
    for summary in desk::summaries(&*database(layout)?, &[])? {
        if json {
            println!("{}", serde_json::to_string(&summary)?);
        } else {
            let findings: Vec<&str> = summary.findings.iter().map(|f| f.code()).collect();
            println!(
                "{}  {}  {}  {}",
                summary.id,
                summary.kiosk,
                summary.state.as_str(),
                findings.join(" ")
            );
        }
    }
    Ok(())
}

fn alarms(layout: &Layout, json: bool) -> Result<()> {
    for alarm in database(layout)?.read(|c| crate::db::alarms::list(c, 1000))? {
        if json {
            println!("{}", serde_json::to_string(&alarm)?);
        } else {
            println!(
                "{}  {}  {}",
                alarm.kind,
                alarm.kiosk.unwrap_or_default(),
                alarm.submission.unwrap_or_default()
            );
        }
    }
    Ok(())
}

/// Who decided, in the records, when it was done here.
const COMMAND_LINE: &str = "command line";

fn decide(layout: &Layout, id: SubmissionId, verdict: Verdict) -> Result<()> {
    Ok(desk_of(layout)?.decide(id, verdict, COMMAND_LINE)?)
}

fn open(
    layout: &Layout,
    id: SubmissionId,
    folder: &std::path::Path,
    identity: Option<PathBuf>,
) -> Result<()> {
    let identity = identity.unwrap_or_else(|| layout.operations_identity());
    let opener = Opener::new(
        keys::load_identity(&identity)?,
        Arc::new(LocalObjects::new(layout.objects())),
        database(layout)?,
    );
    for part in opener.write_all(id, folder)? {
        println!("{}", folder.join(desk::file_name(part)).display());
    }
    Ok(())
}

fn registry(layout: &Layout, command: RegistryCommand) -> Result<()> {
    let RegistryCommand::AddCitizen {
        iin,
        phone,
        surname,
        given_name,
        patronymic,
        language,
    } = command;
    let policy = Configuration::load(layout)?.identity.policy();
    let person = Person {
        name: HolderName::new(&surname, &given_name, &patronymic)
            .map_err(|which| anyhow::anyhow!("the {which} cannot be a name"))?,
        language,
    };
    let phone = phone.as_deref().map(PhoneNumber::parse).transpose()?;
    StandInRegistry::new(database(layout)?).add(
        &Iin::parse(&iin, policy)?,
        &person,
        phone.as_ref(),
    )?;
    Ok(())
}
