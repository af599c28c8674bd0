use serde::{Deserialize, Serialize};
use std::fmt;

/// A GPU of a worker, as its driver tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gpu {
    /// As its maker calls it: "NVIDIA A40".
    pub name: String,
    /// All of its memory, in MiB.
    pub memory: u64,
    /// In which share of the last moment it worked, in percent; none where the driver does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub busy: Option<u8>,
    /// Who uses it outside of this worker's jobs, if somebody does: it gets no job meanwhile that wants a GPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<GpuUse>,
}

/// The use of a GPU by a program that is none of a worker's jobs. `Display` writes "tom (python), 21 GiB".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GpuUse {
    /// Whose program it is, where the system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// Its name, where the system says: in a container it may not be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// The GPU's memory that it has, in MiB; of several programs the sum, and the greatest is named.
    pub memory: u64,
}

impl fmt::Display for GpuUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.user, &self.program) {
            (Some(user), Some(program)) => write!(f, "{user} ({program})")?,
            (Some(one), None) | (None, Some(one)) => f.write_str(one)?,
            (None, None) => f.write_str("another program")?,
        }
        write!(f, ", {} GiB", gibibytes(self.memory))
    }
}

/// MiB as whole GiB, rounded.
pub fn gibibytes(mebibytes: u64) -> u64 {
    mebibytes.saturating_add(512) / 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_it_is_said_as_far_as_it_is_known() {
        let seen = |user: Option<&str>, program: Option<&str>| {
            GpuUse { user: user.map(str::to_owned), program: program.map(str::to_owned), memory: 21_300 }.to_string()
        };
        assert_eq!(seen(Some("tom"), Some("python")), "tom (python), 21 GiB");
        assert_eq!(seen(None, Some("python")), "python, 21 GiB");
        assert_eq!(seen(Some("tom"), None), "tom, 21 GiB");
        assert_eq!(seen(None, None), "another program, 21 GiB");
    }
}
