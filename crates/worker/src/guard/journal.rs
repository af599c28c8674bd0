use jiff::Timestamp;
use samepath_wire::{LogLine, Stream};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;

/// How much of the end of a log is kept where its middle is not.
const TAIL_BYTES: usize = 64 * 1024;

/// Longest line of the file itself: 16 KiB of text, each character escaped, and what is around it.
const LONGEST_RECORD: u64 = 256 * 1024;

/// How much is kept for a disk that takes nothing.
const PENDING_BYTES: usize = 256 * 1024;

/// The log of an attempt on the local disk, as its guard writes it: a JSON [`LogLine`] per line, numbered without gaps, and never half
/// a line before another one.
///
/// It has a limit. Past it lines are left out, but the last of them ([`TAIL_BYTES`]) come when the journal is closed, after
/// a line that says how many are missing. A disk that is full holds up the log, never the job: some lines are kept until there is room
/// ([`PENDING_BYTES`]), of those that come then the last ones, as past the limit.
#[derive(Debug)]
pub(crate) struct Journal {
    file: File,
    /// Whole lines that are not in the file yet.
    pending: Vec<u8>,
    /// Bytes of the file, all of them whole lines.
    at: u64,
    /// Lines that can be read.
    readable: u64,
    next: u64,
    written: u64,
    limit: u64,
    tail: VecDeque<(Timestamp, Stream, String, bool)>,
    tail_bytes: usize,
    left_out: u64,
    /// The disk takes nothing, or did not until now.
    stuck: bool,
    fault: Option<io::Error>,
}

impl Journal {
    /// A new, empty one of at most `limit` bytes.
    pub(crate) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        Ok(Self {
            file: File::create(path)?,
            pending: Vec::new(),
            at: 0,
            readable: 0,
            next: 0,
            written: 0,
            limit,
            tail: VecDeque::new(),
            tail_bytes: 0,
            left_out: 0,
            stuck: false,
            fault: None,
        })
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, at: Timestamp, stream: Stream, text: &str, cut: bool) {
        if self.left_out == 0 && self.written < self.limit && self.has_room() {
            self.put(at, stream, text.to_owned(), cut);
            return;
        }
        self.left_out += 1;
        self.tail_bytes += text.len();
        self.tail.push_back((at, stream, text.to_owned(), cut));
        while self.tail_bytes > TAIL_BYTES || self.tail.len() > 1000 {
            match self.tail.pop_front() {
                Some((_, _, text, _)) => self.tail_bytes -= text.len(),
                None => break,
            }
        }
    }

    /// Adds a line of ours.
    pub(crate) fn note(&mut self, text: &str) {
        self.line(Timestamp::now(), Stream::Samepath, text, false);
    }

    /// Makes what was added readable; the number of lines that can be read.
    pub(crate) fn flush(&mut self) -> u64 {
        if self.drain() && self.written < self.limit {
            // There is room again.
            self.put_tail();
            self.drain();
        }
        self.readable
    }

    /// Writes the tail of a log that grew too long. May be called again where there was no room.
    pub(crate) fn close(&mut self) -> u64 {
        self.put_tail();
        self.drain();
        self.readable
    }

    /// What kept it from being written, once something did.
    pub(crate) fn fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    /// What was left out so far is told, and its end kept; what comes next follows it.
    fn put_tail(&mut self) {
        let missing = self.left_out - self.tail.len() as u64;
        if missing > 0 {
            let why = if self.written < self.limit { "The disk of the log was full" } else { "The log grew too long" };
            self.put(Timestamp::now(), Stream::Samepath, format!("{why}: {missing} lines are left out here."), false);
        }
        for (at, stream, text, cut) in std::mem::take(&mut self.tail) {
            self.put(at, stream, text, cut);
        }
        (self.left_out, self.tail_bytes) = (0, 0);
    }

    /// Whether what is pending may become more.
    fn has_room(&mut self) -> bool {
        self.pending.len() < PENDING_BYTES || (!self.stuck && self.drain())
    }

    fn put(&mut self, at: Timestamp, stream: Stream, text: String, cut: bool) {
        let line = LogLine { seq: self.next, at, stream, text, cut };
        let before = self.pending.len();
        match serde_json::to_writer(&mut self.pending, &line) {
            Ok(()) => {
                self.pending.push(b'\n');
                self.written += (self.pending.len() - before) as u64;
                self.next += 1;
            }
            Err(error) => {
                self.pending.truncate(before);
                self.fault = Some(error.into());
            }
        }
    }

    /// Writes what is pending; whether all of it is in the file.
    fn drain(&mut self) -> bool {
        let mut done = 0;
        let result = loop {
            if done == self.pending.len() {
                break Ok(());
            }
            match self.file.write(&self.pending[done..]) {
                Ok(0) => break Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => done += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        let whole = self.pending[..done].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        self.at += whole as u64;
        self.readable += self.pending[..whole].iter().filter(|byte| **byte == b'\n').count() as u64;
        self.pending.drain(..whole);
        self.stuck = result.is_err();
        if let Err(error) = result {
            // Half a line is taken back: it is written again, whole.
            let back = self.file.set_len(self.at).and_then(|()| self.file.seek(SeekFrom::Start(self.at)));
            self.fault = Some(back.err().unwrap_or(error));
        }
        !self.stuck
    }
}

/// Reads a journal while it is written.
#[derive(Debug)]
pub struct JournalReader {
    file: BufReader<File>,
    offset: u64,
}

impl JournalReader {
    /// From its first line on.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufReader::new(File::open(path)?), offset: 0 })
    }

    /// Whole lines that are there and not read yet, about `bytes` of them, from number `from` on.
    ///
    /// # Errors
    /// The next one cannot be read, nor any after it.
    pub fn read(&mut self, from: u64, bytes: usize) -> io::Result<Vec<LogLine>> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let (mut lines, mut size, mut record) = (Vec::new(), 0, Vec::new());
        while size < bytes {
            record.clear();
            let line = match self.record(&mut record) {
                Ok(Some(line)) => line,
                Ok(None) => break,
                // First what comes before it.
                Err(_) if !lines.is_empty() => break,
                Err(error) => return Err(error),
            };
            let read = record.len();
            self.offset += read as u64;
            if line.seq >= from {
                size += read;
                lines.push(line);
            }
        }
        Ok(lines)
    }

    /// The next whole line, if it is there.
    fn record(&mut self, record: &mut Vec<u8>) -> io::Result<Option<LogLine>> {
        let read = io::Read::take(&mut self.file, LONGEST_RECORD).read_until(b'\n', record)?;
        match record.last() {
            Some(b'\n') => Ok(Some(serde_json::from_slice(record)?)),
            _ if read as u64 == LONGEST_RECORD => Err(io::ErrorKind::InvalidData.into()),
            _ => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[LogLine]) -> Vec<&str> {
        lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[test]
    fn a_reader_gets_whole_lines_as_they_come() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let mut journal = Journal::create(&path, 1 << 20).unwrap();
        let mut reader = JournalReader::open(&path).unwrap();
        assert_eq!(texts(&reader.read(0, 1000).unwrap()), [] as [&str; 0]);
        journal.note("one");
        journal.note("two");
        assert_eq!(journal.flush(), 2);
        assert_eq!(texts(&reader.read(1, 1000).unwrap()), ["two"]);
        journal.note("three");
        journal.flush();
        assert_eq!(texts(&reader.read(0, 1000).unwrap()), ["three"]);
        fs_err::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"seq\":3").unwrap();
        assert_eq!(texts(&reader.read(0, 1000).unwrap()), [] as [&str; 0]);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_told_after_those_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        for broken in ["\0\0\0\n".to_owned(), "x".repeat(LONGEST_RECORD as usize)] {
            let mut journal = Journal::create(&path, 1 << 20).unwrap();
            journal.note("one");
            journal.close();
            fs_err::OpenOptions::new().append(true).open(&path).unwrap().write_all(broken.as_bytes()).unwrap();
            let mut reader = JournalReader::open(&path).unwrap();
            assert_eq!(texts(&reader.read(0, usize::MAX).unwrap()), ["one"]);
            assert!(reader.read(1, usize::MAX).is_err());
        }
    }

    #[test]
    fn a_long_log_keeps_its_beginning_and_its_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log.jsonl");
        let mut journal = Journal::create(&path, 10_000).unwrap();
        for number in 0..100_000 {
            journal.note(&number.to_string());
        }
        let end = journal.close();
        assert!(fs_err::metadata(&path).unwrap().len() < 200_000);
        let lines = JournalReader::open(&path).unwrap().read(0, usize::MAX).unwrap();
        assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), (0..end).collect::<Vec<_>>());
        assert_eq!(lines[0].text, "0");
        assert_eq!(lines.last().unwrap().text, "99999");
        let note = lines.iter().position(|line| line.text.contains("left out")).unwrap();
        assert_eq!(
            lines[note].text,
            format!("The log grew too long: {} lines are left out here.", 100_000 - (end - 1))
        );
    }
}
