//! What fuzzing once found stays mended: its targets on the seeds that were kept.

mod config;
#[cfg(unix)]
mod links;
mod paths;

#[test]
fn seeds_of_configurations() {
    samepath_testkit::replay("config", config::run);
}

#[test]
fn seeds_of_paths() {
    samepath_testkit::replay("paths", paths::run);
}

#[cfg(unix)]
#[test]
fn seeds_of_links() {
    samepath_testkit::replay("links", links::run);
}
