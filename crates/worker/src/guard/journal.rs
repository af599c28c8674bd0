use jiff::Timestamp;
use samepath_wire::{LogLine, Stream};
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::Path;

/// How much of the end of a log is kept where its middle is not.
const TAIL_BYTES: usize = 64 * 1024;

/// Longest line of the file itself: 16 KiB of text, each character escaped, and what is around it.
const LONGEST_RECORD: u64 = 256 * 1024;

/// The log of an attempt on the local disk, as its guard writes it: a JSON [`LogLine`] per line, numbered without gaps.
///
/// It has a limit. Past it lines are left out, but the last of them ([`TAIL_BYTES`]) come when the journal is closed, after
/// a line that says how many are missing. A disk that is full ends the log, never the job.
#[derive(Debug)]
pub(crate) struct Journal {
    file: BufWriter<File>,
    next: u64,
    written: u64,
    limit: u64,
    tail: VecDeque<(Timestamp, Stream, String, bool)>,
    tail_bytes: usize,
    left_out: u64,
    fault: Option<io::Error>,
}

impl Journal {
    /// A new, empty one of at most `limit` bytes.
    pub(crate) fn create(path: &Path, limit: u64) -> io::Result<Self> {
        let file = BufWriter::with_capacity(64 * 1024, File::create(path)?);
        Ok(Self { file, next: 0, written: 0, limit, tail: VecDeque::new(), tail_bytes: 0, left_out: 0, fault: None })
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, at: Timestamp, stream: Stream, text: &str, cut: bool) {
        if self.left_out == 0 && self.written < self.limit {
            self.write(at, stream, text.to_owned(), cut);
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

    /// Makes what was added readable; the number of the line that comes next.
    pub(crate) fn flush(&mut self) -> u64 {
        if let Err(error) = self.file.flush() {
            self.fault.get_or_insert(error);
        }
        self.next
    }

    /// Writes the tail of a log that grew too long.
    pub(crate) fn close(&mut self) -> u64 {
        let missing = self.left_out - self.tail.len() as u64;
        if missing > 0 {
            let text = format!("The log grew too long: {missing} lines are left out here.");
            self.write(Timestamp::now(), Stream::Samepath, text, false);
        }
        for (at, stream, text, cut) in std::mem::take(&mut self.tail) {
            self.write(at, stream, text, cut);
        }
        self.flush()
    }

    /// What kept it from being written, once something did.
    pub(crate) fn fault(&mut self) -> Option<io::Error> {
        self.fault.take()
    }

    fn write(&mut self, at: Timestamp, stream: Stream, text: String, cut: bool) {
        if self.fault.is_some() {
            return;
        }
        let line = LogLine { seq: self.next, at, stream, text, cut };
        let result = serde_json::to_vec(&line).map_err(io::Error::from).and_then(|mut bytes| {
            bytes.push(b'\n');
            self.written += bytes.len() as u64;
            self.file.write_all(&bytes)
        });
        match result {
            Ok(()) => self.next += 1,
            Err(error) => self.fault = Some(error),
        }
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
    pub fn read(&mut self, from: u64, bytes: usize) -> io::Result<Vec<LogLine>> {
        self.file.seek(SeekFrom::Start(self.offset))?;
        let (mut lines, mut size, mut record) = (Vec::new(), 0, Vec::new());
        while size < bytes {
            record.clear();
            let read = io::Read::take(&mut self.file, LONGEST_RECORD).read_until(b'\n', &mut record)?;
            if record.last() != Some(&b'\n') {
                break;
            }
            self.offset += read as u64;
            let line: LogLine = serde_json::from_slice(&record)?;
            if line.seq >= from {
                size += read;
                lines.push(line);
            }
        }
        Ok(lines)
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
