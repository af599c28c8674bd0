use crate::display::Display;
use crate::driver::wait_for;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

/// The chooser makes its entry visible before it takes keys, and shows nothing of that outside.
const ENTRY_OPENS: Duration = Duration::from_millis(300);

/// Chooses every file that the native dialog shows of this folder, as a person with a keyboard does, and waits until it has closed.
pub(crate) fn choose_all_in(display: &Display, title: &str, folder: &Path) {
    let (dialog, find) = opened(display, title);
    let folder = format!("{}/", folder.to_str().expect("a path that can be typed"));
    for _ in 0..5 {
        display.xdotool(&["windowactivate", "--sync", &dialog]);
        for keys in [&["key", "slash"][..], &["key", "ctrl+a"], &["type", "--delay", "4", &folder], &["key", "Return"]]
        {
            display.xdotool(keys);
            sleep(ENTRY_OPENS);
        }
        // The folder that was typed is what is shown now, right of the places.
        display.xdotool(&["mousemove", "--window", &dialog, "450", "300", "click", "1"]);
        for keys in ["ctrl+a", "alt+o"] {
            sleep(ENTRY_OPENS);
            display.xdotool(&["key", keys]);
        }
        for _ in 0..10 {
            sleep(ENTRY_OPENS);
            if find().is_none() {
                return;
            }
        }
    }
    panic!("the dialog {title:?} stays open");
}

/// Chooses this path in the native dialog whose title begins so, as a person with a keyboard does, and waits until it has closed.
pub(crate) fn choose(display: &Display, title: &str, path: &Path) {
    let (dialog, find) = opened(display, title);
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

/// The dialog whose title begins so, once it is there, and what looks whether it still is.
fn opened<'a>(display: &'a Display, title: &str) -> (String, impl Fn() -> Option<String> + use<'a>) {
    let pattern = format!("^{title}");
    let find = move || display.xdotool(&["search", "--onlyvisible", "--name", &pattern]);
    let dialog = wait_for(&format!("the dialog {title:?}"), || find().filter(|found| !found.is_empty()));
    (dialog.lines().last().expect("a window was found").to_owned(), find)
}
