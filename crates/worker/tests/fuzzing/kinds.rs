//! Any text, taken for a job template, and any JSON for a job's values: accepted, or refused in words.
//!
//! A line `%%` parts the template from the values, an object by parameter name; without a template they are those of the built-in
//! kinds. A text that begins with `{` is a template in JSON, any other one in YAML.

use samepath_wire::{Job, Kind};
use samepath_worker::kinds::{Catalogue, Template, TemplateSource, check_values, storages_needed};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

static BUILT_IN: LazyLock<Vec<Kind>> = LazyLock::new(|| Catalogue::load(None).kinds());

pub(crate) fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (template, values) = text.split_once("%%\n").unwrap_or((text, ""));
    let values = serde_json::from_str(values).unwrap_or_default();
    if template.is_empty() {
        BUILT_IN.iter().for_each(|kind| takes(kind, &values));
        return;
    }
    let source = TemplateSource::read("tried", false, template, template.starts_with('{'));
    match source.and_then(Template::new) {
        Ok(template) => {
            is_harmless(&template);
            takes(template.kind(), &values);
        }
        Err(error) => {
            let words = error.to_string();
            assert!(!words.is_empty() && !words.contains('\n'), "{words}");
        }
    }
}

/// No job chooses the program; and another process makes the same of the template as this one.
fn is_harmless(template: &Template) {
    let command = template.command();
    let computed = command.strip_prefix("{{").map(str::trim_start);
    assert!(computed.map_or(!command.contains("{{"), |command| command.starts_with("Task.File.")), "{command}");
    let sent = serde_json::to_string(template.source()).expect("a template can be sent");
    let again = Template::new(serde_json::from_str(&sent).expect("and read")).expect("and is accepted again");
    assert_eq!(again.kind(), template.kind());
    let sent = serde_json::to_string(template.kind()).expect("a kind can be sent");
    assert_eq!(&serde_json::from_str::<Kind>(&sent).expect("and read"), template.kind());
}

/// Values are judged in words; of good ones it is known which storages they need.
fn takes(kind: &Kind, values: &BTreeMap<String, Value>) {
    let job = json!({
        "version": 1, "id": "0199c0de-0000-7000-8000-000000000000", "kind": kind.name, "storage_backend": "vast",
        "submitted_at": "2026-11-22T09:00:00Z", "parameters": values,
    });
    let job: Job = serde_json::from_value(job).expect("whatever its values, it is a job");
    let needs = storages_needed(kind, &job);
    match check_values(kind, values) {
        Ok(()) => assert!(needs.is_ok(), "{values:?}: {needs:?}"),
        Err(problems) => {
            assert!(!problems.0.is_empty() && problems.0.iter().all(|problem| !problem.message.is_empty()));
            assert!(!problems.to_string().is_empty());
        }
    }
}
