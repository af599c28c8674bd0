//! `samepath setup` in a real terminal, as a tired person uses it, with workers that have the storage, have another one, or are silent.
#![cfg(target_os = "linux")]

mod common;

use common::{DEADLINE, Home, Process, send};
use rustix::process::Signal;
use samepath_testkit::FuseMount;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::Instant;

/// A terminal with `samepath setup` in it: `script`, which every Linux has, holds the other end.
struct Terminal {
    child: Child,
    keys: ChildStdin,
    bytes: mpsc::Receiver<Vec<u8>>,
    screen: String,
    /// As far as the screen was waited for.
    read: usize,
}

impl Terminal {
    fn setup(home: &Home, more: &str) -> Self {
        let program = env!("CARGO_BIN_EXE_samepath");
        let inside = home.command([""; 0]);
        let mut command = Command::new("script");
        command.args(["--quiet", "--return", "--flush", "--command", &format!("{program} setup {more}"), "/dev/null"]);
        command.env_clear().envs(inside.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.env("TERM", "xterm").env("SHELL", "/bin/sh").current_dir(home.path(""));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("script, of Debian's bsdutils");
        let keys = child.stdin.take().expect("a pipe");
        let mut out = child.stdout.take().expect("a pipe");
        let (sender, bytes) = mpsc::channel();
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(length) = out.read(&mut part)
                && length > 0
                && sender.send(part[..length].to_vec()).is_ok()
            {}
        });
        Self { child, keys, bytes, screen: String::new(), read: 0 }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a terminal");
        self.keys.flush().expect("a terminal");
    }

    /// Waits until this is on the screen, behind what was waited for before.
    #[track_caller]
    fn until(&mut self, words: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            if let Some(at) = self.screen[self.read..].find(words) {
                self.read += at + words.len();
                return;
            }
            match self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{words:?} does not come: {}", self.screen),
            }
        }
    }

    /// Answers a question once it is asked.
    #[track_caller]
    fn answer(&mut self, question: &str, keys: &str) {
        self.until(question);
        self.press(&format!("{keys}\r"));
    }

    /// Until the program has ended by itself; its exit status, and everything that was on the screen.
    #[track_caller]
    fn end(mut self) -> (Option<i32>, String) {
        let end = Instant::now() + DEADLINE;
        while let Ok(bytes) = self.bytes.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.screen.push_str(&String::from_utf8_lossy(&bytes));
        }
        assert!(Instant::now() < end, "it does not end: {}", self.screen);
        let status = self.child.wait().expect("a child").code();
        (status, std::mem::take(&mut self.screen))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A worker of its own configuration, that has `vast` there.
fn worker_at(home: &Home, name: &str, base: &Path) -> Process {
    let theirs = home.path(&format!("{name}.toml"));
    fs_err::write(&theirs, format!("[storage.vast]\nbase_path = {}\ntype = 'nfs'\n", json!(base))).expect("a file");
    home.worker_with(name, &["--config", &theirs.display().to_string()])
}

fn listed(home: &Home) -> Value {
    home.ask(&["storage", "list"]).good()
}

fn test_files(home: &Home) -> Vec<String> {
    home.files("storage").into_iter().filter(|name| name.contains(".samepath-try")).collect()
}

#[test]
fn a_tired_person_gets_there() {
    let home = Home::bare();
    let share = FuseMount::of_share(&home.text("share"), &[("tom/labels.slp", "x")]);
    let mut terminal = Terminal::setup(&home, "");
    terminal.answer("Where is the lab's storage on this computer?", "");
    // This computer may have shares of its own: what is offered then is taken, and is not meant.
    let point = share.path().display().to_string();
    let (folder, own) = (home.text("mnt/vast"), home.text("mnt/vast/amick"));
    if terminal_offers(&mut terminal) {
        terminal.press("\u{3}");
        drop(terminal);
        terminal = Terminal::setup(&home, "");
        terminal.until("Where is the lab's storage on this computer?");
    }
    terminal.answer(": ", "99");
    // An arrow key, a folder with a slip in it, a file.
    terminal.answer("There is no such number here.", "\u{1b}[A");
    terminal.answer("an arrow key, maybe", &home.text("mnt/vats"));
    terminal.until("There is no folder");
    terminal.answer("Is the storage only not connected", "");
    terminal.answer(": ", &home.text("storage/amick/maze/labels.slp"));
    terminal.answer("Give the folder", &point);
    terminal.answer("Name this storage.", "???");
    terminal.answer("Letters, digits, - and _", "share");
    terminal.answer("Which folder in share is yours?", "nobody");
    terminal.answer("There is no folder nobody in share. Make it?", "maybe");
    terminal.answer("yes or no?", "n");
    terminal.answer("Your folder", "tom/");
    terminal.answer("Write share at", "no");
    terminal.until("Not written.");
    terminal.answer(": ", &folder);
    terminal.answer("Letters, digits, - and _", "");
    // The folder that is called like the person is offered; the whole path of one's own says it as well.
    terminal.until("Your folder [amick]");
    terminal.press(&format!("{own}\r"));
    terminal.answer("Write vast at", "y");
    terminal.answer("Is there another storage of the lab on this computer?", "no");
    terminal.until("Ready.");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    let storages = listed(&home);
    assert_eq!(storages.as_array().map(Vec::len), Some(1), "{storages:#}");
    assert_eq!((&storages[0]["base_path"], &storages[0]["user_subdir"]), (&json!(folder), &json!("amick")));
}

/// Whether something else of this computer was offered to whoever pressed Enter.
fn terminal_offers(terminal: &mut Terminal) -> bool {
    let end = Instant::now() + DEADLINE;
    loop {
        let rest = &terminal.screen[terminal.read..];
        if rest.contains("Write a folder, for example") {
            return false;
        }
        if rest.contains("Name this storage.") || rest.contains("is yours?") || rest.contains("There is no such number")
        {
            return true;
        }
        let bytes = terminal.bytes.recv_timeout(end.saturating_duration_since(Instant::now())).expect("a screen");
        terminal.screen.push_str(&String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn ctrl_c_at_any_question_leaves_everything_as_it_was() {
    let home = Home::bare();
    let pair =
        format!("[[path_mappings]]\nlocal = {}\nworker = '/root/lab/amick'\n", json!(home.path("mnt/vast/amick")));
    home.configure(&pair);
    let before = home.files("home");
    let questions = ["Where is the lab's storage on this computer?", "Name this storage.", "is yours?", "Write lab at"];
    for last in 0..questions.len() {
        let mut terminal = Terminal::setup(&home, "");
        for question in &questions[..last] {
            terminal.answer(question, "");
        }
        terminal.until(questions[last]);
        terminal.press("\u{3}");
        let (status, screen) = terminal.end();
        assert_eq!(status, Some(130), "{}: {screen}", questions[last]);
        assert_eq!(fs_err::read_to_string(home.config()).expect("a file"), pair);
        assert_eq!(home.files("home"), before);
        assert_eq!(test_files(&home), Vec::<String>::new());
    }
}

#[test]
fn a_folder_inside_a_share_is_ones_own_folder_of_the_labs_storage() {
    let home = Home::bare();
    let share = FuseMount::of_share(&format!("{}:/talmo", home.text("")), &[("amick/maze/labels.slp", "x")]);
    let mut worker = worker_at(&home, "gpu-1", share.path());
    let suggested = home.ask(&["storage", "suggest"]).good();
    let ours = suggested.as_array().expect("suggestions").iter().find(|it| it["base_path"] == json!(share.path()));
    let ours = ours.unwrap_or_else(|| panic!("{suggested:#}"));
    assert_eq!((&ours["name"], &ours["type"]), (&json!("vast"), &json!("network")), "{ours:#}");
    assert_eq!((&ours["lab"]["by"], &ours["lab"]["workers"]), (&json!("share"), &json!(["gpu-1"])), "{ours:#}");
    let mut terminal = Terminal::setup(&home, "");
    terminal.until("the lab's vast: 1 worker mounts this share");
    terminal.answer("]: ", &share.path().join("amick/maze").display().to_string());
    let inside = format!("We take {} as vast and amick as your folder.", share.path().display());
    terminal.until("That is a folder inside vast.");
    terminal.until(&inside);
    terminal.answer("Good?", "");
    terminal.answer("Which folder in vast is yours?", "");
    terminal.until("Asking the worker that has vast whether this is the same…");
    // A share whose server lets nobody write: the rest goes on.
    terminal.answer("Write vast at", "");
    terminal.answer("Is there another storage", "no");
    terminal.until("Ready. 1 worker has vast, too.");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(!screen.contains("Name this storage."), "the lab's name is known: {screen}");
    assert_eq!(listed(&home)[0]["user_subdir"], "amick");
    worker.end();
}

#[test]
fn workers_that_see_the_same_folder_are_told_from_those_that_do_not() {
    let home = Home::new();
    fs_err::create_dir_all(home.path("other/amick/maze")).expect("a folder");
    let mut same = worker_at(&home, "gpu-1", &home.path("Volumes/talmo"));
    let mut other = worker_at(&home, "gpu-5", &home.path("other"));
    let checked = home.ask(&["storage", "check", "--with-workers"]).good();
    let saw = |name: &str| {
        let workers = checked[0]["workers"].as_array().expect("workers");
        workers.iter().find(|it| it["worker"] == name).unwrap_or_else(|| panic!("{checked:#}"))["saw"].clone()
    };
    assert_eq!((saw("gpu-1"), saw("gpu-5")), (json!("found"), json!("not_found")));
    let told = home.run(["storage", "check", "--with-workers"]);
    assert!(told.out.contains("✓ Same storage: gpu-1 found the test file"), "{told:?}");
    let words =
        "✕ Same storage: gpu-5 looked and did not find it: its vast is another storage, or another folder of it.";
    assert!(told.out.contains(words), "{told:?}");
    assert_eq!(test_files(&home), Vec::<String>::new());
    // Marks tell them apart without a look.
    home.ask(&["storage", "mark"]).good();
    home.write("other/.samepath/storage.json", r#"{"id": "0199c0de-1111-4222-8333-444455556666"}"#);
    // Both look anew at once when they start.
    other.end();
    same.end();
    let mut same = worker_at(&home, "gpu-1", &home.path("Volumes/talmo"));
    let mut other = worker_at(&home, "gpu-5", &home.path("other"));
    let told = home.run(["storage", "check", "--with-workers"]);
    assert!(told.out.contains("✕ Same storage: gpu-5 was not asked: its vast is a different storage"), "{told:?}");
    // Setting up the other one under this name: it is said to be another one, and not taken.
    fs_err::remove_file(home.config()).expect("a file");
    let mut terminal = Terminal::setup(&home, "");
    terminal.answer("Where is the lab's storage on this computer?", &home.text("other"));
    terminal.answer("Letters, digits, - and _", "vast");
    terminal.answer("Which folder in vast is yours?", "amick");
    terminal.until("gpu-1 was not asked: its vast is a different storage");
    terminal.until("This is not the lab's vast: it carries another mark.");
    terminal.answer("Take it all the same?", "");
    terminal.answer("Not written.", "no");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert_eq!(listed(&home), json!([]));
    same.end();
    other.end();
}

#[test]
fn in_another_storage_than_the_workers_nothing_is_made() {
    let home = Home::bare();
    fs_err::create_dir_all(home.path("above/other")).expect("a folder");
    let mut worker = worker_at(&home, "gpu-1", &home.path("storage"));
    let before = home.files("above");
    let mut terminal = Terminal::setup(&home, "");
    terminal.answer("Where is the lab's storage on this computer?", &home.text("above"));
    terminal.answer("Name this storage.", "vast");
    terminal.answer("Which folder in vast is yours?", "amick");
    terminal.answer("There is no folder amick in vast. Make it?", "yes");
    terminal.until("gpu-1 looked and did not find it");
    terminal.until("This is not the lab's vast: the workers that have it do not find what is written here.");
    terminal.answer("Take it all the same?", "");
    terminal.answer("Not written.", "no");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert_eq!((listed(&home), home.files("above")), (json!([]), before));
    // In the lab's it is made once the worker has found what is written there.
    let mut terminal = Terminal::setup(&home, "");
    terminal.answer("Where is the lab's storage on this computer?", &home.text("mnt/vast"));
    terminal.answer("Name this storage.", "vast");
    terminal.answer("Which folder in vast is yours?", "new");
    terminal.answer("There is no folder new in vast. Make it?", "yes");
    terminal.until("Same storage: gpu-1 found the test file");
    assert!(!home.path("storage/new").exists(), "nothing is written before the last question");
    terminal.answer("your folder new, which is made now", "");
    terminal.until("Your folder: made vast:new");
    terminal.answer("Is there another storage", "no");
    terminal.until("Ready.");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(home.path("storage/new").is_dir());
    assert_eq!(test_files(&home), Vec::<String>::new());
    worker.end();
}

#[test]
fn a_worker_that_is_silent_is_told_and_ctrl_c_meanwhile_leaves_no_file() {
    let home = Home::bare();
    // Somebody else holds the queue, who is not silent.
    fs_err::create_dir(home.path("elsewhere")).expect("a folder");
    home.write("holder.toml", format!("[storage.elsewhere]\nbase_path = {}\n", json!(home.path("elsewhere"))));
    let mut holder = home.worker_with("holder", &["--config", &home.text("holder.toml")]);
    let mut worker = worker_at(&home, "gpu-3", &home.path("Volumes/talmo"));
    send(worker.id(), Signal::STOP);
    let ask = |terminal: &mut Terminal| {
        terminal.answer("Where is the lab's storage on this computer?", &home.text("mnt/vast"));
        terminal.answer("Name this storage.", "vast");
        terminal.answer("Which folder in vast is yours?", "amick");
        terminal.until("Asking the worker that has vast");
    };
    let mut terminal = Terminal::setup(&home, "");
    ask(&mut terminal);
    common::until(|| if test_files(&home).is_empty() { Err("no test file".to_owned()) } else { Ok(()) });
    terminal.press("\u{3}");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(130), "{screen}");
    assert_eq!(test_files(&home), Vec::<String>::new(), "{screen}");
    assert!(!home.config().exists());
    let mut terminal = Terminal::setup(&home, "");
    ask(&mut terminal);
    terminal.until("gpu-3 has not answered. You can go on.");
    terminal.answer("Write vast at", "");
    terminal.answer("Is there another storage", "");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert_eq!(test_files(&home), Vec::<String>::new());
    send(worker.id(), Signal::CONT);
    worker.end();
    holder.end();
}

#[test]
fn names_and_types_are_copied_from_a_worker() {
    let home = Home::bare();
    let share = FuseMount::of_share(&format!("{}:/talmo", home.text("")), &[("amick/labels.slp", "x")]);
    let mut worker = worker_at(&home, "gpu-1", share.path());
    let refused = home.ask(&["setup", "--yes", "--from", "worker", "gpu-9"]).fails("no_worker");
    assert_eq!(refused["error"]["hint"], "Online: gpu-1.");
    home.ask(&["setup", "--yes", "--from", "gpu", "gpu-1"]).fails("usage");
    let told = home.ask(&["setup", "--yes", "--from", "worker", "gpu-1"]).good();
    assert_eq!((&told[0]["name"], &told[0]["user_subdir"]), (&json!("vast"), &json!("amick")), "{told:#}");
    assert_eq!(told[0]["base_path"], json!(share.path()));
    let again = home.ask(&["setup", "--yes", "--from", "worker", "gpu-1"]).good();
    assert_eq!(again, json!([]));
    worker.end();
}

#[test]
fn what_is_here_under_the_name_of_a_workers_storage_with_another_mark_is_not_taken_for_it() {
    let home = Home::new();
    let marked = |folder: &str, last: u32| {
        home.write(
            &format!("{folder}/.samepath/storage.json"),
            format!(r#"{{"id": "0199c0de-1111-4222-8333-44445555666{last}"}}"#),
        );
    };
    marked("storage", 1);
    marked("theirs", 2);
    home.ask(&["storage", "check"]).good();
    let mut worker = worker_at(&home, "gpu-1", &home.path("theirs"));
    let told = home.run(["setup", "--yes", "--from", "worker", "gpu-1"]);
    assert!(told.out.contains("is another storage than the vast of gpu-1: it carries another mark."), "{told:?}");
    worker.end();
}

#[test]
fn a_storage_that_only_the_lab_has_is_named_and_never_taken_for_granted() {
    let home = Home::bare();
    let mut worker = worker_at(&home, "gpu-1", &home.path("storage"));
    let told = home.run(["storage", "suggest"]);
    assert!(told.out.contains("The lab also uses vast (1 worker"), "{told:?}");
    let mut terminal = Terminal::setup(&home, "--from worker gpu-1");
    terminal.until("vast (nfs): gpu-1");
    terminal.until("vast is not connected here.");
    terminal.answer("The folder of vast, or no", &home.text("mnt/vast"));
    terminal.answer("Which folder in vast is yours?", "amick");
    terminal.until("Same storage: gpu-1 found the test file");
    terminal.answer("Write vast at", "");
    let (status, screen) = terminal.end();
    assert_eq!(status, Some(0), "{screen}");
    assert_eq!((&listed(&home)[0]["name"], &listed(&home)[0]["type"]), (&json!("vast"), &json!("nfs")));
    worker.end();
}
