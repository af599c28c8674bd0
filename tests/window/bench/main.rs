//! What the window takes: to start, at rest, in a lab with much in it, with a long log, and from *Submit* to the started tool. Each
//! beside what cannot be beaten, measured in the same run: a program of the same make with an empty page, an idle page, a bare start.
//!
//! It is driven from outside, as the tests of the window are. `cargo bench --bench window -- log` measures one part.
#![cfg_attr(not(target_os = "linux"), expect(unused_crate_dependencies, reason = "Linux alone has a driver"))]

#[cfg(target_os = "linux")]
#[path = "../desk.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod desk;
#[cfg(target_os = "linux")]
#[path = "../display.rs"]
mod display;
#[cfg(target_os = "linux")]
#[path = "../driver.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod driver;
#[cfg(target_os = "linux")]
mod empty;
#[cfg(target_os = "linux")]
mod figures;
#[cfg(target_os = "linux")]
mod holder;
#[cfg(target_os = "linux")]
mod lab;
#[cfg(target_os = "linux")]
mod log;
#[cfg(target_os = "linux")]
#[path = "../open.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod open;
#[cfg(target_os = "linux")]
#[path = "../picture.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod picture;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod start;
#[cfg(target_os = "linux")]
mod submit;

/// What this program is to be, where it starts itself; the first argument.
#[cfg(target_os = "linux")]
mod role {
    /// A window with an empty page.
    pub(crate) const EMPTY: &str = "empty-page";
    /// The process that holds a lab's queue.
    pub(crate) const HOLDER: &str = "holder";
}

#[cfg(target_os = "linux")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [role::EMPTY] => return empty::run(),
        [role::HOLDER, queue, sockets] => return holder::run(queue.as_ref(), sockets.as_ref()),
        _ => {}
    }
    // `cargo test --benches` and nextest only ask whether it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let parts: [(&str, fn()); 6] = [
        ("size", start::sizes),
        ("start", start::bench),
        ("rest", start::at_rest),
        ("submit", submit::bench),
        ("log", log::bench),
        ("lab", lab::bench),
    ];
    let named = |name: &str| arguments.iter().any(|argument| argument == name);
    let all = !parts.iter().any(|(name, _)| named(name));
    parts.iter().filter(|(name, _)| all || named(name)).for_each(|(_, bench)| bench());
}

#[cfg(not(target_os = "linux"))]
fn main() {}
