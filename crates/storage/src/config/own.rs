//! Strings in tables of ours that a computer may say for itself: `[samepath.TABLE]`, and `[samepath.computers.THIS.TABLE]` over it.

use super::text::{Text, dotted};
use super::{Config, ConfigError, edit};

/// One of them, and what it is to be: none takes it out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own<'a> {
    pub(super) table: &'static str,
    pub(super) key: &'a str,
    pub(super) value: Option<&'a str>,
    /// Whether a new one is this computer's alone.
    pub(super) alone: bool,
}

/// The tables, each over the one before it.
pub(super) fn tables<'a>(
    table: &'static str,
    computer: Option<&'a str>,
) -> impl DoubleEndedIterator<Item = Vec<&'a str>> {
    let own = computer.map(|this| vec!["samepath", "computers", this, table]);
    std::iter::once(vec!["samepath", table]).chain(own)
}

impl Own<'_> {
    /// As messages call it.
    pub(super) fn name(&self) -> String {
        dotted(&["samepath", self.table, self.key])
    }

    /// The value in force, in words.
    fn effective(&self, text: &Text<'_>, computer: Option<&str>) -> Option<String> {
        let mut tables = tables(self.table, computer).rev();
        let value = tables.find_map(|above| text.table(&above).ok().flatten()?.get(self.key))?;
        Some(value.get_ref().as_str().unwrap_or_else(|| text.written(value)).to_owned())
    }

    /// Refuses what would undo what somebody did since the configuration was read.
    pub(super) fn compare(
        &self,
        config: &Config,
        (then, now): (&Text<'_>, &Text<'_>),
        computer: Option<&str>,
    ) -> Result<(), ConfigError> {
        if !config.file.trusts_samepath_table() {
            return Err(ConfigError::NotRead { file: config.file.path.clone(), key: self.name() });
        }
        let theirs = self.effective(now, computer);
        if self.effective(then, computer) == theirs || theirs.as_deref() == self.value {
            return Ok(());
        }
        let (file, yours) = (config.file.path.clone(), self.value.map(str::to_owned));
        Err(ConfigError::Changed { file, key: self.name(), theirs, yours })
    }

    /// The text in which it is so: in this computer's own table where it is there, else in the one for all, unless it is this
    /// computer's alone.
    pub(super) fn edited(&self, text: &Text<'_>, computer: Option<&str>) -> Result<String, ConfigError> {
        let all: Vec<Vec<&str>> = tables(self.table, computer).collect();
        let mut named: Vec<&Vec<&str>> = all.iter().filter(|above| self.is_in(text, above)).collect();
        let Some(value) = self.value else {
            let mut new = text.raw().to_owned();
            for above in named {
                new = edit::set(&Text::parse(text.file, &new)?, above, self.key, None)?;
            }
            return Ok(new);
        };
        if self.effective(text, computer).as_deref() == Some(value) {
            return Ok(text.raw().to_owned());
        }
        let fresh = if self.alone { all.last() } else { all.first() };
        match named.pop().or(fresh) {
            Some(above) => edit::put(text, above, self.key, value),
            None => Ok(text.raw().to_owned()),
        }
    }

    fn is_in(&self, text: &Text<'_>, above: &[&str]) -> bool {
        text.table(above).ok().flatten().is_some_and(|table| table.contains_key(self.key))
    }

    /// Whether the text says what was asked for.
    pub(super) fn says(&self, text: &Text<'_>, computer: Option<&str>) -> bool {
        self.effective(text, computer).as_deref() == self.value
    }

    /// Every place that a change of it may touch.
    pub(super) fn places(&self, computer: Option<&str>) -> Vec<Vec<String>> {
        let place = |above: Vec<&str>| above.into_iter().chain([self.key]).map(str::to_owned).collect();
        tables(self.table, computer).map(place).collect()
    }
}
