use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

/// A path as somebody's computer wrote it, taken apart. Whose rules it follows is seen from how it begins, never from the
/// computer that reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPath {
    /// What it begins with.
    pub root: WrittenRoot,
    /// The names below that, as they are written.
    pub components: Vec<String>,
}

/// What a written path begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenRoot {
    /// `/`
    Slash,
    /// `Z:/`, as a capital letter.
    Drive(char),
    /// `\\server\share`, in small letters.
    Share(String, String),
    /// Nothing: relative to the project.
    None,
}

impl WrittenPath {
    /// Takes any text apart; never fails.
    pub fn new(text: &str) -> Self {
        let verbatim = text.strip_prefix(r"\\?\").or_else(|| text.strip_prefix("//?/"));
        let text = match verbatim {
            Some(rest)
                if rest
                    .get(..4)
                    .is_some_and(|unc| unc.eq_ignore_ascii_case(r"UNC\") || unc.eq_ignore_ascii_case("UNC/")) =>
            {
                Cow::Owned(format!(r"\\{}", &rest[4..]))
            }
            Some(rest) => Cow::Borrowed(rest),
            None => Cow::Borrowed(text),
        };
        if let Some(drive) = drive(&text) {
            return Self { root: WrittenRoot::Drive(drive), components: split(&text[2..], &['/', '\\']) };
        }
        if text.starts_with(r"\\") || text.starts_with("//") {
            let mut components = split(&text, &['/', '\\']);
            if components.len() >= 2 {
                let rest = components.split_off(2);
                let root = WrittenRoot::Share(fold(&components[0]), fold(&components[1]));
                return Self { root, components: rest };
            }
        }
        match text.strip_prefix('/') {
            Some(rest) => Self { root: WrittenRoot::Slash, components: split(rest, &['/']) },
            None => Self { root: WrittenRoot::None, components: split(&text, &['/', '\\']) },
        }
    }

    /// What is left of this path below `base`; none where it is not below it.
    pub fn below(&self, base: &Self) -> Option<&[String]> {
        self.at_or_below(base).filter(|rest| !rest.is_empty())
    }

    /// The same; nothing is left of `base` itself.
    pub(crate) fn at_or_below(&self, base: &Self) -> Option<&[String]> {
        if self.root != base.root || self.root == WrittenRoot::None || self.components.len() < base.components.len() {
            return None;
        }
        let same = |(mine, theirs): (&String, &String)| match self.root {
            WrittenRoot::Drive(_) | WrittenRoot::Share(..) => fold(mine) == fold(theirs),
            WrittenRoot::Slash | WrittenRoot::None => nfc(mine) == nfc(theirs),
        };
        let (head, rest) = self.components.split_at(base.components.len());
        head.iter().zip(&base.components).all(same).then_some(rest)
    }
}

/// `C:` before a separator or the end. `x:y` is a name like any other.
fn drive(text: &str) -> Option<char> {
    let mut characters = text.chars();
    let letter = characters.next().filter(char::is_ascii_alphabetic)?;
    (characters.next() == Some(':') && matches!(characters.next(), None | Some('/' | '\\')))
        .then(|| letter.to_ascii_uppercase())
}

fn split(text: &str, separators: &[char]) -> Vec<String> {
    text.split(separators).filter(|component| !component.is_empty() && *component != ".").map(str::to_owned).collect()
}

/// Composed form: two spellings of one name become the same text.
pub fn nfc(text: &str) -> Cow<'_, str> {
    match is_nfc_quick(text.chars()) {
        IsNormalized::Yes => Cow::Borrowed(text),
        _ => Cow::Owned(text.nfc().collect()),
    }
}

fn fold(text: &str) -> String {
    nfc(text).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn below(path: &str, base: &str) -> Option<String> {
        WrittenPath::new(path).below(&WrittenPath::new(base)).map(|rest| rest.join("/"))
    }

    #[test]
    fn a_base_path_is_compared_by_components() {
        for (path, base, rest) in [
            ("/Volumes/talmo/amick/x.mp4", "/Volumes/talmo", Some("amick/x.mp4")),
            ("/Volumes/talmo/amick/x.mp4", "/Volumes/talmo/", Some("amick/x.mp4")),
            ("/Volumes//talmo/./amick/x.mp4", "/Volumes/talmo", Some("amick/x.mp4")),
            ("/Volumes/talmo2/x.mp4", "/Volumes/talmo", None),
            ("/Volumes/talmo", "/Volumes/talmo", None),
            ("/volumes/talmo/x.mp4", "/Volumes/talmo", None),
            ("/x.mp4", "/", Some("x.mp4")),
            ("Z:/amick/x.mp4", "z:\\", Some("amick/x.mp4")),
            (r"z:\amick\day 1/x.mp4", "Z:/", Some("amick/day 1/x.mp4")),
            (r"Z:\Amick\x.mp4", "z:/amick", Some("x.mp4")),
            ("Z:/amick/x.mp4", "Y:/", None),
            ("//vast01/talmo/amick/x.mp4", r"\\VAST01\Talmo", Some("amick/x.mp4")),
            (r"\\vast01\talmo\amick\x.mp4", "//vast01/talmo/", Some("amick/x.mp4")),
            (r"\\vast01\talmo2\x.mp4", r"\\vast01\talmo", None),
            (r"\\?\UNC\vast01\talmo\x.mp4", r"\\vast01\talmo", Some("x.mp4")),
            (r"\\?\Z:\x.mp4", "Z:", Some("x.mp4")),
            ("/Volumes/Zoe\u{308}/x.mp4", "/Volumes/Zo\u{eb}", Some("x.mp4")),
            ("talmo/x.mp4", "talmo", None),
            ("/a\\b/x.mp4", "/a\\b", Some("x.mp4")),
        ] {
            assert_eq!(below(path, base).as_deref(), rest, "{path} below {base}");
        }
    }

    #[test]
    fn nonsense_is_taken_apart_too() {
        for text in ["", "/", "//", "///", r"\\", r"\\?\", r"\\?\UNC\", "//?/é", "Z:", "é:/x", "//server", ":", "\0"]
        {
            let _ = WrittenPath::new(text);
        }
        assert_eq!(WrittenPath::new("a:b/c").root, WrittenRoot::None);
    }
}
