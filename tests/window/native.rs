use crate::display::Display;
use crate::driver::wait_for;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// The chooser makes its entry visible before it takes keys, and shows nothing of that outside.
const ENTRY_OPENS: Duration = Duration::from_millis(300);

/// Chooses this path in the native dialog whose title begins so, as a person with a keyboard does, and waits until it has closed.
pub(crate) fn choose(display: &Display, title: &str, path: &Path) {
    let pattern = format!("^{title}");
    let find = || display.xdotool(&["search", "--onlyvisible", "--name", &pattern]);
    let dialog = wait_for(&format!("the dialog {title:?}"), || find().filter(|found| !found.is_empty()));
    let dialog = dialog.lines().last().expect("a window was found").to_owned();
    let path = path.to_str().expect("a path that can be typed");
    for _ in 0..5 {
        display.xdotool(&["windowactivate", "--sync", &dialog]);
        // `/` opens the path entry, and only opens it; Ctrl+L would close it again.
        display.xdotool(&["key", "slash"]);
        sleep(ENTRY_OPENS);
        display.xdotool(&["key", "ctrl+a"]);
        display.xdotool(&["type", "--delay", "4", path]);
        // What the entry completed by itself goes; it is selected behind what was typed.
        sleep(ENTRY_OPENS);
        display.xdotool(&["key", "Delete"]);
        for _ in 0..4 {
            if find().is_none() {
                return;
            }
            display.xdotool(&["key", "Return"]);
            sleep(ENTRY_OPENS);
        }
        if find().is_none() {
            return;
        }
    }
    panic!("the dialog {title:?} stays open");
}
