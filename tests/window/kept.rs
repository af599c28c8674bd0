//! Pictures that are kept with the sources, which the pages are compared with: the pages change only where somebody means them to.
//!
//! `UPDATE_PICTURES=1` takes them anew. Where letters look otherwise than where they were taken nothing is compared, and that is said.

use crate::open::{OpenWindow, pictures};
use crate::picture::Picture;
use std::fs;
use std::path::{Path, PathBuf};

/// How letters look where the pictures were taken.
const FONTS: &str = "fonts.txt";
/// Pixels in which a page may differ: the edges of what is drawn.
const FEW: usize = 60;

/// The pictures of one test: what each page differs in is told together, at its end.
pub(crate) struct Kept {
    folder: PathBuf,
    update: bool,
    compare: bool,
    wrong: Vec<String>,
}

impl Kept {
    pub(crate) fn new(window: &OpenWindow<'_>) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/images");
        fs::create_dir_all(&folder).expect("the sources can be written to");
        let fonts = window.script(include_str!("fonts.js"));
        let fonts = fonts.as_str().expect("the page draws letters");
        let update = std::env::var_os("UPDATE_PICTURES").is_some();
        if update {
            fs::write(folder.join(FONTS), format!("{fonts}\n")).expect("the pictures' folder can be written to");
        }
        let theirs = fs::read_to_string(folder.join(FONTS)).unwrap_or_default();
        let compare = theirs.trim() == fonts;
        if !compare {
            eprintln!(
                "Letters look otherwise here than in the pictures in {} ({fonts} here, {} there): the pages are NOT compared.",
                folder.display(),
                theirs.trim()
            );
        }
        Self { folder, update, compare, wrong: Vec::new() }
    }

    /// Compares a picture with the one of the same name that is kept; or keeps it, where it differs and that is wanted.
    pub(crate) fn see(&mut self, name: &str, picture: &Picture) {
        if !self.compare {
            return;
        }
        let file = self.folder.join(name);
        let before = Picture::open(&file);
        let differ = before.as_ref().and_then(|before| before.differences(picture));
        match differ {
            Some(differ) if differ.len() <= FEW => {}
            _ if self.update => picture.write_small(&file),
            None => self.wrong.push(format!("{name}: there is no picture of this name and size")),
            Some(differ) => {
                let marked = pictures().join(format!("differs-{name}"));
                picture.marked(&differ).write(&marked);
                self.wrong.push(format!("{name}: {} pixels, see {}", differ.len(), marked.display()));
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
