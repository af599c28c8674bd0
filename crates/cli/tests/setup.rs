//! `samepath setup` and `storage suggest`, driven through a pipe as a script would, and through a terminal as a person does.
#![cfg(target_os = "linux")]

mod common;

use common::{Answer, Home};
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

/// What `samepath setup` makes of these lines, and then of the end of standard input.
#[track_caller]
fn setup(home: &Home, more: &[&str], answers: &str) -> Answer {
    let mut command = home.command([&["setup"], more].concat());
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    // One that ends early does not read all of it.
    let _ = stdin.write_all(answers.as_bytes());
    drop(stdin);
    let output = child.wait_with_output().expect("an answer");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let answer = Answer { status: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) };
    answer.sane();
    answer
}

fn listed(home: &Home) -> Vec<(String, String, String)> {
    let list = home.ask(&["storage", "list"]).good();
    let text = |it: &Value, key: &str| it[key].as_str().unwrap_or_default().to_owned();
    let list = list.as_array().expect("storages");
    list.iter().map(|it| (text(it, "name"), text(it, "base_path"), text(it, "user_subdir"))).collect()
}

/// With a pair that makes `mnt/vast` the first suggestion, named `lab`.
fn with_a_hint() -> Home {
    let home = Home::bare();
    home.configure(&format!(
        "# mine\n[[path_mappings]]\nlocal = {}\nworker = \"/root/lab/amick\"\n",
        json!(home.path("mnt/vast/amick"))
    ));
    home
}

#[test]
fn what_is_suggested_is_named_with_its_reason_and_gone_once_it_is_configured() {
    let home = with_a_hint();
    let suggested = |home: &Home| -> Vec<Value> {
        let all = home.ask(&["storage", "suggest"]).good();
        let ours = |it: &&Value| it["base_path"].as_str().is_some_and(|path| path.starts_with(&home.text("")));
        all.as_array().expect("suggestions").iter().filter(ours).cloned().collect()
    };
    let found = suggested(&home);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_eq!(
        (&found[0]["name"], &found[0]["base_path"], &found[0]["user_subdir"], &found[0]["state"]),
        (&json!("lab"), &json!(home.path("mnt/vast")), &json!("amick"), &json!("ready"))
    );
    assert_eq!(found[0]["source"], "from [[path_mappings]], line 2");
    home.ask(&["storage", "add", "vast", "mnt/vast"]).good();
    assert_eq!(suggested(&home), Vec::<Value>::new());
}

#[test]
fn enter_takes_what_is_suggested_and_the_rest_of_the_file_stays() {
    let home = with_a_hint();
    let before = fs_err::read_to_string(home.config()).expect("a file");
    let answer = setup(&home, &[], "\n\n\n\n");
    assert_eq!(answer.status, Some(0), "{answer:?}");
    assert_eq!(listed(&home), [("lab".to_owned(), home.text("mnt/vast"), "amick".to_owned())]);
    for words in [
        "Where is the lab's storage",
        "! Read: not tried: no file is in lab:amick yet",
        "✓ Write",
        "✓ Space",
        "Ready. Now choose a dataset: samepath dataset lab:amick/",
    ] {
        assert!(answer.out.contains(words), "{words}: {}", answer.out);
    }
    let after = fs_err::read_to_string(home.config()).expect("a file");
    assert!(after.starts_with(&before), "{after}");
}

#[test]
fn without_suggestions_a_folder_is_typed_and_the_persons_folder_is_made_when_asked_for() {
    let home = Home::bare();
    let answers = format!("{}\nvast\nnew\nyes\nyes\nno\n", home.text("mnt/vast"));
    let answer = setup(&home, &[], &answers);
    assert_eq!(answer.status, Some(0), "{answer:?}");
    assert_eq!(listed(&home), [("vast".to_owned(), home.text("mnt/vast"), "new".to_owned())]);
    assert!(home.path("storage/new").is_dir());
    assert!(answer.out.contains("There is no folder new in vast. Make it?"), "{}", answer.out);
}

#[test]
fn in_an_empty_folder_nothing_is_made_unless_somebody_goes_on_knowingly() {
    let home = Home::bare();
    fs_err::create_dir(home.path("mnt/empty")).expect("a folder");
    let begin = format!("{}\nfast\namick\n", home.text("mnt/empty"));
    let answer = setup(&home, &[], &format!("{begin}no\nno\n"));
    assert!(answer.out.contains("is an empty folder, not the share: fast is not mounted there."), "{}", answer.out);
    assert!(answer.out.contains("Not written."), "{}", answer.out);
    assert!(listed(&home).is_empty() && !home.path("mnt/empty/amick").exists(), "{answer:?}");
    // Whoever says no at the end wanted nothing of it.
    setup(&home, &[], &format!("{begin}yes\nno\nno\n"));
    assert!(listed(&home).is_empty() && !home.path("mnt/empty/amick").exists());
    let answer = setup(&home, &[], &format!("{begin}yes\nyes\nno\n"));
    assert!(answer.out.contains("Your folder: made fast:amick"), "{}", answer.out);
    assert_eq!(listed(&home), [("fast".to_owned(), home.text("mnt/empty"), "amick".to_owned())]);
    assert_eq!(home.ask(&["storage", "check"]).good()[0]["state"], "ready");
}

#[test]
fn a_folder_inside_a_suggested_storage_is_a_persons_folder() {
    let home = with_a_hint();
    let answers = format!("{}\nyes\n\n\nyes\n", home.text("mnt/vast/amick/maze"));
    let answer = setup(&home, &[], &answers);
    assert!(answer.out.contains("That is a folder inside"), "{}", answer.out);
    assert_eq!(listed(&home), [("lab".to_owned(), home.text("mnt/vast"), "amick".to_owned())]);
}

#[test]
fn answers_that_end_early_write_nothing_wherever_they_end() {
    let whole = ["", "vast\n", "amick\n"];
    for count in 0..=whole.len() {
        let home = Home::bare();
        let before = home.files("home");
        let first = if count == 0 { String::new() } else { format!("{}\n", home.text("mnt/vast")) };
        let answers = first + &whole[..count].concat();
        let answer = setup(&home, &[], &answers);
        assert_eq!(answer.status, Some(2), "{answers:?}: {answer:?}");
        assert!(answer.err.contains("Nothing was written"), "{answer:?}");
        assert_eq!(home.files("home"), before, "{answers:?}");
    }
}

#[test]
fn nonsense_is_asked_again_and_no_is_respected() {
    let home = Home::bare();
    let vast = home.text("mnt/vast");
    // No number, no name, no folder, no yes; then no.
    let answers = format!("7\n\n{vast}\nv\n../x\nvast\n/etc\n../x\namick\nperhaps\nno\nno\n");
    let answer = setup(&home, &[], &answers);
    assert!(answer.out.contains("There is no such number here."), "{}", answer.out);
    assert!(answer.out.contains("yes or no?") && answer.out.contains("Not written."), "{}", answer.out);
    assert!(listed(&home).is_empty(), "{answer:?}");
}

#[test]
fn it_can_be_run_again_and_again() {
    let home = with_a_hint();
    setup(&home, &["--yes"], "");
    let once = fs_err::read_to_string(home.config()).expect("a file");
    assert_eq!(listed(&home).len(), 1);
    for (more, answers) in [(&["--yes"][..], ""), (&[][..], "no\n"), (&[][..], "\n")] {
        let answer = setup(&home, more, answers);
        assert_eq!(answer.status, Some(0), "{answer:?}");
        assert!(
            answer.out.contains("Here already") && answer.out.contains("your folder amick · ready"),
            "{}",
            answer.out
        );
        assert_eq!(fs_err::read_to_string(home.config()).expect("a file"), once);
    }
    // Another one.
    fs_err::create_dir(home.path("mnt/scratch")).expect("a folder");
    let answer = setup(&home, &[], &format!("{}\nscratch\n-\nyes\nyes\n", home.text("mnt/scratch")));
    assert_eq!(answer.status, Some(0), "{answer:?}");
    assert_eq!(listed(&home).len(), 2);
    // The same one at another place is asked about.
    let answer = setup(&home, &[], &format!("{}\nscratch\nyes\n-\nyes\nno\n", home.text("storage")));
    assert!(answer.out.contains("scratch is written down at"), "{}", answer.out);
    assert_eq!(listed(&home)[1].1, home.text("storage"));
}

#[test]
fn yes_to_everything_ends_also_where_nothing_is_suggested() {
    let home = Home::bare();
    let answer = setup(&home, &["--yes"], "");
    // This computer may have shares of its own.
    if answer.status == Some(0) {
        return;
    }
    assert_eq!(answer.status, Some(2), "{answer:?}");
    assert!(!home.config().exists());
}

#[test]
fn for_programs_the_talk_is_on_standard_error() {
    let home = with_a_hint();
    let answer = setup(&home, &["--json"], "\n\n\n\n");
    let told: Value = serde_json::from_str(&answer.out).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    assert_eq!(told[0]["name"], "lab");
    assert!(answer.err.contains("Where is the lab's storage"), "{}", answer.err);
}

#[test]
fn ctrl_c_writes_nothing() {
    let home = with_a_hint();
    let before = fs_err::read_to_string(home.config()).expect("a file");
    let mut command = home.command(["setup"]);
    let mut process = common::Process::start(command.stdin(Stdio::piped()));
    process.until(|line| line.contains("Where is the lab's storage").then_some(()));
    let answer = process.interrupt();
    assert_ne!(answer.status, Some(0), "{answer:?}");
    assert_eq!(fs_err::read_to_string(home.config()).expect("a file"), before);
}

#[test]
fn what_is_no_folder_of_this_computer_is_told_as_that_and_quotation_marks_come_off() {
    let home = Home::bare();
    let places = ["smb://vast01/talmo", "vast01:/talmo", r"Z:\talmo", "vast:amick", "nope/vast"].join("\n");
    let answers = format!("{places}\n'{}'\nvast\n-\nyes\nno\n", home.text("mnt/vast"));
    let answer = setup(&home, &[], &answers);
    assert_eq!(answer.status, Some(0), "{answer:?}");
    for (part, times) in
        [("this is a share's address", 2), ("this is a Windows path", 1), ("write the whole path, from the root", 2)]
    {
        assert_eq!(answer.out.matches(part).count(), times, "{part}: {}", answer.out);
    }
    assert_eq!(listed(&home), [("vast".to_owned(), home.text("mnt/vast"), String::new())]);
}

#[test]
fn a_folder_of_ones_own_that_is_not_there_is_not_ready() {
    let home = Home::bare();
    home.ask(&["storage", "add", "vast", "mnt/vast", "--user-subdir", "lee"]).good();
    let answer = setup(&home, &["--yes"], "");
    assert!(answer.out.contains("Your folder vast:lee is not there. – Make it"), "{}", answer.out);
    assert!(!answer.out.contains("Ready."), "{}", answer.out);
}

#[test]
fn a_storage_that_is_not_connected_is_asked_about_once_and_nothing_is_promised() {
    let home = Home::bare();
    let away = home.text("mnt/away");
    let answer = setup(&home, &[], &format!("{away}\nyes\nvast\namick\nyes\nno\n"));
    assert_eq!(answer.status, Some(0), "{answer:?}");
    assert_eq!(listed(&home), [("vast".to_owned(), away, "amick".to_owned())]);
    for words in ["Take it all the same?", "made now", "Ready."] {
        assert!(!answer.out.contains(words), "{words}: {}", answer.out);
    }
}
