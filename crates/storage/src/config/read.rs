//! From text to storages.

use super::text::{Text, dotted};
use super::{ConfigError, Entry, PathMapping, Place, Problem, Source, WorkerMount, check};
use crate::{Backend, Environment, Platform};
use toml_edit::{Item, Key, TableLike};

/// The keys of a storage, as the file names them.
pub(super) const KEYS: [&str; 5] = ["base_path", "type", "description", "user_subdir", "subpath"];

/// Where the storages of a text are written, as one computer sees them.
pub(super) struct Tables<'t> {
    text: &'t Text,
    base: Option<&'t dyn TableLike>,
    overrides: Option<(&'t dyn TableLike, &'t str)>,
}

/// One table in which a storage is written, and the path to it.
#[derive(Clone)]
pub(super) struct Spot<'t> {
    pub(super) path: Vec<&'t str>,
    pub(super) item: &'t Item,
    key: Option<&'t Key>,
}

impl<'t> Tables<'t> {
    /// `computer` is none where the file's `[samepath]` does not count.
    pub(super) fn of(text: &'t Text, computer: Option<&'t str>) -> Result<Self, ConfigError> {
        let base = text.table(&["storage"])?;
        let overrides = match computer {
            Some(name) => text.table(&["samepath", "computers", name, "storage"])?.map(|table| (table, name)),
            None => None,
        };
        Ok(Self { text, base, overrides })
    }

    /// Every storage's name: those of `[storage]` in the file's order, then those that only this computer has.
    pub(super) fn names(&self) -> Vec<&'t str> {
        let base = self.base.into_iter().flat_map(|table| table.iter().map(|(name, _)| name));
        base.chain(self.own_names().filter(|name| !self.base.is_some_and(|base| base.contains_key(name)))).collect()
    }

    /// Those that `[samepath.computers.THIS]` speaks of.
    pub(super) fn own_names(&self) -> impl Iterator<Item = &'t str> {
        self.overrides.into_iter().flat_map(|(table, _)| table.iter().map(|(name, _)| name))
    }

    /// `[storage.NAME]`.
    pub(super) fn shared(&self, name: &'t str) -> Option<Spot<'t>> {
        spot(self.base?, vec!["storage"], name)
    }

    /// `[samepath.computers.THIS.storage.NAME]`.
    pub(super) fn own(&self, name: &'t str) -> Option<Spot<'t>> {
        let (table, computer) = self.overrides?;
        spot(table, vec!["samepath", "computers", computer, "storage"], name)
    }

    /// In the order in which they are asked for a key.
    pub(super) fn spots(&self, name: &'t str) -> Vec<Spot<'t>> {
        self.own(name).into_iter().chain(self.shared(name)).collect()
    }

    /// The value of a key in words, whatever its type.
    pub(super) fn effective(&self, name: &'t str, key: &str) -> Option<String> {
        self.spots(name).iter().find_map(|spot| spot.item.as_table_like()?.get(key)).map(|item| match item.as_str() {
            Some(text) => text.to_owned(),
            None => item.span().map_or_else(String::new, |span| self.text.raw()[span].to_owned()),
        })
    }

    /// Whether a key is that text; no key is the empty one.
    pub(super) fn says(&self, name: &'t str, key: &str, value: &str) -> bool {
        let found = self.spots(name).iter().find_map(|spot| spot.item.as_table_like()?.get(key)).map(Item::as_str);
        found.map_or(value.is_empty(), |text| text == Some(value))
    }

    /// The line on which a storage begins.
    pub(super) fn line(&self, name: &'t str) -> Option<usize> {
        self.shared(name).or_else(|| self.own(name)).and_then(|spot| self.text.line_of(spot.key))
    }

    pub(super) fn entry(&self, name: &'t str, environment: &Environment) -> Entry {
        // Where this computer's own place is written, if it has one of its own.
        let own =
            self.own(name).filter(|spot| spot.item.as_table_like().is_some_and(|own| own.contains_key("base_path")));
        let line = own.and_then(|spot| self.text.line_of(spot.key)).or_else(|| self.line(name));
        let source = Source { file: Some(self.text.file.clone()), line, variable: false };
        Entry { name: name.to_owned(), source, backend: self.backend(name, environment) }
    }

    fn backend(&self, name: &'t str, environment: &Environment) -> Result<Backend, ConfigError> {
        let spots = self.spots(name);
        let first = self.shared(name).or_else(|| self.own(name));
        let place = |key: Option<&str>, line: Option<usize>| {
            let mut path = first.as_ref().map_or_else(|| vec!["storage", name], |spot| spot.path.clone());
            path.extend(key);
            self.text.place(&path, line)
        };
        check::name(name).map_err(|problem| ConfigError::Value { place: place(None, self.line(name)), problem })?;
        for spot in &spots {
            if !spot.item.is_table_like() {
                return Err(self.text.wrong_type(&spot.path, spot.key, spot.item, "a table"));
            }
        }
        let field = |key: &'static str| -> Result<Option<(String, Place)>, ConfigError> {
            let found = spots.iter().find_map(|spot| {
                let table = spot.item.as_table_like()?;
                Some((spot, table, table.get(key)?))
            });
            let Some((spot, table, item)) = found else { return Ok(None) };
            let path: Vec<&str> = spot.path.iter().copied().chain([key]).collect();
            match item.as_str() {
                Some(text) => Ok(Some((text.to_owned(), self.text.place(&path, self.text.line_of(table.key(key)))))),
                None => Err(self.text.wrong_type(&path, table.key(key), item, "a string")),
            }
        };
        let platform = Platform::current();
        let value = |place: Place| move |problem: Problem| ConfigError::Value { place, problem };
        let Some((base_path, at)) = field("base_path")? else {
            let problem = Problem::Missing;
            return Err(ConfigError::Value { place: place(Some("base_path"), self.line(name)), problem });
        };
        let base_path = check::base_path(&base_path, environment.home.as_deref(), platform).map_err(value(at))?;
        let folder = |key: &'static str| match field(key)? {
            Some((text, at)) => check::folder(&text, platform).map_err(value(at)),
            None => Ok(String::new()),
        };
        let words = |key: &'static str| Ok(field(key)?.map(|(text, _)| text).filter(|text| !text.is_empty()));
        Ok(Backend {
            name: name.to_owned(),
            base_path,
            kind: words("type")?,
            description: words("description")?,
            user_subdir: folder("user_subdir")?,
            subpath: folder("subpath")?,
        })
    }
}

fn spot<'t>(table: &'t dyn TableLike, mut path: Vec<&'t str>, name: &'t str) -> Option<Spot<'t>> {
    let item = table.get(name)?;
    path.push(name);
    Some(Spot { path, item, key: table.key(name) })
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
        .map_err(|problem| ConfigError::Value {
            place: Place { file: None, line: None, key: dotted(&["SHARED_STORAGE_ROOT"]) },
            problem,
        });
    Entry { name, source: Source { file: None, line: None, variable: true }, backend }
}

/// sleap-rtc's `[[path_mappings]]`, each with its line. It writes `local` and `worker`; other spellings are taken too, what is
/// incomplete is skipped.
pub(super) fn path_mappings(text: &Text) -> Vec<(PathMapping, Option<usize>)> {
    let Some(item) = text.root().get("path_mappings") else { return Vec::new() };
    tables(text, item)
        .into_iter()
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
pub(super) fn mounts(text: &Text) -> Vec<(WorkerMount, Option<usize>)> {
    let io = text.table(&["worker", "io"]).ok().flatten();
    let Some(item) = io.and_then(|io| io.get("mounts")) else { return Vec::new() };
    tables(text, item)
        .into_iter()
        .filter_map(|(table, line)| {
            let many = table.get("client_paths").and_then(Item::as_array).into_iter().flatten();
            let mut elsewhere: Vec<String> = many.filter_map(|value| value.as_str()).map(str::to_owned).collect();
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
fn tables<'t>(text: &Text, item: &'t Item) -> Vec<(&'t dyn TableLike, Option<usize>)> {
    let line = |span: Option<std::ops::Range<usize>>| span.map(|span| text.line(span.start));
    if let Some(tables) = item.as_array_of_tables() {
        return tables.iter().map(|table| (table as &dyn TableLike, line(table.span()))).collect();
    }
    let values = item.as_array().into_iter().flatten();
    values.filter_map(|value| Some((value.as_inline_table()? as &dyn TableLike, line(value.span())))).collect()
}

fn first(table: &dyn TableLike, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| table.get(key)?.as_str()).filter(|text| !text.is_empty()).map(str::to_owned)
}
