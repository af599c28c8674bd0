//! A storage on the local disk, job types, and this program with a worker in it.

use crate::SAMEPATH;
use crate::kinds::{STAMP, TICK, script};
use samepath_app::view::Update;
use samepath_app::{App, Options};
use serde_json::Value;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A program that prints 1 GB, in lines of 100 characters.
pub(crate) fn flood() -> String {
    format!("yes {} | head -c 1010000000", "0123456789".repeat(10))
}

/// A program that prints 100,000 such lines.
pub(crate) fn lines() -> String {
    format!("yes {} | head -n 100000", "0123456789".repeat(10))
}

pub(crate) struct Lab {
    pub(crate) root: PathBuf,
    pub(crate) config: PathBuf,
    /// A file on its storage.
    pub(crate) labels: PathBuf,
    pub(crate) kinds: PathBuf,
}

impl Lab {
    pub(crate) fn new(root: &Path) -> Self {
        let storage = root.join("storage");
        let kinds = root.join("kinds");
        let config = root.join("config.toml");
        for folder in [&storage.join("amick"), &kinds] {
            std::fs::create_dir_all(folder).expect("room");
        }
        let base = Value::from(storage.display().to_string());
        for (file, text) in [
            (storage.join("amick/labels.slp"), ""),
            (storage.join("amick/notes.txt"), "some notes"),
            (kinds.join("stamp.yaml"), STAMP),
            (kinds.join("tick.yaml"), TICK),
            (kinds.join("flood.yaml"), &script("Flood", &flood())),
            (kinds.join("lines.yaml"), &script("Lines", &lines())),
            (config.clone(), &format!("[storage.vast]\nbase_path = {base}\nuser_subdir = \"amick\"\n")),
        ] {
            std::fs::write(file, text).expect("room");
        }
        Self { root: root.to_owned(), config, labels: storage.join("amick/labels.slp"), kinds }
    }

    /// As a window is: it stays, and a worker is in it.
    pub(crate) async fn app(&self) -> App {
        let variable = |name: &str| match name {
            "HOME" => Some(OsString::from(&self.root)),
            "SAMEPATH_DATA" => Some(OsString::from(self.root.join("data"))),
            _ => None,
        };
        let options = Options::gather(variable, Some(&self.config), Some(self.root.clone()), "bench");
        let mut options = options.expect("options");
        options.program = SAMEPATH.into();
        let app = App::start(options).await.expect("the queue opens");
        app.keep_watch();
        app.run_worker(Some("bench".to_owned()), Some(self.kinds.clone()));
        let mut updates = app.watch();
        while !app.workers().iter().any(|worker| worker.storages.iter().any(|storage| storage.state == "ready")) {
            updates.next().await.expect("the worker comes");
        }
        app
    }
}

pub(crate) async fn succeeded(app: &App, id: &str) {
    let mut updates = app.watch();
    loop {
        match updates.next().await.expect("the queue stays") {
            Update::Job(news) if news.id == id && news.state == "succeeded" => return,
            Update::Job(news) if news.id == id && news.state == "failed" => panic!("{:?}", news.failure),
            _ => {}
        }
    }
}
