//! All that can be reached, in reading order, and the ways through it.

use std::ops::Index;

use super::super::generated::{Stop, Zone};

/// Where a key leads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Way {
    /// Through everything, and round.
    Next,
    Previous,
    /// Within the page, the bar or the dialog, to its end.
    Up,
    Down,
    Left,
    Right,
}

/// Zone after zone; in each, rows from top to bottom and each from left to right.
pub struct Order {
    stops: Vec<Stop>,
    /// Of each stop; rising.
    rows: Vec<usize>,
}

impl Index<usize> for Order {
    type Output = Stop;

    fn index(&self, at: usize) -> &Stop {
        &self.stops[at]
    }
}

impl Order {
    /// A dialog is alone: what lies beneath cannot be reached.
    pub fn of(mut stops: Vec<Stop>) -> Self {
        stops.retain(|stop| stop.width > 0.0 && stop.height > 0.0);
        if stops.iter().any(|stop| stop.zone == Zone::Dialog) {
            stops.retain(|stop| stop.zone == Zone::Dialog);
        }
        stops.sort_by(|a, b| {
            let zones = rank(a.zone).cmp(&rank(b.zone));
            zones.then(a.y.total_cmp(&b.y))
        });
        let mut order = Self {
            stops: Vec::with_capacity(stops.len()),
            rows: Vec::with_capacity(stops.len()),
        };
        let mut rest = stops.into_iter().peekable();
        let mut row = 0;
        while let Some(first) = rest.next() {
            let (zone, bottom) = (first.zone, first.y + first.height);
            let mut beside = vec![first];
            while let Some(stop) = rest.next_if(|s| s.zone == zone && middle(s).1 < bottom) {
                beside.push(stop);
            }
            beside.sort_by(|a, b| a.x.total_cmp(&b.x));
            order.rows.extend(beside.iter().map(|_| row));
            order.stops.extend(beside);
            row += 1;
        }
        order
    }

    pub fn find(&self, identity: &str) -> Option<usize> {
        self.stops.iter().position(|stop| stop.identity == identity)
    }

    /// The field that typing goes to.
    pub fn typed(&self) -> Option<usize> {
        self.stops.iter().position(|stop| stop.typed)
    }

    /// From here; from nowhere, the first or the last. Where there is nothing in
    /// that way, the focus stays.
    pub fn next(&self, from: Option<usize>, way: Way) -> Option<usize> {
        let count = self.stops.len();
        let Some(from) = from else {
            return match way {
                Way::Previous => (0..count).rev().find(|&at| self.stops[at].enabled),
                _ => (0..count).find(|&at| self.stops[at].enabled),
            };
        };
        let round = |steps: usize| (from + steps) % count;
        let free = |at: &usize| self.stops[*at].enabled;
        let near = |at: &usize| free(at) && self.stops[*at].zone == self.stops[from].zone;
        let found = match way {
            Way::Next => (1..=count).map(round).find(free),
            Way::Previous => (1..=count).rev().map(round).find(free),
            Way::Left => (0..from).rev().find(near),
            Way::Right => (from + 1..count).find(near),
            Way::Up => {
                let last = (0..from)
                    .rev()
                    .find(|at| near(at) && self.rows[*at] < self.rows[from]);
                last.and_then(|at| self.below_or_above(from, self.rows[at]))
            }
            Way::Down => {
                let first =
                    (from + 1..count).find(|at| near(at) && self.rows[*at] > self.rows[from]);
                first.and_then(|at| self.below_or_above(from, self.rows[at]))
            }
        };
        found.or(Some(from))
    }

    /// Of this row the one that stands most in line.
    fn below_or_above(&self, from: usize, row: usize) -> Option<usize> {
        let (x, _) = middle(&self.stops[from]);
        let in_row = (0..self.stops.len()).filter(|&at| self.rows[at] == row);
        let free = in_row.filter(|&at| self.stops[at].enabled);
        let away = |at: usize| (middle(&self.stops[at]).0 - x).abs();
        free.min_by(|&a, &b| away(a).total_cmp(&away(b)))
    }

    /// Where a person begins: the field, the first answer, what leads on, whatever
    /// there is. None if that is not in sight (`pane`: top and bottom of what is):
    /// the question is read first.
    pub fn start(&self, pane: Option<(f32, f32)>) -> Option<usize> {
        if let Some(typed) = self.typed() {
            return Some(typed);
        }
        let first = |fits: &dyn Fn(&Stop) -> bool| {
            let mut stops = self.stops.iter();
            stops.position(|stop| stop.enabled && fits(stop))
        };
        let content = |stop: &Stop| matches!(stop.zone, Zone::Page | Zone::Dialog);
        let found = first(&|stop| stop.field || stop.choice)
            .or_else(|| first(&|stop| stop.identity == "primary"))
            .or_else(|| first(&content))?;
        let stop = &self.stops[found];
        let in_sight = pane.is_none_or(|(top, bottom)| {
            stop.y >= top - 0.5 && stop.y + stop.height <= bottom + 0.5
        });
        (in_sight || !content(stop)).then_some(found)
    }

    /// The one next to where this one was.
    pub fn nearest(&self, gone: &Stop) -> Option<usize> {
        let (x, y) = middle(gone);
        let away = |at: usize| {
            let (ours, theirs) = (rank(self.stops[at].zone), rank(gone.zone));
            let (left, top) = middle(&self.stops[at]);
            // Zones first, which are less than a screen high.
            f32::from(ours.abs_diff(theirs)) * 10_000.0 + (top - y).abs() + (left - x).abs()
        };
        let free = (0..self.stops.len()).filter(|&at| self.stops[at].enabled);
        free.min_by(|&a, &b| away(a).total_cmp(&away(b)))
    }
}

fn rank(zone: Zone) -> u8 {
    match zone {
        Zone::Page => 0,
        Zone::Strip => 1,
        Zone::BottomBar => 2,
        Zone::TopBar => 3,
        Zone::Dialog => 4,
    }
}

fn middle(stop: &Stop) -> (f32, f32) {
    (stop.x + stop.width / 2.0, stop.y + stop.height / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stop(identity: &str, zone: Zone, x: f32, y: f32) -> Stop {
        Stop {
            identity: identity.into(),
            zone,
            enabled: true,
            x,
            y,
            width: 100.0,
            height: 80.0,
            ..Stop::default()
        }
    }

    /// A list of two over a bar of three, and two pills at the top.
    fn screen() -> Vec<Stop> {
        vec![
            stop("pill-1", Zone::TopBar, 600.0, 10.0),
            stop("pill-2", Zone::TopBar, 700.0, 12.0),
            stop("row-1", Zone::Page, 64.0, 400.0),
            stop("row-2", Zone::Page, 64.0, 500.0),
            stop("back", Zone::BottomBar, 0.0, 1700.0),
            // A little higher than what stands left of it.
            stop("primary", Zone::BottomBar, 600.0, 1690.0),
            stop("cancel", Zone::BottomBar, 0.0, 1800.0),
        ]
    }

    fn walk(order: &Order, from: &str, way: Way) -> String {
        let to = order.next(order.find(from), way).expect("somewhere");
        order[to].identity.to_string()
    }

    #[test]
    fn tab_goes_through_the_page_then_the_bars_and_round() {
        let order = Order::of(screen());
        let mut met = vec![String::from("nowhere")];
        for _ in 0..8 {
            met.push(walk(&order, met.last().expect("one"), Way::Next));
        }
        assert_eq!(
            met[1..],
            [
                "row-1", "row-2", "back", "primary", "cancel", "pill-1", "pill-2", "row-1"
            ]
        );
        assert_eq!(walk(&order, "row-1", Way::Previous), "pill-2");
        assert_eq!(walk(&order, "nowhere", Way::Previous), "pill-2");
    }

    #[test]
    fn arrows_stay_where_they_are_at_home() {
        let order = Order::of(screen());
        assert_eq!(walk(&order, "row-1", Way::Down), "row-2");
        assert_eq!(walk(&order, "row-2", Way::Down), "row-2");
        assert_eq!(walk(&order, "row-1", Way::Up), "row-1");
        assert_eq!(walk(&order, "back", Way::Right), "primary");
        assert_eq!(walk(&order, "primary", Way::Down), "cancel");
        assert_eq!(walk(&order, "cancel", Way::Up), "back");
        assert_eq!(walk(&order, "pill-2", Way::Right), "pill-2");
    }

    #[test]
    fn what_rests_is_passed_by_but_gone_on_from() {
        let mut stops = screen();
        stops[3].enabled = false;
        let order = Order::of(stops);
        assert_eq!(walk(&order, "row-1", Way::Next), "back");
        assert_eq!(walk(&order, "row-1", Way::Down), "row-1");
        assert_eq!(walk(&order, "row-2", Way::Next), "back");
    }

    #[test]
    fn a_dialog_keeps_the_focus() {
        let mut stops = screen();
        stops.push(stop("dismiss", Zone::Dialog, 100.0, 900.0));
        let order = Order::of(stops);
        assert_eq!(walk(&order, "back", Way::Next), "dismiss");
        assert_eq!(walk(&order, "dismiss", Way::Next), "dismiss");
    }

    #[test]
    fn one_begins_at_the_field_the_first_answer_or_what_leads_on() {
        let start = |stops: Vec<Stop>, pane| {
            let order = Order::of(stops);
            order.start(pane).map(|at| order[at].identity.to_string())
        };
        let sight = Some((160.0, 1660.0));
        assert_eq!(start(screen(), sight).as_deref(), Some("primary"));
        let mut stops = screen();
        stops[3].choice = true;
        assert_eq!(start(stops.clone(), sight).as_deref(), Some("row-2"));
        assert_eq!(start(stops, Some((160.0, 520.0))), None);
        let mut stops = screen();
        stops[2].choice = true;
        stops[3].typed = true;
        assert_eq!(start(stops, sight).as_deref(), Some("row-2"));
        let mut stops = screen();
        stops.retain(|stop| stop.identity != "primary");
        assert_eq!(start(stops, sight).as_deref(), Some("row-1"));
        assert_eq!(start(Vec::new(), sight), None);
    }

    #[test]
    fn where_an_element_went_its_neighbour_follows() {
        let order = Order::of(screen());
        let gone = stop("row-3", Zone::Page, 64.0, 600.0);
        let next = order.nearest(&gone).expect("there are others");
        assert_eq!(order[next].identity, "row-2");
    }

    #[test]
    fn an_empty_screen_has_no_way() {
        let order = Order::of(Vec::new());
        assert_eq!(order.next(None, Way::Next), None);
        assert_eq!(order.next(order.find("x"), Way::Down), None);
    }
}
