use crate::desk::Desk;
use crate::open::OpenWindow;
use std::fs;

const FILE: &str = "<img src=x onerror=document.title='owned'> \u{202e}pls.\u{2764}\u{fe0f}.slp";
const TERMINAL: &str =
    "\u{1b}[31mred\u{1b}[0m, then \u{1b}]0;owned\u{7} and \u{1b}]8;;https://example.org\u{1b}\\a link\u{8}\u{1b}[2J";
const MARKUP: &str = "<b>maze</b> <img src=x onerror=document.title='owned'> \u{202e}daed \u{2764}\u{fe0f}";

#[test]
fn hostile_names_are_text() {
    let long = "w".repeat(300);
    // No other name is taken for a worker's.
    let worker = "gpu-1".repeat(12);
    let name = format!("{MARKUP} {}", "n".repeat(100));
    let desk = Desk::new();
    let maze = desk.add_maze();
    fs::rename(maze.join("labels.slp"), maze.join(FILE)).unwrap();
    let description = format!("{MARKUP} \u{1f42d} {long}");
    desk.write_config(&desk.vast().replace("Institutional VAST", &description));
    let said = desk.sign("said");
    fs::write(&said, format!("{MARKUP} \u{1f42d} {long}\n{TERMINAL}\n")).unwrap();
    desk.add_kind("say", MARKUP, &format!("cat '{0}'\ncat '{0}' >&2\nexit 3\n", said.display()));
    let window = desk.open();
    window.go("Storage");
    window.wait_for_text_in("article", "vast", &description);
    is_plain(&window);

    desk.worker(&worker, &[("vast", &desk.other_mount())]);
    window.go("Workers");
    window.wait_for_text_in("table", "Workers", &worker);
    is_plain(&window);
    window.click_beginning("cell", &worker);
    // Beside other words, what would turn these around is made visible instead.
    window.wait_for_text_in("region", &format!("Worker {worker}"), &MARKUP.replace('\u{202e}', "\u{fffd}"));
    is_plain(&window);
    window.click("button", "Use for my next job");

    window.open_dataset(&maze.join(FILE));
    window.wait_for_text_in("list", "Where the dataset is", FILE);
    window.submit(&maze.join(FILE), MARKUP, &name);
    window.wait_for_text_in("region", &format!("Job {name}"), "Failed");
    window.wait_for_text_in("region", &format!("Job {name}"), &worker);
    is_plain(&window);
    window.click("tab", "Log");
    let log = window.wait_for_text_in("log", "Log", MARKUP);
    let isolated = "return [...document.querySelectorAll('.entry')].every((line) => line.childNodes.length === 1 && line.firstChild.nodeName === 'BDI')";
    assert_eq!(window.script(isolated), true, "{log}");
    assert!(log.contains(&long), "{log}");
    // Colours go; what else a terminal would obey is seen, and obeyed by nobody.
    assert!(
        log.contains("red, then \u{241b}]0;owned\u{2407} and \u{241b}]8;;https://example.org\u{241b}\\a link"),
        "{log}"
    );
    assert!(!log.contains(['\u{1b}', '\u{7}', '\u{8}']), "{log}");
    assert_eq!(window.script("return document.querySelectorAll('main a').length"), 0);
    is_plain(&window);
    window.go("New job");
    is_plain(&window);
}

/// Nothing that was written by others became an element or ran, and nothing is wider than its place.
fn is_plain(window: &OpenWindow<'_>) {
    let text = window.text();
    assert_eq!(window.script("return document.querySelectorAll('img, b').length"), 0, "{text}");
    assert_eq!(window.script("return document.title"), "Samepath", "{text}");
    let wide = "return [...document.querySelectorAll('html, body, nav, main, main section, article')] \
                .filter((part) => part.scrollWidth > part.clientWidth + 1).map((part) => part.outerHTML.slice(0, 200))";
    assert_eq!(window.script(wide), serde_json::json!([]), "{text}");
}

#[test]
fn whoever_wants_no_motion_sees_none() {
    let desk = Desk::new();
    desk.write_config(&desk.vast());
    let moving = "return [...document.querySelectorAll('*')].filter((one) => { const style = getComputedStyle(one); \
                  return [style.transitionDuration, style.animationDuration].some((all) => all.split(', ').some((one) => parseFloat(one) > 0)); }).length";
    let window = desk.open();
    window.go("New job");
    assert_ne!(window.script(moving), 0, "the test sees no motion at all");
    drop(window);

    let settings = desk.data().with_file_name("config").join("gtk-3.0");
    fs::create_dir_all(&settings).unwrap();
    fs::write(settings.join("settings.ini"), "[Settings]\ngtk-enable-animations=0\n").unwrap();
    let window = desk.open();
    for page in ["New job", "Jobs", "Workers", "Storage", "Settings"] {
        window.go(page);
        assert_eq!(window.script("return matchMedia('(prefers-reduced-motion: reduce)').matches"), true);
        assert_eq!(window.script(moving), 0, "{page}");
    }
}
