//! The window in a lab of 10,000 jobs and 1,000 workers, with 20 changes a second.

use crate::desk::Desk;
use crate::figures::{frames, tell, typed};
use crate::open::OpenWindow;
use crate::process::{done, family, memory, work};
use crate::role;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

pub(crate) const SECONDS: u32 = 15;

/// The process that holds the queue, until this is dropped.
struct Lab {
    holder: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Lab {
    fn start(desk: &Desk) -> Self {
        let mut holder = Command::new(std::env::current_exe().expect("this program has a file"))
            .arg(role::HOLDER)
            .args([desk.data().join("fleet"), desk.sign("")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program starts");
        let output = BufReader::new(holder.stdout.take().expect("it was asked for"));
        let mut lab = Self { input: holder.stdin.take(), holder, output };
        lab.wait();
        lab
    }

    fn wait(&mut self) {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).is_ok_and(|read| read > 0), "the holder of the queue ended");
    }

    /// Lets the lab work for a while.
    fn work(&mut self) {
        writeln!(self.input.as_mut().expect("it is held")).expect("the holder listens");
        self.wait();
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.holder.wait();
    }
}

pub(crate) fn bench() {
    let desk = Desk::new();
    desk.write_config(&desk.vast());
    desk.keep(&serde_json::json!({ "worker": false }));
    let mut lab = Lab::start(&desk);
    let window = desk.open();
    window.go("Jobs");
    window.wait_for_text_in("table", "Jobs", "session");
    for page in ["Jobs", "Workers"] {
        window.go(page);
        sleep(Duration::from_secs(2));
        tell(&format!("{page}: frames while nothing happens"), &frames(&window, || sleep(Duration::from_secs(5))));
        let all = family(window.process());
        let (before, began) = (work(&all), Instant::now());
        let busy = frames(&window, || lab.work());
        let share = done(&before, &work(&all)).0.as_secs_f64() / began.elapsed().as_secs_f64();
        tell(&format!("{page}: frames with 20 changes a second"), &busy);
        tell("  processor, of one", &format!("{:.0} %", share * 100.0));
    }
    window.go("Jobs");
    filter(&window);
    let memory = memory(&family(window.process()));
    let parts: Vec<String> = memory.iter().map(|(name, size)| format!("{name} {size:.0}")).collect();
    tell("memory in this lab", &format!("{:.0} MiB ({})", memory.values().sum::<f64>(), parts.join(", ")));
}

fn filter(window: &OpenWindow<'_>) {
    let took = typed(window, "Name, worker, path", "session 4321");
    tell("Jobs: typed filter, each letter until it is drawn", &took);
    window.wait_for_text_in("table", "Jobs", "session 4321");
}
