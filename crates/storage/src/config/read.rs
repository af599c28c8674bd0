//! From text to storages.

use super::text::{Name, Text, Value, dotted, in_order};
use super::{ConfigError, Entry, PathMapping, Place, Problem, Source, WorkerMount, check};
use crate::{Backend, Environment, Platform};
use toml::de::DeTable;

/// The keys of a storage, as the file names them.
pub(super) const KEYS: [&str; 5] = ["base_path", "type", "description", "user_subdir", "subpath"];

/// Where the storages of a text are written, as one computer sees them.
pub(super) struct Tables<'t> {
    text: &'t Text<'t>,
    base: Option<&'t DeTable<'t>>,
    overrides: Option<(&'t DeTable<'t>, &'t str)>,
}

/// One table in which a storage is written.
#[derive(Clone, Copy)]
pub(super) struct Spot<'t> {
    /// Whose own it is; none for that of all computers.
    computer: Option<&'t str>,
    key: &'t Name<'t>,
    value: &'t Value<'t>,
}

impl<'t> Spot<'t> {
    /// The names that lead to it.
    pub(super) fn path(&self) -> Vec<&'t str> {
        let name = self.key.get_ref().as_ref();
        match self.computer {
            Some(computer) => vec!["samepath", "computers", computer, "storage", name],
            None => vec!["storage", name],
        }
    }

    /// Whether it says anything of a key.
    pub(super) fn says(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    fn get(&self, key: &str) -> Option<(&'t Name<'t>, &'t Value<'t>)> {
        self.value.get_ref().as_table()?.get_key_value(key)
    }
}

/// The tables in which one storage is written.
#[derive(Clone, Copy)]
struct Spots<'t> {
    /// `[samepath.computers.THIS.storage.NAME]`, which is asked first.
    own: Option<Spot<'t>>,
    /// `[storage.NAME]`
    shared: Option<Spot<'t>>,
}

impl<'t> Spots<'t> {
    fn iter(self) -> impl Iterator<Item = Spot<'t>> {
        self.own.into_iter().chain(self.shared)
    }

    /// The one at which the storage is said to be.
    fn first(self) -> Option<Spot<'t>> {
        self.shared.or(self.own)
    }
}

impl<'t> Tables<'t> {
    /// `computer` is none where the file's `[samepath]` does not count.
    pub(super) fn of(text: &'t Text<'t>, computer: Option<&'t str>) -> Result<Self, ConfigError> {
        let base = text.table(&["storage"])?;
        let overrides = match computer {
            Some(name) => text.table(&["samepath", "computers", name, "storage"])?.map(|table| (table, name)),
            None => None,
        };
        Ok(Self { text, base, overrides })
    }

    /// Every storage: those of `[storage]` in the file's order, then those that only this computer has.
    fn all(&self) -> impl Iterator<Item = Spots<'t>> {
        let spots = |table, computer| {
            let spot = move |(key, value)| Spot { computer, key, value };
            in_order(table).into_iter().map(spot)
        };
        let shared = self.base.into_iter().flat_map(move |table| spots(table, None));
        let own = self.overrides.into_iter().flat_map(move |(table, name)| spots(table, Some(name)));
        let only_own = own.filter(|spot| self.shared(spot.key.get_ref()).is_none());
        let both = |spot: Spot<'t>| Spots { own: self.own(spot.key.get_ref()), shared: Some(spot) };
        shared.map(both).chain(only_own.map(|spot| Spots { own: Some(spot), shared: None }))
    }

    /// Every storage's name, in the same order.
    pub(super) fn names(&self) -> Vec<&'t str> {
        self.all().filter_map(Spots::first).map(|spot| spot.key.get_ref().as_ref()).collect()
    }

    /// Every storage as it is configured, in the same order.
    pub(super) fn entries(&self, environment: &Environment) -> Vec<Entry> {
        let entry = |spots: Spots<'t>| Some(self.entry(spots, spots.first()?, environment));
        self.all().filter_map(entry).collect()
    }

    /// Those that `[samepath.computers.THIS]` speaks of.
    pub(super) fn own_names(&self) -> impl Iterator<Item = &'t str> {
        self.overrides.into_iter().flat_map(|(table, _)| table.keys().map(|name| name.get_ref().as_ref()))
    }

    /// `[storage.NAME]`.
    pub(super) fn shared(&self, name: &str) -> Option<Spot<'t>> {
        let (key, value) = self.base?.get_key_value(name)?;
        Some(Spot { computer: None, key, value })
    }

    /// `[samepath.computers.THIS.storage.NAME]`.
    pub(super) fn own(&self, name: &str) -> Option<Spot<'t>> {
        let (table, computer) = self.overrides?;
        let (key, value) = table.get_key_value(name)?;
        Some(Spot { computer: Some(computer), key, value })
    }

    fn spots_of(&self, name: &str) -> Spots<'t> {
        Spots { own: self.own(name), shared: self.shared(name) }
    }

    /// In the order in which they are asked for a key.
    pub(super) fn spots(&self, name: &str) -> Vec<Spot<'t>> {
        self.spots_of(name).iter().collect()
    }

    fn value(&self, name: &str, key: &str) -> Option<&'t Value<'t>> {
        self.spots_of(name).iter().find_map(|spot| spot.get(key)).map(|(_, value)| value)
    }

    /// The value of a key in words, whatever its type.
    pub(super) fn effective(&self, name: &str, key: &str) -> Option<&'t str> {
        let value = self.value(name, key)?;
        Some(value.get_ref().as_str().unwrap_or_else(|| self.text.written(value)))
    }

    /// Whether a key is that text; no key is the empty one.
    pub(super) fn says(&self, name: &str, key: &str, value: &str) -> bool {
        let found = self.value(name, key).map(|found| found.get_ref().as_str());
        found.map_or(value.is_empty(), |text| text == Some(value))
    }

    /// The line on which a storage begins.
    pub(super) fn line(&self, name: &str) -> Option<usize> {
        self.spots_of(name).first().map(|spot| self.text.line_of(spot.key))
    }

    fn entry(&self, spots: Spots<'t>, first: Spot<'t>, environment: &Environment) -> Entry {
        // Where this computer's own place is written, if it has one of its own.
        let own = spots.own.filter(|spot| spot.says("base_path"));
        let line = Some(self.text.line_of(own.unwrap_or(first).key));
        let source = Source { file: Some(self.text.file.to_owned()), line, variable: false };
        let name = first.key.get_ref().as_ref();
        let (backend, without_folder) = match self.backend(spots, first, name, environment) {
            Ok((backend, Ok(user_subdir))) => (Ok(Backend { user_subdir, ..backend }), None),
            Ok((backend, Err(error))) => (Err(error), Some(backend)),
            Err(error) => (Err(error), None),
        };
        Entry { name: name.to_owned(), source, backend, without_folder }
    }

    /// A storage without the person's own folder, and that.
    fn backend(
        &self,
        spots: Spots<'t>,
        first: Spot<'t>,
        name: &str,
        environment: &Environment,
    ) -> Result<(Backend, Result<String, ConfigError>), ConfigError> {
        let platform = Platform::current();
        let refused = |key: Option<&str>, problem: Problem| {
            let path: Vec<&str> = first.path().into_iter().chain(key).collect();
            ConfigError::value(self.text.place(&path, self.text.line_of(first.key)), problem)
        };
        check::name(name).map_err(|problem| refused(None, problem))?;
        if let Some(spot) = spots.iter().find(|spot| !spot.value.get_ref().is_table()) {
            return Err(self.text.wrong_type(&spot.path(), spot.key, spot.value, "a table"));
        }
        let base_path = self.field(spots, "base_path")?.ok_or_else(|| refused(Some("base_path"), Problem::Missing))?;
        let folder = |key| -> Result<String, ConfigError> {
            match self.field(spots, key)? {
                Some(field) => check::folder(field.text, platform).map_err(|problem| self.refused(&field, problem)),
                None => Ok(String::new()),
            }
        };
        let words = |key| -> Result<Option<String>, ConfigError> {
            let text = self.field(spots, key)?.map(|field| field.text.to_owned());
            Ok(text.filter(|text| !text.is_empty()))
        };
        let backend = Backend {
            name: name.to_owned(),
            base_path: check::base_path(base_path.text, environment.home.as_deref(), platform)
                .map_err(|problem| self.refused(&base_path, problem))?,
            kind: words("type")?,
            description: words("description")?,
            user_subdir: String::new(),
            subpath: folder("subpath")?,
        };
        Ok((backend, folder("user_subdir")))
    }

    fn field(&self, spots: Spots<'t>, key: &'static str) -> Result<Option<Field<'t>>, ConfigError> {
        let Some((spot, (name, value))) = spots.iter().find_map(|spot| Some((spot, spot.get(key)?))) else {
            return Ok(None);
        };
        match value.get_ref().as_str() {
            Some(text) => Ok(Some(Field { spot, name, text })),
            None => {
                let path: Vec<&str> = spot.path().into_iter().chain([key]).collect();
                Err(self.text.wrong_type(&path, name, value, "a string"))
            }
        }
    }

    fn refused(&self, field: &Field<'t>, problem: Problem) -> ConfigError {
        let path: Vec<&str> = field.spot.path().into_iter().chain([field.name.get_ref().as_ref()]).collect();
        ConfigError::value(self.text.place(&path, self.text.line_of(field.name)), problem)
    }
}

/// What a storage's table says of a key.
struct Field<'t> {
    spot: Spot<'t>,
    name: &'t Name<'t>,
    text: &'t str,
}

/// The one storage that `SHARED_STORAGE_ROOT` stands for.
pub(super) fn from_variable(root: &str, environment: &Environment) -> Entry {
    let name = samepath_wire::DEFAULT_BACKEND.to_owned();
    let backend = check::base_path(root, environment.home.as_deref(), Platform::current())
        .map(|base_path| Backend {
            name: name.clone(),
            base_path,
            kind: None,
            description: None,
            user_subdir: String::new(),
            subpath: String::new(),
        })
        .map_err(|problem| {
            ConfigError::value(Place { file: None, line: None, key: dotted(&["SHARED_STORAGE_ROOT"]) }, problem)
        });
    Entry { name, source: Source { file: None, line: None, variable: true }, backend, without_folder: None }
}

/// sleap-rtc's `[[path_mappings]]`, each with its line. It writes `local` and `worker`; other spellings are taken too, what is
/// incomplete is skipped.
pub(super) fn path_mappings(text: &Text<'_>) -> Vec<(PathMapping, usize)> {
    let Some(value) = text.root().get("path_mappings") else { return Vec::new() };
    tables(text, value)
        .filter_map(|(table, line)| {
            let mapping = PathMapping {
                local: first(table, &["local", "local_path", "client", "client_path", "host_path", "from"])?,
                worker: first(table, &["worker", "worker_path", "remote", "remote_path", "container_path", "to"])?,
            };
            Some((mapping, line))
        })
        .collect()
}

/// sleap-rtc's `[[worker.io.mounts]]`, each with its line: `path` and `label`, or `worker_path`, `client_paths` and `name`.
pub(super) fn mounts(text: &Text<'_>) -> Vec<(WorkerMount, usize)> {
    let io = text.table(&["worker", "io"]).ok().flatten();
    let Some(value) = io.and_then(|io| io.get("mounts")) else { return Vec::new() };
    tables(text, value)
        .filter_map(|(table, line)| {
            let many = table.get("client_paths").and_then(|value| value.get_ref().as_array()).into_iter().flatten();
            let mut elsewhere: Vec<String> =
                many.filter_map(|value| value.get_ref().as_str()).map(str::to_owned).collect();
            elsewhere.extend(first(table, &["client_path", "host_path", "local", "local_path"]));
            let mount = WorkerMount {
                label: first(table, &["label", "name"]).unwrap_or_default(),
                path: first(table, &["worker_path", "container_path", "worker", "remote", "path"])?,
                elsewhere,
            };
            Some((mount, line))
        })
        .collect()
}

/// The tables of an array, in either form that TOML has, each with the line on which it begins.
fn tables<'a, 't>(text: &'a Text<'t>, value: &'a Value<'t>) -> impl Iterator<Item = (&'a DeTable<'t>, usize)> {
    let values = value.get_ref().as_array().into_iter().flatten();
    values.filter_map(|value| Some((value.get_ref().as_table()?, text.line(value.span().start))))
}

fn first(table: &DeTable<'_>, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| table.get(*key)?.get_ref().as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
}
