//! What fuzzing once found stays mended: its target on the seeds that were kept, on real projects, and on what it is too slow to find.

mod project;
#[expect(dead_code, reason = "the other tests use the rest")]
#[path = "../support/mod.rs"]
mod support;

#[test]
fn seeds_of_projects() {
    samepath_testkit::replay("project", project::run);
}

#[test]
fn real_projects() {
    for name in ["maze/labels.slp", "maze/labels.pkg.slp", "slp/unicode.slp", "slp/image_sequence.slp", "slp/many.slp"]
    {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data").join(name);
        project::run(&fs_err::read(file).expect("it is in the repository"));
    }
}

/// Two thousand videos that share one text of eleven thousand images without a name: 64 kB in the file.
#[test]
fn many_sequences_of_many_images() {
    let text = format!(r#"{{"filename":[{}"a"]}}"#, r#""","#.repeat(10_900));
    let file = support::Hdf5 { entries: &[text], repeat: 1_990, ..Default::default() }.write();
    assert!(file.len() < 80_000, "{}", file.len());
    project::run(&file);
}
