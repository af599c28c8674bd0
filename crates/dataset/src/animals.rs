use hdf5_reader::{Datatype, Hdf5File};
use std::collections::HashMap;

/// Bytes of instances: where there are more, nobody waits for them.
const MOST: usize = 8 << 20;
/// The sort of an instance that a person labelled; the others were predicted.
const LABELLED: u8 = 0;

/// How many animals a project has: the most that a person labelled in one frame. None where nobody labelled any, or the file does not
/// say it as SLEAP does.
pub(crate) fn animals(file: &Hdf5File) -> Option<u32> {
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
    let mut labelled: HashMap<&[u8], u32> = HashMap::new();
    for row in rows.chunks_exact(width).filter(|row| row.get(sort) == Some(&LABELLED)) {
        *labelled.entry(row.get(frame..frame + 8)?).or_default() += 1;
    }
    labelled.into_values().max()
}
