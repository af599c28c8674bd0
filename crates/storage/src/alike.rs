//! What somebody meant who wrote the name of something that is not there.

use crate::near;
use std::path::Path;

/// Names of a folder that are looked through for it.
pub(crate) const MOST_NAMES: usize = 1000;

/// The name that was meant: one that is written nearly so or, failing that, the only one that lacks no more than its ending.
pub(crate) fn alike(wanted: &str, names: &[String]) -> Option<String> {
    let known: Vec<&str> = names.iter().map(String::as_str).collect();
    near(wanted, &known).or_else(|| {
        let ends_further = |name: &&String| name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
        let mut longer = names.iter().filter(ends_further);
        longer.next().filter(|_| longer.next().is_none()).cloned()
    })
}

/// The same, of a path. Looks into the folder that it would be in.
pub(crate) fn alike_beside(path: &Path) -> Option<String> {
    let (folder, wanted) = (path.parent()?, path.file_name()?.to_str()?);
    let entries = fs_err::read_dir(folder).ok()?.take(MOST_NAMES);
    let names: Vec<String> = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    alike(wanted, &names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_and_a_missing_ending_are_understood_and_nothing_else() {
        let names = ["labels.slp", "maze.pkg.slp", "cam0.mp4", "cam1.mp4", "day1", "day1.slp", "day1.pkg.slp"];
        let names = names.map(str::to_owned);
        for (wanted, meant) in [
            ("lables.slp", Some("labels.slp")),
            ("Labels.SLP", Some("labels.slp")),
            ("labels", Some("labels.slp")),
            ("maze", Some("maze.pkg.slp")),
            ("maze.pkg", Some("maze.pkg.slp")),
            ("cam", None),
            ("cam2.mp4", Some("cam0.mp4")),
            ("videos", None),
            ("", None),
        ] {
            assert_eq!(alike(wanted, &names).as_deref(), meant, "{wanted}");
        }
        assert_eq!(alike("day2", &["day2.slp".to_owned(), "day2.pkg.slp".to_owned()]), None);
    }
}
