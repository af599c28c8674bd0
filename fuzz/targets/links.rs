#![no_main]

#[path = "../../crates/storage/tests/fuzzing/links.rs"]
mod links;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| links::run(bytes));
