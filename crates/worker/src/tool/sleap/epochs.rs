//! `training_log.csv`, read while it is written.

use fs_err::File;
use samepath_wire::Metrics;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

/// No more is read at a time.
const PIECE: u64 = 1024 * 1024;
/// A row of that length is none.
const LONGEST_ROW: usize = 64 * 1024;

/// The rows of one run, each once.
#[derive(Debug)]
pub(super) struct Epochs {
    path: PathBuf,
    run: String,
    offset: u64,
    rest: Vec<u8>,
    columns: Option<Vec<String>>,
    /// The newest row.
    pub(super) last: Option<Metrics>,
    /// Epoch and loss of the best row by the loss on validation frames.
    pub(super) best: Option<(u64, f64)>,
}

impl Epochs {
    /// Those of the run whose file this is; it need not be there yet.
    pub(super) fn new(path: PathBuf, run: &str) -> Self {
        Self { path, run: run.to_owned(), offset: 0, rest: Vec::new(), columns: None, last: None, best: None }
    }

    /// The newest epoch of a run that has ended.
    pub(super) fn newest(mut self) -> Option<u64> {
        while !self.read().is_empty() {}
        self.last.map(|row| row.epoch)
    }

    /// Rows that came since. A file that cannot be read has none.
    pub(super) fn read(&mut self) -> Vec<Metrics> {
        let mut rows = Vec::new();
        let Ok(mut file) = File::open(&self.path) else { return rows };
        let mut piece = Vec::new();
        let read = file.seek(SeekFrom::Start(self.offset)).and_then(|_| file.take(PIECE).read_to_end(&mut piece));
        let Ok(read) = read else { return rows };
        self.offset += read as u64;
        self.rest.extend_from_slice(&piece);
        while let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let cells = cells(String::from_utf8_lossy(&line).trim_end());
            match &self.columns {
                None => self.columns = Some(cells),
                Some(columns) => rows.extend(row(columns, &cells, &self.run)),
            }
        }
        if self.rest.len() > LONGEST_ROW {
            self.rest.clear();
        }
        for row in &rows {
            let loss = row.values.get("val/loss").or_else(|| row.values.get("val_loss")).copied();
            if let Some(loss) = loss.filter(|loss| self.best.is_none_or(|(_, best)| *loss < best)) {
                self.best = Some((row.epoch, loss));
            }
        }
        self.last = rows.last().cloned().or(self.last.take());
        rows
    }
}

/// A row; epochs are counted from 1, as people do.
fn row(columns: &[String], cells: &[String], run: &str) -> Option<Metrics> {
    let mut row = Metrics { run: run.to_owned(), ..Metrics::default() };
    let mut epoch = None;
    for (column, cell) in columns.iter().zip(cells) {
        let Ok(value) = cell.trim().parse::<f64>() else { continue };
        if column == "epoch" {
            epoch = Some(value);
        } else if value.is_finite() && row.values.len() < Metrics::MOST {
            row.values.insert(column.chars().take(64).collect(), value);
        }
    }
    row.epoch = epoch.filter(|epoch| (0.0..1e9).contains(epoch))? as u64 + 1;
    Some(row)
}

/// The cells of a line; one in quotes may contain commas.
fn cells(line: &str) -> Vec<String> {
    let (mut cells, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' if quoted && characters.next_if_eq(&'"').is_some() => cell.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => cells.push(std::mem::take(&mut cell)),
            other => cell.push(other),
        }
    }
    cells.push(cell);
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn rows_are_read_as_they_come() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("training_log.csv");
        let mut epochs = Epochs::new(path.clone(), "maze");
        assert_eq!(epochs.read(), []);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(b"epoch,train/loss,val/loss,learning_rate,\"train/confmaps/a,b\"\n0,,0.5,,\n1,0.4,0.").unwrap();
        let rows = epochs.read();
        assert_eq!(rows.len(), 1, "half a row is none: {rows:?}");
        assert_eq!((rows[0].epoch, rows[0].values.len(), rows[0].values["val/loss"]), (1, 1, 0.5));
        file.write_all(b"3,0.0001,0.7\n2,nan,0.35,inf,\nnonsense\n").unwrap();
        let rows = epochs.read();
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[0].values["train/confmaps/a,b"], 0.7);
        assert_eq!(rows[1].values.keys().collect::<Vec<_>>(), ["val/loss"]);
        assert_eq!(epochs.best, Some((2, 0.3)));
        assert_eq!(epochs.last.as_ref().unwrap().epoch, 3);
        assert_eq!(epochs.read(), []);
    }
}
