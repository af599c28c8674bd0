#![no_main]

#[path = "../../crates/fleet/tests/fuzzing/frames.rs"]
mod frames;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| frames::run(bytes));
