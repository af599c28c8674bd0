//! Any bytes over the socket of this computer's bus, whole or in pieces: taken for what a guest says to the holder, or for what
//! the holder says to its guests. Nobody panics; what cannot be read ends the connection, what cannot be done is refused in
//! words; the holder serves others as before; and it takes only so much memory.
//!
//! The first byte says how: who is spoken to, whether it is greeted first, whether the rest are bytes or lines of `HEADER\tBODY`
//! that get their lengths here, and how many bytes go at a time. To guests `@` in a header is the number of the last call.

use samepath_fleet::bus::{Bus, BusError, Expect, LocalSettings, SharedBus, local};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::panic;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// Most bytes that one script may have allocated at any time, besides what it says itself.
const MOST_MEMORY: usize = 64 << 20;
/// The same for each byte that it says.
const MOST_PER_BYTE: usize = 64;
/// Nobody is silent for so long.
const PATIENCE: Duration = Duration::from_secs(20);
/// After so many scripts the history begins anew.
const SCRIPTS: usize = 1000;
/// Whose answer says that everything before it was looked at.
const LAST: u64 = 0x7fff_ffff_ffff_fff0;

#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Whose memory would be counted, else?
static LAB: Mutex<Option<Lab>> = Mutex::new(None);
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// A bus of this computer, whose holder this process is.
struct Lab {
    bus: Arc<SharedBus>,
    runtime: Runtime,
    dir: TempDir,
    scripts: usize,
}

/// How a script is spoken.
struct How {
    to_guest: bool,
    greeted: bool,
    lines: bool,
    at_a_time: usize,
}

pub(crate) fn run(bytes: &[u8]) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let report = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANICS.fetch_add(1, Ordering::SeqCst);
            report(info);
        }));
    });
    let Some((first, script)) = bytes.split_first() else { return };
    let how = How {
        to_guest: first & 1 != 0,
        greeted: first & 2 != 0,
        lines: first & 4 != 0,
        at_a_time: if first >> 3 == 0 { usize::MAX } else { usize::from(first >> 3) },
    };
    let mut lab = LAB.lock().unwrap_or_else(PoisonError::into_inner);
    if lab.as_ref().is_none_or(|lab| lab.scripts >= SCRIPTS) {
        drop(lab.take());
        *lab = Some(Lab::new());
    }
    let lab = lab.as_mut().expect("it was made");
    lab.scripts += 1;
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    if how.to_guest {
        lab.to_guest(&how, script)
    } else {
        lab.to_holder(&how, script)
    }
    let most = MEMORY.peak_usage().saturating_sub(before);
    assert!(most < MOST_MEMORY + MOST_PER_BYTE * script.len(), "it took {most} bytes");
    assert_eq!(PANICS.load(Ordering::SeqCst), 0, "something panicked");
}

impl Lab {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let settings = LocalSettings::new(dir.path().join("fleet"), "amick");
        let bus = runtime.block_on(local::open(settings)).expect("it opens");
        Self { bus, runtime, dir, scripts: 0 }
    }

    /// A guest that says what the script says.
    fn to_holder(&self, how: &How, script: &[u8]) {
        let socket = fs_err::read(self.dir.path().join("fleet/holder.socket")).expect("it is announced");
        let socket = PathBuf::from(String::from_utf8(socket).expect("text"));
        let mut guest = UnixStream::connect(socket).expect("it is listened to");
        guest.set_read_timeout(Some(PATIENCE)).expect("a socket");
        guest.set_write_timeout(Some(PATIENCE)).expect("a socket");
        let mut said = Vec::new();
        if how.greeted {
            said.extend(frame(br#"{"frame":"hello","version":2,"worker":null}"#, b""));
        }
        said.extend(if how.lines {
            lines(script).flat_map(|(head, body)| frame(head, body)).collect()
        } else {
            script.to_owned()
        });
        if how.lines {
            let last = format!(
                r#"{{"frame":"call","id":{LAST},"call":{{"call":"write","writes":[{{"key":"last","size":0,"expect":"any","ttl_ms":null}}]}}}}"#
            );
            said.extend(frame(last.as_bytes(), b""));
        }
        let mut speaker = guest.try_clone().expect("a socket");
        let at_a_time = how.at_a_time;
        let whole = how.lines;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                for piece in said.chunks(at_a_time.min(said.len().max(1))) {
                    // Fails when the holder will have no more of it.
                    if speaker.write_all(piece).is_err() {
                        return;
                    }
                }
                if !whole {
                    drop(speaker.shutdown(std::net::Shutdown::Write));
                }
            });
            while let Some(answer) = read_frame(&mut guest) {
                if check_answer(&answer) == Some(LAST) {
                    break;
                }
            }
            drop(guest.shutdown(std::net::Shutdown::Both));
        });
        // Others are served as before.
        let one = self.runtime.block_on(async { self.bus.put("one", vec![1], Expect::Any, None).await });
        one.expect("it is written");
    }

    /// A holder that answers what the script says.
    fn to_guest(&self, how: &How, script: &[u8]) {
        let dir = tempfile::tempdir_in(self.dir.path()).expect("a temporary folder");
        let lock = File::create(dir.path().join("holder.lock")).expect("a lock");
        lock.try_lock().expect("nobody has it");
        let socket = dir.path().join("socket");
        let listener = UnixListener::bind(&socket).expect("a socket");
        fs_err::write(dir.path().join("holder.socket"), socket.as_os_str().as_encoded_bytes()).expect("a file");
        let (over, is_over) = tokio::sync::oneshot::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut holder, _) = listener.accept().expect("a guest comes");
                drop(listener);
                holder.set_read_timeout(Some(PATIENCE)).expect("a socket");
                // Ends early where the guest will have no more of it.
                drop(answer(&mut holder, how, script));
                drop((holder, over));
            });
            self.runtime.block_on(async {
                let settings = LocalSettings::new(dir.path(), "amick");
                tokio::select! {
                    () = be_guest(settings) => {}
                    _ = is_over => {}
                }
            });
        });
    }
}

/// Plays the holder until the script is over.
fn answer(holder: &mut UnixStream, how: &How, script: &[u8]) -> io::Result<()> {
    let say = |bytes: &[u8], to: &mut UnixStream| -> io::Result<()> {
        bytes.chunks(how.at_a_time.min(bytes.len().max(1))).try_for_each(|piece| to.write_all(piece))
    };
    if how.greeted {
        read_frame(holder).ok_or(io::ErrorKind::UnexpectedEof)?;
        say(&frame(br#"{"frame":"welcome","version":2}"#, b""), holder)?;
    }
    if !how.lines {
        say(script, holder)?;
    } else {
        for (head, body) in lines(script) {
            let asked = read_frame(holder).ok_or(io::ErrorKind::UnexpectedEof)?;
            let id = header(&asked).and_then(|head| head["id"].as_u64()).unwrap_or_default().to_string();
            let head: Vec<u8> =
                head.iter().flat_map(|byte| if *byte == b'@' { id.as_bytes().to_vec() } else { vec![*byte] }).collect();
            say(&frame(&head, body), holder)?;
        }
    }
    // What it makes of that is seen by what it says next, or by its going.
    holder.shutdown(std::net::Shutdown::Write)?;
    while read_frame(holder).is_some() {}
    Ok(())
}

/// Does everything that a guest can, one after the other; what it is told may be anything.
async fn be_guest(settings: LocalSettings) {
    let bus = match local::open(settings).await {
        Ok(bus) => bus,
        Err(error) => return worded(&error),
    };
    let result: Result<(), BusError> = async {
        bus.get("k").await?;
        let mut watch = bus.watch("k").await?;
        for _ in 0..3 {
            a_moment(watch.next()).await;
        }
        let mut log = bus.log("l", 0).await?;
        for _ in 0..3 {
            a_moment(log.next()).await;
        }
        bus.append("l", 0, vec![vec![0; 100]; 3]).await?;
        if let Some(Some(request)) = a_moment(bus.serve("s").await?.next()).await {
            request.reply(vec![1]);
        }
        bus.request("s", vec![1], Duration::from_secs(1)).await?;
        bus.put("k", vec![1], Expect::Absent, Some(Duration::from_secs(1))).await?;
        bus.delete("k", Expect::Any).await?;
        bus.truncate("l", 1).await
    }
    .await;
    if let Err(error) = result {
        worded(&error);
    }
    bus.close().await;
}

/// What whoever holds the queue need never say is waited for no longer than this, so that the next question comes.
async fn a_moment<T>(news: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_millis(2), news).await.ok()
}

/// An error says something.
fn worded(error: &BusError) {
    assert!(!error.to_string().trim().is_empty(), "{error:?}");
}

/// A frame as it crosses: its length, its header's length, both.
fn frame(header: &[u8], body: &[u8]) -> Vec<u8> {
    let size = |length: usize| u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes();
    [&size(4 + header.len() + body.len())[..], &size(header.len()), header, body].concat()
}

fn lines(script: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    script.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(|line| {
        let tab = line.iter().position(|byte| *byte == b'\t');
        tab.map_or((line, &line[..0]), |tab| (&line[..tab], &line[tab + 1..]))
    })
}

/// The next frame without its length; none at the end of the connection, which comes sooner or later.
fn read_frame(from: &mut UnixStream) -> Option<Vec<u8>> {
    let mut read = |buffer: &mut [u8]| match from.read_exact(buffer) {
        Ok(()) => Some(()),
        Err(error) => {
            assert!(
                !matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut),
                "nobody says anything"
            );
            None
        }
    };
    let mut size = [0; 4];
    read(&mut size)?;
    let mut frame = vec![0; u32::from_le_bytes(size) as usize];
    read(&mut frame)?;
    Some(frame)
}

fn header(frame: &[u8]) -> Option<serde_json::Value> {
    let size = u32::from_le_bytes(frame.get(..4)?.try_into().ok()?) as usize;
    serde_json::from_slice(frame.get(4..4 + size)?).ok()
}

/// What the holder answers can be read, and is a refusal in words where it is one; which call it answers.
fn check_answer(frame: &[u8]) -> Option<u64> {
    let header = header(frame).expect("an answer can be read");
    match header["frame"].as_str().expect("it says which it is") {
        "welcome" | "abandoned" => None,
        "done" => {
            if let Some(error) = header["result"].get("Err") {
                worded(&serde_json::from_value(error.clone()).expect("an error can be read"));
            }
            header["id"].as_u64()
        }
        other => panic!("the holder said {other}"),
    }
}
