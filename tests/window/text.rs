use crate::desk::Desk;
use std::fs;

const FILE: &str = "<img src=x onerror=alert(1)>.slp";
const NAME: &str = "<b>maze</b> <img src=x onerror=alert(2)>";

#[test]
fn hostile_names_are_text() {
    let desk = Desk::new();
    let maze = desk.add_maze();
    fs::rename(maze.join("labels.slp"), maze.join(FILE)).unwrap();
    desk.write_config(&desk.vast());
    let window = desk.open();
    window.go("New job");
    window.fill("Path of the dataset", maze.join(FILE).to_str().unwrap());
    window.click("button", "Open");
    window.wait_for_text_in("list", "Where the dataset is", FILE);
    window.wait_for_text("Ready. ");
    window.fill("Name", NAME);
    window.wait_for_text("Ready. ");
    window.click("button", "Submit");
    window.click("button", "Show job");
    window.wait_for_text_in("table", "Jobs", "Done");
    window.wait_for_text_in("region", &format!("Job {NAME}"), NAME);

    for page in ["Jobs", "New job"] {
        window.go(page);
        assert_eq!(window.script("return document.querySelectorAll('img, b').length"), 0, "{page}: {}", window.text());
    }
}
