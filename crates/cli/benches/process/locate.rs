use crate::lab::Lab;
use crate::{SAMEPATH, tell, timed};
use std::process::Command;

pub(crate) fn bench(lab: &Lab) {
    let (mut ours, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        let mut command = Command::new(SAMEPATH);
        command.arg("--config").arg(&lab.config).arg("locate").arg(&lab.labels);
        ours.push(timed(command));
        floor.push(timed(Command::new("/bin/true")));
    }
    tell("samepath locate, as a process", &mut ours, "/bin/true, as a process", &mut floor);
}
