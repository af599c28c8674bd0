#![no_main]

#[path = "../../crates/storage/tests/fuzzing/paths.rs"]
mod paths;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| paths::run(bytes));
