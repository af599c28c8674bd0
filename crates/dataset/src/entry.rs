use serde::Deserialize;
use serde::de::{Deserializer, SeqAccess, Visitor};
use std::fmt;

/// Most images of one sequence, and of all sequences of a project.
pub(crate) const MAX_IMAGES: usize = 1_000_000;
/// Most texts in one entry: a sequence's list may stand in it twice, beside some other words.
const MAX_TEXTS: usize = 2 * MAX_IMAGES + 10_000;

/// One string of `/videos_json`, as far as it matters here.
#[derive(Debug, PartialEq)]
pub(crate) struct Entry {
    /// Never empty.
    pub(crate) files: Vec<String>,
    /// Where its frames are inside the file that it names.
    pub(crate) dataset: Option<String>,
    pub(crate) source: Option<Vec<String>>,
}

pub(crate) fn read_entry(json: &[u8]) -> Result<Entry, String> {
    // Before any of them is made: a text of nothing takes three bytes here, and many times as much in memory.
    if json.iter().filter(|byte| **byte == b'"').count() / 2 > MAX_TEXTS {
        return Err(format!("it has more than {MAX_IMAGES} images"));
    }
    let parsed = serde_json::from_slice::<VideoJson>(json)
        .or_else(|error| match without_bare_words(json) {
            Some(mended) => serde_json::from_slice(&mended),
            None => Err(error),
        })
        .map_err(|error| error.to_string())?;
    let dataset = parsed.backend.as_ref().and_then(|backend| backend.dataset.clone()).filter(|name| !name.is_empty());
    let source = parsed.source_video.as_deref().and_then(innermost_files);
    let files = parsed.files().ok_or("it names no file")?;
    Ok(Entry { files, dataset, source })
}

/// A package of a package keeps the whole chain; the end of it is what was filmed.
fn innermost_files(video: &VideoJson) -> Option<Vec<String>> {
    let mut video = video;
    while let Some(source) = video.source_video.as_deref() {
        video = source;
    }
    video.clone().files()
}

#[derive(Clone, Deserialize)]
struct VideoJson {
    #[serde(default)]
    filename: Files,
    #[serde(default)]
    backend: Option<BackendJson>,
    #[serde(default)]
    source_video: Option<Box<VideoJson>>,
}

#[derive(Clone, Deserialize)]
struct BackendJson {
    #[serde(default)]
    filename: Files,
    #[serde(default)]
    filenames: Files,
    #[serde(default)]
    dataset: Option<String>,
}

impl VideoJson {
    /// Newer files say it outside, older ones inside `backend`, the oldest image sequences in `filenames`.
    fn files(self) -> Option<Vec<String>> {
        let (inner, list) = self.backend.map_or((Files::default(), Files::default()), |b| (b.filename, b.filenames));
        [list, self.filename, inner].into_iter().map(|files| files.0).find(|files| !files.is_empty())
    }
}

/// A path, a list of paths, or nothing.
#[derive(Clone, Default)]
struct Files(Vec<String>);

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FilesVisitor;
        impl<'de> Visitor<'de> for FilesVisitor {
            type Value = Files;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a path or a list of paths")
            }

            fn visit_str<E>(self, path: &str) -> Result<Files, E> {
                Ok(Files(vec![path.to_owned()]))
            }

            fn visit_unit<E>(self) -> Result<Files, E> {
                Ok(Files::default())
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Files, A::Error> {
                let mut files = Vec::new();
                while let Some(path) = list.next_element::<String>()? {
                    if files.len() == MAX_IMAGES {
                        return Err(serde::de::Error::custom(format!("it has more than {MAX_IMAGES} images")));
                    }
                    files.push(path);
                }
                Ok(Files(files))
            }
        }
        deserializer.deserialize_any(FilesVisitor)
    }
}

/// Python writes `NaN` and `Infinity`, which JSON does not know (`"fps": NaN`). Makes them `null`; none where there were none.
fn without_bare_words(json: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(json.len());
    let (mut in_text, mut escaped, mut changed) = (false, false, false);
    let mut rest = json;
    while let Some((&byte, after)) = rest.split_first() {
        if !in_text
            && let Some(word) = [&b"NaN"[..], b"-Infinity", b"Infinity"].into_iter().find(|w| rest.starts_with(w))
        {
            mended.extend_from_slice(b"null");
            changed = true;
            rest = &rest[word.len()..];
            continue;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            _ => {}
        }
        mended.push(byte);
        rest = after;
    }
    changed.then_some(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(json: &str) -> Vec<String> {
        read_entry(json.as_bytes()).unwrap().files
    }

    #[test]
    fn every_layout_that_was_ever_written() {
        assert_eq!(files(r#"{"filename":"a.mp4","backend":{"filename":"b.mp4"}}"#), ["a.mp4"]);
        assert_eq!(files(r#"{"backend":{"filename":"b.mp4","grayscale":null}}"#), ["b.mp4"]);
        assert_eq!(files(r#"{"backend":{"filename":"","filenames":["1.png","2.png"]}}"#), ["1.png", "2.png"]);
        assert_eq!(files(r#"{"filename":["1.png","2.png"],"backend":null}"#), ["1.png", "2.png"]);
    }

    #[test]
    fn pythons_words_for_no_number_are_read_and_paths_that_contain_them_are_kept() {
        assert_eq!(
            files(r#"{"filename":"a/NaN\"Infinity.mp4","backend":{"fps":NaN,"x":[-Infinity]}}"#),
            ["a/NaN\"Infinity.mp4"]
        );
    }

    #[test]
    fn the_source_is_the_end_of_the_chain() {
        let entry = read_entry(
            br#"{"filename":".","backend":{"dataset":"video0/video"},"source_video":{"filename":"b.pkg.slp","source_video":{"filename":"c.mp4"}}}"#,
        )
        .unwrap();
        assert_eq!(entry.source.unwrap(), ["c.mp4"]);
        assert_eq!(entry.dataset.unwrap(), "video0/video");
    }

    #[test]
    fn what_is_no_entry_is_an_error() {
        for json in
            ["", "null", "{}", "[]", "7", r#"{"filename":7}"#, r#"{"filename":[7]}"#, r#"{"filename":"#, "\u{0}"]
        {
            assert!(read_entry(json.as_bytes()).is_err(), "{json}");
        }
        let list = format!(r#"[{}""]"#, r#""","#.repeat(700_000));
        let three = format!(r#"{{"filename":{list},"backend":{{"filename":{list},"filenames":{list}}}}}"#);
        assert!(read_entry(three.as_bytes()).is_err(), "more texts than an entry has");
        assert!(read_entry(format!("{}{}", r#"{"source_video":"#.repeat(500), "}".repeat(500)).as_bytes()).is_err());
    }
}
