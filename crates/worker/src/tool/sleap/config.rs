//! A training configuration of `sleap-nn`: read, changed, and written as a copy.
//!
//! What was checked is what runs: the copy is written anew from what was understood, as JSON, which is YAML too.

use super::failure;
use super::places::is_url;
use samepath_wire::{Cause, Failure};
use serde_json::{Map, Value};
use std::io::Read;
use std::path::Path;

/// No configuration is longer; one that carries a skeleton of a hundred nodes has 20 kB.
const LONGEST: u64 = 4 * 1024 * 1024;
/// What may stand at the top.
const SECTIONS: [&str; 3] = ["data_config", "model_config", "trainer_config"];
const REMARKS: [&str; 4] = ["name", "description", "sleap_nn_version", "filename"];
/// Files that a configuration names, relative to itself or not.
const FILES: [&str; 6] = [
    "data_config.train_labels_path",
    "data_config.val_labels_path",
    "data_config.test_file_path",
    "model_config.pretrained_backbone_weights",
    "model_config.pretrained_head_weights",
    "trainer_config.resume_ckpt_path",
];
/// Nodes may be called as they like.
const NO_PATHS: [&str; 2] = ["data_config.skeletons", "data_config.identity"];

/// A configuration.
#[derive(Debug, Clone)]
pub(super) struct Configuration {
    /// For people.
    pub(super) name: String,
    value: Value,
}

impl Configuration {
    /// Reads a file.
    ///
    /// # Errors
    /// It is not one, or holds what is not let through.
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut text = String::new();
        let read = fs_err::File::open(path).and_then(|file| file.take(LONGEST + 1).read_to_string(&mut text));
        let unusable = |why: &str| failure(Cause::InvalidParameter, format!("{name} is no configuration: {why}"));
        read.map_err(|error| unusable(&error.to_string()))?;
        if text.len() as u64 > LONGEST {
            return Err(unusable("it is longer than 4 MiB"));
        }
        Self::parse(&name, &text)
    }

    fn parse(name: &str, text: &str) -> Result<Self, Failure> {
        let unusable = |why: String| failure(Cause::InvalidParameter, format!("{name} cannot be used: {why}"));
        let options = serde_saphyr::options! { strict_booleans: true };
        let value: Value = serde_saphyr::from_str_with_options(text, options)
            .map_err(|error| unusable(error.to_string().lines().next().unwrap_or("it is not YAML").to_owned()))?;
        let Some(sections) = value.as_object() else { return Err(unusable("it is not a list of settings".to_owned())) };
        for key in sections.keys() {
            if !SECTIONS.contains(&key.as_str()) && !REMARKS.contains(&key.as_str()) {
                let old = if key == "model" || key == "optimization" || key == "outputs" {
                    " It seems to be of SLEAP 1.4 or older; sleap-nn has another form."
                } else {
                    ""
                };
                return Err(unusable(format!("it has the section {key}, which is not let through.{old}")));
            }
        }
        if !sections.get("model_config").is_some_and(Value::is_object) {
            return Err(unusable("it has no model_config".to_owned()));
        }
        if let Some(key) = odd_key(&value, "") {
            return Err(unusable(format!("the name {key:?} has a dot or a bracket, which is not let through")));
        }
        let configuration = Self { name: name.to_owned(), value };
        let mut refused = None;
        each_text(&configuration.value, String::new(), &mut |key, text| {
            if text.contains("${") {
                refused.get_or_insert_with(|| key.to_owned());
            }
        });
        match refused {
            Some(key) => Err(unusable(format!("{key} is computed (${{…}}), which is not let through"))),
            None => Ok(configuration),
        }
    }

    /// Every path in it, with its key: what is known to be one, and whatever else looks like one.
    pub(super) fn paths(&self) -> Vec<(String, String)> {
        let mut paths = Vec::new();
        let Some(sections) = self.value.as_object() else { return paths };
        for section in SECTIONS {
            let Some(value) = sections.get(section) else { continue };
            each_text(value, section.to_owned(), &mut |key, text| {
                let plain = key.split('[').next().unwrap_or(key);
                let skipped = NO_PATHS.iter().any(|skipped| {
                    plain.strip_prefix(skipped).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
                });
                if !text.is_empty() && !skipped && (FILES.contains(&plain) || looks_like_a_path(text)) {
                    paths.push((key.to_owned(), text.to_owned()));
                }
            });
        }
        paths
    }

    /// The value at `a.b.c`; none where there is none, or null.
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        self.value.pointer(&pointer(key)).filter(|value| !value.is_null())
    }

    /// Sets the value at `a.b.c`, making what is missing above it.
    ///
    /// # Errors
    /// Something above it is a value itself.
    pub(super) fn set(&mut self, key: &str, value: Value) -> Result<(), Failure> {
        let mut at = &mut self.value;
        for part in key.split('.') {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            let Some(map) = at.as_object_mut() else {
                let message = format!("{}: {key} cannot be set, since what is above it is a value", self.name);
                return Err(failure(Cause::InvalidParameter, message));
            };
            at = map.entry(part).or_insert(Value::Null);
        }
        *at = value;
        Ok(())
    }

    /// Replaces a text that [`paths`](Self::paths) found.
    pub(super) fn replace(&mut self, key: &str, text: &str) {
        if let Some(value) = self.value.pointer_mut(&pointer(key)) {
            *value = text.into();
        }
    }

    /// The kind of model: `centroid`.
    pub(super) fn head(&self) -> Option<&str> {
        let heads = self.get("model_config.head_configs")?.as_object()?;
        heads.iter().find(|(_, head)| !head.is_null()).map(|(name, _)| name.as_str())
    }

    /// The copy, as it is written.
    pub(super) fn text(&self) -> String {
        serde_json::to_string_pretty(&self.value).unwrap_or_default()
    }
}

/// `a.b[0]` as a JSON pointer.
fn pointer(key: &str) -> String {
    key.replace(']', "")
        .split(['.', '['])
        .fold(String::new(), |pointer, part| pointer + "/" + &part.replace('~', "~0").replace('/', "~1"))
}

/// A name that could be taken for another place than the one where it stands.
fn odd_key<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    match value {
        Value::Object(map) => map.iter().find_map(|(name, item)| {
            let key = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            if NO_PATHS.contains(&key.as_str()) {
                return None;
            }
            name.contains(['.', '[', ']']).then_some(name.as_str()).or_else(|| odd_key(item, &key))
        }),
        Value::Array(items) => items.iter().find_map(|item| odd_key(item, key)),
        _ => None,
    }
}

fn each_text(value: &Value, key: String, each: &mut impl FnMut(&str, &str)) {
    match value {
        Value::String(text) => each(&key, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                each_text(item, format!("{key}[{index}]"), each);
            }
        }
        Value::Object(map) => {
            for (name, item) in map {
                each_text(item, if key.is_empty() { name.clone() } else { format!("{key}.{name}") }, each);
            }
        }
        _ => {}
    }
}

/// An absolute path of any platform, one of a home folder, or an address.
pub(super) fn looks_like_a_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    let drive =
        bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && matches!(bytes[2], b'/' | b'\\');
    text.starts_with('/')
        || text.starts_with("~/")
        || text.starts_with(r"\\")
        || text.split(['/', '\\']).any(|part| part == "..")
        || drive
        || is_url(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Configuration, String> {
        Configuration::parse("train.yaml", text).map_err(|failure| failure.message)
    }

    #[test]
    fn every_path_is_found_by_its_key() {
        let configuration = parse(
            "data_config:\n  train_labels_path: [a.slp, '/Volumes/talmo/b.slp']\n  val_labels_path: null\n  test_file_path: t.slp\n  skeletons: [{nodes: [/nose]}]\n  skeletons_from: /srv/s.json\n  identity: {of: /one}\n  identity_map: {file: /srv/i.csv}\nmodel_config:\n  init_weights: default\n  pretrained_head_weights: old.ckpt\n  head_configs: {single_instance: null, centroid: {sigma: 1e-06}}\ntrainer_config:\n  odd: {thing: 'Z:\\x'}\n  url: s3://bucket/x\n",
        )
        .unwrap();
        let paths = configuration.paths();
        let keys: Vec<&str> = paths.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "data_config.train_labels_path[0]",
                "data_config.train_labels_path[1]",
                "data_config.test_file_path",
                "data_config.skeletons_from",
                "data_config.identity_map.file",
                "model_config.pretrained_head_weights",
                "trainer_config.odd.thing",
                "trainer_config.url",
            ]
        );
        assert_eq!(configuration.head(), Some("centroid"));
        let mut copy = configuration;
        copy.replace("data_config.train_labels_path[1]", "/mnt/b.slp");
        copy.replace("trainer_config.odd.thing", "/mnt/x");
        copy.set("trainer_config.optimizer.lr", 0.5.into()).unwrap();
        assert!(copy.set("trainer_config.url.x", 1.into()).is_err());
        let text = copy.text();
        assert!(text.contains("/mnt/b.slp") && text.contains("/mnt/x") && !text.contains("Volumes"), "{text}");
        assert_eq!(copy.get("trainer_config.optimizer.lr"), Some(&0.5.into()));
        assert_eq!(parse(&text).unwrap().value, copy.value, "the copy is read as it was written");
    }

    #[test]
    fn what_could_do_more_than_set_values_is_refused() {
        for (text, part) in [
            ("defaults: [base]\nmodel_config: {}\n", "section defaults"),
            ("hydra: {run: {dir: /tmp}}\nmodel_config: {}\n", "section hydra"),
            ("model_config: {init_weights: '${oc.env:HOME}'}\n", "model_config.init_weights is computed"),
            ("data: {}\nmodel: {}\n", "not let through"),
            ("model: {}\n", "SLEAP 1.4 or older"),
            ("data_config: {}\n", "no model_config"),
            ("model_config: {'a.b': /Volumes/x, a: {b: y}}\n", "the name \"a.b\" has a dot"),
            ("model_config: {a: [{'b[0]': /Volumes/x}]}\n", "the name \"b[0]\" has a dot or a bracket"),
            ("- 1\n", "list of settings"),
            ("model_config: [oops\n", "train.yaml cannot be used"),
            ("model_config: {a: .inf}\n", ".inf"),
            ("model_config: {a: .NaN}\n", ".NaN"),
            ("model_config: {a: 1}\nmodel_config: {a: 2}\n", "train.yaml cannot be used"),
        ] {
            let message = parse(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn numbers_keep_their_value() {
        let real = include_str!("../../../../../tests/data/maze/train.yaml");
        let configuration = parse(real).unwrap();
        assert_eq!(configuration.get("trainer_config.early_stopping.min_delta"), Some(&1e-6.into()));
        assert_eq!(configuration.get("trainer_config.max_epochs"), Some(&200.into()));
        assert_eq!(configuration.get("trainer_config.run_name"), None);
        assert_eq!(configuration.head(), Some("single_instance"));
        let labels = ("data_config.train_labels_path[0]".to_owned(), "labels.pkg.slp".to_owned());
        assert_eq!(configuration.paths(), [labels]);
    }
}
