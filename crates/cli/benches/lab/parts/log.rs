//! What a tool prints: how soon whoever follows has a line, and how many lines a second pass through a lab.

use super::common::lab::Lab;
use super::desk::{SOON, fleet_of, member, window};
use super::figures::{now, stamp};
use super::kinds::{TICK, script};
use super::many::told;
use super::person::{latency, submit};
use super::server::Bare;
use async_nats::Client;
use futures::StreamExt;
use samepath_fleet::{Fleet, LogItem};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Less than what is kept of one log.
const LINES: u64 = 300_000;
/// What each of them is, without its end.
const TEXT: &str = "Epoch 12 of 900: loss 0.00123, val/loss 0.00345, 12.3 it/s";
/// Bytes that are sent together, without a lab.
const BATCH: usize = 32 * 1024;

pub(crate) fn bench(runtime: &Runtime) {
    let lab = Lab::new();
    lab.home.write("kinds/tick.yaml", TICK);
    lab.home.write("kinds/chatty.yaml", script("chatty", &chatty()));
    let (desk, gpu) = (member(&lab, "desk"), lab.computer("gpu-1"));
    gpu.join(&lab.invite("worker", "gpu-1"));
    let worker = gpu.worker();
    runtime.block_on(async {
        let (app, fleet) = (window(&desk, 1, "chatty").await, fleet_of(&desk, "member").await);
        latency(&app).await;
        let bare = Bare::on(&lab).await;
        let alone = sent_and_heard(&bare).await;
        told("the same lines on the server alone, a lot at a time", &rate(LINES, alone));
        let piped = piped();
        told("the same lines through a bare pipe", &rate(LINES, piped));
        let job = submit(&app, "chatty", &[]).await;
        let took = heard(&fleet, &job.id).await;
        told("lines of a log, from the tool to whoever follows", &rate(LINES, took));
        println!("  {:.1} times as long as on the server alone", took.as_secs_f64() / alone.as_secs_f64());
        app.shut_down().await;
        fleet.close().await;
    });
    drop(worker);
    lab.stop();
}

fn chatty() -> String {
    format!("date +%s%N; yes '{TEXT}' | head -n {LINES}")
}

fn rate(lines: u64, took: Duration) -> String {
    format!("{:.0} lines/s ({took:.2?})", lines as f64 / took.as_secs_f64())
}

/// From the tool's first line, which says when that is, until the last is here.
async fn heard(fleet: &Fleet, id: &str) -> Duration {
    let id = id.parse().expect("an id");
    let (mut lines, mut began) = (0, None);
    let mut log = fleet.log(id, 1, 0).await.expect("a log");
    while lines < LINES {
        match log.next().await.expect("the log goes on") {
            LogItem::Line(line) if line.stream == samepath_wire::Stream::Samepath => {}
            LogItem::Line(line) if began.is_none() => began = Some(stamp(&line.text).expect("a time")),
            LogItem::Line(line) => {
                assert_eq!(line.text, TEXT);
                lines += 1;
            }
            LogItem::Current => {}
        }
    }
    now().saturating_sub(began.expect("it began"))
}

/// The same lines as messages of 32 KiB, each answered for, and heard by another program.
async fn sent_and_heard(bare: &Bare) -> Duration {
    let hears: Client = bare.hears.clone();
    let mut heard = hears.subscribe("bare.log").await.expect("heard");
    hears.flush().await.expect("heard");
    let each = BATCH / (TEXT.len() + 1);
    let whole: usize = LINES as usize;
    let begun = Instant::now();
    let send = async {
        let mut acks = Vec::new();
        for first in (0..whole).step_by(each) {
            let batch = format!("{TEXT}\n").repeat(each.min(whole - first));
            acks.push(bare.keeps.publish("bare.log", batch.into()).await.expect("sent"));
            if acks.len() == 64 {
                futures::future::join_all(acks.drain(..).map(IntoFuture::into_future)).await;
            }
        }
        futures::future::join_all(acks.into_iter().map(IntoFuture::into_future)).await;
    };
    let hear = async {
        let mut lines = 0;
        while lines < whole {
            // Nobody sends again what such a connection lost.
            let message = tokio::time::timeout(SOON, heard.next()).await.expect("every message comes");
            let message = message.expect("the server lives");
            lines += message.payload.iter().filter(|byte| **byte == b'\n').count();
        }
    };
    futures::join!(send, hear);
    begun.elapsed()
}

fn piped() -> Duration {
    let begun = Instant::now();
    let mut bare = Command::new("sh").args(["-c", &chatty()]).stdout(Stdio::piped()).spawn().expect("it starts");
    let lines = BufReader::new(bare.stdout.take().expect("its pipe")).lines().count();
    bare.wait().expect("it ends");
    assert_eq!(lines as u64, LINES + 1);
    begun.elapsed()
}
