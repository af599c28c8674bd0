use png::{BitDepth, ColorType, Compression, Decoder, Encoder, Filter, Transformations};
use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{BufReader, BufWriter};
use std::path::Path;

/// What a display shows, from its upper left corner.
#[derive(PartialEq)]
pub(crate) struct Picture {
    pub(crate) width: u32,
    pub(crate) height: u32,
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

    /// The picture in a file; none where there is no such file.
    pub(crate) fn open(file: &Path) -> Option<Self> {
        let mut decoder = Decoder::new(BufReader::new(File::open(file).ok()?));
        decoder.set_transformations(Transformations::EXPAND);
        let mut reader = decoder.read_info().expect("it was written here");
        let (width, height) = reader.info().size();
        let mut pixels = vec![0; width as usize * height as usize * 3];
        reader.next_frame(&mut pixels).expect("it was written here");
        Some(Self { width, height, pixels })
    }

    /// A small file: with the 256 colours that it has most of. What has another one takes the nearest.
    pub(crate) fn write_small(&self, file: &Path) {
        let mut counted: HashMap<&[u8], usize> = HashMap::new();
        self.pixels.chunks_exact(3).for_each(|pixel| *counted.entry(pixel).or_default() += 1);
        let mut colours: Vec<(&[u8], usize)> = counted.into_iter().collect();
        colours.sort_unstable_by_key(|(colour, count)| (std::cmp::Reverse(*count), *colour));
        let palette: Vec<&[u8]> = colours.iter().take(256).map(|(colour, _)| *colour).collect();
        let apart =
            |one: &[u8], two: &[u8]| one.iter().zip(two).map(|(a, b)| u32::from(a.abs_diff(*b)).pow(2)).sum::<u32>();
        let nearest = |colour: &[u8]| {
            (0..=255_u8).zip(&palette).min_by_key(|(_, other)| apart(colour, other)).map_or(0, |(at, _)| at)
        };
        let taken: HashMap<&[u8], u8> = colours.iter().map(|(colour, _)| (*colour, nearest(colour))).collect();
        let file = BufWriter::new(File::create(file).expect("the pictures' folder can be written to"));
        let mut encoder = Encoder::new(file, self.width, self.height);
        encoder.set_color(ColorType::Indexed);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_palette(palette.concat());
        encoder.set_compression(Compression::High);
        encoder.set_filter(Filter::NoFilter);
        let indexed: Vec<u8> = self.pixels.chunks_exact(3).map(|pixel| taken[pixel]).collect();
        let mut writer = encoder.write_header().expect("the pictures' folder can be written to");
        writer.write_image_data(&indexed).expect("the pictures' folder can be written to");
    }

    /// For people to look at, soon.
    pub(crate) fn write(&self, file: &Path) {
        self.write_as(file, Compression::Fast);
    }

    /// To be kept with the sources.
    pub(crate) fn keep(&self, file: &Path) {
        self.write_as(file, Compression::High);
    }

    fn write_as(&self, file: &Path, compression: Compression) {
        let file = BufWriter::new(File::create(file).expect("the build's folder can be written to"));
        let mut encoder = Encoder::new(file, self.width, self.height);
        encoder.set_color(ColorType::Rgb);
        encoder.set_depth(BitDepth::Eight);
        encoder.set_compression(compression);
        let mut writer = encoder.write_header().expect("the build's folder can be written to");
        writer.write_image_data(&self.pixels).expect("the build's folder can be written to");
    }
}
