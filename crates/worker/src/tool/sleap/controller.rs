//! Asks a training to stop the way that SLEAP's own window does: it ends its batch, saves a checkpoint, and leaves.
//!
//! `sleap-nn` subscribes to a ZeroMQ publisher at a port of this computer and waits for `{"command": "stop"}`. An interrupt would
//! not do: depending on where it strikes, `sleap-nn` removes the folder of the run, checkpoints and all. What is spoken here is
//! the publisher's half of ZMTP 3.0 without security: a greeting, one command, and the message when it is time. Whatever the
//! other side says is read and not understood.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// The signature, version 3.0, the mechanism NULL, not a server.
const GREETING: [u8; 64] = {
    let mut greeting = [0; 64];
    (greeting[0], greeting[9], greeting[10]) = (0xff, 0x7f, 3);
    (greeting[12], greeting[13], greeting[14], greeting[15]) = (b'N', b'U', b'L', b'L');
    greeting
};
/// A command of 25 bytes: READY, and that this is a publisher.
const READY: &[u8] = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB";
/// A message of one frame.
const STOP: &[u8] = b"\x00\x13{\"command\": \"stop\"}";
/// Nobody on this computer takes longer to read a few bytes.
const PATIENCE: Duration = Duration::from_secs(2);
/// Nobody but a training connects; more than its processes there are not.
const MOST: usize = 64;

/// Where trainings of this process listen for the end.
pub(super) struct Controller {
    pub(super) port: u16,
    connected: Arc<Mutex<Vec<TcpStream>>>,
}

impl Controller {
    /// Opens a port of this computer's own, that nobody else reaches.
    pub(super) fn open() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let connected = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&connected);
        thread::spawn(move || {
            for stream in listener.incoming().filter_map(Result::ok) {
                if let Ok(stream) = greet(stream) {
                    let mut connected = into.lock().unwrap_or_else(PoisonError::into_inner);
                    if connected.len() < MOST {
                        connected.push(stream);
                    }
                }
            }
        });
        Ok(Self { port, connected })
    }

    /// Tells every training that listens to stop; whether there was one.
    pub(super) fn stop(&self) -> bool {
        let mut connected = self.connected.lock().unwrap_or_else(PoisonError::into_inner);
        connected.retain_mut(|stream| stream.write_all(STOP).is_ok());
        !connected.is_empty()
    }
}

fn greet(mut stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    stream.write_all(&GREETING)?;
    stream.write_all(READY)?;
    let mut other = stream.try_clone()?;
    thread::spawn(move || {
        let mut heard = [0; 256];
        while matches!(other.read(&mut heard), Ok(read) if read > 0) {}
    });
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_are_those_of_what_follows() {
        assert_eq!(READY.len(), 2 + usize::from(READY[1]));
        assert_eq!(STOP.len(), 2 + usize::from(STOP[1]));
    }

    #[test]
    fn a_subscriber_hears_the_end() {
        let controller = Controller::open().unwrap();
        assert!(!controller.stop(), "nobody listens yet");
        let mut subscriber = TcpStream::connect((Ipv4Addr::LOCALHOST, controller.port)).unwrap();
        let mut greeting = vec![0; GREETING.len() + READY.len()];
        subscriber.read_exact(&mut greeting).unwrap();
        assert_eq!(greeting, [&GREETING[..], READY].concat());
        while !controller.stop() {
            thread::yield_now();
        }
        let mut message = vec![0; STOP.len()];
        subscriber.read_exact(&mut message).unwrap();
        assert_eq!(message, STOP);
    }
}
