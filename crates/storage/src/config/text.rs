//! The file's text, taken apart with every position kept, so that an error can name its line and an edit can leave the rest alone.

use super::{Action, ConfigError, Place, Problem};
use std::io::Read;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml_edit::{Document, Item, Key, Table, TableLike};

/// Bytes of the largest file that we take for a configuration.
const LIMIT: u64 = 4 << 20;

/// A parsed configuration file.
pub(super) struct Text {
    pub(super) file: PathBuf,
    document: Document<String>,
    /// Offsets at which lines begin.
    lines: Vec<usize>,
}

impl Text {
    pub(super) fn parse(file: &Path, text: String) -> Result<Self, ConfigError> {
        // A byte order mark belongs to no line.
        let first = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines: Vec<usize> = std::iter::once(first).chain(breaks).collect();
        match Document::parse(text.clone()) {
            Ok(document) => Ok(Self { file: file.to_owned(), document, lines }),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start).clamp(first, text.len());
                let line = lines.partition_point(|start| *start <= offset);
                let before = text.as_bytes()[lines[line - 1]..offset].iter().filter(|byte| (**byte & 0xC0) != 0x80);
                Err(ConfigError::Syntax {
                    file: file.to_owned(),
                    line,
                    column: before.count() + 1,
                    message: error.message().trim().replace('\n', ", "),
                })
            }
        }
    }

    pub(super) fn raw(&self) -> &str {
        self.document.raw()
    }

    pub(super) fn into_raw(self) -> String {
        self.document.raw().to_owned()
    }

    /// The text with these bytes replaced.
    pub(super) fn replaced(&self, range: Range<usize>, with: &str) -> String {
        let mut new = self.raw().to_owned();
        new.replace_range(range, with);
        new
    }

    pub(super) fn root(&self) -> &Table {
        self.document.as_table()
    }

    /// The line of an offset; the first is 1.
    pub(super) fn line(&self, offset: usize) -> usize {
        self.lines.partition_point(|start| *start <= offset).max(1)
    }

    /// Where the line of an offset begins.
    pub(super) fn line_start(&self, offset: usize) -> usize {
        self.lines[self.line(offset) - 1]
    }

    /// Where the line of an offset ends, behind its line break.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        self.lines.get(self.line(offset)).copied().unwrap_or(self.raw().len())
    }

    pub(super) fn line_of(&self, key: Option<&Key>) -> Option<usize> {
        key.and_then(Key::span).map(|span| self.line(span.start))
    }

    /// The table at a path; `None` where nothing is there.
    pub(super) fn table(&self, path: &[&str]) -> Result<Option<&dyn TableLike>, ConfigError> {
        let mut table: &dyn TableLike = self.root();
        for (depth, name) in path.iter().enumerate() {
            let Some(item) = table.get(name) else { return Ok(None) };
            match item.as_table_like() {
                Some(next) => table = next,
                None => return Err(self.wrong_type(&path[..=depth], table.key(name), item, "a table")),
            }
        }
        Ok(Some(table))
    }

    pub(super) fn place(&self, path: &[&str], line: Option<usize>) -> Place {
        Place { file: Some(self.file.clone()), line, key: dotted(path) }
    }

    pub(super) fn wrong_type(&self, path: &[&str], key: Option<&Key>, item: &Item, expected: &str) -> ConfigError {
        let found = match item.type_name() {
            "none" => "nothing".to_owned(),
            name if name.starts_with(['a', 'i']) => format!("an {name}"),
            name => format!("a {name}"),
        };
        let problem = Problem::WrongType { expected: expected.to_owned(), found };
        ConfigError::Value { place: self.place(path, self.line_of(key)), problem }
    }
}

/// `storage.vast.base_path`, quoted where TOML wants it.
pub(super) fn dotted(path: &[&str]) -> String {
    path.iter().map(|name| Key::new(*name).to_string()).collect::<Vec<_>>().join(".")
}

/// The text of a file; `None` where there is none. Never waits for a pipe's other end, never reads without end.
pub(super) fn read(file: &Path) -> Result<Option<String>, ConfigError> {
    let failed = |error: &std::io::Error| ConfigError::io(file, Action::Read, error);
    let mut options = fs_err::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use fs_err::os::unix::fs::OpenOptionsExt;
        options.custom_flags(i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0));
    }
    let opened = match options.open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(_) if fs_err::metadata(file).is_ok_and(|seen| !readable(seen.file_type())) => {
            return Err(ConfigError::NotAFile { file: file.to_owned() });
        }
        Err(error) => return Err(failed(&error)),
    };
    if !readable(opened.metadata().map_err(|error| failed(&error))?.file_type()) {
        return Err(ConfigError::NotAFile { file: file.to_owned() });
    }
    let mut bytes = Vec::new();
    opened.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(ConfigError::TooLarge { file: file.to_owned(), limit: LIMIT });
    }
    String::from_utf8(bytes).map(Some).map_err(|error| {
        let text = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = text.iter().filter(|byte| **byte == b'\n').count() + 1;
        ConfigError::NotText { file: file.to_owned(), line }
    })
}

/// Regular files, and what is like `/dev/null`.
fn readable(kind: std::fs::FileType) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        kind.is_file() || kind.is_char_device()
    }
    #[cfg(not(unix))]
    kind.is_file()
}
