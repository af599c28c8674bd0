//! The matchmaker: what fits, what is decided, and that nothing is ever lost or done twice.

mod explain;
mod machine;
mod reasons;
mod samples;
mod simulation;
