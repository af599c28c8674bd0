//! The floor: a program of the same make whose page is empty.

use tauri::{WebviewUrl, WebviewWindowBuilder};

pub(crate) fn run() {
    tauri::Builder::default()
        .setup(|app| {
            let window = WebviewWindowBuilder::new(app, "main", WebviewUrl::default());
            Ok(window.title("Samepath").inner_size(1280.0, 800.0).build().map(drop)?)
        })
        .run(tauri::generate_context!("tests/window/bench/empty/tauri.conf.json"))
        .expect("a window");
}
