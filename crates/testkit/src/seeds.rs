use std::path::Path;

/// Runs a target of the top folder `fuzz` on each of the seeds that are kept for it.
///
/// # Panics
/// Where one of them makes `run` panic, or where there are none.
pub fn replay(target: &str, run: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let entries = fs_err::read_dir(folder).expect("every target has seeds");
    let mut seeds: Vec<_> = entries.map(|entry| entry.expect("a folder can be read").path()).collect();
    seeds.sort();
    assert!(!seeds.is_empty(), "no seeds are kept for {target}");
    for seed in seeds {
        // The last line that a failing test shows.
        println!("{}", seed.display());
        run(&fs_err::read(&seed).expect("a seed can be read"));
    }
}
