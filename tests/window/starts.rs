use crate::desk::Desk;
use crate::driver::wait_for;
use crate::open::runs;
use serde_json::Value;
use std::fs;
use std::process::Command;

#[test]
fn a_second_start_shows_the_first_window_and_what_it_was_to_open() {
    let (desk, maze) = Desk::with_maze();
    let window = desk.open();
    let first = window.process();
    window.go("Workers");

    // From the folder of the dataset, as a file manager or a person in a terminal would.
    let mut again = desk.start_again(&maze, &["labels.slp"]);
    let ended = again.wait().unwrap();
    assert!(ended.success(), "{ended}");
    window.wait_for_text_in("list", "Where the dataset is", "labels.slp");
    let ids = desk.display.xdotool(&["search", "--onlyvisible", "--name", "^Samepath$"]).unwrap();
    assert_eq!(ids.lines().count(), 1, "two windows: {ids}");

    // Also with nothing to open, and with a storage path.
    assert!(desk.start_again(&maze, &[]).wait().unwrap().success());
    window.go("Jobs");
    assert!(desk.start_again(&maze, &["vast:amick/maze/labels.slp"]).wait().unwrap().success());
    window.wait_for_element("region", "New job");
    assert!(runs(first));
}

#[test]
fn what_it_is_and_which_version_is_told_without_a_window() {
    let ask = |argument: &str| {
        let told =
            Command::new(env!("CARGO_BIN_EXE_samepath-desktop")).arg(argument).env_remove("DISPLAY").output().unwrap();
        assert!(told.status.success() && told.stderr.is_empty(), "{told:?}");
        String::from_utf8(told.stdout).unwrap()
    };
    for argument in ["--help", "-h"] {
        let told = ask(argument);
        assert!(told.starts_with("Samepath's window: ") && told.contains("samepath --help"), "{told}");
    }
    for argument in ["--version", "-V"] {
        assert_eq!(ask(argument), concat!("samepath-desktop ", env!("CARGO_PKG_VERSION"), "\n"));
    }
}

#[test]
fn a_window_that_is_closed_hands_its_queue_over_and_says_nothing() {
    let desk = Desk::new();
    desk.write_config(&desk.vast());
    let process = desk.start(&[]);
    wait_for("the window", || desk.window());
    desk.close_window(process);
    assert_eq!(desk.said(), "");
}

#[test]
fn a_first_that_was_killed_blocks_nobody_and_one_that_ends_is_waited_for() {
    let (desk, maze) = Desk::with_maze();
    let killed = desk.start(&[]);
    wait_for("the first window", || desk.window());
    let kill = Command::new("kill").args(["-KILL", &killed.to_string()]).status().unwrap();
    assert!(kill.success());
    wait_for("the first to be gone", || (!runs(killed) && desk.window().is_none()).then_some(()));
    assert!(desk.data().join("window").exists(), "it left what it listened with");

    // The next one is the window.
    let second = desk.start(&[maze.join("labels.slp").to_str().unwrap()]);
    wait_for("the second window", || desk.window());
    assert!(runs(second));
    wait_for("the second window to close", || {
        let Some(id) = desk.window() else { return Some(()) };
        desk.display.xdotool(&["windowactivate", "--sync", &id]);
        desk.display.xdotool(&["key", "alt+F4"]);
        None
    });
    // At once: it may still be handing its queue over.
    let window = desk.open();
    assert_ne!(window.process(), second);
    window.go("Workers");
    wait_for("this computer's worker", || window.text().contains("free").then_some(()));
    assert!(!window.text().contains("not running"), "{}", window.text());
    wait_for("the second to be gone", || (!runs(second)).then_some(()));
}

#[test]
fn size_page_and_looks_are_there_again_at_the_next_start() {
    let desk = Desk::new();
    desk.write_config(&desk.vast());
    let window = desk.open();
    assert_eq!(window.script("return [innerWidth, innerHeight]"), serde_json::json!([1280, 800]));
    window.resize((1000, 640));
    window.go("Settings");
    window.choose("Light or dark", "dark");
    window.choose("Text size", "115 %");
    window.quit();
    let kept = desk.kept();
    assert_eq!((&kept["place"]["width"], &kept["place"]["height"]), (&1000.into(), &640.into()), "{kept}");

    let window = desk.open();
    window.wait_for_element("region", "Settings");
    assert_eq!(window.script("return [innerWidth, innerHeight]"), serde_json::json!([1000, 640]));
    let looks = "return [document.documentElement.hasAttribute('data-dark'), document.documentElement.style.fontSize]";
    assert_eq!(window.script(looks), serde_json::json!([true, "115%"]));
    assert_eq!(window.script("return localStorage.getItem('samepath.looks')"), Value::Null, "there is one home");
    window.quit();

    // A screen that is there no more: the window comes to the one that is, and fits.
    let far = r#"{"x": 5000, "y": -3000, "width": 3000, "height": 2000, "maximised": false}"#;
    let mut kept = kept;
    kept["place"] = serde_json::from_str(far).unwrap();
    desk.keep(&kept);
    let window = desk.open();
    window.wait_for_element("region", "Settings");
    assert_eq!(window.script("return [innerWidth, innerHeight]"), serde_json::json!([1280, 900]));
}

#[test]
fn this_computer_is_no_worker_where_the_person_says_so() {
    let (desk, maze) = Desk::with_maze();
    desk.add_kind("train", "Train for long", &desk.training());
    let window = desk.open();
    window.submit(&maze.join("labels.slp"), "Train for long", "day 3");
    window.wait_for_text_in("table", "Jobs", "1/10");
    window.go("Settings");
    window.click("checkbox", "Run jobs on this computer while Samepath is open");
    window.wait_for_text_in("dialog", "1 job runs on this computer", "day 3");
    window.click("button", "Stop it, saving, and turn the worker off");
    window.wait_for_text("Jobs wait until it is on again.");
    window.go("Workers");
    window.wait_for_text("This computer runs no jobs now");
    window.go("Jobs");
    window.wait_for_text_in("table", "Jobs", "Cancelled");
    window.quit();

    let window = desk.open();
    window.go("Workers");
    window.wait_for_text("This computer runs no jobs now");
    window.go("Settings");
    window.click("checkbox", "Run jobs on this computer while Samepath is open");
    window.wait_for_text("Check a SLEAP project");
    window.go("Workers");
    wait_for("this computer's worker", || window.text().contains("free").then_some(()));
}

#[test]
fn what_the_window_starts_again_and_again_brings_no_web_view_along() {
    let desk = Desk::new();
    desk.add_maze();
    desk.write_config(&desk.vast());
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", "ready");
    let process = window.process();
    // Each thread has its own.
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let all: String =
        threads.map(|thread| fs::read_to_string(thread.path().join("children")).unwrap_or_default()).collect();
    let programs: Vec<_> = all
        .split_whitespace()
        .filter_map(|child| {
            let line = fs::read_to_string(format!("/proc/{child}/cmdline")).ok()?;
            let is_ours = line.split('\0').nth(1).is_some_and(|word| matches!(word, "helper" | "guard"));
            is_ours.then(|| fs::read_link(format!("/proc/{child}/exe")).ok())?
        })
        .collect();
    assert!(!programs.is_empty(), "no helper waits: {all}");
    assert!(programs.iter().all(|program| program.ends_with("samepath")), "{programs:?}");
}
