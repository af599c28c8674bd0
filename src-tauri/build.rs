//! Embeds the page and the window's capabilities.

fn main() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    tauri_build::try_build(tauri_build::Attributes::new().capabilities_path_pattern("src-tauri/capabilities/**/*"))
        .expect("tauri.conf.json and src-tauri/capabilities describe a window that can be built");
}
