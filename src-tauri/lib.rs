//! Samepath's window.
//!
//! The shell between the page (`ui/`) and [`samepath_app::App`]: it opens the window, hands the page's calls on, and streams
//! what changes. What anything *means* is decided in `samepath-app`; the page's words are in `ui/src/lib/words.ts`.
//!
//! What must never be here: a decision about storages, jobs or workers; a sentence for people that the page could hold; a touch
//! of a storage. The process's environment is read in `main.rs` alone.
//!
//! The joint to the page is `ui/src/lib/ipc/bindings.ts`, made from [`bindings`] and held in step by a test.

mod commands;
mod error;
mod menu;
mod notices;
mod place;
mod reveal;
mod streams;
mod window;

pub use error::StartError;
pub use window::run;

use commands::{dataset, dialog, job, lab, settings, setup, storage, stream};
use tauri_specta::{Builder, ErrorHandlingMode, collect_commands};

/// Everything that the page can call, with its types.
pub fn bindings() -> Builder<tauri::Wry> {
    // No type of ours has a 64-bit integer; a JSON value may hold one, and in the page JSON's numbers are what they are.
    let builder = Builder::new()
        .error_handling(ErrorHandlingMode::Throw)
        .dangerously_cast_bigints_to_number()
        .disable_serde_phases();
    builder.commands(collect_commands![
        storage::add_storage,
        storage::set_storage,
        storage::rename_storage,
        storage::remove_storage,
        storage::put_storage_back,
        storage::check_storages,
        storage::show_storage,
        setup::look_around,
        setup::own_folder,
        setup::try_storage,
        setup::make_own,
        setup::same_storage,
        setup::folder_in,
        setup::found_settings,
        setup::settings_of,
        setup::place_folder,
        setup::show_me,
        setup::stop_showing,
        dataset::open_dataset,
        dataset::locate_video,
        dataset::copy_files,
        dataset::stop_copying,
        dataset::show_dataset,
        dataset::results_there,
        dataset::kinds,
        dataset::readiness,
        job::submit,
        job::stop,
        job::kill,
        job::retry,
        job::clear_jobs,
        job::report,
        job::follow_up,
        job::open_log,
        job::show_results,
        job::open_in_sleap,
        lab::read_invitation,
        lab::join_lab,
        lab::join_as_worker,
        lab::memberships,
        lab::leave_lab,
        lab::add_computer,
        lab::computers,
        lab::remove_computer,
        lab::drain_worker,
        lab::remove_worker,
        lab::try_now,
        lab::start_again,
        settings::keep,
        settings::start_worker,
        settings::stop_worker,
        settings::hardware,
        settings::programs,
        settings::set_program,
        settings::doctor,
        settings::open_settings,
        settings::settings_around,
        settings::open_permissions,
        settings::show_data,
        settings::connect,
        settings::show_news,
        dialog::pick_file,
        dialog::pick_files,
        dialog::pick_new_file,
        dialog::pick_folder,
        stream::watch,
        stream::follow_log,
        stream::follow_metrics,
        stream::leave,
        stream::attend_window,
        window::close_window,
        window::quit,
    ])
}

#[cfg(test)]
mod tests {
    use specta_typescript::Typescript;
    use std::path::Path;

    /// Set, it rewrites the file instead of comparing.
    const REWRITE: &str = "SAMEPATH_WRITE_BINDINGS";

    #[test]
    fn the_page_has_the_shell_s_types() {
        let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui/src/lib/ipc/bindings.ts");
        let folder = tempfile::tempdir().unwrap();
        let fresh = folder.path().join("bindings.ts");
        super::bindings().export(Typescript::default(), &fresh).unwrap();
        let fresh = std::fs::read_to_string(fresh).unwrap();
        if std::env::var_os(REWRITE).is_some() {
            std::fs::write(&committed, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(committed).unwrap_or_default().replace("\r\n", "\n");
        assert!(
            committed == fresh,
            "ui/src/lib/ipc/bindings.ts is not what the shell offers; set {REWRITE}=1 to rewrite it"
        );
    }
}
