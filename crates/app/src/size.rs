/// `41 TB`, in steps of a thousand, as disks are sold.
pub fn size(bytes: f64) -> String {
    let mut value = bytes;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 999.5 {
            return if value < 10.0 && unit != "B" {
                format!("{value:.1} {unit}")
            } else {
                format!("{value:.0} {unit}")
            };
        }
        value /= 1000.0;
    }
    format!("{value:.1} PB")
}

/// A byte count as the page's numbers have it; exact up to 2^53.
#[expect(clippy::cast_precision_loss, reason = "a byte count for people")]
pub(crate) fn bytes(count: u64) -> f64 {
    count as f64
}
