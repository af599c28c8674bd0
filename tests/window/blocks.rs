//! Pictures in small, by which pages are compared: each pixel is the middle colour of a block of a page's picture.
//!
//! Letters and lines are drawn a little otherwise by other versions of what draws them: that hardly changes a block. What moved, is
//! missing, or has another colour changes many.

use crate::picture::Picture;

/// Pixels, each way, of a block. At a picture's right and lower edge it may have fewer.
pub(crate) const SIDE: u32 = 8;
/// How much lighter or darker a block in which something is drawn may be.
const DRAWN: i32 = 20;
/// How much lighter or darker one of a single colour may be.
const PLAIN: i32 = 2;
/// How much redder or bluer a block may be, other than by being lighter or darker.
const TINGE: i32 = 8;
/// As many blocks may differ.
const FEW: usize = 6;

/// A picture of a page in small.
pub(crate) fn in_small(picture: &Picture) -> Picture {
    let mut pixels = Vec::new();
    for block in blocks(picture) {
        let colour = |part: usize| {
            let sum: u32 = block.iter().map(|at| u32::from(picture.pixels[at * 3 + part])).sum();
            let count = u32::try_from(block.len()).expect("a block is small");
            u8::try_from((sum + count / 2) / count).expect("a middle of bytes")
        };
        pixels.extend((0..3).map(colour));
    }
    Picture { width: picture.width.div_ceil(SIDE), height: picture.height.div_ceil(SIDE), pixels }
}

/// The blocks, by their place, in which a page looks otherwise than in this small picture; empty where few do. None where the sizes are
/// others.
pub(crate) fn differences(kept: &Picture, seen: &Picture) -> Option<Vec<usize>> {
    let small = in_small(seen);
    if (kept.width, kept.height) != (small.width, small.height) {
        return None;
    }
    let pairs = kept.pixels.chunks_exact(3).zip(small.pixels.chunks_exact(3));
    let differs = |((before, now), block): ((&[u8], &[u8]), Vec<usize>)| {
        let [red, green, blue] = [0, 1, 2].map(|part| i32::from(now[part]) - i32::from(before[part]));
        let first = &seen.pixels[block[0] * 3..block[0] * 3 + 3];
        let plain = block.iter().all(|at| &seen.pixels[at * 3..at * 3 + 3] == first);
        let most = [red, green, blue].into_iter().map(i32::abs).max().unwrap_or(0);
        most > if plain { PLAIN } else { DRAWN } || (red - green).abs() > TINGE || (blue - green).abs() > TINGE
    };
    let wrong = pairs.zip(blocks(seen)).enumerate().filter_map(|(at, one)| differs(one).then_some(at));
    let wrong: Vec<usize> = wrong.collect();
    Some(if wrong.len() > FEW { wrong } else { Vec::new() })
}

/// The same picture, faint but for these blocks.
pub(crate) fn marked(seen: &Picture, marks: &[usize]) -> Picture {
    let mut pixels: Vec<u8> = seen.pixels.iter().map(|byte| 176 + byte / 4).collect();
    let all: Vec<Vec<usize>> = blocks(seen).collect();
    for at in marks.iter().flat_map(|mark| &all[*mark]) {
        pixels[at * 3..at * 3 + 3].copy_from_slice(&seen.pixels[at * 3..at * 3 + 3]);
        pixels[at * 3] = 255;
    }
    Picture { width: seen.width, height: seen.height, pixels }
}

/// The places of each block's pixels, block by block and line by line.
fn blocks(picture: &Picture) -> impl Iterator<Item = Vec<usize>> {
    let (width, height) = (picture.width, picture.height);
    let side = |from: u32, whole: u32| from..(from + SIDE).min(whole);
    let corners =
        (0..height).step_by(SIDE as usize).flat_map(move |y| (0..width).step_by(SIDE as usize).map(move |x| (x, y)));
    corners.map(move |(x, y)| {
        let places = side(y, height).flat_map(|y| side(x, width).map(move |x| (y * width + x) as usize));
        places.collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: [u8; 3] = [251, 251, 250];
    const CARD: [u8; 3] = [255, 255, 255];
    const EDGE: [u8; 3] = [221, 221, 217];
    const INK: [u8; 3] = [27, 27, 24];

    /// A page with a card on it, in which something is written.
    fn page(card: (u32, u32)) -> Picture {
        let mut page = Picture { width: 324, height: 200, pixels: PAGE.repeat(324 * 200) };
        fill(&mut page, card, (160, 80), EDGE);
        fill(&mut page, (card.0 + 1, card.1 + 1), (158, 78), CARD);
        write(&mut page, (card.0 + 16, card.1 + 16), 100, INK);
        page
    }

    fn fill(page: &mut Picture, (left, top): (u32, u32), (width, height): (u32, u32), colour: [u8; 3]) {
        for y in top..top + height {
            for x in left..left + width {
                let at = (y * page.width + x) as usize * 3;
                page.pixels[at..at + 3].copy_from_slice(&colour);
            }
        }
    }

    /// Something like a line of letters: strokes of two pixels in every six.
    fn write(page: &mut Picture, (left, top): (u32, u32), length: u32, colour: [u8; 3]) {
        for x in (left..left + length).step_by(6) {
            fill(page, (x, top), (2, 10), colour);
        }
    }

    fn found(before: &Picture, now: &Picture) -> usize {
        differences(&in_small(before), now).expect("the sizes are the same").len()
    }

    #[test]
    fn a_page_looks_like_itself() {
        assert_eq!(found(&page((40, 40)), &page((40, 40))), 0);
    }

    #[test]
    fn a_small_picture_has_a_pixel_for_each_block_and_for_what_is_left_at_the_edge() {
        let small = in_small(&page((40, 40)));
        assert_eq!((small.width, small.height, small.pixels.len()), (41, 25, 41 * 25 * 3));
        assert_eq!(small.pixels[..3], PAGE);
        let edge = &small.pixels[40 * 3..41 * 3];
        assert_eq!(edge, PAGE, "four pixels wide, and of one colour");
    }

    #[test]
    fn letters_drawn_a_little_lighter_or_a_little_aside_are_the_same() {
        let before = page((40, 40));
        let mut lighter = page((40, 40));
        write(&mut lighter, (56, 56), 100, [54, 54, 50]);
        assert_eq!(found(&before, &lighter), 0);
        let mut aside = before;
        // Half a pixel to the right: what the left one loses the right one has.
        for x in (56..156).step_by(6) {
            fill(&mut aside, (x, 56), (1, 10), [141, 141, 139]);
            fill(&mut aside, (x + 2, 56), (1, 10), [141, 141, 139]);
        }
        assert_eq!(found(&page((40, 40)), &aside), 0);
    }

    #[test]
    fn what_moved_is_missing_or_new_is_found() {
        let before = page((40, 40));
        assert_ne!(found(&before, &page((52, 40))), 0, "12 pixels to the right");
        assert_ne!(found(&before, &page((40, 44))), 0, "4 pixels down");
        let mut missing = page((40, 40));
        fill(&mut missing, (56, 56), (100, 10), CARD);
        assert_ne!(found(&before, &missing), 0, "nothing is written");
        assert_ne!(found(&missing, &before), 0, "something is written");
        let mut over = page((40, 40));
        fill(&mut over, (180, 100), (40, 40), INK);
        assert_ne!(found(&before, &over), 0, "something lies over it");
    }

    #[test]
    fn another_colour_is_found() {
        let before = page((40, 40));
        let mut written = page((40, 40));
        write(&mut written, (56, 56), 100, [31, 95, 191]);
        assert_ne!(found(&before, &written), 0, "of what is written");
        let mut ground = page((40, 40));
        for pixel in ground.pixels.chunks_exact_mut(3).filter(|pixel| **pixel == PAGE) {
            pixel.copy_from_slice(&[247, 247, 246]);
        }
        assert_ne!(found(&before, &ground), 0, "of the page");
    }

    #[test]
    fn a_picture_of_another_size_is_no_picture_of_the_page() {
        let small = in_small(&page((40, 40)));
        let other = Picture { width: 200, height: 324, pixels: PAGE.repeat(324 * 200) };
        assert_eq!(differences(&small, &other), None);
    }

    #[test]
    fn what_differs_is_marked_in_the_picture() {
        let seen = page((40, 40));
        let marked = marked(&seen, &[0]);
        assert_eq!(marked.pixels[..3], [255, 251, 250]);
        assert_eq!(marked.pixels[8 * 3..9 * 3], [238, 238, 238]);
    }
}
