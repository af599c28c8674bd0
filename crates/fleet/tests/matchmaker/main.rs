//! The matchmaker: what fits, what is decided, and that nothing is ever lost or done twice.

mod bounds;
mod clear;
mod crowded;
mod explain;
mod forecast;
mod losing;
mod machine;
mod places;
#[path = "../samples/mod.rs"]
mod plain;
mod precious;
mod reasons;
mod samples;
mod simulation;
