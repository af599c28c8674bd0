use samepath_storage::split_below_root;
use samepath_storage::{WrittenPath, nfc};
use samepath_wire::{StoragePath, VideoChoice};

/// One video was found elsewhere than it is written: where others would be if the same change led to them. Nothing is looked
/// at; of two changes that explain the one video, the one that changes least is taken.
///
/// ```
/// # use samepath_dataset::same_change;
/// # use samepath_wire::StoragePath;
/// let found = StoragePath::new("vast", "amick", "2026/day1/x.mp4");
/// let others = same_change(r"Z:\amick\day1\x.mp4", &found, [r"Z:\amick\day2\y.mp4", r"C:\y.mp4"]);
/// assert_eq!(others.len(), 1);
/// assert_eq!(others[0].at.to_string(), "vast:amick/2026/day2/y.mp4");
/// ```
pub fn same_change<'a>(
    written: &str,
    found: &StoragePath,
    others: impl IntoIterator<Item = &'a str>,
) -> Vec<VideoChoice> {
    let before = WrittenPath::new(written);
    let below_root = found.below_root();
    let after: Vec<&str> = below_root.split('/').filter(|part| !part.is_empty()).collect();
    let tails = before.components.iter().rev().zip(after.iter().rev());
    let same = tails.take_while(|(before, after)| nfc(before) == nfc(after)).count();
    if same == 0 {
        // Another name says nothing of others.
        return Vec::new();
    }
    let head = WrittenPath { components: before.components[..before.components.len() - same].to_vec(), ..before };
    let onto = &after[..after.len() - same];
    let place = |rest: &[String]| {
        let parts: Vec<&str> = onto.iter().copied().chain(rest.iter().map(String::as_str)).collect();
        let (user_subdir, path) = split_below_root(&found.user_subdir, &parts.join("/"));
        StoragePath::new(&found.storage_backend, user_subdir, path)
    };
    let others = others.into_iter().filter(|other| *other != written);
    others
        .filter_map(|other| {
            let at = place(WrittenPath::new(other).below(&head)?);
            Some(VideoChoice { written: other.to_owned(), at })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn others(written: &str, found: (&str, &str), others: &[&str]) -> Vec<String> {
        let found = StoragePath::new("vast", found.0, found.1);
        same_change(written, &found, others.iter().copied()).into_iter().map(|one| one.at.to_string()).collect()
    }

    #[test]
    fn the_same_change_leads_to_the_others() {
        for (written, found, other, at) in [
            ("/Users/tom/day1/x.mp4", ("tom", "day1/x.mp4"), "/Users/tom/day2/y.mp4", Some("vast:tom/day2/y.mp4")),
            ("/a/day1/x.mp4", ("tom", "videos/day1/x.mp4"), "/a/day1/y.mp4", Some("vast:tom/videos/day1/y.mp4")),
            ("/a/day1/x.mp4", ("", "x.mp4"), "/a/day1/y.mp4", Some("vast:y.mp4")),
            ("/a/day1/x.mp4", ("", "x.mp4"), "/a/day2/y.mp4", None),
            ("/a/x.mp4", ("tom", "z.mp4"), "/a/y.mp4", None),
            (r"\\nas\lab\x.mp4", ("tom", "x.mp4"), r"\\NAS\Lab\sub\y.mp4", Some("vast:tom/sub/y.mp4")),
            ("/a/x.mp4", ("tom", "x.mp4"), "/ab/y.mp4", None),
            ("/a/x.mp4", ("tom", "x.mp4"), "/a/x.mp4", None),
        ] {
            let expected: Vec<String> = at.into_iter().map(str::to_owned).collect();
            assert_eq!(others(written, found, &[other]), expected, "{written} → {found:?}: {other}");
        }
    }

    #[test]
    fn nonsense_leads_nowhere() {
        assert_eq!(others("", ("", ""), &["", "/", "x"]), [] as [&str; 0]);
        assert_eq!(others("x.mp4", ("tom", "x.mp4"), &["y.mp4"]), [] as [&str; 0], "relative to what is the project's");
    }
}
