//! Workers of whom the same is to be said, named together.

use samepath_wire::Worker;

/// Those that are named before the others are counted.
pub(crate) const MOST: usize = 3;

/// "gpu-1, gpu-2"; "gpu-1, gpu-2, gpu-3 and 997 more". Where one only would be left, it is named.
pub(crate) fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    let count = names.len();
    let shown = if count == MOST + 1 { count } else { MOST };
    let told = names.take(shown).collect::<Vec<_>>().join(", ");
    match count.saturating_sub(shown) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

/// Workers by what is the same of them, in the order in which that is first met.
pub(crate) fn by<'a, T: PartialEq>(
    workers: Vec<&'a Worker>,
    of: impl Fn(&'a Worker) -> T,
) -> Vec<(T, Vec<&'a Worker>)> {
    let mut all: Vec<(T, Vec<&Worker>)> = Vec::new();
    for worker in workers {
        let key = of(worker);
        match all.iter_mut().find(|(known, _)| *known == key) {
            Some((_, alike)) => alike.push(worker),
            None => all.push((key, vec![worker])),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn the_first_are_named_and_the_others_counted() {
        let of = |count| names(["gpu-1", "gpu-2", "gpu-3", "gpu-4", "gpu-5"].into_iter().take(count));
        assert_eq!(of(1), "gpu-1");
        assert_eq!(of(3), "gpu-1, gpu-2, gpu-3");
        assert_eq!(of(4), "gpu-1, gpu-2, gpu-3, gpu-4");
        assert_eq!(of(5), "gpu-1, gpu-2, gpu-3 and 2 more");
    }
}
