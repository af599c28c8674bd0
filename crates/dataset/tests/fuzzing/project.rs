//! Any bytes, taken for a project. It is read, or refused in words; whatever it claims, its reader takes only so much memory.

use samepath_dataset::{Hints, Project, find_videos};
use samepath_storage::{Backend, Platform, Storages};
use std::sync::{Mutex, PoisonError};

/// Most bytes that reading one project may have allocated at any time.
const MOST_MEMORY: usize = 384 << 20;

#[global_allocator]
static MEMORY: peak_alloc::PeakAlloc = peak_alloc::PeakAlloc;

/// Whose memory would be counted, else?
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

pub(crate) fn run(bytes: &[u8]) {
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("labels.slp");
    fs_err::write(&path, bytes).expect("a file can be written");
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let read = Project::read(&path);
    let most = MEMORY.peak_usage().saturating_sub(before);
    assert!(most < MOST_MEMORY, "reading it took {most} bytes");
    let project = match read {
        Ok(project) => project,
        Err(error) => {
            assert!(!error.to_string().is_empty() && error.hint().is_some() && !error.code().is_empty());
            return;
        }
    };
    assert!(project.videos.iter().all(|video| !video.written.is_empty()));
    let written = serde_json::to_vec(&project).expect("a project can be written");
    assert_eq!(serde_json::from_slice::<Project>(&written).expect("what was written can be read"), project);
    let vast = Backend {
        name: "vast".to_owned(),
        base_path: folder.path().to_owned(),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    };
    let found = find_videos(&project, &path, &Storages::new(vec![vast], Platform::Linux), &Hints::default());
    assert_eq!(found.len(), project.videos.len());
}
