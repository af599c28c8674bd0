use png::{BitDepth, ColorType, Compression, Encoder};
use std::collections::HashSet;
use std::fs::{self, File};
use std::io::BufWriter;
use std::path::Path;

/// What a display shows, from its upper left corner.
#[derive(PartialEq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    height: u32,
    /// Red, green, blue of each pixel, line by line.
    pub(crate) pixels: Vec<u8>,
}

impl Picture {
    /// Reads the memory that Xvfb draws into: a file in the format of `xwd`, of 32 bits a pixel.
    pub(crate) fn read(file: &Path, size: Option<(u32, u32)>) -> Self {
        let memory = fs::read(file).expect("Xvfb keeps what it draws in a file");
        let field = |index: usize| {
            let bytes = memory[index * 4..index * 4 + 4].try_into().expect("four bytes");
            u32::from_be_bytes(bytes)
        };
        let at = |index: usize| field(index) as usize;
        let (header, line, colours) = (at(0), at(12), at(19));
        assert_eq!((field(7), field(11)), (0, 32), "pixels that begin with the blue byte, of 32 bits");
        let (width, height) = size.unwrap_or((field(4), field(5)));
        assert!(width <= field(4) && height <= field(5), "the display is smaller than {width}x{height}");
        let lines = memory[header + colours * 12..].chunks_exact(line).take(height as usize);
        let seen = lines.flat_map(|line| line[..width as usize * 4].chunks_exact(4));
        let mut pixels = Vec::with_capacity(width as usize * height as usize * 3);
        seen.for_each(|pixel| pixels.extend_from_slice(&[pixel[2], pixel[1], pixel[0]]));
        Self { width, height, pixels }
    }

    /// Whether it has more than this many colours.
    pub(crate) fn has_more_colours_than(&self, count: usize) -> bool {
        let mut seen = HashSet::new();
        self.pixels.chunks_exact(3).any(|pixel| seen.insert(pixel) && seen.len() > count)
    }

    pub(crate) fn write(&self, file: &Path) {
        let file = BufWriter::new(File::create(file).expect("the build's folder can be written to"));
        let mut encoder = Encoder::new(file, self.width, self.height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(Compression::Fast);
        let mut writer = encoder.write_header().expect("the build's folder can be written to");
        writer.write_image_data(&self.pixels).expect("the build's folder can be written to");
    }
}
