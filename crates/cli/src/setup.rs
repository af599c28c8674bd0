//! The window's wizard, in a terminal: a line is asked, a line is answered.
//!
//! Nothing is written before the last question of a storage, so that Ctrl-C, or the end of the answers, leaves everything as it was.

use crate::output::{Cell, Output, Tone, printable, size};
use crate::{Context, doctor};
use samepath_app::view::{FindingState, StorageFields, StorageView, SuggestionView};
use samepath_app::{Error, ErrorCode, LocalStorages};
use serde_json::{Value, json};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

/// More than this are not asked where every answer is the one suggested.
const MOST_QUESTIONS: usize = 12;

/// Storages that this computer has and the configuration does not name.
pub(crate) fn suggest(context: &Context<'_>) -> Result<(), Error> {
    let Context { options, storages, output } = context;
    let found = storages.suggestions(&options.member);
    if output.is_json() {
        return output.document(&found);
    }
    if found.is_empty() {
        return output
            .line("Nothing else is mounted here. If the storage is a folder: samepath storage add NAME FOLDER");
    }
    let rows: Vec<Vec<Cell>> = found
        .iter()
        .map(|it| {
            let tone = if it.state == "ready" { Tone::Good } else { Tone::Warn };
            vec![
                it.name.as_str().into(),
                it.base_path.as_str().into(),
                it.user_subdir.as_deref().unwrap_or("–").into(),
                Cell::new(&it.words, tone),
                Cell::new(&it.source, Tone::Quiet),
            ]
        })
        .collect();
    output.table(&["STORAGE", "ON THIS COMPUTER AT", "YOUR FOLDER", "STATE", "WHY"], &rows)?;
    output.line("Take them over one by one: samepath setup")
}

/// Asks for the lab's storages, one after the other, and writes each.
pub(crate) fn run(context: &Context<'_>, take_suggestions: bool) -> Result<ExitCode, Error> {
    let Context { options, storages, output } = context;
    let mut talk = Talk { output, take_suggestions, asked: 0 };
    talk.say("Samepath setup. A storage is written down only when you have seen it and said yes; Ctrl-C leaves everything as it was.")?;
    let mut written = Vec::new();
    present(&talk, storages)?;
    loop {
        let suggestions = storages.suggestions(&options.member);
        let known = !storages.views().is_empty();
        match one(&mut talk, storages, &suggestions, known) {
            Ok(Some(view)) => written.push(view),
            Ok(None) => break,
            // With something written, no more answers are a way to say that this is all.
            Err(Stop::NoAnswer) if !written.is_empty() => break,
            Err(Stop::NoAnswer) => {
                let why = if take_suggestions {
                    "What is suggested here is not enough to set up a storage. Nothing was written."
                } else {
                    "The answers ended before everything was asked. Nothing was written."
                };
                let hint = "Run it in a terminal: samepath setup. Or: samepath storage add NAME FOLDER";
                return Err(Error::new(ErrorCode::InvalidParameter, why).with_hint(hint));
            }
            Err(Stop::Error(error)) => return Err(error),
        }
    }
    finish(output, &talk, storages, &written)
}

fn finish(
    output: &Output,
    talk: &Talk<'_>,
    storages: &LocalStorages,
    written: &[StorageView],
) -> Result<ExitCode, Error> {
    if output.is_json() {
        let storages: Vec<Value> = written
            .iter()
            .map(|view| json!({ "name": view.name, "base_path": view.base_path, "type": view.kind, "user_subdir": view.user_subdir, "source": view.source }))
            .collect();
        output.document(&storages)?;
        return Ok(ExitCode::SUCCESS);
    }
    let views = storages.views();
    let Some(view) = written.last().or(views.first()) else {
        talk.say("No storage yet. Whenever you know where it is: samepath setup")?;
        return Ok(ExitCode::SUCCESS);
    };
    let folder = if view.user_subdir.is_empty() { String::new() } else { format!("{}/", view.user_subdir) };
    talk.say(&format!("Ready. Now choose a dataset: samepath dataset {}:{folder}PROJECT/labels.slp", view.name))?;
    talk.say("Run jobs on this computer, too: samepath worker. See whether all is well: samepath doctor")?;
    Ok(ExitCode::SUCCESS)
}

/// What is there already.
fn present(talk: &Talk<'_>, storages: &LocalStorages) -> Result<(), Error> {
    let views = storages.check(None)?;
    if views.is_empty() {
        return Ok(());
    }
    talk.say(&format!("\nHere already, in {}:", storages.file().path.display()))?;
    for view in views {
        let state = match (&view.error, &view.health) {
            (Some(error), _) => format!("✕ {}", error.message),
            (None, Some(health)) => health.words.clone(),
            (None, None) => "not checked yet".to_owned(),
        };
        let folder = if view.user_subdir.is_empty() { "none".to_owned() } else { view.user_subdir.clone() };
        talk.say(&format!(
            "  {} at {} · your folder {folder} · {state}",
            view.name,
            view.base_path.as_deref().unwrap_or("?")
        ))?;
    }
    Ok(())
}

/// One storage, from its folder to the file; none when the person wants no further one.
fn one(
    talk: &mut Talk<'_>,
    storages: &LocalStorages,
    suggestions: &[SuggestionView],
    known: bool,
) -> Result<Option<StorageView>, Stop> {
    let Some(chosen) = folder(talk, storages, suggestions, known)? else { return Ok(None) };
    let name = name(talk, storages, &chosen)?;
    let fields = StorageFields {
        base_path: Some(chosen.base_path.clone()),
        kind: chosen.kind.clone(),
        ..StorageFields::default()
    };
    let before = storages.views().into_iter().find(|view| view.name == name);
    let moved = before.as_ref().is_some_and(|view| view.base_path.as_deref() != Some(chosen.base_path.as_str()));
    if let (Some(view), true) = (&before, moved) {
        let at = view.base_path.as_deref().unwrap_or("?");
        let question = format!("{name} is written down at {at}. Is it at {} now?", chosen.base_path);
        if !talk.yes(&question, false)? {
            return Ok(Some(view.clone()));
        }
    }
    let own = before.as_ref().map(|view| view.user_subdir.clone()).filter(|folder| !folder.is_empty());
    let fields = your_folder(talk, storages, &name, fields, own.or(chosen.user_subdir))?;
    let folder = fields.user_subdir.clone().unwrap_or_default();
    let shown = if folder.is_empty() { "no folder of your own".to_owned() } else { format!("your folder {folder}") };
    let file = storages.file().path.display().to_string();
    if !talk.yes(&format!("Write {name} at {}, {shown}, to {file}?", chosen.base_path), true)? {
        talk.say("Not written.")?;
        return Ok(before);
    }
    let view = match before {
        Some(_) => storages.set(&name, fields)?,
        None => storages.add(&name, fields)?,
    };
    talk.say(&format!("Written: {name}, in {}.", view.source))?;
    for warning in &view.warnings {
        talk.say(&format!("! {warning}"))?;
    }
    Ok(Some(view))
}

/// A folder to begin with, and what is known of it.
struct Chosen {
    name: Option<String>,
    base_path: String,
    kind: Option<String>,
    user_subdir: Option<String>,
}

fn folder(
    talk: &mut Talk<'_>,
    storages: &LocalStorages,
    suggestions: &[SuggestionView],
    known: bool,
) -> Result<Option<Chosen>, Stop> {
    talk.say(if known {
        "\nIs there another storage of the lab on this computer?"
    } else {
        "\nWhere is the lab's storage on this computer?"
    })?;
    for (number, it) in suggestions.iter().enumerate() {
        let free = it.free_bytes.map(|free| format!(", {} free", size(free))).unwrap_or_default();
        talk.say(&format!("  {}  {}   {} · {}{free}", number + 1, it.base_path, it.source, it.words))?;
    }
    let first_ready = suggestions.first().filter(|it| it.state == "ready" || it.state == "read_only");
    let default = match first_ready {
        _ if known => "no",
        Some(_) => "1",
        _ => "",
    };
    let question = match (suggestions.is_empty(), known) {
        (true, false) => "A folder",
        (false, false) => "A number, or a folder",
        (true, true) => "A folder, or no",
        (false, true) => "A number, a folder, or no",
    };
    loop {
        let answer = talk.ask(question, default)?;
        if ["no", "n"].contains(&answer.to_lowercase().as_str()) {
            return Ok(None);
        }
        let suggested = answer.parse::<usize>().ok().and_then(|number| suggestions.get(number.checked_sub(1)?));
        if let Some(it) = suggested {
            return Ok(Some(Chosen {
                name: Some(it.name.clone()),
                base_path: it.base_path.clone(),
                kind: it.kind.clone(),
                user_subdir: it.user_subdir.clone(),
            }));
        }
        if answer.parse::<usize>().is_ok() || answer.is_empty() {
            talk.say("There is no such number here.")?;
            continue;
        }
        let path = match storages.absolute(&answer) {
            Ok(path) => path,
            Err(error) => {
                talk.complain(&error)?;
                continue;
            }
        };
        // A share's own folder is the storage; what is typed below it is a person's.
        let above = suggestions.iter().find_map(|it| Some((it, path.strip_prefix(&it.base_path).ok()?)));
        if let Some((it, below)) = above.filter(|(_, below)| !below.as_os_str().is_empty()) {
            let below = below.display().to_string();
            let question = format!(
                "That is a folder inside {}. Take {} as the storage, and {below} as your folder?",
                it.base_path, it.base_path
            );
            if talk.yes(&question, true)? {
                return Ok(Some(Chosen {
                    name: Some(it.name.clone()),
                    base_path: it.base_path.clone(),
                    kind: it.kind.clone(),
                    user_subdir: Some(below),
                }));
            }
        }
        return Ok(Some(of_path(&path)));
    }
}

fn of_path(path: &Path) -> Chosen {
    let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    Chosen { name, base_path: path.display().to_string(), kind: None, user_subdir: None }
}

fn name(talk: &mut Talk<'_>, storages: &LocalStorages, chosen: &Chosen) -> Result<String, Stop> {
    talk.say(
        "\nIts name? Use the name that your lab uses: it is the same for everybody, wherever each computer has it.",
    )?;
    let good = |name: &str| {
        let fields = StorageFields { base_path: Some(chosen.base_path.clone()), ..StorageFields::default() };
        storages.propose(name, &fields)
    };
    let default = chosen.name.clone().filter(|name| good(name).is_ok()).unwrap_or_default();
    loop {
        let answer = talk.ask("Letters, digits, - and _", &default)?;
        match good(&answer) {
            Ok(()) => return Ok(answer),
            Err(error) => talk.complain(&error)?,
        }
    }
}

/// Asks for the person's folder until it can be used, and says how it is.
fn your_folder(
    talk: &mut Talk<'_>,
    storages: &LocalStorages,
    name: &str,
    fields: StorageFields,
    default: Option<String>,
) -> Result<StorageFields, Stop> {
    talk.say(&format!(
        "\nWhich folder in {name} is yours? Results go there unless you choose otherwise. A - is none."
    ))?;
    let default = default.unwrap_or_else(|| "-".to_owned());
    loop {
        let answer = talk.ask("Your folder", &default)?;
        let folder = if answer == "-" { String::new() } else { without_slash(&answer) };
        let fields = StorageFields { user_subdir: Some(folder.clone()), ..fields.clone() };
        let mut tried = storages.try_storage(name, &fields, false);
        if let Err(Error { code: ErrorCode::PathNotFound, .. }) = &tried
            && !folder.is_empty()
        {
            if !talk.yes(&format!("There is no folder {folder} in {name}. Make it?"), false)? {
                continue;
            }
            tried = storages.try_storage(name, &fields, true);
        }
        match tried {
            Ok(findings) => {
                for finding in &findings {
                    talk.finding(finding)?;
                }
                let usable = findings.iter().all(|finding| finding.state != FindingState::Wrong);
                if usable || talk.yes("Take it all the same?", false)? {
                    return Ok(fields);
                }
            }
            Err(error) => talk.complain(&error)?,
        }
    }
}

/// A shell's completion leaves a slash at the end; one alone is no folder.
fn without_slash(folder: &str) -> String {
    folder.strip_suffix('/').filter(|folder| !folder.is_empty()).unwrap_or(folder).to_owned()
}

/// Why a conversation ends early.
enum Stop {
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
struct Talk<'a> {
    output: &'a Output,
    take_suggestions: bool,
    /// Questions so far.
    asked: usize,
}

impl Talk<'_> {
    fn say(&self, text: &str) -> Result<(), Error> {
        if self.output.is_json() {
            eprintln!("{text}");
            return Ok(());
        }
        self.output.line(text)
    }

    fn finding(&self, finding: &samepath_app::view::Finding) -> Result<(), Error> {
        if self.output.is_json() {
            eprintln!("  {}: {}", finding.what, printable(&finding.found));
            return Ok(());
        }
        doctor::line(self.output, finding)
    }

    fn complain(&self, error: &Error) -> Result<(), Error> {
        self.say(&format!(
            "{}{}",
            error.message,
            error.hint.as_ref().map(|hint| format!(" – {hint}")).unwrap_or_default()
        ))
    }

    fn yes(&mut self, question: &str, default: bool) -> Result<bool, Stop> {
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
    fn ask(&mut self, question: &str, default: &str) -> Result<String, Stop> {
        let offered = if default.is_empty() { String::new() } else { format!(" [{default}]") };
        let prompt = format!("{question}{offered}: ");
        let shown = if self.output.is_json() {
            write_to(io::stderr().lock(), &prompt)
        } else {
            write_to(io::stdout().lock(), &prompt)
        };
        shown.map_err(|error| Error::new(ErrorCode::Io, format!("The question cannot be written: {error}.")))?;
        self.asked += 1;
        if self.take_suggestions {
            self.say(default)?;
            // A default that was refused would be refused again.
            return if default.is_empty() || self.asked > MOST_QUESTIONS {
                Err(Stop::NoAnswer)
            } else {
                Ok(default.to_owned())
            };
        }
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
        let answer = line.trim();
        Ok(if answer.is_empty() { default.to_owned() } else { answer.to_owned() })
    }
}

fn write_to(mut out: impl Write, text: &str) -> io::Result<()> {
    out.write_all(text.as_bytes())?;
    out.flush()
}
