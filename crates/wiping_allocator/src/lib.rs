//! The global allocator of every program that a citizen's data passes through:
//! memory is wiped before it is given back.
//!
//! `exchange::Secret` wipes what this house holds. What libraries copy for
//! themselves (a row of the screen's model, a TLS buffer, a key file being
//! written) they free without wiping, and it would stay readable until the
//! memory is used again.

use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, wiping whatever is freed.
///
/// `realloc` is left to the trait's default: a new block, a copy, and the old
/// block freed, hence wiped. The system's own would leave the old one as it was.
pub struct WipingAllocator;

// SAFETY: every block comes from `System` and goes back to it with the layout it
// was made with; between the two only its own bytes are written.
unsafe impl GlobalAlloc for WipingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those that `System` asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the block is still the caller's, `layout.size()` bytes long, and
        // nobody reads it again. Unlike `memset` this write is never optimised away.
        unsafe { libc::explicit_bzero(block.cast(), layout.size()) };
        // SAFETY: made by `System` with this layout.
        unsafe { System.dealloc(block, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_keeps_its_bytes_when_it_grows() {
        let layout = Layout::from_size_align(64, 8).unwrap();
        // SAFETY: written and read within the layouts; freed with the newer one.
        unsafe {
            let block = WipingAllocator.alloc(layout);
            block.write_bytes(7, 64);
            let block = WipingAllocator.realloc(block, layout, 1 << 20);
            assert!((0..64).all(|i| *block.add(i) == 7));
            WipingAllocator.dealloc(block, Layout::from_size_align(1 << 20, 8).unwrap());
        }
    }
}
