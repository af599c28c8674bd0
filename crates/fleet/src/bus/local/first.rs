//! One program of its kind in a folder: whoever starts first holds it, and each further one hands the first a message and ends.

use super::{history::io_error, place::Place, socket};
use crate::bus::BusError;
use futures::{SinkExt, StreamExt};
use interprocess::local_socket::tokio::{Listener, Stream, prelude::*};
use std::{fs::File, io, path::Path, time::Duration};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::bytes::Bytes;
use tokio_util::codec::{Framed, LengthDelimitedCodec};

/// How long a further one tries to hand its message over: the first may just be starting, or ending.
const PATIENCE: Duration = Duration::from_secs(10);
/// Between two tries.
const AGAIN: Duration = Duration::from_millis(50);
/// How long the first may take to say that it has a message.
const MOMENT: Duration = Duration::from_secs(3);
/// How long a further one may take to hand its message over; it begins with nothing else.
const AT_ONCE: Duration = Duration::from_secs(1);
/// Bytes of one message.
const MAX_MESSAGE: usize = 1024 * 1024;

/// What starting in a folder leads to.
#[derive(Debug)]
pub enum Arrival {
    /// Nobody was there. The folder is held for as long as the first value lives, also when it no longer listens; the system lets go
    /// of it when the process ends, however that is.
    First(Hold, Ears),
    /// Somebody is there, and has the message.
    Told,
}

/// Holds the folder.
#[derive(Debug)]
pub struct Hold {
    _lock: File,
}

/// Hears of each further start. Dropped, it hears of none: a further start waits until the folder is let go of.
#[derive(Debug)]
pub struct Ears {
    listener: Listener,
}

/// Holds the folder, which is made if need be, or hands `message` to whoever does. What a killed one left behind blocks nobody.
///
/// # Errors
/// [`BusError::NotPrivate`] if the folder belongs to somebody else, [`BusError::Io`] if it cannot be used, [`BusError::Unreachable`]
/// if somebody holds it and takes no message for ten seconds.
pub async fn arrive(dir: &Path, runtime_dir: Option<&Path>, message: Vec<u8>) -> Result<Arrival, BusError> {
    let place = Place::make(dir, runtime_dir)?;
    let message = Bytes::from(message);
    let begun = Instant::now();
    loop {
        if let Some(lock) = place.try_lock()? {
            let path = place.new_socket()?;
            let listener = socket::listen(&path).map_err(|error| io_error(&path, &error))?;
            place.announce(&path)?;
            return Ok(Arrival::First(Hold { _lock: lock }, Ears { listener }));
        }
        if let Some(socket) = place.announced()
            && let Ok(Ok(())) = timeout(MOMENT, tell(&socket, message.clone())).await
        {
            return Ok(Arrival::Told);
        }
        if begun.elapsed() > PATIENCE {
            return Err(BusError::Unreachable);
        }
        sleep(AGAIN).await;
    }
}

/// Returns once the other end says that it has the message.
async fn tell(socket: &Path, message: Bytes) -> io::Result<()> {
    let mut line = framed(socket::connect(socket).await?);
    line.send(message).await?;
    match line.next().await {
        Some(answer) => answer.map(drop),
        None => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

impl Ears {
    /// The next message. Whoever hands none over in time is left; safe to cancel between messages.
    pub async fn next(&self) -> Vec<u8> {
        loop {
            match self.listener.accept().await {
                Ok(stream) => match timeout(AT_ONCE, hear(stream)).await {
                    Ok(Ok(message)) => return message,
                    Ok(Err(error)) => tracing::debug!(%error, "a further start was not understood"),
                    Err(_) => tracing::debug!("a further start said nothing"),
                },
                Err(error) => {
                    // Out of files, perhaps: not to be tried again at once.
                    tracing::warn!(%error, "further starts cannot be heard of");
                    sleep(AGAIN).await;
                }
            }
        }
    }
}

async fn hear(stream: Stream) -> io::Result<Vec<u8>> {
    socket::check_peer(&stream)?;
    let mut line = framed(stream);
    let message = line.next().await.ok_or(io::ErrorKind::UnexpectedEof)??;
    line.send(Bytes::new()).await?;
    Ok(message.to_vec())
}

fn framed(stream: Stream) -> Framed<Stream, LengthDelimitedCodec> {
    let codec = LengthDelimitedCodec::builder().little_endian().max_frame_length(MAX_MESSAGE).new_codec();
    Framed::new(stream, codec)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(arrival: Arrival) -> (Hold, Ears) {
        match arrival {
            Arrival::First(hold, ears) => (hold, ears),
            Arrival::Told => panic!("somebody is there"),
        }
    }

    async fn start(dir: &Path, message: &str) -> Arrival {
        arrive(dir, None, message.as_bytes().to_vec()).await.unwrap()
    }

    #[tokio::test]
    async fn the_first_hears_of_each_further_one_and_the_next_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("window");
        let (hold, ears) = first(start(&dir, "").await);
        for message in ["[\"/a\"]", ""] {
            let (further, heard) = tokio::join!(start(&dir, message), ears.next());
            assert!(matches!(further, Arrival::Told));
            assert_eq!(heard, message.as_bytes());
        }
        // One that is ending takes no message, and whoever starts meanwhile waits until it has gone.
        drop(ears);
        let (next, ()) = tokio::join!(start(&dir, "late"), async {
            sleep(AGAIN * 3).await;
            drop(hold);
        });
        first(next);
    }

    #[tokio::test]
    async fn what_a_killed_one_left_behind_blocks_nobody() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("window");
        drop(first(start(&dir, "").await));
        // The announcement of a socket where nobody listens, and a file in the socket's place.
        let place = Place::make(&dir, None).unwrap();
        let socket = place.new_socket().unwrap();
        place.announce(&socket).unwrap();
        #[cfg(unix)]
        std::fs::write(&socket, "left").unwrap();
        first(start(&dir, "").await);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn whoever_says_nothing_holds_nobody_up() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("window");
        let (_hold, ears) = first(start(&dir, "").await);
        let announced = Place::make(&dir, None).unwrap().announced().unwrap();
        let mute = socket::connect(&announced).await.unwrap();
        let (further, heard) = tokio::join!(start(&dir, "said"), ears.next());
        assert!(matches!(further, Arrival::Told));
        assert_eq!(heard, b"said");
        drop(mute);
    }
}
