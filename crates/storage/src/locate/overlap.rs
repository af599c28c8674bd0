use super::CanonicalBases;
use crate::Storages;
use std::path::PathBuf;

/// Another storage whose place on this computer has to do with that of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap {
    /// The other one's name.
    pub other: String,
    /// Where it is, as configured.
    pub base_path: PathBuf,
    /// How they lie.
    pub how: Nesting,
}

/// How one place lies to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nesting {
    /// They are one: locating a path there is ambiguous.
    Same,
    /// Inside the other: what is there is no longer located on the other.
    Inside,
    /// Around the other: what is on the other goes on being located there.
    Around,
}

impl Storages {
    /// The storages whose place is that of the storage `name`, or holds it, or lies in it; in the order of the configuration.
    pub fn overlaps(&self, name: &str, bases: &CanonicalBases) -> Vec<Overlap> {
        let place = |name: &str| {
            let number = self.iter().position(|backend| backend.name == name)?;
            bases.of_number(number)
        };
        let Some(own) = place(name) else { return Vec::new() };
        let others = self.iter().filter(|backend| backend.name != name);
        others
            .filter_map(|other| {
                let theirs = place(&other.name)?;
                let how = match (own.below(theirs), theirs.below(own)) {
                    (Some(_), Some(_)) => Nesting::Same,
                    (Some(_), None) => Nesting::Inside,
                    (None, Some(_)) => Nesting::Around,
                    (None, None) => return None,
                };
                Some(Overlap { other: other.name.clone(), base_path: other.base_path.clone(), how })
            })
            .collect()
    }
}
