#![no_main]

#[path = "../../crates/dataset/tests/fuzzing/project.rs"]
mod project;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| project::run(bytes));
