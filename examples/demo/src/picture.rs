//! The picture of the floor that the office shares: where the machines are, and what they have made
//! so far. A bitmap of some MiB, as every viewer shows it; pure.

use crate::figures::Tally;
use crate::machine::STATIONS;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) machines: [Tally; STATIONS.len()],
    pub(crate) boxes: u64,
    /// What the log held: no two pictures of one floor are the same.
    pub(crate) events: u64,
}

/// How the blob is called, and what it is.
pub(crate) const NAME: &str = "floor.bmp";
pub(crate) const MEDIA_TYPE: &str = "image/bmp";

impl Scene {
    /// The bytes of the file.
    pub(crate) fn draw(&self) -> Vec<u8> {
        let mut canvas = Canvas::new();
        for (row, (line, stations)) in [("LINE-1", 0..3), ("LINE-2", 3..5)].into_iter().enumerate()
        {
            let top = 90 + row * 400;
            canvas.write(line, (60, top), 8, DARK);
            canvas.fill((40, top + 200), (1_200, 40), BELT);
            for (column, station) in stations.enumerate() {
                self.draw_machine(&mut canvas, station, (60 + column * 390, top + 70));
            }
        }
        canvas.fill((1_260, 160), (290, 650), PAPER);
        canvas.write("OFFICE", (1_280, 90), 8, DARK);
        for (what, count, top) in [("BOXES", self.boxes, 200), ("EVENTS", self.events, 400)] {
            canvas.write(what, (1_280, top), 5, DARK);
            canvas.write(&count.to_string(), (1_280, top + 50), 8, DARK);
        }
        canvas.into_file()
    }

    fn draw_machine(&self, canvas: &mut Canvas, station: usize, (left, top): (usize, usize)) {
        let tally = self.machines[station];
        canvas.fill((left, top), (340, 270), DARK);
        canvas.fill((left + 6, top + 6), (328, 258), PAPER);
        let name = STATIONS[station].name.to_ascii_uppercase();
        canvas.write(&name, (left + 20, top + 25), 5, DARK);
        canvas.write(&tally.parts.to_string(), (left + 20, top + 90), 12, DARK);
        // Ten times as long as its share, else nobody would see it.
        let share = tally.rejects.saturating_mul(3_000) / tally.parts.max(1);
        let width = usize::try_from(share).unwrap_or(300).min(300);
        canvas.fill((left + 20, top + 200), (300, 30), BELT);
        canvas.fill((left + 20, top + 200), (width, 30), RED);
    }
}

/// Pixels, three bytes each, row by row from below, as the file has them.
struct Canvas(Vec<u8>);

impl Canvas {
    fn new() -> Self {
        Self(FLOOR.repeat(WIDTH * HEIGHT))
    }

    /// What lies outside is left out.
    fn fill(&mut self, (left, top): (usize, usize), (width, height): (usize, usize), color: Color) {
        let columns = left.min(WIDTH)..(left + width).min(WIDTH);
        for y in top.min(HEIGHT)..(top + height).min(HEIGHT) {
            let row = (HEIGHT - 1 - y) * WIDTH;
            let pixels = &mut self.0[(row + columns.start) * 3..(row + columns.end) * 3];
            pixels
                .chunks_exact_mut(3)
                .for_each(|pixel| pixel.copy_from_slice(&color));
        }
    }

    fn write(&mut self, text: &str, (left, top): (usize, usize), scale: usize, color: Color) {
        for (place, byte) in text.bytes().enumerate() {
            let dots = glyph(byte);
            for dot in (0..15).filter(|dot| (dots >> (14 - dot)) & 1 == 1) {
                let x = left + (place * 4 + dot % 3) * scale;
                self.fill((x, top + dot / 3 * scale), (scale, scale), color);
            }
        }
    }

    /// With the two headers before the pixels.
    fn into_file(self) -> Vec<u8> {
        let word = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
        let mut file = b"BM".to_vec();
        let first = [
            HEADERS_BYTES + self.0.len(),
            0,
            HEADERS_BYTES,
            40,
            WIDTH,
            HEIGHT,
        ];
        file.extend(first.map(word).as_flattened());
        // One plane of 24 bits a pixel, not compressed, 72 dots an inch, no palette.
        file.extend([1, 0, 24, 0]);
        file.extend(
            [0, self.0.len(), 2_835, 2_835, 0, 0]
                .map(word)
                .as_flattened(),
        );
        file.extend(self.0);
        file
    }
}

/// Three dots wide, five high, from the upper left, the highest bit first.
fn glyph(byte: u8) -> u16 {
    let place = match byte {
        b'A'..=b'Z' => byte - b'A',
        b'0'..=b'9' => byte - b'0' + 26,
        _ => 36,
    };
    GLYPHS[usize::from(place)]
}

/// Blue, green, red.
type Color = [u8; 3];

const FLOOR: Color = [0xe8, 0xf0, 0xf2];
const PAPER: Color = [0xff, 0xff, 0xff];
const BELT: Color = [0xc8, 0xc4, 0xc0];
const DARK: Color = [0x50, 0x3c, 0x2a];
const RED: Color = [0x30, 0x38, 0xd0];

/// A row of pixels is a multiple of four bytes, as the format wants it.
const WIDTH: usize = 1_600;
const HEIGHT: usize = 900;
const HEADERS_BYTES: usize = 54;

/// The letters, the digits, and the hyphen.
const GLYPHS: [u16; 37] = [
    0b010_101_111_101_101,
    0b110_101_110_101_110,
    0b011_100_100_100_011,
    0b110_101_101_101_110,
    0b111_100_110_100_111,
    0b111_100_110_100_100,
    0b011_100_101_101_011,
    0b101_101_111_101_101,
    0b111_010_010_010_111,
    0b001_001_001_101_010,
    0b101_101_110_101_101,
    0b100_100_100_100_111,
    0b101_111_111_101_101,
    0b110_101_101_101_101,
    0b010_101_101_101_010,
    0b110_101_110_100_100,
    0b010_101_101_111_011,
    0b110_101_110_101_101,
    0b011_100_010_001_110,
    0b111_010_010_010_010,
    0b101_101_101_101_111,
    0b101_101_101_101_010,
    0b101_101_111_111_101,
    0b101_101_010_101_101,
    0b101_101_010_010_010,
    0b111_001_010_100_111,
    0b111_101_101_101_111,
    0b010_110_010_010_111,
    0b111_001_111_100_111,
    0b111_001_111_001_111,
    0b101_101_111_001_001,
    0b111_100_111_001_111,
    0b111_100_111_101_111,
    0b111_001_001_001_001,
    0b111_101_111_101_111,
    0b111_101_111_001_111,
    0b000_000_111_000_000,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn scene(events: u64) -> Vec<u8> {
        let machines = [Tally {
            parts: 70,
            rejects: 7,
        }; STATIONS.len()];
        let scene = Scene {
            machines,
            boxes: 1,
            events,
        };
        scene.draw()
    }

    #[test]
    fn it_is_a_bitmap_as_long_as_it_says() {
        let file = scene(0);
        assert_eq!(&file[..2], b"BM");
        let said = u32::from_le_bytes(file[2..6].try_into().unwrap());
        assert_eq!(file.len(), said as usize);
        assert_eq!(file.len(), HEADERS_BYTES + WIDTH * HEIGHT * 3);
        let (red, floor) = (file.chunks_exact(3), file.chunks_exact(3));
        assert!(red.filter(|pixel| *pixel == RED).count() >= 5 * 300 * 30);
        assert!(floor.filter(|pixel| *pixel == FLOOR).count() > WIDTH * HEIGHT / 4);
    }

    #[test]
    fn what_has_happened_is_seen_in_it() {
        assert_ne!(scene(1), scene(2));
        // What has no room is left out.
        assert_eq!(scene(u64::MAX).len(), scene(0).len());
    }
}
