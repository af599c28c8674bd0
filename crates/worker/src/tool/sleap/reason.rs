//! Why `sleap-nn` ended badly, from what it printed.

use super::bar::Bar;
use samepath_wire::Cause;

/// Words of programs and systems that say what it was. The first that fits counts; all are compared in small letters.
const SIGNS: &[(&str, Cause)] = &[
    ("cuda out of memory", Cause::GpuMemory),
    ("cuda error: out of memory", Cause::GpuMemory),
    ("torch.outofmemoryerror", Cause::GpuMemory),
    ("torch.cuda.outofmemoryerror", Cause::GpuMemory),
    ("mps backend out of memory", Cause::GpuMemory),
    ("hip out of memory", Cause::GpuMemory),
    ("cublas_status_alloc_failed", Cause::GpuMemory),
    ("cudnn_status_alloc_failed", Cause::GpuMemory),
    ("no space left on device", Cause::StorageFull),
    ("disk quota exceeded", Cause::StorageFull),
    ("errno 28]", Cause::StorageFull),
    ("errno 122]", Cause::StorageFull),
    ("pytorchstreamwriter failed", Cause::StorageFull),
    ("stale file handle", Cause::StorageGone),
    ("transport endpoint is not connected", Cause::StorageGone),
    ("host is down", Cause::StorageGone),
    ("no such device or address", Cause::StorageGone),
    ("input/output error", Cause::StorageGone),
    ("defaultcpuallocator", Cause::Memory),
    ("cannot allocate memory", Cause::Memory),
    ("std::bad_alloc", Cause::Memory),
    ("unable to allocate", Cause::Memory),
    ("memory allocation failed", Cause::Memory),
    ("memoryerror", Cause::Memory),
    // Of a process that loads frames: by whatever kills where memory is short, and where the memory that they share is.
    ("is killed by signal: killed", Cause::Memory),
    ("insufficient shared memory", Cause::Memory),
    ("out of shared memory", Cause::Memory),
    ("no module named", Cause::ProgramMissing),
    ("no such command", Cause::ProgramMissing),
    ("no such option", Cause::ProgramMissing),
];

fn sign(line: &str) -> Option<Cause> {
    let small = line.to_lowercase();
    SIGNS.iter().find(|(sign, _)| small.contains(sign)).map(|(_, cause)| *cause)
}

/// What is remembered of a program's lines.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// The last line that names a cause, but for a part of the program that is missing: it goes on without many.
    sign: Option<Said>,
    /// The last line that names an error.
    error: Option<Said>,
    /// The last line.
    last: Option<String>,
    /// The newest epoch, from 0.
    epoch: u64,
}

#[derive(Debug, Clone)]
struct Said {
    line: String,
    /// The newest epoch that was seen before.
    epoch: u64,
}

impl Tail {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let short: String = line.trim().chars().take(500).collect();
        let said = || Some(Said { line: short.clone(), epoch: self.epoch });
        if sign(&short).is_some_and(|cause| cause != Cause::ProgramMissing) {
            self.sign = said();
        }
        if names_an_error(&short) {
            self.error = said();
        }
        self.last = Some(short);
    }

    /// Takes how far the program is: what it said two epochs ago it got over. One would not do, since a bar and an error come by
    /// two ways.
    pub(super) fn bar(&mut self, bar: &Bar) {
        let Bar::Epoch { epoch, .. } = bar else { return };
        self.epoch = self.epoch.max(*epoch);
        for said in [&mut self.sign, &mut self.error] {
            said.take_if(|said| said.epoch + 2 <= self.epoch);
        }
    }

    /// What it ended with: its last error, or its last line.
    fn end(&self) -> Option<&str> {
        self.error.as_ref().map(|said| said.line.as_str()).or(self.last.as_deref())
    }

    /// The line that names a cause.
    fn naming(&self) -> Option<&str> {
        let earlier = self.sign.as_ref().map(|said| said.line.as_str());
        self.end().filter(|line| sign(line).is_some()).or(earlier)
    }

    /// The cause that was named.
    pub(super) fn cause(&self) -> Option<Cause> {
        sign(self.naming()?)
    }

    /// Whether no error was named after the cause.
    pub(super) fn is_named_last(&self) -> bool {
        self.error.as_ref().is_none_or(|error| sign(&error.line).is_some())
    }

    /// The line worth quoting.
    pub(super) fn quote(&self) -> Option<String> {
        self.naming().or(self.end()).map(str::to_owned)
    }
}

/// `ValueError: …`, as Python ends a traceback; or a log line of that level.
fn names_an_error(line: &str) -> bool {
    let name = line.split([':', ' ']).next().unwrap_or_default();
    let python = name.ends_with("Error") || name.ends_with("Exception") || name.ends_with("Interrupt");
    python || line.starts_with("Error: ") || line.contains("| ERROR")
}

/// What happened, for people; `line` is the one that said so.
pub(super) fn words(cause: Cause, line: &str) -> Option<&'static str> {
    Some(match cause {
        Cause::GpuMemory => "the GPU ran out of memory",
        Cause::Memory if line.to_lowercase().contains("shared memory") => {
            "the memory that its processes share is used up"
        }
        Cause::Memory => "the computer ran out of memory",
        Cause::StorageFull if line.to_lowercase().contains("quota") => "the quota of the results' storage is used up",
        Cause::StorageFull => "no space is left for the results",
        Cause::StorageGone => "a storage went away",
        Cause::ProgramMissing => "sleap-nn is incomplete here, or too old",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_printed_names_the_cause() {
        for (lines, cause, quote) in [
            (
                "Traceback (most recent call last):\n  File \"x.py\", line 1\ntorch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n",
                Some(Cause::GpuMemory),
                "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
            ),
            (
                "RuntimeError: [enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.",
                Some(Cause::Memory),
                "RuntimeError: [enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.",
            ),
            (
                "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 3 GiB",
                Some(Cause::Memory),
                "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 3 GiB",
            ),
            (
                "OSError: Can't synchronously write data (memory allocation failed for chunk)",
                Some(Cause::Memory),
                "OSError: Can't synchronously write data (memory allocation failed for chunk)",
            ),
            (
                "OSError: [Errno 28] No space left on device: 'x'\nwandb: bye",
                Some(Cause::StorageFull),
                "OSError: [Errno 28] No space left on device: 'x'",
            ),
            (
                "OSError: [Errno 122] Disk quota exceeded",
                Some(Cause::StorageFull),
                "OSError: [Errno 122] Disk quota exceeded",
            ),
            (
                "OSError: [Errno 116] Stale file handle",
                Some(Cause::StorageGone),
                "OSError: [Errno 116] Stale file handle",
            ),
            (
                "ModuleNotFoundError: No module named 'torch'",
                Some(Cause::ProgramMissing),
                "ModuleNotFoundError: No module named 'torch'",
            ),
            (
                "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Killed. \n\nThe above exception was the direct cause of the following exception:\n\nRuntimeError: DataLoader worker (pid(s) 4242) exited unexpectedly",
                Some(Cause::Memory),
                "RuntimeError: DataLoader worker (pid 4242) is killed by signal: Killed.",
            ),
            (
                "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient shared memory (shm).\nRuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory. Please try to raise your shared memory limit.",
                Some(Cause::Memory),
                "RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory. Please try to raise your shared memory limit.",
            ),
            (
                "UserWarning: fell back: Input/output error\ntorch.OutOfMemoryError: CUDA out of memory.",
                Some(Cause::GpuMemory),
                "torch.OutOfMemoryError: CUDA out of memory.",
            ),
            ("W1128 No module named 'triton'\nValueError: no frames\n", None, "ValueError: no frames"),
            (
                "Error: No such option: --video-path-map",
                Some(Cause::ProgramMissing),
                "Error: No such option: --video-path-map",
            ),
            ("Epoch 1\nValueError: no frames\n\n", None, "ValueError: no frames"),
            ("nothing of note\n", None, "nothing of note"),
        ] {
            let mut tail = Tail::default();
            lines.lines().for_each(|line| tail.line(line));
            assert_eq!(tail.cause(), cause, "{lines}");
            assert_eq!(tail.quote().as_deref(), Some(quote), "{lines}");
        }
        assert_eq!(Tail::default().quote(), None);
    }

    #[test]
    fn what_a_training_got_over_names_no_cause() {
        let bar = |epoch| Bar::Epoch { epoch, done: 3, total: 3 };
        let mut tail = Tail::default();
        tail.bar(&bar(0));
        tail.line("UserWarning: [Errno 5] Input/output error: 'cam0.mp4', trying again");
        tail.bar(&bar(1));
        assert_eq!(tail.cause(), Some(Cause::StorageGone), "a bar that was drawn before may come after it");
        tail.bar(&bar(2));
        tail.line("ValueError: no frames");
        assert_eq!((tail.cause(), tail.quote().as_deref()), (None, Some("ValueError: no frames")));
    }

    #[test]
    fn an_error_that_comes_later_is_what_it_ended_with() {
        let mut tail = Tail::default();
        tail.line("OSError: [Errno 28] No space left on device");
        assert!(tail.is_named_last());
        tail.line("RuntimeError: unexpected pos 64 vs 0");
        assert!(!tail.is_named_last());
        assert_eq!(tail.cause(), Some(Cause::StorageFull));
    }
}
