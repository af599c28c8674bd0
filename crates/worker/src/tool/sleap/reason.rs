//! Why `sleap-nn` ended badly, from what it printed.

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
    ("no module named", Cause::ProgramMissing),
    ("no such command", Cause::ProgramMissing),
    ("no such option", Cause::ProgramMissing),
];

/// What is remembered of a program's lines.
#[derive(Debug, Default)]
pub(super) struct Tail {
    /// A cause that was named, and by which line.
    sign: Option<(Cause, String)>,
    /// The last line that names an error.
    error: Option<String>,
    /// The last line.
    last: Option<String>,
}

impl Tail {
    /// Takes a line.
    pub(super) fn line(&mut self, line: &str) {
        if line.trim().is_empty() {
            return;
        }
        let short: String = line.trim().chars().take(500).collect();
        let small = short.to_lowercase();
        if let Some((_, cause)) = SIGNS.iter().find(|(sign, _)| small.contains(sign)) {
            self.sign.get_or_insert_with(|| (*cause, short.clone()));
        }
        if names_an_error(&short) {
            self.error = Some(short.clone());
        }
        self.last = Some(short);
    }

    /// The cause that was named.
    pub(super) fn cause(&self) -> Option<Cause> {
        self.sign.as_ref().map(|(cause, _)| *cause)
    }

    /// The line worth quoting.
    pub(super) fn quote(&self) -> Option<String> {
        let sign = self.sign.as_ref().map(|(_, line)| line);
        sign.or(self.error.as_ref()).or(self.last.as_ref()).cloned()
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
}
