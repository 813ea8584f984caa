//! The queue from the outside: its life, crashes at every boundary, a full disk, a damaged
//! database, the order of upload.

mod damage;
mod full;
mod kill;
mod life;
mod order;
mod queue;
