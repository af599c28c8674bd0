use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A line to a server that can be cut: it listens on an address of its own, and passes on whatever comes.
#[derive(Debug)]
pub struct Cable {
    address: String,
    cut: Arc<AtomicBool>,
    /// Connections that came about.
    count: Arc<AtomicUsize>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

fn lock(open: &Mutex<Vec<TcpStream>>) -> MutexGuard<'_, Vec<TcpStream>> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Cable {
    /// To a server that need not be there yet.
    ///
    /// # Panics
    /// Where it can listen nowhere.
    pub fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (cut, count, open): (Arc<AtomicBool>, Arc<AtomicUsize>, Arc<Mutex<_>>) = Default::default();
        let cable = Self { address, cut: Arc::clone(&cut), count: Arc::clone(&count), open: Arc::clone(&open) };
        let server = server.to_owned();
        thread::spawn(move || {
            for here in listener.incoming().map_while(Result::ok) {
                // Who comes while it is cut is not heard.
                let Some(there) = (!cut.load(Ordering::SeqCst)).then(|| TcpStream::connect(&server).ok()).flatten()
                else {
                    continue;
                };
                count.fetch_add(1, Ordering::SeqCst);
                let mut open = lock(&open);
                let Ok(ends) = pairs(&here, &there) else { continue };
                for (from, to) in ends {
                    thread::spawn(move || carry(from, to));
                }
                open.extend([here, there]);
                // One that was being made while it was cut.
                if cut.load(Ordering::SeqCst) {
                    end_all(&mut open);
                }
            }
        });
        cable
    }

    /// `HOST:PORT` where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Every connection ends at once, and none comes about until it is [mended](Self::mend).
    pub fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        end_all(&mut lock(&self.open));
    }

    /// Connections come about again.
    pub fn mend(&self) {
        self.cut.store(false, Ordering::SeqCst);
    }

    /// How many connections have come about.
    pub fn connections(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

fn end_all(open: &mut Vec<TcpStream>) {
    for end in open.drain(..) {
        let _ = end.shutdown(Shutdown::Both);
    }
}

fn pairs(here: &TcpStream, there: &TcpStream) -> std::io::Result<[(TcpStream, TcpStream); 2]> {
    for end in [here, there] {
        end.set_nodelay(true)?;
    }
    Ok([(here.try_clone()?, there.try_clone()?), (there.try_clone()?, here.try_clone()?)])
}

fn carry(mut from: TcpStream, mut to: TcpStream) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
