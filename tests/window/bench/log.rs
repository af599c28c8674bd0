//! A log of 100,000 lines: until it is drawn, while it is scrolled, and until what is looked for is found.

use crate::desk::Desk;
use crate::figures::{answer, frames, tell, typed};

const LINES: u32 = 100_000;

pub(crate) fn bench() {
    let (desk, maze) = Desk::with_maze();
    desk.add_kind("talk", "Say much", &format!("seq -f 'epoch 1 batch %.0f loss=0.25' {LINES}\n"));
    let window = desk.open();
    window.submit(&maze.join("labels.slp"), "Say much", "talk");
    window.wait_for_text_in("table", "Jobs", "Done");

    let opening = format!(
        "const begin = performance.now(); let first = null; \
         [...document.querySelectorAll('[role=tab]')].find((tab) => tab.textContent.trim() === 'Log').click(); \
         const look = () => {{ \
           const text = document.querySelector('[role=log]')?.textContent ?? ''; \
           if (first === null && text.includes('batch ')) first = performance.now() - begin; \
           if (text.includes('batch {LINES} ')) requestAnimationFrame(() => done([first, performance.now() - begin])); \
           else requestAnimationFrame(look); \
         }}; look();"
    );
    let mut opened = serde_json::Value::Null;
    let while_it_comes = frames(&window, || opened = answer(&window, &opening));
    tell(
        &format!("{LINES} lines of a log: opened"),
        &format!("the first after {:.0} ms, the last drawn after {:.0} ms", ms(&opened[0]), ms(&opened[1])),
    );
    tell("  frames meanwhile", &while_it_comes);
    let scrolling = "const box = document.querySelector('[role=log]'); let step = 0; \
        const scroll = () => { if (step > 120) return done(true); box.scrollTop = (box.scrollHeight * step) / 120; step += 1; requestAnimationFrame(scroll); }; scroll();";
    let scrolled = frames(&window, || drop(answer(&window, scrolling)));
    tell("  scrolled from end to end, frames", &scrolled);
    tell("  looked for a word, each letter until it is drawn", &typed(&window, "Find in the log", "batch 77"));
}

fn ms(value: &serde_json::Value) -> f64 {
    value.as_f64().expect("a time")
}
