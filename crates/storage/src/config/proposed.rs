use super::apply::well_formed;
use super::{BackendFields, Change, ConfigError, check};
use crate::{Backend, Environment, Platform};

impl Backend {
    /// What a storage of this name and these keys would be, written nowhere: to be looked at before it is added.
    ///
    /// # Errors
    /// `config_invalid`: what adding it would refuse whatever the file says.
    pub fn proposed(name: &str, fields: &BackendFields, environment: &Environment) -> Result<Self, ConfigError> {
        let change = Change::Add { name: name.to_owned(), fields: fields.clone() };
        well_formed(&change, environment)?;
        let text = |field: &Option<String>| field.clone().unwrap_or_default();
        let words = |field: &Option<String>| field.clone().filter(|text| !text.is_empty());
        // Each was found good above.
        let folder = |field| check::folder(&text(field), Platform::current()).unwrap_or_default();
        let home = environment.home.as_deref();
        Ok(Self {
            name: name.to_owned(),
            base_path: check::base_path(&text(&fields.base_path), home, Platform::current()).unwrap_or_default(),
            kind: words(&fields.kind),
            description: words(&fields.description),
            user_subdir: folder(&fields.user_subdir),
            subpath: folder(&fields.subpath),
        })
    }
}
