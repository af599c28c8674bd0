//! The bus of a lab, on [NATS](https://nats.io).
//!
//! Theory of operation. One process, the *hub*, holds the bus as a holder on this computer does: it carries out every change, one
//! after the other, and serves its guests with the same frames (`shared`). Two things differ. Records and logs are
//! kept in two streams of the server (`Store`), and frames pass through two subjects a guest (`line`).
//!
//! *Who is it?* A guest publishes on `samepath.up.<who>.<line>` and hears `samepath.down.<who>.<line>`; these two are all that the
//! server lets it use, and so the subject says who asks. A guest has no right to the server's streams at all: with one it could
//! have messages delivered where others listen. What it may do is decided by the hub (`Rights`).
//!
//! *Who holds it?* Each hub that takes the bus over writes the number of its *reign*, on the condition that the stream is as it
//! read it. Every later write names the stream's last message, too: once another hub has written its reign, those of a hub that
//! was frozen or cut off fail, and it lets go. A hub that is there answers on `samepath.alive`; one that does not is replaced.
//!
//! *Is the other one still there?* Frames are numbered, so that one that was lost ends the line. Where there is nothing to say,
//! something is said every two seconds; the server answers at once that nobody hears it, and ten seconds of silence end a line.
//!
//! *Who may come in?* Where the hub has the key of an issuer ([`NatsSettings::issuer`]), the server asks it of everybody who connects,
//! and it answers with the two subjects. Whoever has joined is a record of the public key; the key is part of the subjects, so that
//! a key which is taken back is no longer heard, whatever the server still lets its connection do.
//!
//! What is deliberately not here: a client that mends its connection. One that breaks is over, and [`SharedBus`](super::SharedBus) opens the next.
//! A connection that passes outlives the hub: a guest opens a new line on it, so that the next hub need not let everybody in again.

mod asked;
mod callout;
mod connect;
mod disk;
mod door;
mod identity;
mod keys;
mod line;
mod registry;
mod server;
mod settings;
mod store;

pub(crate) use asked::{
    ADD_COMPUTER, Added, COMPUTERS, ComputerSaid, Computers, REMOVE_COMPUTER, REMOVE_WORKER, RemoveComputer,
    RemoveWorker, Removed,
};
pub(crate) use callout::ACCOUNT;
pub(crate) use connect::{is_new_enough, lets_in};
pub use disk::Disk;
pub(crate) use door::join_later;
pub use door::{join, open};
pub(crate) use identity::GPU;
pub use identity::{Identity, Part};
pub(crate) use keys::Key;
pub use registry::{Invited, Joined};
pub(crate) use registry::{KEYS, PUT_OUT};
pub(crate) use registry::{all, invite, invited, is_no, joined, many_name, revoke, withdraw};
pub use settings::{Login, NatsSettings};

use async_nats::rustls::{
    pki_types::{CertificateDer, pem::PemObject},
    server::ParsedCertificate,
};

/// What is written to a program's own log unless its environment says otherwise: what goes wrong on the way to a lab's server is told in
/// words of ours.
pub const LOG_FILTER: &str = "warn,async_nats=off";

/// The oldest server that keeps what it is told to keep: major, minor.
const OLDEST: (u64, u64) = (2, 11);

/// The SHA-256 of some bytes.
fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut digest = [0; 32];
    digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, bytes).as_ref());
    digest
}

/// What a lab's server is known by: the SHA-256 of the public key in its certificate (the `SubjectPublicKeyInfo`, as in RFC 7469, §2.4). A
/// certificate that is renewed with the same key is the same server's.
fn server_key(certificate: &CertificateDer<'_>) -> Option<[u8; 32]> {
    let certificate = ParsedCertificate::try_from(certificate).ok()?;
    Some(sha256(&certificate.subject_public_key_info()))
}

/// The same of the first certificate in a PEM file.
pub(crate) fn server_key_of_pem(pem: &[u8]) -> Option<[u8; 32]> {
    server_key(&CertificateDer::from_pem_slice(pem).ok()?)
}
