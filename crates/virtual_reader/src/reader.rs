//! The running reader.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serialport::{SerialPort, TTYPort};

use crate::fault::{CardFault, Due, LineFault};
use crate::line::{Heard, Line, framed};
use crate::model::{InsertedCard, ReaderModel};
use crate::slot::Slot;

/// A card that takes longer asks for more time.
const THINKS: Duration = Duration::from_millis(500);

/// What is done to it from outside, each confirmed.
enum Order {
    Insert(Box<InsertedCard>),
    TakeOut,
    Line(u32, LineFault),
    Card(u32, CardFault),
    Revive,
}

/// A reader at a tty of its own, unplugged when dropped, or when the channel of its card
/// says [`apdu::ChannelError::ReaderGone`].
pub struct VirtualSerialReader {
    path: PathBuf,
    orders: Option<Sender<(Order, Sender<()>)>>,
    thread: Option<JoinHandle<()>>,
    /// Keeps the tty alive while no host has it open.
    _slave: Option<TTYPort>,
}

impl VirtualSerialReader {
    /// # Panics
    /// There is no pseudo terminal.
    pub fn plug_in(model: ReaderModel) -> VirtualSerialReader {
        let (master, slave) = TTYPort::pair().expect("a pseudo terminal");
        let path = PathBuf::from(slave.name().expect("the name of a pseudo terminal"));
        let (orders, received) = channel();
        let thread = std::thread::spawn(move || Running::new(model, master).run(&received));
        VirtualSerialReader {
            path,
            orders: Some(orders),
            thread: Some(thread),
            _slave: Some(slave),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts a card in, in place of one that is there.
    pub fn insert(&self, card: InsertedCard) {
        self.order(Order::Insert(Box::new(card)));
    }

    pub fn take_out(&self) {
        self.order(Order::TakeOut);
    }

    /// After `count` more frames from the host that go well.
    pub fn line_fault(&self, count: u32, fault: LineFault) {
        self.order(Order::Line(count, fault));
    }

    /// After `count` more blocks to the card that go well.
    pub fn card_fault(&self, count: u32, fault: CardFault) {
        self.order(Order::Card(count, fault));
    }

    /// Ends [`LineFault::Dead`] and forgets other faults of the line.
    pub fn revive(&self) {
        self.order(Order::Revive);
    }

    /// Pulls the cable: the tty is gone.
    pub fn unplug(&mut self) {
        self.orders = None;
        self._slave = None;
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the reader's thread");
        }
    }

    fn order(&self, order: Order) {
        let orders = self.orders.as_ref().expect("plugged in");
        let (done, confirmed) = channel();
        orders.send((order, done)).expect("the reader's thread");
        confirmed.recv().expect("the reader's thread");
    }
}

impl Drop for VirtualSerialReader {
    fn drop(&mut self) {
        self.unplug();
    }
}

struct Running {
    model: ReaderModel,
    line: Line,
    slot: Slot,
    faults: Due<LineFault>,
    /// For repetition.
    last_answer: Vec<u8>,
    dead: bool,
}

impl Running {
    fn new(model: ReaderModel, master: TTYPort) -> Running {
        Running {
            model,
            line: Line::new(master),
            slot: Slot::default(),
            faults: Due::default(),
            last_answer: Vec::new(),
            dead: false,
        }
    }

    fn run(mut self, orders: &Receiver<(Order, Sender<()>)>) {
        loop {
            match orders.try_recv() {
                Ok((order, done)) => {
                    self.obey(order);
                    let _ = done.send(());
                }
                Err(TryRecvError::Disconnected) => return,
                Err(TryRecvError::Empty) => {}
            }
            if let Some(heard) = self.line.hear() {
                self.respond(heard);
            }
            if self.slot.reader_gone {
                return;
            }
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Insert(card) => {
                self.slot.insert(*card);
                self.notify();
            }
            Order::TakeOut => {
                self.slot.take_out();
                self.notify();
            }
            Order::Line(count, fault) => self.faults.after(count, fault),
            Order::Card(count, fault) => self.slot.faults.after(count, fault),
            Order::Revive => {
                self.dead = false;
                self.faults = Due::default();
            }
        }
    }

    fn notify(&mut self) {
        if self.model.notifies && !self.dead {
            self.line.clock = self.line.clock.max(Instant::now());
            let state = if self.slot.has_card() { 3 } else { 2 };
            self.line.write(&self.model, &[0x50, state]);
        }
    }

    fn respond(&mut self, heard: Heard) {
        let fault = self.faults.next();
        self.dead |= fault == Some(LineFault::Dead);
        if self.dead {
            return;
        }
        match heard {
            Heard::Nak => {
                if self.model.echo {
                    self.line.echo(&[3, 0x15, 0x16]);
                }
                let answer = self.last_answer.clone();
                if !answer.is_empty() {
                    self.send(&answer, fault);
                }
            }
            Heard::Damaged(frame) => {
                self.echo(&frame);
                self.line.nak(&self.model);
            }
            Heard::Message(message, frame) => self.command(&message, &frame, fault),
        }
    }

    fn echo(&mut self, frame: &[u8]) {
        if self.model.echo {
            self.line.echo(frame);
        }
    }

    fn command(&mut self, message: &[u8], frame: &[u8], fault: Option<LineFault>) {
        match fault {
            Some(LineFault::LostCommand) => return,
            Some(LineFault::WrongEcho) => {
                let mut wrong = frame.to_vec();
                wrong[7] ^= 1;
                self.echo(&wrong);
            }
            _ => self.echo(frame),
        }
        match fault {
            Some(LineFault::Nak) => return self.line.nak(&self.model),
            Some(LineFault::PulledWithoutAnswer) => {
                self.slot.take_out();
                return self.notify();
            }
            Some(LineFault::TimeExtension(times)) => {
                for _ in 0..times {
                    let later = self.slot.time_extension(message[6]);
                    self.line.message(&self.model, &later);
                }
            }
            Some(LineFault::StaleAnswer) => {
                let stale = self.slot.stale(message[6].wrapping_sub(1));
                self.line.message(&self.model, &stale);
            }
            _ => {}
        }
        let had_card = self.slot.has_card();
        let answer = self.answer(message);
        if self.slot.reader_gone {
            return;
        }
        if self.slot.has_card() != had_card {
            self.notify();
        }
        self.last_answer.clone_from(&answer);
        self.send(&answer, fault);
    }

    /// A host is told that the card needs time, again and again.
    fn answer(&mut self, message: &[u8]) -> Vec<u8> {
        let Running {
            model, line, slot, ..
        } = self;
        let later = slot.time_extension(message[6]);
        let mut clock = line.clock;
        let answer = std::thread::scope(|scope| {
            let (done, answered) = channel();
            let (model, clock) = (&*model, &mut clock);
            scope.spawn(move || done.send(slot.answer(model, message, clock)));
            loop {
                match answered.recv_timeout(THINKS) {
                    Ok(answer) => return answer,
                    Err(RecvTimeoutError::Timeout) => line.message(model, &later),
                    Err(RecvTimeoutError::Disconnected) => panic!("the card's thread"),
                }
            }
        });
        line.clock = clock;
        answer
    }

    fn send(&mut self, answer: &[u8], fault: Option<LineFault>) {
        let mut frame = framed(answer);
        match fault {
            Some(LineFault::WrongLrc) => *frame.last_mut().expect("a check byte") ^= 0x55,
            Some(LineFault::HalfAnswer) => frame.truncate(frame.len() / 2),
            Some(LineFault::LostAnswer) => return,
            Some(LineFault::WrongSequence) => {
                let mut other = answer.to_vec();
                other[6] ^= 0x80;
                frame = framed(&other);
            }
            Some(LineFault::Garbage(bytes)) => self.line.write(&self.model, &bytes),
            Some(LineFault::TimeRequest(count)) => {
                self.line.write(&self.model, &vec![0x85; count as usize]);
            }
            Some(LineFault::Delay(time)) => std::thread::sleep(time),
            _ => {}
        }
        self.line.write(&self.model, &frame);
    }
}
