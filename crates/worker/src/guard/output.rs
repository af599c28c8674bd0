use super::control::Board;
use super::journal::Journal;
use super::lines::LineCutter;
use super::messages::{self, Message};
use jiff::Timestamp;
use samepath_wire::{Failure, Stream};
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One of a tool's pipes.
#[derive(Debug)]
pub(crate) struct Pipe<R>(pub(crate) R);

/// Where everything that a tool prints goes: into the journal, and what it says to us onto the board.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    inner: Arc<Mutex<Inner>>,
    board: Arc<Board>,
}

#[derive(Debug)]
struct Inner {
    journal: Journal,
    fail: Option<Failure>,
    /// Whether that speaks of this worker alone.
    unfit: bool,
    last_error: Option<String>,
}

impl Output {
    /// Into `journal` and onto `board`.
    pub(crate) fn new(journal: Journal, board: Arc<Board>) -> Self {
        Self { inner: Arc::new(Mutex::new(Inner { journal, fail: None, unfit: false, last_error: None })), board }
    }

    /// Adds a line of ours.
    pub(crate) fn note(&self, text: &str) {
        let end = {
            let mut inner = self.lock();
            inner.journal.note(text);
            inner.journal.flush()
        };
        self.board.update(|status| status.log_end = end);
    }

    /// Writes what was kept back; once more after the last line.
    pub(crate) fn close(&self) {
        let end = self.lock().journal.close();
        self.board.update(|status| status.log_end = end);
    }

    /// What kept the journal from being written, once something did.
    pub(crate) fn fault(&self) -> Option<io::Error> {
        self.lock().journal.fault()
    }

    /// What the tool last said of its failure.
    pub(crate) fn fail(&self) -> Option<Failure> {
        self.lock().fail.clone()
    }

    /// Whether the tool said that of this worker, before it had begun anything.
    pub(crate) fn is_unfit(&self) -> bool {
        self.lock().unfit
    }

    /// The last line on the standard error that is not empty.
    pub(crate) fn last_error(&self) -> Option<String> {
        self.lock().last_error.clone()
    }

    /// Takes one piece, and makes it known.
    fn take(&self, stream: Stream, cutter: &mut LineCutter, bytes: &[u8]) {
        let at = Timestamp::now();
        let (mut percent, mut words) = (None, None);
        let end = {
            let mut inner = self.lock();
            let mut each = |text: &str, cut: bool| {
                inner.journal.line(at, stream, text, cut);
                match messages::parse(text) {
                    Some(Message::Progress(value)) => percent = Some(value),
                    Some(Message::Status(text)) => words = Some(text),
                    Some(Message::Fail(failure)) => (inner.fail, inner.unfit) = (Some(failure), false),
                    Some(Message::Unfit(failure)) => (inner.fail, inner.unfit) = (Some(failure), true),
                    None if stream == Stream::Err && !text.trim().is_empty() => {
                        inner.last_error = Some(text.chars().take(500).collect());
                    }
                    None => {}
                }
            };
            if bytes.is_empty() {
                cutter.finish(&mut each)
            } else {
                cutter.push(bytes, &mut each)
            }
            inner.journal.flush()
        };
        self.board.update(|status| {
            status.log_end = end;
            status.progress.percent = percent.or(status.progress.percent);
            status.progress.status = words.or(status.progress.status.take());
        });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const PIECE: usize = 64 * 1024;

#[cfg(unix)]
pub(crate) use unix::Bell;

#[cfg(unix)]
mod unix {
    use super::{LineCutter, Output, PIECE, Pipe, Read, Stream, io};
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::io::Errno;
    use std::os::fd::{AsFd, OwnedFd};
    use std::sync::Arc;

    /// Most that is still read after the main process has ended. What it printed itself fits into the pipe (1 MiB at most);
    /// a process that it left behind may print for ever.
    const DRAIN: usize = 1024 * 1024;

    /// Rung when the main process has ended, by closing it.
    #[derive(Debug)]
    pub(crate) struct Bell(OwnedFd);

    /// Hears the bell.
    #[derive(Debug, Clone)]
    pub(crate) struct Listener(Arc<OwnedFd>);

    impl Bell {
        /// One, and what hears it.
        pub(crate) fn new() -> io::Result<(Self, Listener)> {
            let (hear, ring) = io::pipe()?;
            Ok((Self(ring.into()), Listener(Arc::new(hear.into()))))
        }

        /// Tells whoever listens.
        pub(crate) fn ring(self) {
            drop(self.0);
        }
    }

    impl Output {
        /// Reads `pipe` until it is closed, or until the bell rings and what was in it is read.
        pub(crate) fn read<R: Read + AsFd>(&self, stream: Stream, pipe: Pipe<R>, bell: &Listener) -> io::Result<()> {
            let Pipe(mut pipe) = pipe;
            rustix::io::ioctl_fionbio(&pipe, true)?;
            let mut cutter = LineCutter::default();
            let mut piece = vec![0; PIECE];
            let mut drained = None;
            loop {
                match pipe.read(&mut piece) {
                    Ok(0) => break,
                    Ok(read) => {
                        self.take(stream, &mut cutter, &piece[..read]);
                        let rung = drained.is_some() || is_rung(bell)?;
                        if rung {
                            let total = drained.unwrap_or(0) + read;
                            if total >= DRAIN {
                                break;
                            }
                            drained = Some(total);
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        if drained.is_some() {
                            break;
                        }
                        if wait(&pipe, bell)? {
                            drained = Some(0);
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
            self.take(stream, &mut cutter, &[]);
            Ok(())
        }
    }

    /// Waits for either; whether the bell was rung.
    fn wait(pipe: &impl AsFd, bell: &Listener) -> io::Result<bool> {
        let mut both = [PollFd::new(pipe, PollFlags::IN), PollFd::new(&*bell.0, PollFlags::IN)];
        loop {
            match poll(&mut both, None) {
                Ok(_) => return Ok(!both[1].revents().is_empty()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn is_rung(bell: &Listener) -> io::Result<bool> {
        let mut one = [PollFd::new(&*bell.0, PollFlags::IN)];
        poll(&mut one, Some(&rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 }))?;
        Ok(!one[0].revents().is_empty())
    }
}

#[cfg(windows)]
pub(crate) use windows::Bell;

#[cfg(windows)]
mod windows {
    use super::{LineCutter, Output, PIECE, Pipe, Read, Stream, io};

    /// Not heard here: a reader that is not done a moment after the end is left behind.
    #[derive(Debug)]
    pub(crate) struct Bell;

    /// Hears nothing.
    #[derive(Debug, Clone)]
    pub(crate) struct Listener;

    impl Bell {
        /// One, and what would hear it.
        pub(crate) fn new() -> io::Result<(Self, Listener)> {
            Ok((Self, Listener))
        }

        /// Tells nobody.
        pub(crate) fn ring(self) {}
    }

    impl Output {
        /// Reads `pipe` until it is closed.
        pub(crate) fn read<R: Read>(&self, stream: Stream, pipe: Pipe<R>, _bell: &Listener) -> io::Result<()> {
            let Pipe(mut pipe) = pipe;
            let mut cutter = LineCutter::default();
            let mut piece = vec![0; PIECE];
            loop {
                match pipe.read(&mut piece)? {
                    0 => break,
                    read => self.take(stream, &mut cutter, &piece[..read]),
                }
            }
            self.take(stream, &mut cutter, &[]);
            Ok(())
        }
    }
}
