//! What the binaries do first, and the parts of a fleet: for the tests, which start them as processes of their own.
//!
//! `hidden worker STATE_DIR FLEET CONFIG KINDS_DIR PATIENCE_JSON` runs a worker until its standard input is closed.
//! `hidden client FLEET` does what its standard input says, `submit JOB_JSON`, `stop ID` or `kill ID` on each line, and says
//! `known RECORD_JSON` of every job and `ended RECORD_JSON` of every job that has ended.
//! `hidden hub DIR LISTEN NATS_SERVER LEASE_MS` runs the hub of a lab until its standard input is closed, and says `hub` once it is there.
//!
//! `FLEET` is a folder, of this computer's queue; or the file with which somebody has joined a lab.

use samepath_fleet::bus::local::LocalSettings;
use samepath_fleet::lab::{Hub, HubPlace, Membership, Wanted};
use samepath_fleet::matchmaker::Timing;
use samepath_fleet::{Fleet, Update};
use samepath_storage::{ConfigFile, Environment, Origin};
use samepath_worker::{WorkerSettings, entry, run};
use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = entry::run_hidden(&args) {
        return code;
    }
    let done = match args.first().and_then(|part| part.to_str()) {
        Some("client") => client(&args),
        Some("hub") => hub(&args),
        _ => worker(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// A lab need not answer yet.
async fn fleet(at: &Path) -> Result<Fleet, Box<dyn Error>> {
    if at.is_file() {
        let membership = Membership::kept(at)?.ok_or("nobody has joined")?;
        return Ok(Fleet::lab_later(&membership)?);
    }
    Ok(Fleet::local(LocalSettings::new(at, "amick")).await?)
}

/// Cancelled when the standard input is closed.
fn told_to_end() -> CancellationToken {
    let shutdown = CancellationToken::new();
    let told = shutdown.clone();
    tokio::spawn(async move {
        let mut byte = [0];
        let _ = tokio::io::stdin().read(&mut byte).await;
        told.cancel();
    });
    shutdown
}

fn hub(args: &[OsString]) -> Result<(), Box<dyn Error>> {
    let [_, dir, listen, program, lease] = args else { return Err("usage".into()) };
    let number = |text: &OsString| Some(text.to_str()?.to_owned());
    let listen = number(listen).ok_or("not text")?.parse()?;
    let lease = Duration::from_millis(number(lease).ok_or("not text")?.parse()?);
    let wanted = Wanted { lab: Some("A lab under stress".to_owned()), listen: Some(listen), ..Wanted::default() };
    tokio::runtime::Runtime::new()?.block_on(async move {
        let shutdown = told_to_end();
        let place = HubPlace::make(Path::new(dir), wanted, "localhost")?;
        let hub = Hub::start(place, Some(program.into())).await?;
        println!("hub");
        hub.with_timing(Timing { lease, ..Timing::default() }).run(shutdown).await;
        // Reading the standard input cannot be given up.
        std::process::exit(0)
    })
}

fn worker(args: &[OsString]) -> Result<(), Box<dyn Error>> {
    let [_, state_dir, fleet_dir, config, kinds_dir, patience] = args else { return Err("usage".into()) };
    let settings = WorkerSettings {
        gpu: None,
        name: Some("gpu-1".into()),
        state_dir: state_dir.into(),
        sightings: Path::new(state_dir).join("storages.json"),
        kinds_dir: Some(kinds_dir.into()),
        kinds_named: true,
        config: ConfigFile { path: config.into(), origin: Origin::Argument },
        environment: Environment::default(),
        program: std::env::current_exe()?,
        version: "0.1.0".into(),
        patience: serde_json::from_str(patience.to_str().ok_or("not text")?)?,
        stop_jobs: false,
        takes: tokio::sync::watch::channel(true).1,
    };
    tokio::runtime::Runtime::new()?.block_on(async move {
        let fleet = fleet(Path::new(fleet_dir)).await?;
        let shutdown = told_to_end();
        let ran = run(fleet.clone(), settings, shutdown).await;
        fleet.close().await;
        if let Err(error) = &ran {
            eprintln!("{error}");
        }
        // Reading the standard input cannot be given up.
        std::process::exit(i32::from(ran.is_err()))
    })
}

fn client(args: &[OsString]) -> Result<(), Box<dyn Error>> {
    let [_, fleet_dir] = args else { return Err("usage".into()) };
    tokio::runtime::Runtime::new()?.block_on(async move {
        let fleet = fleet(Path::new(fleet_dir)).await?;
        let mut jobs = fleet.jobs();
        tokio::spawn(async move {
            while let Some(update) = jobs.next().await {
                if let Update::Put(_, record) = update {
                    let what = if record.state.is_ended() { "ended" } else { "known" };
                    println!("{what} {}", serde_json::to_string(&record).unwrap_or_default());
                }
            }
        });
        let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
        while let Some(line) = lines.next_line().await? {
            let (order, about) = line.split_once(' ').ok_or("not an order")?;
            // What else fails is asked again by whoever sees that it was not done.
            let done = match order {
                "submit" => {
                    let job = serde_json::from_str(about)?;
                    loop {
                        match fleet.submit(&job).await {
                            Err(error) if error.is_passing() => eprintln!("{error}"),
                            done => break done,
                        }
                    }
                }
                "stop" => fleet.stop(about.parse()?).await,
                "kill" => fleet.kill(about.parse()?).await,
                _ => return Err("not an order".into()),
            };
            if let Err(error) = done {
                eprintln!("{line}: {error}");
            }
        }
        fleet.close().await;
        std::process::exit(0)
    })
}
