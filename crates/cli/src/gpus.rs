//! A worker for each GPU: this program once more for each, with the environment that shows it that GPU alone.

use crate::Context;
use crate::workers::interrupted;
use samepath_app::{Error, ErrorCode};
use samepath_wire::HERE;
use std::path::Path;
use std::process::{ExitCode, Stdio};
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

/// Runs them until told to stop, or until one of them ends.
pub(crate) async fn run(
    context: &Context<'_>,
    gpus: &[u32],
    name: Option<&str>,
    kinds: Option<&Path>,
    stop_jobs: bool,
) -> Result<ExitCode, Error> {
    let mut sorted = gpus.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != gpus.len() {
        return Err(Error::new(ErrorCode::InvalidParameter, "A GPU is named twice.")
            .with_hint("One worker is one GPU: --gpus 0,1"));
    }
    let there = samepath_worker::kinds::this_host().amounts.get("amount.worker.gpu").copied().unwrap_or_default();
    if there < 1.0 {
        context.output.aside(&format!(
            "No NVIDIA GPU is seen on {HERE}: jobs that want one are given to these workers, and will hardly run. \
             Leave --gpus away where there is none.",
        ));
    }
    let mut running = JoinSet::new();
    // Each ends when its standard input does: with this program, however that ends.
    let mut inputs = Vec::new();
    for gpu in gpus {
        let mut child = start(context, *gpu, name, kinds, stop_jobs)?;
        inputs.push(child.stdin.take());
        let gpu = *gpu;
        running.spawn(async move { (gpu, child.wait().await) });
    }
    let ended = tokio::select! {
        ended = running.join_next() => ended,
        () = interrupted() => None,
    };
    drop(inputs);
    tokio::select! {
        () = async { while running.join_next().await.is_some() {} } => {}
        // Who asks twice does not want to wait. They end by themselves.
        () = interrupted() => {}
    }
    match ended {
        Some(Ok((gpu, Ok(status)))) if !status.success() => Err(Error::new(
            ErrorCode::Io,
            format!("The worker of GPU {gpu} ended with {status}; the others ended with it."),
        )
        .with_hint("What it said stands above.")),
        Some(Ok((gpu, Err(error)))) => {
            Err(Error::new(ErrorCode::Io, format!("The worker of GPU {gpu} was lost: {error}.")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

fn start(
    context: &Context<'_>,
    gpu: u32,
    name: Option<&str>,
    kinds: Option<&Path>,
    stop_jobs: bool,
) -> Result<Child, Error> {
    let mut command = Command::new(&context.options.program);
    if context.output.is_json() {
        command.arg("--json");
    }
    if let Some(config) = context.named_config() {
        command.arg("--config").arg(config);
    }
    command.args(["worker", "--end-with-stdin", "--gpu", &gpu.to_string()]);
    if let Some(name) = name {
        command.args(["--name", &format!("{name}-gpu{gpu}")]);
    }
    if stop_jobs {
        command.arg("--stop-jobs");
    }
    if let Some(kinds) = kinds {
        command.arg("--kinds").arg(kinds);
    }
    // As `nvidia-smi` counts them, not by how fast they are.
    command.env("CUDA_DEVICE_ORDER", "PCI_BUS_ID").env("CUDA_VISIBLE_DEVICES", gpu.to_string());
    // What ends this program in a terminal is this program's to pass on.
    #[cfg(unix)]
    command.process_group(0);
    command
        .stdin(Stdio::piped())
        .spawn()
        .map_err(|error| Error::new(ErrorCode::Io, format!("The worker of GPU {gpu} cannot be started: {error}.")))
}
