//! What each state looks like, on any target of 128 x 64 points.

use embedded_graphics::pixelcolor::BinaryColor;
use embedded_graphics::prelude::{DrawTarget, Drawable, Point, Primitive, Size};
use embedded_graphics::primitives::{Circle, Line as Stroke, PrimitiveStyle, Rectangle};

use super::PanelState;
use super::letters::Line;

pub const WIDTH: u32 = 128;
pub const HEIGHT: u32 = 64;

/// Diameter of the sign at the left of the first line.
const SIGN: i32 = 20;
/// Free points between sign and words.
const GAP: i32 = 5;
const LARGE: &[u8] = &[22, 20, 18, 16, 15, 14, 13, 12, 11];
const SMALL: &[u8] = &[15, 14, 13, 12, 11];
const ON: PrimitiveStyle<BinaryColor> = PrimitiveStyle::with_fill(BinaryColor::On);
const OFF: PrimitiveStyle<BinaryColor> = PrimitiveStyle::with_fill(BinaryColor::Off);

/// Draws all of the panel.
///
/// # Errors
/// Those of the target.
pub fn draw<D>(target: &mut D, state: PanelState) -> Result<(), D::Error>
where
    D: DrawTarget<Color = BinaryColor>,
{
    target.clear(BinaryColor::Off)?;
    if state == PanelState::Test {
        return pattern(target);
    }
    let (kazakh, russian) = words(state);
    let last = last_line(state);
    // The last column stays dark, or letters seem cut off.
    let width = WIDTH as i32 - 2;

    // The sign tells the state from afar and to those who read neither language.
    sign(target, state)?;
    let left = SIGN + GAP;
    let first = Line::fitting(kazakh, LARGE, width - left);
    first.draw(target, Point::new(left, (SIGN + first.height) / 2 + 1))?;

    let second = Line::fitting(russian, SMALL, width);
    // With a third line the second stands between; without, it has the room below.
    let base = if last.is_some() { 38 } else { 44 };
    second.draw(target, Point::new(centre(&second), base))?;
    if let Some(last) = last {
        let last = Line::fitting(&last, LARGE, width);
        last.draw(target, Point::new(centre(&last), HEIGHT as i32 - 2))?;
    }
    Ok(())
}

fn words(state: PanelState) -> (&'static str, &'static str) {
    match state {
        PanelState::Ready => ("Дайын", "Готов к работе"),
        PanelState::InUse => ("Бос емес", "Занят"),
        PanelState::Offline { .. } => ("Байланыс жоқ", "Нет связи, работает"),
        PanelState::OutOfService { .. } => ("Істемейді", "Не работает"),
        PanelState::Maintenance | PanelState::Test => ("Қызмет көрсету", "Обслуживание"),
    }
}

/// The queue with its word in both languages' common form, or the fault's code.
fn last_line(state: PanelState) -> Option<String> {
    match state {
        PanelState::Ready | PanelState::InUse | PanelState::Maintenance | PanelState::Test => None,
        PanelState::Offline { queue } => Some(format!("Кезекте: {queue}")),
        PanelState::OutOfService { fault } => Some(fault.code().to_owned()),
    }
}

/// A frame, and squares of eight points in two colours within it.
fn pattern<D>(target: &mut D) -> Result<(), D::Error>
where
    D: DrawTarget<Color = BinaryColor>,
{
    const SQUARE: i32 = 8;
    let lit = |x: i32, y: i32| (x / SQUARE + y / SQUARE) % 2 == 0;
    for y in (0..HEIGHT as i32).step_by(SQUARE as usize) {
        for x in (0..WIDTH as i32).step_by(SQUARE as usize) {
            if lit(x, y) {
                Rectangle::new(Point::new(x, y), Size::new_equal(SQUARE as u32))
                    .into_styled(ON)
                    .draw(target)?;
            }
        }
    }
    Rectangle::new(Point::zero(), Size::new(WIDTH, HEIGHT))
        .into_styled(PrimitiveStyle::with_stroke(BinaryColor::On, 2))
        .draw(target)
}

fn centre(line: &Line) -> i32 {
    (WIDTH as i32 - line.width).max(0) / 2
}

/// Ready: a ring. In use: a full disc. Offline: a broken ring. Out of service: a bar in
/// a disc, as on a road.
fn sign<D>(target: &mut D, state: PanelState) -> Result<(), D::Error>
where
    D: DrawTarget<Color = BinaryColor>,
{
    let disc = Circle::new(Point::zero(), SIGN as u32);
    let hole = Circle::new(Point::new(4, 4), SIGN as u32 - 8);
    disc.into_styled(ON).draw(target)?;
    match state {
        PanelState::InUse | PanelState::Maintenance | PanelState::Test => Ok(()),
        PanelState::Ready => hole.into_styled(OFF).draw(target),
        PanelState::Offline { .. } => {
            hole.into_styled(OFF).draw(target)?;
            Stroke::new(Point::new(0, SIGN), Point::new(SIGN, 0))
                .into_styled(PrimitiveStyle::with_stroke(BinaryColor::Off, 7))
                .draw(target)
        }
        PanelState::OutOfService { .. } => {
            Rectangle::new(Point::new(4, 8), Size::new(SIGN as u32 - 8, 4))
                .into_styled(OFF)
                .draw(target)
        }
    }
}
