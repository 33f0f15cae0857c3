//! Outputs that stand for columns of matrices, taken some neighbours at a time.

/// The most columns of a band: few enough that what is held of each stays in the first-level cache.
pub(super) const WIDTH: usize = 512;

/// Columns of matrices of `n` rows that lie behind each other, of which each makes one output. As an iterator: bands of
/// neighbouring columns of one matrix.
pub(super) struct Bands<'a, U> {
    pub(super) n: usize,
    pub(super) columns: usize,
    /// Outputs, and the number of the first.
    pub(super) first: usize,
    pub(super) y: &'a mut [U],
}

/// A band: its outputs, and where its rows lie in the matrices.
pub(super) struct Band<'a, U> {
    start: usize,
    columns: usize,
    pub(super) y: &'a mut [U],
}

impl<'a, U> Iterator for Bands<'a, U> {
    type Item = Band<'a, U>;
    #[inline(always)]
    fn next(&mut self) -> Option<Band<'a, U>> {
        if self.y.is_empty() {
            return None;
        }
        let (matrix, column) = (self.first / self.columns, self.first % self.columns);
        let width = self.y.len().min(self.columns - column).min(WIDTH);
        let y = self.y.split_off_mut(..width)?;
        self.first += width;
        Some(Band { start: matrix * self.n * self.columns + column, columns: self.columns, y })
    }
}

impl<U> Band<'_, U> {
    /// A row of the band.
    #[inline(always)]
    pub(super) fn row<'x, T>(&self, x: &'x [T], row: usize) -> &'x [T] {
        &x[self.start + row * self.columns..][..self.y.len()]
    }
}
