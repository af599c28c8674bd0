use serde::{Deserialize, Serialize};
use serde_json::Value;
use specta::Type;

/// A job type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct KindView {
    /// `slp-check`.
    pub name: String,
    /// "Check a SLEAP project".
    pub title: String,
    /// What it does.
    pub description: String,
    /// Rows of the form, in order.
    pub parameters: Vec<ParameterView>,
    /// Of the parameter definitions.
    pub digest: String,
    /// Whether it comes with the program; else it is the lab's own.
    pub built_in: bool,
}

/// A row of a kind's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct ParameterView {
    /// `LABELS`.
    pub name: String,
    /// `STRING`, `INT`, `FLOAT`, `PATH`, `LIST[PATH]`.
    #[serde(rename = "type")]
    pub kind: String,
    /// For people.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// Used where nothing is given.
    pub default: Option<Value>,
    /// `dataset`: what the person picked; `results`: made by the program; `setting`: a row of the form.
    pub role: String,
    /// Whether a value is needed.
    pub required: bool,
    /// The choices, where the definition lists them.
    pub allowed: Vec<Value>,
    /// Least value, where there is one.
    pub minimum: Option<f64>,
    /// Greatest value, where there is one.
    pub maximum: Option<f64>,
    /// How it is asked for, in the words of Open Job Description: `SPIN_BOX`, `CHOOSE_INPUT_FILE_LIST`, `HIDDEN`, …
    pub control: String,
    /// The section that it belongs to, where it names one.
    pub group: Option<String>,
    /// Digits behind the point, where a number has so many.
    pub decimals: Option<u32>,
    /// By how much one step of a number changes it.
    pub step: Option<f64>,
    /// Which files are offered.
    pub filters: Vec<FilterView>,
}

/// A row of a file dialog's list of file types.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Type)]
pub struct FilterView {
    /// For people.
    pub name: String,
    /// Without the dot; `*` is every file.
    pub extensions: Vec<String>,
}
