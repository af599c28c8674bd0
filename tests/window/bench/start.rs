//! From the start of the program to the first thing that is drawn, and until the page *New job* is there as it stays. Then the same
//! program at rest.

use crate::desk::Desk;
use crate::driver::wait_for;
use crate::figures::{ratio, tell, told};
use crate::open::pictures;
use crate::picture::Picture;
use crate::process::{busiest, done, family, memory, work};
use crate::role;
use std::ffi::OsStr;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

const ROUNDS: usize = 15;
/// Between two looks at the display. A look takes less.
const LOOK: Duration = Duration::from_millis(3);
const SIZE: (u32, u32) = (1280, 800);
/// Of the page without its sidebar, in pixels from the left.
const SIDEBAR: u32 = 200;
/// A page that is there as it stays differs in fewer pixels than this share.
const SAME: f64 = 0.002;
const REST: Duration = Duration::from_secs(10);
const IDLE: Duration = Duration::from_secs(30);

pub(crate) fn sizes() {
    let window = Path::new(env!("CARGO_BIN_EXE_samepath-desktop"));
    let mut files = vec![window.to_owned(), window.with_file_name("samepath")];
    let packages = window.with_file_name("bundle/deb").read_dir().into_iter().flatten().flatten();
    files.extend(packages.map(|entry| entry.path()).filter(|path| path.extension() == Some(OsStr::new("deb"))));
    for file in files {
        let Ok(known) = file.metadata() else { continue };
        let name = file.file_name().unwrap_or_default().display().to_string();
        tell(&format!("size of {name}"), &format!("{:.1} MB", known.len() as f64 / 1e6));
    }
}

pub(crate) fn bench() {
    let empty = std::env::current_exe().expect("this program has a file");
    let desk = Desk::new();
    desk.write_config(&desk.vast());
    let ours = |desk: &Desk| desk.start(&[]);
    let floor = |desk: &Desk| desk.start_program(&empty.to_string_lossy(), &[role::EMPTY]);
    // Warm: what is read from the disk is in memory then, and the page is known as it stays.
    let (page, blank) = (settled(&desk, ours), settled(&desk, floor));
    let (mut painted, mut usable, mut least) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (paint, there) = start(&desk, ours, &page);
        painted.push(paint);
        usable.push(there);
        least.push(start(&desk, floor, &blank).0);
    }
    tell("start → first paint, warm", &told(&mut painted));
    tell("start → New job as it stays, warm", &told(&mut usable));
    tell("  start → first paint of an empty page", &told(&mut least));
    tell("  ratios", &format!("{:.2}, {:.2}", ratio(&painted, &least), ratio(&usable, &least)));
}

pub(crate) fn at_rest() {
    let empty = std::env::current_exe().expect("this program has a file");
    let desk = Desk::new();
    desk.write_config(&desk.vast());
    rest("at rest", &desk, |desk| desk.start(&[]));
    rest("  at rest, an empty page", &desk, |desk| desk.start_program(&empty.to_string_lossy(), &[role::EMPTY]));
}

fn settled(desk: &Desk, begin: impl Fn(&Desk) -> u32) -> Picture {
    let process = begin(desk);
    wait_for("the window", || desk.window());
    sleep(REST);
    let picture = desk.display.picture(Some(SIZE));
    desk.close_window(process);
    picture
}

fn start(desk: &Desk, begin: impl Fn(&Desk) -> u32, page: &Picture) -> (Duration, Duration) {
    let began = Instant::now();
    let process = begin(desk);
    let mut painted = None;
    let there = loop {
        let picture = desk.display.picture(Some(SIZE));
        let now = began.elapsed();
        if painted.is_none() && has_something(&picture) {
            painted = Some(now);
        }
        if difference(&picture, page) < SAME {
            break now;
        }
        if now > Duration::from_secs(30) {
            picture.write(&pictures().join("start.png"));
            page.write(&pictures().join("start-before.png"));
            panic!(
                "the window does not come to what it was: see start.png and start-before.png in {}",
                pictures().display()
            );
        }
        sleep(LOOK);
    };
    desk.close_window(process);
    (painted.unwrap_or(there), there)
}

fn rest(what: &str, desk: &Desk, begin: impl Fn(&Desk) -> u32) {
    let process = begin(desk);
    wait_for("the window", || desk.window());
    sleep(REST);
    let all = family(process);
    let memory = memory(&all);
    let parts: Vec<String> = memory.iter().map(|(name, size)| format!("{name} {size:.0}")).collect();
    tell(&format!("{what}: memory"), &format!("{:.0} MiB ({})", memory.values().sum::<f64>(), parts.join(", ")));
    let (before, began) = (work(&all), Instant::now());
    sleep(IDLE);
    let after = work(&family(process));
    let (time, times) = done(&before, &after);
    let seconds = began.elapsed().as_secs_f64();
    let share = 100.0 * time.as_secs_f64() / seconds;
    tell(
        &format!("{what}: processor"),
        &format!("{share:.2} % of one, {:.0} wake-ups a second", times as f64 / seconds),
    );
    tell(&format!("{what}: the busiest threads, in % of one"), &busiest(&before, &after, seconds));
    desk.close_window(process);
}

/// Whether there is more than areas of one colour: text has many. It is quick.
fn has_something(picture: &Picture) -> bool {
    let mut seen: Vec<&[u8]> = Vec::new();
    picture.pixels.chunks_exact(3).step_by(3).any(|pixel| {
        if !seen.contains(&pixel) {
            seen.push(pixel);
        }
        seen.len() > 8
    })
}

/// The share of the pixels that differ between two pictures of the same size, right of the sidebar.
fn difference(picture: &Picture, other: &Picture) -> f64 {
    let (line, left) = (picture.width as usize * 3, SIDEBAR as usize * 3);
    let lines = picture.pixels.chunks_exact(line).zip(other.pixels.chunks_exact(line));
    let different = lines.filter(|(ours, theirs)| ours[left..] != theirs[left..]).map(|(ours, theirs)| {
        let pixels = ours[left..].chunks_exact(3).zip(theirs[left..].chunks_exact(3));
        // The same is drawn a shade lighter or darker at times.
        let differ = |ours: &[u8], theirs: &[u8]| ours.iter().zip(theirs).any(|(one, other)| one.abs_diff(*other) > 8);
        pixels.filter(|(ours, theirs)| differ(ours, theirs)).count()
    });
    different.sum::<usize>() as f64 / (picture.pixels.len() / 3) as f64
}
