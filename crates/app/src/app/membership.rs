//! Belonging to a lab, as the window asks for it. The lab that a program is on is that of its start: it begins anew after a change.

use super::App;
use crate::view::{InvitationView, MembershipView};
use crate::{Error, ErrorCode};
use samepath_fleet::lab::{Invitation, Part};

impl App {
    /// What an invitation says, before anything is done with it.
    ///
    /// # Errors
    /// `invalid_parameter` for what is none, or one of a worker; `fleet_unreachable` for one that has expired.
    pub fn read_invitation(&self, text: &str) -> Result<InvitationView, Error> {
        let invitation: Invitation = text.parse::<Invitation>()?;
        if invitation.part == Part::Worker {
            let message = format!("This invitation makes a computer a worker of {}.", invitation.lab);
            return Err(Error::new(ErrorCode::InvalidParameter, message)
                .with_hint("On that computer, in a terminal: samepath join INVITATION, then samepath worker"));
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
    pub fn leave_lab(&self) -> Result<(), Error> {
        self.inner.options.leave(&self.inner.storages).map(drop)
    }

    /// An invitation for one more computer of this person, good for ten minutes, once: the line itself.
    ///
    /// # Errors
    /// `invalid_parameter` where this program is on no lab as a member, or the lab refuses; `fleet_unreachable`.
    pub async fn add_computer(&self) -> Result<InvitationView, Error> {
        let membership = self.inner.lab.as_ref().filter(|lab| lab.part == Part::Member);
        let membership = membership.ok_or_else(|| {
            Error::new(ErrorCode::InvalidParameter, "This computer has not joined a lab as a member's.")
        })?;
        Ok(InvitationView::of(&self.inner.fleet.add_computer(membership).await?))
    }
}
