//! A lab's figures: the real `samepath hub` with the real server, the real workers and a member, on one computer. Each beside what it
//! cannot beat, in the same run.
//!
//! `cargo bench -p samepath-cli --bench lab -- submit start` does these parts alone.

#[cfg(target_os = "linux")]
mod parts;

fn main() {
    #[cfg(target_os = "linux")]
    parts::run();
}
