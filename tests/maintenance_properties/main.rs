//! Maintenance mode as a list of events: who is let in, what is asked of the world, how a
//! visit ends. No device, no office, no screen.

mod entry;
mod work;
mod world;
