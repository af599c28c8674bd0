//! A lab's hub, for whoever looks after the lab.

use crate::args::{Hub, HubCommand, InviteCommand, LabStorageCommand};
use crate::output::{Cell, Tone, moment};
use crate::workers::{OUT_OF_THE_LAB, interrupted};
use crate::{Context, block_on};
use jiff::{SignedDuration, Timestamp};
use samepath_app::{Error, ErrorCode, Left};
use samepath_fleet::lab::{
    self, HubPlace, Invitation, Invite, Invited, Joined, Part, Places, Registry, Revoked, StorageWords, Wanted,
};
use samepath_wire::{HERE, HERE_FIRST};
use serde_json::{Value, json};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio_util::sync::CancellationToken;

pub(crate) fn run(context: &Context<'_>, hub: Hub) -> Result<ExitCode, Error> {
    let dir = hub.dir.clone().unwrap_or_else(|| context.options.data_dir.join("hub"));
    let Some(command) = hub.command else { return serve(context, hub, dir) };
    block_on(async {
        if let HubCommand::Configuration = command {
            let lines = HubPlace::with_keys(&dir, &computer(context))?.account_lines()?;
            return context.output.lines(lines.trim_end()).map(|()| ExitCode::SUCCESS);
        }
        let registry = Registry::open(&dir).await?;
        let answer = ask(context, &registry, command).await;
        registry.close().await;
        answer.map(|()| ExitCode::SUCCESS)
    })
}

/// What this one is called.
fn computer(context: &Context<'_>) -> String {
    context.options.environment.computer.clone().unwrap_or_else(|| "localhost".to_owned())
}

/// Runs the hub until told to stop.
fn serve(context: &Context<'_>, hub: Hub, dir: PathBuf) -> Result<ExitCode, Error> {
    let output = context.output;
    let Hub { listen, address, server, certificate, name, nats_server, connections, waiting, .. } = hub;
    let computer = computer(context);
    block_on(async {
        // Heard from now on: whoever ends it just after it has begun is heard, too.
        let interrupted = interrupted();
        tokio::pin!(interrupted);
        let wanted = Wanted { lab: name, listen, address, server, certificate, connections, waiting };
        // Another hub that starts in the folder may have to be waited for.
        let making = tokio::task::spawn_blocking(move || HubPlace::make(&dir, wanted, &computer));
        let place = tokio::select! {
            made = making => made.map_err(|error| Error::new(ErrorCode::Internal, format!("The hub's folder was not looked at: {error}.")))??,
            () = &mut interrupted => return Ok(ExitCode::SUCCESS),
        };
        let program = if place.runs_server() {
            nats_server.map_or_else(|| installed(context), |named| Ok(Some(named)))?
        } else {
            None
        };
        let mut told = json!({ "lab": place.lab(), "address": place.address(), "dir": place.dir() });
        let left = place.left().map(str::to_owned);
        let words = format!("{} is at {}. Its folder: {}", place.lab(), place.address(), place.dir().display());
        let hub = tokio::select! {
            hub = lab::Hub::start(place, program) => hub?,
            () = &mut interrupted => return Ok(ExitCode::SUCCESS),
        };
        let mut leads = hub.leads();
        if output.is_json() {
            told["leads"] = leads.now().into();
            told["left_server"] = json!(left);
            output.line_of_json(&told)?;
        } else {
            output.line(&words)?;
            if let Some(left) = left {
                output.line(&format!("It runs a server of its own again, and uses {left} no more."))?;
            }
            if !leads.now() {
                output.line("Another hub leads. This one takes over when it goes.")?;
            }
        }
        let shutdown = CancellationToken::new();
        let running = hub.run(shutdown.clone());
        tokio::pin!(running);
        let told = async {
            while leads.again().await {
                if output.is_json() {
                    output.line_of_json(&json!({ "leads": true }))?;
                } else {
                    output.line("This hub leads now.")?;
                }
            }
            std::future::pending::<Result<(), Error>>().await
        };
        tokio::select! {
            () = &mut running => {}
            // Nobody reads it any more: the hub goes on.
            _ = told => running.await,
            () = &mut interrupted => {
                shutdown.cancel();
                running.await;
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

/// The `nats-server` that is beside this program, or else along `PATH`.
fn installed(context: &Context<'_>) -> Result<Option<PathBuf>, Error> {
    let name = format!("nats-server{}", std::env::consts::EXE_SUFFIX);
    let beside = std::env::current_exe().ok().map(|program| program.with_file_name(&name));
    match beside.filter(|program| program.is_file()) {
        Some(program) => Ok(Some(program)),
        None => context.storages.program(&name),
    }
}

async fn ask(context: &Context<'_>, registry: &Registry, command: HubCommand) -> Result<(), Error> {
    let output = context.output;
    match command {
        HubCommand::Invite { command } => {
            let lasts = |hours: u32| SignedDuration::from_hours(hours.into());
            let wanted = match command {
                InviteCommand::Member { name, user_subdir, read, jobs, admin, hours } => Invite {
                    part: Part::Member,
                    name,
                    uses: 1,
                    lasts: lasts(hours),
                    places: Places { user_subdir, read },
                    jobs_at_once: jobs,
                    admin,
                },
                InviteCommand::Worker { name, uses, hours } => Invite {
                    part: Part::Worker,
                    name,
                    uses,
                    lasts: lasts(hours),
                    places: Places::default(),
                    jobs_at_once: None,
                    admin: false,
                },
            };
            let uses = wanted.uses;
            tell(context, &registry.invite(wanted).await?, uses)
        }
        HubCommand::Members => list(context, registry, Part::Member).await,
        HubCommand::Workers => list(context, registry, Part::Worker).await,
        HubCommand::Revoke { name, invitations: true } => {
            let invitations = registry.withdraw(&name).await?;
            if output.is_json() {
                let told = json!({ "revoked": name, "computers": 0, "invitations": invitations, "cancelled": 0 });
                return output.document(&told);
            }
            let lines = counted(invitations, "invitation");
            output.line(&format!("{lines} of {name} cannot be used any more. Who has joined stays."))
        }
        HubCommand::Revoke { name, invitations: false } => {
            let Revoked { part, computers, invitations, cancelled } = registry.revoke(&name).await?;
            if output.is_json() {
                return output.document(&json!({
                    "revoked": name, "role": role(part), "computers": computers, "invitations": invitations, "cancelled": cancelled,
                }));
            }
            let (computers, lines) = (counted(computers, "computer"), counted(invitations, "unused invitation"));
            let jobs = match part {
                Part::Worker => OUT_OF_THE_LAB.to_owned(),
                Part::Member | Part::Hub => match cancelled {
                    0 => "Running jobs go on.".to_owned(),
                    1 => "Running jobs go on; the one that waited is cancelled.".to_owned(),
                    waited => format!("Running jobs go on; the {waited} that waited are cancelled."),
                },
            };
            output.line(&format!("{name} is out: {computers}, {lines}. {jobs}"))
        }
        HubCommand::Storage {
            command: LabStorageCommand::Set { name, description, mac, linux, windows, help_text },
        } => {
            let words = StorageWords { description, mac, linux, windows, help_text };
            if words == StorageWords::default() {
                let message = format!("What members are to be told of {name} is not said. Nothing changed.");
                return Err(Error::new(ErrorCode::Usage, message).with_hint(
                    "Say it: --description TEXT, --mac URL, --linux ADDRESS, --windows URL, --help-text TEXT",
                ));
            }
            let known = registry.set_storage(&name, words).await?;
            if output.is_json() {
                return output.document(&json!({ "name": name, "storage": known }));
            }
            output.line(&match known == StorageWords::default() {
                true => format!("Members are told nothing of {name} any more."),
                false => format!("Members see this of {name} from now on."),
            })
        }
        HubCommand::Storage { command: LabStorageCommand::Remove { name } } => {
            let removed = registry.remove_storage(&name).await?;
            if output.is_json() {
                return output.document(&json!({ "removed": name, "changed": removed }));
            }
            output.line(&match removed {
                true => format!("Members are told nothing of {name} any more. Nothing on the storage changed."),
                false => format!("Members were told nothing of {name}. Nothing changed."),
            })
        }
        HubCommand::Storage { command: LabStorageCommand::List } => {
            let known = registry.storages().await?;
            if output.is_json() {
                return output.document(&known);
            }
            let word = |word: &Option<String>| Cell::from(word.as_deref().unwrap_or_default());
            let row = |(name, it): (&String, &StorageWords)| {
                let words = [&it.description, &it.mac, &it.linux, &it.windows, &it.help_text].map(word);
                [name.as_str().into()].into_iter().chain(words).collect()
            };
            output.table(
                &["STORAGE", "IS", "MAC", "LINUX", "WINDOWS", "HELP"],
                &known.iter().map(row).collect::<Vec<_>>(),
            )
        }
        HubCommand::Configuration => Ok(()),
    }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn role(part: Part) -> &'static str {
    match part {
        Part::Worker => "worker",
        Part::Member | Part::Hub => "member",
    }
}

fn tell(context: &Context<'_>, invitation: &Invitation, uses: u32) -> Result<(), Error> {
    let Invitation { part, name, expires_at, places, jobs_at_once, .. } = invitation;
    if context.output.is_json() {
        return context.output.document(&json!({
            "invitation": invitation.to_string(), "name": name, "role": role(*part), "expires_at": expires_at, "uses": uses,
            "places": told_places(places), "jobs": jobs_at_once,
        }));
    }
    let many = if uses > 1 { format!(", on {uses} computers") } else { ", once".to_owned() };
    context.output.line(&invitation.to_string())?;
    // Alone on standard output, so that a script can hand it on.
    context.output.aside(&format!(
        "Hand this line to whoever is to join as the {} {name}. It can be used until {}{many}: samepath join INVITATION",
        role(*part),
        moment(*expires_at)
    ));
    if places.are_limited() {
        context.output.aside(&format!("A job of {name} {}.", places.words()));
    }
    if let Some(jobs) = jobs_at_once {
        context.output.aside(&format!("Of {name} {} may run at a time.", counted(jobs.get() as usize, "job")));
    }
    Ok(())
}

/// None where nothing is limited.
fn told_places(places: &Places) -> Option<&Places> {
    Some(places).filter(|places| places.are_limited())
}

/// What there is to say of a name besides: put into `told`, and in words.
fn limits(told: &mut Value, places: &Places, jobs: Option<NonZeroU32>, admin: bool) -> String {
    let mut words = String::new();
    if let Some(places) = told_places(places) {
        told["places"] = json!(places);
        words.push_str(&format!("; {}", places.words()));
    }
    if let Some(jobs) = jobs {
        told["jobs"] = json!(jobs);
        words.push_str(&format!("; {} at a time", counted(jobs.get() as usize, "job")));
    }
    if admin {
        told["admin"] = true.into();
        words.push_str("; looks after the workers");
    }
    words
}

async fn list(context: &Context<'_>, registry: &Registry, part: Part) -> Result<(), Error> {
    let mut joined: Vec<Joined> = registry.joined().await?.into_iter().filter(|it| it.part == part).collect();
    let mut invited: Vec<Invited> = registry.invited().await?.into_iter().filter(|it| it.part == part).collect();
    joined.sort_by(|a, b| (&a.name, a.joined_at).cmp(&(&b.name, b.joined_at)));
    invited.sort_by(|a, b| (&a.name, a.expires_at).cmp(&(&b.name, b.expires_at)));
    let now = Timestamp::now();
    let (mut told, mut rows): (Vec<Value>, Vec<Vec<Cell>>) = (Vec::new(), Vec::new());
    for Joined { name, joined_at, places, jobs_at_once, admin, computer, .. } in &joined {
        let mut one = json!({ "name": name, "role": role(part), "state": "joined", "joined_at": joined_at });
        let mut since = moment(*joined_at);
        if let Some(computer) = computer {
            one["computer"] = json!(computer);
            since.push_str(&format!(", on {computer}"));
        }
        since.push_str(&limits(&mut one, places, *jobs_at_once, *admin));
        let mut state = Cell::new("joined", Tone::Good);
        if part == Part::Worker {
            let online = registry.is_online(name).await?;
            one["online"] = online.into();
            state = if online { Cell::new("online", Tone::Good) } else { Cell::new("offline", Tone::Quiet) };
            since.insert_str(0, "joined ");
        }
        told.push(one);
        rows.push(vec![name.as_str().into(), state, since.into()]);
    }
    for Invited { name, expires_at, uses, many, places, jobs_at_once, admin, .. } in &invited {
        let state = if *expires_at < now { "expired" } else { "invited" };
        let mut one =
            json!({ "name": name, "role": role(part), "state": state, "expires_at": expires_at, "uses": uses });
        let left = if *many { format!(", on {}", counted(*uses as usize, "more computer")) } else { String::new() };
        let limits = limits(&mut one, places, *jobs_at_once, *admin);
        told.push(one);
        let until = format!("until {}{left}{limits}", moment(*expires_at));
        rows.push(vec![name.as_str().into(), Cell::new(state, Tone::Quiet), until.into()]);
    }
    if context.output.is_json() {
        return context.output.document(&told);
    }
    if rows.is_empty() {
        let nobody = format!("Nobody yet. Invite somebody: samepath hub invite {} NAME", role(part));
        return context.output.line(&nobody);
    }
    context.output.table(&[if part == Part::Worker { "WORKER" } else { "MEMBER" }, "STATE", ""], &rows)
}

/// Joins a lab.
pub(crate) fn join(context: &Context<'_>, invitation: &[String]) -> Result<ExitCode, Error> {
    let joined = block_on(context.options.join(&context.storages, &invitation.concat()))?;
    if context.output.is_json() {
        context.output.document(&joined)?;
    } else {
        context
            .output
            .line(&format!("{HERE_FIRST} belongs to {} now, as the {} {}.", joined.lab, joined.role, joined.name))?;
        for sentence in joined.limits() {
            context.output.line(&sentence)?;
        }
        context.output.line(match joined.role.as_str() {
            "worker" => "Run its jobs: samepath worker",
            _ => "See who works there: samepath workers",
        })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Forgets the lab.
pub(crate) fn leave(context: &Context<'_>) -> Result<ExitCode, Error> {
    let Left { left, untold } = block_on(async { context.options.leave(&context.storages).await })?;
    if context.output.is_json() {
        context.output.document(&json!({ "left": left, "untold": untold }))?;
    } else if left.is_empty() {
        context.output.line(&format!("{HERE_FIRST} belongs to no lab. Nothing changed."))?;
    } else {
        context.output.line(&format!(
            "Left: {}. The key of {HERE} is deleted. Jobs go on; storages, files and the lab's history stay.",
            left.join(", ")
        ))?;
        for lab in untold {
            context.output.line(&format!(
                "{lab} did not answer, and still lists {HERE}: ask whoever looks after it to revoke it."
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Something that there is at least one of.
pub(crate) fn count(text: &str) -> Result<NonZeroU32, String> {
    text.parse().map_err(|_| format!("a whole number, 1 to {}", u32::MAX))
}

/// For how long an invitation can be used.
pub(crate) fn hours(text: &str) -> Result<u32, String> {
    const TEN_YEARS: u32 = 87_600;
    let hours = text.parse().ok().filter(|hours| (1..=TEN_YEARS).contains(hours));
    hours.ok_or_else(|| format!("a whole number of hours, 1 to {TEN_YEARS}"))
}

/// Where a server is to listen: `:4222` is that port of every address.
pub(crate) fn address(text: &str) -> Result<std::net::SocketAddr, String> {
    let with_host = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    with_host.parse().map_err(|_| "an address and a port, such as 0.0.0.0:4222".to_owned())
}
