//! Workers of whom the same is to be said, named together.

/// Those that are named before the others are counted.
pub(crate) const MOST: usize = 3;

/// "gpu-1, gpu-2"; "gpu-1, gpu-2, gpu-3 and 997 more". Where one only would be left, it is named.
pub(crate) fn names(names: &[&str]) -> String {
    let shown = if names.len() == MOST + 1 { names.len() } else { MOST };
    let told = names.iter().take(shown).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(shown) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn the_first_are_named_and_the_others_counted() {
        let all = ["gpu-1", "gpu-2", "gpu-3", "gpu-4", "gpu-5"];
        assert_eq!(names(&all[..1]), "gpu-1");
        assert_eq!(names(&all[..3]), "gpu-1, gpu-2, gpu-3");
        assert_eq!(names(&all[..4]), "gpu-1, gpu-2, gpu-3, gpu-4");
        assert_eq!(names(&all), "gpu-1, gpu-2, gpu-3 and 2 more");
    }
}
