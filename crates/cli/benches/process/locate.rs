use crate::lab::Lab;
use crate::{SAMEPATH, tell, timed};
use std::fmt::Write;
use std::process::Command;

/// Of a person, of a lab, and of nobody yet.
const STORAGES: [usize; 3] = [1, 10, 1_000];

pub(crate) fn bench(lab: &Lab) {
    for storages in STORAGES {
        let mut text = std::fs::read_to_string(&lab.config).expect("its configuration");
        for other in 1..storages {
            let folder = lab.root.join(format!("other-{other}"));
            std::fs::create_dir(&folder).or_else(|error| folder.is_dir().then_some(()).ok_or(error)).expect("room");
            write!(text, "[storage.other-{other}]\nbase_path = {:?}\n", folder.display().to_string()).expect("text");
        }
        let config = lab.root.join(format!("{storages}.toml"));
        std::fs::write(&config, text).expect("room");
        let (mut ours, mut floor) = (Vec::new(), Vec::new());
        for _ in 0..100 {
            let mut command = Command::new(SAMEPATH);
            command.arg("--config").arg(&config).arg("locate").arg(&lab.labels);
            ours.push(timed(command));
            floor.push(timed(Command::new("/bin/true")));
        }
        let what = format!("samepath locate, as a process, of {storages} storages");
        tell(&what, &mut ours, "/bin/true, as a process", &mut floor);
    }
}
