//! Belonging to a lab, as the window asks for it. The lab that a program is on is that of its start: it begins anew after a change.

use super::App;
use crate::jobs::worker_id;
use crate::view::{ComputerView, InvitationView, MembershipView};
use crate::{Error, ErrorCode};
use samepath_fleet::bus::Link;
use samepath_fleet::lab::{Invitation, Membership, Part};
use samepath_fleet::{FleetError, gpus_computer};
use samepath_wire::HERE_FIRST;
use std::collections::BTreeSet;
use std::time::Duration;

/// How long somebody who wants the lab tried at once waits to hear what came of it.
const TRYING: Duration = Duration::from_secs(5);

impl App {
    /// What an invitation says, before anything is done with it.
    ///
    /// # Errors
    /// `invalid_parameter` for what is none, or one of a worker. Whether one has expired the hub's clock says.
    pub fn read_invitation(&self, text: &str) -> Result<InvitationView, Error> {
        let invitation: Invitation = text.parse::<Invitation>()?;
        if invitation.part == Part::Worker {
            let message = format!("This invitation makes a computer a worker of {}.", invitation.lab);
            return Err(Error::new(ErrorCode::InvalidParameter, message)
                .with_hint("To make this computer one: Settings, This computer as a worker. On another, in a terminal: samepath join INVITATION, then samepath worker"));
        }
        Ok(InvitationView::of(&invitation))
    }

    /// Joins the lab of a member's invitation. What this program is on changes at its next start.
    ///
    /// # Errors
    /// As [`Options::join`](crate::Options::join), and [`App::read_invitation`].
    pub async fn join_lab(&self, text: &str) -> Result<MembershipView, Error> {
        self.read_invitation(text)?;
        self.inner.options.join(&self.inner.storages, text).await
    }

    /// Makes this computer a worker of the lab of a worker's invitation. It runs jobs once `samepath worker` runs; what this program is
    /// on stays as it is.
    ///
    /// # Errors
    /// As [`Options::join`](crate::Options::join); `invalid_parameter` for a member's.
    pub async fn join_as_worker(&self, text: &str) -> Result<MembershipView, Error> {
        let invitation: Invitation = text.parse::<Invitation>()?;
        if invitation.part != Part::Worker {
            let message = format!("This invitation is for a person of {}, not for a worker.", invitation.lab);
            return Err(Error::new(ErrorCode::InvalidParameter, message)
                .with_hint("Ask the lab's admin for one for a worker: samepath hub invite worker NAME"));
        }
        self.inner.options.join(&self.inner.storages, text).await
    }

    /// The labs that this computer has joined.
    ///
    /// # Errors
    /// As of a key that cannot be read.
    pub fn memberships(&self) -> Result<Vec<MembershipView>, Error> {
        self.inner.options.memberships()
    }

    /// Forgets the labs that this computer has joined; jobs go on. What this program is on changes at its next start.
    ///
    /// # Errors
    /// As [`Options::leave`](crate::Options::leave).
    pub async fn leave_lab(&self) -> Result<(), Error> {
        self.inner.options.leave(&self.inner.storages).await.map(drop)
    }

    /// An invitation for one more computer of this person, good for ten minutes, once: the line itself.
    ///
    /// # Errors
    /// `invalid_parameter` where this program is on no lab as a member, or the lab refuses; `fleet_unreachable`.
    pub async fn add_computer(&self) -> Result<InvitationView, Error> {
        Ok(InvitationView::of(&self.inner.fleet.add_computer(self.membership()?).await?))
    }

    /// The computers of this person in the lab, the longest there first.
    ///
    /// # Errors
    /// As [`App::add_computer`].
    pub async fn computers(&self) -> Result<Vec<ComputerView>, Error> {
        let computers = self.inner.fleet.computers(self.membership()?).await?;
        Ok(computers.into_iter().map(ComputerView::of).collect())
    }

    /// Puts one of this person's computers out of the lab, by its key; jobs go on.
    ///
    /// # Errors
    /// As [`App::add_computer`].
    pub async fn remove_computer(&self, key: &str) -> Result<(), Error> {
        self.membership()?;
        Ok(self.inner.fleet.remove_computer(key).await?)
    }

    /// Has a worker take no new job, or take jobs again. How many tries it still looks after. It may be called by its id, or by the
    /// name that it runs under.
    ///
    /// # Errors
    /// `no_worker` where nobody knows it, it is not online, or too old to know this; `invalid_parameter` where the person does not look
    /// after the lab.
    pub async fn drain(&self, worker: &str, drain: bool) -> Result<u32, Error> {
        let id = self.know_worker(worker)?;
        let drained = self.inner.fleet.drain(&id, drain).await.map_err(|error| match error {
            FleetError::WorkerAbsent { .. } => {
                Error::new(ErrorCode::NoWorker, format!("{worker} does not answer."))
                    .with_hint("It may be offline, or run a Samepath that is too old to be asked this: on that computer, samepath worker drain")
            }
            error => error.into(),
        })?;
        Ok(u32::try_from(drained.left).unwrap_or(u32::MAX))
    }

    /// Puts a worker out of the lab, and with it its computer, which may have a worker for each GPU; what runs there is lost to the
    /// lab, and may go on. It may be called by its id, by the name that joined, or by the one that it runs under.
    ///
    /// # Errors
    /// `no_worker` where none of the name has joined; `invalid_parameter` where the person does not look after the lab.
    pub async fn remove_worker(&self, name: &str) -> Result<(), Error> {
        let mut removed = self.inner.fleet.remove_worker(name).await?;
        if removed == 0 {
            removed = self.inner.fleet.remove_worker(&self.know_worker(name)?).await?;
        }
        match removed {
            0 => Err(Error::new(ErrorCode::NoWorker, format!("No worker {name} has joined this lab."))),
            _ => Ok(()),
        }
    }

    /// The computer that is put out with a worker of this name, and that one's workers, by their names, where there are others besides;
    /// none where the worker is alone there, or the name is the computer's.
    pub fn put_out_with(&self, name: &str) -> Option<(String, Vec<String>)> {
        self.inner.board.look(|sight| {
            let (workers, jobs) = (sight.around.workers, sight.around.jobs);
            let id = worker_id(name, workers, jobs).unwrap_or_else(|| name.to_owned());
            let computer = gpus_computer(&id)?;
            let tried = jobs.values().flat_map(|record| &record.attempts);
            let tried = tried.map(|attempt| (&attempt.worker, &attempt.worker_name));
            let known = workers.values().map(|worker| (&worker.id, &worker.name)).chain(tried);
            let of_it = known.filter(|(id, _)| gpus_computer(id) == Some(computer)).map(|(_, name)| name.clone());
            let names: BTreeSet<String> = of_it.collect();
            (names.len() > 1).then(|| (computer.to_owned(), names.into_iter().collect()))
        })
    }

    /// Tries at once to connect with the lab, and answers whether it is connected: within some seconds.
    pub async fn try_now(&self) -> bool {
        let mut link = self.inner.fleet.link();
        self.inner.fleet.hurry();
        tokio::time::timeout(TRYING, link.wait_for(|link| *link == Link::Up)).await.is_ok_and(|up| up.is_ok())
    }

    fn membership(&self) -> Result<&Membership, Error> {
        let membership = self.inner.lab.as_ref().filter(|lab| lab.part == Part::Member);
        membership.ok_or_else(|| {
            Error::new(ErrorCode::InvalidParameter, format!("{HERE_FIRST} has not joined a lab as a member's."))
                .with_hint("Ask the lab's admin for an invitation of your own (samepath hub invite member NAME), and join with it: Settings, Your lab.")
        })
    }
}
