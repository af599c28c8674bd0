//! "Do you see these?": asked of a worker by whoever wants to know, in pieces of which question and answer fit the bus.

use crate::FleetError;
use crate::ask::{decode_answer, encode};
use crate::bus::{Bus, BusError, TOO_LARGE};
use samepath_wire::{CheckPaths, Checked, ProofAsked};
use std::time::Duration;

/// The most paths in one question.
const PIECE: usize = 1_000;
const DOING: &str = "checking paths";

/// Each piece has this time: a worker that is gone is known by the first.
pub(crate) async fn ask(
    bus: &dyn Bus,
    worker: &str,
    asked: &CheckPaths,
    timeout: Duration,
) -> Result<Checked, FleetError> {
    let (mut most, mut seen) = (PIECE, Vec::with_capacity(asked.paths.len()));
    loop {
        let begin = seen.len();
        let end = asked.paths.len().min(begin + most);
        let piece = CheckPaths { paths: asked.paths[begin..end].to_vec(), proof: proof_within(asked, begin, end) };
        match one(bus, worker, &piece, timeout).await {
            // Long names, or much to say of each.
            Err(error) if is_too_large(&error) && piece.paths.len() > 1 => most = piece.paths.len().div_ceil(2),
            Err(error) => return Err(error),
            Ok(Checked { paths }) => {
                let short = paths.len() < piece.paths.len();
                seen.extend(paths.into_iter().take(piece.paths.len()));
                // Whoever leaves some out has nothing to say of them.
                if short || seen.len() >= asked.paths.len() {
                    return Ok(Checked { paths: seen });
                }
            }
        }
    }
}

async fn one(bus: &dyn Bus, worker: &str, piece: &CheckPaths, timeout: Duration) -> Result<Checked, FleetError> {
    let answer = bus.request(&format!("check.{worker}"), encode(piece, DOING)?, timeout).await;
    decode_answer(&answer.map_err(|source| absent(worker, source))?, DOING)
}

/// The proof is of one path: it is asked for where that is.
fn proof_within(asked: &CheckPaths, begin: usize, end: usize) -> Option<ProofAsked> {
    let proof = asked.proof.as_ref().filter(|proof| (begin..end).contains(&proof.path))?;
    Some(ProofAsked { path: proof.path - begin, key: proof.key.clone() })
}

fn is_too_large(error: &FleetError) -> bool {
    match error {
        FleetError::Refused(refused) => refused.code == TOO_LARGE,
        FleetError::Bus(error) => matches!(error, BusError::TooLarge { .. }),
        _ => false,
    }
}

/// Why a worker did not answer.
pub(crate) fn absent(worker: &str, source: BusError) -> FleetError {
    match source {
        BusError::NoResponder { .. } | BusError::ResponderGone { .. } | BusError::TimedOut { .. } => {
            FleetError::WorkerAbsent { worker: worker.to_owned(), source }
        }
        source => source.into(),
    }
}
