//! Many writers of one file, in threads and in processes, some of them killed: whoever was told yes is in the file, and the file
//! is whole at every moment.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod config_lab;

use config_lab::{Lab, add, names, remove, set};
use samepath_storage::{Config, ConfigError, ConfigFile, Environment, Origin};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;

const WRITERS: usize = 16;
const EACH: usize = 3;

/// Names the file to the process that [`start`] makes of this test program.
const FILE: &str = "CONFIG_WRITER_FILE";
/// What that process calls its storages, and how many it adds.
const WHO: &str = "CONFIG_WRITER_NAME";
const COUNT: &str = "CONFIG_WRITER_COUNT";

/// A writer of its own: this test program again, running only `writer_process`. Prints `yes NAME` whenever it was told yes.
fn start(file: &Path, who: &str, count: usize) -> Child {
    start_by(Command::new(std::env::current_exe().unwrap()), file, who, count)
}

fn start_by(mut command: Command, file: &Path, who: &str, count: usize) -> Child {
    command
        .args(["--exact", "writer_process", "--nocapture", "--test-threads=1"])
        .env(FILE, file)
        .env(WHO, who)
        .env(COUNT, count.to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// No test by itself: the body of the processes that the tests start.
#[test]
fn writer_process() {
    let Some(file) = std::env::var_os(FILE) else { return };
    let (who, count) = (std::env::var(WHO).unwrap(), std::env::var(COUNT).unwrap().parse::<usize>().unwrap());
    let file = ConfigFile { path: file.into(), origin: Origin::Argument };
    let environment = Environment::default();
    for number in 0..count {
        let name = format!("{who}-{number}");
        match Config::load(&file, &environment).unwrap().apply(&add(&name, "/mnt/vast"), &environment) {
            Ok(_) => println!("\nyes {name}"),
            Err(error) => println!("\nno {} {error}", error.code()),
        }
    }
}

fn told_yes(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("yes ")).map(str::to_owned).collect()
}

#[test]
fn sixteen_threads_and_sixteen_processes_add_at_once() {
    let head = "# kept\r\n[worker]\nname = 'x' # kept too\n";
    let lab = Lab::with(head);
    let processes: Vec<Child> =
        (0..WRITERS).map(|number| start(&lab.file(), &format!("process{number}"), EACH)).collect();
    let barrier = Barrier::new(WRITERS);
    let mut said = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS)
            .map(|number| {
                let (lab, barrier) = (&lab, &barrier);
                scope.spawn(move || {
                    let config = lab.load().unwrap();
                    barrier.wait();
                    let name = format!("thread{number}");
                    config.apply(&add(&name, "/mnt/vast"), &lab.environment).map(|_| name)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap().unwrap()).collect::<Vec<_>>()
    });
    for process in processes {
        let output = process.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        said.extend(told_yes(&String::from_utf8_lossy(&output.stdout)));
    }
    assert_eq!(said.len(), WRITERS + WRITERS * EACH, "nobody was in another's way");
    let mut there: Vec<String> = lab.load().unwrap().entries.into_iter().map(|entry| entry.name).collect();
    there.sort();
    said.sort();
    assert_eq!(there, said);
    assert!(lab.text().starts_with(head));
    assert_eq!(names(lab.home()), [".config.toml.lock", "config.toml"]);
}

#[test]
fn of_changes_to_one_key_exactly_one_is_told_yes() {
    let lab = Lab::with("[storage.vast]\nbase_path = '/start'\n");
    for round in 0..8 {
        let barrier = Barrier::new(WRITERS);
        let answers = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..WRITERS)
                .map(|number| {
                    let (lab, barrier) = (&lab, &barrier);
                    scope.spawn(move || {
                        let config = lab.load().unwrap();
                        barrier.wait();
                        let mine = format!("/round{round}/writer{number}");
                        config.apply(&set("vast", &mine), &lab.environment).map(|_| mine)
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
        });
        let winner = lab.load().unwrap().backends()[0].base_path.display().to_string();
        let (yes, no): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(yes, [Ok(winner.clone())]);
        for answer in no {
            let Err(ConfigError::Changed { key, theirs, .. }) = &answer else { panic!("{answer:?}") };
            assert_eq!((key.as_str(), theirs.as_deref()), ("storage.vast.base_path", Some(winner.as_str())));
        }
    }
}

#[test]
fn a_reader_never_sees_half_a_file() {
    let lab = Lab::with(format!("{}[storage.vast]\nbase_path = '/v'\n# end\n", "# filler\n".repeat(5_000)));
    let mut writer = start(&lab.file(), "writer", 40);
    let mut reads = 0;
    while writer.try_wait().unwrap().is_none() {
        let text = lab.text();
        assert!(text.contains("# end\n"), "half a file");
        lab.load().unwrap();
        reads += 1;
    }
    assert!(reads > 0);
    assert_eq!(lab.load().unwrap().entries.len(), 41);
}

#[test]
fn a_writer_killed_at_any_moment_leaves_a_whole_file_and_no_lock() {
    let lab = Lab::with(format!("{}# end of the head\n", "# filler\n".repeat(20_000)));
    let mut said = Vec::new();
    for round in 0..12 {
        let mut writer = start(&lab.file(), &format!("round{round}"), 10_000);
        let mut lines = BufReader::new(writer.stdout.take().unwrap()).lines();
        // Killed behind a yes, while it is somewhere in the next change: a few more steps each round.
        let first = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("yes ")).unwrap();
        said.extend(told_yes(&first));
        for _ in 0..round * 40 {
            std::hint::black_box(lab.text());
        }
        writer.kill().unwrap();
        writer.wait().unwrap();
        said.extend(lines.map_while(Result::ok).flat_map(|line| told_yes(&line)));
        let config = lab.load().unwrap();
        for name in &said {
            assert!(config.entries.iter().any(|entry| entry.name == *name), "{name} was told yes");
        }
        assert!(lab.text().contains("# end of the head\n"));
        lab.apply(&remove(&said.pop().unwrap())).unwrap();
    }
    assert_eq!(names(lab.home()), [".config.toml.lock", "config.toml"], "what the killed left is cleared away");
}

/// A limit on the size of files: the system kills the writer in the midst of its writing, or the disk is as good as full.
#[cfg(unix)]
fn limited(shell: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{shell} ulimit -f 8; exec \"$0\" \"$@\"")]).arg(std::env::current_exe().unwrap());
    command
}

#[test]
#[cfg(unix)]
fn a_writer_killed_in_the_midst_of_writing_leaves_the_old_file() {
    let lab = Lab::with("# filler\n".repeat(20_000));
    let before = lab.text();
    let writer = start_by(limited(""), &lab.file(), "doomed", 1);
    let output = writer.wait_with_output().unwrap();
    assert!(!output.status.success(), "the system killed it");
    assert_eq!(lab.text(), before);
    let half = std::fs::metadata(lab.home().join(".config.toml.new")).unwrap().len();
    assert!(half > 0 && half < before.len() as u64, "it was in the midst of writing: {half}");
    lab.apply(&add("vast", "/v")).unwrap();
    assert_eq!(names(lab.home()), [".config.toml.lock", "config.toml"]);
}

#[test]
#[cfg(unix)]
fn a_disk_that_takes_no_more_loses_nothing_and_leaves_nothing() {
    let lab = Lab::with("# filler\n".repeat(20_000));
    let before = lab.text();
    let mut writer = start_by(limited("trap '' XFSZ;"), &lab.file(), "late", 1);
    let mut said = String::new();
    writer.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    writer.wait().unwrap();
    let no = said.lines().find(|line| line.starts_with("no ")).unwrap_or_else(|| panic!("{said}"));
    assert!(no.starts_with("no io ") && no.contains("config.toml"), "{no}");
    assert_eq!(lab.text(), before);
    assert_eq!(names(lab.home()), [".config.toml.lock", "config.toml"]);
}

#[test]
#[cfg(unix)]
fn a_folder_or_file_without_permission_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let lab = Lab::with("x = 1\n");
    let config = lab.load().unwrap();
    let allow = |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    for (path, mode, back) in [(lab.home().to_owned(), 0o500, 0o700), (lab.file(), 0o400, 0o600)] {
        allow(&path, mode);
        let answer = config.apply(&add("vast", "/v"), &lab.environment);
        allow(&path, back);
        if rustix::process::geteuid().is_root() {
            println!("not checked: permissions do not stop root");
            return;
        }
        let error = answer.unwrap_err();
        assert_eq!((error.code(), error.file()), ("io", Some(lab.file().as_path())), "{error}");
        assert!(error.to_string().contains("permission denied"), "{error}");
        assert_eq!(lab.text(), "x = 1\n");
        assert!(!names(lab.home()).contains(&".config.toml.new".to_owned()));
    }
}

#[test]
fn a_removal_is_taken_back_to_the_last_byte_unless_somebody_wrote_since() {
    let text = "# ours\n[storage.vast] # the big one\nbase_path = '/v'\nquota = 7 # of theirs\n\n[storage.gdrive]\n# no path yet\n\n[samepath.computers.desk.storage.vast]\nbase_path = '/w'\n";
    let lab = Lab::with(text);
    for name in ["vast", "gdrive"] {
        let (config, undo) = lab.load().unwrap().apply_undoably(&remove(name), &lab.environment).unwrap();
        assert!(!lab.text().contains(&format!("[storage.{name}]")) && config == lab.load().unwrap());
        let back = undo.take_back(&lab.config_file(), &lab.environment).unwrap();
        assert_eq!((lab.text().as_str(), back), (text, lab.load().unwrap()));
        // Once is enough.
        let again = undo.take_back(&lab.config_file(), &lab.environment).unwrap_err();
        assert_eq!((again.code(), lab.text().as_str()), ("config_changed", text));
    }
    let (_, undo) = lab.load().unwrap().apply_undoably(&remove("vast"), &lab.environment).unwrap();
    lab.apply(&add("scratch", "/s")).unwrap();
    let theirs = lab.text();
    assert_eq!(undo.take_back(&lab.config_file(), &lab.environment).unwrap_err().code(), "config_changed");
    assert_eq!(lab.text(), theirs);
}
