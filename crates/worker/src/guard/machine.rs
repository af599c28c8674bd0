//! Which computer an attempt runs on. A state folder may lie on a file server: then the next worker may be on another computer, from
//! where nobody sees what runs on the first.

use super::kin::boot;
use serde::{Deserialize, Serialize};

/// A computer, as one that looks later knows it again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its name.
    pub host: String,
    /// Its system's; nothing where there is none. Of computers that were cloned it is the same.
    #[serde(default)]
    pub id: String,
    /// Which start of it; nothing where that is not told.
    #[serde(default)]
    pub boot: String,
}

impl Machine {
    /// This computer.
    pub fn this() -> Self {
        let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
        let host = hostname::get().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self { host, id: text("/etc/machine-id"), boot: boot().trim().to_owned() }
    }

    /// Whether both are one computer. Where it was started again, nothing of before runs.
    ///
    /// Two starts are of one computer only where its system has an id: a container without one keeps its name on whatever computer it
    /// is started.
    pub fn is(&self, other: &Self) -> bool {
        let told = !self.boot.is_empty() && !other.boot.is_empty();
        if told && self.boot == other.boot {
            return true;
        }
        (&self.host, &self.id) == (&other.host, &other.id) && !(told && self.id.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_is_known_again_after_a_new_name_or_a_new_start_and_a_clone_is_another() {
        let of = |host: &str, id: &str, boot: &str| Machine { host: host.into(), id: id.into(), boot: boot.into() };
        let ours = of("node-a", "1", "x");
        assert!(ours.is(&of("node-a", "1", "x")) && Machine::this().is(&Machine::this()));
        assert!(ours.is(&of("node-a", "1", "y")), "started again");
        assert!(ours.is(&of("renamed", "1", "x")), "called otherwise meanwhile");
        for other in [of("node-b", "1", "y"), of("node-b", "2", "y"), of("node-a", "2", "y"), of("node-b", "1", "")] {
            assert!(!ours.is(&other), "{other:?}");
        }
        // A container that went to another computer, with its name.
        assert!(!of("worker-0", "", "x").is(&of("worker-0", "", "y")));
        // Where no start is told.
        assert!(!of("mac-a", "", "").is(&of("mac-b", "", "")) && of("mac-a", "", "").is(&of("mac-a", "", "")));
    }
}
