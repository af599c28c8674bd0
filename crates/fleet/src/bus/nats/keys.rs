use nkeys::{KeyPair, KeyPairType};
use std::fmt;

/// A key pair of somebody in a lab. Only its owner has the private half.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// The private half.
    pub(crate) seed: String,
    /// The public half.
    pub(crate) public: String,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("public", &self.public).finish_non_exhaustive()
    }
}

impl Key {
    /// A new one for a person or a worker.
    pub(crate) fn new_user() -> Self {
        Self::new(KeyPairType::User)
    }

    /// A new one with which a hub says who may come in.
    pub(crate) fn new_issuer() -> Self {
        Self::new(KeyPairType::Account)
    }

    fn new(kind: KeyPairType) -> Self {
        let pair = KeyPair::new(kind);
        // A pair that was just made has its private half.
        Self { seed: pair.seed().unwrap_or_default(), public: pair.public_key() }
    }

    /// The one of this private half; none if that is none.
    pub(crate) fn of(seed: &str) -> Option<Self> {
        let pair = KeyPair::from_seed(seed).ok()?;
        Some(Self { seed: seed.to_owned(), public: pair.public_key() })
    }
}
