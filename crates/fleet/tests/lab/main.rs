//! A lab's hub on a real server: invitations, keys that never leave, expiry, being put out, and another hub taking over.

mod joining;
#[path = "../labs/mod.rs"]
mod labs;
mod rights;
mod servers;
