use std::collections::BTreeMap;
use std::path::Path;

/// How many GPUs, in the standard's words.
pub(crate) const GPUS: &str = "amount.worker.gpu";

/// What this computer offers to `hostRequirements`, in the standard's words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Host {
    /// `amount.worker.vcpu`, `amount.worker.memory` (MiB), `amount.worker.gpu`, `amount.worker.gpu.memory` (MiB, of the
    /// smallest; only where known).
    pub amounts: BTreeMap<String, f64>,
    /// `attr.worker.os.family` and `attr.worker.cpu.arch`.
    pub attributes: BTreeMap<String, Vec<String>>,
}

/// Looks at this computer. Quick, touches no storage and starts no program.
pub fn this_host() -> Host {
    let mut amounts = BTreeMap::new();
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    amounts.insert("amount.worker.vcpu".to_owned(), cpus as f64);
    if let Some(memory) = memory_mib() {
        amounts.insert("amount.worker.memory".to_owned(), memory);
    }
    amounts.insert(GPUS.to_owned(), gpus(Path::new("/proc/driver/nvidia/gpus"), Path::new("/dev")) as f64);
    let attributes = [("attr.worker.os.family", os_family()), ("attr.worker.cpu.arch", cpu_arch())];
    let attributes = attributes.into_iter().map(|(name, value)| (name.to_owned(), vec![value.to_owned()])).collect();
    Host { amounts, attributes }
}

fn os_family() -> &'static str {
    match std::env::consts::OS {
        "windows" => "windows",
        "macos" => "macos",
        _ => "linux",
    }
}

fn cpu_arch() -> &'static str {
    match std::env::consts::ARCH {
        "aarch64" => "arm64",
        other => other,
    }
}

/// NVIDIA GPUs: the driver lists them on a computer; in a container only their devices may be there.
fn gpus(driver: &Path, devices: &Path) -> usize {
    let listed = |dir: &Path, is: fn(&str) -> bool| {
        fs_err::read_dir(dir).map_or(0, |entries| {
            entries.filter_map(Result::ok).filter(|entry| entry.file_name().to_str().is_some_and(is)).count()
        })
    };
    let numbered = |name: &str| {
        name.strip_prefix("nvidia")
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    match listed(devices, numbered) {
        // A container sees the driver's whole list, but may use only the devices that it was given.
        0 if cfg!(target_os = "linux") && devices.is_dir() && listed(devices, |name| name == "dxg") == 0 => 0,
        0 => listed(driver, |_| true),
        given => given,
    }
}

#[cfg(target_os = "linux")]
fn memory_mib() -> Option<f64> {
    let text = fs_err::read_to_string("/proc/meminfo").ok()?;
    let total = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: f64 = total.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some((kib / 1024.0).floor())
}

#[cfg(not(target_os = "linux"))]
fn memory_mib() -> Option<f64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_requirements_ask_for() {
        let host = this_host();
        assert!(host.amounts["amount.worker.vcpu"] >= 1.0);
        assert!(host.amounts["amount.worker.gpu"] >= 0.0);
        #[cfg(target_os = "linux")]
        assert!(host.amounts["amount.worker.memory"] > 64.0);
        assert!(["linux", "macos", "windows"].contains(&host.attributes["attr.worker.os.family"][0].as_str()));
    }

    #[test]
    fn counts_the_gpus_that_may_be_used() {
        let tree = tempfile::tempdir().unwrap();
        let (driver, dev) = (tree.path().join("driver"), tree.path().join("dev"));
        for dir in [driver.join("0000:01:00.0"), driver.join("0000:02:00.0"), dev.clone()] {
            fs_err::create_dir_all(dir).unwrap();
        }
        for name in ["nvidiactl", "nvidia-uvm", "null"] {
            fs_err::write(dev.join(name), "").unwrap();
        }
        assert_eq!(gpus(&tree.path().join("absent"), &dev), 0);
        if cfg!(target_os = "linux") {
            assert_eq!(gpus(&driver, &dev), 0, "a container without devices has no GPU, whatever the driver lists");
        }
        fs_err::write(dev.join("nvidia1"), "").unwrap();
        assert_eq!(gpus(&driver, &dev), 1);
    }
}
