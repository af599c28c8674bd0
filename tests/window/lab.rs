use crate::desk::Desk;
use crate::driver::wait_for;
use crate::open::runs;
use samepath_testkit::FuseMount;
use std::process::Command;

#[test]
fn workers_of_other_computers_are_told_apart() {
    let mount = FuseMount::read_only(&[("amick/readme.txt", "")]);
    let (desk, maze) = Desk::with_maze();
    let elsewhere = desk.other_mount();
    let first = desk.worker("gpu-1", &[("vast", &elsewhere)]);
    desk.worker("gpu-2", &[("scratch", &desk.scratch())]);
    desk.worker("gpu-3", &[("vast", mount.path())]);
    let window = desk.open();

    window.go("Workers");
    for (name, cell) in [("gpu-1", "not confirmed"), ("gpu-2", "none"), ("gpu-3", "read-only")] {
        wait_for(&format!("{name} with {cell}"), || window.row("Workers", name)?.contains(cell).then_some(()));
    }
    // A folder of this computer is itself: there is nothing to confirm.
    window.wait_for_text_in("table", "Workers", "this computer free none ready");
    window.click_beginning("cell", "gpu-1");
    let panel = window.wait_for_text_in("region", "Worker gpu-1", "vast");
    // A path may be broken over lines behind its folders.
    assert!(panel.replace(' ', "").contains(elsewhere.to_str().unwrap()), "{panel}");
    window.click("button", "Use for my next job");

    window.open_dataset(&maze.join("labels.slp"));
    window.wait_for_text("Ready. gpu-1 can start now; it sees labels.slp and its video.");
    window.wait_for_text_in("region", "Who can run this", "gpu-2 not asked: the job is for gpu-1; has no vast");
    window.choose("Run on", "gpu-2");
    window.wait_for_text("No worker can run this now:");
    window.wait_for_text("gpu-2: has no vast");
    window.choose("Run on", "any worker");
    window.wait_for_text("Ready. ");
    let who = window.wait_for_text_in("region", "Who can run this", "gpu-3 its vast is read-only");
    assert!(who.contains("gpu-1 free · 1/1 videos") && who.contains("gpu-2 has no vast"), "{who}");
    window.choose("Run on", "gpu-1");
    window.wait_for_text("Ready. gpu-1 can start now");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    window.wait_for_text("on gpu-1");
    window.click("tab", "Results");
    let report = window.wait_for_text_in("region", "Report", "1 of 1 video seen");
    // A long path is shown with its middle left out; the page has it whole.
    let whole = elsewhere.join("amick/maze/cam0.mp4");
    let shown = window.script("return document.querySelector('[aria-label=\"Report\"]').outerHTML");
    assert!(shown.as_str().unwrap().contains(whole.to_str().unwrap()), "{report}\n{shown}");

    window.go("Workers");
    // It has proved to read the dataset, which no other has.
    wait_for("gpu-1 to be confirmed", || {
        let row = window.row("Workers", "gpu-1")?;
        (row.contains("confirmed") && !row.contains("not confirmed")).then_some(())
    });
    let killed = Command::new("kill").args(["-KILL", &first.to_string()]).status().unwrap();
    assert!(killed.success());
    // It may have held the queue: then the others are back a moment after it has gone.
    wait_for("gpu-1 alone to go", || {
        let here = |name| window.row("Workers", name).is_some_and(|row| !row.contains("offline"));
        (!here("gpu-1") && here("gpu-2") && here("gpu-3")).then_some(())
    });
    assert!(!runs(first), "{}", window.text());
    // It ran a job just now, so that it is known when it was seen.
    let row = window.row("Workers", "gpu-1").unwrap();
    assert!(row.contains("offline"), "{row}");
}
