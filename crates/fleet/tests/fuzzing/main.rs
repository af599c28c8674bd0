//! What fuzzing once found stays mended: its target on the seeds that were kept, and on what it is too slow to find.
#![cfg(unix)]

mod frames;

#[test]
fn seeds_of_frames() {
    samepath_testkit::replay("frames", frames::run);
}

/// Half a million entries of a log without a byte in them: a frame of a megabyte.
#[test]
fn many_entries_of_nothing() {
    let sizes = vec!["0"; 500_000].join(",");
    let append = format!(
        "\x06{{\"frame\":\"call\",\"id\":1,\"call\":{{\"call\":\"append\",\"log\":\"l\",\"first\":0,\"sizes\":[{sizes}]}}}}"
    );
    frames::run(append.as_bytes());
}

/// As many watches, services and requests as one connection may have under way.
#[test]
fn many_of_everything() {
    let mut script = "\x06".to_owned();
    for (id, call) in (0..6000).zip(
        [
            r#"{"call":"watch","prefix":""}"#,
            r#"{"call":"serve","subject":"s"}"#,
            r#"{"call":"request","subject":"s","timeout_ms":18446744073709551615}"#,
        ]
        .iter()
        .cycle(),
    ) {
        script.push_str(&format!("{{\"frame\":\"call\",\"id\":{id},\"call\":{call}}}\tpayload\n"));
    }
    frames::run(script.as_bytes());
}
