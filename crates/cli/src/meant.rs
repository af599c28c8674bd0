//! What somebody meant who typed a command that there is not.

use crate::args::Arguments;
use crate::storages::is_place;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command, CommandFactory};
use samepath_app::{Error, ErrorCode};
use samepath_storage::{near, shell_word};
use samepath_wire::HERE;
use samepath_worker::kinds::Catalogue;
use std::ffi::OsString;

/// Words with which other programs list what is there.
pub(crate) const LISTING: [&str; 3] = ["list", "ls", "all"];

/// What other programs call what is several things here, or is called otherwise.
const ELSEWHERE: &[(&[&str], &[&str])] = &[
    (&["ls", "list", "show"], &["jobs", "storage list", "workers", "kinds"]),
    (&["rm", "delete", "del"], &["storage remove NAME", "stop ID"]),
    (&["status", "check", "health", "info"], &["jobs", "storage check", "doctor"]),
    (&["mount", "connect", "new"], &["storage add NAME FOLDER"]),
    (&["config", "configure"], &["setup", "storage list", "doctor"]),
    (&["start", "serve", "daemon"], &["worker"]),
    (&["login", "register"], &["join INVITATION"]),
    (&["logout"], &["leave"]),
    (&["tail", "follow", "watch"], &["logs ID --follow", "workers --watch"]),
    (&["find", "where", "which", "path"], &["locate PATH", "resolve NAME:PATH"]),
    (&["train"], &["submit sleap-train FILE"]),
    (&["predict", "track", "infer", "inference"], &["submit sleap-predict FILE"]),
    (&["version"], &["--version"]),
    (&["open", "videos", "inspect"], &["dataset FILE"]),
];

/// What is to be told of a command line that clap refuses, where more can be said than clap does. `written` is the command line.
pub(crate) fn meant(refused: &clap::Error, written: &[OsString]) -> Option<Error> {
    let words: Vec<&str> = written.iter().filter_map(|word| word.to_str()).collect();
    let mut tree = Arguments::command();
    tree.build();
    let text = |kind: ContextKind| match refused.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let line = Line::of(&tree, &words);
    match refused.kind() {
        ErrorKind::InvalidSubcommand => Some(no_command(text(ContextKind::InvalidSubcommand)?, &line)),
        ErrorKind::UnknownArgument => too_much(text(ContextKind::InvalidArg)?, &line),
        ErrorKind::MissingRequiredArgument => too_little(&line),
        _ => None,
    }
}

/// The command line, as far as it is understood.
struct Line<'w> {
    /// The names of the command and the one above it: `storage add`.
    names: Vec<&'w str>,
    command: &'w Command,
    /// The other words that are no options.
    rest: Vec<&'w str>,
    all: &'w [&'w str],
}

impl<'w> Line<'w> {
    fn of(tree: &'w Command, all: &'w [&'w str]) -> Self {
        let mut line = Self { names: Vec::new(), command: tree, rest: Vec::new(), all };
        let mut words = all.iter().copied();
        while let Some(word) = words.next() {
            let option = word.trim_start_matches('-');
            let is_it =
                |it: &&Arg| it.get_long() == Some(option) || it.get_short().is_some_and(|it| option == it.to_string());
            if word.starts_with('-')
                && line.command.get_arguments().find(is_it).is_some_and(|it| it.get_action().takes_values())
            {
                words.next();
                continue;
            }
            match line.command.find_subcommand(word).filter(|_| line.rest.is_empty()) {
                Some(below) => {
                    line.command = below;
                    line.names.push(below.get_name());
                }
                None if word.starts_with('-') => {}
                None => line.rest.push(word),
            }
        }
        line
    }

    /// The words after this one.
    fn after(&self, word: &str) -> &[&'w str] {
        let at = self.all.iter().position(|each| *each == word).map_or(self.all.len(), |at| at + 1);
        &self.all[at..]
    }

    fn typed(&self) -> String {
        ["samepath"].iter().chain(&self.names).copied().collect::<Vec<_>>().join(" ")
    }
}

fn usage(message: String, hint: String) -> Error {
    Error::new(ErrorCode::Usage, message).with_hint(hint)
}

fn no_command(word: &str, line: &Line<'_>) -> Error {
    if line.names.first() == Some(&"help") && ["--help", "-h"].contains(&word) {
        return usage(
            format!("samepath help takes no {word}."),
            "Type it without: samepath help. Of one command: samepath help COMMAND".to_owned(),
        );
    }
    let of = if line.names.is_empty() { String::new() } else { format!(" of {}", line.typed()) };
    let meant = commands(word, line);
    let meant: Vec<String> = meant.into_iter().map(|it| format!("samepath {it}").trim_end().to_owned()).collect();
    let hint = match meant.as_slice() {
        [] => format!("See: {} --help", line.typed()),
        meant => format!("Did you mean: {}", meant.join(" · ")),
    };
    usage(format!("There is no command {word}{of}."), hint)
}

/// A word or an option too many.
fn too_much(word: &str, line: &Line<'_>) -> Option<Error> {
    let typed = line.typed();
    let hint = match (line.names.as_slice(), line.rest.as_slice()) {
        (["submit"], [kind, file, ..]) if word.contains('=') && !word.starts_with('-') => {
            format!(
                "Values are given with -p: {typed} {} {} -p {}",
                shell_word(kind),
                shell_word(file),
                shell_word(word)
            )
        }
        (["submit"], [kind, ..]) if word.starts_with("--") => format!(
            "A job type's own values are given with -p: -p NAME=VALUE. Which there are: samepath kinds {}",
            shell_word(kind)
        ),
        (["submit"], [kind, ..]) if !word.starts_with('-') => format!(
            "One file is given so. Of a job type that takes several: -p NAME=FILE for each; see samepath kinds {}. Else each \
             file is a job of its own.",
            shell_word(kind)
        ),
        (["storage", "set"], [name, ..]) if is_place(word) => {
            format!("Type: {typed} {} --base-path {}", shell_word(name), shell_word(word))
        }
        _ if LISTING.contains(&word) => format!("Type it without: {typed}"),
        _ if line.command.get_arguments().any(|it| it.get_long() == Some(word)) => {
            format!("Did you mean: {typed} --{word}")
        }
        _ => return None,
    };
    Some(usage(format!("{typed} takes no {word}{}.", if word.starts_with('-') { "" } else { " there" }), hint))
}

/// A word too few.
fn too_little(line: &Line<'_>) -> Option<Error> {
    let typed = line.typed();
    let (wants, hint) = match (line.names.as_slice(), line.rest.as_slice()) {
        (["stop" | "kill" | "retry" | "logs"], []) => (
            "the id of a job",
            "See them: samepath jobs. The first or the last characters of an id are enough.".to_owned(),
        ),
        (["storage", "add"], [word]) => match word.split_once('=') {
            Some((name, place)) if is_place(place) => {
                ("a name and a folder", format!("Type: {typed} {} {}", shell_word(name), shell_word(place)))
            }
            _ if is_place(word) => ("a name, too", format!("Type: {typed} NAME {}", shell_word(word))),
            _ => ("a folder, too", format!("Type: {typed} {} FOLDER, where {HERE} mounts it", shell_word(word))),
        },
        (["storage", "add"], []) => ("a name and a folder", format!("For example: {typed} vast /mnt/vast")),
        (["submit"], []) => {
            ("what to run", "For example: samepath submit sleap-train FILE. What there is: samepath kinds".to_owned())
        }
        (["locate"], []) => {
            ("a path of this computer", "For example: samepath locate /mnt/vast/amick/labels.slp".to_owned())
        }
        (["resolve"], []) => ("a storage path", "For example: samepath resolve vast:amick/labels.slp".to_owned()),
        (["dataset"], []) => ("a SLEAP project", "For example: samepath dataset vast:amick/labels.slp".to_owned()),
        _ => return None,
    };
    Some(usage(format!("{typed} wants {wants}."), hint))
}

fn commands(word: &str, line: &Line<'_>) -> Vec<String> {
    let (above, command, after) = (line.names.as_slice(), line.command, line.after(word));
    let below = |command: &Command| -> Vec<String> {
        command.get_subcommands().flat_map(|it| it.get_name_and_visible_aliases()).map(str::to_owned).collect()
    };
    let known = below(command);
    if let Some(near) = near(word, &known.iter().map(String::as_str).collect::<Vec<_>>()) {
        return vec![[above, &[near.as_str()]].concat().join(" ")];
    }
    match above {
        [] => {}
        ["worker"] if ["start", "run", "up"].contains(&word) => return vec!["worker".to_owned()],
        ["hub", "invite"] => {
            let name = shell_word(word);
            return vec![format!("hub invite member {name}"), format!("hub invite worker {name}")];
        }
        _ => return Vec::new(),
    }
    let rest = || after.iter().map(|word| format!(" {}", shell_word(word))).collect::<String>();
    // A line that was copied with the sign before it, or with the program's name twice.
    if ["samepath", "$", "%", ">"].contains(&word) {
        return vec![rest().trim_start().trim_start_matches("samepath").trim_start().to_owned()];
    }
    if let Some((_, meant)) = ELSEWHERE.iter().find(|(words, _)| words.contains(&word)) {
        return meant.iter().map(|&meant| meant.to_owned()).collect();
    }
    if Catalogue::built_in().get(word).is_some() {
        return vec![format!("submit {word}{}", if after.is_empty() { " FILE".to_owned() } else { rest() })];
    }
    if word.ends_with(".slp") {
        return vec![format!("dataset {}", shell_word(word)), format!("submit sleap-train {}", shell_word(word))];
    }
    if word.contains(['/', '\\']) && !word.contains(':') {
        return vec![format!("locate {}", shell_word(word))];
    }
    if word.contains(':') {
        return vec![format!("resolve {}", shell_word(word))];
    }
    // A command of another command: `samepath add`.
    command
        .get_subcommands()
        .filter(|it| it.find_subcommand(word).is_some())
        .map(|it| format!("{} {word}", it.get_name()))
        .collect()
}
