use crate::desk::Desk;
use crate::driver::wait_for;
use crate::native::choose;
use crate::open::OpenWindow;

/// The text of what has the focus.
fn focused(window: &OpenWindow<'_>) -> String {
    let script = "const it = document.activeElement; return it?.getAttribute('aria-label') ?? it?.innerText ?? ''";
    window.script(script).as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn wait_for_focus(window: &OpenWindow<'_>, wanted: &str) {
    wait_for(&format!("the focus on {wanted:?}"), || focused(window).starts_with(wanted).then_some(()));
}

/// Moves on until this has the focus. Each key is seen to have moved it before the next.
fn tab_to(window: &OpenWindow<'_>, wanted: &str) {
    let mut seen = Vec::new();
    while !focused(window).starts_with(wanted) {
        assert!(seen.len() < 60, "{wanted:?} is not reached: {seen:?}");
        let element = "return (window.before = document.activeElement) !== null";
        window.script(element);
        window.press(&["Tab"]);
        wait_for("the focus to move", || {
            (window.script("return document.activeElement !== window.before") == true).then_some(())
        });
        seen.push(focused(window));
    }
}

#[test]
fn a_job_is_chosen_submitted_followed_and_its_results_read_by_the_keyboard_alone() {
    let (desk, maze) = Desk::with_maze();
    let window = desk.open();
    window.wait_for_element("region", "New job");

    wait_for_focus(&window, "Choose…");
    window.press(&["Return"]);
    choose(&desk.display, "Choose a dataset", &maze.join("labels.slp"));
    window.wait_for_text("it sees labels.slp and its video");
    window.press(&["ctrl+Return"]);
    wait_for_focus(&window, "Show job");

    window.press(&["ctrl+2"]);
    window.wait_for_text_in("table", "Jobs", "Done");
    // Whichever row the job became, the list is entered there.
    tab_to(&window, "Done");
    window.press(&["Return"]);
    let job = wait_for("the job beside the list", || {
        let script = "return document.querySelector('section.panel')?.getAttribute('aria-label')";
        window.script(script).as_str().map(str::to_owned)
    });
    window.press(&["ctrl+l"]);
    window.wait_for_element("log", "Log");
    tab_to(&window, "Log");
    window.press(&["Right"]);
    wait_for_focus(&window, "Results");
    window.wait_for_text_in("region", "Report", "1 of 1 video seen");
    window.press(&["Escape"]);
    window.wait_until_gone("region", &job);
    wait_for_focus(&window, "Done");

    // What is left unsaid in the form is still there, and the next one begins with a key.
    window.press(&["ctrl+n"]);
    window.wait_for_element("region", "New job");
}
