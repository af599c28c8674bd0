//! A lab's hub on a real server: invitations, keys that never leave, expiry, being put out, and another hub taking over.

mod joining;
#[path = "../labs/mod.rs"]
mod labs;
#[path = "../samples/mod.rs"]
mod plain;
mod rights;
mod servers;
