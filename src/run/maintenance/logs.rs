//! The journal, by the steward: the kiosk itself may not read it. Nothing in it is of a
//! citizen, because nothing of a citizen is ever logged.

use std::sync::Arc;

use exchange::UnixMillis;
use steward::protocol::{Answer as Told, Request};

use crate::maintenance::{Answer, Light, Refusal, Row, RowName, Value};
use crate::session::event::Failure;

use super::super::asked::{blocking, failure};
use super::super::world::Inner;

impl Inner {
    pub(super) async fn examine_logs(&self, warnings_only: bool) -> Result<Answer, Failure> {
        let told = self
            .ask_steward(Request::RecentLogs { warnings_only }, |_, _| ())
            .await;
        Ok(match told {
            Ok(Told::RecentLogs(lines)) => Answer::Rows(
                lines
                    .into_iter()
                    .rev()
                    .map(|line| {
                        let light = if line.warning {
                            Light::Warning
                        } else {
                            Light::None
                        };
                        let value = Value::Line {
                            at: UnixMillis(line.unix_millis),
                            warning: line.warning,
                            text: line.text,
                        };
                        Row::new(RowName::LogLine, light, value)
                    })
                    .collect(),
            ),
            Ok(_) => Answer::Refused(Refusal::Failed),
            Err(refusal) => Answer::Refused(refusal),
        })
    }

    pub(super) async fn export_logs(self: &Arc<Self>) -> Result<Answer, Failure> {
        let world = self.clone();
        let drive = match blocking(move || Ok(world.only_drive())).await? {
            Ok(drive) => drive,
            Err(refusal) => return Ok(Answer::Refused(refusal)),
        };
        let named = drive
            .label
            .parse()
            .map_err(|_| failure(faults::Fault::UsbFailed, "a drive with an odd name"))?;
        let told = self
            .ask_steward(Request::ExportLogs { drive: named }, |_, _| ())
            .await;
        Ok(match told {
            Ok(Told::LogsWritten { file, bytes }) => Answer::Rows(vec![
                Row::new(RowName::WrittenTo, Light::Good, Value::Text(file)),
                Row::new(RowName::QueueBytes, Light::None, Value::Bytes(bytes)),
            ]),
            Ok(_) => Answer::Refused(Refusal::Failed),
            Err(refusal) => Answer::Refused(refusal),
        })
    }
}
