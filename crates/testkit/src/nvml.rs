use std::path::PathBuf;
use std::process::Command;

/// A driver of NVIDIA's that tells of GPUs which are not there, for programs that are started with its environment. It is compiled
/// when it is made: a linker of C is there wherever Rust compiles.
#[derive(Debug)]
pub struct FakeDriver {
    folder: tempfile::TempDir,
}

impl FakeDriver {
    /// With GPUs as [`tell`](Self::tell) takes them.
    #[expect(clippy::new_without_default, reason = "it starts a compiler")]
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let source = folder.path().join("nvml.c");
        std::fs::write(&source, include_str!("nvml.c")).expect("room");
        let library = folder.path().join("libnvidia-ml.so.1");
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(library).arg(source).status();
        assert!(compiled.expect("a compiler of C").success(), "the driver is compiled");
        let driver = Self { folder };
        driver.tell("");
        driver
    }

    /// From now on these are its GPUs, a line each: "NAME;MEMORY;BUSY;PROCESS;USED", memory in MiB, without a process 0.
    pub fn tell(&self, gpus: &str) {
        let half = self.folder.path().join("gpus.new");
        std::fs::write(&half, gpus).and_then(|()| std::fs::rename(half, self.gpus())).expect("room");
    }

    /// What a program's environment has to say.
    pub fn environment(&self) -> [(&'static str, PathBuf); 2] {
        [("LD_LIBRARY_PATH", self.folder.path().to_owned()), ("FAKE_GPUS", self.gpus())]
    }

    fn gpus(&self) -> PathBuf {
        self.folder.path().join("gpus")
    }
}
