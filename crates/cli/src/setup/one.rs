//! One storage, from its folder to the file.

use super::interrupt::Interrupt;
use super::talk::{Stop, Talk};
use super::words::{how_to_connect, of_workers};
use crate::output::size;
use samepath_app::view::{FindingState, LabStorageView, StorageFields, StorageView, SuggestionView};
use samepath_app::{Error, ErrorCode, Lab, LocalStorages, same_storage, unquoted, workers_words};
use samepath_storage::own_part;
use samepath_wire::HERE;
use std::path::Path;
use tokio::runtime::Runtime;

/// Who asks, and what about.
pub(super) struct Wizard<'a> {
    pub(super) talk: Talk<'a>,
    pub(super) storages: &'a LocalStorages,
    pub(super) lab: &'a Lab,
    pub(super) runtime: &'a Runtime,
    pub(super) interrupt: &'a Interrupt,
    /// The person's login.
    pub(super) member: &'a str,
    /// The folder that the lab keeps the person's jobs to, where it does.
    pub(super) of_lab: Option<String>,
}

/// A folder to begin with, and what is known of it.
struct Chosen {
    name: Option<String>,
    base_path: String,
    kind: Option<String>,
    user_subdir: Option<String>,
    /// The part of the storage that it shows; empty for the whole.
    subpath: String,
    /// Whether the name is the lab's for sure: then it is not asked for.
    named: bool,
    /// Whether the person said that it is only not connected, and will be there.
    absent: bool,
}

/// A row of the list that is chosen from.
enum Row<'r> {
    Here(&'r SuggestionView),
    NotConnected(&'r LabStorageView),
}

/// What came of asking for a further storage.
pub(super) enum Next {
    Written(Box<StorageView>),
    /// As it was: nothing is written of this folder.
    Left(String),
    /// The person wants no further one.
    Enough,
}

impl Wizard<'_> {
    /// A further storage. Folders that were left before are not offered again.
    pub(super) fn next(
        &mut self,
        here: &[SuggestionView],
        missing: &[LabStorageView],
        left: &[String],
    ) -> Result<Next, Stop> {
        let known = !self.storages.views().is_empty();
        let Some(chosen) = self.folder(here, missing, known, left)? else { return Ok(Next::Enough) };
        let base_path = chosen.base_path.clone();
        Ok(self.settle(chosen)?.map_or(Next::Left(base_path), |view| Next::Written(Box::new(view))))
    }

    /// A storage that the lab's workers have, by their name; none where it is not here.
    pub(super) fn of_lab(
        &mut self,
        storage: &LabStorageView,
        here: &[SuggestionView],
    ) -> Result<Option<StorageView>, Stop> {
        self.talk.say(&format!("\n{}", of_workers(storage)))?;
        let of_lab = |it: &&SuggestionView| it.lab.as_ref().is_some_and(|of_lab| of_lab.name == storage.name);
        match here.iter().find(of_lab) {
            Some(it) if self.is_it(it)? => {
                let chosen = Chosen { named: true, name: Some(storage.name.clone()), ..of_suggestion(it) };
                self.settle(chosen)
            }
            Some(_) => Ok(None),
            None => match self.place_of(storage, here)? {
                Some(chosen) => self.settle(chosen),
                None => Ok(None),
            },
        }
    }

    fn is_it(&mut self, it: &SuggestionView) -> Result<bool, Stop> {
        let sure = it.lab.as_ref().is_some_and(|of_lab| of_lab.sure);
        let words = it.lab.as_ref().map(|of_lab| of_lab.words.as_str()).unwrap_or_default();
        self.talk.say(&format!("  {} ({}): {words}.", it.base_path, it.source))?;
        self.talk.yes("Is it that?", sure)
    }

    /// Where a storage is that nothing here looks like; none where the person does not have it, or does not know.
    fn place_of(&mut self, storage: &LabStorageView, here: &[SuggestionView]) -> Result<Option<Chosen>, Stop> {
        let name = &storage.name;
        self.talk.say(&format!(
            "{name} is not connected here. {}; then run this again. If it is a folder that is here already, write it.",
            how_to_connect(storage)
        ))?;
        loop {
            let answer = self.talk.ask(&format!("The folder of {name}, or no"), "no")?;
            if is_no(&answer) {
                return Ok(None);
            }
            if let Some(chosen) = self.typed(&answer, here)? {
                let kind = chosen.kind.or_else(|| storage.kind.clone());
                return Ok(Some(Chosen { name: Some(name.clone()), named: true, kind, ..chosen }));
            }
        }
    }

    fn folder(
        &mut self,
        here: &[SuggestionView],
        missing: &[LabStorageView],
        known: bool,
        left: &[String],
    ) -> Result<Option<Chosen>, Stop> {
        self.talk.say(&if known {
            format!("\nIs there another storage of the lab on {HERE}?")
        } else {
            format!("\nWhere is the lab's storage on {HERE}?")
        })?;
        let (of_lab, others): (Vec<_>, Vec<_>) = here.iter().partition(|it| it.lab.is_some());
        let rows: Vec<Row<'_>> = of_lab
            .into_iter()
            .map(Row::Here)
            .chain(missing.iter().map(Row::NotConnected))
            .chain(others.into_iter().map(Row::Here))
            .collect();
        self.show(&rows)?;
        let readable = |it: &SuggestionView| it.state == "ready" || it.state == "read_only";
        let sure = |it: &SuggestionView| it.lab.as_ref().is_some_and(|of_lab| of_lab.sure);
        // By its name alone nothing is taken unasked, and a further one only if it is the lab's.
        let offered = rows.iter().position(|row| match row {
            Row::Here(it) if left.contains(&it.base_path) || !readable(it) => false,
            Row::Here(it) => sure(it) || (!known && it.lab.is_none()),
            Row::NotConnected(_) => false,
        });
        let default = match offered {
            Some(number) => (number + 1).to_string(),
            None if known => "no".to_owned(),
            None => String::new(),
        };
        let question = match (rows.is_empty(), known) {
            (true, false) => "A folder",
            (false, false) => "A number, or a folder",
            (true, true) => "A folder, or no",
            (false, true) => "A number, a folder, or no",
        };
        loop {
            let answer = self.talk.ask(question, &default)?;
            if is_no(&answer) {
                return Ok(None);
            }
            if answer.is_empty() {
                self.talk.say("Write a folder, for example /mnt/vast; or no, to leave it at that.")?;
                continue;
            }
            let number = answer.parse::<usize>().ok();
            match number.map(|number| number.checked_sub(1).and_then(|number| rows.get(number))) {
                Some(Some(Row::Here(it))) => return self.chosen(it).map(Some),
                Some(Some(Row::NotConnected(storage))) => match self.place_of(storage, here)? {
                    Some(chosen) => return Ok(Some(chosen)),
                    None => continue,
                },
                Some(None) => {
                    self.talk.say("There is no such number here.")?;
                    continue;
                }
                None => {}
            }
            if let Some(chosen) = self.typed(&answer, here)? {
                return Ok(Some(chosen));
            }
        }
    }

    fn show(&self, rows: &[Row<'_>]) -> Result<(), Error> {
        for (number, row) in rows.iter().enumerate() {
            let number = number + 1;
            self.talk.say(&match row {
                Row::Here(it) => {
                    let free = it.free_bytes.map(|free| format!(", {} free", size(free))).unwrap_or_default();
                    let of_lab = it.lab.as_ref().map(|of_lab| format!("{} · ", of_lab.words)).unwrap_or_default();
                    format!("  {number}  {}   {of_lab}{} · {}{free}", it.base_path, it.source, it.words)
                }
                Row::NotConnected(storage) => {
                    let (name, workers) = (&storage.name, workers_words(&storage.workers));
                    let what = storage.description.as_ref().map(|what| format!("{what} · ")).unwrap_or_default();
                    format!("  {number}  the lab's {name} · {what}{workers} · not connected here")
                }
            })?;
        }
        Ok(())
    }

    fn chosen(&mut self, it: &SuggestionView) -> Result<Chosen, Stop> {
        let Some(of_lab) = &it.lab else { return Ok(of_suggestion(it)) };
        if of_lab.sure || self.talk.yes(&format!("Looks like the lab's {}. Is it?", of_lab.name), false)? {
            return Ok(Chosen { named: true, name: Some(of_lab.name.clone()), ..of_suggestion(it) });
        }
        let other = it.name != of_lab.name;
        Ok(Chosen { name: Some(it.name.clone()).filter(|_| other), ..of_suggestion(it) })
    }

    /// A folder that was typed; none after a complaint.
    fn typed(&mut self, answer: &str, here: &[SuggestionView]) -> Result<Option<Chosen>, Stop> {
        let path = match self.storages.place_meant(unquoted(answer)) {
            Ok(path) => path,
            Err(error) => {
                self.talk.complain(&error)?;
                return Ok(None);
            }
        };
        if let Some(it) = here.iter().find(|it| Path::new(&it.base_path) == path) {
            return self.chosen(it).map(Some);
        }
        let there = self.storages.is_folder(&path);
        match &there {
            Ok(true) => {}
            Ok(false) => {
                self.talk.say(&format!("There is no folder {} now.", path.display()))?;
                if !self.talk.yes("Is the storage only not connected, and will be there?", false)? {
                    return Ok(None);
                }
            }
            Err(error) => {
                self.talk.complain(error)?;
                return Ok(None);
            }
        }
        let absent = matches!(there, Ok(false));
        // A share's own folder is the storage; what is typed below it is a person's.
        let above = here.iter().find_map(|it| Some((it, path.strip_prefix(&it.base_path).ok()?)));
        if let Some((it, below)) = above {
            let (name, base, below) = (&it.name, &it.base_path, own_part(below, self.member));
            self.talk.say(&format!(
                "That is a folder inside {name}. We take {base} as {name} and {below} as your folder."
            ))?;
            if self.talk.yes("Good?", true)? {
                return Ok(Some(Chosen { user_subdir: Some(below), ..self.chosen(it)? }));
            }
        }
        let name = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let base_path = path.display().to_string();
        Ok(Some(Chosen {
            name,
            base_path,
            kind: None,
            user_subdir: None,
            subpath: String::new(),
            named: false,
            absent,
        }))
    }

    /// Name, folder, check, and the file; none where nothing was written.
    fn settle(&mut self, chosen: Chosen) -> Result<Option<StorageView>, Stop> {
        let fields = StorageFields {
            base_path: Some(chosen.base_path.clone()),
            kind: chosen.kind.clone(),
            subpath: Some(chosen.subpath.clone()).filter(|part| !part.is_empty()),
            ..StorageFields::default()
        };
        let name = self.name(&chosen, &fields)?;
        let before = self.storages.views().into_iter().find(|view| view.name == name);
        let moved = before.as_ref().is_some_and(|view| view.base_path.as_deref() != Some(chosen.base_path.as_str()));
        if let (Some(view), true) = (&before, moved) {
            let at = view.base_path.as_deref().unwrap_or("?");
            let question = format!("{name} is written down at {at}. Is it at {} now?", chosen.base_path);
            if !self.talk.yes(&question, false)? {
                return Ok(None);
            }
        }
        let own = before.as_ref().map(|view| view.user_subdir.clone()).filter(|folder| !folder.is_empty());
        let offered = own.or(chosen.user_subdir);
        let Some(Checked { fields, wish }) = self.your_folder(&name, fields, offered, chosen.absent)? else {
            self.talk.say("Not written.")?;
            return Ok(None);
        };
        let folder = fields.user_subdir.clone().unwrap_or_default();
        let shown = match wish {
            _ if folder.is_empty() => "no folder of your own".to_owned(),
            Wish::None => format!("your folder {folder}"),
            Wish::Make { .. } => format!("your folder {folder}, which is made now"),
        };
        let part = fields.subpath.as_ref().map(|part| format!(" (its part {part})")).unwrap_or_default();
        let file = self.storages.file().path.display().to_string();
        if !self.talk.yes(&format!("Write {name}{part} at {}, {shown}, to {file}?", chosen.base_path), true)? {
            self.talk.say("Not written.")?;
            return Ok(None);
        }
        let written = {
            let _until_written = self.interrupt.hold();
            if let Wish::Make { knowingly } = wish {
                self.make(&name, &fields, knowingly)?;
            }
            match before {
                Some(_) => self.storages.set(&name, fields)?,
                None => self.storages.add(&name, fields)?,
            }
        };
        self.talk.say(&format!("Written: {name}, in {}.", written.source))?;
        for warning in &written.warnings {
            self.talk.say(&format!("! {warning}"))?;
        }
        Ok(Some(written))
    }

    /// Makes the person's folder, which they wished for. What is in its way is said, and is no reason not to write.
    fn make(&self, name: &str, fields: &StorageFields, knowingly: bool) -> Result<(), Error> {
        match self.storages.make_own(name, fields, knowingly) {
            Ok(findings) if findings.is_empty() => {
                let folder = fields.user_subdir.as_deref().unwrap_or_default();
                self.talk.say(&format!("! Your folder {folder} was not made: {name} is not connected."))
            }
            Ok(findings) => findings.iter().try_for_each(|finding| self.talk.finding(finding)),
            Err(error) => self.talk.complain(&error),
        }
    }

    fn name(&mut self, chosen: &Chosen, fields: &StorageFields) -> Result<String, Stop> {
        let good = |name: &str| self.storages.propose(name, fields);
        let default = chosen.name.clone().filter(|name| good(name).is_ok()).unwrap_or_default();
        if chosen.named && !default.is_empty() {
            return Ok(default);
        }
        self.talk.say(
            "\nName this storage. Use the name that your lab uses, if it has one: it is the same for everybody.",
        )?;
        loop {
            let answer = self.talk.ask("Letters, digits, - and _", &default)?;
            if answer.is_empty() {
                self.talk.say("It needs a name, for example vast.")?;
                continue;
            }
            match self.storages.propose(&answer, fields) {
                Ok(()) => return Ok(answer),
                Err(error) => self.talk.complain(&error)?,
            }
        }
    }

    /// Asks for the person's folder until it can be used, and says how it is; none where the storage itself cannot be used. Makes
    /// nothing.
    fn your_folder(
        &mut self,
        name: &str,
        fields: StorageFields,
        default: Option<String>,
        absent: bool,
    ) -> Result<Option<Checked>, Stop> {
        self.talk.say(&format!(
            "\nWhich folder in {name} is yours? Results go there unless you choose otherwise. A - is none: you work in the whole storage."
        ))?;
        // Elsewhere the lab lets nothing be written.
        let default = match &self.of_lab {
            Some(given) => default.filter(|it| Path::new(it).starts_with(given)).or_else(|| Some(given.clone())),
            None => default,
        };
        let default = default.or_else(|| self.storages.own_folder(name, &fields, self.member).map(|found| found.name));
        let default = default.unwrap_or_else(|| "-".to_owned());
        loop {
            let answer = self.talk.ask("Your folder", &default)?;
            let folder = match self.below(&answer, &fields) {
                Ok(folder) => folder,
                Err(error) => {
                    self.talk.complain(&error)?;
                    continue;
                }
            };
            let fields = StorageFields { user_subdir: Some(folder.clone()), ..fields.clone() };
            let mut tried = self.storages.try_storage(name, &fields, false);
            let mut wished = false;
            if let Err(Error { code: ErrorCode::PathNotFound, .. }) = &tried
                && !folder.is_empty()
            {
                if !self.talk.yes(&format!("There is no folder {folder} in {name}. Make it?"), false)? {
                    continue;
                }
                wished = true;
                tried = self.storages.try_storage(name, &fields, true);
            }
            let taken = |knowingly| Checked { fields: fields.clone(), wish: Wish::of(wished, knowingly) };
            match tried {
                Ok(findings) => {
                    for finding in &findings {
                        self.talk.finding(finding)?;
                    }
                    let usable = findings.iter().all(|finding| finding.state != FindingState::Wrong);
                    if usable {
                        let may_be = self.may_be_the_labs(name, &fields)?;
                        let take = may_be || self.talk.yes(ALL_THE_SAME, false)?;
                        return Ok(take.then(|| taken(!may_be)));
                    }
                    if self.talk.yes(ALL_THE_SAME, false)? {
                        return Ok(Some(taken(true)));
                    }
                }
                // That it is not there was said, and taken.
                Err(error) if error.code == ErrorCode::BackendUnavailable && absent => {
                    return Ok(Some(Checked { fields, wish: Wish::None }));
                }
                Err(error) if error.code == ErrorCode::BackendUnavailable => {
                    // In what is not there no folder is missed.
                    let wish = Wish::of(!folder.is_empty(), true);
                    self.talk.complain(&error)?;
                    return Ok(self.talk.yes(ALL_THE_SAME, false)?.then_some(Checked { fields, wish }));
                }
                Err(error) => self.talk.complain(&error)?,
            }
        }
    }

    /// What was typed as a folder, below the storage: also where its whole path was.
    fn below(&self, answer: &str, fields: &StorageFields) -> Result<String, Error> {
        if answer == "-" {
            return Ok(String::new());
        }
        let base = fields.base_path.as_deref().map(|base| self.storages.absolute(base)).transpose()?;
        let below = base.and_then(|base| Some(Path::new(answer).strip_prefix(base).ok()?.to_str()?.to_owned()));
        let folder = below.as_deref().unwrap_or(answer);
        // A shell's completion leaves a slash at the end; one alone is no folder.
        Ok(folder.strip_suffix('/').filter(|folder| !folder.is_empty()).unwrap_or(folder).to_owned())
    }

    /// Whether it can be the lab's: no worker looked and has another one. Whoever is silent speaks against nothing.
    fn may_be_the_labs(&mut self, name: &str, fields: &StorageFields) -> Result<bool, Stop> {
        let asked = self.lab.with(name);
        if asked > 0 {
            let workers =
                if asked == 1 { "the worker that has".to_owned() } else { format!("the {asked} workers that have") };
            self.talk.say(&format!("  Asking {workers} {name} whether this is the same…"))?;
        }
        match self.runtime.block_on(self.lab.same_storage(self.storages, name, fields)) {
            Ok(None) => {}
            Ok(Some(told)) => {
                for finding in same_storage::findings(name, &told) {
                    self.talk.finding(&finding)?;
                }
                if same_storage::is_refuted(&told) {
                    let why = same_storage::refutation(name, &told);
                    self.talk.say(&format!("{why} Choose another folder, or add it under another name."))?;
                    return Ok(false);
                }
            }
            Err(error) => self.talk.complain(&error)?,
        }
        Ok(true)
    }
}

/// What is asked where something speaks against a storage.
const ALL_THE_SAME: &str = "Take it all the same?";

/// A storage that was looked at, and that the person takes.
struct Checked {
    fields: StorageFields,
    wish: Wish,
}

/// Whether the person's folder is to be made when the storage is written down.
#[derive(Clone, Copy)]
enum Wish {
    None,
    /// `knowingly`, where something spoke against it.
    Make {
        knowingly: bool,
    },
}

impl Wish {
    fn of(wished: bool, knowingly: bool) -> Self {
        if wished { Self::Make { knowingly } } else { Self::None }
    }
}

fn is_no(answer: &str) -> bool {
    ["no", "n"].contains(&answer.to_lowercase().as_str())
}

fn of_suggestion(it: &SuggestionView) -> Chosen {
    Chosen {
        name: Some(it.name.clone()),
        base_path: it.base_path.clone(),
        kind: it.kind.clone(),
        user_subdir: it.user_subdir.clone(),
        subpath: it.lab.as_ref().map(|of_lab| of_lab.subpath.clone()).unwrap_or_default(),
        named: false,
        absent: false,
    }
}
