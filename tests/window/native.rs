use crate::display::Display;
use crate::driver::wait_for;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// The chooser makes its entry visible before it takes keys, and shows nothing of that outside.
const ENTRY_OPENS: Duration = Duration::from_millis(300);

/// Chooses this path in the native dialog whose title begins so, as a person with a keyboard does, and waits until it has closed.
pub(crate) fn choose(display: &Display, title: &str, path: &Path) {
    let (dialog, is_open) = opened(display, title);
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
            if !is_open() {
                return;
            }
            display.xdotool(&["key", "Return"]);
            sleep(ENTRY_OPENS);
        }
        if !is_open() {
            return;
        }
    }
    panic!("the dialog {title:?} stays open");
}

/// Likewise, everything in the folder that the dialog begins in. It has a list of that once it has read it, and shows nothing of it
/// outside.
pub(crate) fn choose_all(display: &Display, title: &str) {
    let (dialog, is_open) = opened(display, title);
    for _ in 0..20 {
        display.xdotool(&["windowactivate", "--sync", &dialog]);
        display.xdotool(&["key", "ctrl+a"]);
        sleep(ENTRY_OPENS);
        display.xdotool(&["key", "Return"]);
        sleep(ENTRY_OPENS);
        if !is_open() {
            return;
        }
    }
    panic!("the dialog {title:?} stays open");
}

/// The dialog whose title begins so, once it is there, and what looks whether it still is.
fn opened<'a>(display: &'a Display, title: &str) -> (String, impl Fn() -> bool + use<'a>) {
    let pattern = format!("^{title}");
    let find =
        move || display.xdotool(&["search", "--onlyvisible", "--name", &pattern]).filter(|found| !found.is_empty());
    let dialog = wait_for(&format!("the dialog {title:?}"), &find);
    (dialog.lines().last().expect("a window was found").to_owned(), move || find().is_some())
}
