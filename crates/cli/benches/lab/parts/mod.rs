mod crowd;
mod desk;
mod desktop;
mod ends;
mod log;
mod machine;
mod mount;
mod server;
mod start;
mod submit;
#[path = "../../process/timeline.rs"]
mod timeline;

#[path = "../../../tests/common/mod.rs"]
mod common;
#[path = "../../process/figures.rs"]
mod figures;
#[path = "../../process/kinds.rs"]
mod kinds;
#[path = "../../../../fleet/benches/queue/crowd.rs"]
mod many;
#[path = "../../process/person.rs"]
mod person;
#[path = "../../../../fleet/tests/samples/mod.rs"]
mod plain;

use tokio::runtime::Runtime;

type Bench = fn(&Runtime);

/// What is measured, by the word that asks for it alone.
const PARTS: [(&str, Bench); 9] = [
    ("submit", submit::bench),
    ("start", start::bench),
    ("ends", ends::bench),
    ("worker", ends::successor),
    ("machine", machine::bench),
    ("mount", mount::bench),
    ("log", log::bench),
    ("crowd", crowd::bench),
    ("desktop", desktop::bench),
];

pub(crate) fn run() {
    if desktop::is_a_process_of_it() {
        return;
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo test --benches` and nextest only ask whether it starts.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let words: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads");
    for (word, bench) in PARTS {
        if words.is_empty() || words.iter().any(|wanted| *wanted == word) {
            bench(&runtime);
        }
    }
}

/// How many there are, unless the environment says something else.
fn size(what: &str, usual: usize) -> usize {
    std::env::var(format!("SAMEPATH_BENCH_{what}")).map_or(usual, |count| count.parse().expect("a number"))
}
