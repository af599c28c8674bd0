//! What the tests of Samepath share: folders full of files, a mount whose server can fall silent, small disks with faults, a server
//! for labs, a line to it that can be cut, a driver of GPUs, and the seeds of `fuzz/`.
//!
//! Everything here panics where it fails, with what to install or allow: a test that cannot be run is a failed test.
//!
//! ```no_run
//! let mount = samepath_testkit::FuseMount::new(&[("amick/labels.slp", "…")]);
//! mount.stop(); // from now on whoever looks into `mount.path()` waits, also when killed
//! mount.resume();
//! ```
//!
//! What is deliberately not here: anything that knows another crate of Samepath, so that all of them can use it.

mod cable;
#[cfg(target_os = "linux")]
mod disk;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod fuse;
mod gate;
mod nats;
#[cfg(target_os = "linux")]
mod nvml;
mod seeds;
mod tree;

pub use cable::Cable;
#[cfg(target_os = "linux")]
pub use disk::{Disk, Fault, with_disks};
#[cfg(target_os = "linux")]
pub use files::Trouble;
#[cfg(target_os = "linux")]
pub use fuse::FuseMount;
pub use nats::{NatsServer, nats_server};
#[cfg(target_os = "linux")]
pub use nvml::FakeDriver;
pub use seeds::replay;
#[cfg(unix)]
pub use tree::pipe;
pub use tree::{fill, tree};
