use super::records::ConnId;
use crate::bus::{BusError, Request};
use std::collections::HashMap;
use tokio::sync::mpsc;

struct Service {
    id: u64,
    owner: ConnId,
    requests: mpsc::Sender<Request>,
}

/// Who serves which subject.
#[derive(Default)]
pub(crate) struct Services {
    by_subject: HashMap<String, Vec<Service>>,
    next: u64,
}

impl Services {
    pub(crate) fn serve(&mut self, subject: &str, owner: ConnId, waiting: usize) -> (u64, mpsc::Receiver<Request>) {
        let (requests, receiver) = mpsc::channel(waiting.max(1));
        self.next += 1;
        let service = Service { id: self.next, owner, requests };
        self.by_subject.entry(subject.to_owned()).or_default().push(service);
        (self.next, receiver)
    }

    pub(crate) fn end(&mut self, subject: &str, id: u64) {
        if let Some(services) = self.by_subject.get_mut(subject) {
            services.retain(|service| service.id != id);
            if services.is_empty() {
                self.by_subject.remove(subject);
            }
        }
    }

    pub(crate) fn leave(&mut self, owner: ConnId) {
        self.by_subject.retain(|_, services| {
            services.retain(|service| service.owner != owner);
            !services.is_empty()
        });
    }

    pub(crate) fn clear(&mut self) {
        self.by_subject.clear();
    }

    /// Gives a request to the newest that serves its subject.
    pub(crate) fn give(&self, subject: &str, mut request: Request) -> Result<(), BusError> {
        for service in self.by_subject.get(subject).into_iter().flatten().rev() {
            match service.requests.try_send(request) {
                Ok(()) => return Ok(()),
                Err(mpsc::error::TrySendError::Full(_)) => {
                    return Err(BusError::Overloaded { name: subject.to_owned() });
                }
                Err(mpsc::error::TrySendError::Closed(back)) => request = back,
            }
        }
        Err(BusError::NoResponder { subject: subject.to_owned() })
    }
}
