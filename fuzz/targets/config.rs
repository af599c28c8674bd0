#![no_main]

#[path = "../../crates/storage/tests/fuzzing/config.rs"]
mod config;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| config::run(bytes));
