//! The menu bar of a Mac. Elsewhere the window has none.

use serde::Serialize;
use specta::Type;

/// What is chosen there and done by the page, as its keys do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_os = "macos"), allow(dead_code, reason = "nothing else has such a bar"))]
pub(crate) enum Choice {
    NewJob,
    ChooseDataset,
    Find,
    Jobs,
    Workers,
    Storage,
    CheckStorages,
    Settings,
    Keys,
}

#[cfg(any(target_os = "macos", test))]
impl Choice {
    const ALL: [Self; 9] = [
        Self::NewJob,
        Self::ChooseDataset,
        Self::Find,
        Self::Jobs,
        Self::Workers,
        Self::Storage,
        Self::CheckStorages,
        Self::Settings,
        Self::Keys,
    ];

    /// What is read there, and the key beside it.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::NewJob => ("New Job", "Cmd+N"),
            Self::ChooseDataset => ("Choose Dataset…", "Cmd+O"),
            Self::Find => ("Find", "Cmd+F"),
            Self::Jobs => ("Jobs", "Cmd+2"),
            Self::Workers => ("Workers", "Cmd+3"),
            Self::Storage => ("Storage", "Cmd+4"),
            Self::CheckStorages => ("Check Storage Now", "Cmd+R"),
            Self::Settings => ("Settings…", "Cmd+,"),
            Self::Keys => ("Keyboard Shortcuts", "Cmd+/"),
        }
    }

    fn of(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.words().0 == id)
    }
}

#[cfg(target_os = "macos")]
pub(crate) use bar::{build, choose};

#[cfg(target_os = "macos")]
mod bar {
    use super::Choice;
    use crate::streams::{Streams, WindowUpdate};
    use crate::window::{MAIN, end, show};
    use tauri::menu::{
        AboutMetadata, HELP_SUBMENU_ID, Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu, WINDOW_SUBMENU_ID,
    };
    use tauri::{AppHandle, Manager, Wry};

    /// Its own: the system's ends a program without a word to it.
    const QUIT: &str = "Quit Samepath";

    /// The whole menu bar.
    pub(crate) fn build(handle: &AppHandle) -> tauri::Result<Menu<Wry>> {
        let item = |choice: Choice| {
            let (words, key) = choice.words();
            MenuItem::with_id(handle, words, words, true, Some(key))
        };
        let gap = || PredefinedMenuItem::separator(handle);
        let about =
            AboutMetadata { version: Some(handle.package_info().version.to_string()), ..AboutMetadata::default() };
        let own = Submenu::with_items(
            handle,
            "Samepath",
            true,
            &[
                &PredefinedMenuItem::about(handle, None, Some(about))?,
                &gap()?,
                &item(Choice::Settings)?,
                &gap()?,
                &PredefinedMenuItem::services(handle, None)?,
                &gap()?,
                &PredefinedMenuItem::hide(handle, None)?,
                &PredefinedMenuItem::hide_others(handle, None)?,
                &PredefinedMenuItem::show_all(handle, None)?,
                &gap()?,
                &MenuItem::with_id(handle, QUIT, QUIT, true, Some("Cmd+Q"))?,
            ],
        )?;
        let file = Submenu::with_items(
            handle,
            "File",
            true,
            &[
                &item(Choice::NewJob)?,
                &item(Choice::ChooseDataset)?,
                &gap()?,
                &PredefinedMenuItem::close_window(handle, None)?,
            ],
        )?;
        let edit = Submenu::with_items(
            handle,
            "Edit",
            true,
            &[
                &PredefinedMenuItem::undo(handle, None)?,
                &PredefinedMenuItem::redo(handle, None)?,
                &gap()?,
                &PredefinedMenuItem::cut(handle, None)?,
                &PredefinedMenuItem::copy(handle, None)?,
                &PredefinedMenuItem::paste(handle, None)?,
                &PredefinedMenuItem::select_all(handle, None)?,
                &gap()?,
                &item(Choice::Find)?,
            ],
        )?;
        let view = Submenu::with_items(
            handle,
            "View",
            true,
            &[
                &item(Choice::Jobs)?,
                &item(Choice::Workers)?,
                &item(Choice::Storage)?,
                &gap()?,
                &item(Choice::CheckStorages)?,
                &gap()?,
                &PredefinedMenuItem::fullscreen(handle, None)?,
            ],
        )?;
        let window = Submenu::with_id_and_items(
            handle,
            WINDOW_SUBMENU_ID,
            "Window",
            true,
            &[&PredefinedMenuItem::minimize(handle, None)?, &PredefinedMenuItem::maximize(handle, None)?],
        )?;
        let help = Submenu::with_id_and_items(handle, HELP_SUBMENU_ID, "Help", true, &[&item(Choice::Keys)?])?;
        Menu::with_items(handle, &[&own, &file, &edit, &view, &window, &help])
    }

    /// Something was chosen there.
    #[expect(clippy::needless_pass_by_value, reason = "called so")]
    pub(crate) fn choose(handle: &AppHandle, event: MenuEvent) {
        let id: &str = event.id().as_ref();
        if id == QUIT {
            return end(handle);
        }
        if let Some(choice) = Choice::of(id) {
            show(handle);
            handle.state::<Streams>().tell(MAIN, WindowUpdate::Chosen(choice));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Choice;
    use std::collections::BTreeSet;

    #[test]
    fn each_is_found_again_and_has_a_key_of_its_own() {
        for choice in Choice::ALL {
            assert_eq!(Choice::of(choice.words().0), Some(choice));
        }
        let keys: BTreeSet<&str> = Choice::ALL.iter().map(|choice| choice.words().1).collect();
        assert_eq!(keys.len(), Choice::ALL.len());
        assert_eq!(Choice::of("Quit Samepath"), None);
    }
}
