//! Job types as rows of a form.

use crate::draft::{Role, roles};
use crate::view::{KindView, ParameterView};
use crate::{Error, ErrorCode};
use samepath_fleet::matching::Kinds;
use samepath_wire::{Kind, ParameterType, Worker};
use samepath_worker::kinds::Catalogue;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every kind that can be offered, one per name: what online workers advertise, else what came with the program, else what was
/// seen before. Those that came with the program first, then by name.
pub(crate) fn known<'a>(seen: &Kinds, workers: impl IntoIterator<Item = &'a Worker>) -> Vec<Kind> {
    let mut known: BTreeMap<String, Kind> = seen.values().map(|kind| (kind.name.clone(), kind.clone())).collect();
    let built_in = Catalogue::load(None).kinds();
    known.extend(built_in.iter().map(|kind| (kind.name.clone(), kind.clone())));
    for advert in workers.into_iter().flat_map(|worker| &worker.kinds) {
        if let Some(kind) = seen.get(&advert.digest) {
            known.insert(advert.name.clone(), kind.clone());
        }
    }
    let mut kinds: Vec<Kind> = known.into_values().collect();
    kinds.sort_by_key(|kind| built_in.iter().position(|one| one.name == kind.name).unwrap_or(built_in.len()));
    kinds
}

/// The kind of that name.
pub(crate) fn find_kind(kinds: &[Kind], name: &str) -> Result<Kind, Error> {
    kinds.iter().find(|kind| kind.name == name).cloned().ok_or_else(|| {
        let names: Vec<&str> = kinds.iter().map(|kind| kind.name.as_str()).collect();
        Error::new(ErrorCode::KindNotFound, format!("There is no job type {name}."))
            .with_hint(format!("Known: {}.", names.join(", ")))
    })
}

/// The form of a kind.
pub(crate) fn kind_view(kind: &Kind) -> KindView {
    KindView {
        name: kind.name.clone(),
        title: kind.title.clone(),
        description: kind.description.clone(),
        digest: kind.digest.clone(),
        parameters: roles(kind)
            .into_iter()
            .map(|(parameter, role)| {
                let hint =
                    parameter.rest.get("userInterface").and_then(|hint| hint.get("label")).and_then(Value::as_str);
                let number = |key: &str| {
                    let value = parameter.rest.get(key)?;
                    value.as_f64().or_else(|| value.as_str()?.parse().ok())
                };
                ParameterView {
                    name: parameter.name.clone(),
                    kind: match &parameter.kind {
                        ParameterType::String => "STRING",
                        ParameterType::Int => "INT",
                        ParameterType::Float => "FLOAT",
                        ParameterType::Path => "PATH",
                        ParameterType::Other(other) => other,
                    }
                    .to_owned(),
                    label: hint.map_or_else(|| label_of(&parameter.name), str::to_owned),
                    description: parameter.description.clone(),
                    default: parameter.default.clone(),
                    role: match role {
                        Role::Dataset => "dataset",
                        Role::Results => "results",
                        Role::Setting => "setting",
                    }
                    .to_owned(),
                    required: parameter.default.is_none() && role != Role::Results,
                    allowed: parameter.rest.get("allowedValues").and_then(Value::as_array).cloned().unwrap_or_default(),
                    minimum: number("minValue"),
                    maximum: number("maxValue"),
                }
            })
            .collect(),
    }
}

/// `MAX_EPOCHS` → "Max epochs".
fn label_of(name: &str) -> String {
    let words = name.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
