//! One change: read again under the lock, compare with what was seen, edit, look at the result, replace.

use super::read::{KEYS, Tables};
use super::replace::{Replaced, Target};
use super::text::{self, Text, dotted, in_order};
use super::undo::Undo;
use super::{BackendFields, Change, Config, ConfigError, Origin, Place, Problem, check, edit, lab, programs, rename};
use crate::{Environment, Platform};
use std::time::Duration;

/// How long [`Config::apply`] waits for another writer.
pub(super) const WAIT: Duration = Duration::from_secs(10);

/// How often a program that takes no lock may overtake us before we give up.
const TRIES: usize = 8;

impl Config {
    /// Makes one change, and returns the configuration as it then is.
    ///
    /// The file is locked and read again. Keys that somebody else changed since this configuration was read are kept; if it is the
    /// very key that is to be changed, the change is refused. Only the change's own bytes differ afterwards. Waits up to 10 s for
    /// another writer.
    ///
    /// # Errors
    /// `already_exists`, `backend_not_found`, `config_changed`, `config_invalid`, `io`. In each of them the file is as it was.
    pub fn apply(&self, change: &Change, environment: &Environment) -> Result<Self, ConfigError> {
        self.apply_within(change, environment, WAIT)
    }

    /// [`Config::apply`] with another bound on the wait for the lock.
    ///
    /// # Errors
    /// As there.
    pub fn apply_within(
        &self,
        change: &Change,
        environment: &Environment,
        wait: Duration,
    ) -> Result<Self, ConfigError> {
        self.change(change, environment, wait).map(|(after, _)| after)
    }

    pub(super) fn change(
        &self,
        change: &Change,
        environment: &Environment,
        wait: Duration,
    ) -> Result<(Self, Undo), ConfigError> {
        if self.file.path.as_os_str().is_empty() {
            return Err(ConfigError::NoHome);
        }
        well_formed(change, environment)?;
        let target = Target::of(&self.file.path)?;
        if self.file.origin == Origin::Home {
            target.make_folder()?;
        }
        let _lock = target.lock(wait)?;
        let computer = self.file.computer(environment);
        for _ in 0..TRIES {
            let old = text::read(&self.file.path)?;
            let text = Text::parse(&self.file.path, old.as_deref().unwrap_or_default())?;
            self.compare(change, &text, computer)?;
            let new = edited(&text, change, computer)?;
            let after = Self::from_text(&self.file, new.clone(), environment)?;
            confirm(&text, &new, change, computer)?;
            let is_other = old.as_deref() != Some(new.as_str());
            if is_other && matches!(target.replace(old.as_deref(), &new)?, Replaced::Overtaken) {
                continue;
            }
            let key = dotted(&["storage"].into_iter().chain(change.storage()).collect::<Vec<_>>());
            return Ok((after, Undo { key, before: old.unwrap_or_default(), after: new }));
        }
        Err(ConfigError::Locked { lock: target.file, waited: wait })
    }

    /// Refuses what cannot be done to the file as it is now, or would undo what somebody did since we looked.
    fn compare(&self, change: &Change, text: &Text<'_>, computer: Option<&str>) -> Result<(), ConfigError> {
        let file = || self.file.path.clone();
        let seen = Text::parse(&self.file.path, &self.seen)?;
        let Some(name) = change.storage() else {
            return change.own().map_or(Ok(()), |own| own.compare(self, (&seen, text), computer));
        };
        let (then, now) = (Tables::of(&seen, computer)?, Tables::of(text, computer)?);
        let is_there = !now.spots(name).is_empty();
        let changed = |key: Option<&str>, theirs: Option<&str>, yours: Option<&str>| {
            let (theirs, yours) = (theirs.map(str::to_owned), yours.map(str::to_owned));
            let path: Vec<&str> = ["storage", name].into_iter().chain(key).collect();
            Err(ConfigError::Changed { file: file(), key: dotted(&path), theirs, yours })
        };
        if let Change::Add { .. } = change {
            let line = now.line(name).unwrap_or(1);
            return if is_there {
                Err(ConfigError::AlreadyExists { file: file(), line, name: name.to_owned() })
            } else {
                Ok(())
            };
        }
        if let Change::Rename { to, .. } = change
            && let Some(line) = taken(text, name, to, computer)
        {
            return Err(ConfigError::AlreadyExists { file: file(), line, name: to.clone() });
        }
        if !is_there {
            let base_path = match change {
                Change::Set { fields, .. } => fields.base_path.as_deref(),
                _ => None,
            };
            if matches!(change, Change::Set { .. }) && !then.spots(name).is_empty() {
                return changed(None, None, base_path);
            }
            if self.entries.iter().any(|entry| entry.name == name && entry.source.variable) {
                return Err(ConfigError::FromVariable { file: file(), name: name.to_owned() });
            }
            let known = now.names().into_iter().map(str::to_owned).collect();
            return Err(ConfigError::NotFound { file: file(), name: name.to_owned(), known });
        }
        let differs = |key: &str| then.effective(name, key) != now.effective(name, key);
        match change {
            Change::Set { fields, .. } | Change::Rename { fields, .. } => {
                for (key, yours) in fields.given() {
                    let theirs = now.effective(name, key);
                    if differs(key) && theirs.unwrap_or_default() != yours {
                        return changed(Some(key), theirs, Some(yours));
                    }
                }
            }
            _ => {
                if let Some(key) = KEYS.into_iter().find(|key| differs(key)) {
                    return changed(Some(key), now.effective(name, key), None);
                }
            }
        }
        Ok(())
    }
}

/// The values that a change brings, judged before anything is locked.
pub(super) fn well_formed(change: &Change, environment: &Environment) -> Result<(), ConfigError> {
    let refused = |name: &str, key: Option<&str>, problem: Problem| {
        let path: Vec<&str> = ["storage", name].into_iter().chain(key).collect();
        ConfigError::value(Place { file: None, line: None, key: dotted(&path) }, problem)
    };
    let (name, fields) = match change {
        Change::Remove { .. } => return Ok(()),
        Change::Program { .. } => return change.own().map_or(Ok(()), |own| programs::well_formed(&own, environment)),
        Change::Lab { .. } => return change.own().map_or(Ok(()), |own| lab::well_formed(&own)),
        Change::Set { name, fields } => (name, fields),
        Change::Rename { to, fields, .. } => {
            check::name(to).map_err(|problem| refused(to, None, problem))?;
            (to, fields)
        }
        Change::Add { name, fields } => {
            check::name(name).map_err(|problem| refused(name, None, problem))?;
            if fields.base_path.is_none() {
                return Err(refused(name, Some("base_path"), Problem::Missing));
            }
            (name, fields)
        }
    };
    let platform = Platform::current();
    for (key, value) in fields.given() {
        let checked = match key {
            "base_path" if value.is_empty() => Err(Problem::Missing),
            "base_path" => check::base_path(value, environment.home.as_deref(), platform).map(|_| ()),
            "user_subdir" | "subpath" => check::folder(value, platform).map(|_| ()),
            _ => check::one_line(value),
        };
        checked.map_err(|problem| refused(name, Some(key), problem))?;
    }
    Ok(())
}

fn edited(text: &Text<'_>, change: &Change, computer: Option<&str>) -> Result<String, ConfigError> {
    let mut new = text.raw().to_owned();
    match change {
        Change::Add { name, fields } => return edit::add(text, name, given(fields)),
        Change::Set { name, fields } => {
            for (key, value) in fields.given() {
                new = set(&Text::parse(text.file, &new)?, name, (key, value), computer)?;
            }
        }
        Change::Rename { name, to, fields } => {
            new = rename::everywhere(text, &written_at(text, name, computer), to)?;
            for (key, value) in fields.given() {
                new = set(&Text::parse(text.file, &new)?, to, (key, value), computer)?;
            }
        }
        Change::Remove { name } => {
            for path in written_at(text, name, computer) {
                new =
                    edit::remove(&Text::parse(text.file, &new)?, &path.iter().map(String::as_str).collect::<Vec<_>>())?;
            }
        }
        Change::Program { .. } | Change::Lab { .. } => {
            return change.own().map_or(Ok(new), |own| own.edited(text, computer));
        }
    }
    Ok(new)
}

fn set(text: &Text<'_>, name: &str, (key, value): (&str, &str), computer: Option<&str>) -> Result<String, ConfigError> {
    let tables = Tables::of(text, computer)?;
    let unchanged = || Ok(text.raw().to_owned());
    if tables.says(name, key, value) && !value.is_empty() {
        return unchanged();
    }
    let spots = tables.spots(name);
    let having: Vec<_> = spots.iter().filter(|spot| spot.says(key)).copied().collect();
    let Some(spot) = having.first().copied().or(tables.shared(name)).or(spots.first().copied()) else {
        return unchanged();
    };
    // An empty value in this computer's own table is written out where the shared one would show through.
    let value = if value.is_empty() && having.len() < 2 { None } else { Some(value) };
    edit::set(text, &spot.path(), key, value)
}

fn given(fields: &BackendFields) -> impl Iterator<Item = (&'static str, &str)> {
    fields.given().filter(|(_, value)| !value.is_empty())
}

/// Every place that speaks of a storage: the shared table with the overrides of all computers, or else this computer's own.
fn written_at(text: &Text<'_>, name: &str, computer: Option<&str>) -> Vec<Vec<String>> {
    let shared = line_in(text, &["storage"], name).is_some();
    let among = shared.then_some(vec!["storage"]).into_iter().chain(own_tables(text, shared, computer));
    let here = among.filter(|table| line_in(text, table, name).is_some());
    here.map(|table| table.into_iter().chain([name]).map(str::to_owned).collect()).collect()
}

/// The line on which the name that a storage is to have is another one's already, wherever the two would become one.
fn taken(text: &Text<'_>, name: &str, to: &str, computer: Option<&str>) -> Option<usize> {
    let shared = line_in(text, &["storage"], name).is_some();
    let mut among = [vec!["storage"]].into_iter().chain(own_tables(text, shared, computer));
    among.find_map(|table| line_in(text, &table, to))
}

/// Tables that hold storages of one computer: those of all, or of this one.
fn own_tables<'t>(text: &'t Text<'_>, all: bool, computer: Option<&str>) -> Vec<Vec<&'t str>> {
    let Some(this) = computer else { return Vec::new() };
    let computers = text.table(&["samepath", "computers"]).ok().flatten();
    let names = computers.into_iter().flat_map(in_order).map(|(name, _)| name.get_ref().as_ref());
    names.filter(|name| all || *name == this).map(|name| vec!["samepath", "computers", name, "storage"]).collect()
}

/// The line on which the table at a path names this.
fn line_in(text: &Text<'_>, table: &[&str], name: &str) -> Option<usize> {
    let (key, _) = text.table(table).ok().flatten()?.get_key_value(name)?;
    Some(text.line_of(key))
}

/// Reads the new text with another parser, and requires that it says what was asked for and, of everything else, what it said before.
fn confirm(old: &Text<'_>, new: &str, change: &Change, computer: Option<&str>) -> Result<(), ConfigError> {
    let after = Text::parse(old.file, new)?;
    let tables = Tables::of(&after, computer)?;
    let as_asked = match change {
        Change::Remove { name } => tables.spots(name).is_empty(),
        Change::Rename { name, to, fields } => {
            let said = fields.given().all(|(key, value)| tables.says(to, key, value));
            tables.spots(name).is_empty() && !tables.spots(to).is_empty() && said
        }
        Change::Add { name, fields } | Change::Set { name, fields } => {
            fields.given().all(|(key, value)| tables.says(name, key, value))
        }
        Change::Program { .. } | Change::Lab { .. } => change.own().is_some_and(|own| own.says(&after, computer)),
    };
    let places: Vec<Vec<String>> = match change {
        Change::Add { name, .. } | Change::Set { name, .. } | Change::Remove { name } => {
            written_at(old, name, computer).into_iter().chain([vec!["storage".to_owned(), name.clone()]]).collect()
        }
        Change::Rename { name, to, .. } => {
            let (before, after) = (written_at(old, name, computer), written_at(&after, to, computer));
            before.into_iter().chain(after).collect()
        }
        Change::Program { .. } | Change::Lab { .. } => change.own().map(|own| own.places(computer)).unwrap_or_default(),
    };
    let key = places.first().map(|path| dotted(&path.iter().map(String::as_str).collect::<Vec<_>>()));
    let refused = || ConfigError::CannotEdit { file: old.file.to_owned(), key: key.clone().unwrap_or_default() };
    let rest = |text: &str| -> Result<toml::Table, ConfigError> {
        let mut table: toml::Table = toml::from_str(text.trim_start_matches('\u{feff}')).map_err(|_| refused())?;
        for path in &places {
            forget(&mut table, path);
        }
        Ok(table)
    };
    let (before, after) = (rest(old.raw())?, rest(new)?);
    if as_asked && same(&toml::Value::Table(before), &toml::Value::Table(after)) { Ok(()) } else { Err(refused()) }
}

/// Takes what is at `path` out, with the tables that are empty without it.
fn forget(table: &mut toml::Table, path: &[String]) {
    match path {
        [] => {}
        [name] => drop(table.remove(name)),
        [name, rest @ ..] => {
            if let Some(toml::Value::Table(below)) = table.get_mut(name) {
                forget(below, rest);
                if below.is_empty() {
                    table.remove(name);
                }
            }
        }
    }
}

/// Equality in which `nan` is `nan`.
pub(super) fn same(a: &toml::Value, b: &toml::Value) -> bool {
    use toml::Value::{Array, Float, Table};
    match (a, b) {
        (Float(a), Float(b)) => a.to_bits() == b.to_bits() || a == b,
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Table(a), Table(b)) => {
            a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| same(value, other)))
        }
        _ => a == b,
    }
}
