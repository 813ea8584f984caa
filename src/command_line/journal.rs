//! Log lines as the service manager's journal takes them from standard error: each with
//! its priority before it (sd-daemon(3)), without a time of its own.

use std::fmt;

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Full, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

pub struct ForJournal(Format<Full, ()>);

impl ForJournal {
    /// None: standard error does not lead to the journal (JOURNAL_STREAM, systemd.exec(5)).
    pub fn if_it_reads() -> Option<Self> {
        std::env::var_os("JOURNAL_STREAM")?;
        Some(Self::new())
    }

    fn new() -> Self {
        let plain = tracing_subscriber::fmt::format();
        Self(plain.without_time().with_level(false).with_ansi(false))
    }
}

impl<S, N> FormatEvent<S, N> for ForJournal
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        write!(writer, "<{priority}>")?;
        self.0.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_begins_with_its_priority() {
        let lines = Lines::default();
        let into = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(ForJournal::new())
            .with_writer(move || into.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::warn!(fault = "CAM-01", "the camera was lost");
            tracing::error!("no queue");
        });
        let told = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let lines: Vec<&str> = told.lines().collect();
        assert!(lines[0].starts_with("<4>"), "{told}");
        assert!(lines[0].contains("the camera was lost") && lines[0].contains("CAM-01"));
        assert!(lines[1].starts_with("<3>"), "{told}");
        assert!(!told.contains('\u{1b}'));
    }
}
