//! A long log beside the results: neither a lab nor a window keeps all of it.

use super::is_for_us;
use super::journal::JournalReader;
use crate::prepare::{MARKER, OutputFolder};
use samepath_wire::{JobId, StoragePath, Stream};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// What it is called.
const NAME: &str = "log.txt";
/// How many of them may lie in one folder.
const MOST: usize = 100;
/// Bytes of it that are read at once.
const BATCH: usize = 1024 * 1024;

/// Writes the lines of `log` that are for people as text into the first of the folders that the attempt has for more than one file, under a name that is free
/// there. Where that is; nothing where it has no such folder. May hang with its storage.
pub(super) fn put(log: &Path, outputs: &[OutputFolder], job: JobId) -> io::Result<Option<StoragePath>> {
    let Some(folder) = outputs.iter().find(|folder| folder.file.is_none()) else { return Ok(None) };
    // Nobody sees half of it, and no list of results names it.
    let half = folder.local.join(format!("{MARKER}-log-{job}"));
    let written = write(log, &half).and_then(|()| {
        let name = (1..=MOST)
            .map(|number| if number == 1 { NAME.to_owned() } else { format!("log-{number}.txt") })
            .find(|name| folder.local.join(name).symlink_metadata().is_err())
            .ok_or(io::ErrorKind::AlreadyExists)?;
        fs_err::rename(&half, folder.local.join(&name))?;
        Ok(Some(folder.at.child(&name)))
    });
    if written.is_err() {
        let _ = fs_err::remove_file(half);
    }
    written
}

fn write(log: &Path, to: &Path) -> io::Result<()> {
    let mut reader = JournalReader::open(log)?;
    // One that was killed may have left it.
    let _ = fs_err::remove_file(to);
    let mut text = BufWriter::with_capacity(BATCH, File::create_new(to)?);
    loop {
        let lines = reader.read(0, BATCH)?;
        if lines.is_empty() {
            return text.into_inner()?.sync_all();
        }
        for line in lines.iter().filter(|line| line.stream != Stream::Out || !is_for_us(&line.text)) {
            text.write_all(line.text.as_bytes())?;
            text.write_all(b"\n")?;
        }
    }
}
