//! The clock: what it says, how far it is trusted, and setting it.

use std::sync::Arc;

use exchange::work_order::Action;
use exchange::{TimeTrust, UnixMillis};
use faults::Fault;
use steward::protocol::Request;
use steward::time::SaneTime;

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Value, Word};
use crate::run::world::Inner;
use crate::session::event::Failure;

/// Kazakhstan's, everywhere since 1 March 2024.
const ZONE: &str = "UTC+05:00";
const OFFSET_SECONDS: i64 = 5 * 3600;

impl Inner {
    pub(super) async fn examine_time(self: &Arc<Self>) -> Result<Answer, Failure> {
        let now = self.clock.now();
        let said = self.clock.last_signed();
        Ok(Answer::Rows(vec![
            Row::new(RowName::WallClock, Light::None, Value::Moment(now.wall)),
            match now.trust {
                TimeTrust::OfficeConfirmed => {
                    Row::word(RowName::ClockTrust, Light::Good, Word::ConfirmedByOffice)
                }
                TimeTrust::AboveFloor => {
                    Row::word(RowName::ClockTrust, Light::Warning, Word::Floor)
                }
                TimeTrust::Doubtful => Row::word(RowName::ClockTrust, Light::Bad, Word::Doubtful)
                    .with(Fault::ClockDoubtful),
            },
            match said {
                Some(said) => Row::new(RowName::OfficeTime, Light::None, Value::Moment(said)),
                None => Row::word(RowName::OfficeTime, Light::Warning, Word::Never),
            },
            Row::text(RowName::TimeZone, ZONE),
        ]))
    }

    /// Never to before what the office signed: a clock set back would make ended
    /// certificates good again.
    pub(super) async fn set_time(
        self: &Arc<Self>,
        date: String,
        time: String,
    ) -> Result<Answer, Failure> {
        let wanted = moment(&date, &time);
        let sane = wanted.and_then(|seconds| SaneTime::try_from(seconds).ok());
        let above = |seconds: i64| {
            let floor = self.clock.last_signed().map_or(0, |said| said.0);
            // To the minute, as it is typed.
            seconds * 1000 + 59_999 >= floor
        };
        let Some(unix_seconds) = sane.filter(|sane| above(i64::from(*sane))) else {
            return Ok(Answer::Refused(Refusal::BadTime));
        };
        match self
            .ask_steward(Request::SetTime { unix_seconds }, |_, _| ())
            .await
        {
            Ok(_) => {
                tracing::warn!(%unix_seconds, "a technician set the clock");
                self.note_done(Action::Configured).await;
                self.examine_time().await
            }
            Err(refusal) => Ok(Answer::Refused(refusal)),
        }
    }
}

/// Unix seconds of a day `2026-11-28` and a time `15:50` in Kazakhstan.
fn moment(date: &str, time: &str) -> Option<i64> {
    let mut of_day = date.trim().splitn(3, ['-', '.']);
    let parts = [of_day.next()?, of_day.next()?, of_day.next()?];
    // As it is written there: `28.11.2026`.
    let [year, month, day] = match parts {
        [year, month, day] if year.len() == 4 => [year, month, day],
        [day, month, year] => [year, month, day],
    };
    let (hour, minute) = time.trim().split_once(':')?;
    let digits = |text: &str, most: usize| {
        let plain = (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| text.parse::<i16>().ok())?
    };
    let small = |text: &str| i8::try_from(digits(text, 2)?).ok();
    let local = jiff::civil::DateTime::new(
        digits(year, 4)?,
        small(month)?,
        small(day)?,
        small(hour)?,
        small(minute)?,
        0,
        0,
    );
    let as_utc = local.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(as_utc.timestamp().as_second() - OFFSET_SECONDS)
}

/// For pages that are printed: the moment as it stands in Kazakhstan.
pub(super) fn written(moment: UnixMillis) -> String {
    let local = moment.0.div_euclid(1000) + OFFSET_SECONDS;
    jiff::Timestamp::from_second(local).map_or_else(
        |_| moment.0.to_string(),
        |local| format!("{} {ZONE}", local.strftime("%Y-%m-%d %H:%M")),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_time_is_that_of_kazakhstan() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_second();
        let wanted = Some(at("2026-11-28T10:50:00Z"));
        assert_eq!(moment("2026-11-28", "15:50"), wanted);
        assert_eq!(moment(" 28.11.2026 ", "15:50"), wanted);
        assert_eq!(
            moment("2026-03-01", "04:59"),
            Some(at("2026-02-28T23:59:00Z"))
        );
        let millis = UnixMillis(at("2026-11-28T10:50:00Z") * 1000);
        assert_eq!(written(millis), "2026-11-28 15:50 UTC+05:00");
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for (date, time) in [
            ("", ""),
            ("2026-11-28", ""),
            ("2026-11-28", "24:00"),
            ("2026-11-28", "15:60"),
            ("2026-02-29", "00:00"),
            ("2026-13-01", "00:00"),
            ("+026-11-28", "00:00"),
            ("2026-11-28", "-1:00"),
            ("2026-11", "00:00"),
        ] {
            assert_eq!(moment(date, time), None, "{date} {time}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_never_panics(date in ".{0,20}", time in ".{0,10}") {
            let _ = moment(&date, &time);
        }
    }
}
