//! Questions and answers.

use crate::doctor;
use crate::output::{Output, printable};
use samepath_app::view::Finding;
use samepath_app::{Error, ErrorCode};
use std::io::{self, BufRead, IsTerminal, Write};

/// More than this are not asked about one storage where every answer is the one suggested.
const MOST_QUESTIONS: usize = 12;

/// Why a conversation ends early.
pub(super) enum Stop {
    /// Standard input has ended, or the person wants nothing of this.
    NoAnswer,
    /// Something is wrong.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Questions and answers. With `--json` standard output is for the answer of the whole, and the talk goes to standard error.
pub(super) struct Talk<'a> {
    output: &'a Output,
    take_suggestions: bool,
    /// Questions about one storage so far.
    asked: usize,
}

impl<'a> Talk<'a> {
    pub(super) fn new(output: &'a Output, take_suggestions: bool) -> Self {
        Self { output, take_suggestions, asked: 0 }
    }

    /// The questions about another storage begin.
    pub(super) fn next_storage(&mut self) {
        self.asked = 0;
    }

    /// Whether nobody is there to answer: every question is answered with what is suggested.
    pub(super) fn is_alone(&self) -> bool {
        self.take_suggestions
    }

    pub(super) fn say(&self, text: &str) -> Result<(), Error> {
        if self.output.is_json() {
            text.lines().for_each(|line| self.output.aside(line));
            return Ok(());
        }
        self.output.lines(text)
    }

    pub(super) fn finding(&self, finding: &Finding) -> Result<(), Error> {
        if self.output.is_json() {
            self.output.aside(&format!("  {}: {}", finding.what, finding.found));
            return Ok(());
        }
        doctor::line(self.output, finding)
    }

    pub(super) fn complain(&self, error: &Error) -> Result<(), Error> {
        let hint = error.hint.as_ref().map(|hint| format!(" – {hint}")).unwrap_or_default();
        self.say(&printable(&format!("{}{hint}", error.message)))
    }

    pub(super) fn yes(&mut self, question: &str, default: bool) -> Result<bool, Stop> {
        loop {
            let answer = self.ask(question, if default { "yes" } else { "no" })?;
            match answer.to_lowercase().as_str() {
                "yes" | "y" => return Ok(true),
                "no" | "n" => return Ok(false),
                _ => self.say("yes or no?")?,
            }
        }
    }

    /// The answer to a question, or the default for an empty one.
    pub(super) fn ask(&mut self, question: &str, default: &str) -> Result<String, Stop> {
        loop {
            self.prompt(question, default)?;
            self.asked += 1;
            if self.take_suggestions {
                self.say(default)?;
                // A default that was refused would be refused again.
                let enough = default.is_empty() || self.asked > MOST_QUESTIONS;
                return if enough { Err(Stop::NoAnswer) } else { Ok(default.to_owned()) };
            }
            let line = self.line()?;
            let answer = line.trim();
            if answer.chars().any(char::is_control) {
                self.say("That was more than letters: an arrow key, maybe. Please write it again.")?;
                continue;
            }
            return Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() });
        }
    }

    fn prompt(&self, question: &str, default: &str) -> Result<(), Error> {
        let offered = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        let prompt = format!("{question}{offered}: ");
        let shown = if self.output.is_json() {
            write_to(io::stderr().lock(), &prompt)
        } else {
            write_to(io::stdout().lock(), &prompt)
        };
        shown.map_err(|error| Error::new(ErrorCode::Io, format!("The question cannot be written: {error}.")))
    }

    fn line(&self) -> Result<String, Stop> {
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line);
        let read = read.map_err(|error| Error::new(ErrorCode::Io, format!("The answer cannot be read: {error}.")))?;
        if read == 0 {
            self.say("")?;
            return Err(Stop::NoAnswer);
        }
        if !io::stdin().is_terminal() {
            // Whoever reads what came of it sees the answers, too.
            self.say(&printable(line.trim_end()))?;
        }
        Ok(line)
    }
}

fn write_to(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
