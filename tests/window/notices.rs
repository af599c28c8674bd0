use crate::desk::Desk;
use crate::driver::wait_for;
use std::fs;

#[test]
fn whoever_looks_elsewhere_is_told_of_a_job_that_ended_by_the_desktop() {
    let mut desk = Desk::new();
    let told = desk.add_message_bus();
    let maze = desk.add_maze();
    desk.write_config(&desk.vast());
    desk.add_kind("train", "Train <b>for</b> long", &desk.training());
    let window = desk.open();
    let focused = || window.script("return document.hasFocus()") == true;
    let said = || fs::read_to_string(&told).unwrap_or_default();
    desk.display.xdotool(&["windowactivate", "--sync", &desk.window().unwrap()]);
    wait_for("the window to be looked at", || focused().then_some(()));
    // Of what one looks at, nobody has to be told.
    window.submit(&maze.join("labels.slp"), "Check a SLEAP project", "seen");
    window.wait_for_text_in("table", "Jobs", "Done");
    window.submit(&maze.join("labels.slp"), "Train <b>for</b> long", "day <3>");
    window.wait_for_text_in("table", "Jobs", "1/10");
    (1..10).for_each(|epoch| desk.end_epoch(epoch));
    window.wait_for_text_in("table", "Jobs", "10/10");
    desk.display.xdotool(&["windowminimize", &desk.window().unwrap()]);
    wait_for("the window to be put away", || (!focused()).then_some(()));
    desk.end_epoch(10);
    wait_for("the notice", || said().contains("\"day <3> finished – ").then_some(()));
    assert!(!said().contains("seen finished"), "{}", said());
}
