//! The lab that this computer has joined, as a member's and as a worker: a key in a file of its own, and a line of the configuration
//! that says so.

use crate::view::{ComputerView, InvitationView, MembershipView};
use crate::{Error, ErrorCode, LocalStorages, Options};
use samepath_fleet::lab::{Computer, Invitation, LabError, Membership, Part};
use samepath_fleet::{Fleet, bus::BusError};
use samepath_storage::Change;
use samepath_wire::{HERE, HERE_FIRST};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks whether this computer has joined anew.
const LOOK: Duration = Duration::from_secs(2);

/// As the configuration and the key's file call it.
fn word(part: Part) -> &'static str {
    match part {
        Part::Worker => "worker",
        Part::Member | Part::Hub => "member",
    }
}

/// What the configuration says of it: for people.
fn line(membership: &Membership) -> String {
    format!("{} at {}", membership.name, membership.server)
}

impl MembershipView {
    pub(crate) fn of(membership: &Membership) -> Self {
        Self {
            lab: membership.lab.clone(),
            role: word(membership.part).to_owned(),
            name: membership.name.clone(),
            server: membership.server.clone(),
            joined_at: membership.joined_at.to_string(),
            places: membership.places.are_limited().then(|| membership.places.words()),
            jobs: membership.jobs_at_once.map(NonZeroU32::get),
        }
    }

    /// What the lab allows the person's jobs, a sentence each; nothing where it allows everything.
    pub fn limits(&self) -> Vec<String> {
        let places = self.places.as_ref().map(|words| format!("Each of your jobs {words}."));
        let jobs = self.jobs.map(|jobs| match jobs {
            1 => "One of your jobs may run at a time.".to_owned(),
            jobs => format!("{jobs} of your jobs may run at a time."),
        });
        places.into_iter().chain(jobs).collect()
    }
}

impl InvitationView {
    pub(crate) fn of(invitation: &Invitation) -> Self {
        Self {
            line: invitation.to_string(),
            lab: invitation.lab.clone(),
            name: invitation.name.clone(),
            server: invitation.server.clone(),
            expires_at: invitation.expires_at.to_string(),
            places: invitation.places.are_limited().then(|| invitation.places.words()),
        }
    }
}

impl ComputerView {
    pub(crate) fn of(computer: Computer) -> Self {
        let Computer { key, name, joined_at, own } = computer;
        Self { key, name, joined_at: joined_at.to_string(), own }
    }
}

/// For a lab to hear that this computer leaves it.
const LEAVING: Duration = Duration::from_secs(5);

/// As often as the configuration may have been changed by others while a line is written into it.
const OTHERS: usize = 100;

impl Options {
    fn key_file(&self, part: Part) -> PathBuf {
        self.data_dir.join("lab").join(format!("{}.json", word(part)))
    }

    /// The lab that this computer belongs to in this part: the key is here. Looks at nothing but this computer's own data.
    fn membership(&self, part: Part) -> Result<Option<Membership>, Error> {
        Ok(Membership::kept(&self.key_file(part))?)
    }

    /// What programs of this computer use, other than workers: as a member, else as what its worker may see. None: its own queue.
    pub(crate) fn belongs(&self) -> Result<Option<Membership>, Error> {
        Ok(match self.membership(Part::Member)? {
            Some(membership) => Some(membership),
            None => self.membership(Part::Worker)?,
        })
    }

    /// What a worker of this computer works for. A member's computer is no worker, and does not become one of its own queue.
    pub(crate) fn works_for(&self) -> Result<Option<Membership>, Error> {
        Ok(match self.membership(Part::Worker)? {
            Some(membership) => Some(membership),
            None => self.membership(Part::Member)?,
        })
    }

    /// Whether `samepath worker` may run here: a computer that joined a lab only as a member's is no worker. Of a key that cannot be read
    /// that says nothing.
    pub fn may_work(&self) -> bool {
        self.works_for().ok().flatten().is_none_or(|membership| membership.part == Part::Worker)
    }

    /// The folder in which the lab lets this person's jobs write, where it keeps them to one.
    pub fn folder_of_lab(&self) -> Option<String> {
        self.belongs().ok().flatten()?.places.user_subdir
    }

    /// Refuses where this computer is in no lab: whoever is to work for one is not to work for a queue of its own instead.
    ///
    /// # Errors
    /// `fleet_unreachable`, and as of a key that cannot be read.
    pub fn must_be_in_a_lab(&self) -> Result<(), Error> {
        match self.works_for()? {
            Some(_) => Ok(()),
            None => Err(Error::new(ErrorCode::FleetUnreachable, format!("{HERE_FIRST} is in no lab."))
                .with_hint("Join one first, by an invitation for a worker: samepath join INVITATION")),
        }
    }

    /// Where the workers of this computer keep what is theirs: of the lab that it has joined, or of its own queue.
    ///
    /// # Errors
    /// As of a key that cannot be read.
    pub fn workers_here(mut self) -> Result<PathBuf, Error> {
        if let Some(membership) = self.works_for()? {
            self.enter(&membership);
        }
        Ok(self.workers_dir())
    }

    /// Returns once what a worker of this computer works for is another membership than this one.
    pub(crate) async fn joined_anew(&self, before: &Membership) {
        while !matches!(self.works_for(), Ok(Some(now)) if now != *before) {
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The workers and jobs as others hold them, for a look: of the lab, or of whoever holds the queue of this computer; none where
    /// nobody does.
    ///
    /// # Errors
    /// The lab does not answer, or does not let this computer in.
    pub(crate) async fn look(&self) -> Result<Option<Fleet>, Error> {
        match self.belongs()? {
            None => Ok(Fleet::join(self.queue()).await),
            Some(membership) => fleet_of(&membership).await.map(Some),
        }
    }

    /// Why the worker of a computer that is a member's as well is not let in, where that is so.
    pub(crate) async fn worker_put_out(&self) -> Option<Error> {
        self.membership(Part::Member).ok()??;
        let membership = self.membership(Part::Worker).ok()??;
        match Fleet::lab(&membership).await {
            Ok(fleet) => {
                fleet.close().await;
                None
            }
            Err(LabError::Bus(error)) if has_ended(Some(&error)) => Some(told(&membership, error.into())),
            Err(_) => None,
        }
    }

    /// Every lab that this computer has joined.
    ///
    /// # Errors
    /// As of a key that cannot be read.
    pub fn memberships(&self) -> Result<Vec<MembershipView>, Error> {
        let both = [self.membership(Part::Member)?, self.membership(Part::Worker)?];
        Ok(both.iter().flatten().map(MembershipView::of).collect())
    }

    /// Joins the lab of an invitation: makes a key, which stays here, and says so in the configuration. Waits up to fifteen seconds
    /// for the lab.
    ///
    /// # Errors
    /// `config_invalid` where the configuration is a `./sleap-rtc.toml`; `already_exists` where this computer has joined as that already; `invalid_parameter` for what is no invitation;
    /// `fleet_unreachable` where the lab does not accept it or does not answer; `config_invalid`, `config_changed`, `io`.
    pub async fn join(&self, storages: &LocalStorages, invitation: &str) -> Result<MembershipView, Error> {
        let invitation: Invitation = invitation.parse::<Invitation>()?;
        let part = invitation.part;
        if let Some(error) = storages.config_error() {
            return Err(error);
        }
        if !self.config.trusts_samepath_table() {
            let file = self.config.path.display();
            let message = format!("{file} is the configuration here, and no lab is ever read from such a file.");
            return Err(Error::new(ErrorCode::ConfigInvalid, message)
                .with_hint("Name your own: samepath --config ~/.sleap-rtc/config.toml join INVITATION"));
        }
        if let Some(before) = self.membership(part)? {
            let said = storages.config().lab.contains_key(word(part));
            if !said && before.name == invitation.name && before.server_key == invitation.server_key {
                // It had joined when its configuration could not be written: the invitation is used up, and the key is here.
                return self.say(storages, &before);
            }
            let message = format!("{HERE_FIRST} belongs to {} already, as {}.", before.lab, before.name);
            return Err(Error::new(ErrorCode::AlreadyExists, message).with_hint("Leave it first: samepath leave"));
        }
        let computer = self.environment.computer.as_deref();
        let joined = Membership::join_and_keep(&invitation, computer, &self.key_file(part)).await;
        let membership = joined.map_err(|error| not_joined(&invitation, error))?;
        self.say(storages, &membership)
    }

    /// Writes into the configuration what this computer has joined.
    fn say(&self, storages: &LocalStorages, membership: &Membership) -> Result<MembershipView, Error> {
        let change = Change::Lab { part: word(membership.part).to_owned(), value: Some(line(membership)) };
        // Workers of one home, each with data of its own, may join at once, as under Slurm: the keys count, and the line says who was
        // last.
        for _ in 0..OTHERS {
            match storages.apply(&change) {
                Err(error) if error.code == ErrorCode::ConfigChanged => drop(storages.reload()),
                applied => return applied.map(|()| MembershipView::of(membership)),
            }
        }
        storages.apply(&change).map(|()| MembershipView::of(membership))
    }

    /// Forgets the labs that this computer has joined, with their keys; jobs go on. A lab that answers takes the key off its list.
    ///
    /// # Errors
    /// `config_invalid`, `config_changed`, `io`.
    pub async fn leave(&self, storages: &LocalStorages) -> Result<Left, Error> {
        let (mut left, mut untold) = (Vec::new(), Vec::new());
        for part in [Part::Member, Part::Worker] {
            let membership = self.membership(part).ok().flatten();
            if let Some(membership) = &membership
                && !tell_leaving(membership).await
            {
                untold.push(membership.lab.clone());
            }
            let named = membership.map(|membership| line(&membership));
            let named = named.or_else(|| storages.config().lab.get(word(part)).cloned());
            storages.apply(&Change::Lab { part: word(part).to_owned(), value: None })?;
            let file = self.key_file(part);
            match std::fs::remove_file(&file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    return Err(Error::new(ErrorCode::Io, format!("The key of the lab cannot be removed: {error}.")));
                }
                _ => left.extend(named),
            }
        }
        Ok(Left { left, untold })
    }
}

/// What was left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// As whom, and where.
    pub left: Vec<String>,
    /// The labs that could not be told: they still list this computer.
    pub untold: Vec<String>,
}

/// Has the lab take this computer's key off its list; whether it knows it no more.
async fn tell_leaving(membership: &Membership) -> bool {
    let told = async {
        match Fleet::lab(membership).await {
            Ok(fleet) => {
                let left = fleet.leave(membership).await;
                fleet.close().await;
                left.inspect_err(|error| tracing::debug!(%error, "the lab was not told")).is_ok()
            }
            Err(LabError::Bus(error)) => has_ended(Some(&error)),
            Err(_) => false,
        }
    };
    tokio::time::timeout(LEAVING, told).await.unwrap_or(false)
}

/// Refuses to go on without a lab where the configuration says that this computer belongs to one: its key was lost.
pub(crate) fn check_key(options: &Options, storages: &LocalStorages) -> Result<(), Error> {
    let config = storages.config();
    let Some((part, lab)) = config.lab.iter().next() else { return Ok(()) };
    let message = format!(
        "{} says that {HERE} has joined a lab ({lab}), and its key is not here: {}.",
        options.config.path.display(),
        options.data_dir.join("lab").join(format!("{part}.json")).display()
    );
    Err(Error::new(ErrorCode::ConfigInvalid, message)
        .with_hint("Join again with a new invitation, or forget the lab: samepath leave"))
}

/// The fleet of a lab, which need not answer yet; as the worker of a GPU, where one is named.
pub(crate) fn fleet_later(membership: &Membership, gpu: Option<u32>) -> Result<Fleet, Error> {
    let later = match gpu {
        Some(gpu) => Fleet::lab_on_gpu_later(membership, gpu),
        None => Fleet::lab_later(membership),
    };
    later.map_err(|error| told(membership, error))
}

/// Whether that is because the lab does not let this computer in any more.
pub(crate) fn has_ended(why: Option<&BusError>) -> bool {
    matches!(why, Some(BusError::NotAdmitted { .. }))
}

/// Why a lab could not be joined.
fn not_joined(invitation: &Invitation, error: LabError) -> Error {
    let Invitation { lab, server, .. } = invitation;
    match error {
        LabError::Bus(BusError::Unreachable) => silent(lab, server),
        LabError::Bus(BusError::NotListening { .. }) => not_listening(lab, server),
        LabError::Bus(BusError::OtherServer { .. }) => {
            let message = format!("{server} answers, but is not the server that this invitation names.");
            // To try again is not what to do.
            Error::new(ErrorCode::InvalidParameter, message)
                .with_hint("Do not join; tell whoever gave you the invitation.")
        }
        error => error.into(),
    }
}

fn silent(lab: &str, server: &str) -> Error {
    Error::new(ErrorCode::FleetUnreachable, format!("{lab} does not answer ({server})."))
        .with_hint("Off campus? Connect the VPN. Else ask whoever looks after the lab.")
}

fn not_listening(lab: &str, server: &str) -> Error {
    let message = format!("{lab} does not answer ({server}): nothing listens there.");
    Error::new(ErrorCode::FleetUnreachable, message)
        .with_hint("Its server is not running, or is at another address now. Ask whoever looks after the lab.")
}

/// Why a lab is not connected, in the words in which a command that needs it fails.
pub(crate) fn why_down(membership: &Membership, why: Option<&BusError>) -> Error {
    told(membership, LabError::Bus(why.cloned().unwrap_or(BusError::Unreachable)))
}

/// The fleet of a lab.
pub(crate) async fn fleet_of(membership: &Membership) -> Result<Fleet, Error> {
    Fleet::lab(membership).await.map_err(|error| told(membership, error))
}

fn told(membership: &Membership, error: LabError) -> Error {
    let Membership { lab, server, name, .. } = membership;
    match error {
        LabError::Bus(BusError::Unreachable) => silent(lab, server),
        LabError::Bus(BusError::NotListening { .. }) => not_listening(lab, server),
        LabError::Bus(BusError::NotAdmitted { .. }) if membership.part == Part::Worker => {
            let message = format!("{lab} has put out {HERE}'s worker {name}: it is given no job any more.");
            Error::new(ErrorCode::FleetUnreachable, message).with_hint(
                "Ask whoever looks after the lab for a new invitation; then, here: samepath leave, and samepath join INVITATION",
            )
        }
        LabError::Bus(BusError::NotAdmitted { .. }) => {
            let message = format!("Your access to {lab} as {name} has ended. Your files are untouched.");
            Error::new(ErrorCode::FleetUnreachable, message)
                .with_hint("Ask whoever looks after the lab for a new invitation; forget the old one: samepath leave")
        }
        error => error.into(),
    }
}
