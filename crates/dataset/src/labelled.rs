use hdf5_reader::{Datatype, Hdf5File};
use std::collections::HashMap;

/// Bytes of instances: where there are more, nobody waits for them.
const MOST: usize = 16 << 20;
/// The sort of an instance that a person labelled; the others were predicted.
const LABELLED: u8 = 0;

/// What a person labelled in a project.
#[derive(Debug, Default)]
pub(crate) struct Labelled {
    /// In how many frames there is anything of that. None where the file does not say it as SLEAP does, or holds too much.
    pub(crate) frames: Option<u64>,
    /// The most animals in one frame; none likewise, and where nobody labelled any.
    pub(crate) animals: Option<u32>,
}

impl Labelled {
    pub(crate) fn of(file: &Hdf5File) -> Self {
        let Some(frames) = each_frame(file) else { return Self::default() };
        Self { frames: Some(frames.len() as u64), animals: frames.into_values().max() }
    }
}

/// The frames in which a person labelled animals, and how many.
fn each_frame(file: &Hdf5File) -> Option<HashMap<[u8; 8], u32>> {
    let instances = file.dataset("/instances").ok()?;
    let Datatype::Compound { size, fields } = instances.dtype() else { return None };
    let width = usize::try_from(*size).ok().filter(|width| *width > 0)?;
    let place = |name: &str, wide: u8| {
        let field = fields.iter().find(|field| field.name == name)?;
        let fits = matches!(field.datatype, Datatype::FixedPoint { size, .. } if size == wide);
        usize::try_from(field.byte_offset).ok().filter(|_| fits)
    };
    let (sort, frame) = (place("instance_type", 1)?, place("frame_id", 8)?);
    if instances.raw_byte_len().ok()? > MOST {
        return None;
    }
    let rows = instances.read_raw_bytes().ok()?;
    let mut labelled = HashMap::new();
    for row in rows.chunks_exact(width).filter(|row| row.get(sort) == Some(&LABELLED)) {
        let frame = row.get(frame..frame + 8)?.try_into().ok()?;
        *labelled.entry(frame).or_default() += 1;
    }
    Some(labelled)
}
