#![no_main]

#[path = "../../crates/wire/tests/fuzzing/messages.rs"]
mod messages;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| messages::run(bytes));
