//! A picture of pixels: what is too many and too small to be drawn as shapes.

use super::theme::Token;

/// Cells with this bit are faint.
const FAINT: u8 = 0x80;

/// Pixels of the screen, each with a colour of the theme.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Raster {
    /// Pixels side by side.
    pub width: usize,
    /// Pixels above each other.
    pub height: usize,
    /// Row by row; 0 is nothing.
    pub cells: Vec<u8>,
}

/// The cell of a colour.
#[must_use]
pub const fn cell(token: Token) -> u8 {
    token as u8 + 1
}

/// The same, faint.
#[must_use]
pub const fn faint(cell: u8) -> u8 {
    if cell == 0 { 0 } else { cell | FAINT }
}

/// The colour of a cell and whether it is faint; `None` where nothing is.
#[must_use]
pub fn read(cell: u8) -> Option<(Token, bool)> {
    let token = *Token::ALL.get(usize::from(cell & !FAINT).checked_sub(1)?)?;
    Some((token, cell & FAINT != 0))
}

impl Raster {
    /// Nothing, of a size.
    #[must_use]
    pub fn new(width: usize, height: usize) -> Self {
        Self { width, height, cells: vec![0; width * height] }
    }

    /// Fills a rectangle [left, upper, right, lower edge], as far as it lies inside.
    pub fn fill(&mut self, [left, top, right, bottom]: [i32; 4], cell: u8) {
        let within = |at: i32, most: usize| usize::try_from(at).unwrap_or(0).min(most);
        let (from, to) = (within(left, self.width), within(right, self.width));
        if from >= to {
            return;
        }
        for row in within(top, self.height)..within(bottom, self.height) {
            self.cells[row * self.width + from..row * self.width + to].fill(cell);
        }
    }

    /// A line of a pixel's width from a corner to the one across, both ways: a cross.
    pub fn cross(&mut self, [left, top, right, bottom]: [i32; 4], thick: i32, cell: u8) {
        let side = (right - left).min(bottom - top);
        for step in 0..side {
            for x in [left + step, right - 1 - step] {
                self.fill([x, top + step, x + thick, top + step + thick], cell);
            }
        }
    }

    /// Runs of the same cell: [left, row, width] and the cell, without what is empty.
    pub fn runs(&self) -> impl Iterator<Item = ([usize; 3], u8)> + '_ {
        self.cells.chunks(self.width.max(1)).enumerate().flat_map(|(row, cells)| {
            let mut at = 0;
            cells.chunk_by(|a, b| a == b).filter_map(move |run| {
                let left = at;
                at += run.len();
                (run[0] != 0).then_some(([left, row, run.len()], run[0]))
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_outside_is_cut_off_and_runs_tell_all() {
        let mut raster = Raster::new(5, 3);
        raster.fill([-2, 1, 3, 9], cell(Token::Ink));
        raster.fill([4, 0, 9, 1], faint(cell(Token::Fill7)));
        raster.fill([7, 0, 9, 1], cell(Token::Ink));
        let runs: Vec<_> = raster.runs().collect();
        assert_eq!(runs.len(), 3);
        assert_eq!(runs[0], ([4, 0, 1], faint(cell(Token::Fill7))));
        assert_eq!(runs[1], ([0, 1, 3], cell(Token::Ink)));
        assert_eq!(read(runs[0].1), Some((Token::Fill7, true)));
        assert_eq!(read(0), None);
        for token in Token::ALL {
            assert_eq!(read(cell(*token)), Some((*token, false)));
        }
    }
}
