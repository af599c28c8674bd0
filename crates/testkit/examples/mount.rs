//! Mounts a FUSE file system with one file in it, says where, and serves it until its standard input ends.
//!
//! Stopped with SIGSTOP it is a file server that died, for trying things by hand.

#[cfg(target_os = "linux")]
fn main() {
    let mount = samepath_testkit::FuseMount::new(&[("amick/labels.slp", "labels")]);
    println!("{}", mount.path().display());
    let _ = std::io::stdin().read_line(&mut String::new());
}

#[cfg(not(target_os = "linux"))]
fn main() {}
