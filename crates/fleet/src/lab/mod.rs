//! A lab's fleet: its hub, who may join it, and joining.
//!
//! An administrator runs a hub ([`Hub`]) in a folder of its own ([`HubPlace`]); it starts the lab's server, holds the bus and leads. To
//! invite is to write down the fingerprint of a token; an [`Invitation`] is one line with the server's address, the fingerprint of its
//! public key, and the token. Whoever pastes it makes a key pair that never leaves their computer, and comes in once with key and token:
//! from then on the key is theirs ([`Membership`]). Nothing of that restarts anything.

mod error;
mod folder;
mod hub;
mod invitation;
mod membership;
mod place;
mod port;
mod private;
mod registry;
mod server;

pub use crate::bus::nats::{Invited, Joined, LOG_FILTER, Part};
pub use error::LabError;
pub(crate) use hub::BEGUN;
pub use hub::{Hub, Leads};
pub use invitation::Invitation;
pub use membership::{Computer, Membership};
pub use place::{HubPlace, Wanted};
pub(crate) use registry::STORAGES;
pub use registry::{Invite, Registry, Revoked, StorageWords};
pub use samepath_wire::Places;
