//! What fuzzing once found stays mended: its targets on the seeds that were kept.

mod messages;

#[test]
fn seeds_of_messages() {
    samepath_testkit::replay("messages", messages::run);
}
