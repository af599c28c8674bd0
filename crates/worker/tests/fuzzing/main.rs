//! What fuzzing once found stays mended: its target on the seeds that were kept.

mod kinds;

#[test]
fn seeds_of_kinds() {
    samepath_testkit::replay("kinds", kinds::run);
}
