use crate::driver::{Driver, wait_for};
use serde_json::Value;
use std::time::Duration;

/// The middle one and the one that 19 of 20 do not pass, in milliseconds.
pub(crate) fn told(times: &mut [Duration]) -> String {
    times.sort();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e3;
    format!("p50 {:.0} ms, p95 {:.0} ms, of {}", at(50), at(95), times.len())
}

pub(crate) fn ratio(ours: &[Duration], floor: &[Duration]) -> f64 {
    ours[ours.len() / 2].as_secs_f64() / floor[floor.len() / 2].as_secs_f64()
}

/// Prints one line.
pub(crate) fn tell(what: &str, figure: &str) {
    println!("{what:<62} {figure}");
}

/// Milliseconds between one frame and the next while this is done, in words.
pub(crate) fn frames(window: &Driver, act: impl FnOnce()) -> String {
    window.script(
        "const times = []; let last = performance.now(); const now = { times, on: true }; window.__frames = now; \
         const next = () => { const at = performance.now(); times.push(at - last); last = at; if (now.on) requestAnimationFrame(next); }; \
         requestAnimationFrame(next);",
    );
    act();
    let times = window.script("window.__frames.on = false; return window.__frames.times");
    let mut times: Vec<f64> = times.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    let over = times.iter().filter(|time| **time > 50.0).count();
    format!(
        "median {:.0} ms, p99 {:.0} ms, longest {:.0} ms; {over} of {} over 50 ms",
        at(50),
        at(99),
        at(100),
        times.len()
    )
}

/// Runs this in the page, where `done(value)` ends it, and waits for the value.
pub(crate) fn answer(window: &Driver, body: &str) -> Value {
    window.script(&format!("window.__answer = undefined; const done = (value) => (window.__answer = value); {body}"));
    wait_for("the page's answer", || {
        let answer = window.script("return window.__answer ?? null");
        (!answer.is_null()).then_some(answer)
    })
}

/// Types a text into a search field, letter by letter, and tells how long each took until it was drawn.
pub(crate) fn typed(window: &Driver, field: &str, text: &str) -> String {
    let script = format!(
        "const field = document.querySelector('input[type=search][aria-label=\"{field}\"]'); const took = []; \
         const type = (length) => {{ \
           if (length > {}) return done(took); \
           const begin = performance.now(); field.value = '{text}'.slice(0, length); \
           field.dispatchEvent(new Event('input', {{ bubbles: true }})); \
           requestAnimationFrame(() => requestAnimationFrame(() => {{ took.push(performance.now() - begin); setTimeout(() => type(length + 1), 200); }})); \
         }}; type(1);",
        text.len()
    );
    let took = answer(window, &script);
    let mut times: Vec<f64> = took.as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
    times.sort_by(f64::total_cmp);
    format!(
        "median {:.0} ms, longest {:.0} ms, of {} letters",
        times[times.len() / 2],
        times[times.len() - 1],
        times.len()
    )
}
