use super::{HubPlace, Invitation, Invited, Joined, LabError, Part, Places, error::check_name};
use crate::ask::{PATIENCE, ask};
use crate::bus::{Bus, BusError, Expect, SharedBus, nats};
use crate::matchmaker::{CANCEL_WAITING, CancelWaiting};
use crate::{FleetError, gpus_computer};
use jiff::{SignedDuration, Timestamp};
use samepath_wire::{Cleared, Worker, is_storage_name};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    path::Path,
    sync::Arc,
};

/// Who is to be invited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invite {
    /// As what: a member or a worker.
    pub part: Part,
    /// The person's name; the worker's, or what the names of several workers begin with.
    pub name: String,
    /// How many computers may join with it. More than one makes several workers.
    pub uses: u32,
    /// For how long.
    pub lasts: SignedDuration,
    /// Where jobs of a member may write and read. Where nothing is said they are those of the name's other computers.
    pub places: Places,
    /// How many jobs of a member may run at a time. Where nothing is said it is as for the name's other computers.
    pub jobs_at_once: Option<NonZeroU32>,
    /// Whether a member is to look after the lab's workers: to have one take no new job, and to put one out.
    pub admin: bool,
}

/// What a name had that was put out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revoked {
    /// What it was of.
    pub part: Part,
    /// Computers that had joined.
    pub computers: usize,
    /// Invitations that could still be used.
    pub invitations: usize,
    /// Jobs of a member that waited, and are cancelled.
    pub cancelled: u64,
}

/// Before the name of a storage.
pub(crate) const STORAGES: &str = "lab/storages/";

/// What members are told of a storage: so that *not connected here* has a button.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StorageWords {
    /// In words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What a Mac connects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<String>,
    /// What Linux mounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux: Option<String>,
    /// What Windows connects to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub windows: Option<String>,
    /// A line of help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help_text: Option<String>,
}

/// Who belongs to a lab, as its hub knows it: from any program that may read the hub's folder.
pub struct Registry {
    place: HubPlace,
    bus: Arc<SharedBus>,
}

/// What a desktop may be asked to connect to.
const SCHEMES: [&str; 7] = ["smb", "cifs", "nfs", "afp", "https", "davs", "sftp"];

/// Refuses what looks like an address and is none of a share. Words for people, and what `mount` takes, are let alone.
fn check_share(given: &str) -> Result<(), LabError> {
    let is_scheme = |word: &str| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.chars().all(|each| each.is_ascii_alphanumeric() || "+-.".contains(each))
    };
    let Some((scheme, rest)) = given.trim_start().split_once(':').filter(|(word, _)| is_scheme(word)) else {
        return Ok(());
    };
    let known = SCHEMES.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    // `vast01:/talmo` is what NFS calls an export.
    let fits = if rest.starts_with("//") { known } else { rest.starts_with('/') };
    if fits { Ok(()) } else { Err(LabError::ShareAddress { given: given.to_owned() }) }
}

impl Registry {
    /// Joins the hub that runs in this folder.
    ///
    /// # Errors
    /// [`LabError::NoHub`]; [`LabError::HubSilent`] where nothing listens at its address, or nobody answers within fifteen seconds.
    pub async fn open(dir: &Path) -> Result<Self, LabError> {
        let place = HubPlace::open(dir)?;
        // Only a hub that stays is to hold the bus.
        let settings = place.settings();
        let server = settings.server.clone();
        let silent =
            |listens| LabError::HubSilent { lab: place.lab().to_owned(), server, dir: place.dir().to_owned(), listens };
        let bus = nats::join(settings).await.map_err(|error| match error {
            BusError::NotListening { .. } => silent(false),
            BusError::Unreachable => silent(true),
            error => error.into(),
        })?;
        Ok(Self { place, bus })
    }

    /// Invites.
    ///
    /// # Errors
    /// [`LabError::Name`], [`LabError::Place`], [`LabError::OtherPlaces`], [`LabError::OtherJobs`], or the hub does not answer.
    pub async fn invite(&self, wanted: Invite) -> Result<Invitation, LabError> {
        let Invite { part, name, uses, lasts, places, jobs_at_once, admin } = wanted;
        check_name(&name)?;
        if part == Part::Hub || uses == 0 || (uses > 1 && part != Part::Worker) {
            return Err(LabError::Name { name });
        }
        self.check_free(&name, part).await?;
        let (places, jobs_at_once) = match part {
            Part::Member => self.limits_of(&name, places, jobs_at_once).await?,
            Part::Worker | Part::Hub => (Places::default(), None),
        };
        let admin = admin && part == Part::Member;
        let expires_at = Timestamp::now() + lasts;
        let invited = Invited { part, name, many: uses > 1, uses, expires_at, places, jobs_at_once, admin };
        let token = nats::invite(&*self.bus, &invited).await?;
        Ok(self.place.invitation(invited, token))
    }

    /// Whoever is put out by name is one: no member is called as a worker is, or as an invitation for several.
    async fn check_free(&self, name: &str, part: Part) -> Result<(), LabError> {
        let joined = nats::joined(&*self.bus).await?.into_iter().map(|(_, it)| (it.part, [it.name, it.invited_as]));
        let now = Timestamp::now();
        let invited = nats::invited(&*self.bus).await?.into_iter().filter(|it| it.expires_at >= now);
        let invited = invited.map(|it| (it.part, [it.name.clone(), it.name]));
        let taken = joined.chain(invited).any(|(other, names)| other != part && names.iter().any(|it| it == name));
        if taken { Err(LabError::Taken { name: name.to_owned(), part }) } else { Ok(()) }
    }

    /// The limits of a member who is invited: of one name there is one set of them.
    async fn limits_of(
        &self,
        name: &str,
        places: Places,
        jobs_at_once: Option<NonZeroU32>,
    ) -> Result<(Places, Option<NonZeroU32>), LabError> {
        places.check().map_err(|why| LabError::Place { why })?;
        let joined = nats::joined(&*self.bus).await?.into_iter();
        let joined = joined.map(|(_, it)| (it.part, it.name, it.places, it.jobs_at_once));
        let now = Timestamp::now();
        let invited = nats::invited(&*self.bus).await?.into_iter().filter(|it| it.expires_at >= now);
        let invited = invited.map(|it| (it.part, it.name, it.places, it.jobs_at_once));
        let before = joined.chain(invited).find(|(part, other, ..)| *part == Part::Member && other == name);
        let Some((_, _, before, jobs_before)) = before else { return Ok((places, jobs_at_once)) };
        if places.are_limited() && before != places {
            return Err(LabError::OtherPlaces { name: name.to_owned(), places: before.words() });
        }
        if jobs_at_once.is_some() && jobs_before != jobs_at_once {
            return Err(LabError::OtherJobs { name: name.to_owned(), jobs: jobs_before });
        }
        Ok((before, jobs_before))
    }

    /// Everybody who has joined.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn joined(&self) -> Result<Vec<Joined>, LabError> {
        Ok(nats::joined(&*self.bus).await?.into_iter().map(|(_, joined)| joined).collect())
    }

    /// Every invitation that was not used up, those that have expired among them.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn invited(&self) -> Result<Vec<Invited>, LabError> {
        Ok(nats::invited(&*self.bus).await?)
    }

    /// Whether a worker is there, or one of its GPUs.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn is_online(&self, worker: &str) -> Result<bool, LabError> {
        if self.bus.get(&format!("workers/{worker}")).await?.is_some() {
            return Ok(true);
        }
        let gpus = nats::all::<serde_json::Value>(&*self.bus, &format!("workers/{worker}{}", nats::GPU)).await?;
        Ok(!gpus.is_empty())
    }

    /// Takes back what a name was given: whoever is in is out at once, no invitation of the name can be used any more, and what a
    /// member's jobs wait for comes no more: they are cancelled. What runs goes on.
    ///
    /// # Errors
    /// [`LabError::NoSuchName`], [`LabError::ShownName`], or the hub does not answer. Doing it again does what was not done.
    pub async fn revoke(&self, name: &str) -> Result<Revoked, LabError> {
        let listed = self.part_of(name).await?;
        let (computers, invitations) = nats::revoke(&*self.bus, name).await?;
        // Who left and is on no list any more was a member, as far as anybody can tell.
        let part = listed.unwrap_or(Part::Member);
        let cancelled = match part {
            Part::Member => match self.cancel_waiting(name).await {
                // Nobody of this name is out, as far as anybody can tell.
                Err(FleetError::Bus(source)) if listed.is_none() => return Err(source.into()),
                asked => asked
                    .map_err(|source| LabError::StillWaiting { name: name.to_owned(), source: Box::new(source) })?,
            },
            Part::Worker | Part::Hub => 0,
        };
        if listed.is_none() && cancelled == 0 {
            return Err(self.unknown(name).await?);
        }
        Ok(Revoked { part, computers, invitations, cancelled })
    }

    /// Of a name that nobody has joined or was invited by: workers may be shown under it.
    async fn unknown(&self, name: &str) -> Result<LabError, LabError> {
        let workers = nats::all::<Worker>(&*self.bus, "workers/").await?.into_iter();
        let shown = workers.filter(|(_, worker)| worker.name == name);
        let joined: BTreeSet<String> = shown.map(|(id, _)| gpus_computer(&id).unwrap_or(&id).to_owned()).collect();
        let name = name.to_owned();
        Ok(match joined.is_empty() {
            true => LabError::NoSuchName { name },
            false => LabError::ShownName { name, joined: joined.into_iter().collect() },
        })
    }

    /// What a name was invited as; none where it is on no list.
    async fn part_of(&self, name: &str) -> Result<Option<Part>, LabError> {
        let joined = nats::joined(&*self.bus).await?.into_iter().map(|(_, it)| (it.part, it.name, it.invited_as));
        let invited = nats::invited(&*self.bus).await?.into_iter().map(|it| (it.part, it.name.clone(), it.name));
        let it = joined.chain(invited).find(|(_, own, invited_as)| own == name || invited_as == name);
        Ok(it.map(|(part, ..)| part))
    }

    /// How many jobs those were.
    async fn cancel_waiting(&self, name: &str) -> Result<u64, FleetError> {
        let (question, doing) = (CancelWaiting { member: name.to_owned() }, "cancelling what waits");
        let cancelled: Cleared = ask(&*self.bus, CANCEL_WAITING, &question, doing, PATIENCE, Some(PATIENCE)).await?;
        Ok(cancelled.jobs)
    }

    /// Takes back the invitations of a name that can still be used; who has joined by them stays. Answers how many that were.
    ///
    /// # Errors
    /// [`LabError::NoSuchName`], or the hub does not answer.
    pub async fn withdraw(&self, name: &str) -> Result<usize, LabError> {
        match nats::withdraw(&*self.bus, name).await? {
            0 => Err(LabError::NoSuchName { name: name.to_owned() }),
            gone => Ok(gone),
        }
    }

    /// Changes what members are told of a storage: what is not given stays, what is empty goes. Answers all of it.
    ///
    /// # Errors
    /// [`LabError::StorageName`], [`LabError::ShareAddress`], or the hub does not answer.
    pub async fn set_storage(&self, name: &str, words: StorageWords) -> Result<StorageWords, LabError> {
        if !is_storage_name(name) {
            return Err(LabError::StorageName { name: name.to_owned() });
        }
        for address in [&words.mac, &words.linux, &words.windows].into_iter().flatten() {
            check_share(address)?;
        }
        let key = format!("{STORAGES}{name}");
        loop {
            let found = self.bus.get(&key).await?;
            let expect = found.as_ref().map_or(Expect::Absent, |entry| Expect::Revision(entry.revision));
            let mut known: StorageWords =
                found.and_then(|entry| serde_json::from_slice(&entry.value).ok()).unwrap_or_default();
            let set = |known: &mut Option<String>, given: &Option<String>| {
                if let Some(given) = given {
                    *known = Some(given.clone()).filter(|given| !given.is_empty());
                }
            };
            set(&mut known.description, &words.description);
            set(&mut known.mac, &words.mac);
            set(&mut known.linux, &words.linux);
            set(&mut known.windows, &words.windows);
            set(&mut known.help_text, &words.help_text);
            let json = serde_json::to_vec(&known).unwrap_or_default();
            let written = match known == StorageWords::default() {
                true => self.bus.delete(&key, expect).await,
                false => self.bus.put(&key, json, expect, None).await.map(drop),
            };
            match written {
                Ok(()) => return Ok(known),
                // Somebody else set something meanwhile.
                Err(BusError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Tells members nothing of a storage any more. Whether they were told anything.
    ///
    /// # Errors
    /// [`LabError::Name`], or the hub does not answer.
    pub async fn remove_storage(&self, name: &str) -> Result<bool, LabError> {
        check_name(name)?;
        let key = format!("{STORAGES}{name}");
        let known = self.bus.get(&key).await?.is_some();
        self.bus.delete(&key, Expect::Any).await?;
        Ok(known)
    }

    /// What members are told of every storage, by name.
    ///
    /// # Errors
    /// The hub does not answer.
    pub async fn storages(&self) -> Result<BTreeMap<String, StorageWords>, LabError> {
        Ok(nats::all(&*self.bus, STORAGES).await?.into_iter().collect())
    }

    /// Leaves.
    pub async fn close(self) {
        self.bus.close().await;
    }
}

#[cfg(test)]
mod tests {
    use super::check_share;

    #[test]
    fn an_address_of_a_share_is_told_from_others_and_words_are_let_alone() {
        for good in [
            "smb://vast01/talmo",
            "SMB://vast01/talmo",
            "nfs://vast01/talmo",
            "https://dav.lab.example/talmo",
            "vast01:/talmo",
            "vast01.lab.example:/talmo",
            "//vast01/talmo",
            r"\\vast01\talmo",
            "ask Tom: 5th floor",
            "sudo mount -t nfs vast01:/talmo /mnt/vast",
            "[fe80::1]:/talmo",
            "",
        ] {
            assert!(check_share(good).is_ok(), "{good}");
        }
        for bad in [
            "javascript:alert(1)",
            " javascript:alert(1)",
            "JavaScript://x/%0aalert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "http://vast01/talmo",
            r"Z:\talmo",
            "mailto:tom@lab.example",
        ] {
            assert!(check_share(bad).is_err(), "{bad}");
        }
    }
}
