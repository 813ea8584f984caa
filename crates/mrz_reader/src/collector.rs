//! Believes a zone that several pictures show alike.

use chip::Mrz;

/// Takes what each picture gave, and gives the zone once [`Self::ENOUGH`] agree.
#[derive(Default)]
pub struct MrzCollector {
    held: Option<Mrz>,
    agreeing: u8,
}

impl MrzCollector {
    /// Pictures that must show the same.
    pub const ENOUGH: u8 = 3;

    pub fn new() -> MrzCollector {
        MrzCollector::default()
    }

    /// A picture that showed nothing changes nothing; one that differs in any
    /// character of any field begins the count anew. After a zone was given, all is
    /// forgotten.
    pub fn add(&mut self, candidate: Option<Mrz>) -> Option<Mrz> {
        let candidate = candidate?;
        if self.held.as_ref() == Some(&candidate) {
            self.agreeing += 1;
        } else {
            self.held = Some(candidate);
            self.agreeing = 1;
        }
        if self.agreeing < Self::ENOUGH {
            return None;
        }
        self.agreeing = 0;
        self.held.take()
    }

    /// How many pictures agree so far.
    pub fn agreeing(&self) -> u8 {
        self.agreeing
    }

    /// Forgets everything, as when the document was taken away.
    pub fn clear(&mut self) {
        *self = MrzCollector::new();
    }
}

impl std::fmt::Debug for MrzCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MrzCollector({} of {})", self.agreeing, Self::ENOUGH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(name: &str) -> Option<Mrz> {
        let names = format!("P<UTO{name:<<39}");
        let lines = [&*names, "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];
        Some(Mrz::parse(&lines).unwrap())
    }

    #[test]
    fn three_that_agree_count() {
        let mut collector = MrzCollector::new();
        assert!(collector.add(zone("ERIKSSON<<ANNA")).is_none());
        assert!(collector.add(None).is_none());
        assert!(collector.add(zone("ERIKSSON<<ANNA")).is_none());
        assert_eq!(collector.agreeing(), 2);
        let given = collector.add(zone("ERIKSSON<<ANNA")).unwrap();
        assert_eq!(given.surname(), "ERIKSSON");
        assert_eq!(collector.agreeing(), 0);
        assert!(collector.add(zone("ERIKSSON<<ANNA")).is_none());
    }

    #[test]
    fn one_letter_that_differs_begins_anew() {
        let mut collector = MrzCollector::new();
        collector.add(zone("ERIKSSON<<ANNA"));
        collector.add(zone("ERIKSSON<<ANNA"));
        assert!(collector.add(zone("ERIKSSEN<<ANNA")).is_none());
        assert_eq!(collector.agreeing(), 1);
        assert!(collector.add(zone("ERIKSSON<<ANNA")).is_none());
        assert_eq!(collector.agreeing(), 1);
    }

    #[test]
    fn debug_shows_no_contents() {
        let mut collector = MrzCollector::new();
        collector.add(zone("ERIKSSON<<ANNA"));
        assert_eq!(format!("{collector:?}"), "MrzCollector(1 of 3)");
    }
}
