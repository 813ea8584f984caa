//! What stays on the card without power, and the platform that Trussed runs on.

use std::cell::RefCell;
use std::rc::Rc;

use piv_authenticator::{Authenticator, Options};
use rand_core::OsRng;
use trussed::pipe::{ServiceEndpoint, TrussedChannel};
use trussed::service::Service;
use trussed::types::CoreContext;
use trussed::virt::{StorageConfig, Store, StoreConfig, UserInterface};
use trussed::{ClientImplementation, platform};

use crate::card::Card;
use crate::dispatch::{BACKENDS, Backend, Contexts, Dispatch};

/// The memories of one card.
pub struct Memory(StoreConfig<'static>);

impl Memory {
    /// Of a card fresh from its maker.
    pub fn new() -> Memory {
        Memory(StoreConfig::ram())
    }

    /// Gives the card power for as long as `turn` takes.
    pub fn powered<R>(&mut self, turn: impl FnOnce(&mut Card<'_>) -> R) -> R {
        self.0.volatile = StorageConfig::ram();
        let result = self.0.with_store(|store| {
            let channel = TrussedChannel::new();
            let (requester, responder) = channel.split().expect("split once");
            let context = CoreContext::new("piv".try_into().expect("a path"));
            let parts = Parts {
                service: Service::with_dispatch(Chip::new(store), Dispatch::new()),
                endpoint: ServiceEndpoint::new(responder, context, BACKENDS),
            };
            let kernel = Syscall(Rc::new(RefCell::new(parts)));
            let client = ClientImplementation::new(requester, kernel, None);
            turn(&mut Card::new(Authenticator::new(client, Options::new())))
        });
        self.0.internal.format = false;
        self.0.external.format = false;
        result
    }
}

/// What the application calls.
pub type Client<'a> = ClientImplementation<'a, Syscall<'a>, Dispatch>;

struct Parts<'a> {
    service: Service<Chip<'a>, Dispatch>,
    endpoint: ServiceEndpoint<'a, Backend, Contexts>,
}

/// Trussed's service, run within the call: its own runner polls once a millisecond.
pub struct Syscall<'a>(Rc<RefCell<Parts<'a>>>);

impl platform::Syscall for Syscall<'_> {
    fn syscall(&mut self) {
        let Parts { service, endpoint } = &mut *self.0.borrow_mut();
        service.process(std::slice::from_mut(endpoint));
    }
}

/// The platform of `trussed::virt` with randomness that is not the same each time.
struct Chip<'a> {
    random: OsRng,
    store: Store<'a>,
    button: UserInterface,
}

impl<'a> Chip<'a> {
    fn new(store: Store<'a>) -> Chip<'a> {
        Chip {
            random: OsRng,
            store,
            button: UserInterface::new(),
        }
    }
}

impl<'a> platform::Platform for Chip<'a> {
    type R = OsRng;
    type S = Store<'a>;
    type UI = UserInterface;

    fn rng(&mut self) -> &mut OsRng {
        &mut self.random
    }

    fn store(&self) -> Store<'a> {
        self.store
    }

    fn user_interface(&mut self) -> &mut UserInterface {
        &mut self.button
    }
}
