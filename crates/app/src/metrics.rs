//! The figures that a job tells while it runs: what its chart is drawn from.

use crate::log::LogStream;
use crate::view::MetricsView;
use samepath_wire::Metrics;

/// The rows of one try, from the first, then live; ends as the log does.
pub struct MetricsStream(LogStream);

impl MetricsStream {
    pub(crate) fn new(log: LogStream) -> Self {
        Self(log.whole())
    }

    /// The next rows, at least one; none when the try has ended and all was read. Safe to cancel.
    pub async fn next(&mut self) -> Option<Vec<MetricsView>> {
        loop {
            let lines = self.0.next().await?;
            let told = lines.iter().filter(|line| line.stream == "out");
            let rows: Vec<MetricsView> =
                told.filter_map(|line| Metrics::in_line(&line.text)).map(metrics_view).collect();
            if !rows.is_empty() {
                return Some(rows);
            }
        }
    }
}

fn metrics_view(row: Metrics) -> MetricsView {
    let number = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    MetricsView {
        run: row.run,
        epoch: number(row.epoch),
        of: row.of.map(number),
        runs: row.runs.map(number),
        batch_size: row.batch_size.map(number),
        values: row.values,
    }
}
