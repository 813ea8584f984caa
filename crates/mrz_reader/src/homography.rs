//! The plane of the document seen by the camera: a projective map from columns and
//! rows of the zone to pixels.

/// One observation: at `from` (column, row) lies `to` (x, y in pixels).
#[derive(Clone, Copy)]
pub struct Pair {
    pub from: (f32, f32),
    pub to: (f32, f32),
}

/// Columns and rows to pixels. Row by row, the last of nine elements is 1.
#[derive(Clone, Copy)]
pub struct Homography([f64; 8]);

impl Homography {
    /// The map that fits the pairs best, by least squares. None where they lie on
    /// one line or are fewer than four.
    pub fn fit(pairs: &[Pair]) -> Option<Homography> {
        if pairs.len() < 4 {
            return None;
        }
        // Both sides are brought near 0..1, else the equations lose their digits.
        let from = Scale::of(pairs.iter().map(|p| p.from));
        let to = Scale::of(pairs.iter().map(|p| p.to));
        let mut equations = [[0.0f64; 9]; 8];
        for pair in pairs {
            let ((a, b), (x, y)) = (from.apply(pair.from), to.apply(pair.to));
            for row in [
                [a, b, 1.0, 0.0, 0.0, 0.0, -a * x, -b * x, x],
                [0.0, 0.0, 0.0, a, b, 1.0, -a * y, -b * y, y],
            ] {
                for (line, &r) in equations.iter_mut().zip(&row) {
                    for (sum, &c) in line.iter_mut().zip(&row) {
                        *sum += r * c;
                    }
                }
            }
        }
        let h = solve(equations)?;
        // The scales are undone: to^-1 * h * from.
        let [h0, h1, h2, h3, h4, h5, h6, h7] = h;
        let with_from = |a: f64, b: f64, c: f64| {
            [
                a * from.size,
                b * from.size,
                c - a * from.size * from.x - b * from.size * from.y,
            ]
        };
        let (first, second, third) = (
            with_from(h0, h1, h2),
            with_from(h3, h4, h5),
            with_from(h6, h7, 1.0),
        );
        let with_to = |row: [f64; 3], middle: f64| {
            let mut out = [0.0; 3];
            for ((o, r), t) in out.iter_mut().zip(row).zip(third) {
                *o = r / to.size + middle * t;
            }
            out
        };
        let ([a, b, c], [d, e, f]) = (with_to(first, to.x), with_to(second, to.y));
        let [g, h, i] = third;
        if i.abs() < 1e-9 {
            return None;
        }
        let all = [a, b, c, d, e, f, g, h].map(|v| v / i);
        all.iter().all(|v| v.is_finite()).then_some(Homography(all))
    }

    pub fn apply(&self, column: f32, row: f32) -> (f32, f32) {
        let (a, b) = (f64::from(column), f64::from(row));
        let [h0, h1, h2, h3, h4, h5, h6, h7] = self.0;
        let depth = h6 * a + h7 * b + 1.0;
        // Behind the camera nothing is seen; a far point stands in.
        let depth = if depth.abs() < 1e-6 { 1e-6 } else { depth };
        (
            ((h0 * a + h1 * b + h2) / depth) as f32,
            ((h3 * a + h4 * b + h5) / depth) as f32,
        )
    }
}

/// Moves to the mean and divides by the spread.
struct Scale {
    x: f64,
    y: f64,
    size: f64,
}

impl Scale {
    fn of(points: impl Iterator<Item = (f32, f32)> + Clone) -> Scale {
        let n = points.clone().count().max(1) as f64;
        let (mut x, mut y) = (0.0, 0.0);
        for p in points.clone() {
            x += f64::from(p.0) / n;
            y += f64::from(p.1) / n;
        }
        let spread = points
            .map(|p| (f64::from(p.0) - x).abs().max((f64::from(p.1) - y).abs()))
            .fold(1e-6, f64::max);
        Scale {
            x,
            y,
            size: 1.0 / spread,
        }
    }

    fn apply(&self, point: (f32, f32)) -> (f64, f64) {
        (
            (f64::from(point.0) - self.x) * self.size,
            (f64::from(point.1) - self.y) * self.size,
        )
    }
}

/// Gaussian elimination with pivots; the ninth column is the right-hand side.
fn solve(mut rows: [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for at in 0..8 {
        let pivot = (at..8).max_by(|&a, &b| rows[a][at].abs().total_cmp(&rows[b][at].abs()))?;
        if rows[pivot][at].abs() < 1e-12 {
            return None;
        }
        rows.swap(at, pivot);
        let own = rows[at];
        for (other, row) in rows.iter_mut().enumerate() {
            if other != at {
                let factor = row[at] / own[at];
                for (value, o) in row.iter_mut().zip(own) {
                    *value -= factor * o;
                }
            }
        }
    }
    let mut out = [0.0; 8];
    for (at, (value, row)) in out.iter_mut().zip(&rows).enumerate() {
        *value = row[8] / row[at];
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_is_found_again_from_its_points() {
        let seen = |a: f32, b: f32| {
            let depth = 1.0 + 0.004 * a - 0.02 * b;
            (
                (100.0 + 20.0 * a + 2.0 * b) / depth,
                (300.0 - 3.0 * a + 45.0 * b) / depth,
            )
        };
        let pairs: Vec<Pair> = (0..44)
            .flat_map(|a| [0, 1].map(|b| (a as f32, b as f32)))
            .map(|from| Pair {
                from,
                to: seen(from.0, from.1),
            })
            .collect();
        let map = Homography::fit(&pairs).unwrap();
        for at in [(0.0, 0.0), (43.0, 1.0), (20.5, 0.5), (-2.0, 1.5)] {
            let ((x, y), (sx, sy)) = (map.apply(at.0, at.1), seen(at.0, at.1));
            assert!((x - sx).abs() < 0.01 && (y - sy).abs() < 0.01, "{at:?}");
        }
    }

    #[test]
    fn points_of_one_line_give_no_map() {
        let pairs: Vec<Pair> = (0..10)
            .map(|a| Pair {
                from: (a as f32, 0.0),
                to: (a as f32 * 9.0, 4.0),
            })
            .collect();
        assert!(Homography::fit(&pairs).is_none());
        assert!(Homography::fit(&pairs[..3]).is_none());
    }
}
