//! What a person should know of a storage that is allowed and yet seldom meant.

use super::LocalStorages;
use crate::view::StorageFields;
use crate::{Error, ErrorCode};
use samepath_storage::helper::DEADLINE;
use samepath_storage::{
    Backend, CanonicalBases, ConfigError, LocateError, Nesting, Overlap, Place, Platform, Problem, Storages,
};
use samepath_wire::HERE;
use std::path::{Component, Path, PathBuf};

impl LocalStorages {
    /// Looks where a storage is said to be before that is written down, and makes the path whole. A folder that is not there,
    /// or does not answer, may be there later: that is a warning.
    ///
    /// # Errors
    /// `config_invalid` for a file.
    pub(crate) fn look_before(&self, name: &str, fields: &mut StorageFields) -> Result<Vec<String>, Error> {
        let Some(path) = fields.base_path.as_deref().and_then(|text| self.whole(name, text)) else {
            return Ok(Vec::new());
        };
        let shown = path.display().to_string();
        fields.base_path = Some(shown.clone());
        let again = format!("samepath storage set {name} --base-path FOLDER");
        let warning = match self.folder_at(name, &path) {
            Ok(true) => return Ok(Vec::new()),
            Ok(false) | Err(LocateError::NotAFolder { .. }) => {
                let place = Place { file: None, line: None, key: format!("storage.{name}.base_path") };
                return Err(ConfigError::value(place, Problem::NotAFolder { value: shown }).into());
            }
            Err(LocateError::NotFound { .. }) => format!(
                "There is no folder {shown} now. That is well if the storage will be mounted there; if not, correct it: {again}"
            ),
            Err(LocateError::NotAnswering { .. }) => format!(
                "{shown} does not answer, so nobody looked whether the folder is there. See again later: samepath storage \
                 check {name}"
            ),
            Err(error) => match Error::from(error) {
                Error { message, hint: Some(hint), .. } => format!("It was not looked at: {message}: {hint}"),
                Error { message, .. } => format!("It was not looked at: {message}"),
            },
        };
        Ok(vec![warning])
    }

    /// Whether there is a folder where somebody says that a storage is; one that does not answer may be. Blocks for the deadline at
    /// most.
    ///
    /// # Errors
    /// `config_invalid` for what can never be a storage, a file among it.
    pub fn is_folder(&self, path: &Path) -> Result<bool, Error> {
        let value = path.display().to_string();
        let fields = StorageFields { base_path: Some(value.clone()), ..StorageFields::default() };
        self.propose("storage", &fields)?;
        match self.folder_at(&value, path) {
            Ok(true) | Err(LocateError::NotAnswering { .. }) => Ok(true),
            Err(LocateError::NotFound { .. }) => Ok(false),
            Ok(false) | Err(LocateError::NotAFolder { .. }) => {
                let file = Error::new(ErrorCode::ConfigInvalid, format!("{value} is a file, not a folder."));
                Err(file.with_hint(format!("Give the folder at which {HERE} mounts the storage.")))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What is odd about where a storage is, of all that can be told without touching one that may be silent.
    pub(crate) fn concerns(&self, name: &str) -> Vec<String> {
        let storages = self.storages();
        let Ok(backend) = storages.get(name) else { return Vec::new() };
        let bases = CanonicalBases::known(&storages);
        let mut told: Vec<String> =
            storages.overlaps(name, &bases).iter().map(|overlap| overlap_words(name, overlap)).collect();
        told.extend(too_much(backend, self.environment().home.as_deref()));
        told
    }

    /// Where somebody says that a storage is, as a whole path; by the rule by which [`LocalStorages::add`] would take it. Blocks
    /// for the deadline at most.
    ///
    /// # Errors
    /// `config_invalid` for what can never be where a storage is: the address of a share, a path of Windows, a folder that is named
    /// from the current one and is not there.
    pub fn place_meant(&self, text: &str) -> Result<PathBuf, Error> {
        if let Some(path) = self.whole(text, text) {
            return Ok(path);
        }
        let fields = StorageFields { base_path: Some(text.to_owned()), ..StorageFields::default() };
        // There is no such entry yet: the words are of the path alone.
        let words = |error| Error { message: format!("`{text}` is no whole path of {HERE}."), ..error };
        self.propose("storage", &fields).map_err(words)?;
        self.absolute(text)
    }

    /// The path that is meant, or `None` where the text is to be judged as it is: a relative path counts only for a folder that
    /// is there, since it may as well be a whole one without its beginning.
    fn whole(&self, name: &str, text: &str) -> Option<PathBuf> {
        let whole = self.absolute(text).ok()?;
        let is_whole = Path::new(text).is_absolute() || text == "~" || text.starts_with("~/");
        (is_whole || self.folder_at(name, &whole) == Ok(true)).then(|| self.without_detours(name, &whole))
    }

    /// The same place without `.`, `..` and slashes that say nothing. A `..` behind a link leads elsewhere than its text: then it is
    /// the real path.
    fn without_detours(&self, name: &str, path: &Path) -> PathBuf {
        let mut plain = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(plain.pop()),
                part => plain.push(part),
            }
        }
        if !path.components().any(|part| part == Component::ParentDir) {
            return plain;
        }
        let real = |path: &Path| self.helper().real_path(&self.about(name, path), path, DEADLINE).ok();
        match real(path) {
            Some(there) if real(&plain).as_ref() != Some(&there) => there,
            _ => plain,
        }
    }

    fn folder_at(&self, name: &str, path: &Path) -> Result<bool, LocateError> {
        self.helper().is_folder(&self.about(name, path), path, DEADLINE)
    }

    /// Whom to ask about a place: where the storage was until now may be what does not answer, which says nothing of a new one.
    fn about(&self, name: &str, path: &Path) -> String {
        let moves = self.storages().get(name).is_ok_and(|backend| backend.base_path != path);
        if moves { path.display().to_string() } else { name.to_owned() }
    }
}

/// The warnings that stay as long as the configuration is so: of the text alone. Of two storages one in the other, the inner one
/// has it.
pub(crate) fn lasting(storages: &Storages, backend: &Backend) -> Vec<String> {
    let others = storages.at_one_place_with(&backend.name).into_iter();
    let same = others.map(|other| one_place_words(&backend.name, other));
    let around = storages.around(&backend.name).map(|other| {
        let (name, other, at) = (&backend.name, &other.name, other.base_path.display());
        format!("{name} is inside {other} ({at}): what is there counts as on {name}, and not as on {other}.")
    });
    same.chain(around).chain(too_much(backend, storages.home())).collect()
}

fn one_place_words(name: &str, other: &Backend) -> String {
    let (other, at) = (&other.name, other.base_path.display());
    format!(
        "{name} and {other} are at one place, {at}: of a path there nobody can tell which is meant. Correct one of them, or \
         remove it: samepath storage remove {name}"
    )
}

fn overlap_words(name: &str, overlap: &Overlap<'_>) -> String {
    let (other, at) = (&overlap.other.name, overlap.other.base_path.display());
    match overlap.how {
        Nesting::Same => one_place_words(name, overlap.other),
        Nesting::Inside => {
            format!("It is inside {other} ({at}): what is there counts as on {name} now, and no longer as on {other}.")
        }
        Nesting::Around => format!("{other} ({at}) is inside it: what is there goes on counting as on {other}."),
    }
}

fn too_much(backend: &Backend, home: Option<&Path>) -> Option<String> {
    let (name, base) = (&backend.name, &backend.base_path);
    let at = base.display();
    if base.parent().is_none() && Platform::current() != Platform::Windows {
        Some(format!("{at} is the whole of {HERE}: whatever is on no other storage counts as on {name}."))
    } else if home.is_some_and(|home| home.starts_with(base)) {
        Some(format!("Your home folder counts as on {name}, though other computers may not have it: it is in {at}."))
    } else {
        None
    }
}
