//! Loading a configuration, and making one change to it, with 1, 10 and 1,000 storages.

use divan::Bencher;
use samepath_storage::{BackendFields, Change, Config, ConfigFile, Environment, Origin};
use std::fmt::Write;

fn main() {
    divan::main();
}

const STORAGES: [usize; 3] = [1, 10, 1_000];

struct Lab {
    _folder: tempfile::TempDir,
    file: ConfigFile,
}

fn lab(storages: usize) -> Lab {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = ConfigFile { path: folder.path().join("config.toml"), origin: Origin::Argument };
    let mut text = String::new();
    for number in 0..storages {
        let _ = write!(
            text,
            "# storage {number}\n[storage.vast-{number}]\nbase_path = \"/mnt/vast/{number}\"\ntype = \"nfs\"\n\
             user_subdir = \"amick\"\n\n"
        );
    }
    std::fs::write(&file.path, text).expect("a configuration file");
    Lab { _folder: folder, file }
}

#[divan::bench(args = STORAGES)]
fn load(bencher: Bencher, storages: usize) {
    let (lab, environment) = (lab(storages), Environment::default());
    bencher.bench(|| Config::load(&lab.file, &environment));
}

/// The floor of it: the same file's text as TOML values with their places, and nothing understood.
#[divan::bench(args = STORAGES)]
fn parse(bencher: Bencher, storages: usize) {
    let lab = lab(storages);
    bencher.bench(|| {
        let text = std::fs::read_to_string(&lab.file.path).expect("a configuration file");
        toml::de::DeTable::parse(&text).expect("a good file").get_ref().len()
    });
}

/// With the lock, the comparison, the second parser's check, and both fsyncs.
#[divan::bench(args = STORAGES, sample_count = 20)]
fn set_one_key(bencher: Bencher, storages: usize) {
    let (lab, environment) = (lab(storages), Environment::default());
    let mut config = Config::load(&lab.file, &environment).expect("a good file");
    let mut number = 0_u64;
    bencher.bench_local(|| {
        number += 1;
        let fields = BackendFields { base_path: Some(format!("/mnt/{number}")), ..BackendFields::default() };
        config = config.apply(&Change::Set { name: "vast-0".to_owned(), fields }, &environment).expect("a change");
    });
}
