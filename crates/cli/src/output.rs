//! How answers look: tables for people, JSON for programs.

use jiff::Timestamp;
use jiff::tz::TimeZone;
pub(crate) use samepath_app::size;
use samepath_app::{Error, ErrorCode, turns};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a command's answer goes.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colour: bool,
    /// Whether something is to be put away before the program ends, also where nobody reads on.
    held: AtomicBool,
    /// Whether nobody does.
    gone: AtomicBool,
}

/// Colours that stand beside a word, never instead of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Good,
    Warn,
    Bad,
    Quiet,
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
            Self::Quiet => Some("2"),
        }
    }
}

/// One cell of a table.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: printable(&text.into()), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// Text without what would move a terminal's cursor, change its colours, or turn what stands behind it round.
pub(crate) fn printable(text: &str) -> String {
    let harmless = |letter: char| (!letter.is_control() || letter == '\t') && !turns(letter);
    text.chars().map(|letter| if harmless(letter) { letter } else { '\u{fffd}' }).collect()
}

impl Output {
    pub(crate) fn new(json: bool, no_colour: bool) -> Self {
        let colour = !json && !no_colour && io::stdout().is_terminal();
        Self { json, colour, held: AtomicBool::new(false), gone: AtomicBool::new(false) }
    }

    /// From now on a reader that goes away is an error, so that the command can put away what it made.
    pub(crate) fn hold(&self) {
        self.held.store(true, Ordering::Relaxed);
    }

    /// Whether the reader went away since.
    pub(crate) fn is_unread(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// One JSON document.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<(), Error> {
        self.print(&as_document(value)?)
    }

    /// One line of JSON.
    pub(crate) fn line_of_json(&self, value: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string(&whole_numbers(value)?).map_err(unprintable)?;
        self.print(&text)
    }

    /// A line for people. Whatever it is made of may come from somewhere else, a file's name or a worker's words: it is made
    /// [`printable`] here.
    pub(crate) fn line(&self, text: &str) -> Result<(), Error> {
        self.print(&printable(text))
    }

    /// Text of several lines, likewise.
    pub(crate) fn lines(&self, text: &str) -> Result<(), Error> {
        text.lines().try_for_each(|line| self.line(line))
    }

    /// A line of pieces, likewise, each in a colour of its own.
    pub(crate) fn pieces(&self, pieces: &[(&str, Tone)]) -> Result<(), Error> {
        let toned: String = pieces.iter().map(|(text, tone)| self.toned(&printable(text), *tone)).collect();
        self.print(&toned)
    }

    /// A table for people: columns as wide as their widest cell.
    pub(crate) fn table(&self, titles: &[&str], rows: &[Vec<Cell>]) -> Result<(), Error> {
        let width = |text: &str| text.chars().count();
        let mut widths: Vec<usize> = titles.iter().map(|title| width(title)).collect();
        for row in rows {
            for (column, cell) in row.iter().enumerate() {
                if let Some(widest) = widths.get_mut(column) {
                    *widest = (*widest).max(width(&cell.text));
                }
            }
        }
        let titles: Vec<Cell> = titles.iter().map(|title| Cell::new(*title, Tone::Quiet)).collect();
        for row in std::iter::once(&titles).chain(rows) {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let last = column + 1 == row.len();
                let room = widths.get(column).copied().unwrap_or_default();
                let padding = if last { 0 } else { room.saturating_sub(width(&cell.text)) + 2 };
                line.push_str(&self.toned(&cell.text, cell.tone));
                line.extend(std::iter::repeat_n(' ', padding));
            }
            self.print(line.trim_end())?;
        }
        Ok(())
    }

    fn print(&self, text: &str) -> Result<(), Error> {
        let written = writeln!(io::stdout().lock(), "{text}");
        // Whoever read has seen enough (`samepath jobs | head`): nobody is left to answer to.
        if written.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
            if !self.held.load(Ordering::Relaxed) {
                std::process::exit(0);
            }
            self.gone.store(true, Ordering::Relaxed);
        }
        written.map_err(|error| Error::new(ErrorCode::Io, format!("The answer cannot be written: {error}.")))
    }

    /// Text in a colour, on a terminal.
    fn toned(&self, text: &str, tone: Tone) -> String {
        match tone.code() {
            Some(code) if self.colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            _ => text.to_owned(),
        }
    }

    /// What a person wants to know beside an answer that a script may read.
    pub(crate) fn aside(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", printable(text));
    }

    /// What is allowed and yet seldom meant, beside an answer for people.
    pub(crate) fn warning(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "warning: {}", printable(text));
    }

    /// Tells a failure and answers with its exit status.
    pub(crate) fn error(&self, error: &Error) -> ExitCode {
        self.failure(error, None)
    }

    /// The same, with what is known of the job that it is about.
    pub(crate) fn failure(&self, error: &Error, job: Option<Value>) -> ExitCode {
        let (message, hint) = (readable(&error.message), error.hint.as_deref().map(readable));
        let error = &Error { message, hint, ..error.clone() };
        if self.json {
            let mut told = json!({ "error": error.view() });
            if let (Some(job), Some(told)) = (job, told.as_object_mut()) {
                told.insert("job".to_owned(), job);
            }
            // A reader that went away is told by the exit status alone.
            if let Ok(text) = as_document(&told) {
                let _ = writeln!(io::stdout().lock(), "{text}");
            }
        } else {
            let mut stderr = io::stderr().lock();
            let _ = writeln!(stderr, "error: {}", printable(&error.message));
            if let Some(hint) = &error.hint {
                let _ = writeln!(stderr, "  {}", printable(hint));
            }
        }
        ExitCode::from(error.code.exit_status())
    }
}

/// A time as people here read it: `28 Nov 2026, 19:28`.
pub(crate) fn moment(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system()).strftime("%-d %b %Y, %H:%M").to_string()
}

/// The value with `41` instead of `41.0`: what is counted is floating point for the page alone, whose numbers all are.
fn whole_numbers(value: &impl Serialize) -> Result<Value, Error> {
    fn whole(value: &mut Value) {
        match value {
            Value::Number(number) => {
                let exact = number.as_f64().filter(|it| number.is_f64() && it.fract() == 0.0 && it.abs() < 9e15);
                if let Some(exact) = exact {
                    #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
                    let exact = exact as i64;
                    *number = exact.into();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(whole),
            Value::Object(fields) => fields.values_mut().for_each(whole),
            _ => {}
        }
    }
    let mut value = serde_json::to_value(value).map_err(unprintable)?;
    whole(&mut value);
    Ok(value)
}

/// What quotes a word of a hundred thousand letters helps nobody.
fn readable(text: &str) -> String {
    const LONGEST: usize = 6000;
    match (text.char_indices().nth(LONGEST / 2), text.char_indices().rev().nth(LONGEST / 2)) {
        (Some((head, _)), Some((tail, _))) if head < tail => format!("{} … {}", &text[..head], &text[tail..]),
        _ => text.to_owned(),
    }
}

fn as_document(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string_pretty(&whole_numbers(value)?).map_err(unprintable)
}

fn unprintable(error: serde_json::Error) -> Error {
    Error::new(ErrorCode::Internal, format!("The answer cannot be written as JSON: {error}."))
}

/// Tells what clap made of the words: help and version are answers, everything else is a failure.
pub(crate) fn refuse_usage(refused: &clap::Error, json: bool) -> ExitCode {
    if !refused.use_stderr() {
        let _ = refused.print();
        return ExitCode::SUCCESS;
    }
    if !json {
        let _ = refused.print();
        return ExitCode::from(ErrorCode::Usage.exit_status());
    }
    let text = refused.render().to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let told: Vec<&str> =
        lines.take_while(|line| !line.starts_with("Usage:") && !line.starts_with("For more")).collect();
    let message = told.join(" ").trim_start_matches("error: ").to_owned();
    Output::new(true, true).error(&Error::new(ErrorCode::Usage, message).with_hint("See: samepath --help"))
}
