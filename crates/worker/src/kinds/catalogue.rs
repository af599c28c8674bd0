use super::{Template, TemplateError, TemplateSource};
use samepath_wire::{Kind, KindUnavailable};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// No template is longer than this.
pub const MAX_TEMPLATE_BYTES: usize = 1024 * 1024;

/// The templates that come with the program: name, text, and the program that our own tool starts in turn.
const BUILT_IN: &[(&str, &str, Option<&str>)] = &[
    ("slp-check", include_str!("../../../../kinds/slp-check.yaml"), None),
    ("sleap-train", include_str!("../../../../kinds/sleap-train.yaml"), Some("sleap-nn")),
    ("sleap-predict", include_str!("../../../../kinds/sleap-predict.yaml"), Some("sleap-nn")),
];

/// How the names of template files end, in order, and whether that is JSON rather than YAML.
const ENDINGS: [(&str, bool); 3] = [("json", true), ("yaml", false), ("yml", false)];

/// The program without which a built-in kind cannot do its work.
pub(super) fn runs(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(built_in, ..)| *built_in == name).and_then(|(.., runs)| *runs)
}

/// The kinds that a worker holds: the built-in ones and those of a lab's own folder.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    templates: BTreeMap<String, Template>,
    refused: Vec<KindUnavailable>,
}

impl Catalogue {
    /// The built-in kinds, then every `*.yaml`, `*.yml` and `*.json` of the folder, in order of name. A file's name before its
    /// ending is the kind's name.
    ///
    /// Never fails: what cannot be used is in [`refused`](Self::refused), and hides nothing else.
    pub fn load(kinds_dir: Option<&Path>) -> Self {
        let mut catalogue = Self::built_in().clone();
        if let Some(dir) = kinds_dir {
            catalogue.add_folder(dir);
        }
        catalogue
    }

    /// The kinds that come with the program. Read once: that takes milliseconds.
    pub fn built_in() -> &'static Self {
        static BUILT_IN_KINDS: LazyLock<Catalogue> = LazyLock::new(|| {
            let mut catalogue = Catalogue::default();
            for (name, text, _) in BUILT_IN {
                let template = TemplateSource::read(name, true, text, false).and_then(Template::new);
                catalogue.add(name, name, template);
            }
            catalogue
        });
        &BUILT_IN_KINDS
    }

    /// One kind, as [`Catalogue::load`] has it, without reading the folder's others; none where it was refused or is not there.
    pub fn load_one(kinds_dir: Option<&Path>, name: &str) -> Option<Template> {
        if BUILT_IN.iter().any(|(built_in, ..)| *built_in == name) {
            return Self::built_in().templates.get(name).cloned();
        }
        let dir = kinds_dir.filter(|_| is_name(name))?;
        // In the order in which the whole folder is read.
        ENDINGS.iter().find_map(|(ending, _)| read_template(&dir.join(format!("{name}.{ending}")), name).ok())
    }

    fn add_folder(&mut self, dir: &Path) {
        let listed: Result<Vec<PathBuf>, _> =
            fs_err::read_dir(dir).and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect());
        let mut files = match listed {
            Ok(files) => files,
            Err(error) => {
                let detail = error.to_string();
                return self.refuse(&dir.display().to_string(), &TemplateError::Unreadable { detail });
            }
        };
        files.retain(|path| json_form(path).is_some());
        files.sort();
        for path in files {
            let file_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default().to_owned();
            let template = if is_name(&stem) { read_template(&path, &stem) } else { Err(TemplateError::Name) };
            self.add(&stem, &file_name, template);
        }
    }

    fn add(&mut self, name: &str, shown: &str, template: Result<Template, TemplateError>) {
        let template = template.and_then(|template| match self.templates.get(name) {
            Some(other) => Err(TemplateError::Taken { built_in: other.kind().built_in }),
            None => Ok(template),
        });
        match template {
            Ok(template) => {
                self.templates.insert(name.to_owned(), template);
            }
            Err(error) => self.refuse(shown, &error),
        }
    }

    fn refuse(&mut self, name: &str, error: &TemplateError) {
        tracing::warn!(kind = name, %error, "refused a template");
        self.refused.push(KindUnavailable { name: name.to_owned(), reason: error.to_string() });
    }

    /// The public side of every kind: the built-in ones, from looking to working, then the others by name.
    pub fn kinds(&self) -> Vec<Kind> {
        let mut kinds: Vec<Kind> = self.templates.values().map(|template| template.kind().clone()).collect();
        kinds.sort_by_key(|kind| BUILT_IN.iter().position(|(name, ..)| *name == kind.name).unwrap_or(BUILT_IN.len()));
        kinds
    }

    /// What was refused: the file's name, and one sentence that names the place.
    pub fn refused(&self) -> Vec<KindUnavailable> {
        self.refused.clone()
    }

    /// One kind.
    pub fn get(&self, name: &str) -> Option<&Template> {
        self.templates.get(name)
    }

    /// Every template, by name.
    pub fn templates(&self) -> impl Iterator<Item = &Template> {
        self.templates.values()
    }
}

/// `[a-z0-9][a-z0-9-]{0,63}`.
fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('-')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// Whether the file is JSON rather than YAML; none where it is not a template's file. Hidden ones are what editors and file
/// managers leave behind.
fn json_form(path: &Path) -> Option<bool> {
    if path.file_name()?.as_encoded_bytes().starts_with(b".") {
        return None;
    }
    let ending = path.extension()?.to_str()?;
    ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, json)| *json)
}

fn read_template(path: &Path, name: &str) -> Result<Template, TemplateError> {
    let unreadable = |error: std::io::Error| TemplateError::Unreadable { detail: error.to_string() };
    let metadata = fs_err::metadata(path).map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(TemplateError::Unreadable { detail: "it is not a file".to_owned() });
    }
    if metadata.len() > MAX_TEMPLATE_BYTES as u64 {
        return Err(TemplateError::TooLarge { bytes: metadata.len() });
    }
    let mut text = String::new();
    let limit = MAX_TEMPLATE_BYTES as u64 + 1;
    fs_err::File::open(path).map_err(unreadable)?.take(limit).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() > MAX_TEMPLATE_BYTES {
        return Err(TemplateError::TooLarge { bytes: text.len() as u64 });
    }
    TemplateSource::read(name, false, &text, json_form(path).unwrap_or(false)).and_then(Template::new)
}
