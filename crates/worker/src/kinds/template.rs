use super::openjd::{self, Script};
use super::{TemplateError, reach};
use samepath_wire::{Kind, Parameter};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// What a template is made from: plain data, so that a process that runs an attempt gets the very template that the job was
/// matched against.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TemplateSource {
    /// The kind's name.
    pub name: String,
    /// Whether it comes with the program; only there does the command `samepath` mean this program.
    pub built_in: bool,
    /// The template itself.
    pub document: Value,
}

impl TemplateSource {
    /// Reads a template without judging it; `json` says which of the two forms it is in.
    ///
    /// # Errors
    /// The text is neither.
    pub fn read(name: &str, built_in: bool, text: &str, json: bool) -> Result<Self, TemplateError> {
        Ok(Self { name: name.to_owned(), built_in, document: openjd::read(text, json)? })
    }
}

/// A template that was accepted.
///
/// Invariant: it has one step with one action, and no value of a job can become the name of a program, part of a script, or
/// code that an interpreter is given.
#[derive(Debug, Clone)]
pub struct Template {
    source: TemplateSource,
    kind: Kind,
    script: Script,
}

impl Template {
    /// Accepts or refuses a template.
    ///
    /// # Errors
    /// The first reason to refuse it.
    pub fn new(source: TemplateSource) -> Result<Self, TemplateError> {
        let script = openjd::accept(&source.document)?;
        reach::check(&script)?;
        let kind = public(&source)?;
        Ok(Self { source, kind, script })
    }

    /// What it was made from.
    pub fn source(&self) -> &TemplateSource {
        &self.source
    }

    /// What everybody may know of it.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// How long a tool that was asked to stop may take to save its work; zero for a kind that has nothing to save.
    pub fn notice(&self) -> Duration {
        self.script.notice
    }

    /// How long an attempt may run.
    pub fn timeout(&self) -> Option<Duration> {
        self.script.timeout
    }

    /// The name of the program, as the template has it. Never depends on a job.
    pub fn command(&self) -> &str {
        self.script.command.raw()
    }

    /// The program that it needs on this computer, where that is not its command: what our own tool starts.
    pub fn runs(&self) -> Option<&'static str> {
        if self.source.built_in { super::catalogue::runs(&self.source.name) } else { None }
    }

    /// The name of the program that has to be on this computer; none where the kind brings its own or needs none but ours.
    pub fn program(&self) -> Option<&str> {
        if self.is_own() {
            return self.runs();
        }
        Some(self.command()).filter(|_| self.script().embedded_command().is_none())
    }

    /// Whether its command is this program itself.
    pub(super) fn is_own(&self) -> bool {
        self.source.built_in && self.command() == "samepath"
    }

    pub(crate) fn step_name(&self) -> &str {
        self.source.document.pointer("/steps/0/name").and_then(Value::as_str).unwrap_or_default()
    }

    pub(crate) fn script(&self) -> &Script {
        &self.script
    }
}

fn public(source: &TemplateSource) -> Result<Kind, TemplateError> {
    let document = &source.document;
    let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut definitions = document.get("parameterDefinitions").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
    for definition in definitions.as_array_mut().into_iter().flatten() {
        // With the extension EXPR the standard reads types in any case; the wire has one form.
        if let Some(Value::String(kind)) = definition.get_mut("type") {
            *kind = kind.to_ascii_uppercase();
        }
    }
    let digest = digest(&source.name, &definitions);
    let parameters: Vec<Parameter> = match definitions {
        Value::Null => Vec::new(),
        definitions => serde_json::from_value(definitions).map_err(|error| TemplateError::Invalid {
            place: "parameterDefinitions: ".to_owned(),
            detail: error.to_string(),
        })?,
    };
    let needs = document.pointer("/steps/0/hostRequirements").cloned().unwrap_or(Value::Null);
    Ok(Kind {
        name: source.name.clone(),
        title: text("name"),
        description: text("description"),
        digest,
        parameters,
        needs,
        built_in: source.built_in,
    })
}

/// `blake3:…` over the kind's name, a line feed, and the definitions as JSON with sorted keys and no white space, so that neither
/// the file's form nor the order of its keys matters. The order of the parameters does: it is the form's. The name is in it because
/// everybody knows a kind by its digest, and two kinds may well ask for the same.
fn digest(name: &str, definitions: &Value) -> String {
    let mut canonical = format!("{name}\n");
    write_canonical(definitions, &mut canonical);
    format!("blake3:{}", blake3::hash(canonical.as_bytes()).to_hex())
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut keys: Vec<&String> = map.keys().collect();
            keys.sort();
            out.push('{');
            for (index, key) in keys.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_canonical(&map[key], out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}
