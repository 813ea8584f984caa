//! The screen as a whole: nothing is cut off, pictures are pictures, drives are served.

mod pages;
mod program;
mod technician;
