//! A worker as a service of systemd: written, started, and taken back. What is done is said first.

use crate::Context;
use crate::args::{Install, Uninstall, Work};
use crate::workers::kinds_folder;
use samepath_app::{Error, ErrorCode};
use samepath_storage::{Cause, Origin, shell_word, write_whole};
use samepath_wire::{HERE, HERE_FIRST};
use serde_json::json;
use std::ffi::OsString;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};

/// What systemd calls it.
const UNIT: &str = "samepath-worker.service";

/// What the process's environment says, as far as a service needs it.
pub(crate) struct Around {
    /// `XDG_CONFIG_HOME`.
    pub(crate) config_home: Option<PathBuf>,
    /// `PATH`: of a user's service, so that it finds the tools that a shell finds.
    pub(crate) search_path: Option<OsString>,
    /// `SAMEPATH_DATA`.
    pub(crate) data: Option<OsString>,
    /// `SAMEPATH_CONFIG`.
    pub(crate) config: Option<OsString>,
}

/// One thing to be done.
enum Step {
    Write(PathBuf, String),
    Remove(PathBuf),
    Run(Vec<String>),
    /// Lets the services of this user outlive their sessions. Not everybody may.
    Linger,
}

impl Step {
    fn words(&self) -> String {
        match self {
            Self::Write(file, _) => format!("write {}", file.display()),
            Self::Remove(file) => format!("remove {}", file.display()),
            Self::Run(words) => words.join(" "),
            Self::Linger => "loginctl enable-linger".to_owned(),
        }
    }

    /// What is touched.
    fn place(&self) -> String {
        match self {
            Self::Write(file, _) | Self::Remove(file) => file.display().to_string(),
            Self::Run(_) | Self::Linger => self.words(),
        }
    }

    /// Answers what is to be said of it where it was done in part only.
    fn take(&self) -> Result<Option<String>, Error> {
        let failed = |error: std::io::Error| {
            let hint = match Cause::of_writing(&error) {
                cause if cause.is_room() || cause == Cause::ReadOnly => cause.mend(&self.place()),
                _ => "A service of the whole system is root's to install: sudo samepath worker install --system --as USER".to_owned(),
            };
            Error::new(ErrorCode::Io, format!("Could not {}: {error}.", self.words())).with_hint(hint)
        };
        match self {
            Self::Write(file, text) => {
                // What was there stays, where there is no room for this.
                write_whole(file, text.as_bytes()).map_err(failed).map(|()| None)
            }
            Self::Remove(file) => match fs_err::remove_file(file) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(failed(error)),
                _ => Ok(None),
            },
            Self::Linger => Ok(linger()),
            Self::Run(words) => {
                let Some((program, arguments)) = words.split_first() else { return Ok(None) };
                let status = Command::new(program).args(arguments).status().map_err(failed)?;
                if status.success() {
                    return Ok(None);
                }
                Err(Error::new(ErrorCode::Io, format!("`{}` ended with {status}.", self.words())).with_hint(format!(
                    "See what systemd says: journalctl {}-u {UNIT}",
                    if words.iter().any(|word| word == "--user") { "--user " } else { "" }
                )))
            }
        }
    }
}

pub(crate) fn install(context: &Context<'_>, install: &Install, around: &Around) -> Result<ExitCode, Error> {
    let (file, systemctl) = place(context, install.system, around)?;
    let text = unit(context, install, around)?;
    let mut steps = vec![Step::Write(file.clone(), text)];
    steps.push(run(&systemctl, &["daemon-reload"]));
    steps.push(run(&systemctl, &["enable", UNIT]));
    steps.push(run(&systemctl, &["restart", UNIT]));
    if !install.system {
        steps.push(Step::Linger);
    }
    if !install.dry_run {
        check_systemd(&systemctl)?;
        if let Some(user) = &install.user {
            check_user(user)?;
        }
    }
    let before = fs_err::read(&file).ok();
    let taken = take(context, &steps, install.dry_run, Some(&file));
    if taken.is_err() && !install.dry_run && put_back(&file, before.as_deref(), &systemctl).is_ok() {
        context.output.aside(&format!("{} is as it was before.", file.display()));
    }
    let lasts = if taken? { ", also after a start of the computer" } else { "" };
    if !context.output.is_json() && !install.dry_run {
        let (system, user) = if install.system { (" --system", "") } else { ("", "--user ") };
        context.output.line(&format!("It runs from now on{lasts}. How it is: systemctl {user}status {UNIT}"))?;
        context.output.line(&format!("To take it back: samepath worker uninstall{system}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// After an installation that failed: nothing half installed is left, which would run, or be started with the next session.
fn put_back(file: &Path, before: Option<&[u8]>, systemctl: &[&str]) -> std::io::Result<()> {
    let now = fs_err::read(file).ok();
    if now.as_deref() == before {
        return Ok(());
    }
    // Whatever systemd took note of; where it does not answer, it took note of nothing.
    let tell = |words: &[&str]| drop(asked(systemctl, words));
    match before {
        Some(before) => {
            write_whole(file, before)?;
            tell(&["daemon-reload"]);
            tell(&["restart", UNIT]);
        }
        None => {
            tell(&["disable", "--now", UNIT]);
            fs_err::remove_file(file)?;
            tell(&["daemon-reload"]);
        }
    }
    Ok(())
}

fn asked(program: &[&str], words: &[&str]) -> std::io::Result<Output> {
    let (program, arguments) = program.split_first().ok_or(std::io::ErrorKind::NotFound)?;
    Command::new(program).args(arguments).args(words).output()
}

/// What is to be said where the services of this user end with their last session. It may have been allowed before, by somebody who may.
fn linger() -> Option<String> {
    let name = asked(&["id"], &["-un"]).ok().map(|answer| String::from_utf8_lossy(&answer.stdout).trim().to_owned());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "USER".to_owned());
    let lingers = asked(&["loginctl"], &["show-user", &name, "--property=Linger", "--value"]);
    if lingers.is_ok_and(|answer| answer.stdout.trim_ascii() == b"yes") {
        return None;
    }
    let refused = match asked(&["loginctl"], &["enable-linger"]) {
        Ok(answer) if answer.status.success() => return None,
        Ok(answer) => String::from_utf8_lossy(&answer.stderr).trim().to_owned(),
        Err(error) => error.to_string(),
    };
    Some(format!(
        "The worker ends when you log out, and begins when you log in: {refused}. So that it stays, whoever administers {HERE} says once: sudo \
         loginctl enable-linger {name}"
    ))
}

pub(crate) fn uninstall(context: &Context<'_>, uninstall: &Uninstall, around: &Around) -> Result<ExitCode, Error> {
    let (file, systemctl) = place(context, uninstall.system, around)?;
    if !file.exists() {
        let message = format!("There is no {}.", file.display());
        return Err(Error::new(ErrorCode::Io, message).with_hint(if uninstall.system {
            "Nothing is installed there. Your own: without --system"
        } else {
            "Nothing is installed there. Of the whole system: --system"
        }));
    }
    let steps = [run(&systemctl, &["disable", "--now", UNIT]), Step::Remove(file), run(&systemctl, &["daemon-reload"])];
    take(context, &steps, uninstall.dry_run, None)?;
    if !context.output.is_json() && !uninstall.dry_run {
        context.output.line(
            "The worker is no service any more. Jobs that run go on for an hour, in a lab as long as no other worker takes them over, which one may after \
             5 minutes; a worker that is started finds them.",
        )?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Refuses where no systemd answers, before anything is written.
fn check_systemd(systemctl: &[&str]) -> Result<(), Error> {
    let by_hand = "Start the worker by whatever starts programs here (a container's command, cron's @reboot, tmux): samepath worker";
    match asked(systemctl, &["show-environment"]) {
        Ok(answer) if answer.status.success() => Ok(()),
        Ok(answer) => {
            let said = String::from_utf8_lossy(&answer.stderr).lines().collect::<Vec<_>>().join("; ");
            let message = format!("`{}` does not work here: {said}", systemctl.join(" "));
            Err(Error::new(ErrorCode::Io, message).with_hint(match systemctl {
                [_, "--user"] => format!("Nothing was written. Without a session of your own (sudo, su) systemd has none of yours: log in as the user itself. {by_hand}"),
                _ => format!("Nothing was written. {by_hand}"),
            }))
        }
        Err(_) => Err(Error::new(ErrorCode::Io, format!("There is no systemd on {HERE}."))
            .with_hint(format!("Nothing was written. {by_hand}"))),
    }
}

/// Refuses a user whom the system does not know, as far as it can be asked.
fn check_user(user: &str) -> Result<(), Error> {
    match asked(&["id"], &["-u", "--", user]) {
        Ok(answer) if !answer.status.success() => {
            Err(Error::new(ErrorCode::InvalidParameter, format!("{HERE_FIRST} knows no user {user}."))
                .with_hint("Name the user that jobs are to run as: --as USER. Nothing was written."))
        }
        _ => Ok(()),
    }
}

/// Says every step, and takes it. Answers whether all were done whole.
fn take(context: &Context<'_>, steps: &[Step], dry: bool, shown: Option<&Path>) -> Result<bool, Error> {
    let (output, mut whole) = (context.output, true);
    for step in steps {
        if !output.is_json() {
            output.line(&step.words())?;
            if let (Step::Write(_, text), true) = (step, dry) {
                output.lines(text.trim_end())?;
            }
        }
        if !dry && let Some(remark) = step.take()? {
            output.aside(&remark);
            whole = false;
        }
    }
    if output.is_json() {
        // Said of what was done: what fails is an error, and nothing else.
        let text = steps.iter().find_map(|step| match step {
            Step::Write(_, text) => Some(text),
            _ => None,
        });
        let words: Vec<String> = steps.iter().map(Step::words).collect();
        output.document(&json!({ "steps": words, "unit": text, "file": shown, "done": !dry }))?;
    }
    Ok(whole)
}

fn run(systemctl: &[&str], words: &[&str]) -> Step {
    Step::Run(systemctl.iter().chain(words).map(|&word| word.to_owned()).collect())
}

/// Where the unit lies, and how systemd is spoken to.
fn place(context: &Context<'_>, system: bool, around: &Around) -> Result<(PathBuf, Vec<&'static str>), Error> {
    if !cfg!(target_os = "linux") {
        return Err(
            Error::new(ErrorCode::Usage, "Only Linux has systemd.").with_hint("Start it by hand: samepath worker")
        );
    }
    if system {
        return Ok((Path::new("/etc/systemd/system").join(UNIT), vec!["systemctl"]));
    }
    let home = context.options.environment.home.as_ref().map(|home| home.join(".config"));
    let folder = around.config_home.clone().filter(|folder| folder.is_absolute()).or(home);
    let folder = folder
        .ok_or_else(|| Error::new(ErrorCode::ConfigInvalid, "There is no home folder.").with_hint("Set HOME."))?;
    Ok((folder.join("systemd/user").join(UNIT), vec!["systemctl", "--user"]))
}

/// The unit.
fn unit(context: &Context<'_>, install: &Install, around: &Around) -> Result<String, Error> {
    let Install { system, user, work, .. } = install;
    let Work { name, kinds, gpus, lab, stop_jobs } = work;
    let program = std::env::current_exe()
        .map_err(|error| Error::new(ErrorCode::Io, format!("The program's own file cannot be found: {error}.")))?;
    if context.options.config.origin == Origin::CurrentDir && !system {
        let file = context.options.config.path.display().to_string();
        let message = format!("The storages here are those of {file}, which a service would not look into.");
        return Err(Error::new(ErrorCode::Usage, message).with_hint(format!(
            "Name it: samepath --config {} worker install. Or install it from another folder, with those of your home.",
            shell_word(&file)
        )));
    }
    let mut words: Vec<OsString> = vec![program.into_os_string()];
    if let (false, Some(config)) = (*system, context.named_config()) {
        words.extend(["--config".into(), absolute(config)?.into_os_string()]);
    }
    words.push("worker".into());
    if let Some(name) = name {
        samepath_worker::check_name(name)?;
        words.extend(["--name".into(), name.into()]);
    }
    if let Some(kinds) = kinds {
        words.extend(["--kinds".into(), kinds_folder(context, kinds)?.into_os_string()]);
    }
    if !gpus.is_empty() {
        let gpus: Vec<String> = gpus.iter().map(u32::to_string).collect();
        words.extend(["--gpus".into(), gpus.join(",").into()]);
    }
    for (flag, wanted) in [("--lab", lab), ("--stop-jobs", stop_jobs)] {
        if *wanted {
            words.push(flag.into());
        }
    }
    let words: Vec<String> = words.iter().map(|word| quoted(&text(word)?, true)).collect::<Result<_, _>>()?;
    let mut unit = String::from("[Unit]\nDescription=Samepath worker\n");
    if *system {
        unit.push_str("After=network-online.target remote-fs.target\nWants=network-online.target\n");
    }
    unit.push_str("\n[Service]\n");
    // Writing to a text cannot fail.
    if let Some(user) = user {
        let _ = writeln!(unit, "User={}", quoted(user, false)?);
    }
    if !system {
        let config = around.config.as_deref().filter(|_| context.options.config.origin == Origin::Variable);
        let config = config.map(|file| absolute(Path::new(file))).transpose()?.map(PathBuf::into_os_string);
        let variables = [("PATH", &around.search_path), ("SAMEPATH_DATA", &around.data), ("SAMEPATH_CONFIG", &config)];
        for (variable, value) in variables {
            if let Some(value) = value {
                let _ = writeln!(unit, "Environment={}", quoted(&format!("{variable}={}", text(value)?), false)?);
            }
        }
    }
    let _ = writeln!(unit, "ExecStart={}", words.join(" "));
    unit.push_str("Restart=always\nRestartSec=5\n");
    unit.push_str(match stop_jobs {
        true => "# A job that is stopped has the time to save that its job type says.\nTimeoutStopSec=10min\n",
        false => "# Jobs live on when the worker is stopped or upgraded.\n",
    });
    unit.push_str("KillMode=process\n");
    let _ = write!(unit, "\n[Install]\nWantedBy={}\n", if *system { "multi-user.target" } else { "default.target" });
    Ok(unit)
}

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(|error| Error::new(ErrorCode::Io, format!("{}: {error}.", path.display())))
}

fn text(word: &std::ffi::OsStr) -> Result<String, Error> {
    let unusable =
        || Error::new(ErrorCode::Usage, format!("{word:?} cannot be written into a service: it is not valid Unicode."));
    word.to_str().map(str::to_owned).ok_or_else(unusable)
}

/// One word of a unit, whatever is in it: systemd takes `%` for a name of its own, and in a command `$` for a variable.
fn quoted(word: &str, in_command: bool) -> Result<String, Error> {
    if word.chars().any(char::is_control) {
        let message = format!("{word:?} cannot be written into a service: it has a control character.");
        return Err(Error::new(ErrorCode::Usage, message));
    }
    let mut word = word.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
    if in_command {
        word = word.replace('$', "$$");
    }
    Ok(if word.is_empty() || word.contains([' ', '\'', '"', ';']) { format!("\"{word}\"") } else { word })
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_word_of_a_unit_means_itself() {
        for (word, written) in [
            ("/usr/bin/samepath", "/usr/bin/samepath"),
            ("/opt/my programs/samepath", "\"/opt/my programs/samepath\""),
            ("100%", "100%%"),
            ("a$b", "a$$b"),
            ("a\"b\\c", "\"a\\\"b\\\\c\""),
            ("", "\"\""),
        ] {
            assert_eq!(quoted(word, true).expect("written"), written);
        }
        assert_eq!(quoted("PATH=/a:$b", false).expect("written"), "PATH=/a:$b");
        assert!(quoted("a\nExecStart=/bin/sh", true).is_err());
    }
}
