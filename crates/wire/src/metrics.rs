use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Figures that a job tells while it runs: one row of what a chart is drawn from.
///
/// They travel as a line of the job's log, [`Metrics::to_line`], and nowhere else: a record stays small however long the job
/// runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Which of the job's parts: the name of a training's run. Charts of different runs are different charts.
    #[serde(default)]
    pub run: String,
    /// The row's place in the chart; counts from 1. A row of 0 is told before the first, and has no values yet.
    pub epoch: u64,
    /// The last epoch that there will be, as far as one knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<u64>,
    /// How many runs the job has, one after the other, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<u64>,
    /// Frames at a time, where that is a setting of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_size: Option<u64>,
    /// By name, `train/loss`. At most [`Metrics::MOST`]; each a finite number.
    pub values: BTreeMap<String, f64>,
}

impl Metrics {
    /// What such a line of the log begins with.
    pub const PREFIX: &str = "samepath_metrics:";
    /// No row has more values.
    pub const MOST: usize = 64;
    /// No such line is longer.
    pub const LONGEST: usize = 8 * 1024;

    /// The row as a line; values that are not finite, and those that are too many, are left out.
    pub fn to_line(&self) -> String {
        let values = self.values.iter().filter(|(_, value)| value.is_finite()).take(Self::MOST);
        let row = Self { values: values.map(|(name, value)| (name.clone(), *value)).collect(), ..self.clone() };
        format!("{} {}", Self::PREFIX, serde_json::to_string(&row).unwrap_or_default())
    }

    /// The row that a line holds, if it is one.
    pub fn in_line(line: &str) -> Option<Self> {
        let text = line.strip_prefix(Self::PREFIX).filter(|_| line.len() <= Self::LONGEST)?;
        serde_json::from_str(text).ok().filter(|row: &Self| row.values.len() <= Self::MOST)
    }
}
