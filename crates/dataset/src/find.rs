use crate::place::{Look, Seen};
use crate::{Hints, How, Located, Project, Video, Whereabouts};
use samepath_storage::{Storages, WrittenPath, WrittenRoot, nfc};
use samepath_wire::{StoragePath, VideoChoice};
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Most images that are looked for where nobody opens them; the answer says so where there are more.
const MAX_IMAGES: usize = 50_000;
/// Longest tail of a written path that is tried beside the project.
const MAX_TAIL: usize = 32;

/// Finds every video of a project on this computer; one answer for each, in the project's order.
///
/// What the person chose comes first, then the submitter's base paths, the fleet's, the path mappings, the path as it is
/// written, and last what lies beside the project. The first of these with an answer decides; where it has two, or where two
/// videos end on one file, the answer is *ambiguous*. A longer common tail goes before a shorter one.
///
/// Touches the storages that the answers lead to, and may hang with them: what must live on asks through [`crate::inspect`].
pub fn find_videos(project: &Project, project_path: &Path, storages: &Storages, hints: &Hints) -> Vec<Whereabouts> {
    find_except(project, project_path, storages, hints, &[], |_| {})
}

/// [`find_videos`], saying after each video how many have been looked for.
pub fn find_videos_counting(
    project: &Project,
    project_path: &Path,
    storages: &Storages,
    hints: &Hints,
    done: impl FnMut(usize),
) -> Vec<Whereabouts> {
    find_except(project, project_path, storages, hints, &[], done)
}

/// [`find_videos`], with every image of every sequence: for a program that is told each of them. Looks for all, however many.
pub fn find_images(project: &Project, project_path: &Path, storages: &Storages, hints: &Hints) -> Vec<Located> {
    let finder = Finder::new(project_path, storages, hints, &[], usize::MAX);
    let found = finder.find(&project.videos, |_| {}).into_iter();
    found.map(|Found { whereabouts, images, .. }| Located { whereabouts, images }).collect()
}

/// [`find_videos`], leaving alone the storages that are known not to answer.
pub(crate) fn find_except(
    project: &Project,
    project_path: &Path,
    storages: &Storages,
    hints: &Hints,
    silent: &[String],
    done: impl FnMut(usize),
) -> Vec<Whereabouts> {
    let finder = Finder::new(project_path, storages, hints, silent, MAX_IMAGES);
    finder.find(&project.videos, done).into_iter().map(|found| found.whereabouts).collect()
}

/// Where one video or image is; `whereabouts` is complete but for what only the whole project can tell.
struct Found {
    whereabouts: Whereabouts,
    seen: Option<Seen>,
    images: Vec<PathBuf>,
}

/// The answer for one path.
enum Answer {
    Here(Seen, How, Option<String>),
    Ambiguous(String),
    Nowhere(Option<StoragePath>, How, String),
}

struct Finder<'a> {
    look: Look<'a>,
    /// What this computer is called.
    here: &'a str,
    chosen: HashMap<String, Vec<&'a VideoChoice>>,
    submitter: Vec<(&'a str, WrittenPath)>,
    fleet: Vec<(&'a str, WrittenPath)>,
    mappings: Vec<(WrittenPath, &'a str)>,
    images_left: Cell<usize>,
}

fn bases(base_paths: &BTreeMap<String, Vec<String>>) -> Vec<(&str, WrittenPath)> {
    let each = base_paths.iter().flat_map(|(name, paths)| paths.iter().map(move |path| (name.as_str(), path)));
    each.map(|(name, path)| (name, WrittenPath::new(path))).collect()
}

impl<'a> Finder<'a> {
    fn new(project_path: &Path, storages: &'a Storages, hints: &'a Hints, silent: &'a [String], most: usize) -> Self {
        let mut chosen: HashMap<String, Vec<&VideoChoice>> = HashMap::new();
        for choice in &hints.chosen {
            chosen.entry(nfc(&choice.written).into_owned()).or_default().push(choice);
        }
        let both_ways = |m: &'a samepath_storage::PathMapping| [(&m.local, &m.worker), (&m.worker, &m.local)];
        let mappings = hints.path_mappings.iter().flat_map(both_ways);
        Self {
            look: Look::new(project_path, storages, silent),
            here: hints.here(),
            chosen,
            submitter: bases(&hints.base_paths),
            fleet: bases(&hints.fleet_base_paths),
            mappings: mappings.map(|(from, to)| (WrittenPath::new(from), to.as_str())).collect(),
            images_left: Cell::new(most),
        }
    }

    fn find(&self, videos: &[Video], mut done: impl FnMut(usize)) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::with_capacity(videos.len());
        for video in videos {
            found.push(self.video(video));
            done(found.len());
        }
        refuse_shared(&mut found);
        found
    }

    fn video(&self, video: &Video) -> Found {
        let mut whereabouts = Whereabouts::unknown(video);
        if let Some(problem) = &video.problem {
            whereabouts.detail = Some(format!("The project's entry for this video cannot be used: {problem}."));
            return Found { whereabouts, seen: None, images: Vec::new() };
        }
        if video.embedded {
            whereabouts.at = self.look.project_at().cloned();
            whereabouts.local = Some(self.look.project_path().to_owned());
            whereabouts.found = true;
            whereabouts.how = How::Embedded;
            return Found { whereabouts, seen: None, images: Vec::new() };
        }
        match self.one(video.first_written()) {
            Answer::Here(seen, how, detail) => {
                whereabouts.at = seen.at.clone();
                whereabouts.local = Some(seen.local.clone());
                whereabouts.size = Some(seen.size);
                whereabouts.by_name = how == How::BesideProject && detail.is_some();
                (whereabouts.found, whereabouts.how, whereabouts.detail) = (true, how, detail);
                let mut images = vec![seen.local.clone()];
                if video.is_image_sequence() {
                    self.other_images(video, &seen, &mut whereabouts, &mut images);
                }
                let seen = whereabouts.found.then_some(seen);
                return Found { whereabouts, seen, images };
            }
            Answer::Ambiguous(detail) => (whereabouts.how, whereabouts.detail) = (How::Ambiguous, Some(detail)),
            Answer::Nowhere(at, how, detail) => {
                (whereabouts.at, whereabouts.how, whereabouts.detail) = (at, how, Some(detail));
            }
        }
        Found { whereabouts, seen: None, images: Vec::new() }
    }

    /// A sequence is here if all of its images are: those that were written beside the first one, beside it.
    fn other_images(&self, video: &Video, first: &Seen, whereabouts: &mut Whereabouts, images: &mut Vec<PathBuf>) {
        let (folder, _) = cut_name(video.first_written());
        let looked_at = (video.written.len() - 1).min(self.images_left.get());
        self.images_left.set(self.images_left.get() - looked_at);
        let (mut missing, mut first_missing, mut size) = (0_usize, None, first.size);
        for written in video.written.iter().skip(1).take(looked_at) {
            let (its_folder, name) = cut_name(written);
            let beside = if its_folder == folder { self.look.sibling(first, name) } else { None };
            let answer = match beside {
                Some(seen) => Answer::Here(seen, whereabouts.how, None),
                None if whereabouts.how == How::Chosen && its_folder == folder => {
                    Answer::Nowhere(None, How::Chosen, String::new())
                }
                None => self.one(written),
            };
            match answer {
                Answer::Here(seen, ..) => {
                    size += seen.size;
                    images.push(seen.local);
                }
                Answer::Ambiguous(detail) => {
                    (whereabouts.found, whereabouts.how) = (false, How::Ambiguous);
                    whereabouts.detail = Some(format!("Of the image {written}: {detail}"));
                    return;
                }
                Answer::Nowhere(..) => {
                    missing += 1;
                    first_missing.get_or_insert(name);
                }
            }
        }
        whereabouts.size = Some(size);
        if let Some(name) = first_missing {
            (whereabouts.found, whereabouts.how) = (false, How::NotFound);
            whereabouts.detail =
                Some(format!("{missing} of its {} images are missing; the first is {name}.", video.written.len()));
        } else if looked_at + 1 < video.written.len() {
            whereabouts.detail =
                Some(format!("{} of its {} images were looked for.", looked_at + 1, video.written.len()));
        }
    }

    fn one(&self, text: &str) -> Answer {
        if let Some(choices) = self.chosen.get(nfc(text).as_ref()) {
            return self.chosen(choices);
        }
        let written = WrittenPath::new(text);
        let mut first_miss = None;
        self.look.take_refused();
        let ranks = [
            (How::BasePath, longest(translate(&written, &self.submitter))),
            (How::BasePath, translate(&written, &self.fleet).into_iter().map(|(_, at)| at).collect()),
        ];
        for (how, candidates) in ranks {
            let candidates = candidates.into_iter().map(|(name, rest)| self.look.place(name, rest)).collect();
            if let Some(answer) = self.decide(candidates, how, &mut first_miss) {
                return answer;
            }
        }
        let mapped = self.mappings.iter().filter_map(|(from, to)| Some((written.below(from)?, *to)));
        let mapped: Vec<Seen> = mapped.filter_map(|(rest, to)| self.look.at_local(&join(to, rest))).collect();
        if let Some(answer) = several(mapped, How::PathMapping) {
            return answer;
        }
        if let Some(answer) = self.as_written(text, &written, &mut first_miss) {
            return answer;
        }
        if let Some((at, why)) = self.look.take_refused() {
            return Answer::Nowhere(Some(at), How::NotFound, sentence(&why));
        }
        if let Some(answer) = self.beside(&written) {
            return answer;
        }
        match first_miss {
            Some((at, detail)) => Answer::Nowhere(Some(at), How::NotFound, detail),
            None => Answer::Nowhere(
                None,
                How::NotFound,
                "It is on no storage that is known here, and nothing of its name lies beside the project.".to_owned(),
            ),
        }
    }

    fn chosen(&self, choices: &[&VideoChoice]) -> Answer {
        let mut places: Vec<&StoragePath> = choices.iter().map(|choice| &choice.at).collect();
        places.sort();
        places.dedup();
        match places[..] {
            [at] => match self.look.at(at) {
                Ok(seen) => Answer::Here(seen, How::Chosen, None),
                Err(miss) => Answer::Nowhere(Some(at.clone()), How::Chosen, sentence(&miss.told_of(self.here))),
            },
            _ => Answer::Ambiguous(format!("It was chosen more than once: {}.", list(places.iter()))),
        }
    }

    /// Looks at every candidate of one rank; none where nothing is at any of them.
    fn decide(
        &self,
        mut candidates: Vec<StoragePath>,
        how: How,
        first_miss: &mut Option<(StoragePath, String)>,
    ) -> Option<Answer> {
        candidates.sort();
        candidates.dedup();
        let mut here = Vec::new();
        for at in candidates {
            match self.look.at(&at) {
                Ok(seen) => here.push(seen),
                Err(miss) if miss.is_ambiguous() => return Some(Answer::Ambiguous(sentence(&miss.told_of(self.here)))),
                Err(miss) => {
                    first_miss.get_or_insert_with(|| (at, sentence(&miss.told_of(self.here))));
                }
            }
        }
        several(here, how)
    }

    fn as_written(
        &self,
        text: &str,
        written: &WrittenPath,
        first_miss: &mut Option<(StoragePath, String)>,
    ) -> Option<Answer> {
        if written.root == WrittenRoot::None {
            let seen = self.look.beside_project(&written.components)?;
            return Some(Answer::Here(seen, How::AsWritten, None));
        }
        if let Some(at) = self.look.locate_by_text(written) {
            return self.decide(vec![at], How::AsWritten, first_miss);
        }
        let seen = self.look.at_local(Path::new(text))?;
        Some(if seen.at.is_some() {
            Answer::Here(seen, How::AsWritten, None)
        } else {
            Answer::Here(seen, How::Elsewhere, Some(format!("It is on {}, but on no storage.", self.here)))
        })
    }

    fn beside(&self, written: &WrittenPath) -> Option<Answer> {
        let parts = &written.components;
        for length in (1..=parts.len().min(MAX_TAIL)).rev() {
            let tail = &parts[parts.len() - length..];
            if tail.iter().any(|part| part == "..") {
                continue;
            }
            let mut places = self.look.moved_with_project(tail);
            places.extend(self.look.beside_project(tail));
            if let Some(answer) = several(places, How::BesideProject) {
                return Some(match answer {
                    Answer::Here(seen, how, _) if length == 1 && parts.len() > 1 => {
                        let detail = "Nothing but its name leads there.".to_owned();
                        Answer::Here(seen, how, Some(detail))
                    }
                    answer => answer,
                });
            }
        }
        None
    }
}

type Translated<'a, 'w> = (&'a str, &'w [String]);

/// Every storage path that a written path may be; with each, how long its base path was.
fn translate<'a, 'w>(written: &'w WrittenPath, bases: &[(&'a str, WrittenPath)]) -> Vec<(usize, Translated<'a, 'w>)> {
    let each = bases.iter().filter_map(|(name, base)| Some((base.components.len(), (*name, written.below(base)?))));
    each.collect()
}

/// On one computer a mount inside a mount hides what is under it.
fn longest<'a, 'w>(translated: Vec<(usize, Translated<'a, 'w>)>) -> Vec<Translated<'a, 'w>> {
    let most = translated.iter().map(|(length, _)| *length).max().unwrap_or_default();
    translated.into_iter().filter(|(length, _)| *length == most).map(|(_, at)| at).collect()
}

/// One answer where all places are one file; none where there is none.
fn several(mut places: Vec<Seen>, how: How) -> Option<Answer> {
    let first = places.pop()?;
    if places.iter().all(|other| other.identity == first.identity) {
        return Some(Answer::Here(first, how, None));
    }
    places.push(first);
    places.sort_by(|a, b| a.local.cmp(&b.local));
    Some(Answer::Ambiguous(format!("There is more than one: {}.", list(places.iter().map(Seen::name)))))
}

/// Two videos on one file: whoever has the weaker claim does not get it; of equal claims, nobody does.
fn refuse_shared(found: &mut [Found]) {
    let claim = |how: How| match how {
        How::Chosen => 2,
        How::BesideProject => 0,
        _ => 1,
    };
    let mut on_one_file = HashMap::<_, Vec<usize>>::new();
    for (index, video) in found.iter().enumerate() {
        if let Some(seen) = &video.seen {
            on_one_file.entry(seen.identity.clone()).or_default().push(index);
        }
    }
    for group in on_one_file.into_values() {
        let written = |index: &usize| nfc(&found[*index].whereabouts.written).into_owned();
        let best = group.iter().map(|index| claim(found[*index].whereabouts.how)).max().unwrap_or_default();
        let best_names: Vec<String> =
            group.iter().filter(|index| claim(found[**index].whereabouts.how) == best).map(written).collect();
        let contested = best_names.iter().any(|name| *name != best_names[0]);
        let losers: Vec<(usize, String)> = group
            .iter()
            .filter(|index| contested || claim(found[**index].whereabouts.how) < best)
            .filter_map(|index| {
                let rival = group.iter().find(|rival| written(rival) != written(index))?;
                Some((*index, found[*rival].whereabouts.written.clone()))
            })
            .collect();
        for (index, rival) in losers {
            let whereabouts = &mut found[index].whereabouts;
            whereabouts.detail = Some(match &whereabouts.local {
                Some(local) => format!("{} is also the only answer for {rival}.", local.display()),
                None => format!("The answer is also the only one for {rival}."),
            });
            (whereabouts.found, whereabouts.how) = (false, How::Ambiguous);
        }
    }
}

/// The folder and the name of a path, whoever wrote it.
fn cut_name(written: &str) -> (&str, &str) {
    let separators: &[char] =
        if written.starts_with('/') && !written.starts_with("//") { &['/'] } else { &['/', '\\'] };
    written.rfind(separators).map_or(("", written), |at| (&written[..at], &written[at + 1..]))
}

fn join(folder: &str, rest: &[String]) -> PathBuf {
    let mut path = PathBuf::from(folder);
    path.extend(rest);
    path
}

fn list(names: impl Iterator<Item = impl ToString>) -> String {
    names.map(|name| name.to_string()).collect::<Vec<_>>().join(", ")
}

/// An error's words as a sentence of its own.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let capital = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    let end = if words.ends_with('.') { "" } else { "." };
    format!("{capital}{}{end}", characters.as_str())
}
