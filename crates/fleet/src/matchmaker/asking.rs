use super::{Answer, Event, Order, Ticket};
use crate::bus::Request;
use samepath_wire::{Claim, Clear, Confirm, JobRequest, Refused, Report, Submit};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What people ask of a matchmaker.
pub(super) const PEOPLE_ASK: [&str; 6] = ["submit", "stop", "kill", "retry", "clear", CANCEL_WAITING];
/// What whoever looks after a lab asks of it: to cancel what waits of somebody whom the lab lets in no more.
pub(crate) const CANCEL_WAITING: &str = "cancel-waiting";
/// What workers ask of it.
pub(super) const WORKERS_ASK: [&str; 3] = ["claim", "confirm", "report"];

/// Of whom.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CancelWaiting {
    pub(crate) member: String,
}

/// What a request makes happen.
pub(super) fn event(subject: &str, ticket: Ticket, request: &Request) -> Result<Event, Refused> {
    let member = request.from.member.clone();
    let worker =
        || request.from.worker.clone().ok_or_else(|| refused("invalid_parameter", "only a worker may ask this"));
    let order = |order| {
        let JobRequest { job } = parse(&request.payload)?;
        let (places, jobs_at_once) = (request.from.places.clone(), request.from.jobs_at_once);
        Ok(Event::Order { ticket, member: member.clone(), places, jobs_at_once, job, order })
    };
    match subject {
        "submit" => {
            let Submit { job } = parse(&request.payload)?;
            let (places, jobs_at_once) = (request.from.places.clone(), request.from.jobs_at_once);
            Ok(Event::Submit { ticket, member, places, jobs_at_once, job: Box::new(job) })
        }
        "stop" => order(Order::Stop),
        "kill" => order(Order::Kill),
        "retry" => order(Order::Retry),
        "clear" => {
            let clear: Clear = parse(&request.payload)?;
            Ok(Event::Clear { ticket, member, clear })
        }
        CANCEL_WAITING => {
            let CancelWaiting { member } = parse(&request.payload)?;
            Ok(Event::CancelWaiting { ticket, member })
        }
        "claim" => {
            let claim: Claim = parse(&request.payload)?;
            Ok(Event::Claim { ticket, worker: worker()?, claim })
        }
        "confirm" => {
            let confirm: Confirm = parse(&request.payload)?;
            Ok(Event::Confirm { ticket, worker: worker()?, confirm })
        }
        _ => {
            let report: Report = parse(&request.payload)?;
            Ok(Event::Report { ticket, worker: worker()?, report: Box::new(report) })
        }
    }
}

fn parse<T: DeserializeOwned>(payload: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(payload)
        .map_err(|error| refused("invalid_parameter", &format!("the request cannot be read: {error}")))
}

pub(super) fn refused(code: &str, message: &str) -> Refused {
    Refused { code: code.to_owned(), message: message.to_owned() }
}

pub(super) fn reply(request: Request, answer: &Answer) {
    request.reply(match answer {
        Answer::Record(record) => encode(record),
        Answer::Refused(refused) => encode(refused),
        Answer::Cleared(cleared) => encode(cleared),
        Answer::Claim(answer) => encode(answer),
        Answer::Confirm(answer) => encode(answer),
        Answer::Report(answer) => encode(answer),
    });
}

/// Messages hold nothing that JSON has no form for, so that writing them cannot fail.
pub(super) fn encode(message: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(message).unwrap_or_default()
}
