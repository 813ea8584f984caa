//! Shapes that stand in a row at an even pitch: what may be a line of the zone.

use std::collections::HashMap;

use crate::blob::Blob;

/// Fewest shapes of a line that is looked at further.
const FEWEST: usize = 12;
const MOST_LINES: usize = 40;

/// A shape seen along the text: `u` grows with the reading direction (or against
/// it: upside down is not known yet), `v` across, downwards. In pixels.
#[derive(Clone, Copy)]
pub struct Mark {
    pub u: f32,
    pub v: f32,
    pub blob: Blob,
}

/// A mark and the column it stands in, counted from the line's first mark.
#[derive(Clone, Copy)]
pub struct Placed {
    pub column: i32,
    pub mark: Mark,
}

pub struct TextLine {
    pub marks: Vec<Placed>,
    /// v = middle + slope * u.
    middle: f32,
    slope: f32,
    /// Against the picture's rows, in radians.
    pub angle: f32,
    /// Pixels from character to character in the line's middle.
    pub pitch: f32,
}

impl TextLine {
    pub fn v_at(&self, u: f32) -> f32 {
        self.middle + self.slope * u
    }

    pub fn ends(&self) -> (f32, f32) {
        let end = |p: Option<&Placed>| p.map_or(0.0, |p| p.mark.u);
        (end(self.marks.first()), end(self.marks.last()))
    }

    pub fn last_column(&self) -> i32 {
        self.marks.last().map_or(0, |p| p.column)
    }
}

/// Angles of the text against the picture's rows, in radians within a half turn;
/// likeliest first, at most two.
pub fn directions(blobs: &[Blob]) -> Vec<f32> {
    let near = Neighbourhood::new(blobs.iter().map(|b| (b.x, b.y)));
    let mut votes = [0u32; 180];
    for (at, blob) in blobs.iter().enumerate() {
        let reach = 2.2 * blob.size();
        let nearest = near
            .around(blob.x, blob.y, reach)
            .filter(|&other| other != at)
            .filter_map(|other| blobs.get(other))
            .filter(|other| alike(blob, other))
            .map(|other| (other.x - blob.x, other.y - blob.y))
            .min_by(|a, b| a.0.hypot(a.1).total_cmp(&b.0.hypot(b.1)));
        if let Some((x, y)) = nearest {
            let degrees = y.atan2(x).to_degrees().rem_euclid(180.0) as usize;
            if let Some(votes) = votes.get_mut(degrees % 180) {
                *votes += 1;
            }
        }
    }
    let vote = |d: usize| votes.get(d % 180).copied().unwrap_or(0);
    let smooth = |d: usize| (d + 180 - 4..=d + 180 + 4).map(vote).sum::<u32>();
    let mut found: Vec<f32> = Vec::new();
    let mut taken = [false; 180];
    for _ in 0..2 {
        let free = (0..180).filter(|&d| !taken.get(d).copied().unwrap_or(true));
        let Some(peak) = free.max_by_key(|&d| smooth(d)) else {
            break;
        };
        if smooth(peak) < FEWEST as u32 {
            break;
        }
        let (mut sum, mut weights) = (0.0, 0.0);
        for off in -6i32..=6 {
            let weight = vote((peak as i32 + off).rem_euclid(180) as usize) as f32;
            sum += weight * (peak as f32 + off as f32 + 0.5);
            weights += weight;
        }
        let degrees: f32 = sum / weights.max(1.0);
        found.push(
            if degrees > 90.0 {
                degrees - 180.0
            } else {
                degrees
            }
            .to_radians(),
        );
        for off in 0..31 {
            if let Some(taken) = taken.get_mut((peak + 180 - 15 + off) % 180) {
                *taken = true;
            }
        }
    }
    found
}

/// Lines along `direction`, from top to bottom.
pub fn text_lines(blobs: &[Blob], direction: f32) -> Vec<TextLine> {
    let (sin, cos) = direction.sin_cos();
    let mut marks: Vec<Mark> = blobs
        .iter()
        .map(|&blob| Mark {
            u: blob.x * cos + blob.y * sin,
            v: blob.y * cos - blob.x * sin,
            blob,
        })
        .collect();
    marks.sort_by(|a, b| a.u.total_cmp(&b.u));

    let mut chains: Vec<Chain> = chains(&marks).into_iter().filter_map(Chain::new).collect();
    chains.sort_by_key(|c| std::cmp::Reverse(c.marks.len()));
    let mut merged: Vec<Chain> = Vec::new();
    for chain in chains {
        match merged.iter_mut().find(|m| m.continues(&chain)) {
            Some(line) => line.absorb(chain),
            None => merged.push(chain),
        }
    }
    let mut lines: Vec<TextLine> = merged
        .into_iter()
        .filter(|c| c.marks.len() >= FEWEST)
        .filter_map(|c| c.into_line(direction))
        .collect();
    lines.sort_by_key(|l| std::cmp::Reverse(l.marks.len()));
    lines.truncate(MOST_LINES);
    lines.sort_by(|a, b| {
        let middle = |l: &TextLine| {
            let (from, to) = l.ends();
            l.v_at((from + to) / 2.0)
        };
        middle(a).total_cmp(&middle(b))
    });
    lines
}

fn alike(a: &Blob, b: &Blob) -> bool {
    let ratio = a.size() / b.size().max(1.0);
    (0.55..1.8).contains(&ratio)
}

/// Each mark and the next on its right that is near and of its size, joined up.
fn chains(marks: &[Mark]) -> Vec<Vec<Mark>> {
    let near = Neighbourhood::new(marks.iter().map(|m| (m.u, m.v)));
    let mut next: Vec<Option<usize>> = vec![None; marks.len()];
    let mut has_previous: Vec<Option<(usize, f32)>> = vec![None; marks.len()];
    for (at, mark) in marks.iter().enumerate() {
        let size = mark.blob.size();
        let best = near
            .around(mark.u, mark.v, 3.0 * size)
            .filter_map(|other| Some((other, marks.get(other)?)))
            .filter(|(_, m)| alike(&mark.blob, &m.blob))
            .map(|(other, m)| (other, m.u - mark.u, (m.v - mark.v).abs()))
            .filter(|&(_, du, dv)| du > 0.3 * size && du < 3.0 * size && dv < 0.42 * size)
            .map(|(other, du, dv)| (other, du + 2.0 * dv))
            .min_by(|a, b| a.1.total_cmp(&b.1));
        let Some((other, cost)) = best else { continue };
        // Each has one on its left: the nearer.
        let Some(previous) = has_previous.get_mut(other) else {
            continue;
        };
        if previous.is_some_and(|(_, c)| c <= cost) {
            continue;
        }
        if let Some((loser, _)) = previous.replace((at, cost))
            && let Some(link) = next.get_mut(loser)
        {
            *link = None;
        }
        if let Some(link) = next.get_mut(at) {
            *link = Some(other);
        }
    }
    let mut out = Vec::new();
    for (at, previous) in has_previous.iter().enumerate() {
        if previous.is_some() {
            continue;
        }
        let mut chain = Vec::new();
        let mut walk = Some(at);
        // `next` leads to a larger u only, so this ends.
        while let Some(now) = walk {
            chain.extend(marks.get(now).copied());
            walk = next.get(now).copied().flatten();
        }
        if chain.len() >= 4 {
            out.push(chain);
        }
    }
    out
}

struct Chain {
    marks: Vec<Mark>,
    middle: f32,
    slope: f32,
    size: f32,
}

impl Chain {
    fn new(marks: Vec<Mark>) -> Option<Chain> {
        let mut chain = Chain {
            size: median(marks.iter().map(|m| m.blob.size()).collect())?,
            marks,
            middle: 0.0,
            slope: 0.0,
        };
        chain.fit();
        Some(chain)
    }

    /// Straight line through the marks; those far off are left out of a second look.
    fn fit(&mut self) {
        for round in 0..3 {
            let (middle, slope, limit) = (self.middle, self.slope, 0.35 * self.size);
            let used = self
                .marks
                .iter()
                .filter(|m| round == 0 || (m.v - middle - slope * m.u).abs() < limit);
            let (mut n, mut su, mut sv, mut suu, mut suv) = (0.0, 0.0, 0.0, 0.0, 0.0);
            let origin = self.marks.first().map_or(0.0, |m| m.u);
            for m in used {
                let u = f64::from(m.u - origin);
                let v = f64::from(m.v);
                n += 1.0;
                su += u;
                sv += v;
                suu += u * u;
                suv += u * v;
            }
            let spread: f64 = n * suu - su * su;
            if n < 2.0 || spread <= 0.0 {
                return;
            }
            let slope = (n * suv - su * sv) / spread;
            self.slope = slope as f32;
            self.middle = ((sv - slope * su) / n) as f32 - self.slope * origin;
        }
    }

    fn ends(&self) -> (f32, f32) {
        let u = |m: Option<&Mark>| m.map_or(0.0, |m| m.u);
        (u(self.marks.first()), u(self.marks.last()))
    }

    /// Whether the other chain lies on this one's line, not too far away.
    fn continues(&self, other: &Chain) -> bool {
        let ratio = self.size / other.size.max(1.0);
        if !(0.7..1.45).contains(&ratio) {
            return false;
        }
        let ((from, to), (other_from, other_to)) = (self.ends(), other.ends());
        let gap = (other_from - to).max(from - other_to).max(0.0);
        let off = |u: f32| {
            let reach = (u - to).max(from - u).max(0.0);
            let v = other.middle + other.slope * u;
            (v - self.middle - self.slope * u).abs() - 0.04 * reach
        };
        gap < 16.0 * self.size
            && off(other_from) < 0.45 * self.size
            && off(other_to) < 0.45 * self.size
    }

    fn absorb(&mut self, other: Chain) {
        self.marks.extend(other.marks);
        self.marks.sort_by(|a, b| a.u.total_cmp(&b.u));
        self.fit();
    }

    /// Counts columns from mark to mark; none where there is no even pitch.
    fn into_line(mut self, direction: f32) -> Option<TextLine> {
        let (middle, slope, size) = (self.middle, self.slope, self.size);
        self.marks
            .retain(|m| (m.v - middle - slope * m.u).abs() < 0.5 * size);
        let gaps = || {
            self.marks.windows(2).filter_map(|w| match w {
                [a, b] => Some(((a.u + b.u) / 2.0, b.u - a.u)),
                _ => None,
            })
        };
        let single = |gap: f32| (0.65 * size..1.6 * size).contains(&gap);
        let typical = median(gaps().map(|g| g.1).filter(|&g| single(g)).collect())?;
        let even: Vec<(f32, f32)> = gaps()
            .filter(|g| (0.72..1.32).contains(&(g.1 / typical)))
            .collect();
        if even.len() < FEWEST / 2 || even.len() * 3 < self.marks.len() {
            return None;
        }
        let pitch = Pitch::fit(&even)?;
        let mut marks: Vec<Placed> = Vec::with_capacity(self.marks.len());
        for mark in self.marks {
            let Some(&last) = marks.last() else {
                marks.push(Placed { column: 0, mark });
                continue;
            };
            let between = pitch.at((last.mark.u + mark.u) / 2.0);
            // Two characters grown together: their middle is between columns.
            let long = mark.blob.size() > 1.45 * size;
            let gap = (mark.u - last.mark.u) / between;
            if long || gap < 0.5 {
                continue;
            }
            let column = last.column.checked_add(gap.round() as i32)?;
            marks.push(Placed { column, mark });
        }
        let (from, to) = (marks.first()?.mark.u, marks.last()?.mark.u);
        (marks.len() >= FEWEST).then(|| TextLine {
            pitch: pitch.at((from + to) / 2.0),
            marks,
            middle,
            slope,
            angle: direction + slope.atan(),
        })
    }
}

/// Distance of columns, growing evenly along the line under perspective.
struct Pitch {
    origin: f32,
    base: f32,
    growth: f32,
    range: (f32, f32),
}

impl Pitch {
    fn fit(gaps: &[(f32, f32)]) -> Option<Pitch> {
        let n = gaps.len() as f32;
        let origin = gaps.iter().map(|g| g.0).sum::<f32>() / n;
        let base = median(gaps.iter().map(|g| g.1).collect())?;
        let spread: f32 = gaps.iter().map(|g| (g.0 - origin).powi(2)).sum();
        let lean: f32 = gaps.iter().map(|g| (g.0 - origin) * (g.1 - base)).sum();
        let growth = if spread > 0.0 { lean / spread } else { 0.0 };
        Some(Pitch {
            origin,
            base,
            growth,
            range: (0.7 * base, 1.4 * base),
        })
    }

    fn at(&self, u: f32) -> f32 {
        (self.base + self.growth * (u - self.origin)).clamp(self.range.0, self.range.1)
    }
}

pub fn median(mut values: Vec<f32>) -> Option<f32> {
    let middle = values.len() / 2;
    values.sort_by(f32::total_cmp);
    values.get(middle).copied()
}

/// Its number and its place.
type Point = (usize, f32, f32);

/// Squares of points, for finding those near a place.
struct Neighbourhood {
    squares: HashMap<(i32, i32), Vec<Point>>,
}

impl Neighbourhood {
    const SIDE: f32 = 40.0;

    fn new(points: impl Iterator<Item = (f32, f32)>) -> Neighbourhood {
        let mut squares: HashMap<_, Vec<_>> = HashMap::new();
        for (at, (x, y)) in points.enumerate() {
            squares
                .entry(Self::square(x, y))
                .or_default()
                .push((at, x, y));
        }
        Neighbourhood { squares }
    }

    fn square(x: f32, y: f32) -> (i32, i32) {
        (
            (x / Self::SIDE).floor() as i32,
            (y / Self::SIDE).floor() as i32,
        )
    }

    fn around(&self, x: f32, y: f32, reach: f32) -> impl Iterator<Item = usize> {
        let (left, top) = Self::square(x - reach, y - reach);
        let (right, bottom) = Self::square(x + reach, y + reach);
        (top..=bottom)
            .flat_map(move |row| (left..=right).map(move |column| (column, row)))
            .filter_map(|square| self.squares.get(&square))
            .flatten()
            .filter(move |p| (p.1 - x).hypot(p.2 - y) <= reach)
            .map(|p| p.0)
    }
}
