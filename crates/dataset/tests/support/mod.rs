//! Writes the smallest HDF5 file that holds a list of texts, laid out as SLEAP's: strings of variable length in heaps of 4 KiB.

const UNDEFINED: u64 = u64::MAX;
const HEAP: usize = 4096;

/// What to write; the defaults are an honest and empty `/videos_json`.
pub(crate) struct Hdf5<'a> {
    pub(crate) dataset: &'a str,
    pub(crate) entries: &'a [String],
    /// Write references to the entries this many times over.
    pub(crate) repeat: usize,
    /// Claim another number of elements.
    pub(crate) count: Option<u64>,
    /// Claim another length of every text.
    pub(crate) length: Option<u32>,
}

impl Default for Hdf5<'_> {
    fn default() -> Self {
        Self { dataset: "videos_json", entries: &[], repeat: 1, count: None, length: None }
    }
}

/// A project with these entries.
pub(crate) fn project(entries: &[String]) -> Vec<u8> {
    Hdf5 { entries, ..Hdf5::default() }.write()
}

/// Entries of a project with many videos.
pub(crate) fn entries(count: usize) -> Vec<String> {
    let entry = |index| {
        let path = format!("/mnt/vast/amick/bulk/v{index:04}.mp4");
        format!(r#"{{"filename":"{path}","backend":{{"filename":"{path}"}}}}"#)
    };
    (0..count).map(entry).collect()
}

impl Hdf5<'_> {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut file = Bytes(vec![0; 96]);
        let references = self.heaps(&mut file);
        let references_at = file.append(&references);
        let header_at = self.dataset_header(&mut file, references_at, references.len() as u64);

        let mut names = vec![0; 8];
        names.extend_from_slice(self.dataset.as_bytes());
        names.resize(names.len() / 8 * 8 + 8, 0);
        let names_at = file.append(&names);
        let heap_at =
            file.append(&Bytes(b"HEAP\0\0\0\0".to_vec()).u64(names.len() as u64).u64(UNDEFINED).u64(names_at).0);
        let node_at = file.append(&Bytes(b"SNOD\x01\0\x01\0".to_vec()).u64(8).u64(header_at).u64(0).u64(0).u64(0).0);
        let tree = Bytes(b"TREE\0\0\x01\0".to_vec()).u64(UNDEFINED).u64(UNDEFINED).u64(0).u64(node_at).u64(8);
        let tree_at = file.append(&tree.0);
        let table = Bytes(Vec::new()).u64(tree_at).u64(heap_at);
        let root_at = file.append(&object_header(&[(0x11, table.0)]));

        let end = file.0.len() as u64;
        let superblock = Bytes(b"\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0".to_vec())
            .u64(0)
            .u64(UNDEFINED)
            .u64(end)
            .u64(UNDEFINED)
            .u64(0)
            .u64(root_at)
            .u64(1)
            .u64(tree_at)
            .u64(heap_at);
        file.0[..96].copy_from_slice(&superblock.0);
        file.0
    }

    /// Writes the texts; gives the references to them.
    fn heaps(&self, file: &mut Bytes) -> Vec<u8> {
        let mut references = Vec::new();
        let mut entries = self.entries.iter().peekable();
        while entries.peek().is_some() {
            let at = file.0.len() as u64;
            let mut objects = Bytes(Vec::new());
            let mut index = 0;
            while let Some(text) = entries.next_if(|text| index == 0 || objects.0.len() + 64 + text.len() < HEAP) {
                index += 1;
                objects = objects.u64(index | 1 << 16).u64(text.len() as u64);
                objects.0.extend_from_slice(text.as_bytes());
                objects.0.resize(objects.0.len().next_multiple_of(8), 0);
                references.extend_from_slice(&self.length.unwrap_or(text.len() as u32).to_le_bytes());
                references.extend_from_slice(&at.to_le_bytes());
                references.extend_from_slice(&(index as u32).to_le_bytes());
            }
            let size = (16 + objects.0.len() + 16).max(HEAP);
            let free = size - 16 - objects.0.len();
            objects = objects.u64(0).u64(free as u64);
            objects.0.resize(size - 16, 0);
            file.append(&Bytes(b"GCOL\x01\0\0\0".to_vec()).u64(size as u64).0);
            file.append(&objects.0);
        }
        references.repeat(self.repeat)
    }

    fn dataset_header(&self, file: &mut Bytes, at: u64, size: u64) -> u64 {
        let count = self.count.unwrap_or(size / 16);
        let space = Bytes(vec![1, 1, 0, 0, 0, 0, 0, 0]).u64(count);
        let text = vec![0x19, 0x01, 0x01, 0, 16, 0, 0, 0, 0x13, 0x10, 0, 0, 1, 0, 0, 0];
        let layout = Bytes(vec![3, 1]).u64(if size == 0 { UNDEFINED } else { at }).u64(count.wrapping_mul(16));
        file.append(&object_header(&[(0x01, space.0), (0x03, text), (0x08, layout.0)]))
    }
}

fn object_header(messages: &[(u16, Vec<u8>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (kind, data) in messages {
        let size = data.len().next_multiple_of(8);
        body.extend_from_slice(&kind.to_le_bytes());
        body.extend_from_slice(&(size as u16).to_le_bytes());
        body.extend_from_slice(&[0; 4]);
        body.extend_from_slice(data);
        body.resize(body.len() + size - data.len(), 0);
    }
    let mut header = vec![1, 0];
    header.extend_from_slice(&(messages.len() as u16).to_le_bytes());
    header.extend_from_slice(&1_u32.to_le_bytes());
    header.extend_from_slice(&(body.len() as u32).to_le_bytes());
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(&body);
    header
}

struct Bytes(Vec<u8>);

impl Bytes {
    fn u64(mut self, value: u64) -> Self {
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    /// Where it landed.
    fn append(&mut self, bytes: &[u8]) -> u64 {
        self.0.resize(self.0.len().next_multiple_of(8), 0);
        let at = self.0.len() as u64;
        self.0.extend_from_slice(bytes);
        at
    }
}
