use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What can be run: the public side of an Open Job Description template. The command stays with the worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kind {
    /// `[a-z0-9][a-z0-9-]*`, for example `slp-check`.
    pub name: String,
    /// The template's name, for people: "Check a SLEAP project".
    pub title: String,
    /// The template's description.
    #[serde(default)]
    pub description: String,
    /// `blake3:…` over the name and the parameter definitions.
    pub digest: String,
    /// In the template's order.
    pub parameters: Vec<Parameter>,
    /// `hostRequirements` as the template has them.
    #[serde(default)]
    pub needs: Value,
    /// Whether it comes with the program or from a lab's own folder.
    #[serde(default)]
    pub built_in: bool,
}

/// One parameter definition, as the accepted template has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parameter {
    /// For example `LABELS`.
    pub name: String,
    /// What values are.
    #[serde(rename = "type")]
    pub kind: ParameterType,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Used where no value is given; without it one must be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// `FILE` or `DIRECTORY`; paths only.
    #[serde(default, rename = "objectType", skip_serializing_if = "Option::is_none")]
    pub object_type: Option<String>,
    /// `IN`, `OUT`, `INOUT` or `NONE`; paths only.
    #[serde(default, rename = "dataFlow", skip_serializing_if = "Option::is_none")]
    pub data_flow: Option<String>,
    /// The rest of the definition: limits, `allowedValues`, `userInterface`.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The types of Open Job Description, in its own words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParameterType {
    /// Text.
    String,
    /// Whole number.
    Int,
    /// Number.
    Float,
    /// A storage path.
    Path,
    /// A type that this version does not know.
    #[serde(untagged)]
    Other(String),
}

impl Parameter {
    /// Whether values are storage paths.
    pub fn is_path(&self) -> bool {
        matches!(self.kind, ParameterType::Path)
    }

    /// Whether values are lists of storage paths.
    pub fn is_path_list(&self) -> bool {
        matches!(&self.kind, ParameterType::Other(other) if other == "LIST[PATH]")
    }

    /// Whether values name storage paths, one or several.
    pub fn names_paths(&self) -> bool {
        self.is_path() || self.is_path_list()
    }

    /// Whether the job writes there: `dataFlow` is `OUT` or `INOUT`.
    pub fn is_output(&self) -> bool {
        self.names_paths() && matches!(self.data_flow.as_deref(), Some("OUT" | "INOUT"))
    }

    /// Whether the job reads from there; a path without `dataFlow` is an input.
    pub fn is_input(&self) -> bool {
        self.names_paths() && !matches!(self.data_flow.as_deref(), Some("OUT"))
    }

    /// Whether it is a folder rather than a file.
    pub fn is_directory(&self) -> bool {
        self.object_type.as_deref() == Some("DIRECTORY")
    }
}
