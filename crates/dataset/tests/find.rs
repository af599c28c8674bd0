//! Finding videos: every rank, every way to be ambiguous, every kind of written path.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

use samepath_dataset::{Hints, How, Project, Video, Whereabouts, find_images, find_videos};
use samepath_storage::{Backend, PathMapping, Platform, Storages};
use samepath_wire::{StoragePath, VideoChoice};
use std::path::{Path, PathBuf};

/// Folders that are storages here, and a project on the first of them.
struct Lab {
    folder: tempfile::TempDir,
    storages: Storages,
    project: PathBuf,
    hints: Hints,
}

impl Lab {
    fn new(names: &[&str], project: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let backends = names.iter().map(|name| backend(name, &folder.path().join(name))).collect();
        let mut lab = Self {
            storages: Storages::new(backends, Platform::current()),
            project: folder.path().join(project),
            folder,
            hints: Hints::default(),
        };
        for name in names {
            std::fs::create_dir_all(lab.path(name)).unwrap();
        }
        lab.file(project);
        lab
    }

    fn path(&self, below: &str) -> PathBuf {
        self.folder.path().join(below)
    }

    fn file(&mut self, below: &str) -> &mut Self {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, below).unwrap();
        self
    }

    fn submitter(&mut self, name: &str, base: &str) -> &mut Self {
        self.hints.base_paths.entry(name.to_owned()).or_default().push(base.to_owned());
        self
    }

    fn fleet(&mut self, name: &str, base: &str) -> &mut Self {
        self.hints.fleet_base_paths.entry(name.to_owned()).or_default().push(base.to_owned());
        self
    }

    fn choose(&mut self, written: &str, at: StoragePath) -> &mut Self {
        self.hints.chosen.push(VideoChoice { written: written.to_owned(), at });
        self
    }

    fn find(&self, written: &[&str]) -> Vec<Whereabouts> {
        let video = |path: &&str| Video { written: vec![(*path).to_owned()], ..Video::default() };
        self.find_in(written.iter().map(video).collect())
    }

    fn find_in(&self, videos: Vec<Video>) -> Vec<Whereabouts> {
        let project = project(videos);
        let found = find_videos(&project, &self.project, &self.storages, &self.hints);
        assert_eq!(found.len(), project.videos.len());
        for video in &found {
            assert!(!video.found || video.local.as_ref().is_some_and(|local| local.is_file()), "{video:?}");
            assert!(video.found || video.detail.is_some(), "{video:?}");
        }
        found
    }

    fn one(&self, written: &str) -> Whereabouts {
        self.find(&[written]).remove(0)
    }

    /// Storage path and way of one video that is here.
    fn here(&self, written: &str) -> (String, How) {
        let found = self.one(written);
        assert!(found.found, "{found:?}");
        (found.at.map(|at| at.to_string()).unwrap_or_default(), found.how)
    }

    fn not_here(&self, written: &str) -> How {
        let found = self.one(written);
        assert!(!found.found, "{found:?}");
        found.how
    }
}

fn project(videos: Vec<Video>) -> Project {
    Project { videos, labelled_frames: None, animals: None, is_package: false, size: 1, modified: None }
}

fn backend(name: &str, base: &Path) -> Backend {
    Backend {
        name: name.to_owned(),
        base_path: base.to_owned(),
        kind: None,
        description: None,
        user_subdir: String::new(),
        subpath: String::new(),
    }
}

fn at(backend: &str, user_subdir: &str, path: &str) -> StoragePath {
    StoragePath::new(backend, user_subdir, path)
}

#[test]
fn a_base_path_of_another_computer_leads_to_the_file_here() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.file("vast/amick/x.mp4").submitter("vast", "/Volumes/talmo");
    let found = lab.one("/Volumes/talmo/amick/x.mp4");
    assert_eq!(found.at, Some(at("vast", "amick", "x.mp4")));
    assert_eq!(found.how, How::BasePath);
    assert_eq!(found.size, Some("vast/amick/x.mp4".len() as u64));
    assert_eq!(found.local.unwrap().canonicalize().unwrap(), lab.path("vast/amick/x.mp4").canonicalize().unwrap());
}

#[test]
fn windows_paths_are_translated_on_any_computer() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.file("vast/amick/day 1/x.mp4").fleet("vast", r"z:\").fleet("vast", r"\\VAST01\talmo");
    for written in [
        "Z:/amick/day 1/x.mp4",
        r"Z:\amick\day 1\x.mp4",
        r"z:\amick/day 1\x.mp4",
        "//vast01/talmo/amick/day 1/x.mp4",
        r"\\vast01\Talmo\amick\day 1\x.mp4",
        r"\\?\UNC\vast01\talmo\amick\day 1\x.mp4",
    ] {
        assert_eq!(lab.here(written), ("vast:amick/day 1/x.mp4".to_owned(), How::BasePath), "{written}");
    }
    assert_eq!(lab.not_here(r"Y:\amick\day 2\y.mp4"), How::NotFound);
}

#[test]
fn composed_and_decomposed_names_are_one() {
    let mut lab = Lab::new(&["vast"], "vast/labels.slp");
    lab.file("vast/amick/Zoe\u{308}/a\u{308}.mp4").submitter("vast", "/Volumes/labo\u{e9}");
    assert_eq!(lab.here("/Volumes/laboe\u{301}/amick/Zo\u{eb}/\u{e4}.mp4").1, How::BasePath);
}

#[test]
fn the_ranks_in_their_order() {
    let mut lab = Lab::new(&["vast", "scratch"], "vast/amick/labels.slp");
    for file in ["vast/a/x.mp4", "vast/b/x.mp4", "vast/c/x.mp4", "scratch/d/x.mp4", "vast/amick/x.mp4"] {
        lab.file(file);
    }
    let written = "/data/d/x.mp4";
    assert_eq!(lab.here(written), ("vast:amick/x.mp4".to_owned(), How::BesideProject));
    lab.hints
        .path_mappings
        .push(PathMapping { local: "/data/d".to_owned(), worker: lab.path("vast/c").to_str().unwrap().to_owned() });
    assert_eq!(lab.here(written), ("vast:c/x.mp4".to_owned(), How::PathMapping));
    lab.fleet("scratch", "/data");
    assert_eq!(lab.here(written), ("scratch:d/x.mp4".to_owned(), How::BasePath));
    std::fs::create_dir_all(lab.path("vast/b/d")).unwrap();
    lab.file("vast/b/d/x.mp4").submitter("vast", "/elsewhere").submitter("vast", "/data");
    // The submitter's base path leads to nothing here, so the fleet's is asked.
    assert_eq!(lab.here(written).0, "scratch:d/x.mp4");
    lab.file("vast/d/x.mp4");
    assert_eq!(lab.here(written).0, "vast:d/x.mp4");
    lab.choose(written, at("vast", "a", "x.mp4"));
    assert_eq!(lab.here(written), ("vast:a/x.mp4".to_owned(), How::Chosen));
}

#[test]
fn what_was_chosen_and_is_not_there_is_not_replaced_by_a_guess() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.file("vast/amick/x.mp4").choose("/tom/x.mp4", at("vast", "tom", "x.mp4"));
    let found = lab.one("/tom/x.mp4");
    assert_eq!((found.found, found.how, found.at), (false, How::Chosen, Some(at("vast", "tom", "x.mp4"))));
    lab.choose("/tom/x.mp4", at("vast", "amick", "x.mp4"));
    assert_eq!(lab.not_here("/tom/x.mp4"), How::Ambiguous);
}

#[test]
fn two_answers_of_one_rank_are_no_answer() {
    let mut lab = Lab::new(&["vast", "scratch"], "vast/amick/labels.slp");
    lab.file("vast/tom/x.mp4").file("scratch/tom/x.mp4").fleet("vast", "/data").fleet("scratch", "/data");
    let found = lab.one("/data/tom/x.mp4");
    assert_eq!((found.found, found.how), (false, How::Ambiguous));
    let detail = found.detail.unwrap();
    assert!(detail.contains("vast:tom/x.mp4") && detail.contains("scratch:tom/x.mp4"), "{detail}");
    std::fs::remove_file(lab.path("scratch/tom/x.mp4")).unwrap();
    assert_eq!(lab.here("/data/tom/x.mp4").0, "vast:tom/x.mp4");
}

#[test]
fn on_the_submitters_computer_a_mount_hides_what_is_under_it() {
    let mut lab = Lab::new(&["vast", "scratch"], "vast/amick/labels.slp");
    lab.file("vast/scratch/tom/x.mp4").file("scratch/tom/x.mp4");
    lab.submitter("vast", "/mnt").submitter("scratch", "/mnt/scratch");
    assert_eq!(lab.here("/mnt/scratch/tom/x.mp4").0, "scratch:tom/x.mp4");
}

#[cfg(unix)]
#[test]
fn two_ways_to_one_file_are_one_answer() {
    let mut lab = Lab::new(&["vast", "scratch"], "vast/amick/labels.slp");
    lab.file("vast/tom/x.mp4").fleet("vast", "/data").fleet("scratch", "/data");
    std::fs::create_dir(lab.path("scratch/tom")).unwrap();
    std::fs::hard_link(lab.path("vast/tom/x.mp4"), lab.path("scratch/tom/x.mp4")).unwrap();
    assert_eq!(lab.here("/data/tom/x.mp4").1, How::BasePath);
}

#[test]
fn two_videos_on_one_file() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.file("vast/amick/cam0.mp4");
    // Only one of the two can be the one beside the project, and nothing says which.
    let found = lab.find(&["/tom/day1/cam0.mp4", "/tom/day2/cam0.mp4", "/tom/day1/cam1.mp4"]);
    assert_eq!(found[0].how, How::Ambiguous);
    assert_eq!(found[1].how, How::Ambiguous);
    assert!(found[0].detail.as_ref().unwrap().contains("day2"), "{:?}", found[0].detail);
    assert_eq!(found[2].how, How::NotFound);
    // One that is known to be it takes it from one that only might be.
    lab.choose("/tom/day2/cam0.mp4", at("vast", "amick", "cam0.mp4"));
    let found = lab.find(&["/tom/day1/cam0.mp4", "/tom/day2/cam0.mp4"]);
    assert_eq!((found[0].how, found[1].how), (How::Ambiguous, How::Chosen));
    assert_eq!((found[0].found, found[1].found), (false, true));
    lab.choose("/tom/day1/cam0.mp4", at("vast", "", "amick/cam0.mp4"));
    let found = lab.find(&["/tom/day1/cam0.mp4", "/tom/day2/cam0.mp4"]);
    assert_eq!((found[0].how, found[1].how), (How::Ambiguous, How::Ambiguous));
    // The same video twice is one video.
    let found = lab.find(&["/tom/day1/cam0.mp4", "/tom/day1/cam0.mp4"]);
    assert!(found.iter().all(|video| video.found), "{found:?}");
}

#[test]
fn beside_the_project_the_longest_common_tail_wins() {
    let mut lab = Lab::new(&["vast"], "vast/amick/maze/labels/labels.slp");
    let written = "/Users/tom/maze/day1/cam0.mp4";
    assert_eq!(lab.not_here(written), How::NotFound);
    lab.file("vast/amick/maze/labels/cam0.mp4");
    let found = lab.one(written);
    assert_eq!(found.how, How::BesideProject);
    assert!(found.by_name && found.detail.unwrap().contains("name"));
    lab.file("vast/amick/maze/labels/day1/cam0.mp4");
    assert_eq!(lab.here(written).0, "vast:amick/maze/labels/day1/cam0.mp4");
    assert!(!lab.one(written).by_name, "its folder leads there, too");
    // The whole folder `maze` moved, videos and project together.
    lab.file("vast/amick/maze/day1/cam0.mp4");
    assert_eq!(lab.here(written).0, "vast:amick/maze/day1/cam0.mp4");
    assert_eq!(lab.here(r"C:\Users\tom\maze\day1\cam0.mp4").0, "vast:amick/maze/day1/cam0.mp4");
    // Two tails of one length.
    lab.file("vast/amick/maze/labels/maze/day1/cam0.mp4");
    assert_eq!(lab.not_here(written), How::Ambiguous);
}

#[test]
fn as_written() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.file("vast/tom/x.mp4").file("outside/y.mp4").file("vast/videos/z.mp4");
    let written = |name: &str| lab.path(name).to_str().unwrap().to_owned();
    assert_eq!(lab.here(&written("vast/tom/x.mp4")), ("vast:tom/x.mp4".to_owned(), How::AsWritten));
    assert_eq!(lab.here(&written("outside/y.mp4")), (String::new(), How::Elsewhere));
    assert_eq!(lab.here("../videos/z.mp4"), ("vast:videos/z.mp4".to_owned(), How::AsWritten));
    assert_eq!(lab.not_here("../../outside/y.mp4"), How::NotFound);
    assert_eq!(lab.not_here(&written("vast/tom/../../outside/y.mp4")), How::NotFound);
}

#[cfg(unix)]
#[test]
fn a_link_that_leaves_the_storage_is_not_followed() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.file("outside/x.mp4").submitter("vast", "/data");
    std::os::unix::fs::symlink(lab.path("outside"), lab.path("vast/link")).unwrap();
    std::os::unix::fs::symlink("amick", lab.path("vast/inside")).unwrap();
    lab.file("vast/amick/y.mp4");
    let found = lab.one("/data/link/x.mp4");
    assert!(!found.found && found.detail.unwrap().contains("link"));
    assert_eq!(lab.here("/data/inside/y.mp4").1, How::BasePath);
}

#[test]
fn a_storage_that_this_computer_does_not_have_is_named() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.fleet("gdrive", "/Volumes/GoogleDrive");
    let found = lab.one("/Volumes/GoogleDrive/tom/x.mp4");
    assert_eq!((found.found, found.how, found.at), (false, How::NotFound, Some(at("gdrive", "tom", "x.mp4"))));
    assert!(found.detail.unwrap().contains("gdrive"));
}

#[test]
fn a_folder_is_no_video() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    std::fs::create_dir_all(lab.path("vast/tom/x.mp4")).unwrap();
    lab.submitter("vast", "/data");
    assert_eq!(lab.not_here("/data/tom/x.mp4"), How::NotFound);
}

#[test]
fn an_image_sequence_is_here_when_every_image_is() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.submitter("vast", "/data");
    let written: Vec<String> = (0..5).map(|index| format!("/data/tom/imgs/f{index:03}.png")).collect();
    let sequence = || vec![Video { written: written.clone(), ..Video::default() }];
    for index in 0..4 {
        lab.file(&format!("vast/tom/imgs/f{index:03}.png"));
    }
    let found = lab.find_in(sequence()).remove(0);
    assert_eq!((found.found, found.images), (false, 5));
    assert!(found.detail.as_ref().unwrap().contains("f004.png"), "{found:?}");
    lab.file("vast/tom/imgs/f004.png");
    let found = lab.find_in(sequence()).remove(0);
    assert_eq!((found.found, found.how), (true, How::BasePath));
    assert_eq!(found.at, Some(at("vast", "tom", "imgs/f000.png")));
    assert_eq!(found.size, Some(5 * "vast/tom/imgs/f000.png".len() as u64));
    // Chosen by its first image, the others lie beside that.
    for index in 0..5 {
        lab.file(&format!("vast/chosen/f{index:03}.png"));
    }
    lab.choose(&written[0], at("vast", "", "chosen/f000.png"));
    assert_eq!(lab.find_in(sequence()).remove(0).how, How::Chosen);
    let located = find_images(&project(sequence()), &lab.project, &lab.storages, &lab.hints).remove(0);
    assert_eq!((located.whereabouts.how, located.images.len()), (How::Chosen, 5));
    for (index, image) in located.images.iter().enumerate() {
        assert!(image.is_file() && image.ends_with(format!("vast/chosen/f{index:03}.png")), "{image:?}");
    }
    std::fs::remove_file(lab.path("vast/chosen/f003.png")).unwrap();
    assert!(!lab.find_in(sequence()).remove(0).found);
    // What was never beside it is looked for by itself.
    let mut elsewhere = written.clone();
    elsewhere[3] = "/data/tom/other/f003.png".to_owned();
    let sequence = || vec![Video { written: elsewhere.clone(), ..Video::default() }];
    assert!(!lab.find_in(sequence()).remove(0).found);
    lab.file("vast/tom/other/f003.png");
    assert!(lab.find_in(sequence()).remove(0).found);
}

#[test]
fn embedded_frames_are_where_the_project_is() {
    let lab = Lab::new(&["vast"], "vast/amick/labels.pkg.slp");
    let source = Some(vec!["/Volumes/talmo/amick/x.mp4".to_owned()]);
    let video = Video { written: vec![".".to_owned()], embedded: true, source_written: source, problem: None };
    let found = lab.find_in(vec![video.clone(), video]);
    for video in found {
        assert_eq!((video.found, video.how), (true, How::Embedded));
        assert_eq!(video.at, Some(at("vast", "amick", "labels.pkg.slp")));
        assert_eq!(video.source.as_deref(), Some("/Volumes/talmo/amick/x.mp4"));
    }
}

#[test]
fn a_project_on_no_storage_still_finds_what_lies_beside_it() {
    let mut lab = Lab::new(&["vast"], "outside/labels.slp");
    lab.file("outside/day1/cam0.mp4");
    let found = lab.one("/Volumes/talmo/day1/cam0.mp4");
    assert_eq!((found.found, found.how, found.at), (true, How::BesideProject, None));
}

#[test]
fn nonsense_is_not_found() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.submitter("vast", "/").submitter("vast", "").submitter("vast", "Z:").submitter("", "//");
    let long = "x/".repeat(20_000);
    for written in
        ["", ".", "..", "/", "//", "\\\\", "Z:", "Z:\\", "a\0b", "/a\0b", "/../../etc/passwd", "~/x.mp4", &long]
    {
        assert_eq!(lab.not_here(written), How::NotFound, "{written:.40}");
    }
}

/// The fields of a storage path stand in the open, `null` where there is none; what is written can be read.
#[test]
fn as_json() {
    let mut lab = Lab::new(&["vast"], "vast/amick/labels.slp");
    lab.file("vast/amick/x.mp4").submitter("vast", "/data");
    for (written, backend) in [("/data/amick/x.mp4", "vast".into()), ("/nowhere/y.mp4", serde_json::Value::Null)] {
        let found = lab.one(written);
        let json = serde_json::to_value(&found).unwrap();
        assert_eq!(json["storage_backend"], backend);
        assert_eq!(serde_json::from_value::<Whereabouts>(json).unwrap(), found);
    }
    let json = serde_json::to_value(lab.one("/data/amick/x.mp4")).unwrap();
    assert_eq!(
        (&json["user_subdir"], &json["path"], &json["how"]),
        (&"amick".into(), &"x.mp4".into(), &"base_path".into())
    );
}
