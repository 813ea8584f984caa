//! The tests of the devices, and their picture.

use super::*;

impl Maintenance {
    pub(super) fn test(&mut self, devices: &[Device]) {
        self.abandon();
        self.stop_preview();
        self.testing.stop();
        self.rows.clear();
        self.outcome = None;
        let needs = self.testing.begin(devices, self.now.boottime);
        self.provide(needs);
    }

    pub(super) fn next_test(&mut self) {
        self.stop_preview();
        self.testing.close(false);
        self.go_on_testing();
    }

    pub(super) fn go_on_testing(&mut self) {
        let needs = self.testing.go_on(self.now.boottime);
        if needs != Needs::Nothing {
            self.rows.clear();
        }
        self.provide(needs);
    }

    pub(super) fn provide(&mut self, needs: Needs) {
        match needs {
            Needs::World(device) => {
                if device == Device::Camera {
                    self.act(command::Action::StartPreview(PreviewFor::Document));
                }
                self.ask(Ask::Test(device), None);
            }
            Needs::Person => {}
            Needs::Nothing => {
                self.note(Action::Inspected);
                self.outcome = Some(Outcome::Done(Act::TestAll));
            }
        }
    }

    pub(super) fn stop_preview(&mut self) {
        if self.testing.running() == Some(Device::Camera) {
            self.act(command::Action::StopPreview);
        }
    }
}
