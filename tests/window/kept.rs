//! Pictures that are kept with the sources, which the pages are compared with: the pages change only where somebody means them to.
//!
//! `UPDATE_PICTURES=1` takes them anew, and those of the README with them.

use crate::blocks;
use crate::open::{OpenWindow, pictures};
use crate::picture::Picture;
use std::fs;
use std::path::{Path, PathBuf};

/// How long words are in the letters that the pictures were taken with, as [`LETTERS`] measures them.
const LENGTHS: &str = "313 352 328";
const LETTERS: &str = include_str!("letters.js");

/// The pictures of one test: what each page differs in is told together, at its end.
pub(crate) struct Kept {
    /// In small.
    folder: PathBuf,
    /// Whole, as people look at them.
    readme: PathBuf,
    update: bool,
    wrong: Vec<String>,
}

impl Kept {
    pub(crate) fn new(window: &OpenWindow<'_>) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folder = root.join("tests/window/kept");
        fs::create_dir_all(&folder).expect("the sources can be written to");
        let lengths = window.script(LETTERS);
        assert_eq!(
            lengths,
            LENGTHS,
            "pages are compared in DejaVu's letters, which are not here. {}",
            crate::display::INSTALL
        );
        let update = std::env::var_os("UPDATE_PICTURES").is_some();
        Self { folder, readme: root.join("docs/images"), update, wrong: Vec::new() }
    }

    /// Compares a picture with the one of the same name that is kept; or keeps it, where it differs and that is wanted.
    pub(crate) fn see(&mut self, name: &str, picture: &Picture) {
        let file = self.folder.join(name);
        let before = Picture::open(&file);
        let differ = before.as_ref().and_then(|before| blocks::differences(before, picture));
        match differ {
            Some(differ) if differ.is_empty() => {}
            _ if self.update => {
                blocks::in_small(picture).keep(&file);
                let whole = self.readme.join(name);
                if whole.exists() {
                    picture.write_small(&whole);
                }
            }
            None => self.wrong.push(format!("{name}: there is no picture of this name and size")),
            Some(differ) => {
                let marked = pictures().join(format!("differs-{name}"));
                blocks::marked(picture, &differ).write(&marked);
                self.wrong.push(format!("{name}: {} places, see {}", differ.len(), marked.display()));
            }
        }
    }

    /// Fails where a page looks otherwise than it did.
    pub(crate) fn end(self) {
        assert!(
            self.wrong.is_empty(),
            "These pages do not look as they did:\n{}\nIf they are meant to, UPDATE_PICTURES=1 keeps them as they look now.",
            self.wrong.join("\n")
        );
    }
}
