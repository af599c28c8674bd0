use super::CanonicalBases;
use super::local_path::LocalPath;
use crate::{Backend, Storages};

/// Another storage whose place on this computer has to do with that of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overlap<'s> {
    /// The other one.
    pub other: &'s Backend,
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
    pub fn overlaps(&self, name: &str, bases: &CanonicalBases) -> Vec<Overlap<'_>> {
        let Some(own) = self.number(name).and_then(|number| bases.key(number)) else { return Vec::new() };
        let others = self.iter().enumerate().filter(|(_, backend)| backend.name != name);
        others
            .filter_map(|(number, other)| {
                let theirs = bases.key(number)?;
                let how = match (own.begins_with(theirs), theirs.begins_with(own)) {
                    (true, true) => Nesting::Same,
                    (true, false) => Nesting::Inside,
                    (false, true) => Nesting::Around,
                    (false, false) => return None,
                };
                Some(Overlap { other, how })
            })
            .collect()
    }

    /// The storage with the longest configured base path in which that of the storage `name` lies. Pure.
    pub fn around(&self, name: &str) -> Option<&Backend> {
        let text = self.get(name).ok()?.base_path.to_str()?;
        let local = LocalPath::parse(text, self.platform())?;
        let (key, ends) = local.key();
        // The last of them is the place itself.
        let above = ends.iter().rev().skip(1);
        let holding = above.filter_map(|end| self.as_configured().at(&key.text()[..*end]).first());
        holding.filter_map(|number| self.iter().nth(*number)).next()
    }

    /// The other storages that are configured to be where the storage `name` is, in the order of the configuration. Pure.
    pub fn at_one_place_with(&self, name: &str) -> Vec<&Backend> {
        let Some(own) = self.number(name) else { return Vec::new() };
        let numbers = self.as_configured().at_one_place_with(own).iter();
        numbers.filter_map(|number| self.iter().nth(*number)).filter(|other| other.name != name).collect()
    }
}
