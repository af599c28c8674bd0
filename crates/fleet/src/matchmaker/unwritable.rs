//! While records cannot be written, nobody can lead. Whoever asks is told why, rather than left to wait until they give up.

use super::Answer;
use super::asking::{PEOPLE_ASK, refused, reply};
use crate::bus::{Bus, BusError};
use futures::stream::{StreamExt, select_all};
use std::time::Duration;
use tokio::time::timeout;

/// Refuses what people ask, for so long. Workers ask again by themselves, and keep what they have to tell.
pub(super) async fn refuse(bus: &dyn Bus, why: &BusError, time: Duration) {
    let refusing = async {
        let mut served = Vec::new();
        for subject in PEOPLE_ASK {
            // Somebody else may be serving it by now.
            if let Ok(requests) = bus.serve(subject).await {
                served.push(requests.into_stream());
            }
        }
        let mut requests = select_all(served);
        while let Some(request) = requests.next().await {
            reply(request, &Answer::Refused(refused(why.code(), &why.to_string())));
        }
    };
    let _ = timeout(time, refusing).await;
}
