//! The file's text, taken apart with every position kept, so that an error can name its line and an edit can leave the rest alone.

use super::{Action, ConfigError, Place, Problem};
use std::cell::OnceCell;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};
use toml_edit::{Document, Key};

/// Bytes of the largest file that we take for a configuration.
const LIMIT: u64 = 4 << 20;

/// A key of a table, and where it is written.
pub(super) type Name<'t> = Spanned<DeString<'t>>;

/// What it stands for, and where that is written. Of a table that is the header, if it has one.
pub(super) type Value<'t> = Spanned<DeValue<'t>>;

/// A parsed configuration file.
pub(super) struct Text<'t> {
    pub(super) file: &'t Path,
    raw: &'t str,
    root: DeTable<'t>,
    /// Offsets at which lines begin.
    lines: Vec<usize>,
    /// The same again as it is edited, with the place of every blank and comma: made for the first edit.
    document: OnceCell<Option<Document<String>>>,
}

impl<'t> Text<'t> {
    pub(super) fn parse(file: &'t Path, raw: &'t str) -> Result<Self, ConfigError> {
        // A byte order mark belongs to no line.
        let first = if raw.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        let breaks = raw.match_indices('\n').map(|(at, _)| at + 1);
        let lines: Vec<usize> = std::iter::once(first).chain(breaks).collect();
        match DeTable::parse(raw) {
            Ok(root) => Ok(Self { file, raw, root: root.into_inner(), lines, document: OnceCell::new() }),
            Err(error) => {
                let offset = error.span().map_or(0, |span| span.start).clamp(first, raw.len());
                let line = lines.partition_point(|start| *start <= offset);
                let before = raw.as_bytes()[lines[line - 1]..offset].iter().filter(|byte| (**byte & 0xC0) != 0x80);
                Err(ConfigError::Syntax {
                    file: file.to_owned(),
                    line,
                    column: before.count() + 1,
                    message: error.message().trim().replace('\n', ", "),
                })
            }
        }
    }

    pub(super) fn raw(&self) -> &'t str {
        self.raw
    }

    /// The text with these bytes replaced.
    pub(super) fn replaced(&self, range: Range<usize>, with: &str) -> String {
        let mut new = self.raw.to_owned();
        new.replace_range(range, with);
        new
    }

    pub(super) fn root(&self) -> &DeTable<'t> {
        &self.root
    }

    /// The text as it is edited; none where that parser takes it for another one.
    pub(super) fn document(&self) -> Option<&toml_edit::Table> {
        let document = self.document.get_or_init(|| Document::parse(self.raw.to_owned()).ok());
        document.as_ref().map(Document::as_table)
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
        self.lines.get(self.line(offset)).copied().unwrap_or(self.raw.len())
    }

    pub(super) fn line_of(&self, key: &Name<'_>) -> usize {
        self.line(key.span().start)
    }

    /// What is written at a value's place.
    pub(super) fn written(&self, value: &Value<'_>) -> &'t str {
        &self.raw[value.span()]
    }

    /// The table at a path; `None` where nothing is there.
    pub(super) fn table(&self, path: &[&str]) -> Result<Option<&DeTable<'t>>, ConfigError> {
        let mut table = self.root();
        for (depth, name) in path.iter().enumerate() {
            let Some((key, value)) = table.get_key_value(*name) else { return Ok(None) };
            match value.get_ref().as_table() {
                Some(next) => table = next,
                None => return Err(self.wrong_type(&path[..=depth], key, value, "a table")),
            }
        }
        Ok(Some(table))
    }

    pub(super) fn place(&self, path: &[&str], line: usize) -> Place {
        Place { file: Some(self.file.to_owned()), line: Some(line), key: dotted(path) }
    }

    pub(super) fn wrong_type(&self, path: &[&str], key: &Name<'_>, value: &Value<'_>, expected: &str) -> ConfigError {
        let found = match self.type_name(value) {
            name if name.starts_with(['a', 'i']) => format!("an {name}"),
            name => format!("a {name}"),
        };
        let problem = Problem::WrongType { expected: expected.to_owned(), found };
        ConfigError::value(self.place(path, self.line_of(key)), problem)
    }

    fn type_name(&self, value: &Value<'_>) -> &'static str {
        let has_header = |item: &Value<'_>| item.get_ref().is_table() && self.written(item).starts_with('[');
        match value.get_ref() {
            DeValue::Table(_) if self.written(value).starts_with('{') => "inline table",
            DeValue::Array(items) if items.iter().any(has_header) => "array of tables",
            value => value.type_str(),
        }
    }
}

/// What a table holds, in the order of the file.
pub(super) fn in_order<'a, 't>(table: &'a DeTable<'t>) -> Vec<(&'a Name<'t>, &'a Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
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
