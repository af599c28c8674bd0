use crate::guard::{AttemptDir, Order, Socket, Status};
use interprocess::local_socket::tokio::Stream;
use interprocess::local_socket::traits::tokio::Stream as _;
use std::io;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};

/// A connection to a guard.
pub(super) struct GuardLink {
    lines: Lines<BufReader<tokio::io::ReadHalf<Stream>>>,
    write: tokio::io::WriteHalf<Stream>,
}

impl GuardLink {
    /// Connects to the guard of `dir`, which may be starting or gone: then it fails.
    pub(super) async fn connect(dir: &AttemptDir) -> io::Result<Self> {
        let socket = Socket::of(dir.path())?;
        let stream = Stream::connect(socket.name()?).await?;
        let (read, write) = tokio::io::split(stream);
        let mut link = Self { lines: BufReader::new(read).lines(), write };
        link.send(Order::Hello).await?;
        Ok(link)
    }

    /// Its next status; `None` once it is gone. Nothing is lost if the future is dropped.
    ///
    /// # Errors
    /// It said something that cannot be read.
    pub(super) async fn status(&mut self) -> io::Result<Option<Status>> {
        match self.lines.next_line().await {
            Ok(Some(line)) => Ok(Some(serde_json::from_str(&line)?)),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Err(error),
            Ok(None) | Err(_) => Ok(None),
        }
    }

    /// Tells it something.
    pub(super) async fn send(&mut self, order: Order) -> io::Result<()> {
        let mut line = serde_json::to_vec(&order)?;
        line.push(b'\n');
        self.write.write_all(&line).await?;
        self.write.flush().await
    }
}
