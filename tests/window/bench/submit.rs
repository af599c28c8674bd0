//! From a click on *Submit* to the started tool.

use crate::desk::Desk;
use crate::driver::wait_for;
use crate::figures::{ratio, tell, told};
use std::fs;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const ROUNDS: usize = 15;
/// As a person submits, who leaves the program time to be ready again.
const PAUSE: Duration = Duration::from_secs(1);

pub(crate) fn bench() {
    let (desk, maze) = Desk::with_maze();
    let labels = maze.join("labels.slp");
    let stamp = desk.sign("stamp");
    let script = format!("date +%s%N > '{0}.part'\nmv '{0}.part' '{0}'\n", stamp.display());
    desk.add_kind("stamp", "Tell the time", &script);
    let window = desk.open();
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        window.go("New job");
        if window.has("textbox", "Path of the dataset") {
            window.fill("Path of the dataset", &labels.to_string_lossy());
            window.click("button", "Open");
        }
        window.choose("Job type", "Tell the time");
        window.wait_for_text("Ready. ");
        sleep(PAUSE);
        let click = "[...document.querySelectorAll('button')].find((one) => one.textContent.trim().startsWith('Submit') && one.classList.contains('primary'))";
        let began =
            window.script(&format!("const button = {click}; const now = Date.now(); button.click(); return now"));
        let began = Duration::from_secs_f64(began.as_f64().expect("the button is there") / 1e3);
        let started =
            wait_for("the tool", || fs::read_to_string(&stamp).ok()?.trim().parse().ok().map(Duration::from_nanos));
        fs::remove_file(&stamp).expect("it was made");
        ours.push(started.saturating_sub(began));
        // It may have ended by the time that the page says something of it.
        window.wait_for_element("button", "Show job");

        let began = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        let told = Command::new("sh").args(["-c", "date +%s%N"]).output().expect("a shell starts").stdout;
        let started = String::from_utf8_lossy(&told).trim().parse().map(Duration::from_nanos).expect("a time");
        floor.push(started.saturating_sub(began));
    }
    tell("click on Submit → the tool runs", &told(&mut ours));
    tell("  a bare start of the same tool", &told(&mut floor));
    tell("  ratio", &format!("{:.1}", ratio(&ours, &floor)));
}
