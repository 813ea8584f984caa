//! Pictures of the screen, to be looked at: `cargo run -p fallback_screen --example looks -- FOLDER`.

use std::path::PathBuf;

use embedded_graphics::prelude::Size;
use fallback_screen::canvas::Canvas;
use fallback_screen::drives::{Outcome, Work};
use fallback_screen::page::{Content, Page};
use faults::Fault;

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args_os().nth(1).unwrap_or_else(|| ".".into()));
    let installing = Outcome::Doing {
        work: Work::Update,
        percent: 58,
    };
    let refused = Outcome::Refused {
        work: Work::Update,
        reason: steward::Reason::ProgramFailed,
        detail: "rauc: exit status: 1: LastError: signature verification failed".into(),
    };
    for (name, fault, drive) in [
        ("silent", Fault::KioskWillNotStart, None),
        ("queue", Fault::QueueDamaged, None),
        ("installing", Fault::KioskWillNotStart, Some(installing)),
        ("refused", Fault::OfficeUntrusted, Some(refused)),
    ] {
        let content = Content {
            fault,
            phone: Some("+7 (7172) 90-64-00".into()),
            kiosk: Some("AST-0042".into()),
            time: "28.11.2026 14:05".into(),
            next_try: Some("14:15".into()),
            drive,
        };
        for (width, height) in [(1080, 1920), (1280, 800)] {
            let size = Size::new(width, height);
            let mut canvas = Canvas::new(size);
            let Ok(()) = Page::new(size, &content).draw(&mut canvas);
            canvas.write_png(&folder.join(format!("{name}-{width}x{height}.png")))?;
        }
    }
    Ok(())
}
