use super::frame::Call;
use crate::bus::{BusError, core::Endpoint};

/// What a guest may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bus) enum Rights {
    /// Everything.
    All,
}

impl Rights {
    /// Refuses what the guest may not ask for.
    pub(in crate::bus) async fn check(&self, _endpoint: &Endpoint, _call: &Call) -> Result<(), BusError> {
        match self {
            Self::All => Ok(()),
        }
    }
}
