#![no_main]

#[path = "../../crates/worker/tests/fuzzing/kinds.rs"]
mod kinds;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kinds::run(bytes));
