//! The GPUs of this computer, as NVIDIA's driver tells of them.
//!
//! Asked of a helper: a driver that hangs holds nobody up, and one that crashes takes nobody along.

use crate::entry;
use nvml_wrapper::enums::device::UsedGpuMemory;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::struct_wrappers::device::ProcessInfo;
use nvml_wrapper::{Device, Nvml};
use samepath_storage::helper::{Helper, HelperError, reply};
use samepath_wire::{Gpu, GpuUse};
use serde_json::Value;
use std::time::Duration;

const TOPIC: &str = "gpus";
/// Stands for what is asked about.
const ABOUT: &str = "the driver of the GPU";
/// A driver that nobody uses is loaded first, which takes some seconds with many GPUs.
const DEADLINE: Duration = Duration::from_secs(20);
/// A program with less of a GPU's memory, in MiB, has it open and does not work with it.
const USED: u64 = 1024;

/// Every GPU that programs of this process may use, in the driver's order; none where there is no driver. Blocks the calling
/// thread for [`DEADLINE`] at most. Whatever program uses one is told, jobs included.
///
/// # Errors
/// See [`HelperError`].
pub(crate) fn ask(helper: &Helper) -> Result<Option<Vec<Gpu>>, HelperError> {
    helper.ask(TOPIC, &[ABOUT.to_owned()], &(), DEADLINE)
}

/// The helper's side; `None` for other topics.
pub(crate) fn answer(topic: &str) -> Option<Value> {
    (topic == TOPIC).then(|| reply(&look(entry::visible_gpus().as_deref()).map_err(|error| error.to_string())))
}

fn look(visible: Option<&str>) -> Result<Option<Vec<Gpu>>, NvmlError> {
    let nvml = match Nvml::init() {
        Ok(nvml) => nvml,
        Err(NvmlError::LibloadingError(_) | NvmlError::LibraryNotFound | NvmlError::DriverNotLoaded) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let visible = Visible::of(visible);
    // One that fell off its bus, or that a container was not given, is none.
    let gpus = (0..nvml.device_count()?).filter_map(|index| {
        let device = nvml.device_by_index(index).ok()?;
        let is_ours = visible.has(index, || device.uuid().ok());
        is_ours.then(|| gpu(&device).ok()).flatten()
    });
    Ok(Some(gpus.collect()))
}

fn gpu(device: &Device<'_>) -> Result<Gpu, NvmlError> {
    Ok(Gpu {
        name: device.name()?,
        // Drivers before 510 do not say it in a way that is still spoken.
        memory: device.memory_info().map_or(0, |memory| memory.total >> 20),
        busy: device.utilization_rates().ok().and_then(|rates| u8::try_from(rates.gpu.min(100)).ok()),
        taken: used(&device.running_compute_processes().unwrap_or_default()),
    })
}

/// What the programs that work with a GPU amount to.
fn used(processes: &[ProcessInfo]) -> Option<GpuUse> {
    let memory = |process: &ProcessInfo| match process.used_gpu_memory {
        UsedGpuMemory::Used(bytes) => bytes >> 20,
        UsedGpuMemory::Unavailable => 0,
    };
    let at_work: Vec<(u64, u32)> =
        processes.iter().map(|process| (memory(process), process.pid)).filter(|(memory, _)| *memory >= USED).collect();
    let (_, greatest) = at_work.iter().max()?;
    let (user, program) = process(*greatest);
    Some(GpuUse { user, program, memory: at_work.iter().map(|(memory, _)| memory).sum() })
}

/// Whose process it is, and its program.
#[cfg(target_os = "linux")]
fn process(id: u32) -> (Option<String>, Option<String>) {
    use std::os::unix::fs::MetadataExt;
    let place = std::path::PathBuf::from(format!("/proc/{id}"));
    let owner = fs_err::metadata(&place).ok().map(|found| nix::unistd::Uid::from_raw(found.uid()));
    let user = owner.and_then(|owner| nix::unistd::User::from_uid(owner).ok().flatten()).map(|user| user.name);
    let program = fs_err::read_to_string(place.join("comm")).ok().map(|name| name.trim_end().to_owned());
    (user, program)
}

#[cfg(not(target_os = "linux"))]
fn process(_id: u32) -> (Option<String>, Option<String>) {
    (None, None)
}

/// Which GPUs `CUDA_VISIBLE_DEVICES` leaves to programs: numbers or ids, up to the first that is neither. Numbers are taken in the
/// driver's order, which is CUDA's where all are alike or `CUDA_DEVICE_ORDER` is `PCI_BUS_ID`.
#[derive(Debug, PartialEq, Eq)]
enum Visible<'a> {
    All,
    These(Vec<&'a str>),
}

impl<'a> Visible<'a> {
    fn of(variable: Option<&'a str>) -> Self {
        // Parts of a GPU are not told of one by one: the whole is.
        let Some(text) = variable.filter(|text| !text.trim_start().starts_with("MIG-")) else { return Self::All };
        let is_one = |word: &&str| word.starts_with("GPU-") || word.parse::<u32>().is_ok();
        Self::These(text.split(',').map(str::trim).take_while(is_one).collect())
    }

    /// An id may be shortened to a beginning that tells it apart.
    fn has(&self, index: u32, id: impl FnOnce() -> Option<String>) -> bool {
        let Self::These(these) = self else { return true };
        let id = these.iter().any(|word| word.starts_with("GPU-")).then(id).flatten();
        these.iter().any(|word| match word.parse::<u32>() {
            Ok(number) => number == index,
            Err(_) => id.as_ref().is_some_and(|id| id.starts_with(word)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cuda_may_see_is_what_is_told_of() {
        let seen = |variable: Option<&str>| {
            let visible = Visible::of(variable);
            (0..4).filter(|index| visible.has(*index, || Some(format!("GPU-{index}0af")))).collect::<Vec<u32>>()
        };
        assert_eq!(seen(None), [0, 1, 2, 3]);
        assert_eq!(seen(Some("")), [0; 0]);
        assert_eq!(seen(Some("-1")), [0; 0]);
        assert_eq!(seen(Some("2, 0")), [0, 2]);
        assert_eq!(seen(Some("1,-1,2")), [1]);
        assert_eq!(seen(Some("GPU-3,GPU-10af")), [1, 3]);
        assert_eq!(seen(Some("MIG-3f2e")), [0, 1, 2, 3]);
    }

    #[test]
    fn a_program_that_only_has_it_open_does_not_take_it() {
        let process = |pid: u32, used_gpu_memory: UsedGpuMemory| ProcessInfo {
            pid,
            used_gpu_memory,
            gpu_instance_id: None,
            compute_instance_id: None,
        };
        let of = |mebibytes: u64| UsedGpuMemory::Used(mebibytes << 20);
        assert_eq!(used(&[]), None);
        assert_eq!(used(&[process(1, of(300)), process(1, UsedGpuMemory::Unavailable)]), None);
        let own = std::process::id();
        let taken = used(&[process(1, of(2048)), process(own, of(4096)), process(1, of(300))]).expect("taken");
        assert_eq!(taken.memory, 6144);
        #[cfg(target_os = "linux")]
        assert!(taken.program.is_some_and(|program| !program.is_empty()), "the greatest is named");
    }
}
