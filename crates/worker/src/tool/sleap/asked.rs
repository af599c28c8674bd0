//! What a job of these kinds may ask for, beyond what a template can say: by its values alone, so that whoever submits it and
//! whoever runs it apply one rule.

use super::frames::{self, Frames};
use super::settings;
use crate::kinds::Problem;
use samepath_wire::{Kind, PathValue};
use serde_json::Value;
use std::collections::BTreeMap;

/// Endings of a configuration. What `sleap-nn` writes is YAML, which JSON is, too.
const CONFIGURATION: [&str; 3] = ["yaml", "yml", "json"];
const PROJECT: [&str; 1] = ["slp"];

/// What is wrong with the values of a job, in the kind's order. A value that the template refuses already may be left out.
pub(crate) fn problems(kind: &Kind, values: &BTreeMap<String, Value>) -> Vec<Problem> {
    let rules: &[(&str, Rule)] = match kind.name.as_str() {
        _ if !kind.built_in => &[],
        "sleap-train" => &[
            ("CONFIG", |asked| asked.ends_with("CONFIG", &CONFIGURATION)),
            ("VAL_LABELS", |asked| asked.ends_with("VAL_LABELS", &PROJECT)),
            ("RESUME_FROM", |asked| asked.resumes()),
            ("OVERRIDES", |asked| settings::read(asked.text("OVERRIDES")).map(drop)),
        ],
        "sleap-predict" => &[("FRAMES", |asked| asked.frames())],
        _ => &[],
    };
    let asked = Asked(values);
    let problem = |(name, rule): &(&str, Rule)| {
        let message = rule(&asked).err()?;
        Some(Problem { parameter: (*name).to_owned(), message })
    };
    rules.iter().filter_map(problem).collect()
}

type Rule = fn(&Asked<'_>) -> Result<(), String>;

struct Asked<'a>(&'a BTreeMap<String, Value>);

impl Asked<'_> {
    /// Empty where there is no text.
    fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// The paths that a parameter names.
    fn paths(&self, name: &str) -> Vec<String> {
        fn each(value: PathValue, to: &mut Vec<String>) {
            match value {
                PathValue::Relative(path) => to.push(path),
                PathValue::Full(at) => to.push(at.to_string()),
                PathValue::List(values) => values.into_iter().for_each(|value| each(value, to)),
            }
        }
        let mut paths = Vec::new();
        if let Some(value) = self.0.get(name).and_then(|value| serde_json::from_value(value.clone()).ok()) {
            each(value, &mut paths);
        }
        paths.retain(|path| !path.is_empty());
        paths
    }

    fn ends_with(&self, name: &str, endings: &[&str]) -> Result<(), String> {
        let fits = |path: &&String| {
            path.rsplit('/')
                .next()
                .and_then(|file| file.rsplit_once('.'))
                .is_some_and(|(_, ending)| endings.iter().any(|known| known.eq_ignore_ascii_case(ending)))
        };
        let Some(other) = self.paths(name).into_iter().find(|path| !fits(&path)) else { return Ok(()) };
        let endings: Vec<String> = endings.iter().map(|ending| format!(".{ending}")).collect();
        let what = if endings.len() == 1 { "a SLEAP project" } else { "a configuration of sleap-nn" };
        Err(format!("takes {what} ({}), not {other}", endings.join(", ")))
    }

    fn resumes(&self) -> Result<(), String> {
        let several = self.paths("CONFIG").len() > 1;
        if several && !self.paths("RESUME_FROM").is_empty() { Err(settings::ONE_MODEL.to_owned()) } else { Ok(()) }
    }

    fn frames(&self) -> Result<(), String> {
        let frames = frames::read(self.text("FRAMES"))?;
        let data = self.paths("DATA");
        let is_video = data.first().is_some_and(|path| !path.to_ascii_lowercase().ends_with(".slp"));
        match frames {
            Frames::Labelled | Frames::Suggested if is_video => Err(frames::NO_PROJECT.to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::kinds::{Catalogue, check_values};
    use serde_json::{Value, json};

    fn told(kind: &str, more: &Value) -> Option<String> {
        let kind = Catalogue::built_in().get(kind).unwrap().kind().clone();
        let mut values = match kind.name.as_str() {
            "sleap-train" => json!({ "LABELS": "a.slp", "OUTPUT_DIR": "out" }),
            _ => json!({ "DATA": "a.mp4", "MODELS": ["m"], "OUTPUT_DIR": "out" }),
        };
        values.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        check_values(&kind, &serde_json::from_value(values).unwrap()).err().map(|problems| problems.to_string())
    }

    #[test]
    fn what_no_template_can_say_is_said_to_whoever_submits() {
        for (kind, values, wanted) in [
            ("sleap-predict", json!({ "FRAMES": "0-99" }), None),
            ("sleap-predict", json!({ "FRAMES": "9-7" }), Some("FRAMES: takes all, labelled, suggested, or numbers")),
            ("sleap-predict", json!({ "FRAMES": "labelled" }), Some("FRAMES: only a project has labelled")),
            ("sleap-predict", json!({ "FRAMES": "labelled", "DATA": "x/a.SLP" }), None),
            ("sleap-train", json!({ "OVERRIDES": "trainer_config.seed=7" }), None),
            ("sleap-train", json!({ "OVERRIDES": "# x\nseed=7" }), Some("OVERRIDES: line 2: \"seed\" is no key")),
            ("sleap-train", json!({ "CONFIG": ["a.yaml", "b.YML", "c.json"] }), None),
            (
                "sleap-train",
                json!({ "CONFIG": ["a.yaml", "d.x/labels.slp"] }),
                Some("CONFIG: takes a configuration of sleap-nn (.yaml, .yml, .json), not d.x/labels.slp"),
            ),
            (
                "sleap-train",
                json!({ "CONFIG": [{ "storage_backend": "vast", "user_subdir": "amick", "path": "yaml" }] }),
                Some("not vast:amick/yaml"),
            ),
            (
                "sleap-train",
                json!({ "VAL_LABELS": "a.mp4" }),
                Some("VAL_LABELS: takes a SLEAP project (.slp), not a.mp4"),
            ),
            ("sleap-train", json!({ "VAL_LABELS": "" }), None),
            ("sleap-train", json!({ "RESUME_FROM": "a.ckpt", "CONFIG": ["a.yaml"] }), None),
            (
                "sleap-train",
                json!({ "RESUME_FROM": "a.ckpt", "CONFIG": ["a.yaml", "b.yaml"] }),
                Some("RESUME_FROM: a checkpoint is of one model"),
            ),
            ("sleap-train", json!({ "OVERRIDES": 7 }), Some("OVERRIDES: takes text")),
        ] {
            let told = told(kind, &values);
            match wanted {
                None => assert_eq!(told, None, "{values}"),
                Some(wanted) => assert!(told.as_ref().is_some_and(|told| told.contains(wanted)), "{values}: {told:?}"),
            }
        }
    }
}
