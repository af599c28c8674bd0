//! What the binaries do first, and a worker on a fleet of this computer: for the tests, which start it as processes of its own.
//!
//! `hidden worker STATE_DIR FLEET_DIR CONFIG KINDS_DIR PATIENCE_JSON` runs a worker until its standard input is closed.
//! `hidden client FLEET_DIR` does what its standard input says, `submit JOB_JSON`, `stop ID` or `kill ID` on each line, and says
//! `known ID` of every job and `ended ID` of every job that has ended.

use samepath_fleet::bus::local::LocalSettings;
use samepath_fleet::{Fleet, Update};
use samepath_storage::{ConfigFile, Environment, Origin};
use samepath_worker::{WorkerSettings, entry, run};
use std::error::Error;
use std::ffi::OsString;
use std::process::ExitCode;
use tokio::io::{AsyncBufReadExt, AsyncReadExt};
use tokio_util::sync::CancellationToken;

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().skip(1).collect();
    if let Some(code) = entry::run_hidden(&args) {
        return code;
    }
    let done = if args.first().is_some_and(|part| part == "client") { client(&args) } else { worker(&args) };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn worker(args: &[OsString]) -> Result<(), Box<dyn Error>> {
    let [_, state_dir, fleet_dir, config, kinds_dir, patience] = args else { return Err("usage".into()) };
    let settings = WorkerSettings {
        gpu: None,
        name: Some("gpu-1".into()),
        state_dir: state_dir.into(),
        kinds_dir: Some(kinds_dir.into()),
        config: ConfigFile { path: config.into(), origin: Origin::Argument },
        environment: Environment::default(),
        program: std::env::current_exe()?,
        version: "0.1.0".into(),
        patience: serde_json::from_str(patience.to_str().ok_or("not text")?)?,
    };
    let fleet_dir = std::path::PathBuf::from(fleet_dir);
    tokio::runtime::Runtime::new()?.block_on(async move {
        let fleet = Fleet::local(LocalSettings::new(fleet_dir, "amick")).await?;
        let shutdown = CancellationToken::new();
        let told = shutdown.clone();
        tokio::spawn(async move {
            let mut byte = [0];
            let _ = tokio::io::stdin().read(&mut byte).await;
            told.cancel();
        });
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
    let fleet_dir = std::path::PathBuf::from(fleet_dir);
    tokio::runtime::Runtime::new()?.block_on(async move {
        let fleet = Fleet::local(LocalSettings::new(fleet_dir, "amick")).await?;
        let mut jobs = fleet.jobs();
        tokio::spawn(async move {
            while let Some(update) = jobs.next().await {
                if let Update::Put(id, record) = update {
                    println!("{} {id}", if record.state.is_ended() { "ended" } else { "known" });
                }
            }
        });
        let mut lines = tokio::io::BufReader::new(tokio::io::stdin()).lines();
        while let Some(line) = lines.next_line().await? {
            let (order, about) = line.split_once(' ').ok_or("not an order")?;
            // What fails is asked again by whoever sees that it was not done.
            let done = match order {
                "submit" => fleet.submit(&serde_json::from_str(about)?).await,
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
