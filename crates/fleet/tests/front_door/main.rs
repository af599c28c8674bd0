//! A fleet as programs see it: the same tests over the bus in memory and over the bus of this computer.

#![expect(clippy::unwrap_used, reason = "in a test it is the failure")]

mod lab;
mod one_process;
mod paths;
#[path = "../samples/mod.rs"]
mod plain;
mod this_computer;
mod through;
mod writes;
