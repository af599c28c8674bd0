//! The tool, from its start until nothing of it is left.

use super::{Event, Guard, Why};
use crate::guard::control::{FromWorker, Order, Phase};
use crate::guard::output::Bell;
use crate::guard::tool::{Exit, Tool, interrupt};
use crate::guard::tree::{Tree, reap};
use crate::guard::why::words;
use crate::prepare::Prepared;
use samepath_wire::Stream;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// For how long after the system asked all to end a bad end is due to that: it waits 90 s before it kills, where nobody says otherwise
/// (systemd's `DefaultTimeoutStopSec`).
const ENDING: Duration = Duration::from_secs(120);
/// How much later than its tool a guard is asked, at most.
const ASKED_LATER: Duration = Duration::from_millis(500);

impl Guard {
    /// From the start of the tool to the end of its main process and of its output.
    pub(super) fn supervise(&mut self, tool: Tool, prepared: &Prepared) -> (Option<Exit>, Option<Why>) {
        let group = tool.id;
        let bell = self.follow(tool);
        let notice = self.spec.patience.notice.unwrap_or(prepared.notice);
        let mut too_long = prepared.timeout.map(|limit| (Instant::now() + limit, limit));
        let (mut why, mut kill_at, mut give_up_at) = (None, None, None);
        let exit = loop {
            let until = [too_long.map(|(at, _)| at), kill_at, give_up_at].into_iter().flatten().min();
            match self.next(until) {
                Some(Event::Exited(Ok(exit))) => break Some(exit),
                Some(Event::Exited(Err(error))) => {
                    tracing::error!(%error, "cannot wait for the tool");
                    break None;
                }
                Some(Event::Worker(FromWorker::Order(Order::Stop))) if why.is_none() => {
                    why = Some(Why::Asked);
                    kill_at = Some(self.interrupt(group, notice, "Asked to stop"));
                }
                Some(Event::Worker(FromWorker::Order(Order::Kill))) => {
                    why = Some(Why::Asked);
                    kill_at = Some(Instant::now());
                }
                Some(Event::Worker(FromWorker::Order(Order::Superseded))) => {
                    why = Some(Why::Superseded);
                    kill_at = Some(Instant::now());
                }
                Some(Event::FolderTaken) => {
                    why = why.or(Some(Why::FolderTaken));
                    kill_at = Some(Instant::now());
                }
                Some(Event::Orphaned) => {
                    why = why.or(Some(Why::Orphaned));
                    kill_at = Some(Instant::now());
                }
                Some(_) => {}
                None => {
                    let now = Instant::now();
                    if give_up_at.is_some_and(|at| now >= at) {
                        break None;
                    }
                    if kill_at.is_some_and(|at| now >= at) {
                        kill_at = None;
                        give_up_at = Some(now + self.spec.patience.give_up);
                        self.kill(group);
                    }
                    if let Some((at, limit)) = too_long
                        && now >= at
                    {
                        too_long = None;
                        if why.is_none() {
                            why = Some(Why::TooLong(limit));
                            let words = format!("It ran for {}, longer than its kind allows", words(limit));
                            kill_at = Some(self.interrupt(group, notice, &words));
                        }
                    }
                }
            }
        };
        self.end_of_output(bell);
        let ended = exit.filter(|exit| why.is_none() && self.ended_with_all(*exit)).map(|_| Why::EndedWithAll);
        (exit, why.or(ended))
    }

    /// Whether the tool ended badly because the system ended all that runs here. Whom it asks first is as it comes.
    fn ended_with_all(&mut self, exit: Exit) -> bool {
        if exit == Exit::TERMINATED {
            let until = Instant::now() + ASKED_LATER;
            while self.ending_since.is_none() && self.next(Some(until)).is_some() {}
        }
        exit != Exit::Code(0) && self.ending_since.is_some_and(|since| since.elapsed() < ENDING)
    }

    /// Starts the threads that read the tool's output and wait for its end.
    fn follow(&mut self, tool: Tool) -> Option<Bell> {
        let Tool { child, out, err, .. } = tool;
        let bell = Bell::new().ok();
        if let Some((_, listener)) = &bell {
            self.pipes = 2;
            let (output, send, hear) = (self.output.clone(), self.send.clone(), listener.clone());
            thread::spawn(move || send.send(Event::Read(output.read(Stream::Out, out, &hear))));
            let (output, send, hear) = (self.output.clone(), self.send.clone(), listener.clone());
            thread::spawn(move || send.send(Event::Read(output.read(Stream::Err, err, &hear))));
        }
        let send = self.send.clone();
        thread::spawn(move || send.send(Event::Exited(child.wait())));
        bell.map(|(bell, _)| bell)
    }

    fn interrupt(&self, group: u32, notice: Duration, reason: &str) -> Instant {
        if !notice.is_zero() {
            self.output.note(&format!("{reason}: it has {} to end by itself.", words(notice)));
            interrupt(group);
        }
        self.board.update(|status| status.phase = Phase::Stopping);
        Instant::now() + notice
    }

    fn kill(&self, group: u32) {
        self.output.note("Killed.");
        if let Err(error) = self.tree(group).kill(self.spec.patience.give_up) {
            tracing::error!(%error, "cannot find the processes of the attempt");
        }
    }

    /// What is in the pipes is read; what a process left behind prints later is not.
    fn end_of_output(&mut self, bell: Option<Bell>) {
        let Some(bell) = bell else { return };
        bell.ring();
        let deadline = Instant::now() + Duration::from_secs(2);
        while self.pipes > 0 && self.next(Some(deadline)).is_some() {}
    }

    /// Ends whatever the tool left behind; how many processes would not die.
    pub(super) fn sweep(&self, group: u32) -> usize {
        let tree = self.tree(group);
        let survivors = (|| {
            #[cfg(unix)]
            {
                let left = tree.signal(rustix::process::Signal::TERM)?;
                if left > 0 {
                    let what = if left == 1 { "a process".to_owned() } else { format!("{left} processes") };
                    self.output.note(&format!("It left {what} running; ended now."));
                }
            }
            if tree.wait(self.spec.patience.leftovers)? { Ok(0) } else { tree.kill(self.spec.patience.give_up) }
        })();
        reap();
        survivors.unwrap_or_else(|error: io::Error| {
            tracing::error!(%error, "cannot find the processes of the attempt");
            1
        })
    }

    fn tree(&self, group: u32) -> Tree<'_> {
        Tree { mark: &self.mark, group: Some(group), guard: true, kin: &[] }
    }
}
