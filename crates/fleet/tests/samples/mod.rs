//! A job, a worker and a job type as plain as can be, for tests and benches to change where they need to.
#![allow(dead_code, reason = "whoever uses it uses its own part of it")]

use jiff::Timestamp;
use samepath_wire::{Access, BackendAdvert, BackendState, Job, JobId, Kind, KindAdvert, StorageNeed, Worker};
use uuid::Uuid;

pub(crate) const KIND: &str = "slp-check";
pub(crate) const DIGEST: &str = "blake3:1";

/// Smaller numbers are older.
pub(crate) fn id(number: u64) -> JobId {
    Uuid::from_u64_pair(0x0199_c0de_0000_7000, 0x8000_0000_0000_0000 | number)
}

/// One that writes to `vast`.
pub(crate) fn job(number: u64) -> Job {
    Job {
        version: 1,
        id: id(number),
        kind: KIND.to_owned(),
        name: String::new(),
        storage_backend: "vast".to_owned(),
        user_subdir: "amick".to_owned(),
        parameters: Default::default(),
        storages: [("vast".to_owned(), StorageNeed { id: None, access: Access::Write })].into(),
        confirmed: Default::default(),
        base_paths: Default::default(),
        videos: Vec::new(),
        inputs: Default::default(),
        kind_digest: Some(DIGEST.to_owned()),
        worker: None,
        submitted_by: "amick".to_owned(),
        person: None,
        places: None,
        jobs_at_once: None,
        submitted_at: Timestamp::UNIX_EPOCH,
    }
}

/// One that has `vast` and runs [`KIND`].
pub(crate) fn worker(name: &str) -> Worker {
    Worker {
        confines: true,
        draining: false,
        gpus: Vec::new(),
        id: name.to_owned(),
        name: name.to_owned(),
        version: "0.1.0".to_owned(),
        os: "linux".to_owned(),
        host: name.to_owned(),
        started_at: Timestamp::UNIX_EPOCH,
        since: None,
        kinds: vec![KindAdvert { name: KIND.to_owned(), digest: DIGEST.to_owned(), notice_seconds: None }],
        unavailable: Vec::new(),
        backends: [("vast".to_owned(), advert(BackendState::Ready, None))].into(),
        holds: Vec::new(),
        amounts: Default::default(),
        attributes: Default::default(),
    }
}

pub(crate) fn advert(state: BackendState, id: Option<&str>) -> BackendAdvert {
    BackendAdvert {
        state,
        id: id.map(str::to_owned),
        base_path: "/mnt/vast".to_owned(),
        subpath: String::new(),
        free_bytes: None,
        source: None,
        kind: None,
        checked_at: None,
    }
}

pub(crate) fn kind(needs: serde_json::Value) -> Kind {
    Kind {
        name: KIND.to_owned(),
        title: "Check a SLEAP project".to_owned(),
        description: String::new(),
        digest: DIGEST.to_owned(),
        parameters: Vec::new(),
        needs,
        built_in: true,
    }
}
