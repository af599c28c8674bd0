//! Which templates are accepted, which are refused and in what words, and which values a kind takes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;
use samepath_storage::Platform;
use samepath_wire::{Access, Job, Kind};
use samepath_worker::kinds::{
    Catalogue, Choice, Program, ProgramMissing, Programs, Template, TemplateError, TemplateSource, check_values,
    storages_needed,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

mod catalogue;
mod code;
mod given;
mod nonsense;

/// A template with these parameters and this action.
fn template(parameters: Value, action: Value) -> Value {
    json!({
        "specificationVersion": "jobtemplate-2023-09",
        "extensions": ["EXPR"],
        "name": "Tried",
        "parameterDefinitions": parameters,
        "steps": [{ "name": "only", "script": { "actions": { "onRun": action } } }],
    })
}

fn x() -> Value {
    json!([{ "name": "X", "type": "STRING" }])
}

fn accept(document: Value) -> Result<Template, TemplateError> {
    Template::new(TemplateSource { name: "tried".into(), built_in: false, document })
}

fn action(words: &[&str]) -> Value {
    match words {
        [command] => json!({ "command": command }),
        words => json!({ "command": words[0], "args": words[1..] }),
    }
}

fn command_line(words: &[&str]) -> Result<Template, TemplateError> {
    accept(template(x(), action(words)))
}

fn with_file(words: &[&str], data: &str) -> Result<Template, TemplateError> {
    let mut document = template(x(), action(words));
    document["steps"][0]["script"]["embeddedFiles"] = json!([{ "name": "Run", "type": "TEXT", "data": data }]);
    accept(document)
}

fn lab(files: &[(&str, &str)]) -> (tempfile::TempDir, Catalogue) {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs_err::write(dir.path().join(name), text).unwrap();
    }
    let catalogue = Catalogue::load(Some(dir.path()));
    (dir, catalogue)
}

const GOOD: &str = "specificationVersion: jobtemplate-2023-09\nname: Good\nsteps:\n- name: s\n  script:\n    actions:\n      onRun: {command: echo}\n";

fn kind(parameters: Value) -> Kind {
    accept(template(parameters, json!({ "command": "echo" }))).unwrap().kind().clone()
}

fn values(values: Value) -> BTreeMap<String, Value> {
    serde_json::from_value(values).unwrap()
}

fn job(parameters: Value) -> Job {
    serde_json::from_value(json!({
        "version": 1, "id": "0199c0de-0000-7000-8000-000000000001", "kind": "tried", "storage_backend": "vast",
        "user_subdir": "amick", "parameters": parameters, "submitted_at": "2026-11-22T09:00:00Z",
        "storages": { "vast": { "id": "5f0c", "access": "write" } },
    }))
    .unwrap()
}
