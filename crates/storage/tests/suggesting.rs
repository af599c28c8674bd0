//! What is suggested on a real computer: looked at through the helper, never in this process.

#![cfg(target_os = "linux")]

mod config_lab;
mod support;

use config_lab::Lab;
use samepath_storage::{Suggestion, share_of, suggest_here};
use samepath_testkit::FuseMount;
use samepath_wire::BackendState;
use std::path::Path;
use std::time::{Duration, Instant};
use support::helper::helper;

const DEADLINE: Duration = Duration::from_secs(10);

/// Those below the lab's folder; this computer may have shares of its own.
fn below(lab: &Lab, suggestions: Vec<Suggestion>) -> Vec<Suggestion> {
    suggestions.into_iter().filter(|it| Path::new(&it.base_path).starts_with(lab.home())).collect()
}

fn mappings(lab: &Lab, names: &[&str]) -> String {
    let line = |name: &&str| {
        format!(
            "[[path_mappings]]\nlocal = '{}/here-{name}/amick'\nworker = '/root/{name}/amick'\n",
            lab.home().display()
        )
    };
    names.iter().map(line).collect()
}

#[test]
fn a_suggestion_says_how_the_storage_is_and_which_folder_is_the_persons() {
    let lab = Lab::new();
    for folder in ["here-vast/amick", "here-scratch/tom"] {
        std::fs::create_dir_all(lab.home().join(folder)).expect("a folder");
    }
    std::fs::write(lab.home().join("here-scratch/amick"), "a file is no folder").expect("a file");
    std::fs::write(lab.home().join("here-notes"), "no storage").expect("a file");
    std::fs::write(lab.file(), mappings(&lab, &["gone", "vast", "scratch", "notes"])).expect("a file");
    let config = lab.load().expect("a configuration");
    let found = below(&lab, suggest_here(&helper(), &config, &lab.environment, "amick", DEADLINE));
    let shown: Vec<_> = found.iter().map(|it| (it.name.as_str(), it.state, it.user_subdir.as_deref())).collect();
    assert_eq!(
        shown,
        [
            ("vast", Some(BackendState::Ready), Some("amick")),
            ("scratch", Some(BackendState::Ready), None),
            ("gone", Some(BackendState::Missing), None),
        ]
    );
    assert!(found[0].free_bytes.is_some());
}

#[test]
fn what_is_configured_by_another_name_of_the_folder_is_not_suggested() {
    let lab = Lab::new();
    std::fs::create_dir(lab.home().join("here-vast")).expect("a folder");
    std::os::unix::fs::symlink(lab.home().join("here-vast"), lab.home().join("link")).expect("a link");
    let real = lab.home().canonicalize().expect("a real path").join("link");
    let text = format!("[storage.vast]\nbase_path = '{}'\n{}", real.display(), mappings(&lab, &["vast"]));
    std::fs::write(lab.file(), text).expect("a file");
    let config = lab.load().expect("a configuration");
    assert_eq!(below(&lab, suggest_here(&helper(), &config, &lab.environment, "amick", DEADLINE)), []);
}

#[test]
fn a_dead_mount_is_suggested_as_not_answering_and_holds_up_nobody() {
    let lab = Lab::new();
    std::fs::create_dir(lab.home().join("here-vast")).expect("a folder");
    let mount = FuseMount::new(&[("amick/x", "")]);
    let share =
        format!("[[path_mappings]]\nlocal = '{}/amick'\nworker = '/root/share/amick'\n", mount.path().display());
    std::fs::write(lab.file(), share + &mappings(&lab, &["vast"])).expect("a file");
    let config = lab.load().expect("a configuration");
    let helper = helper();
    let find = |deadline| {
        let found = suggest_here(&helper, &config, &lab.environment, "amick", deadline);
        let ours = found.into_iter().filter(|it| ["share", "vast"].contains(&it.name.as_str()));
        ours.map(|it| (it.name, it.state, it.user_subdir)).collect::<Vec<_>>()
    };
    let amick = Some("amick".to_owned());
    let (share, vast) = ("share".to_owned(), ("vast".to_owned(), Some(BackendState::Ready), None));
    assert_eq!(find(DEADLINE), [(share.clone(), Some(BackendState::Ready), amick), vast.clone()]);
    mount.stop();
    let start = Instant::now();
    let found = find(Duration::from_millis(700));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(found, [vast, (share, Some(BackendState::NotAnswering), None)]);
}

#[test]
fn what_is_on_a_share_is_told_from_what_is_on_this_computer_even_if_the_share_is_silent() {
    let lab = Lab::new();
    let mount = FuseMount::of_share("vast01:/talmo", &[("amick/labels.slp", "")]);
    let labels = mount.path().join("amick/labels.slp");
    mount.stop();
    assert_eq!(share_of(&labels, Some(lab.home())), Some(mount.path().to_owned()));
    assert_eq!(share_of(&labels, Some(&mount.path().join("amick"))), None, "a home is no storage");
    assert_eq!(share_of(lab.home(), None), None);
}
